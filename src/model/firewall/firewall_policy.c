/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever changes a policy or its rules ends its being audited, unless the request says otherwise.
 */
#include "model/firewall/firewall_policy.h"

#include <string.h>

#include "model/firewall/firewall_rule.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const struct attr rule_attr = {
	.name = "firewall_rule", .type = TYPE_UUID, .refers = KIND_FIREWALL_RULE
};

static const struct attr attrs[N_FIREWALL_POLICY_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[FIREWALL_POLICY_SHARED] = SHARED_ATTR(GIVEN | ATTR_ADMIN_SET),
	[FIREWALL_POLICY_RULES] = { .name = "firewall_rules",
		.type = TYPE_LIST,
		.item = &rule_attr,
		.max = FIREWALL_POLICY_RULES_MAX,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = FIREWALL_POLICY_BY_RULE,
		.flags = GIVEN | ATTR_UNIQUE_ITEMS | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Ids of its rules: the first that matches decides; what none matches is dropped." },
	[FIREWALL_POLICY_AUDITED] = { .name = "audited",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "false",
		.doc = "Somebody has looked at it since its last change." },
};

static void rule_keys(const struct object *policy, struct key_sink *sink)
{
	json_t *rules = object_json(policy, FIREWALL_POLICY_RULES), *id;
	size_t i;

	json_array_foreach(rules, i, id)
		index_add(sink, (const char *const[]){ json_string_value(id) }, 1);
	json_decref(rules);
}

static const struct index indexes[N_FIREWALL_POLICY_INDEXES] = {
	[FIREWALL_POLICY_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[FIREWALL_POLICY_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[FIREWALL_POLICY_BY_RULE] = { .name = "firewall rule",
		.keys = rule_keys,
		.depends_on = FIREWALL_POLICY_RULES,
		.field = "" },
};

static bool check_rule(
	struct txn *txn, const struct object *draft, const char *rule_id, GError **error)
{
	const struct object *rule = txn_need(txn, KIND_FIREWALL_RULE, rule_id, error);
	char id[UUID_STRLEN];

	if (!rule)
		return false;
	return !object_bool(draft, FIREWALL_POLICY_SHARED) ||
	       object_bool(rule, FIREWALL_RULE_SHARED) ||
	       weft_fail(error, FIREWALL_POLICY_SHARING,
		       "Operation cannot be performed. Before sharing firewall policy %s, share associated firewall rule %s.",
		       uuid_format(object_id(draft), id), rule_id);
}

static bool check_rules(struct txn *txn, const struct object *draft, GError **error)
{
	json_t *rules = object_json(draft, FIREWALL_POLICY_RULES), *id;
	bool ok = true;
	size_t i;

	json_array_foreach(rules, i, id)
		ok = ok && check_rule(txn, draft, json_string_value(id), error);
	json_decref(rules);
	return ok;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_rules(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	if (!object_equal(old, draft, FIREWALL_POLICY_RULES) &&
		!(object_given(draft) & SLOT_BIT(FIREWALL_POLICY_AUDITED)))
		object_set_bool(draft, FIREWALL_POLICY_AUDITED, false);
	return (object_equal(old, draft, FIREWALL_POLICY_RULES) &&
		       object_equal(old, draft, FIREWALL_POLICY_SHARED)) ||
	       check_rules(txn, draft, error);
}

bool firewall_policies_changed(struct txn *txn, const struct object *rule, GError **error)
{
	g_autoptr(GPtrArray) audited = g_ptr_array_new();
	const struct object *policy;
	struct txn_iter iter;
	struct object *draft;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_FIREWALL_POLICY, FIREWALL_POLICY_BY_RULE,
		uuid_format(object_id(rule), id), NULL);
	while ((policy = txn_iter_next(&iter)))
		if (object_bool(policy, FIREWALL_POLICY_AUDITED))
			g_ptr_array_add(audited, (gpointer)policy);
	for (guint i = 0; i < audited->len; i++) {
		draft = object_edit(audited->pdata[i]);
		object_set_bool(draft, FIREWALL_POLICY_AUDITED, false);
		if (!txn_put(txn, draft, error))
			return false;
	}
	return true;
}

/* Where @rule is in the list; -1: nowhere. */
static int find_rule(const json_t *rules, const char *rule)
{
	json_t *id;
	size_t i;

	json_array_foreach(rules, i, id)
		if (!strcmp(json_string_value(id), rule))
			return (int)i;
	return -1;
}

/* What insert_rule and remove_rule ask for; NULL: not given. */
struct request {
	const char *rule, *before, *after;
};

static bool read_request(json_t *body, struct request *ret, GError **error)
{
	const char *name, *text;
	struct uuid id;
	json_t *value;

	*ret = (struct request){ 0 };
	json_object_foreach(body, name, value) {
		const char **place = !strcmp(name, "firewall_rule_id") ? &ret->rule
				     : !strcmp(name, "insert_before")  ? &ret->before
				     : !strcmp(name, "insert_after")   ? &ret->after
								       : NULL;

		text = json_string_value(value);
		if (!place)
			return weft_fail(error, BAD_REQUEST,
				"Unrecognized attribute(s) '%.64s': give firewall_rule_id, and insert_before or insert_after.",
				name);
		if (json_is_null(value) || (text && !*text && place != &ret->rule))
			continue;
		if (!text || !uuid_parse(text, &id))
			return weft_fail(
				error, BAD_REQUEST, "Invalid input for %s: give a UUID.", name);
		*place = text;
	}
	return ret->rule ||
	       weft_fail(error, FIREWALL_RULE_INFO,
		       "Missing rule info argument for insert/remove rule operation: give firewall_rule_id.");
}

static bool fail_not_in(const struct object *policy, const char *rule, GError **error)
{
	char id[UUID_STRLEN];

	return weft_fail(error, FIREWALL_RULE_NOT_ASSOCIATED,
		"Firewall rule %s is not associated with firewall policy %s.", rule,
		uuid_format(object_id(policy), id));
}

/* The policy with @rules (taken over) as its list; the answer is the policy alone, as OpenStack
 * says it. */
static bool set_rules(struct txn *txn, const struct object *policy, json_t *rules,
	json_t **ret_answer, GError **error)
{
	json_t *body = json_pack("{s:o}", "firewall_rules", rules);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	const struct object *updated;
	char id[UUID_STRLEN];

	updated = txn_update(
		txn, KIND_FIREWALL_POLICY, uuid_format(object_id(policy), id), body, error);
	json_decref(body);
	if (!updated)
		return false;
	object_write_json(updated, txn_model(txn), txn_caller(txn), 0, &w);
	*ret_answer = json_loads(text->str, 0, NULL);
	return true;
}

/* The place in the list that the request names: behind insert_after, before insert_before, or the
 * first; -1 with @error. */
static int find_place(const struct object *policy, const json_t *rules,
	const struct request *request, GError **error)
{
	const char *by = request->before ?: request->after;
	int at = by ? find_rule(rules, by) : 0;

	if (at < 0)
		fail_not_in(policy, by, error);
	return at < 0 || request->before || !by ? at : at + 1;
}

static bool insert_rule(struct txn *txn, const struct object *policy, json_t *body,
	json_t **ret_answer, GError **error)
{
	struct request request;
	char id[UUID_STRLEN];
	json_t *rules;
	int at;

	if (!read_request(body, &request, error))
		return false;
	rules = object_json(policy, FIREWALL_POLICY_RULES);
	if (find_rule(rules, request.rule) >= 0) {
		at = -1;
		weft_fail(error, FIREWALL_RULE_ASSOCIATED,
			"Operation cannot be performed since firewall rule %s is already associated with firewall policy %s.",
			request.rule, uuid_format(object_id(policy), id));
	} else {
		at = find_place(policy, rules, &request, error);
	}
	if (at < 0) {
		json_decref(rules);
		return false;
	}
	json_array_insert_new(rules, (size_t)at, json_string(request.rule));
	return set_rules(txn, policy, rules, ret_answer, error);
}

static bool remove_rule(struct txn *txn, const struct object *policy, json_t *body,
	json_t **ret_answer, GError **error)
{
	struct request request;
	json_t *rules;
	int at;

	if (!read_request(body, &request, error))
		return false;
	if (!txn_need(txn, KIND_FIREWALL_RULE, request.rule, error))
		return false;
	rules = object_json(policy, FIREWALL_POLICY_RULES);
	at = find_rule(rules, request.rule);
	if (at < 0) {
		json_decref(rules);
		return fail_not_in(policy, request.rule, error);
	}
	json_array_remove(rules, (size_t)at);
	return set_rules(txn, policy, rules, ret_answer, error);
}

static const struct kind_action policy_actions[] = {
	{ .name = "insert_rule",
		.run = insert_rule,
		.doc = "Puts {\"firewall_rule_id\"} first, or where \"insert_before\" or \"insert_after\" says." },
	{ .name = "remove_rule", .run = remove_rule, .doc = "Takes {\"firewall_rule_id\"} out." },
	{ 0 },
};

const struct kind firewall_policy_kind = {
	.id = KIND_FIREWALL_POLICY,
	.singular = "firewall_policy",
	.collection = "firewall_policies",
	.command = "firewall group policy",
	.path = "/v2.0/fwaas/firewall_policies",
	.doc = "Firewall rules in an order, for a direction of firewall groups.",
	.actions = policy_actions,
	.quota = { "firewall_policy", 10 },
	.rbac = RBAC_SHARED,
	.shared_slot = FIREWALL_POLICY_SHARED,
	.attrs = attrs,
	.n_slots = N_FIREWALL_POLICY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_FIREWALL_POLICY_INDEXES,
	.not_found = WEFT_ERROR_FIREWALL_POLICY_NOT_FOUND,
	.in_use = WEFT_ERROR_FIREWALL_POLICY_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
