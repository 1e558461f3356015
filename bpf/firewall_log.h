/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the firewall tells of its decisions, for the ports that have a log: each connection that it
 * lets begin, and each packet that it drops, as far as the port's limit allows; the rest is
 * counted. Other ports pay a test of two bits, on the slow path.
 */
#pragma once

#include "drop.h"
#include "pkt.h"

#define EDGE_PORT_LOG (EDGE_PORT_LOG_ACCEPT | EDGE_PORT_LOG_DROP)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32); /* port id */
	__type(value, struct event_limit);
} log_limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} log_events SEC(".maps");

/* What the rules have said of the packet at hand; empty between packets. */
struct judgement {
	u32 decision;
	u32 begins; /* a connection, or the packet is judged by itself */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct judgement);
} judgements SEC(".maps");

static __always_inline struct judgement *judgement_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&judgements, &zero);
}

/* Keeps what the rules say for the log. */
static __always_inline void judgement_note(const struct port *port, u32 decision, bool begins)
{
	struct judgement *judgement;

	if (likely(!(port->flags & EDGE_PORT_LOG)))
		return;
	judgement = judgement_get();
	if (judgement)
		*judgement = (struct judgement){ decision, begins };
}

/* Whether one more event may be told; if not, it is counted. */
static __always_inline bool log_allows(struct event_limit *limit, u64 now)
{
	u64 at = limit->at_ns;

	if (at < now)
		at = now;
	if (at - now <= limit->burst_ns) {
		limit->at_ns = at + limit->interval_ns;
		return true;
	}
	__sync_fetch_and_add(&limit->suppressed, 1);
	return false;
}

/* All but the port, the rule, and what is of a guard alone. */
static __always_inline void log_fill(struct log_event *event, const struct __sk_buff *skb,
	const struct pkt *pkt, u32 direction, int reason)
{
	event->time_ns = bpf_ktime_get_ns();
	event->len = skb->len;
	event->reason = (u16)reason;
	event->dropped = reason != 0;
	event->direction = (u8)direction;
	event->eth_type = pkt->eth_type;
	event->family = pkt->family;
	event->proto = pkt->proto;
	event->sport = (be16)pkt->ports;
	event->dport = (be16)(pkt->ports >> 16);
	event->icmp_type = pkt->icmp_type;
	event->icmp_code = pkt->icmp_code;
	event->tcp_flags = pkt->tcp_flags;
	event->later_fragment = !!(pkt->flags & PKT_LATER_FRAGMENT);
	event->src = pkt->src;
	event->dst = pkt->dst;
	memcpy(event->macs, pkt->macs, sizeof(event->macs));
	event->is_guard = 0;
	memset(event->guard, 0, sizeof(event->guard));
}

/* @answer: the firewall's, negative if it drops. The packet's judgement is forgotten. */
__noinline int firewall_log(
	struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction, int answer)
{
	struct judgement *judgement = judgement_get(), judged;
	struct log_event *event;
	struct event_limit *limit;
	u32 id;

	if (!port || !pkt || !judgement)
		return 0;
	judged = *judgement;
	*judgement = (struct judgement){ 0 };
	if (tracing(skb) || (answer >= 0 && !judged.begins) ||
		!(port->flags & (answer < 0 ? EDGE_PORT_LOG_DROP : EDGE_PORT_LOG_ACCEPT)))
		return 0;
	id = port->id;
	limit = bpf_map_lookup_elem(&log_limits, &id);
	if (!limit || !log_allows(limit, bpf_ktime_get_ns()))
		return 0;
	event = bpf_ringbuf_reserve(&log_events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&limit->suppressed, 1);
		return 0;
	}
	/* a rule that let it through has no part in what drops it then */
	event->decision = answer < 0 && !(judged.decision & RULE_DENY) ? 0 : judged.decision;
	event->ifindex = port->ifindex;
	memcpy(event->port, port->uuid, sizeof(event->port));
	log_fill(event, skb, pkt, direction, answer < 0 ? -answer : 0);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
