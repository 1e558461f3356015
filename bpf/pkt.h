/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame is parsed once into struct pkt; what comes after reads the struct. The parser checks
 * every length before it believes it and walks IPv4 options and IPv6 extension headers (at most
 * EXTENSIONS_MAX), up to an authentication header, which is a protocol as it is in IPv4: rules name
 * it, and who has not agreed on it discards it (RFC 4302 section 3.4.2). What a guest may not say
 * at all is looked for behind it too, in every packet (guest.h). The first fragment of a packet
 * must hold the whole transport header, and not as padding behind the packet (pkt_read()); the
 * others have ports 0. None of them, and no ICMP but echo, ever takes the flow cache, whose key
 * could not tell what the checks of the slow path tell.
 */
#pragma once

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "kernel.h"

/* linux/icmp.h drags the C library in. Of both families; the types of one mean nothing in the
 * other. */
struct icmp {
	u8 type, code;
	be16 checksum;
	be16 id_or_zero, seq_or_mtu;
};
#define ICMP_ECHO 8
#define ICMP_ECHOREPLY 0
#define ICMP_DEST_UNREACH 3
#define ICMP_FRAG_NEEDED 4
#define ICMP_TIME_EXCEEDED 11 /* RFC 792 */
#define ICMP_PORT_UNREACH 3
#define ICMPV6_DEST_UNREACH 1 /* RFC 4443 */
#define ICMPV6_PORT_UNREACH 4
#define ICMPV6_PKT_TOOBIG 2
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

#define EXTENSIONS_MAX 6
#define HEADERS_MASK 0x3fff
#define PULL_MASK 0x1ff
#define OUTER_MASK 0x1ff   /* covers the longest outer header: 322 bytes, 252 of options included */
#define IP_FRAGMENT 0x3fff /* more fragments, or an offset */
#define IP_OFFSET 0x1fff
#define IP_DF 0x4000

enum pkt_flags {
	PKT_NO_FLOW = 1 << 0, /* not to be looked up in, or written to, the flow tables */
	PKT_DF = 1 << 1,
	PKT_OPENING = 1 << 2, /* TCP SYN without ACK */
	PKT_CLOSING = 1 << 3, /* TCP FIN or RST */
	PKT_MESSAGE = 1 << 4, /* ICMP, and no echo */
	PKT_FIRST_FRAGMENT = 1 << 5,
	PKT_LATER_FRAGMENT = 1 << 6,
	PKT_ROUTED = 1 << 7, /* here, to its receiver */
};

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_FLAGS_OFF 13
#define TCP_WINDOW_OFF 14

struct pkt {
	u32 macs[3];  /* destination and source, as on the wire */
	u16 eth_type; /* host order */
	u8 family;    /* 4, 6, or 0: not IP */
	u8 proto;     /* behind extension headers */
	u8 flags;
	union {
		u8 icmp_type; /* of ICMP and ICMPv6 */
		u8 tcp_scale; /* of TCP: what a SYN offers, see tcp_window_scale() */
	};
	u16 headers;	      /* bytes from the IP header to the payload of the transport header */
	u32 l3_len;	      /* bytes of the IP packet as its header says */
	u32 l4_off;	      /* of the transport header from the start of the frame */
	struct addr src, dst; /* behind each other, as on the wire */
	/* Source and destination as on the wire; of an ICMP echo request the identifier is the
	 * source, of a reply the destination; without ports: 0. One word and not two fields,
	 * because it goes into the key of the flow table as one. */
	u32 ports;
	be32 ack;	     /* TCP */
	u32 fragment;	     /* the packet's identification, as on the wire */
	u16 fragment_offset; /* in 8 bytes */
	union {
		u8 icmp_code;
		u8 tcp_window; /* the high byte */
	};
	u8 tcp_flags;
};
_Static_assert(
	sizeof(struct pkt) == 76, "no holes: functions that are verified alone read all of it");

#define PKT_DST(pkt) ((const u8 *)(pkt)->macs)
#define PKT_SRC(pkt) ((const u8 *)(pkt)->macs + ETH_ALEN)

static __always_inline bool pkt_is_multicast(const struct pkt *pkt)
{
	return PKT_DST(pkt)[0] & 1;
}

/* 0, or the reason to drop. */
static __always_inline int pkt_parse_l4(struct pkt *pkt, const void *l4, const void *end)
{
	const struct tcphdr *tcp = l4;
	const struct udphdr *udp = l4;
	const struct icmp *icmp = l4;

	switch (pkt->proto) {
	case IPPROTO_TCP:
		if ((const void *)(tcp + 1) > end)
			return DROP_TRUNCATED;
		if (tcp->doff < 5)
			return DROP_MALFORMED;
		pkt->ports = *(const u32 *)l4;
		pkt->headers += (u16)(tcp->doff * 4);
		pkt->ack = tcp->ack_seq;
		pkt->tcp_flags = ((const u8 *)l4)[TCP_FLAGS_OFF];
		pkt->tcp_window = ((const u8 *)l4)[TCP_WINDOW_OFF];
		if ((pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
			pkt->flags |= PKT_OPENING;
		if (pkt->tcp_flags & (TCP_FIN | TCP_RST))
			pkt->flags |= PKT_CLOSING;
		return 0;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP: /* ports and eight bytes, as UDP has */
		if ((const void *)(udp + 1) > end)
			return DROP_TRUNCATED;
		pkt->ports = *(const u32 *)l4;
		pkt->headers += sizeof(*udp);
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if ((const void *)(icmp + 1) > end)
			return DROP_TRUNCATED;
		pkt->headers += sizeof(*icmp);
		pkt->icmp_type = icmp->type;
		pkt->icmp_code = icmp->code;
		if (icmp->code) /* of an echo too: a key could not tell it */
			pkt->flags |= PKT_NO_FLOW | PKT_MESSAGE;
		else if (icmp->type == (pkt->family == 4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST))
			pkt->ports = icmp->id_or_zero;
		else if (icmp->type == (pkt->family == 4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY))
			pkt->ports = (u32)icmp->id_or_zero << 16;
		else
			pkt->flags |= PKT_NO_FLOW | PKT_MESSAGE;
		return 0;
	default:
		return 0;
	}
}

static __always_inline int pkt_parse4(
	struct pkt *pkt, const void *l3, const void *end, u32 room, bool gso)
{
	const struct iphdr *ip = l3;
	u32 ihl;

	if ((const void *)(ip + 1) > end)
		return DROP_TRUNCATED;
	ihl = ip->ihl * 4;
	pkt->l3_len = bpf_ntohs(ip->tot_len);
	if (unlikely(!pkt->l3_len && gso)) /* BIG TCP */
		pkt->l3_len = room;
	if (ip->version != 4 || ihl < sizeof(*ip) || pkt->l3_len < ihl || pkt->l3_len > room)
		return DROP_MALFORMED;
	pkt->family = 4;
	pkt->proto = ip->protocol;
	pkt->headers = (u16)ihl;
	addr_set4(&pkt->src, ip->saddr);
	addr_set4(&pkt->dst, ip->daddr);
	if (ip->frag_off & bpf_htons(IP_DF))
		pkt->flags |= PKT_DF;
	if (unlikely(ip->frag_off & bpf_htons(IP_FRAGMENT))) {
		pkt->flags |= PKT_NO_FLOW | PKT_FIRST_FRAGMENT;
		pkt->fragment = ip->id;
		pkt->fragment_offset = bpf_ntohs(ip->frag_off) & IP_OFFSET;
		if (pkt->fragment_offset) {
			pkt->flags ^= PKT_FIRST_FRAGMENT | PKT_LATER_FRAGMENT;
			return 0;
		}
	}
	pkt->l4_off += ihl;
	return pkt_parse_l4(pkt, l3 + ihl, end);
}

#define NOT_FIRST_FRAGMENT (-1)

struct extension_walk {
	struct __sk_buff *skb;
	struct pkt *pkt;
	u32 l3;
	int reason;
	bool authenticated; /* behind an authentication header too, where no fragment is */
};

static __always_inline bool is_extension(u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT;
}

/* Moves pkt->proto and pkt->headers over an extension header; 1 when there are no more to be
 * looked at. */
static long extension_next(u32 i, void *data)
{
	struct extension_walk *walk = data;
	struct pkt *pkt = walk->pkt;
	struct {
		u8 next, length;
		be16 offset;
		be32 id;
	} ext; /* RFC 8200 section 4 */

	if (!is_extension(pkt->proto) && !(walk->authenticated && pkt->proto == IPPROTO_AH))
		return 1;
	walk->reason = bpf_skb_load_bytes(walk->skb, walk->l3 + pkt->headers, &ext, sizeof(ext))
			       ? DROP_TRUNCATED
			       : 0;
	if (!walk->reason && pkt->proto == IPPROTO_FRAGMENT && pkt->flags & PKT_FIRST_FRAGMENT)
		walk->reason = DROP_MALFORMED; /* nobody sends fragments of fragments in earnest */
	if (walk->reason)
		return 1;
	if (pkt->proto == IPPROTO_FRAGMENT) {
		pkt->flags |= PKT_NO_FLOW | PKT_FIRST_FRAGMENT;
		pkt->fragment = ext.id;
		pkt->fragment_offset = bpf_ntohs(ext.offset) >> 3;
		if (pkt->fragment_offset) {
			pkt->flags ^= PKT_FIRST_FRAGMENT | PKT_LATER_FRAGMENT;
			pkt->proto = ext.next;
			walk->reason = NOT_FIRST_FRAGMENT;
			return 1;
		}
		pkt->headers += 8;
	} else if (pkt->proto == IPPROTO_AH) {
		pkt->headers += (u16)((ext.length + 2) * 4); /* RFC 4302 section 2.2 */
	} else {
		pkt->headers += (u16)((ext.length + 1) * 8);
	}
	pkt->proto = ext.next;
	return 0;
}

/* What is behind the IPv6 header at @off, extension headers perhaps. Global: so many states would
 * be left, and few packets come here. 0, or the reason to drop. */
__noinline int pkt_parse_extended(struct __sk_buff *skb, struct pkt *pkt, u32 off)
{
	struct extension_walk walk = { .skb = skb, .pkt = pkt, .l3 = off };
	const void *l4;

	if (!pkt)
		return DROP_INTERNAL;
	bpf_loop(EXTENSIONS_MAX, extension_next, &walk, 0);
	if (walk.reason)
		return walk.reason == NOT_FIRST_FRAGMENT ? 0 : walk.reason;
	if (is_extension(pkt->proto))
		return DROP_MALFORMED;
	if (pkt->proto == IPPROTO_AH)
		pkt->flags |= PKT_NO_FLOW;
	pkt->l4_off += pkt->headers;
	l4 = (void *)(long)skb->data + bounded(off, PULL_MASK) +
	     bounded(pkt->headers, HEADERS_MASK);
	return pkt_parse_l4(pkt, l4, (void *)(long)skb->data_end);
}

static __always_inline int pkt_parse6(
	struct __sk_buff *skb, struct pkt *pkt, const void *l3, const void *end, u32 room, bool gso)
{
	const struct ipv6hdr *ip = l3;

	if ((const void *)(ip + 1) > end)
		return DROP_TRUNCATED;
	pkt->l3_len = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (unlikely(!ip->payload_len && gso)) /* BIG TCP */
		pkt->l3_len = room;
	if (ip->version != 6 || pkt->l3_len > room)
		return DROP_MALFORMED;
	pkt->family = 6;
	pkt->proto = ip->nexthdr;
	pkt->headers = sizeof(*ip);
	memcpy(&pkt->src, &ip->saddr, sizeof(pkt->src));
	memcpy(&pkt->dst, &ip->daddr, sizeof(pkt->dst));
	if (pkt->proto != IPPROTO_TCP && pkt->proto != IPPROTO_UDP && pkt->proto != IPPROTO_ICMPV6)
		return pkt_parse_extended(skb, pkt, pkt->l4_off);
	pkt->l4_off += sizeof(*ip);
	return pkt_parse_l4(pkt, l3 + sizeof(*ip), end);
}

/* Whether the linear part of the skb ends before @bytes (below 512) and the frame does not. */
static __always_inline bool pkt_is_split(const struct __sk_buff *skb, u32 bytes)
{
	const void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	u32 want = bytes < skb->len ? bytes : skb->len;

	return data + bounded(want, PULL_MASK) > end;
}

/* Makes the first @bytes of the frame (or all of a shorter one) readable directly; 0 on success. */
static __always_inline int pkt_pull(struct __sk_buff *skb, u32 bytes)
{
	if (likely(!pkt_is_split(skb, bytes)))
		return 0;
	return bpf_skb_pull_data(skb, bytes < skb->len ? bytes : skb->len) ? DROP_TRUNCATED : 0;
}

/* Parses the Ethernet frame at @off, which is bounded by the caller. Returns 0 or the reason to
 * drop. */
static __always_inline int pkt_parse(struct __sk_buff *skb, u32 off, struct pkt *pkt)
{
	const void *eth = (void *)(long)skb->data + off, *end = (void *)(long)skb->data_end;
	const u32 *macs = eth;
	u32 room = skb->len - off - ETH_HLEN;

	if (eth + ETH_HLEN > end)
		return DROP_TRUNCATED;
	pkt->macs[0] = macs[0];
	pkt->macs[1] = macs[1];
	pkt->macs[2] = macs[2];
	pkt->eth_type = bpf_ntohs(((const struct ethhdr *)eth)->h_proto);
	pkt->family = 0;
	pkt->proto = 0;
	pkt->flags = 0;
	pkt->icmp_type = 0;
	pkt->headers = 0;
	pkt->ports = 0;
	pkt->ack = 0;
	pkt->fragment = 0;
	pkt->fragment_offset = 0;
	pkt->icmp_code = 0;
	pkt->tcp_flags = 0;
	pkt->l4_off = off + ETH_HLEN;
	if (pkt->eth_type == ETH_P_IP)
		return pkt_parse4(pkt, eth + ETH_HLEN, end, room, skb->gso_size != 0);
	if (pkt->eth_type == ETH_P_IPV6)
		return pkt_parse6(skb, pkt, eth + ETH_HLEN, end, room, skb->gso_size != 0);
	return 0;
}

/* The same for the slow path, which looks at more of the frame, and at whether the packet is as
 * long as the headers that were read: what is padding here a later fragment may bring at the
 * receiver. Global, so that the verifier walks it once, and callers go on with one state in place
 * of one for each kind of packet. @pkt is initialised, says the verifier; 0, or the reason to drop.
 */
__noinline int pkt_read(struct __sk_buff *skb, struct pkt *pkt, u32 off)
{
	int reason;

	if (!pkt)
		return DROP_INTERNAL;
	off = bounded(off, OUTER_MASK);
	reason = pkt_pull(skb, off + EDGE_PULL_BYTES);
	if (!reason)
		reason = pkt_parse(skb, off, pkt);
	if (!reason && pkt->family && !(pkt->flags & PKT_LATER_FRAGMENT) &&
		pkt->headers > pkt->l3_len)
		reason = DROP_TRUNCATED;
	return reason;
}

/* Whether a packet is larger than @mtu; of a GSO packet, the packets that it becomes. */
static __always_inline bool pkt_too_big(const struct __sk_buff *skb, const struct pkt *pkt, u32 mtu)
{
	if (likely(pkt->l3_len <= mtu))
		return false;
	if (skb->gso_size)
		return skb->gso_size + pkt->headers > mtu;
	return true;
}
