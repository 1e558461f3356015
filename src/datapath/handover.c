/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of a port that moves: read out of the tables of the host that it leaves, and put
 * into those of the host that it goes to. What is put has no verdict: its next packet, from
 * whichever side, is judged by the rules as they are there, as after any change of configuration.
 * Half open connections stay behind; who opens one tries again.
 */
#include <errno.h>
#include <string.h>

#include "datapath/internal.h"
#include "edge.skel.h"

#define BATCH 1024

static const struct {
	u8 state;
} states[] = {
	[DP_CONNECTION_ESTABLISHED] = { FLOW_ESTABLISHED },
	[DP_CONNECTION_CONNECTED] = { FLOW_CONNECTED },
	[DP_CONNECTION_HALF_CLOSED] = { FLOW_HALF_CLOSED },
};

static bool state_of(const struct flow *flow, enum dp_connection_state *ret)
{
	for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
		if (states[i].state == flow->state) {
			*ret = (enum dp_connection_state)i;
			return flow->flags & FLOW_TRACKED;
		}
	return false;
}

static const struct {
	u8 flag, carried;
} flags[] = {
	{ FLOW_BY_REMOTE, DP_CONNECTION_BY_REMOTE },
	{ FLOW_FIN_LOCAL, DP_CONNECTION_FIN_LOCAL },
	{ FLOW_FIN_REMOTE, DP_CONNECTION_FIN_REMOTE },
};

static bool read_flow(
	const struct flow *flow, u32 kind, u32 ports, u32 now, struct dp_connection *ret)
{
	u32 idle = now - flow->seen;

	if (!state_of(flow, &ret->state))
		return false;
	ret->proto = (u8)kind;
	ret->guest_port = GUINT16_FROM_BE((u16)ports);
	ret->remote_port = GUINT16_FROM_BE((u16)(ports >> 16));
	ret->idle_s = (s32)idle > 0 ? idle : 0;
	ret->expects = GUINT32_FROM_BE(flow->ack);
	ret->window = flow->window;
	ret->window_scale = flow->window_scale;
	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
		if (flow->flags & flags[i].flag)
			ret->flags |= flags[i].carried;
	if (flow->beside)
		ret->flags |= DP_CONNECTION_BESIDE;
	return true;
}

static struct ip ip4_of(be32 address)
{
	struct ip ip = { .family = 4 };

	memcpy(ip.b, &address, 4);
	return ip;
}

static struct ip ip6_of(const struct addr *address)
{
	struct ip ip = { .family = 6 };

	memcpy(ip.b, address->b, 16);
	return ip;
}

struct reading {
	u32 port_id, now;
	dp_connection_fn fn;
	void *data;
};

static void read_entry(
	const struct reading *reading, u8 family, const void *key, const struct flow *flow)
{
	struct dp_connection connection = { 0 };
	const struct flow_key4 *key4 = key;
	const struct flow_key6 *key6 = key;

	/* both begin with these two */
	if (key4->scope != reading->port_id || key4->kind >> 8 != FLOW_FROM_GUEST ||
		!read_flow(flow, key4->kind, family == 4 ? key4->ports : key6->ports, reading->now,
			&connection))
		return;
	connection.guest = family == 4 ? ip4_of(key4->src) : ip6_of(&key6->src);
	connection.remote = family == 4 ? ip4_of(key4->dst) : ip6_of(&key6->dst);
	reading->fn(&connection, reading->data);
}

static void read_table(const struct reading *reading, struct bpf_map *map, u8 family)
{
	size_t key_size = bpf_map__key_size(map);
	g_autofree u8 *keys = g_malloc_n(BATCH, key_size);
	g_autofree struct flow *flows = g_new(struct flow, BATCH);
	u32 cursor = 0, count;
	bool first = true;
	int rc;

	do {
		count = BATCH;
		rc = bpf_map_lookup_batch(bpf_map__fd(map), first ? NULL : &cursor, &cursor, keys,
			flows, &count, NULL);
		if (rc && errno != ENOENT)
			return;
		for (u32 i = 0; i < count; i++)
			read_entry(reading, family, &keys[i * key_size], &flows[i]);
		first = false;
	} while (!rc);
}

bool dp_connections_each(
	struct dp *dp, u32 ifindex, dp_connection_fn fn, void *data, GError **error)
{
	struct reading reading = { .now = ticks_now(), .fn = fn, .data = data };
	struct port port;

	if (!table_get(dp, TABLE_PORTS, &ifindex, &port))
		return weft_fail(
			error, NOT_FOUND, "Device %u is no port of the edge switch.", ifindex);
	reading.port_id = port.id;
	if (connections_of_port(dp, port.id, NULL) <= 0)
		return true;
	read_table(&reading, dp->edge->maps.flows4, 4);
	read_table(&reading, dp->edge->maps.flows6, 6);
	return true;
}

static struct flow flow_from(const struct dp_connection *connection)
{
	struct flow flow = { .seen = ticks_now() - connection->idle_s,
		.state = states[connection->state].state & 7u,
		.flags = FLOW_TRACKED | FLOW_REPLIED,
		.ack = GUINT32_TO_BE(connection->expects),
		.window = connection->window,
		.window_scale = connection->window_scale & 15u,
		.beside = (connection->flags & DP_CONNECTION_BESIDE) != 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
		if (connection->flags & flags[i].carried)
			flow.flags |= flags[i].flag;
	return flow;
}

static struct bpf_map *entry_key(
	struct dp *dp, u32 port_id, const struct dp_connection *connection, struct flow_key6 *ret)
{
	u32 kind = FLOW_KIND(connection->proto, (u32)FLOW_FROM_GUEST);
	u32 ports = (u32)GUINT16_TO_BE(connection->guest_port) |
		    (u32)GUINT16_TO_BE(connection->remote_port) << 16;
	struct flow_key4 key4 = { .scope = port_id, .kind = kind, .ports = ports };

	if (connection->guest.family == 4) {
		memcpy(&key4.src, connection->guest.b, 4);
		memcpy(&key4.dst, connection->remote.b, 4);
		memcpy(ret, &key4, sizeof(key4));
		return dp->edge->maps.flows4;
	}
	*ret = (struct flow_key6){ .scope = port_id, .kind = kind, .ports = ports };
	memcpy(ret->src.b, connection->guest.b, 16);
	memcpy(ret->dst.b, connection->remote.b, 16);
	return dp->edge->maps.flows6;
}

/* By rules of its own, the provider's or those of routers' ports. */
static bool is_filtered(const struct port *port)
{
	return port->policy || port->flags & (EDGE_PORT_TIERS | EDGE_PORT_GUARDED);
}

/* One that has gone on here meanwhile is newer than what was sent; but what was taken for an
 * opening, because the connection was not known yet, gives way. */
bool dp_connection_put(
	struct dp *dp, u32 ifindex, const struct dp_connection *connection, GError **error)
{
	struct flow flow = flow_from(connection), old;
	struct flow_key6 key;
	struct bpf_map *map;
	struct port port;
	bool tracked;

	if (!table_get(dp, TABLE_PORTS, &ifindex, &port))
		return weft_fail(
			error, NOT_FOUND, "Device %u is no port of the edge switch.", ifindex);
	map = entry_key(dp, port.id, connection, &key);
	tracked = !bpf_map_lookup_elem(bpf_map__fd(map), &key, &old) && old.flags & FLOW_TRACKED;
	if (!is_filtered(&port) || (tracked && old.state != FLOW_NEW))
		return true;
	if (!tracked && connections_of_port(dp, port.id, NULL) >= (s64)dp->host.connections_max)
		return weft_fail(error, OVER_QUOTA,
			"the port has as many tracked connections as a port may have");
	if (bpf_map_update_elem(bpf_map__fd(map), &key, &flow, BPF_ANY))
		return weft_fail_errno(error, errno, "Can't take over a connection");
	connections_count_gone(dp, port.id, tracked ? 0 : -1, tracked ? 1 : 0);
	return true;
}
