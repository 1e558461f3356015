/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts have which networks: a host has those with a port that is bound to it or
 * may move to it, and those that such a port reaches over routers. The hosts of a network know each
 * other as its members; one that has it only by a router sends there and is not sent to (`routed`).
 *
 * The count of ports is not kept: the model's indexes know how many a host has on a network
 * now, the change-set knows how many more or fewer these are than before. Only a first or a last
 * port, other tunnels, or an interface that comes or goes is looked at further, and then the part
 * of the networks that routers join there.
 */
#include "compile/compilation.h"
#include "compile/reach.h"
#include "compile/records.h"

#include "model/dhcp_binding.h"
#include "model/host.h"
#include "model/port.h"

/* A host and how many ports it has on each network of a part, on both sides. */
struct tally {
	const struct object *was, *now; /* the host */
	struct uuid host;
	int *ports[N_REACH_SIDES];   /* by network */
	int *in_part[N_REACH_SIDES]; /* sums by number of the part */
};

static void count_ports(const struct compilation *c, const struct reach *reach, struct tally *tally)
{
	const struct object *any = tally->now ? tally->now : tally->was;

	for (guint i = 0; i < reach->networks->len; i++) {
		const struct reached *network = &g_array_index(reach->networks, struct reached, i);
		struct pair key = { .host = tally->host, .network = network->id };
		const struct pair *pair = g_hash_table_lookup(c->pairs, &key);

		tally->ports[REACH_AFTER][i] = (int)reach_ports(c->model, any, &network->id);
		tally->ports[REACH_BEFORE][i] =
			tally->ports[REACH_AFTER][i] - (pair ? pair->delta : 0);
		for (enum reach_side side = 0; side < N_REACH_SIDES; side++)
			tally->in_part[side][network->part[side]] += tally->ports[side][i];
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

static void compile_member(
	struct compilation *c, const struct tally *tally, const struct reached *network, guint i)
{
	bool before = tally->in_part[REACH_BEFORE][network->part[REACH_BEFORE]];
	bool after = tally->in_part[REACH_AFTER][network->part[REACH_AFTER]];
	char id[RECORD_ID_STRLEN];

	if (before && tally->was)
		record_member(&network->id, tally->was,
			traits(tally->ports[REACH_BEFORE][i],
				did_dhcp(c, &tally->host, &network->id)),
			c->before);
	if (after && tally->now)
		record_member(&network->id, tally->now,
			traits(tally->ports[REACH_AFTER][i],
				member_dhcp(c->model, &tally->host, &network->id)),
			c->after);
	compile_difference(c, SCOPE_NETWORK, &network->id, "member",
		member_id(&network->id, &tally->host, id));
	if (before != after)
		compile_interest(c, after ? INTEREST_GAIN : INTEREST_LOSE, &tally->host,
			SCOPE_NETWORK, &network->id);
}

static void compile_host(struct compilation *c, const struct reach *reach, const struct uuid *host)
{
	guint n = reach->networks->len;
	g_autofree int *counts = g_new0(int, 2 * (n + reach->n_parts));
	struct tally tally = { .was = compile_old(c, KIND_HOST, host),
		.now = model_get(c->model, KIND_HOST, host),
		.host = *host,
		.ports = { counts, counts + n },
		.in_part = { counts + 2 * n, counts + 2 * n + reach->n_parts } };

	count_ports(c, reach, &tally);
	for (guint i = 0; i < n; i++)
		compile_member(c, &tally, &g_array_index(reach->networks, struct reached, i), i);
}

static bool is_in(const struct reach *reach, const struct uuid *network)
{
	for (guint i = 0; i < reach->networks->len; i++)
		if (uuid_equal(&g_array_index(reach->networks, struct reached, i).id, network))
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
	return hosts;
}

/* Compiles what @network reaches, unless that was done from another of its networks. */
static void compile_part(
	struct compilation *c, const GArray *edges, const struct uuid *network, GHashTable *done)
{
	g_autoptr(GHashTable) hosts = NULL;
	g_autoptr(reach) reach = NULL;
	GHashTableIter iter;
	gpointer host;

	if (g_hash_table_contains(done, network))
		return;
	reach = reach_from(c->model, edges, network);
	for (guint i = 0; i < reach->networks->len; i++)
		g_hash_table_add(
			done, g_memdup2(&g_array_index(reach->networks, struct reached, i).id,
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
			compile_part(c, edges, &edge->network, done);
	}
	g_hash_table_iter_init(&iter, c->pairs);
	while (g_hash_table_iter_next(&iter, (gpointer *)&pair, NULL))
		if (!is_indifferent(c, pair))
			compile_part(c, edges, &pair->network, done);
}
