/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/auto_allocated_topology.h"

#include "model/network/network.h"
#include "model/access/policy.h"
#include "model/router/router_parts.h"
#include "model/standard.h"
#include "model/network/subnetpool.h"

#define NAME "auto_allocated_"

static const struct attr attrs[N_TOPOLOGY_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	PROJECT_ATTR,
	[TOPOLOGY_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = TOPOLOGY_BY_NETWORK,
		.doc = "The network." },
	[TOPOLOGY_ROUTER_ID] = { .name = "router_id",
		.type = TYPE_UUID,
		.refers = KIND_ROUTER,
		.on_delete = ON_DELETE_CLEAR,
		.referrer_index = TOPOLOGY_BY_ROUTER,
		.doc = "The router between it and the default external network." },
};

static const struct index indexes[N_TOPOLOGY_INDEXES] = {
	[TOPOLOGY_BY_PROJECT] = { .name = "project",
		.slots = { SLOT_PROJECT_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[TOPOLOGY_BY_NETWORK] = { .name = "network", .slots = { TOPOLOGY_NETWORK_ID } },
	[TOPOLOGY_BY_ROUTER] = { .name = "router", .slots = { TOPOLOGY_ROUTER_ID } },
};

static const struct kind_rule rules[] = {
	{ "get_auto_allocated_topology", "rule:context_is_admin or rule:project_reader",
		"See a project's auto-allocated topology." },
	{ "create_auto_allocated_topology", "rule:admin_or_project_member",
		"Have a project's auto-allocated topology made, by looking at it." },
	{ 0 },
};

const struct kind auto_allocated_topology_kind = {
	.id = KIND_AUTO_ALLOCATED_TOPOLOGY,
	.singular = "auto_allocated_topology",
	.collection = "auto_allocated_topologies",
	.path = "/v2.0/auto-allocated-topology",
	.doc = "The network and router that a project gets without saying how.",
	.flags = KIND_OWN_PATHS,
	.attrs = attrs,
	.n_slots = N_TOPOLOGY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_TOPOLOGY_INDEXES,
	.rules = rules,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};

static const struct object *find(struct txn *txn, const char *project)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_AUTO_ALLOCATED_TOPOLOGY, TOPOLOGY_BY_PROJECT, project, NULL);
	return txn_iter_next(&iter);
}

/* What it is made of. */
struct parts {
	const struct object *external;
	const struct object *pools[2];
	unsigned n_pools;
};

static bool find_parts(struct txn *txn, struct parts *ret, GError **error)
{
	*ret = (struct parts){ .external = network_default(txn) };
	if (!ret->external)
		return weft_fail(error, AUTO_ALLOCATION,
			"Deployment error: No default router:external network: an administrator may set is_default of one.");
	for (s64 version = 4; version <= 6; version += 2) {
		const struct object *pool = subnetpool_default(txn, version);

		if (pool && model_visible(txn->model, pool, txn->caller))
			ret->pools[ret->n_pools++] = pool;
	}
	return ret->n_pools ||
	       weft_fail(error, AUTO_ALLOCATION,
		       "Deployment error: No default subnetpools defined: an administrator may set is_default of one that is shared.");
}

static const struct object *make_network(
	struct txn *txn, const char *project, json_t *mtu, GError **error)
{
	return txn_create_own(txn, KIND_NETWORK,
		json_pack("{s:s, s:s, s:O}", "name", NAME "network", "project_id", project, "mtu",
			mtu),
		error);
}

static const struct object *make_subnet(
	struct txn *txn, const struct object *network, const struct object *pool, GError **error)
{
	s64 version = object_int(pool, SUBNETPOOL_IP_VERSION);
	g_autofree char *name = g_strdup_printf(NAME "subnet_v%d", (int)version);
	char network_id[UUID_STRLEN], pool_id[UUID_STRLEN];

	return txn_create_own(txn, KIND_SUBNET,
		json_pack("{s:s, s:s, s:s, s:s}", "name", name, "project_id",
			object_str(network, SLOT_PROJECT_ID), "network_id",
			uuid_format(object_id(network), network_id), "subnetpool_id",
			uuid_format(object_id(pool), pool_id)),
		error);
}

static const struct object *make_router(
	struct txn *txn, const char *project, const struct object *external, GError **error)
{
	char id[UUID_STRLEN];

	return txn_create_own(txn, KIND_ROUTER,
		json_pack("{s:s, s:s, s:{s:s}}", "name", NAME "router", "project_id", project,
			"external_gateway_info", "network_id",
			uuid_format(object_id(external), id)),
		error);
}

static bool connect(
	struct txn *txn, const struct object *router, const struct object *subnet, GError **error)
{
	char id[UUID_STRLEN];
	json_t *answer = NULL;
	json_t *body = json_pack("{s:s}", "subnet_id", uuid_format(object_id(subnet), id));
	bool connected = router_interface_add(txn, router, body, &answer, error);

	json_decref(body);
	json_decref(answer);
	return connected;
}

static const struct object *remember(
	struct txn *txn, const struct object *network, const struct object *router, GError **error)
{
	struct object *topology = object_new(&auto_allocated_topology_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(topology, SLOT_PROJECT_ID, object_str(network, SLOT_PROJECT_ID));
	object_set_str(topology, TOPOLOGY_NETWORK_ID, uuid_format(object_id(network), id));
	object_set_str(topology, TOPOLOGY_ROUTER_ID, uuid_format(object_id(router), id));
	return txn_put(txn, topology, error);
}

static const struct object *make(struct txn *txn, const char *project, json_t *mtu, GError **error)
{
	const struct object *network, *subnet, *router;
	struct parts parts;

	if (!find_parts(txn, &parts, error))
		return NULL;
	network = make_network(txn, project, mtu, error);
	router = network ? make_router(txn, project, parts.external, error) : NULL;
	if (!router)
		return NULL;
	for (unsigned i = 0; i < parts.n_pools; i++) {
		subnet = make_subnet(txn, network, parts.pools[i], error);
		if (!subnet || !connect(txn, router, subnet, error))
			return NULL;
	}
	return remember(txn, network, router, error);
}

/* Asks the rule of a topology that is not there yet. */
static bool may(
	struct txn *txn, enum policy_operation operation, const char *project, GError **error)
{
	g_autoptr(object) draft = object_new(&auto_allocated_topology_kind, NULL);

	object_set_str(draft, SLOT_PROJECT_ID, project);
	return policy_check(txn, operation, draft, error);
}

const struct object *auto_allocated_topology_get(
	struct txn *txn, const char *project, json_t *mtu, GError **error)
{
	const struct object *topology = find(txn, project);

	if (!may(txn, POLICY_GET, project, error))
		return NULL;
	if (topology)
		return topology;
	return may(txn, POLICY_CREATE, project, error) ? make(txn, project, mtu, error) : NULL;
}

bool auto_allocated_topology_check(struct txn *txn, const char *project, GError **error)
{
	struct parts parts;

	return may(txn, POLICY_GET, project, error) && find_parts(txn, &parts, error);
}

/* Its interfaces on the network, and no others: with those the router stays. */
static bool disconnect(
	struct txn *txn, const struct object *router, const char *network_id, GError **error)
{
	g_autoptr(GPtrArray) ports = router_ports(txn, router);
	bool ok = true;

	for (guint i = 0; ok && i < ports->len; i++) {
		const struct object *port = ports->pdata[i];
		json_t *body, *answer = NULL;
		char id[UUID_STRLEN];

		if (!port_is_router_interface(port) ||
			g_strcmp0(object_str(port, PORT_NETWORK_ID), network_id) != 0)
			continue;
		body = json_pack("{s:s}", "port_id", uuid_format(object_id(port), id));
		ok = router_interface_remove(txn, router, body, &answer, error);
		json_decref(body);
		json_decref(answer);
	}
	return ok;
}

bool auto_allocated_topology_remove(struct txn *txn, const char *project, GError **error)
{
	const struct object *topology = find(txn, project), *network, *router;
	g_autofree char *network_id = NULL;

	if (!may(txn, POLICY_DELETE, project, error))
		return false;
	if (!topology)
		return true;
	network_id = g_strdup(object_str(topology, TOPOLOGY_NETWORK_ID));
	router = txn_get_text(txn, KIND_ROUTER, object_str(topology, TOPOLOGY_ROUTER_ID));
	if (router && (!disconnect(txn, router, network_id, error) ||
			      !txn_remove_own(txn, router, error)))
		return false;
	network = txn_get_text(txn, KIND_NETWORK, network_id);
	return txn_remove_own(txn, network, error);
}
