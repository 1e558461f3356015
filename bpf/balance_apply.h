/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of a balanced packet, in struct pkt and on the wire. */
#pragma once

#include "balance_stats.h"
#include "nat.h"
#include "room.h"
#include "trace.h"

/* Makes of @pkt what it will be, so that the receiver's firewall sees that; what it was is kept in
 * room->was. */
static __always_inline void balance_enter(struct pkt *pkt, struct room *room)
{
	const struct balanced *to = &room->balanced;

	room->was.src = pkt->src;
	room->was.dst = pkt->dst;
	room->was.ports = pkt->ports;
	switch (to->kind) {
	case BALANCED_HAIRPIN:
		pkt->src = pkt->dst;
		pkt->dst = to->addr;
		pkt->ports = (pkt->ports & 0xffff) | (u32)to->port << 16;
		break;
	case BALANCED_TO_MEMBER:
		pkt->dst = to->addr;
		pkt->ports = (pkt->ports & 0xffff) | (u32)to->port << 16;
		break;
	case BALANCED_HAIRPIN_BACK:
		pkt->dst = room->was.src;
		pkt->src = to->addr;
		pkt->ports = (pkt->ports & 0xffff0000) | to->port;
		break;
	case BALANCED_FROM_MEMBER:
		pkt->src = to->addr;
		pkt->ports = (pkt->ports & 0xffff0000) | to->port;
		break;
	default:
		break;
	}
}

static __always_inline void balance_leave(struct pkt *pkt, const struct room *room)
{
	if (!room->balanced.kind)
		return;
	pkt->src = room->was.src;
	pkt->dst = room->was.dst;
	pkt->ports = room->was.ports;
}

#define IP6_SRC_OFF (ETH_HLEN + 8) /* both addresses follow each other, in both families */

/* The sums of the headers after a change of the addresses and ports; 0 on success. */
static __always_inline long balance_sums(struct __sk_buff *skb, const struct pkt *pkt, u32 l4,
	s64 difference, u32 from_ports, u32 to_ports)
{
	const u64 zero_stays = pkt->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	u32 check = l4 + (pkt->proto == IPPROTO_TCP		? 16
				 : pkt->proto == IPPROTO_UDP	? 6
				 : pkt->proto == IPPROTO_ICMPV6 ? 2
								: 0); /* ICMP covers no addresses */

	if (difference < 0 || (pkt->family == 4 && bpf_l3_csum_replace(skb, IP4_CHECK_OFF, 0,
							   (u64)difference, 0)))
		return -1;
	if (pkt->flags & PKT_LATER_FRAGMENT || check == l4)
		return 0;
	if (bpf_l4_csum_replace(skb, check, 0, (u64)difference, BPF_F_PSEUDO_HDR | zero_stays))
		return -1;
	if (from_ports == to_ports || pkt->flags & PKT_MESSAGE)
		return 0;
	return bpf_l4_csum_replace(skb, check, from_ports, to_ports, zero_stays | 4);
}

/* The sender or receiver with its other prefix: no sum changes with it. 0 on success. Inlined:
 * there is no room on the stack for one more call. */
static __always_inline int prefix_store(
	struct __sk_buff *skb, struct pkt *pkt, const struct balanced *to)
{
	const bool sender = to->kind == BALANCED_OUTER_SENDER;

	if (sender)
		pkt->src = to->addr;
	else
		pkt->dst = to->addr;
	return bpf_skb_store_bytes(skb, IP6_SRC_OFF + (sender ? 0 : sizeof(struct addr)), &to->addr,
		       sizeof(to->addr), 0)
		       ? -1
		       : 0;
}

/* Rewrites the packet and @pkt as @to says; 0 on success. Pointers into the packet are void
 * afterwards. */
__noinline int balance_apply(struct __sk_buff *skb, struct pkt *pkt, struct balanced *to)
{
	struct room *room = room_get();
	u32 l4, words[2];
	s64 difference;
	long failed;

	if (!pkt || !to || !room)
		return -1;
	if (to->kind >= BALANCED_OUTER_SENDER)
		return prefix_store(skb, pkt, to);
	l4 = bounded(pkt->l4_off, 0x1ff);
	room->balanced = *to;
	if (!tracing(skb))
		balance_count(skb, to);
	balance_enter(pkt, room);
	/* of IPv4 too: what stands before its addresses does not change */
	difference = bpf_csum_diff((be32 *)&room->was.src, 2 * sizeof(struct addr),
		(be32 *)&pkt->src, 2 * sizeof(struct addr), 0);
	failed = balance_sums(skb, pkt, l4, difference, room->was.ports, pkt->ports);
	words[0] = pkt->ports;
	if (!(pkt->flags & (PKT_LATER_FRAGMENT | PKT_MESSAGE)))
		failed |= bpf_skb_store_bytes(skb, l4, words, sizeof(words[0]), 0);
	if (pkt->family == 6) {
		failed |= bpf_skb_store_bytes(
			skb, IP6_SRC_OFF, &pkt->src, 2 * sizeof(struct addr), 0);
	} else {
		words[0] = pkt->src.w[3];
		words[1] = pkt->dst.w[3];
		failed |= bpf_skb_store_bytes(skb, IP4_SRC_OFF, words, sizeof(words), 0);
	}
	return failed ? -1 : 0;
}

/* The packet as its guest sent it, which is told about it; 0 on success. */
__noinline int balance_undo(struct __sk_buff *skb, struct pkt *pkt)
{
	struct room *room = room_get();
	struct balanced was = { .kind = BALANCED_FROM_MEMBER };

	if (!pkt || !room)
		return -1;
	was.addr = room->was.src;
	was.port = (be16)room->was.ports;
	return balance_apply(skb, pkt, &was);
}

/* The same, of what has just been decided; 0 on success. */
static __always_inline int balance_now(struct __sk_buff *skb, struct pkt *pkt, struct room *room)
{
	return unlikely(room->balanced.kind) ? balance_apply(skb, pkt, &room->balanced) : 0;
}
