/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames for the agent: a ring buffer that it reads. Limited per port, so that no guest can keep it
 * busy. */
#pragma once

#include "drop.h"
#include "limit.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} punts SEC(".maps");

/* What the agent answers at an address of the network. */
#define PORT_DNS 53
#define PORT_METADATA 80

/* The addresses that it asks guests as whether they are well; what they answer is for it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct neighbour_key);
	__type(value, u32);
} probes SEC(".maps");

/* Gives the frame to the agent; the verdict. */
static __noinline int punt(struct __sk_buff *skb, const struct port *port, u32 reason)
{
	u32 len = skb->len;
	struct punt *punt;

	trace(skb, STEP_PUNT, reason, 0, NULL, NULL);
	if (tracing(skb))
		return CONSUMED;
	if (!limit_allows(port->id, LIMIT_PUNT))
		return drop(skb, port->id, DROP_PUNT_RATE);
	if (len > EDGE_PUNT_FRAME_MAX)
		len = EDGE_PUNT_FRAME_MAX;
	if (len < ETH_HLEN)
		return drop(skb, port->id, DROP_TRUNCATED);
	punt = bpf_ringbuf_reserve(&punts, sizeof(*punt), 0);
	if (!punt)
		return drop(skb, port->id, DROP_PUNT_RATE);
	punt->ifindex = port->ifindex;
	punt->reason = reason;
	punt->len = len;
	punt->identity = port->identity;
	if (bpf_skb_load_bytes(skb, 0, punt->frame, len)) {
		bpf_ringbuf_discard(punt, 0);
		return drop(skb, port->id, DROP_TRUNCATED);
	}
	bpf_ringbuf_submit(punt, 0);
	return CONSUMED;
}
