/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/security_policy.h"

#include <string.h>

#include "model/access/caller.h"
#include "model/firewall/security_policy_rule.h"
#include "model/firewall/security_tier.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define TARGETS_MAX 1000

static const struct attr project_attr = { .name = "project", .type = TYPE_STRING, .max = 255 };
static const struct attr id_attr = { .name = "id", .type = TYPE_UUID };

#define TARGETS(key, of, text)                                                       \
	{                                                                            \
		.name = (key), .type = TYPE_LIST, .item = &(of), .max = TARGETS_MAX, \
		.flags = GIVEN | ATTR_UNIQUE_ITEMS, .fallback = "[]", .doc = (text)  \
	}

static const struct attr attrs[N_SECURITY_POLICY_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	[SECURITY_POLICY_TIER_ID] = { .name = "security_tier_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_SECURITY_TIER,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = SECURITY_POLICY_BY_TIER,
		.doc = "The tier that it is in." },
	[SECURITY_POLICY_PRIORITY] = { .name = "priority",
		.type = TYPE_INT,
		.max = SECURITY_PRIORITY_MAX,
		.flags = GIVEN | ATTR_REQUIRED,
		.fallback = "0",
		.doc = "Lower ones are asked first; no two policies of a tier have the same." },
	[SECURITY_POLICY_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether it is applied to any port at all." },
	[SECURITY_POLICY_PROJECTS] = TARGETS("projects", project_attr,
		"It is applied to the ports of these projects; to every port, if this and the other four lists are empty."),
	[SECURITY_POLICY_NETWORKS] =
		TARGETS("networks", id_attr, "It is applied to the ports of these networks."),
	[SECURITY_POLICY_PORTS] = TARGETS("ports", id_attr, "It is applied to these ports."),
	[SECURITY_POLICY_PORT_TAGS] = TARGETS(
		"port_tags", tag_attr, "It is applied to the ports that have one of these tags."),
	[SECURITY_POLICY_SECURITY_GROUPS] = TARGETS("security_groups", id_attr,
		"It is applied to the ports that have one of these security groups."),
	[SECURITY_POLICY_RULES] = { .name = "rules",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Its rules, in the order of their priorities." },
};

static void list_keys(const struct object *policy, unsigned slot, struct key_sink *sink)
{
	json_t *list = object_json(policy, slot), *id;
	size_t i;

	json_array_foreach(list, i, id)
		index_add(sink, (const char *const[]){ json_string_value(id) }, 1);
	json_decref(list);
}

static void network_keys(const struct object *policy, struct key_sink *sink)
{
	list_keys(policy, SECURITY_POLICY_NETWORKS, sink);
}

static void port_keys(const struct object *policy, struct key_sink *sink)
{
	list_keys(policy, SECURITY_POLICY_PORTS, sink);
}

static void group_keys(const struct object *policy, struct key_sink *sink)
{
	list_keys(policy, SECURITY_POLICY_SECURITY_GROUPS, sink);
}

static const struct index indexes[N_SECURITY_POLICY_INDEXES] = {
	[SECURITY_POLICY_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[SECURITY_POLICY_BY_TIER] = { .name = "tier", .slots = { SECURITY_POLICY_TIER_ID } },
	[SECURITY_POLICY_BY_PRIORITY] = { .name = "priority in its tier",
		.slots = { SECURITY_POLICY_TIER_ID, SECURITY_POLICY_PRIORITY },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_SECURITY_POLICY_EXISTS },
	[SECURITY_POLICY_BY_NETWORK] = { .name = "network",
		.keys = network_keys,
		.depends_on = SECURITY_POLICY_NETWORKS,
		.field = "" },
	[SECURITY_POLICY_BY_PORT] = { .name = "port",
		.keys = port_keys,
		.depends_on = SECURITY_POLICY_PORTS,
		.field = "" },
	[SECURITY_POLICY_BY_SECURITY_GROUP] = { .name = "security group",
		.keys = group_keys,
		.depends_on = SECURITY_POLICY_SECURITY_GROUPS,
		.field = "" },
};

/* The lists whose items refer to objects. */
static const struct target {
	unsigned slot, index;
	enum kind_id kind;
} targets[] = { { SECURITY_POLICY_NETWORKS, SECURITY_POLICY_BY_NETWORK, KIND_NETWORK },
	{ SECURITY_POLICY_PORTS, SECURITY_POLICY_BY_PORT, KIND_PORT },
	{ SECURITY_POLICY_SECURITY_GROUPS, SECURITY_POLICY_BY_SECURITY_GROUP,
		KIND_SECURITY_GROUP } };

static bool names_something(const struct object *policy)
{
	static const unsigned slots[] = { SECURITY_POLICY_PROJECTS, SECURITY_POLICY_NETWORKS,
		SECURITY_POLICY_PORTS, SECURITY_POLICY_PORT_TAGS, SECURITY_POLICY_SECURITY_GROUPS };

	for (size_t i = 0; i < G_N_ELEMENTS(slots); i++)
		if (strcmp(object_str(policy, slots[i]), "[]") != 0)
			return true;
	return false;
}

static bool forget_target(
	struct txn *txn, const struct object *policy, unsigned slot, const char *id, GError **error)
{
	json_t *list = object_json(policy, slot), *kept = json_array(), *item;
	struct object *draft = object_edit(policy);
	g_autofree char *text = NULL;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcmp(json_string_value(item), id) != 0)
			json_array_append(kept, item);
	text = json_dumps(kept, JSON_COMPACT);
	json_decref(list);
	json_decref(kept);
	object_set_str(draft, slot, text);
	if (!names_something(draft))
		object_set_bool(draft, SECURITY_POLICY_ENABLED, false);
	return txn_put(txn, draft, error);
}

static bool leave(struct txn *txn, const struct target *target, const char *id, GError **error)
{
	g_autoptr(GPtrArray) policies =
		g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *policy;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SECURITY_POLICY, target->index, id, NULL);
	while ((policy = txn_iter_next(&iter)))
		g_ptr_array_add(policies, object_ref(policy));
	for (guint i = 0; i < policies->len; i++)
		if (!forget_target(txn, policies->pdata[i], target->slot, id, error))
			return false;
	return true;
}

bool security_policies_leave(struct txn *txn, const struct object *gone, GError **error)
{
	char id[UUID_STRLEN];

	uuid_format(object_id(gone), id);
	for (size_t i = 0; i < G_N_ELEMENTS(targets); i++)
		if (targets[i].kind == object_kind(gone)->id)
			return leave(txn, &targets[i], id, error);
	return true;
}

static bool check_targets(struct txn *txn, const struct object *draft, unsigned slot,
	enum kind_id kind, GError **error)
{
	json_t *list = object_json(draft, slot), *item;
	bool ok = true;
	size_t i;

	json_array_foreach(list, i, item)
		ok = ok && txn_need(txn, kind, json_string_value(item), error);
	json_decref(list);
	return ok;
}

/* What is named must be there; what is deleted later is taken out. */
static bool check(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(targets); i++)
		if ((!old || !object_equal(old, draft, targets[i].slot)) &&
			!check_targets(txn, draft, targets[i].slot, targets[i].kind, error))
			return false;
	return true;
}

/* A port is asked about as many tiers as the edge has room for. */
static bool check_tiers(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
	const struct object *policy;
	struct model_iter iter;

	g_hash_table_add(used, (char *)object_str(draft, SECURITY_POLICY_TIER_ID));
	model_iter_all(&iter, txn_model(txn), KIND_SECURITY_POLICY, NULL);
	while ((policy = model_iter_next(&iter)))
		g_hash_table_add(used, (char *)object_str(policy, SECURITY_POLICY_TIER_ID));
	return g_hash_table_size(used) <= SECURITY_TIERS_MAX ||
	       weft_fail(error, SECURITY_TIER_LIMIT,
		       "Can't add a policy to another tier: %d tiers have policies, as many as ports are asked about. Use one of these.",
		       SECURITY_TIERS_MAX);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_tiers(txn, draft, error) &&
	       txn_need(txn, KIND_SECURITY_TIER, object_str(draft, SECURITY_POLICY_TIER_ID),
		       error) &&
	       check(txn, NULL, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return check(txn, old, draft, error);
}

static void compute(const struct model *model, const struct object *policy, unsigned slot,
	struct json_writer *w)
{
	g_assert(slot == SECURITY_POLICY_RULES);
	security_policy_rules_write(model, policy, w);
}

const struct kind security_policy_kind = {
	.id = KIND_SECURITY_POLICY,
	.singular = "security_policy",
	.collection = "security_policies",
	.path = "/v2.0/security-policies",
	.doc = "The provider's rules for ports, which come before or behind those of security groups.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_SECURITY_POLICY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SECURITY_POLICY_INDEXES,
	.not_found = WEFT_ERROR_SECURITY_POLICY_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .compute = compute },
};
