/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Limits of bandwidth and of packets a second, each an entry of a table that anything may refer to
 * by its id. A limit is the generic cell rate algorithm: one number, the time at which all that has
 * passed will have been worth its rate. A packet moves it on by its cost; it passes as long as that
 * time is no further ahead of now than the limit is deep. So a packet that is larger than the burst
 * passes too, and is paid for afterwards.
 *
 * CPUs share the number by compare-and-swap. A GSO packet costs what it becomes on the wire: each
 * segment is a packet with headers of its own.
 */
#pragma once

#include "drop.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_RATE_LIMITS_MAX);
	__type(key, u32);
	__type(value, struct rate_limit);
} rate_limits SEC(".maps");

#define TAKE_TRIES 8

/* Whether @cost_ns fit; takes them. Who loses the race that often is not refused for it. */
static __always_inline bool bucket_take(u64 *at, u64 cost_ns, u64 depth_ns, u64 now)
{
	for (int i = 0; i < TAKE_TRIES; i++) {
		u64 old = *(volatile u64 *)at, start = old > now ? old : now;

		if (start - now > depth_ns)
			return false;
		if (__sync_val_compare_and_swap(at, old, start + cost_ns) == old)
			return true;
	}
	__sync_fetch_and_add(at, cost_ns);
	return true;
}

#define L4_PROTO4_OFF (ETH_HLEN + 9) /* RFC 791 */
#define L4_PROTO6_OFF (ETH_HLEN + 6) /* RFC 8200 */
#define TCP_DOFF_OFF 12

/* Bytes before the payload in each segment of a GSO packet; they have no IPv6 extensions. */
static __always_inline u32 gso_headers(struct __sk_buff *skb)
{
	u8 first = 0x45, proto = 0, doff = 0x50;
	u32 l4;

	bpf_skb_load_bytes(skb, ETH_HLEN, &first, 1);
	bpf_skb_load_bytes(skb, first >> 4 == 4 ? L4_PROTO4_OFF : L4_PROTO6_OFF, &proto, 1);
	l4 = ETH_HLEN + (first >> 4 == 4 ? (first & 15) * 4u : 40u);
	if (proto != IPPROTO_TCP)
		return l4 + 8;
	bpf_skb_load_bytes(skb, l4 + TCP_DOFF_OFF, &doff, 1);
	return l4 + (doff >> 4) * 4u;
}

/* Lets the frame pass the limit @id, and takes what it costs; 0, or the reason to drop. */
__noinline int rate_limit_take(struct __sk_buff *skb, u32 id)
{
	struct rate_limit *limit = bpf_map_lookup_elem(&rate_limits, &id);
	u64 now = bpf_ktime_get_ns(), packets_ns, bytes = skb->len;
	u32 gso_size = skb->gso_size, segments = 1;

	if (!limit || tracing(skb))
		return 0;
	if (gso_size) {
		u32 headers = gso_headers(skb);

		if (bytes > headers)
			segments = (u32)(bytes - headers + gso_size - 1) / gso_size;
		bytes += (u64)(segments - 1) * headers;
	}
	packets_ns = segments * limit->packet_ps / 1000;
	if (packets_ns &&
		!bucket_take(&limit->packets_at_ns, packets_ns, limit->packets_depth_ns, now))
		return DROP_PACKET_RATE_LIMIT;
	if (limit->byte_ps && !bucket_take(&limit->bytes_at_ns, bytes * limit->byte_ps / 1000,
				      limit->bytes_depth_ns, now)) {
		if (packets_ns)
			__sync_fetch_and_add(&limit->packets_at_ns, -packets_ns);
		return DROP_BANDWIDTH_LIMIT;
	}
	return 0;
}
