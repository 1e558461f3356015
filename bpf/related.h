/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors (RFC 792, RFC 4443) quote the packet that they are about: they belong to its
 * connection. */
#pragma once

#include "connection.h"
#include "room.h"

#define ICMP_SOURCE_QUENCH 4
#define ICMP_PARAMETER_PROBLEM 12

static __always_inline bool icmp_is_error(const struct pkt *pkt)
{
	if (pkt->family == 6)
		return pkt->proto == IPPROTO_ICMPV6 && pkt->icmp_type >= 1 && pkt->icmp_type <= 4;
	if (pkt->proto != IPPROTO_ICMP) /* nobody understands ICMPv6 in IPv4: no error */
		return false;
	return pkt->icmp_type == ICMP_DEST_UNREACH || pkt->icmp_type == ICMP_SOURCE_QUENCH ||
	       pkt->icmp_type == ICMP_TIME_EXCEEDED || pkt->icmp_type == ICMP_PARAMETER_PROBLEM;
}

/* Extension headers behind the quoted IPv6 header at @off: what is too big is often a fragment, of
 * which the first alone says whose it is. 0 on success. */
__noinline int quoted_extensions(struct __sk_buff *skb, struct pkt *quoted, u32 off)
{
	struct extension_walk walk = { .skb = skb, .pkt = quoted, .l3 = off };

	if (!quoted)
		return -1;
	bpf_loop(EXTENSIONS_MAX, extension_next, &walk, 0);
	return walk.reason || is_extension(quoted->proto) ? -1 : 0;
}

/* The IP header at @off, as far as a connection's key needs it, and in quoted->headers how far
 * behind it the transport header is; 0 on success. */
static __always_inline long quoted_ip(struct __sk_buff *skb, u32 off, struct pkt *quoted)
{
	struct iphdr ip;
	struct ipv6hdr ip6;

	if (quoted->family == 4) {
		if (bpf_skb_load_bytes(skb, off, &ip, sizeof(ip)) || ip.version != 4 ||
			ip.ihl < 5 || ip.frag_off & bpf_htons(IP_OFFSET))
			return -1;
		quoted->proto = ip.protocol;
		addr_set4(&quoted->src, ip.saddr);
		addr_set4(&quoted->dst, ip.daddr);
		quoted->headers = ip.ihl * 4;
		return 0;
	}
	if (bpf_skb_load_bytes(skb, off, &ip6, sizeof(ip6)) || ip6.version != 6)
		return -1;
	quoted->proto = ip6.nexthdr;
	memcpy(&quoted->src, &ip6.saddr, 16);
	memcpy(&quoted->dst, &ip6.daddr, 16);
	quoted->headers = sizeof(ip6);
	return is_extension(quoted->proto) ? quoted_extensions(skb, quoted, off) : 0;
}

/* Fills in @quoted, the packet that the error is about; 0 on success. */
__noinline int related_quote(struct __sk_buff *skb, struct pkt *pkt, struct pkt *quoted)
{
	struct icmp icmp;
	u32 off;

	if (!pkt || !quoted)
		return -1;
	memset(quoted, 0, sizeof(*quoted));
	quoted->family = pkt->family;
	off = pkt->l4_off + sizeof(icmp);
	if (quoted_ip(skb, off, quoted) ||
		bpf_skb_load_bytes(skb, off + quoted->headers, &icmp, sizeof(icmp)))
		return -1;
	/* an error goes to whom it is about; it says nothing to others */
	if (!addr_equal(&quoted->src, &pkt->dst))
		return -1;
	switch (quoted->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
		quoted->ports = *(u32 *)&icmp;
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		quoted->icmp_type = icmp.type;
		if (icmp.type == (pkt->family == 4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST))
			quoted->ports = icmp.id_or_zero;
		else if (icmp.type == (pkt->family == 4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY))
			quoted->ports = (u32)icmp.id_or_zero << 16;
		else
			return -1;
		return 0;
	default:
		return 0;
	}
}

/* Has the checksum at @off, in the transport header of the packet that an error quotes, follow what
 * has changed in that packet: @difference is new less old, of the addresses too. Who sent it may
 * know it by its checksum, as Paris traceroute does (RFC 5508 section 4.2: it is reverted to its
 * original form). A quote may end before it, or have zeroes there. 0 on success. */
__noinline int quoted_checksum(
	struct __sk_buff *skb, const struct pkt *pkt, u32 off, u32 difference)
{
	u16 was = 0, is;

	if (!pkt)
		return -1;
	if (off + sizeof(was) > pkt->l4_off + sizeof(struct icmp) - pkt->headers + pkt->l3_len ||
		bpf_skb_load_bytes(skb, off, &was, sizeof(was)) || !was)
		return 0;
	is = checksum_fold((u64)(u16)~was + (difference & 0xffff) + (difference >> 16)) ?: 0xffff;
	return bpf_l4_csum_replace(skb, pkt->l4_off + 2, was, is, sizeof(is)) ||
			       bpf_skb_store_bytes(skb, off, &is, sizeof(is), 0)
		       ? -1
		       : 0;
}

/* The packet that the error is about, in the room; NULL if it quotes none that it could be. */
static __always_inline struct pkt *related_quoted(struct __sk_buff *skb, struct pkt *pkt)
{
	struct room *room = room_get();

	return room && !related_quote(skb, pkt, &room->quoted) ? &room->quoted : NULL;
}
