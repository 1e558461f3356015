/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/default_security_group_rule.h"

#include <string.h>

#include "model/access/quota.h"
#include "model/firewall/security_group.h"
#include "model/firewall/security_group_rule.h"

/* As remote_group_id: the group that the rule is made in. */
#define PARENT "PARENT"

static bool convert_group(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *text = json_string_value(value);
	char canonical[UUID_STRLEN];
	struct uuid id;

	if (text && !strcmp(text, PARENT))
		*ret = g_strdup(PARENT);
	else if (text && uuid_parse(text, &id))
		*ret = g_strdup(uuid_format(&id, canonical));
	else
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: give the id of a security group, or \"" PARENT
			"\" for the one that the rule is made in.",
			path);
	(void)attr;
	return true;
}

static const struct attr attrs[N_DEFAULT_RULE_SLOTS] = {
	STANDARD_ATTRS_WITHOUT_NAME,
	MATCH_ATTRS(DEFAULT_RULE_BY_ADDRESS_GROUP),
	[MATCH_GROUP_ID] = { .name = "remote_group_id",
		.type = TYPE_STRING,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.convert = convert_group,
		.doc = "A security group, or \"" PARENT "\": the one that the rule is made in." },
	[DEFAULT_RULE_IN_DEFAULT] = { .name = "used_in_default_sg",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "false",
		.doc = "Projects' default groups begin with it." },
	[DEFAULT_RULE_IN_OTHERS] = { .name = "used_in_non_default_sg",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "true",
		.doc = "Other groups begin with it." },
};

/* Two are the same when a group would begin with both. */
static void content_keys(const struct object *template, struct key_sink *sink)
{
	if (object_bool(template, DEFAULT_RULE_IN_DEFAULT))
		match_key(template, "default", sink);
	if (object_bool(template, DEFAULT_RULE_IN_OTHERS))
		match_key(template, "others", sink);
}

static const struct index indexes[N_DEFAULT_RULE_INDEXES] = {
	[DEFAULT_RULE_BY_GROUP] = { .name = "remote group", .slots = { MATCH_GROUP_ID } },
	[DEFAULT_RULE_BY_ADDRESS_GROUP] = { .name = "remote address group",
		.slots = { MATCH_ADDRESS_GROUP_ID } },
	[DEFAULT_RULE_BY_CONTENT] = { .name = "content",
		.keys = content_keys,
		.depends_on = DEFAULT_RULE_IN_DEFAULT, /* as the rest of it, it never changes */
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_DEFAULT_RULE_EXISTS },
};

static bool check_group(struct txn *txn, const struct object *draft, GError **error)
{
	const char *group = object_str(draft, MATCH_GROUP_ID);

	return !group || !strcmp(group, PARENT) || txn_need(txn, KIND_SECURITY_GROUP, group, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *same;
	char id[UUID_STRLEN];

	if (!match_check(draft, error) || !check_group(txn, draft, error))
		return false;
	same = match_find_same(txn, draft, DEFAULT_RULE_BY_CONTENT);
	if (!same)
		return true;
	return weft_fail(error, DEFAULT_RULE_EXISTS,
		"Default security group rule already exists. Rule id is %s.",
		uuid_format(object_id(same), id));
}

const struct kind default_security_group_rule_kind = {
	.id = KIND_DEFAULT_SECURITY_GROUP_RULE,
	.singular = "default_security_group_rule",
	.collection = "default_security_group_rules",
	.path = "/v2.0/default-security-group-rules",
	.doc = "A rule that new security groups begin with.",
	.flags = KIND_ADMIN_WRITE,
	.attrs = attrs,
	.n_slots = N_DEFAULT_RULE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_DEFAULT_RULE_INDEXES,
	.not_found = WEFT_ERROR_DEFAULT_RULE_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .visible = visible_to_all },
};

static void copy_match(struct object *rule, const struct object *template, const char *group_id)
{
	const char *remote = object_str(template, MATCH_GROUP_ID);

	for (unsigned slot = MATCH_DIRECTION; slot < N_MATCH_SLOTS; slot++)
		if (slot != MATCH_GROUP_ID)
			object_copy(rule, template, slot);
	object_set_str(rule, MATCH_GROUP_ID, remote && !strcmp(remote, PARENT) ? group_id : remote);
	object_copy(rule, template, SLOT_DESCRIPTION);
}

bool default_rules_apply(struct txn *txn, const struct object *group, GError **error)
{
	unsigned used =
		security_group_is_default(group) ? DEFAULT_RULE_IN_DEFAULT : DEFAULT_RULE_IN_OTHERS;
	const struct object *template, *staged;
	struct model_iter iter;
	char id[UUID_STRLEN];

	uuid_format(object_id(group), id);
	model_iter_all(&iter, txn_model(txn), KIND_DEFAULT_SECURITY_GROUP_RULE, NULL);
	while ((template = model_iter_next(&iter))) {
		struct object *rule;

		if (!object_bool(template, used))
			continue;
		rule = object_new(&security_group_rule_kind, NULL);
		copy_match(rule, template, id);
		object_set_str(rule, SECURITY_GROUP_RULE_GROUP_ID, id);
		object_copy(rule, group, SLOT_PROJECT_ID);
		security_group_rule_normalize(rule);
		staged = txn_put(txn, rule, error);
		if (!staged || !quota_check(txn, staged, error))
			return false;
	}
	return true;
}

bool default_rules_check_unused(struct txn *txn, const struct object *group, GError **error)
{
	const struct object *template;
	char id[UUID_STRLEN], other[UUID_STRLEN];
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_DEFAULT_SECURITY_GROUP_RULE, DEFAULT_RULE_BY_GROUP,
		uuid_format(object_id(group), id), NULL);
	template = txn_iter_next(&iter);
	if (!template)
		return true;
	return weft_fail(error, GROUP_IN_USE,
		"Security Group %s in use: the default security group rule %s refers to it; delete that first.",
		id, uuid_format(object_id(template), other));
}

static bool seed_one(struct txn *txn, enum match_direction direction, const char *ethertype,
	const char *group, GError **error)
{
	struct object *template = object_new(&default_security_group_rule_kind, NULL);

	object_set_choice(template, MATCH_DIRECTION, direction);
	object_set_str(template, MATCH_ETHERTYPE, ethertype);
	object_set_str(template, MATCH_GROUP_ID, group);
	object_set_bool(template, DEFAULT_RULE_IN_DEFAULT, true);
	object_set_bool(template, DEFAULT_RULE_IN_OTHERS, direction == MATCH_EGRESS);
	return txn_put(txn, template, error);
}

bool default_rules_seed(struct txn *txn, GError **error)
{
	const struct model *model = txn_model(txn);

	if (model_count_all(model, KIND_DEFAULT_SECURITY_GROUP_RULE) ||
		model_count_all(model, KIND_SECURITY_GROUP))
		return true;
	for (unsigned i = 0; match_ethertypes[i]; i++)
		if (!seed_one(txn, MATCH_EGRESS, match_ethertypes[i], NULL, error) ||
			!seed_one(txn, MATCH_INGRESS, match_ethertypes[i], PARENT, error))
			return false;
	return true;
}
