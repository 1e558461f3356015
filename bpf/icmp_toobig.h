/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * "Too big" to the guest that sent a packet larger than the MTU of its network, or of the one that
 * it is routed to: ICMP fragmentation needed (RFC 1191) or ICMPv6 packet too big (RFC 4443
 * section 3.2), from the network's gateway, or in the name of the destination where there is no
 * gateway. It is made of the packet itself: cut to what is quoted, room made in front, the
 * addresses turned. IPv4 packets without DF get it too: nothing here fragments, and a sender that
 * learns the MTU does.
 */
#pragma once

#include "l2.h"
#include "limit.h"
#include "nd.h"

/* As much of the packet as fits into 576 (RFC 1812 section 4.3.2.3) or 1280 bytes; in words. */
#define QUOTE4 548
#define QUOTE6 1232

struct toobig4 {
	struct ethhdr eth;
	struct iphdr ip;
	struct icmp icmp;
} __attribute__((packed));
struct toobig6 {
	struct ethhdr eth;
	struct ipv6hdr ip;
	struct icmp icmp;
} __attribute__((packed));

/* Cuts the packet to the quote and makes room for the new headers; 0 on success. All lengths are
 * constants. */
static __always_inline long toobig_reshape(struct __sk_buff *skb, const u32 quote, const u32 room)
{
	if (bpf_skb_change_tail(skb, ETH_HLEN + quote, 0))
		return -1;
	if (bpf_skb_adjust_room(skb, (s32)room, BPF_ADJ_ROOM_MAC, 0))
		return -1;
	return pkt_pull(skb, ETH_HLEN + room + quote);
}

static __always_inline void toobig_eth(struct ethhdr *eth, const struct pkt *pkt)
{
	mac_copy(eth->h_dest, PKT_SRC(pkt));
	mac_copy(eth->h_source, PKT_DST(pkt));
	eth->h_proto = bpf_htons(pkt->eth_type);
}

static __always_inline long toobig_make4(
	struct __sk_buff *skb, const struct pkt *pkt, const struct network *network, u32 mtu)
{
	const u32 room = sizeof(struct iphdr) + sizeof(struct icmp);
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP };
	struct toobig4 *frame;
	s64 sum;

	if (toobig_reshape(skb, QUOTE4, room))
		return -1;
	frame = (void *)(long)skb->data;
	if ((void *)(frame + 1) + QUOTE4 > (void *)(long)skb->data_end)
		return -1;
	toobig_eth(&frame->eth, pkt);
	ip.tot_len = bpf_htons(room + QUOTE4);
	ip.saddr = network->has_gateway4 ? network->gateway4 : pkt->dst.w[3];
	ip.daddr = pkt->src.w[3];
	ip.check = ip4_checksum(&ip);
	frame->ip = ip;
	memset(&frame->icmp, 0, sizeof(frame->icmp));
	frame->icmp.type = ICMP_DEST_UNREACH;
	frame->icmp.code = ICMP_FRAG_NEEDED;
	frame->icmp.seq_or_mtu = bpf_htons((u16)mtu);
	sum = bpf_csum_diff(NULL, 0, (void *)&frame->icmp, 8 + 268, 0);
	sum = bpf_csum_diff(NULL, 0, ((void *)&frame->icmp + 8 + 268), QUOTE4 - 268, (u32)sum);
	frame->icmp.checksum = checksum_fold((u64)sum);
	return 0;
}

static __always_inline long toobig_make6(
	struct __sk_buff *skb, const struct pkt *pkt, const struct network *network, u32 mtu)
{
	const u32 room = sizeof(struct ipv6hdr) + sizeof(struct icmp);
	const u32 payload = sizeof(struct icmp) + QUOTE6;
	be32 pseudo[2] = { bpf_htonl(payload), bpf_htonl(IPPROTO_ICMPV6) };
	struct toobig6 *frame;
	s64 sum;

	if (toobig_reshape(skb, QUOTE6, room))
		return -1;
	frame = (void *)(long)skb->data;
	if ((void *)(frame + 1) + QUOTE6 > (void *)(long)skb->data_end)
		return -1;
	toobig_eth(&frame->eth, pkt);
	*(be32 *)((void *)frame + ETH_HLEN) = bpf_htonl(6u << 28);
	frame->ip.payload_len = bpf_htons(payload);
	frame->ip.nexthdr = IPPROTO_ICMPV6;
	frame->ip.hop_limit = 64;
	memcpy(&frame->ip.saddr, network->has_gateway6 ? &network->gateway6 : &pkt->dst, 16);
	memcpy(&frame->ip.daddr, &pkt->src, 16);
	memset(&frame->icmp, 0, sizeof(frame->icmp));
	frame->icmp.type = ICMPV6_PKT_TOOBIG;
	frame->icmp.seq_or_mtu = bpf_htons((u16)mtu); /* of a 32-bit field */
	sum = bpf_csum_diff(NULL, 0, pseudo, sizeof(pseudo), 0);
	sum = bpf_csum_diff(NULL, 0, (void *)&frame->ip.saddr, 32, (u32)sum);
	/* 1240 bytes in chunks that the helper takes */
	sum = bpf_csum_diff(NULL, 0, (void *)&frame->icmp, 440, (u32)sum);
	sum = bpf_csum_diff(NULL, 0, ((void *)&frame->icmp + 440), 400, (u32)sum);
	sum = bpf_csum_diff(NULL, 0, ((void *)&frame->icmp + 840), 400, (u32)sum);
	frame->icmp.checksum = checksum_fold((u64)sum);
	return 0;
}

/* Whether an error may be sent about this packet (RFC 1122 section 3.2.2, RFC 4443 section 2.4). */
static __always_inline bool toobig_wanted(const struct pkt *pkt, u32 mtu)
{
	if (pkt->family == 4)
		return !pkt_is_multicast(pkt) && mtu >= QUOTE4 && pkt->src.w[3] &&
		       (pkt->proto != IPPROTO_ICMP || pkt->icmp_type == ICMP_ECHO ||
			       pkt->icmp_type == ICMP_ECHOREPLY);
	return mtu >= QUOTE6 && (pkt->proto != IPPROTO_ICMPV6 || pkt->icmp_type >= 128);
}

/* Drops the packet, counted; and if an error may be sent it goes back to the guest in the packet's
 * place. */
static __always_inline int toobig(
	struct __sk_buff *skb, const struct port *port, const struct pkt *pkt)
{
	static const struct network outside; /* has no gateway: the destination's name is used */
	const struct network *network = port->vni & EDGE_WIRE ? &outside : network_get(port->vni);
	u32 mtu = skb->cb[CB_MTU];
	long failed;

	if (!network || !toobig_wanted(pkt, mtu) ||
		(!tracing(skb) && !limit_allows(port->id, LIMIT_ICMP)))
		return drop(skb, port->id, DROP_TOO_BIG);
	trace(skb, STEP_TOO_BIG, mtu, 0, NULL, NULL);
	drop(skb, port->id, DROP_TOO_BIG);
	failed = pkt->family == 4 ? toobig_make4(skb, pkt, network, mtu)
				  : toobig_make6(skb, pkt, network, mtu);
	if (failed)
		return CONSUMED;
	count_tx(skb, port->id);
	return answer_guest(skb, port);
}
