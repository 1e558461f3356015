/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state of connections at a port's firewall. It lives in the flow entry of what the port's
 * guest sends in it: such an entry is looked up for every packet of the guest anyway, and found for
 * a packet to the guest by the same key turned round. Where the other side opened, the entry is
 * there first with no verdict (epoch 0), and gets one when the guest answers.
 *
 *             opener        answer (TCP: … and opener's ACK)        FIN            FIN of the other
 *   (none) ─────────► NEW ─────────► ESTABLISHED · CONNECTED ──► HALF_CLOSED ──► CLOSING ─► (aged)
 *                      │                             │    ▲                       ▲
 *                      └──── reset ──────────────────┴────┼───────────────────────┘
 *                                            the guest goes on: it did not believe the reset
 *
 * Whatever changes a state takes the slow path: openings, closings, and all of TCP before it is
 * connected, of which no verdict is written. So the fast path needs no more than its two lookups,
 * except that once a tick it refreshes the state at a local receiver; a state that has gone takes
 * the verdict with it. A TCP connection that is found open (the table lost it, or the port has just
 * got a policy) is judged like a new one and must prove itself in the same way.
 *
 * Only the agent removes entries (src/datapath/flows.c).
 */
#pragma once

#include "flow.h"

#define RESET_WINDOW (16u << 20) /* how far behind the guest's last ACK a reset may be */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32);
	__type(value, struct connections);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32);
	__type(value, struct connections_gone);
} connections_gone SEC(".maps");

/* The keys of what the guest of a packet's receiver would send back. */
static __always_inline struct flow_key4 answer_key4(const struct pkt *pkt, u32 port_id)
{
	return (struct flow_key4){ .scope = port_id,
		.kind = FLOW_KIND(pkt->proto, (u32)FLOW_FROM_GUEST),
		.src = pkt->dst.w[3],
		.dst = pkt->src.w[3],
		.ports = pkt->ports >> 16 | pkt->ports << 16 };
}

static __always_inline struct flow_key6 answer_key6(const struct pkt *pkt, u32 port_id)
{
	return (struct flow_key6){ .scope = port_id,
		.kind = FLOW_KIND(pkt->proto, (u32)FLOW_FROM_GUEST),
		.src = pkt->dst,
		.dst = pkt->src,
		.ports = pkt->ports >> 16 | pkt->ports << 16 };
}

/* The port's entry for the connection of a packet in @direction, tracked or not. */
static __always_inline struct flow *connection_get(
	const struct pkt *pkt, u32 port_id, u32 direction)
{
	if (direction == RULE_EGRESS)
		return flow_get(pkt, port_id, FLOW_FROM_GUEST);
	if (pkt->family == 4) {
		struct flow_key4 key = answer_key4(pkt, port_id);

		return bpf_map_lookup_elem(&flows4, &key);
	} else {
		struct flow_key6 key = answer_key6(pkt, port_id);

		return bpf_map_lookup_elem(&flows6, &key);
	}
}

static __always_inline long connection_store(
	const struct pkt *pkt, u32 port_id, u32 direction, const struct flow *flow)
{
	if (pkt->family == 4) {
		struct flow_key4 key = direction == RULE_EGRESS
					       ? flow_key4(pkt, port_id, FLOW_FROM_GUEST)
					       : answer_key4(pkt, port_id);

		return bpf_map_update_elem(&flows4, &key, flow, BPF_ANY);
	} else {
		struct flow_key6 key = direction == RULE_EGRESS
					       ? flow_key6(pkt, port_id, FLOW_FROM_GUEST)
					       : answer_key6(pkt, port_id);

		return bpf_map_update_elem(&flows6, &key, flow, BPF_ANY);
	}
}

/* Once a tick of a verdict: keeps the state at the receiver alive; false if there is none any more.
 */
static __noinline bool connection_touch(const struct pkt *pkt, u32 port_id)
{
	struct flow *connection = connection_get(pkt, port_id, RULE_INGRESS);

	if (!connection || !(connection->flags & FLOW_TRACKED))
		return false;
	connection->seen = tick_now();
	return true;
}

/* Whether the fast path may forward a packet by this verdict, as far as firewalls are concerned;
 * does what they want done with it. */
static __always_inline bool connection_goes_on(struct flow *flow, const struct pkt *pkt)
{
	if (likely(!(flow->flags & (FLOW_TRACKED | FLOW_TO_TRACKED))))
		return true;
	if (pkt->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))
		return false;
	if (flow->flags & FLOW_TRACKED && flow->ack != pkt->ack)
		flow->ack = pkt->ack;
	return !(flow->flags & FLOW_TO_TRACKED) || flow->seen == tick_now() ||
	       connection_touch(pkt, flow->port_id);
}

/* Counts one more connection of the port, half open; 0, or the reason to drop. @again: it takes the
 * place of an old one. */
static __always_inline int connection_count(const struct host *host, u32 port_id, bool again)
{
	struct connections *made = bpf_map_lookup_elem(&connections, &port_id);
	const struct connections_gone *gone = bpf_map_lookup_elem(&connections_gone, &port_id);

	if (!made || !gone)
		return DROP_INTERNAL;
	if (!again && (s64)(made->made - gone->gone) >= (s64)host->connections_max)
		return DROP_CONNECTION_QUOTA;
	if ((s64)(made->half_open - made->settled - gone->half_open) >= (s64)host->half_open_max)
		return DROP_HALF_OPEN_QUOTA;
	if (!again)
		__sync_fetch_and_add(&made->made, 1);
	__sync_fetch_and_add(&made->half_open, 1);
	return 0;
}

static __always_inline void connection_settle(struct flow *connection, u32 port_id, u8 state)
{
	struct connections *made;

	if (connection->state == FLOW_NEW) {
		made = bpf_map_lookup_elem(&connections, &port_id);
		if (made)
			__sync_fetch_and_add(&made->settled, 1);
	}
	connection->state = state;
}

/* Writes down that a connection was opened in @direction; 0, or the reason to drop. @seq: the
 * sequence number, host order. */
__noinline int connection_make(struct pkt *pkt, u32 port_id, u32 direction, u32 seq)
{
	struct flow flow = { 0 }, *old;
	const struct host *host = host_get();
	bool again;
	int reason;

	if (!pkt || !host)
		return DROP_INTERNAL;
	old = connection_get(pkt, port_id, direction);
	again = old && old->flags & FLOW_TRACKED;
	if (again)
		connection_settle(old, port_id, FLOW_CLOSING);
	reason = connection_count(host, port_id, again);
	if (reason)
		return reason;
	flow.seen = tick_now();
	flow.state = FLOW_NEW;
	flow.flags = FLOW_TRACKED | (direction == RULE_INGRESS ? FLOW_BY_REMOTE : 0);
	flow.ack = direction == RULE_INGRESS ? bpf_htonl(seq) : pkt->ack;
	if (!connection_store(pkt, port_id, direction, &flow))
		return 0;
	if (!again) { /* it was not made after all */
		struct connections *made = bpf_map_lookup_elem(&connections, &port_id);

		if (made) {
			__sync_fetch_and_add(&made->made, -1);
			__sync_fetch_and_add(&made->half_open, -1);
		}
	}
	return DROP_CONNECTION_TABLE;
}

/* A reset must be where the guest expects the next byte, or a bit behind; one in the wrong place is
 * somebody's guess. */
static __always_inline bool reset_is_in_window(const struct flow *connection, u32 seq)
{
	return seq - bpf_ntohl(connection->ack) < RESET_WINDOW;
}

/* What a TCP segment does to its connection; 0, or the reason to drop. */
static __always_inline int connection_segment(struct flow *connection, const struct pkt *pkt,
	u32 port_id, u32 direction, bool reply, u32 seq)
{
	const u8 fins = FLOW_FIN_LOCAL | FLOW_FIN_REMOTE;
	bool egress = direction == RULE_EGRESS;

	if (pkt->tcp_flags & TCP_RST) {
		if (!egress && !reset_is_in_window(connection, seq))
			return DROP_TCP_RESET;
		connection_settle(connection, port_id, FLOW_CLOSING);
		connection->epoch = 0;
		return 0;
	}
	if (egress && pkt->tcp_flags & TCP_ACK)
		connection->ack = pkt->ack;
	if (reply)
		connection->flags |= FLOW_REPLIED;
	if (pkt->tcp_flags & TCP_FIN) {
		connection->flags |= egress ? FLOW_FIN_LOCAL : FLOW_FIN_REMOTE;
		connection_settle(connection, port_id,
			(connection->flags & fins) == fins ? FLOW_CLOSING : FLOW_HALF_CLOSED);
		connection->epoch = 0;
	} else if (connection->state == FLOW_NEW) {
		if (!reply && connection->flags & FLOW_REPLIED && !(pkt->tcp_flags & TCP_SYN))
			connection_settle(connection, port_id, FLOW_CONNECTED);
	} else if (connection->state == FLOW_CLOSING && egress &&
		   (connection->flags & fins) != fins) {
		connection->state = FLOW_CONNECTED;
	}
	return 0;
}
