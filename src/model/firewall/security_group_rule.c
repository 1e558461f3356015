/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/security_group_rule.h"

#include <string.h>

#include "model/firewall/security_group.h"
#include "model/txn_impl.h"

static const struct attr attrs[N_SECURITY_GROUP_RULE_SLOTS] = {
	STANDARD_ATTRS_WITHOUT_NAME,
	PROJECT_ATTR,
	MATCH_ATTRS(SECURITY_GROUP_RULE_BY_ADDRESS_GROUP),
	[MATCH_GROUP_ID] = { .name = "remote_group_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_SECURITY_GROUP,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = SECURITY_GROUP_RULE_BY_REMOTE_GROUP,
		.doc = "The other side is a port of this security group." },
	[SECURITY_GROUP_RULE_GROUP_ID] = { .name = "security_group_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_REVISES,
		.refers = KIND_SECURITY_GROUP,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = SECURITY_GROUP_RULE_BY_GROUP,
		.doc = "The security group that it is part of." },
	[SECURITY_GROUP_RULE_NORMALIZED_CIDR] = { .name = "normalized_cidr",
		.type = TYPE_CIDR,
		.flags = ATTR_NULLABLE,
		.doc = "The network that remote_ip_prefix means." },
	[SECURITY_GROUP_RULE_OF_DEFAULT] = { .name = "belongs_to_default_sg",
		.type = TYPE_BOOL,
		.flags = ATTR_COMPUTED,
		.doc = "Its security group is its project's default." },
};

static void content_keys(const struct object *rule, struct key_sink *sink)
{
	match_key(rule, object_str(rule, SECURITY_GROUP_RULE_GROUP_ID), sink);
}

static const struct index indexes[N_SECURITY_GROUP_RULE_INDEXES] = {
	[SECURITY_GROUP_RULE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[SECURITY_GROUP_RULE_BY_GROUP] = { .name = "security group",
		.slots = { SECURITY_GROUP_RULE_GROUP_ID } },
	[SECURITY_GROUP_RULE_BY_REMOTE_GROUP] = { .name = "remote group",
		.slots = { MATCH_GROUP_ID } },
	[SECURITY_GROUP_RULE_BY_ADDRESS_GROUP] = { .name = "remote address group",
		.slots = { MATCH_ADDRESS_GROUP_ID } },
	[SECURITY_GROUP_RULE_BY_CONTENT] = { .name = "content",
		.keys = content_keys,
		.depends_on =
			SECURITY_GROUP_RULE_GROUP_ID, /* as the rest of it, it never changes */
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_RULE_EXISTS },
};

static bool check_same(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *same = match_find_same(txn, draft, SECURITY_GROUP_RULE_BY_CONTENT);
	char id[UUID_STRLEN];

	if (!same)
		return true;
	if (!model_get(txn_model(txn), KIND_SECURITY_GROUP_RULE, object_id(same)))
		return weft_fail(error, RULE_TWICE, "Duplicate Security Group Rule in POST.");
	return weft_fail(error, RULE_EXISTS, "Security group rule already exists. Rule id is %s.",
		uuid_format(object_id(same), id));
}

/* What it refers to, the caller must be able to see. */
static bool check_visible(struct txn *txn, const struct object *draft, GError **error)
{
	return (object_is_null(draft, MATCH_GROUP_ID) ||
		       txn_need(txn, KIND_SECURITY_GROUP, object_str(draft, MATCH_GROUP_ID),
			       error)) &&
	       (object_is_null(draft, MATCH_ADDRESS_GROUP_ID) ||
		       txn_need(txn, KIND_ADDRESS_GROUP, object_str(draft, MATCH_ADDRESS_GROUP_ID),
			       error));
}

void security_group_rule_normalize(struct object *draft)
{
	struct prefix prefix = object_prefix(draft, MATCH_IP_PREFIX);
	char text[PREFIX_STRLEN];

	if (object_is_null(draft, MATCH_IP_PREFIX))
		return;
	prefix.ip = prefix_network(&prefix);
	object_set_str(draft, SECURITY_GROUP_RULE_NORMALIZED_CIDR, prefix_format(&prefix, text));
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	if (!match_check(draft, error))
		return false;
	security_group_rule_normalize(draft);
	return check_visible(txn, draft, error) && check_same(txn, draft, error);
}

/* As Networking has it, whose clients may rely on being refused. */
static bool on_bulk(const struct object *first, const struct object *rule, GError **error)
{
	if (!object_equal(first, rule, SECURITY_GROUP_RULE_GROUP_ID))
		return weft_fail(error, RULE_GROUPS,
			"Only allowed to update rules for one security profile at a time: the "
			"first rule is of security group %s, this one of %s.",
			object_str(first, SECURITY_GROUP_RULE_GROUP_ID),
			object_str(rule, SECURITY_GROUP_RULE_GROUP_ID));
	if (!object_equal(first, rule, SLOT_PROJECT_ID))
		return weft_fail(error, RULE_PROJECTS,
			"Multiple tenant_ids in bulk security group rule create not allowed: the "
			"first rule is of project %s, this one of %s.",
			object_str(first, SLOT_PROJECT_ID), object_str(rule, SLOT_PROJECT_ID));
	return true;
}

static void compute(
	const struct model *model, const struct object *rule, unsigned slot, struct json_writer *w)
{
	const char *group = object_str(rule, SECURITY_GROUP_RULE_GROUP_ID);

	g_assert(slot == SECURITY_GROUP_RULE_OF_DEFAULT);
	jw_bool(w, security_group_is_default(model_get_text(model, KIND_SECURITY_GROUP, group)));
}

const struct kind security_group_rule_kind = {
	.id = KIND_SECURITY_GROUP_RULE,
	.singular = "security_group_rule",
	.collection = "security_group_rules",
	.path = "/v2.0/security-group-rules",
	.doc = "What a security group lets through.",
	.parent_slot = SECURITY_GROUP_RULE_GROUP_ID,
	.quota = { "security_group_rule", 100 },
	.attrs = attrs,
	.n_slots = N_SECURITY_GROUP_RULE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SECURITY_GROUP_RULE_INDEXES,
	.not_found = WEFT_ERROR_RULE_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create,
		.on_bulk = on_bulk,
		.on_list = security_group_on_list,
		.compute = compute },
};
