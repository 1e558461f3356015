/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flow entries: connection state and forwarding cache in one, an entry per direction. The verdict
 * in an entry holds as long as its epoch is the host's; a stale one is evaluated again by its next
 * packet and keeps its state. IPv4 and IPv6 have a table each, because hashing costs by the length
 * of the key.
 */
#pragma once

#include "counters.h"
#include "host.h"
#include "pkt.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct flow_key4);
	__type(value, struct flow);
} flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct flow_key6);
	__type(value, struct flow);
} flows6 SEC(".maps");

/* Which entries are verdicts alone, with no connection's state: the last that were made, in their
 * order, and how many of them have been given up for connections (flow_room.h). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_VERDICTS_MAX);
	__type(key, u32);
	__type(value, struct flow_key4);
} verdicts4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_VERDICTS_MAX);
	__type(key, u32);
	__type(value, struct flow_key6);
} verdicts6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32); /* 0: IPv4, 1: IPv6 */
	__type(value, struct verdict_lines);
} verdict_lines SEC(".maps");

static __always_inline struct flow_key4 flow_key4(const struct pkt *pkt, u32 scope, u8 direction)
{
	return (struct flow_key4){ .scope = scope,
		.kind = FLOW_KIND(pkt->proto, (u32)direction),
		.src = pkt->src.w[3],
		.dst = pkt->dst.w[3],
		.ports = pkt->ports };
}

static __always_inline struct flow_key6 flow_key6(const struct pkt *pkt, u32 scope, u8 direction)
{
	return (struct flow_key6){ .scope = scope,
		.kind = FLOW_KIND(pkt->proto, (u32)direction),
		.src = pkt->src,
		.dst = pkt->dst,
		.ports = pkt->ports };
}

static __always_inline struct flow *flow_get(const struct pkt *pkt, u32 scope, u8 direction)
{
	if (pkt->family == 4) {
		struct flow_key4 key = flow_key4(pkt, scope, direction);

		return bpf_map_lookup_elem(&flows4, &key);
	} else {
		struct flow_key6 key = flow_key6(pkt, scope, direction);

		return bpf_map_lookup_elem(&flows6, &key);
	}
}

/* Whether the entry's verdict holds for this packet: the configuration is the same, and so are both
 * MACs. */
static __always_inline bool flow_is_current(
	const struct flow *flow, const struct host *host, const struct pkt *pkt)
{
	return flow->epoch == host->epoch && flow->macs[0] == pkt->macs[0] &&
	       flow->macs[1] == pkt->macs[1] && flow->macs[2] == pkt->macs[2];
}

/* Keeps the entry alive and its state current. Writes only when something changed, so that CPUs
 * that share the entry do not fight for its cache line. */
static __always_inline void flow_touch(struct flow *flow, const struct pkt *pkt)
{
	u32 now = tick_now();

	if (unlikely(flow->seen != now))
		flow->seen = now;
	if (unlikely(flow->flags & FLOW_TRACKED))
		return;
	if (unlikely(pkt->flags & (PKT_OPENING | PKT_CLOSING)))
		flow->state = pkt->flags & PKT_CLOSING ? FLOW_CLOSING : FLOW_NEW;
	else if (unlikely(flow->state == FLOW_NEW))
		flow->state = FLOW_ESTABLISHED;
}

/* The next place for a new entry that is a verdict alone. */
static __noinline void flow_line_up(const struct pkt *pkt, u32 scope, u8 direction)
{
	u32 which = pkt->family == 6, at;
	struct verdict_lines *lines = bpf_map_lookup_elem(&verdict_lines, &which);
	struct flow_key4 *key4;
	struct flow_key6 *key6;

	if (!lines)
		return;
	at = (u32)__sync_fetch_and_add(&lines->made, 1) % EDGE_VERDICTS_MAX;
	if (which) {
		key6 = bpf_map_lookup_elem(&verdicts6, &at);
		if (key6)
			*key6 = flow_key6(pkt, scope, direction);
	} else {
		key4 = bpf_map_lookup_elem(&verdicts4, &at);
		if (key4)
			*key4 = flow_key4(pkt, scope, direction);
	}
}

/* What the opener's ACK must acknowledge; 0: not known. Kept in what the entry's output has no use
 * for. */
static __always_inline u32 flow_answer(const struct flow *connection)
{
	return connection->output == FLOW_TO_TUNNEL ? connection->answer : connection->answer_here;
}

static __always_inline void flow_set_answer(struct flow *connection, u32 answer)
{
	if (connection->output == FLOW_TO_TUNNEL)
		connection->answer = answer;
	else
		connection->answer_here = answer;
}

/* The first verdict of an entry that has its connection's state: in place, which is a third of the
 * price of another entry. Nobody reads it before its epoch is there, which comes last. */
static __always_inline void flow_begin(struct flow *entry, const struct flow *verdict)
{
	u32 answer = flow_answer(entry);

	entry->macs[0] = verdict->macs[0];
	entry->macs[1] = verdict->macs[1];
	entry->macs[2] = verdict->macs[2];
	entry->ifindex = verdict->ifindex;
	entry->port_id = verdict->port_id;
	entry->mtu = verdict->mtu;
	entry->vtep = verdict->vtep;
	entry->hash = verdict->hash;
	entry->output = verdict->output;
	memcpy(entry->router, verdict->router, sizeof(entry->router));
	entry->has_router = verdict->has_router;
	flow_set_answer(entry, answer);
	entry->flags = (entry->flags & FLOW_CONNECTION) | verdict->flags;
	entry->watched = verdict->watched;
	barrier();
	*(volatile u32 *)&entry->epoch = verdict->epoch;
}

/* Writes a verdict down, in an entry that keeps its connection's state. If the table is full the
 * packet is forwarded all the same, and so is the next, the slow way. */
__noinline int flow_put(struct __sk_buff *skb, const struct pkt *pkt, u32 scope, u8 direction,
	const struct flow *verdict)
{
	struct flow *old, flow; /* a map takes no value from a caller's memory, says Linux 6.1 */
	long failed;

	if (!pkt || !verdict)
		return 0;
	old = flow_get(pkt, scope, direction);
	if (EDGE_LOADS_IN_ORDER && old && old->flags & FLOW_TRACKED && !old->epoch &&
		verdict->flags & FLOW_TRACKED) {
		flow_begin(old, verdict);
		return 0;
	}
	flow = *verdict;
	flow.seen = tick_now();
	flow.state = pkt->flags & PKT_CLOSING ? FLOW_CLOSING : old ? old->state : FLOW_NEW;
	if (flow.flags & FLOW_TRACKED && (!old || !(old->flags & FLOW_TRACKED)))
		return 0; /* aged away just now */
	/* Where the port has just ceased to track, too: what has been counted is counted out when
	 * it ages. */
	if (old && old->flags & FLOW_TRACKED) {
		flow.state = old->state;
		flow.ack = old->ack;
		flow.window = old->window;
		flow.window_scale = old->window_scale;
		flow.beside = old->beside;
		flow.flags |= old->flags & FLOW_CONNECTION;
		flow_set_answer(&flow, flow_answer(old));
	}
	if (pkt->family == 4) {
		struct flow_key4 key = flow_key4(pkt, scope, direction);

		failed = bpf_map_update_elem(&flows4, &key, &flow, BPF_ANY);
	} else {
		struct flow_key6 key = flow_key6(pkt, scope, direction);

		failed = bpf_map_update_elem(&flows6, &key, &flow, BPF_ANY);
	}
	if (failed)
		count_event(skb, EVENT_FLOW_TABLE_FULL);
	else if (!old && !(flow.flags & FLOW_TRACKED))
		flow_line_up(pkt, scope, direction);
	return 0;
}
