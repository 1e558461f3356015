/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the fast path makes of an IPv4 packet that is translated, balanced or both: its headers from
 * the MACs to the ports are put together here and written at once, and the transport checksum is
 * left to the helper that knows whether it is the sum of the packet yet (of what has still to be
 * summed it is that of the pseudo header alone). Each helper costs as much as all the rest. What
 * is not TCP or UDP, has IP options or is IPv6 is changed field by field.
 */
#pragma once

#include "balance.h"
#include "hop.h"

#define HEAD4_PAD 2 /* before the Ethernet header: the stack wants the IP header aligned */
struct head4 {
	u8 pad[HEAD4_PAD], macs[2 * ETH_ALEN];
	be16 eth_type;
	u32 ip[2];	 /* up to the TTL */
	struct ttl4 ttl; /* and protocol, checksum (RFC 791) */
	be32 src, dst;
	u32 ports; /* as in struct pkt */
};
#define HEAD4_LEN (sizeof(struct head4) - HEAD4_PAD)
_Static_assert(sizeof(struct head4) == HEAD4_PAD + ETH_HLEN + sizeof(struct iphdr) + 4, "layout");

static __always_inline bool head4_fits(const struct pkt *pkt)
{
	return pkt->family == 4 && pkt->l4_off == ETH_HLEN + sizeof(struct iphdr) &&
	       (pkt->proto == IPPROTO_TCP || pkt->proto == IPPROTO_UDP);
}

static __always_inline void head4_set_port(struct head4 *head, bool source, be16 port)
{
	head->ports = source ? (head->ports & 0xffff0000) | port
			     : (head->ports & 0xffff) | (u32)port << 16;
}

static __always_inline void head4_translate(struct head4 *head, const struct translation *to)
{
	if (to->is_source)
		head->src = to->addr;
	else
		head->dst = to->addr;
	if (to->has_port)
		head4_set_port(head, to->is_source, to->port);
}

/* As balance_enter() has it. */
static __always_inline void head4_balance(struct head4 *head, const struct balanced *to)
{
	const be32 src = head->src, addr = to->addr.w[3];

	if (to->kind == BALANCED_TO_MEMBER || to->kind == BALANCED_HAIRPIN) {
		if (to->kind == BALANCED_HAIRPIN)
			head->src = head->dst;
		head->dst = addr;
	} else {
		if (to->kind == BALANCED_HAIRPIN_BACK)
			head->dst = src;
		head->src = addr;
	}
	head4_set_port(head, to->kind == BALANCED_FROM_MEMBER || to->kind == BALANCED_HAIRPIN_BACK,
		to->port);
}

/* The ones' complement sum of what the addresses change, in 32 bits (RFC 1624). */
static __always_inline u32 head4_difference(const struct head4 *head, const struct pkt *pkt)
{
	u64 sum = (u64)(u32)~pkt->src.w[3] + head->src + (u32)~pkt->dst.w[3] + head->dst;

	sum = (u32)sum + (sum >> 32);
	return (u32)sum + (u32)(sum >> 32);
}

/* One hop less, and the IP checksum after that and after a change of the addresses. */
static __always_inline void head4_hop(struct head4 *head, u32 difference)
{
	u32 sum = (u16)~head->ttl.checksum + (difference & 0xffff) + (difference >> 16) +
		  (u16)~bpf_htons(0x0100);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	head->ttl.ttl--;
	head->ttl.checksum = (u16)~sum;
}

/* The transport checksum; 0 on success. */
static __always_inline long head4_transport(
	struct __sk_buff *skb, const struct pkt *pkt, const struct head4 *head, u32 difference)
{
	const u64 zero_stays = pkt->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	const u32 l4 = ETH_HLEN + sizeof(struct iphdr),
		  check = l4 + (pkt->proto == IPPROTO_UDP ? 6 : 16);

	if (bpf_l4_csum_replace(skb, check, 0, difference, BPF_F_PSEUDO_HDR | zero_stays))
		return -1;
	if (likely(head->ports == pkt->ports))
		return 0;
	return bpf_l4_csum_replace(skb, check, pkt->ports, head->ports, zero_stays | 4);
}

/* What a device with many queues chooses one of them by: it would take the packet apart for that,
 * if its sender's stack has not said it. */
static __always_inline u32 head4_hash(const struct head4 *head)
{
	u32 hash = (head->src ^ (head->dst << 16 | head->dst >> 16)) * 2654435761u;

	return ((hash ^ hash >> 16) + head->ports) * 2654435761u;
}

/* Field by field. Global: few packets come here, and it is long to the verifier. 0 on success. */
__noinline long translate_otherwise(
	struct __sk_buff *skb, struct pkt *pkt, struct rewrite *rewrite, u32 translated)
{
	if (!pkt || !rewrite || pkt_ttl(skb, pkt) <= 1)
		return -1;
	if (translated && nat_apply(skb, pkt, &rewrite->to))
		return -1;
	if (rewrite->balanced.kind && balance_apply(skb, pkt, &rewrite->balanced))
		return -1;
	return rewrite_apply_slowly(skb, pkt, rewrite);
}

/* Makes of a packet what the rewrite of its flow says: with @translated its translation, and what a
 * load balancer does. 0 on success; -1 too when there is no hop left. Pointers into the packet are
 * void afterwards, and @pkt is what it was, or what it has become. */
static __always_inline long translate_again(
	struct __sk_buff *skb, struct pkt *pkt, struct rewrite *rewrite, u32 translated)
{
	const u8 *ip = (void *)(long)skb->data + ETH_HLEN;
	struct head4 head = { .eth_type = bpf_htons(ETH_P_IP) };
	u32 difference;

	if (unlikely(!head4_fits(pkt) ||
		     (const void *)ip + sizeof(struct iphdr) > (void *)(long)skb->data_end))
		return translate_otherwise(skb, pkt, rewrite, translated);
	head.ip[0] = ((const u32 *)ip)[0];
	head.ip[1] = ((const u32 *)ip)[1];
	head.ttl = *(const struct ttl4 *)(ip + 8);
	if (head.ttl.ttl <= 1)
		return -1;
	memcpy(head.macs, rewrite->macs, sizeof(head.macs));
	head.src = pkt->src.w[3];
	head.dst = pkt->dst.w[3];
	head.ports = pkt->ports;
	if (translated)
		head4_translate(&head, &rewrite->to);
	if (rewrite->balanced.kind) {
		balance_count(skb, &rewrite->balanced);
		head4_balance(&head, &rewrite->balanced);
	}
	difference = head4_difference(&head, pkt);
	head4_hop(&head, difference);
	if (head4_transport(skb, pkt, &head, difference))
		return -1;
	if (bpf_skb_store_bytes(skb, 0, head.macs, HEAD4_LEN, 0))
		return -1;
	if (rewrite->vni & EDGE_WIRE && !skb->hash)
		bpf_set_hash(skb, head4_hash(&head));
	return 0;
}
