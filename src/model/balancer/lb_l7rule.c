/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_l7rule.h"

#include <string.h>

#include "model/balancer/lb_l7policy.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_status.h"
#include "model/balancer/lb_text.h"

static const char *const types[] = { "HOST_NAME", "PATH", "FILE_TYPE", "HEADER", "COOKIE", NULL };
static const char *const compares[] = { "EQUAL_TO", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "REGEX",
	NULL };
enum { TYPE_FILE = 2, TYPE_HEADER, TYPE_COOKIE };
enum { COMPARE_EQUAL = 0, COMPARE_REGEX = 4 };

static const struct attr attrs[N_LB_L7RULE_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	[SLOT_TAGS] = { .name = "tags",
		.type = TYPE_LIST,
		.item = &tag_attr,
		.max = 50,
		.flags = LB_GIVEN | ATTR_UNIQUE_ITEMS | ATTR_INTERN,
		.fallback = "[]",
		.doc = "Words to find it by." },
	PROJECT_ATTR,
	[LB_L7RULE_POLICY_ID] = { .name = "l7policy_id",
		.type = TYPE_UUID,
		.refers = KIND_LB_L7POLICY,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = LB_L7RULE_BY_POLICY,
		.doc = "The policy." },
	[LB_L7RULE_TYPE] = { .name = "type",
		.type = TYPE_ENUM,
		.choices = types,
		.flags = LB_GIVEN | ATTR_REQUIRED,
		.doc = "What is looked at." },
	[LB_L7RULE_COMPARE_TYPE] = { .name = "compare_type",
		.type = TYPE_ENUM,
		.choices = compares,
		.flags = LB_GIVEN | ATTR_REQUIRED,
		.doc = "How it is compared; of FILE_TYPE: EQUAL_TO or REGEX." },
	[LB_L7RULE_KEY] = { .name = "key",
		.type = TYPE_STRING,
		.max = 255,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.check = lb_check_name,
		.doc = "Of HEADER and COOKIE: its name." },
	[LB_L7RULE_VALUE] = { .name = "value",
		.type = TYPE_STRING,
		.max = 255,
		.flags = LB_GIVEN | ATTR_REQUIRED,
		.check = lb_check_printable,
		.doc = "What it is compared with." },
	[LB_L7RULE_INVERT] = { .name = "invert",
		.type = TYPE_BOOL,
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "false",
		.doc = "Whether it matches what it would not match otherwise." },
	[LB_L7RULE_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LB_L7RULE_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LB_L7RULE_OPERATING] = LB_OPERATING_ATTR,
};

static const struct index indexes[N_LB_L7RULE_INDEXES] = {
	[LB_L7RULE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LB_L7RULE_BY_POLICY] = { .name = "policy", .slots = { LB_L7RULE_POLICY_ID } },
};

/* What is refused here HAProxy would refuse with all of its configuration. */
static bool check(const struct object *draft, GError **error)
{
	int type = object_choice(draft, LB_L7RULE_TYPE);
	int compare = object_choice(draft, LB_L7RULE_COMPARE_TYPE);
	bool keyed = type == TYPE_HEADER || type == TYPE_COOKIE;
	g_autoptr(GError) reason = NULL;
	g_autoptr(GRegex) regex = NULL;

	if (keyed == object_is_null(draft, LB_L7RULE_KEY))
		return weft_fail(error, BAD_REQUEST,
			keyed ? "A rule of type %s needs key, the name of what is looked at."
			      : "A rule of type %s has no key.",
			types[type]);
	if (type == TYPE_FILE && compare != COMPARE_EQUAL && compare != COMPARE_REGEX)
		return weft_fail(error, BAD_REQUEST,
			"A rule of type FILE_TYPE has compare_type EQUAL_TO or REGEX.");
	if (compare != COMPARE_REGEX)
		return true;
	regex = g_regex_new(object_str(draft, LB_L7RULE_VALUE), G_REGEX_RAW, 0, &reason);
	return regex || weft_fail(error, BAD_REQUEST, "value is no regular expression: %s.",
				reason->message);
}

static unsigned count(const struct txn *txn, const char *policy)
{
	struct txn_iter iter;
	unsigned n = 0;

	txn_iter_init(&iter, txn, KIND_LB_L7RULE, LB_L7RULE_BY_POLICY, policy, NULL);
	while (txn_iter_next(&iter))
		n++;
	return n;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const char *id = object_str(draft, LB_L7RULE_POLICY_ID);
	const struct object *policy = txn_need(txn, KIND_LB_L7POLICY, id, error), *listener;

	if (!policy)
		return false;
	listener =
		txn_need(txn, KIND_LB_LISTENER, object_str(policy, LB_L7POLICY_LISTENER_ID), error);
	if (!listener || !load_balancer_take(txn, draft,
				 object_str(listener, LB_LISTENER_LOAD_BALANCER_ID), error))
		return false;
	if (count(txn, id) >= LB_L7RULES_MAX)
		return weft_fail(error, CONFLICT,
			"Policy %s has %d rules already, the most it may.", id, LB_L7RULES_MAX);
	return check(draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	(void)old;
	return check(draft, error);
}

const struct kind lb_l7rule_kind = {
	.id = KIND_LB_L7RULE,
	.singular = "rule",
	.collection = "rules",
	.name = "load_balancer_l7rule",
	.command = "loadbalancer l7rule",
	.path = LB_PATH "/l7policies/{parent}/rules",
	.doc = "What a request must be for a policy to apply.",
	.parent_slot = LB_L7RULE_POLICY_ID,
	.attrs = attrs,
	.n_slots = N_LB_L7RULE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LB_L7RULE_INDEXES,
	.quota = { "l7rule", 500 },
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = lb_compute_status },
};
