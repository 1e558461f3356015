/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every project has a group called "default" as soon as it needs one: with its first network, port
 * or group, or when its groups or rules are listed. Nobody else may be called that, so the name
 * tells it. New groups begin with rules by the templates of default_security_group_rule.h.
 */
#include "model/firewall/security_group.h"

#include <string.h>

#include "model/firewall/default_security_group_rule.h"
#include "model/firewall/network_log.h"
#include "model/port/port.h"
#include "model/firewall/security_group_rule.h"
#include "model/firewall/security_policy.h"
#include "model/standard.h"

#define DEFAULT_NAME "default"

static const struct attr attrs[N_SECURITY_GROUP_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[SECURITY_GROUP_STATEFUL] = { .name = "stateful",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Answers to what its rules let through come back without a rule." },
	[SECURITY_GROUP_SHARED] = SHARED_ATTR(0),
	[SECURITY_GROUP_RULES] = { .name = "security_group_rules",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Its rules." },
};

bool security_group_is_default(const struct object *group)
{
	return group && !strcmp(object_str(group, SLOT_NAME), DEFAULT_NAME);
}

static void default_keys(const struct object *group, struct key_sink *sink)
{
	if (security_group_is_default(group))
		index_add(sink, (const char *const[]){ object_str(group, SLOT_PROJECT_ID) }, 1);
}

static const struct index indexes[N_SECURITY_GROUP_INDEXES] = {
	[SECURITY_GROUP_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[SECURITY_GROUP_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[SECURITY_GROUP_DEFAULT] = { .name = "project of a default group",
		.keys = default_keys,
		.depends_on = SLOT_NAME,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_DEFAULT_GROUP_EXISTS },
};

static bool check_name(const struct object *draft, GError **error)
{
	if (g_ascii_strcasecmp(object_str(draft, SLOT_NAME), DEFAULT_NAME))
		return true;
	return weft_fail(error, DEFAULT_GROUP_EXISTS,
		"Default security group already exists: choose another name than '%s'.",
		object_str(draft, SLOT_NAME));
}

static const struct object *make_default(struct txn *txn, const char *project, GError **error)
{
	struct object *draft = object_new(&security_group_kind, NULL);
	const struct object *group;

	object_set_str(draft, SLOT_NAME, DEFAULT_NAME);
	object_set_str(draft, SLOT_DESCRIPTION, "Default security group");
	object_set_str(draft, SLOT_PROJECT_ID, project);
	group = txn_put(txn, draft, error);
	return group && default_rules_apply(txn, group, error) ? group : NULL;
}

bool security_group_default(
	struct txn *txn, const char *project, const struct object **ret, GError **error)
{
	struct txn_iter iter;

	*ret = NULL;
	if (!*project)
		return true;
	txn_iter_init(&iter, txn, KIND_SECURITY_GROUP, SECURITY_GROUP_DEFAULT, project, NULL);
	*ret = txn_iter_next(&iter);
	if (!*ret)
		*ret = make_default(txn, project, error);
	return *ret;
}

bool security_group_on_list(struct txn *txn, const char *project, GError **error)
{
	const struct object *group;

	return security_group_default(txn, project, &group, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *group;

	return check_name(draft, error) &&
	       security_group_default(txn, object_str(draft, SLOT_PROJECT_ID), &group, error);
}

static bool on_created(struct txn *txn, const struct object *group, GError **error)
{
	return default_rules_apply(txn, group, error);
}

static unsigned count_ports(const struct txn *txn, const struct object *group)
{
	char id[UUID_STRLEN];

	return model_count(txn_model(txn), KIND_PORT, PORT_BY_SECURITY_GROUP,
		uuid_format(object_id(group), id), NULL);
}

static bool check_unused(struct txn *txn, const struct object *group, GError **error)
{
	char id[UUID_STRLEN];
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_SECURITY_GROUP,
		uuid_format(object_id(group), id), NULL);
	if (!txn_iter_next(&iter))
		return true;
	return weft_fail(error, GROUP_IN_USE,
		"Security Group %s in use: %u ports have it; take it from them first.", id,
		count_ports(txn, group));
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	if (!object_equal(old, draft, SLOT_NAME)) {
		if (security_group_is_default(old))
			return weft_fail(error, DEFAULT_GROUP_RENAMED,
				"Updating default security group not allowed: its name stays '%s'.",
				DEFAULT_NAME);
		if (!check_name(draft, error))
			return false;
	}
	return object_equal(old, draft, SECURITY_GROUP_STATEFUL) || check_unused(txn, old, error);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	if (security_group_is_default(old) && !caller_is_admin(txn_caller(txn)))
		return weft_fail(error, DEFAULT_GROUP_REMOVED,
			"Insufficient rights for removing default security group.");
	return check_unused(txn, old, error) && default_rules_check_unused(txn, old, error) &&
	       security_policies_leave(txn, old, error) && network_logs_leave(txn, old, error);
}

static void compute(
	const struct model *model, const struct object *group, unsigned slot, struct json_writer *w)
{
	/* Nothing of a rule is for administrators only. */
	static const struct caller anybody = { CALLER_READER, "" };
	const struct object *rule;
	struct model_iter iter;
	char id[UUID_STRLEN];

	g_assert(slot == SECURITY_GROUP_RULES);
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_SECURITY_GROUP_RULE, SECURITY_GROUP_RULE_BY_GROUP,
		uuid_format(object_id(group), id), NULL);
	while ((rule = model_iter_next(&iter)))
		object_write_json(rule, model, &anybody, 0, w);
	jw_end_array(w);
}

const struct kind security_group_kind = {
	.id = KIND_SECURITY_GROUP,
	.singular = "security_group",
	.collection = "security_groups",
	.path = "/v2.0/security-groups",
	.doc = "A set of rules for ports.",
	.quota = { "security_group", 10 },
	.rbac = RBAC_SHARED,
	.shared_slot = SECURITY_GROUP_SHARED,
	.attrs = attrs,
	.n_slots = N_SECURITY_GROUP_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SECURITY_GROUP_INDEXES,
	.not_found = WEFT_ERROR_GROUP_NOT_FOUND,
	.in_use = WEFT_ERROR_GROUP_IN_USE,
	.hooks = { .on_create = on_create,
		.on_created = on_created,
		.on_update = on_update,
		.on_delete = on_delete,
		.on_list = security_group_on_list,
		.compute = compute },
};
