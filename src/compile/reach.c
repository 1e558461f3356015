/* SPDX-License-Identifier: Apache-2.0 */
/* A breadth-first walk over what is there before or after, which joins what each interface joins.
 */
#include "compile/reach.h"

#include "model/router/gateway_hosts.h"
#include "model/host/host.h"
#include "model/port/port_binding.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"

struct node {
	struct uuid id;
	bool is_router;
	unsigned joined[N_REACH_SIDES]; /* towards the node that stands for the part (union-find) */
};

struct walk {
	const struct model *model;
	const GArray *edges;
	GArray *nodes;	   /* struct node; those behind the one at hand are still to be seen */
	GHashTable *index; /* struct uuid → 1 + its place in nodes */
	bool edges_changed;
};

bool edge_of(const struct object *port, struct edge *ret)
{
	*ret = (struct edge){ 0 };
	if (!port || !port_is_router_interface(port))
		return false;
	ret->port = *object_id(port);
	return uuid_parse(object_str(port, PORT_DEVICE_ID), &ret->router) &&
	       object_uuid(port, PORT_NETWORK_ID, &ret->network);
}

GArray *reach_edges(const struct changeset *changes)
{
	GArray *edges = g_array_new(FALSE, FALSE, sizeof(struct edge));

	for (unsigned i = 0; i < changes->n; i++) {
		const struct change *change = &changes->changes[i];
		struct edge old, new;
		bool was, is, same;

		if (change->kind != KIND_PORT)
			continue;
		was = edge_of(change->old, &old);
		is = edge_of(change->new, &new);
		same = was && is && uuid_equal(&old.router, &new.router);
		old.before = was;
		old.after = same;
		new.after = is;
		if (was)
			g_array_append_val(edges, old);
		if (is && !same)
			g_array_append_val(edges, new);
	}
	return edges;
}

static unsigned need_node(struct walk *walk, const struct uuid *id, bool is_router)
{
	unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(walk->index, id));
	struct node node = { *id, is_router, { walk->nodes->len, walk->nodes->len } };

	if (n)
		return n - 1;
	g_array_append_val(walk->nodes, node);
	g_hash_table_insert(
		walk->index, g_memdup2(id, sizeof(*id)), GUINT_TO_POINTER(walk->nodes->len));
	return walk->nodes->len - 1;
}

static struct node *node_at(const struct walk *walk, unsigned n)
{
	return &g_array_index(walk->nodes, struct node, n);
}

static unsigned part_of(const struct walk *walk, unsigned n, enum reach_side side)
{
	while (node_at(walk, n)->joined[side] != n) {
		unsigned next = node_at(walk, n)->joined[side];

		node_at(walk, n)->joined[side] = node_at(walk, next)->joined[side];
		n = next;
	}
	return n;
}

static void join(struct walk *walk, const struct edge *edge)
{
	unsigned router = need_node(walk, &edge->router, true);
	unsigned network = need_node(walk, &edge->network, false);
	const bool there[] = { [REACH_BEFORE] = edge->before, [REACH_AFTER] = edge->after };

	for (enum reach_side side = 0; side < N_REACH_SIDES; side++)
		if (there[side])
			node_at(walk, part_of(walk, router, side))->joined[side] =
				part_of(walk, network, side);
	walk->edges_changed |= edge->before != edge->after;
}

static bool is_touched(const struct walk *walk, const struct uuid *port)
{
	for (guint i = 0; walk->edges && i < walk->edges->len; i++)
		if (uuid_equal(&g_array_index(walk->edges, struct edge, i).port, port))
			return true;
	return false;
}

/* Interfaces that the change-set does not touch are as they are in the model. */
static void join_ports(struct walk *walk, struct model_iter *iter)
{
	const struct object *port;
	struct edge edge;

	while ((port = model_iter_next(iter)))
		if (edge_of(port, &edge) && !is_touched(walk, &edge.port)) {
			edge.before = edge.after = true;
			join(walk, &edge);
		}
}

static void join_network(struct walk *walk, const char *network)
{
	const struct object *subnet;
	struct model_iter subnets, ports;
	char id[UUID_STRLEN];

	model_iter_init(&subnets, walk->model, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = model_iter_next(&subnets))) {
		model_iter_init(&ports, walk->model, KIND_PORT, PORT_BY_ROUTER_SUBNET,
			uuid_format(object_id(subnet), id), NULL);
		join_ports(walk, &ports);
	}
}

static void see(struct walk *walk, const struct node node)
{
	struct model_iter ports;
	char id[UUID_STRLEN];

	uuid_format(&node.id, id);
	if (node.is_router) {
		model_iter_init(&ports, walk->model, KIND_PORT, PORT_BY_DEVICE, id, NULL);
		join_ports(walk, &ports);
	} else {
		join_network(walk, id);
	}
	for (guint i = 0; walk->edges && i < walk->edges->len; i++) {
		const struct edge *edge = &g_array_index(walk->edges, struct edge, i);

		if (uuid_equal(node.is_router ? &edge->router : &edge->network, &node.id))
			join(walk, edge);
	}
}

static struct reach *reach_all(
	const struct model *model, const GArray *edges, const struct node *start)
{
	g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
	g_autoptr(GHashTable) index = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	struct walk walk = { model, edges, nodes, index, false };
	struct reach *reach = g_new0(struct reach, 1);

	need_node(&walk, &start->id, start->is_router);
	for (unsigned n = 0; n < nodes->len; n++)
		see(&walk, *node_at(&walk, n));
	reach->nodes = g_array_new(FALSE, FALSE, sizeof(struct reached));
	reach->n_parts = nodes->len;
	reach->edges_changed = walk.edges_changed;
	for (unsigned n = 0; n < nodes->len; n++) {
		struct reached reached = { .id = node_at(&walk, n)->id,
			.is_router = node_at(&walk, n)->is_router,
			.part = {
				part_of(&walk, n, REACH_BEFORE), part_of(&walk, n, REACH_AFTER) } };

		g_array_append_val(reach->nodes, reached);
	}
	return reach;
}

struct reach *reach_from(const struct model *model, const GArray *edges, const struct uuid *network)
{
	return reach_all(model, edges, &(struct node){ .id = *network });
}

struct reach *reach_from_router(
	const struct model *model, const GArray *edges, const struct uuid *router)
{
	return reach_all(model, edges, &(struct node){ .id = *router, .is_router = true });
}

void reach_free(struct reach *reach)
{
	g_array_unref(reach->nodes);
	g_free(reach);
}

unsigned reach_ports(
	const struct model *model, const struct object *host, const struct uuid *network)
{
	char id[UUID_STRLEN], host_id[UUID_STRLEN];

	uuid_format(network, id);
	return model_count(model, KIND_PORT, PORT_BY_HOST_NETWORK, object_str(host, SLOT_NAME), id,
		       NULL) +
	       model_count(model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_NETWORK,
		       uuid_format(object_id(host), host_id), id, NULL);
}

struct host_set {
	const struct model *model;
	GHashTable *names; /* that have been looked at */
	GHashTable *ids;
};

static void add_host(struct host_set *set, const struct object *object, unsigned slot)
{
	const char *name = object_str(object, slot);
	const struct object *host;

	if (!*name || !g_hash_table_add(set->names, (gpointer)name))
		return;
	host = model_first(set->model, KIND_HOST, HOST_BY_NAME, name, NULL);
	if (host)
		g_hash_table_add(set->ids, g_memdup2(object_id(host), sizeof(struct uuid)));
}

static void add_by_ports(struct host_set *set, const struct uuid *network)
{
	const struct object *object;
	struct model_iter iter;
	char id[UUID_STRLEN];

	uuid_format(network, id);
	model_iter_init(&iter, set->model, KIND_PORT, PORT_BY_NETWORK, id, NULL);
	while ((object = model_iter_next(&iter)))
		add_host(set, object, PORT_HOST_ID);
	model_iter_init(&iter, set->model, KIND_PORT_BINDING, PORT_BINDING_BY_NETWORK, id, NULL);
	while ((object = model_iter_next(&iter)))
		add_host(set, object, PORT_BINDING_HOST);
}

static void add_by_gateway(struct host_set *set, const struct uuid *router)
{
	g_autoptr(GArray) hosts = gateway_hosts(model_get(set->model, KIND_ROUTER, router));

	for (guint i = 0; i < hosts->len; i++)
		g_hash_table_add(set->ids,
			g_memdup2(&g_array_index(hosts, struct uuid, i), sizeof(struct uuid)));
}

GHashTable *reach_hosts(const struct model *model, const struct reach *reach)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	struct host_set set = { model, names,
		g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL) };

	for (guint i = 0; i < reach->nodes->len; i++) {
		const struct reached *node = &g_array_index(reach->nodes, struct reached, i);

		(node->is_router ? add_by_gateway : add_by_ports)(&set, &node->id);
	}
	return set.ids;
}
