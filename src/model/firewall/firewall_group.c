/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every project has a group called "default" as soon as it makes or lists groups, on no port until
 * somebody puts it there; its ingress policy drops all, its egress policy lets all through. Nobody
 * else may be called that.
 */
#include "model/firewall/firewall_group.h"

#include <string.h>

#include "model/firewall/firewall_provider.h"
#include "model/firewall/firewall_policy.h"
#include "model/firewall/network_log.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/standard.h"
#include "model/txn_impl.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define PORTS_MAX 1000
#define DEFAULT_NAME "default"

static const struct attr port_attr = { .name = "port", .type = TYPE_UUID };

#define POLICY_OF(key, index, text)                                               \
	{                                                                         \
		.name = (key), .type = TYPE_UUID, .flags = GIVEN | ATTR_NULLABLE, \
		.refers = KIND_FIREWALL_POLICY, .on_delete = ON_DELETE_REFUSE,    \
		.referrer_index = (index), .doc = (text)                          \
	}

static const struct attr attrs[N_FIREWALL_GROUP_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[FIREWALL_GROUP_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "While it is down nothing opens a connection through its ports." },
	[FIREWALL_GROUP_STATUS] = { .name = "status",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "ACTIVE: its ports are, and it decides what passes them; INACTIVE: it has no ports, or no policy; DOWN." },
	[FIREWALL_GROUP_SHARED] = SHARED_ATTR(GIVEN | ATTR_ADMIN_SET),
	[FIREWALL_GROUP_PORTS] = { .name = "ports",
		.type = TYPE_LIST,
		.item = &port_attr,
		.max = PORTS_MAX,
		.flags = GIVEN | ATTR_UNIQUE_ITEMS | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Ids of routers' ports: interfaces and gateways." },
	[FIREWALL_GROUP_INGRESS_POLICY] =
		POLICY_OF("ingress_firewall_policy_id", FIREWALL_GROUP_BY_INGRESS,
			"What the router may send into its ports' networks; null: nothing."),
	[FIREWALL_GROUP_EGRESS_POLICY] =
		POLICY_OF("egress_firewall_policy_id", FIREWALL_GROUP_BY_EGRESS,
			"What the router may get from its ports' networks; null: nothing."),
};

bool firewall_group_is_default(const struct object *group)
{
	return !strcmp(object_str(group, SLOT_NAME), DEFAULT_NAME);
}

static void port_keys(const struct object *group, struct key_sink *sink)
{
	json_t *ports = object_json(group, FIREWALL_GROUP_PORTS), *id;
	size_t i;

	json_array_foreach(ports, i, id)
		index_add(sink, (const char *const[]){ json_string_value(id) }, 1);
	json_decref(ports);
}

static void default_keys(const struct object *group, struct key_sink *sink)
{
	if (firewall_group_is_default(group))
		index_add(sink, (const char *const[]){ object_str(group, SLOT_PROJECT_ID) }, 1);
}

static const struct index indexes[N_FIREWALL_GROUP_INDEXES] = {
	[FIREWALL_GROUP_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[FIREWALL_GROUP_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[FIREWALL_GROUP_BY_PORT] = { .name = "port",
		.keys = port_keys,
		.depends_on = FIREWALL_GROUP_PORTS,
		.field = "",
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_FIREWALL_GROUP_PORT_IN_USE },
	[FIREWALL_GROUP_BY_INGRESS] = { .name = "ingress policy",
		.slots = { FIREWALL_GROUP_INGRESS_POLICY } },
	[FIREWALL_GROUP_BY_EGRESS] = { .name = "egress policy",
		.slots = { FIREWALL_GROUP_EGRESS_POLICY } },
	[FIREWALL_GROUP_DEFAULT] = { .name = "project of a default group",
		.keys = default_keys,
		.depends_on = SLOT_NAME,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_FIREWALL_DEFAULT_EXISTS },
};

static bool check_name(const struct object *draft, GError **error)
{
	return g_ascii_strcasecmp(object_str(draft, SLOT_NAME), DEFAULT_NAME) ||
	       weft_fail(error, FIREWALL_DEFAULT_EXISTS,
		       "Default firewall group already exists. 'default' is the reserved name for firewall group.");
}

/* The id of a new policy with a rule of @action for each IP version; NULL with @error. */
static const char *make_policy(struct txn *txn, const char *project, const char *name,
	const char *action, char id[static UUID_STRLEN], GError **error)
{
	json_t *rules = json_array();
	const struct object *made;

	for (int version = 4; version <= 6; version += 2) {
		g_autofree char *rule_name = g_strdup_printf("%s ipv%d", name, version);

		made = txn_create_own(txn, KIND_FIREWALL_RULE,
			json_pack("{s:s, s:s, s:s, s:i}", "project_id", project, "name", rule_name,
				"action", action, "ip_version", version),
			error);
		if (!made) {
			json_decref(rules);
			return NULL;
		}
		json_array_append_new(rules, json_string(uuid_format(object_id(made), id)));
	}
	made = txn_create_own(txn, KIND_FIREWALL_POLICY,
		json_pack("{s:s, s:s, s:o}", "project_id", project, "name", name, "firewall_rules",
			rules),
		error);
	return made ? uuid_format(object_id(made), id) : NULL;
}

static bool ensure_default(struct txn *txn, const char *project, GError **error)
{
	char ingress[UUID_STRLEN], egress[UUID_STRLEN];
	struct object *draft;
	struct txn_iter iter;

	if (!*project)
		return true;
	txn_iter_init(&iter, txn, KIND_FIREWALL_GROUP, FIREWALL_GROUP_DEFAULT, project, NULL);
	if (txn_iter_next(&iter))
		return true;
	if (!make_policy(txn, project, "default ingress", "deny", ingress, error) ||
		!make_policy(txn, project, "default egress", "allow", egress, error))
		return false;
	draft = object_new(&firewall_group_kind, NULL);
	object_set_str(draft, SLOT_NAME, DEFAULT_NAME);
	object_set_str(draft, SLOT_DESCRIPTION, "Default firewall group");
	object_set_str(draft, SLOT_PROJECT_ID, project);
	object_set_str(draft, FIREWALL_GROUP_INGRESS_POLICY, ingress);
	object_set_str(draft, FIREWALL_GROUP_EGRESS_POLICY, egress);
	return txn_put(txn, draft, error);
}

bool firewall_group_takes(const struct object *port)
{
	const char *owner = object_str(port, PORT_DEVICE_OWNER);

	return !strcmp(owner, OWNER_ROUTER_INTERFACE) || !strcmp(owner, OWNER_ROUTER_GATEWAY) ||
	       !strcmp(owner, OWNER_ROUTER_INTERFACE_DISTRIBUTED) ||
	       !strcmp(owner, OWNER_ROUTER_INTERFACE_HA);
}

/* A gateway's port is nobody's, so it is the router that says whose it is. */
static bool check_port(
	struct txn *txn, const struct object *draft, const char *port_id, GError **error)
{
	const char *project = object_str(draft, SLOT_PROJECT_ID);
	const struct object *port = txn_get_text(txn, KIND_PORT, port_id);
	const struct object *router =
		port && firewall_group_takes(port)
			? txn_get_text(txn, KIND_ROUTER, object_str(port, PORT_DEVICE_ID))
			: NULL;
	const struct object *user;
	struct txn_iter iter;

	if (!router && (!port || !model_visible(txn_model(txn), port, txn_caller(txn))))
		return kind_fail_not_found(KIND_PORT, port_id, error);
	if (!router)
		return weft_fail(error, FIREWALL_GROUP_PORT,
			"Port %s of firewall group is invalid: it is no router's; give an interface or a gateway of a router.",
			port_id);
	if (strcmp(object_str(router, SLOT_PROJECT_ID), project) != 0) {
		if (!model_visible(txn_model(txn), router, txn_caller(txn)))
			return kind_fail_not_found(KIND_PORT, port_id, error);
		return weft_fail(error, FIREWALL_GROUP_PORT_PROJECT,
			"Operation cannot be performed as port %s is in an invalid project %s: the firewall group is project %s's.",
			port_id, object_str(router, SLOT_PROJECT_ID), project);
	}
	txn_iter_init(&iter, txn, KIND_FIREWALL_GROUP, FIREWALL_GROUP_BY_PORT, port_id, NULL);
	user = txn_iter_next(&iter);
	if (!firewall_check_provider(txn, router, error))
		return false;
	return !user || uuid_equal(object_id(user), object_id(draft)) ||
	       weft_fail(error, FIREWALL_GROUP_PORT_IN_USE,
		       "Port(s) %s provided already associated with other firewall group(s): take it out of %s first.",
		       port_id, object_str(user, SLOT_NAME));
}

static bool check_ports(struct txn *txn, const struct object *draft, GError **error)
{
	json_t *ports = object_json(draft, FIREWALL_GROUP_PORTS), *id;
	bool ok = true;
	size_t i;

	json_array_foreach(ports, i, id)
		ok = ok && check_port(txn, draft, json_string_value(id), error);
	json_decref(ports);
	return ok;
}

static bool check(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	static const unsigned policies[] = { FIREWALL_GROUP_INGRESS_POLICY,
		FIREWALL_GROUP_EGRESS_POLICY };

	for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
		const char *id = object_str(draft, policies[i]);

		if (id && (!old || !object_equal(old, draft, policies[i])) &&
			!txn_need(txn, KIND_FIREWALL_POLICY, id, error))
			return false;
	}
	return (old && object_equal(old, draft, FIREWALL_GROUP_PORTS)) ||
	       check_ports(txn, draft, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_name(draft, error) &&
	       ensure_default(txn, object_str(draft, SLOT_PROJECT_ID), error) &&
	       check(txn, NULL, draft, error);
}

/* Of the default one its project may change the ports, an administrator all but the name. */
static bool check_default(struct txn *txn, const struct object *draft, GError **error)
{
	u64 fixed = SLOT_BIT(SLOT_NAME);

	if (!caller_is_admin(txn_caller(txn)))
		fixed |= SLOT_BIT(SLOT_DESCRIPTION) | SLOT_BIT(FIREWALL_GROUP_ADMIN_STATE_UP) |
			 SLOT_BIT(FIREWALL_GROUP_INGRESS_POLICY) |
			 SLOT_BIT(FIREWALL_GROUP_EGRESS_POLICY);
	return !(object_given(draft) & fixed) ||
	       weft_fail(error, FIREWALL_DEFAULT_UPDATED,
		       "Updating default firewall group not allowed, but for its ports: make a group of your own.");
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	if (firewall_group_is_default(old) && !check_default(txn, draft, error))
		return false;
	if (!object_equal(old, draft, SLOT_NAME) && !check_name(draft, error))
		return false;
	return check(txn, old, draft, error);
}

static bool has_ports(const struct object *group)
{
	return strcmp(object_str(group, FIREWALL_GROUP_PORTS), "[]") != 0;
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	char id[UUID_STRLEN];

	if (firewall_group_is_default(old) && !caller_is_admin(txn_caller(txn)))
		return weft_fail(error, FIREWALL_DEFAULT_REMOVED,
			"Deleting default firewall group not allowed.");
	if (has_ports(old))
		return weft_fail(error, FIREWALL_GROUP_IN_USE,
			"Firewall group %s is still active: take its ports out of it first.",
			uuid_format(object_id(old), id));
	return network_logs_leave(txn, old, error);
}

bool firewall_group_has_port(const struct object *group, const char *port)
{
	return strstr(object_str(group, FIREWALL_GROUP_PORTS), port);
}

bool firewall_group_leave(struct txn *txn, const struct object *port, GError **error)
{
	const struct object *group;
	struct txn_iter iter;
	char id[UUID_STRLEN];
	struct object *draft;
	json_t *ports, *item;
	size_t i;

	txn_iter_init(&iter, txn, KIND_FIREWALL_GROUP, FIREWALL_GROUP_BY_PORT,
		uuid_format(object_id(port), id), NULL);
	group = txn_iter_next(&iter);
	if (!group)
		return true;
	ports = object_json(group, FIREWALL_GROUP_PORTS);
	json_array_foreach(ports, i, item)
		if (!strcmp(json_string_value(item), id))
			break;
	json_array_remove(ports, i);
	g_autofree char *text = json_dumps(ports, JSON_COMPACT);

	json_decref(ports);
	draft = object_edit(group);
	object_set_str(draft, FIREWALL_GROUP_PORTS, text);
	return txn_put(txn, draft, error);
}

/* A port is ACTIVE when a host has done all that its router is, its groups included. */
static bool all_active(const struct model *model, const struct object *group)
{
	json_t *ports = object_json(group, FIREWALL_GROUP_PORTS), *id;
	bool active = true;
	size_t i;

	json_array_foreach(ports, i, id) {
		const struct object *port = model_get_text(model, KIND_PORT, json_string_value(id));

		const struct object *router =
			port ? model_get_text(model, KIND_ROUTER, object_str(port, PORT_DEVICE_ID))
			     : NULL;

		active = active && router && object_choice(port, PORT_STATUS) == PORT_ACTIVE &&
			 firewall_is_done(model, router);
	}
	json_decref(ports);
	return active;
}

static const char *status_of(const struct model *model, const struct object *group)
{
	if (!has_ports(group) || (object_is_null(group, FIREWALL_GROUP_INGRESS_POLICY) &&
					 object_is_null(group, FIREWALL_GROUP_EGRESS_POLICY)))
		return "INACTIVE";
	return object_bool(group, FIREWALL_GROUP_ADMIN_STATE_UP) && all_active(model, group)
		       ? "ACTIVE"
		       : "DOWN";
}

static void compute(
	const struct model *model, const struct object *group, unsigned slot, struct json_writer *w)
{
	g_assert(slot == FIREWALL_GROUP_STATUS);
	jw_string(w, status_of(model, group));
}

const struct kind firewall_group_kind = {
	.id = KIND_FIREWALL_GROUP,
	.singular = "firewall_group",
	.collection = "firewall_groups",
	.command = "firewall group",
	.path = "/v2.0/fwaas/firewall_groups",
	.doc = "The firewall of routers' ports.",
	.quota = { "firewall_group", 10 },
	.rbac = RBAC_SHARED,
	.shared_slot = FIREWALL_GROUP_SHARED,
	.attrs = attrs,
	.n_slots = N_FIREWALL_GROUP_SLOTS,
	.indexes = indexes,
	.n_indexes = N_FIREWALL_GROUP_INDEXES,
	.not_found = WEFT_ERROR_FIREWALL_GROUP_NOT_FOUND,
	.in_use = WEFT_ERROR_FIREWALL_GROUP_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.on_delete = on_delete,
		.on_list = ensure_default,
		.compute = compute },
};
