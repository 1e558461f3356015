/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors about balanced packets (RFC 5508 section 4.2). An error goes against the packet that
 * it quotes: so it is balanced like a packet of the quote's receiver, room->about, and what becomes
 * of that becomes of the quote. That is written at once, since firewalls read the quote; the
 * error's own addresses follow like any packet's (balance_apply()).
 */
#pragma once

#include "balance_apply.h"
#include "related.h"

/* Fills in room->about from an ICMP error; false: it is none about TCP or UDP. */
static __always_inline bool balance_about(struct __sk_buff *skb, struct pkt *pkt, struct room *room)
{
	struct pkt *about = &room->about;
	struct addr addr;

	if (!icmp_is_error(pkt) || related_quote(skb, pkt, about))
		return false;
	addr = about->src;
	about->src = about->dst;
	about->dst = addr;
	about->ports = about->ports >> 16 | about->ports << 16;
	return about->proto == IPPROTO_TCP || about->proto == IPPROTO_UDP;
}

/* The addresses of the quoted header, at @ip, and the sum of the error; 0 on success, with the
 * place of the quoted ports. */
static __always_inline long quote_addresses(
	struct __sk_buff *skb, const struct room *room, u32 icmp, u32 ip, u32 *ret_l4)
{
	const struct pkt *about = &room->about;
	struct addr turned[2] = { about->dst, about->src };
	s64 difference;

	difference = bpf_csum_diff((be32 *)&room->was.src, 2 * sizeof(struct addr),
		(be32 *)&about->src, 2 * sizeof(struct addr), 0);
	if (difference < 0)
		return -1;
	*ret_l4 = ip + bounded(about->headers, PULL_MASK);
	if (about->family == 4) { /* whose own checksum keeps the sum as it is */
		turned[0].w[0] = about->dst.w[3];
		turned[0].w[1] = about->src.w[3];
		return bpf_l3_csum_replace(skb, ip + 10, 0, (u64)difference, 0) ||
		       bpf_skb_store_bytes(skb, ip + 12, turned, 8, 0);
	}
	return bpf_l4_csum_replace(skb, icmp + 2, 0, (u64)difference, 0) ||
	       bpf_skb_store_bytes(skb, ip + 8, turned, sizeof(turned), 0);
}

/* What the checksum of the quoted packet takes up, of addresses and ports. */
static __always_inline u32 quote_difference(const struct room *room)
{
	const struct pkt *about = &room->about;
	s64 sum = bpf_csum_diff((be32 *)&room->was.src, 2 * sizeof(struct addr),
		(be32 *)&about->src, 2 * sizeof(struct addr), 0);

	sum = (sum & 0xffff) + (sum >> 16 & 0xffff);
	return (u32)sum + nat_difference(room->was.ports, about->ports);
}

/* Rewrites what an ICMP error quotes as room->balanced says of room->about; 0 on success. Pointers
 * into the packet are void afterwards. */
__noinline int balance_quote(struct __sk_buff *skb, struct pkt *pkt)
{
	struct room *room = room_get();
	u32 icmp, l4, ports;

	if (!pkt || !room)
		return -1;
	icmp = bounded(pkt->l4_off, 0x1ff);
	balance_enter(&room->about, room);
	if (quote_addresses(skb, room, icmp, icmp + sizeof(struct icmp), &l4))
		return -1;
	ports = room->about.ports >> 16 | room->about.ports << 16;
	if (room->was.ports != room->about.ports &&
		(bpf_l4_csum_replace(skb, icmp + 2, room->was.ports, room->about.ports, 4) ||
			bpf_skb_store_bytes(skb, l4, &ports, sizeof(ports), 0)))
		return -1;
	l4 += room->about.proto == IPPROTO_TCP ? 16 : 6;
	return quoted_checksum(skb, pkt, l4, quote_difference(room));
}
