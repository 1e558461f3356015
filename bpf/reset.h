/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The middle of a TCP connection that hosts share a router's address of, and that no host knows:
 * its state is gone, with the host that had it perhaps. Its guest is told so by a reset (RFC 9293
 * section 3.10.7.1), as the other end would tell it if the segment came there from another port; or
 * else it would wait for a quarter of an hour.
 *
 * But a guest that has just come from another host is told of in a moment
 * (src/agent/handover/handover.h), and its connections live. So the reset comes when a connection
 * has been unknown for some seconds at a stretch, in which its guest sends again and again.
 *
 *   outside ──► STAGE_RESET: the segment becomes its answer ──► inside: routed to the guest
 */
#pragma once

#include "inside.h"

#define RESET_AFTER_NS 5000000000ull
#define RESET_STRETCH_NS 10000000000ull /* longer silence begins another stretch */

struct unknown {
	u64 since_ns, last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct nat_key);
	__type(value, struct unknown);
} unknown_connections SEC(".maps");

/* Has the connection been unknown for so long? */
static __always_inline bool reset_is_due(const struct nat_key *key)
{
	struct unknown *known = bpf_map_lookup_elem(&unknown_connections, key);
	u64 now = bpf_ktime_get_ns();

	if (!known || now - known->last_ns > RESET_STRETCH_NS) {
		struct unknown first = { now, now };

		bpf_map_update_elem(&unknown_connections, key, &first, BPF_ANY);
		return false;
	}
	known->last_ns = now;
	return now - known->since_ns >= RESET_AFTER_NS;
}

/* Tells a trace when the sender would be reset. */
static __always_inline void reset_trace(const struct __sk_buff *skb, const struct nat_key *key)
{
	const struct unknown *known = bpf_map_lookup_elem(&unknown_connections, key);
	u64 now = bpf_ktime_get_ns(), for_ns = 0;

	if (known && now - known->last_ns <= RESET_STRETCH_NS)
		for_ns = now - known->since_ns;
	trace(skb, STEP_RESET, (u32)(for_ns / 1000000000), RESET_AFTER_NS / 1000000000, NULL, NULL);
}

#define RESET_IP_BYTES (sizeof(struct iphdr) + sizeof(struct tcphdr))
#define RESET_L4 (ETH_HLEN + sizeof(struct iphdr))

/* The sum of the pseudo header of a segment of @len bytes. */
static __always_inline s64 reset_pseudo(const struct pkt *pkt, u32 len)
{
	be32 words[3] = { pkt->src.w[3], pkt->dst.w[3], bpf_htonl(IPPROTO_TCP << 16 | len) };

	return bpf_csum_diff(NULL, 0, words, sizeof(words), 0);
}

struct zeros {
	u8 b[16384];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, u32);
	__type(value, struct zeros);
} zeros SEC(".maps");

/* Takes what is behind the headers away; 0 on success. What came out of a tunnel the kernel does
 * not cut: there zeroes stay, which are in no checksum, and the receiver cuts them like any padding
 * of Ethernet. */
static __always_inline long reset_cut(struct __sk_buff *skb)
{
	const u32 end = ETH_HLEN + RESET_IP_BYTES;
	const struct zeros *none;
	u32 len, zero = 0;

	if (!bpf_skb_change_tail(skb, end, 0) || skb->len == end)
		return 0;
	none = bpf_map_lookup_elem(&zeros, &zero);
	len = skb->len - end;
	if (!none || skb->gso_size || skb->len < end || len > sizeof(*none))
		return -1;
	len = bounded(len - 1, sizeof(*none) - 1) + 1;
	return bpf_skb_store_bytes(skb, end, none->b, len, BPF_F_RECOMPUTE_CSUM);
}

/* Makes the segment the answer to itself, for the router with the MAC @to; 0 on success. */
__noinline long reset_make(struct __sk_buff *skb, const struct pkt *pkt, const struct mac *to)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP };
	struct tcphdr old, tcp = { .doff = sizeof(struct tcphdr) / 4, .rst = 1 };
	bool left; /* to the device: the sum is then that of the pseudo header, and stays so */
	s64 sum;

	if (!pkt || !to || pkt_pull(skb, ETH_HLEN + RESET_IP_BYTES) ||
		bpf_skb_load_bytes(skb, RESET_L4, &old, sizeof(old)))
		return -1;
	left = old.check ==
	       (u16)~checksum_fold((u64)reset_pseudo(pkt, pkt->l3_len - sizeof(struct iphdr)));
	ip.tot_len = bpf_htons(RESET_IP_BYTES);
	ip.saddr = pkt->dst.w[3];
	ip.daddr = pkt->src.w[3];
	ip.check = ip4_checksum(&ip);
	tcp.source = old.dest;
	tcp.dest = old.source;
	tcp.seq = old.ack_seq;
	sum = reset_pseudo(pkt, sizeof(tcp));
	if (left)
		tcp.check = (u16)~checksum_fold((u64)sum);
	else
		tcp.check = checksum_fold(
			(u64)bpf_csum_diff(NULL, 0, (be32 *)&tcp, sizeof(tcp), (u32)sum));
	if (reset_cut(skb))
		return -1;
	return bpf_skb_store_bytes(skb, 0, to, sizeof(*to), BPF_F_RECOMPUTE_CSUM) ||
	       bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), BPF_F_RECOMPUTE_CSUM) ||
	       bpf_skb_store_bytes(skb, RESET_L4, &tcp, sizeof(tcp), BPF_F_RECOMPUTE_CSUM);
}

/* A segment that has been refused as "not translated", where the gateway is. @port_id: of the
 * guest; 0: it is on another host. */
static __always_inline int reset_send(struct __sk_buff *skb, const struct pkt *pkt, u32 port_id)
{
	const struct interface *in = interface_get(skb->cb[CB_ROUTE_VNI], PKT_DST(pkt));
	const struct gateway *gateway = in ? gateway_get(in->router) : NULL;
	struct nat_key key;
	struct mac to;

	drop(skb, port_id, DROP_NOT_TRANSLATED);
	if (!gateway || !gateway->here || pkt->family != 4 || pkt->l4_off != RESET_L4 ||
		pkt->flags & (PKT_FIRST_FRAGMENT | PKT_LATER_FRAGMENT) ||
		!(pkt->tcp_flags & TCP_ACK) || pkt->tcp_flags & TCP_RST)
		return CONSUMED;
	key = nat_key_out(in->router, pkt);
	if (tracing(skb)) {
		reset_trace(skb, &key);
		return CONSUMED;
	}
	mac_copy(&to, gateway->mac);
	if (!reset_is_due(&key) || !limit_allows(port_id, LIMIT_ICMP))
		return CONSUMED;
	skb->cb[CB_ROUTE_VNI] = gateway->vni;
	skb->cb[CB_PASSED] = 0;
	if (reset_make(skb, pkt, &to))
		return CONSUMED;
	bpf_tail_call(skb, &stages, STAGE_INSIDE);
	return CONSUMED;
}
