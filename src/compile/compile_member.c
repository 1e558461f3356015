/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts have which networks: a host has those with a port that is bound to it or
 * may move to it, and those that such a port reaches over routers; so has a host that may have a
 * router's gateway. The hosts of a network know each other as its members; one that has it only by
 * a router sends there and is not sent to (`routed`).
 *
 * The count of ports is not kept: the model's indexes know how many a host has on a network
 * now, the change-set knows how many more or fewer these are than before. Only a first or a last
 * port, other tunnels, or an interface that comes or goes is looked at further, and then the part
 * of the networks that routers join there.
 */
#include "compile/compilation.h"
#include "compile/reach.h"
#include "compile/records.h"

#include "model/port/dhcp_binding.h"
#include "model/router/gateway_hosts.h"
#include "model/host/host.h"
#include "model/port/port.h"

/* A host and how many ports it has on each network of a part, on both sides. Of a router: one, when
 * the host may have its gateway. */
struct tally {
	const struct object *was, *now; /* the host */
	struct uuid host;
	int *ports[N_REACH_SIDES];   /* by node */
	int *in_part[N_REACH_SIDES]; /* sums by number of the part */
};

static void count_network(
	const struct compilation *c, struct tally *tally, const struct uuid *network, guint i)
{
	struct pair key = { .host = tally->host, .network = *network };
	const struct pair *pair = g_hash_table_lookup(c->pairs, &key);

	tally->ports[REACH_AFTER][i] =
		(int)reach_ports(c->model, tally->now ?: tally->was, network);
	tally->ports[REACH_BEFORE][i] = tally->ports[REACH_AFTER][i] - (pair ? pair->delta : 0);
}

static void count_gateway(
	const struct compilation *c, struct tally *tally, const struct uuid *router, guint i)
{
	tally->ports[REACH_BEFORE][i] =
		gateway_hosts_include(compile_old(c, KIND_ROUTER, router), &tally->host);
	tally->ports[REACH_AFTER][i] =
		gateway_hosts_include(model_get(c->model, KIND_ROUTER, router), &tally->host);
}

static void count_ports(const struct compilation *c, const struct reach *reach, struct tally *tally)
{
	for (guint i = 0; i < reach->nodes->len; i++) {
		const struct reached *node = &g_array_index(reach->nodes, struct reached, i);

		(node->is_router ? count_gateway : count_network)(c, tally, &node->id, i);
		for (enum reach_side side = 0; side < N_REACH_SIDES; side++)
			tally->in_part[side][node->part[side]] += tally->ports[side][i];
	}
}

/* Did the host answer the network's DHCP before? */
static bool did_dhcp(
	const struct compilation *c, const struct uuid *host, const struct uuid *network)
{
	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct change *change = &c->changes->changes[i];
		const struct object *any = change->old ? change->old : change->new;
		struct uuid its_host, its_network;

		if (change->kind == KIND_DHCP_BINDING &&
			object_uuid(any, DHCP_BINDING_HOST_ID, &its_host) &&
			object_uuid(any, DHCP_BINDING_NETWORK_ID, &its_network) &&
			uuid_equal(&its_host, host) && uuid_equal(&its_network, network))
			return !change->old || object_bool(change->old, DHCP_BINDING_SERVED);
	}
	return member_dhcp(c->model, host, network);
}

static unsigned traits(bool has_ports, bool dhcp)
{
	return (has_ports ? 0 : MEMBER_ROUTED) | (dhcp ? 0 : MEMBER_WITHOUT_DHCP);
}

/* A gain or a loss, or neither. */
static void compile_scope_interest(struct compilation *c, const struct tally *tally,
	const struct reached *node, bool before, bool after)
{
	if (before != after)
		compile_interest(c, after ? INTEREST_GAIN : INTEREST_LOSE, &tally->host,
			node->is_router ? SCOPE_ROUTER : SCOPE_NETWORK, &node->id);
}

static void compile_router(
	struct compilation *c, const struct tally *tally, const struct reached *router)
{
	bool before = tally->in_part[REACH_BEFORE][router->part[REACH_BEFORE]];
	bool after = tally->in_part[REACH_AFTER][router->part[REACH_AFTER]];

	compile_scope_interest(c, tally, router, before && compile_old(c, KIND_ROUTER, &router->id),
		after && model_get(c->model, KIND_ROUTER, &router->id));
}

static void compile_member(
	struct compilation *c, const struct tally *tally, const struct reached *network, guint i)
{
	bool before = tally->in_part[REACH_BEFORE][network->part[REACH_BEFORE]];
	bool after = tally->in_part[REACH_AFTER][network->part[REACH_AFTER]];
	char id[RECORD_ID_STRLEN];

	if (before && tally->was)
		record_member(&network->id, tally->was,
			traits(tally->ports[REACH_BEFORE][i],
				did_dhcp(c, &tally->host, &network->id)) |
				member_unconnected(
					compile_old(c, KIND_NETWORK, &network->id), tally->was),
			c->before);
	if (after && tally->now)
		record_member(&network->id, tally->now,
			traits(tally->ports[REACH_AFTER][i],
				member_dhcp(c->model, &tally->host, &network->id)) |
				member_unconnected(model_get(c->model, KIND_NETWORK, &network->id),
					tally->now),
			c->after);
	compile_difference(c, SCOPE_NETWORK, &network->id, "member",
		member_id(&network->id, &tally->host, id));
	compile_scope_interest(c, tally, network, before, after);
}

static void compile_host(struct compilation *c, const struct reach *reach, const struct uuid *host)
{
	guint n = reach->nodes->len;
	g_autofree int *counts = g_new0(int, 2 * (n + reach->n_parts));
	struct tally tally = { .was = compile_old(c, KIND_HOST, host),
		.now = model_get(c->model, KIND_HOST, host),
		.host = *host,
		.ports = { counts, counts + n },
		.in_part = { counts + 2 * n, counts + 2 * n + reach->n_parts } };

	count_ports(c, reach, &tally);
	for (guint i = 0; i < n; i++) {
		const struct reached *node = &g_array_index(reach->nodes, struct reached, i);

		if (node->is_router)
			compile_router(c, &tally, node);
		else
			compile_member(c, &tally, node, i);
	}
}

static bool is_in(const struct reach *reach, const struct uuid *id)
{
	for (guint i = 0; i < reach->nodes->len; i++)
		if (uuid_equal(&g_array_index(reach->nodes, struct reached, i).id, id))
			return true;
	return false;
}

/* The hosts for which something may change: all of the part when its interfaces do. */
static GHashTable *hosts_of(const struct compilation *c, const struct reach *reach)
{
	GHashTable *hosts = reach->edges_changed
				    ? reach_hosts(c->model, reach)
				    : g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	GHashTableIter iter;
	struct pair *pair;

	g_hash_table_iter_init(&iter, c->pairs);
	while (g_hash_table_iter_next(&iter, (gpointer *)&pair, NULL))
		if (is_in(reach, &pair->network))
			g_hash_table_add(hosts, g_memdup2(&pair->host, sizeof(pair->host)));
	for (guint i = 0; i < c->roles->len; i++) {
		const struct gateway_role *role = &g_array_index(c->roles, struct gateway_role, i);

		if (is_in(reach, &role->router))
			g_hash_table_add(hosts, g_memdup2(&role->host, sizeof(role->host)));
	}
	return hosts;
}

typedef struct reach *(*reach_fn)(
	const struct model *model, const GArray *edges, const struct uuid *start);

/* Compiles what @start reaches, unless that was done from another node of it. */
static void compile_part(struct compilation *c, const GArray *edges, reach_fn from,
	const struct uuid *start, GHashTable *done)
{
	g_autoptr(GHashTable) hosts = NULL;
	g_autoptr(reach) reach = NULL;
	GHashTableIter iter;
	gpointer host;

	if (g_hash_table_contains(done, start))
		return;
	reach = from(c->model, edges, start);
	for (guint i = 0; i < reach->nodes->len; i++)
		g_hash_table_add(done, g_memdup2(&g_array_index(reach->nodes, struct reached, i).id,
					       sizeof(struct uuid)));
	hosts = hosts_of(c, reach);
	g_hash_table_iter_init(&iter, hosts);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		compile_host(c, reach, host);
}

/* Neither its first nor its last port, and nothing else of it changes. */
static bool is_indifferent(const struct compilation *c, const struct pair *pair)
{
	const struct object *host = model_get(c->model, KIND_HOST, &pair->host);
	int now;

	if (!host || pair->changed)
		return false;
	now = (int)reach_ports(c->model, host, &pair->network);
	return (now > 0) == (now - pair->delta > 0);
}

void compile_members(struct compilation *c)
{
	g_autoptr(GHashTable) done = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	g_autoptr(GArray) edges = reach_edges(c->changes);
	GHashTableIter iter;
	struct pair *pair;

	for (guint i = 0; i < edges->len; i++) {
		const struct edge *edge = &g_array_index(edges, struct edge, i);

		if (edge->before != edge->after)
			compile_part(c, edges, reach_from, &edge->network, done);
	}
	for (guint i = 0; i < c->roles->len; i++)
		compile_part(c, edges, reach_from_router,
			&g_array_index(c->roles, struct gateway_role, i).router, done);
	g_hash_table_iter_init(&iter, c->pairs);
	while (g_hash_table_iter_next(&iter, (gpointer *)&pair, NULL))
		if (!is_indifferent(c, pair))
			compile_part(c, edges, reach_from, &pair->network, done);
}
