/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_l7policy.h"

#include <string.h>

#include "model/balancer/lb_l7rule.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/lb_provider.h"
#include "model/balancer/lb_status.h"
#include "model/balancer/lb_text.h"

#define CODE_DEFAULT 302

static const char *const actions[] = { "REJECT", "REDIRECT_TO_URL", "REDIRECT_PREFIX",
	"REDIRECT_TO_POOL", NULL };

static const struct attr attrs[N_LB_L7POLICY_SLOTS] = {
	LB_STANDARD_ATTRS,
	PROJECT_ATTR,
	[LB_L7POLICY_LISTENER_ID] = { .name = "listener_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_LB_LISTENER,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = LB_L7POLICY_BY_LISTENER,
		.doc = "The listener whose requests it is about." },
	[LB_L7POLICY_ACTION] = { .name = "action",
		.type = TYPE_ENUM,
		.choices = actions,
		.flags = LB_GIVEN | ATTR_REQUIRED,
		.doc = "What is done. Those that reject come first, those that choose a pool last." },
	[LB_L7POLICY_POSITION] = { .name = "position",
		.type = TYPE_INT,
		.min = 1,
		.max = G_MAXINT32,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.doc = "Of those of a kind the first one that applies decides. One that is taken moves the others back." },
	[LB_L7POLICY_POOL_ID] = { .name = "redirect_pool_id",
		.type = TYPE_UUID,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.refers = KIND_LB_POOL,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LB_L7POLICY_BY_POOL,
		.doc = "Of REDIRECT_TO_POOL." },
	[LB_L7POLICY_URL] = { .name = "redirect_url",
		.type = TYPE_STRING,
		.max = 255,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.check = lb_check_url,
		.doc = "Of REDIRECT_TO_URL." },
	[LB_L7POLICY_PREFIX] = { .name = "redirect_prefix",
		.type = TYPE_STRING,
		.max = 255,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.check = lb_check_url,
		.doc = "Of REDIRECT_PREFIX: what is put before the path." },
	[LB_L7POLICY_CODE] = { .name = "redirect_http_code",
		.type = TYPE_INT,
		.min = 301,
		.max = 308,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.doc = "Of REDIRECT_TO_URL and REDIRECT_PREFIX: 301, 302, 303, 307 or 308; by default 302." },
	[LB_L7POLICY_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LB_L7POLICY_RULES] =
		LB_IDS_ATTR("rules", "Its rules: all must match; without any it never applies."),
	[LB_L7POLICY_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LB_L7POLICY_OPERATING] = LB_OPERATING_ATTR,
};

static const struct index indexes[N_LB_L7POLICY_INDEXES] = {
	[LB_L7POLICY_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LB_L7POLICY_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LB_L7POLICY_BY_LISTENER] = { .name = "listener", .slots = { LB_L7POLICY_LISTENER_ID } },
	[LB_L7POLICY_BY_POOL] = { .name = "pool", .slots = { LB_L7POLICY_POOL_ID } },
};

static bool check_code(struct object *draft, bool redirects, GError **error)
{
	s64 code = object_is_null(draft, LB_L7POLICY_CODE) ? CODE_DEFAULT
							   : object_int(draft, LB_L7POLICY_CODE);

	if (!redirects) {
		object_set_null(draft, LB_L7POLICY_CODE);
		return true;
	}
	object_set_int(draft, LB_L7POLICY_CODE, code);
	return code <= 303 || code >= 307 ||
	       weft_fail(
		       error, BAD_REQUEST, "redirect_http_code must be 301, 302, 303, 307 or 308.");
}

/* Each action has what it needs; what is another's is forgotten, as when the action changes. */
static bool check_action(struct object *draft, GError **error)
{
	static const unsigned needs[] = { 0, LB_L7POLICY_URL, LB_L7POLICY_PREFIX,
		LB_L7POLICY_POOL_ID };
	int action = object_choice(draft, LB_L7POLICY_ACTION);

	for (int i = 1; i < (int)G_N_ELEMENTS(needs); i++) {
		if (i != action && object_given(draft) & SLOT_BIT(needs[i]) &&
			!object_is_null(draft, needs[i]))
			return weft_fail(error, BAD_REQUEST, "%s is for %s, not for %s.",
				attrs[needs[i]].name, actions[i], actions[action]);
		if (i != action)
			object_set_null(draft, needs[i]);
		else if (object_is_null(draft, needs[i]))
			return weft_fail(error, BAD_REQUEST, "%s needs %s.", actions[action],
				attrs[needs[i]].name);
	}
	return check_code(draft, action == 1 || action == 2, error);
}

static bool check_pool(
	struct txn *txn, const struct object *draft, const struct object *listener, GError **error)
{
	const char *id = object_str(draft, LB_L7POLICY_POOL_ID);
	const struct object *pool = id ? txn_need(txn, KIND_LB_POOL, id, error) : NULL;

	if (!id || !pool)
		return !id;
	if (strcmp(object_str(pool, LB_POOL_LOAD_BALANCER_ID),
		    object_str(listener, LB_LISTENER_LOAD_BALANCER_ID)))
		return weft_fail(error, BAD_REQUEST,
			"Pool %s is part of another load balancer than the listener.", id);
	return lb_check_protocols(object_str(listener, LB_LISTENER_PROTOCOL),
		object_str(pool, LB_POOL_PROTOCOL), error);
}

static bool move_back(struct txn *txn, GPtrArray *others, GError **error)
{
	for (guint i = 0; i < others->len; i++) {
		struct object *change = object_edit(others->pdata[i]);

		object_set_int(change, LB_L7POLICY_POSITION,
			object_int(others->pdata[i], LB_L7POLICY_POSITION) + 1);
		if (!txn_put(txn, change, error))
			return false;
	}
	return true;
}

/* Gives it a place of its own among those of its listener; none said: the last one. */
static bool take_position(struct txn *txn, struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) behind = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	bool said = !object_is_null(draft, LB_L7POLICY_POSITION), taken = false;
	s64 wanted = said ? object_int(draft, LB_L7POLICY_POSITION) : 0, last = 0;
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_LB_L7POLICY, LB_L7POLICY_BY_LISTENER,
		object_str(draft, LB_L7POLICY_LISTENER_ID), NULL);
	while ((other = txn_iter_next(&iter))) {
		s64 its = object_int(other, LB_L7POLICY_POSITION);

		if (uuid_equal(object_id(other), object_id(draft)))
			continue;
		last = MAX(last, its);
		taken |= its == wanted;
		if (its >= wanted)
			g_ptr_array_add(behind, object_ref(other));
	}
	if (!said || wanted > last + 1)
		object_set_int(draft, LB_L7POLICY_POSITION, last + 1);
	return !taken || move_back(txn, behind, error);
}

static bool check(
	struct txn *txn, struct object *draft, const struct object *listener, GError **error)
{
	return check_action(draft, error) && check_pool(txn, draft, listener, error) &&
	       take_position(txn, draft, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const char *id = object_str(draft, LB_L7POLICY_LISTENER_ID);
	const struct object *listener = txn_need(txn, KIND_LB_LISTENER, id, error), *balancer;

	if (!listener)
		return false;
	balancer = load_balancer_take(
		txn, draft, object_str(listener, LB_LISTENER_LOAD_BALANCER_ID), error);
	if (!balancer || !lb_check_http(balancer, "l7policy", error))
		return false;
	if (!lb_speaks_http(object_str(listener, LB_LISTENER_PROTOCOL)))
		return weft_fail(error, BAD_REQUEST,
			"Policies are for listeners of HTTP and TERMINATED_HTTPS; listener %s is of %s.",
			id, object_str(listener, LB_LISTENER_PROTOCOL));
	return check(txn, draft, listener, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	const struct object *listener =
		txn_get_text(txn, KIND_LB_LISTENER, object_str(old, LB_L7POLICY_LISTENER_ID));

	if (!(object_given(draft) & ~SLOT_BIT(SLOT_NAME)))
		return true;
	return check(txn, draft, listener, error);
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	char id[UUID_STRLEN];

	if (slot == LB_L7POLICY_RULES)
		lb_write_ids(model, KIND_LB_L7RULE, LB_L7RULE_BY_POLICY,
			uuid_format(object_id(object), id), w);
	else
		lb_compute_status(model, object, slot, w);
}

const struct kind lb_l7policy_kind = {
	.id = KIND_LB_L7POLICY,
	.singular = "l7policy",
	.collection = "l7policies",
	.name = "load_balancer_l7policy",
	.command = "loadbalancer l7policy",
	.path = LB_PATH "/l7policies",
	.doc = "What is done with requests that its rules match.",
	.attrs = attrs,
	.n_slots = N_LB_L7POLICY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LB_L7POLICY_INDEXES,
	.quota = { "l7policy", 50 },
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
