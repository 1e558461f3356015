/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counts per port: packets and bytes of both directions, per CPU, by dense port id. GSO packets
 * count as the packets they become. */
#pragma once

#include "trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32);
	__type(value, struct counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_EVENTS);
	__type(key, u32);
	__type(value, u64);
} events SEC(".maps");

static __always_inline u32 packets_of(const struct __sk_buff *skb)
{
	u32 segments = skb->gso_segs;

	return segments ? segments : 1;
}

static __always_inline void count_rx(const struct __sk_buff *skb, u32 port_id)
{
	struct counters *c = bpf_map_lookup_elem(&counters, &port_id);

	if (c && !tracing(skb)) {
		c->rx_packets += packets_of(skb);
		c->rx_bytes += skb->len;
	}
}

static __always_inline void count_tx(const struct __sk_buff *skb, u32 port_id)
{
	struct counters *c = bpf_map_lookup_elem(&counters, &port_id);

	if (c && !tracing(skb)) {
		c->tx_packets += packets_of(skb);
		c->tx_bytes += skb->len;
	}
}

static __always_inline void count_event(const struct __sk_buff *skb, u32 event)
{
	u64 *n = bpf_map_lookup_elem(&events, &event);

	if (n && !tracing(skb))
		(*n)++;
}
