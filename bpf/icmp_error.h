/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Errors of a router about a packet that it can't forward, or that its firewall group rejects
 * (RFC 792, RFC 4443), to the guest that sent it, from the router's address on the guest's network.
 * The packet has been counted as dropped; the error is made of it: cut to the IP header and
 * twenty bytes, eight if there are no more, room made in front. skb->cb[CB_ICMP_TYPE] and
 * [CB_ICMP_CODE] say which.
 */
#pragma once

#include "icmp_toobig.h"
#include "route.h"

#define ERROR_QUOTE4 (sizeof(struct iphdr) + 8)
#define ERROR_QUOTE6 (sizeof(struct ipv6hdr) + 8)
/* The kernel cuts nothing before a checksum that is still to be filled in: of TCP and SCTP, which
 * guests send so, eight bytes are too few. */
#define ERROR_MORE 12

/* Whether an error may be sent about this packet: to a unicast source, about no error, nothing that
 * is multicast and no later fragment (RFC 1122 section 3.2.2, RFC 4443 section 2.4). Without
 * options, whose quote would be longer. */
static __always_inline bool error_wanted(const struct pkt *pkt)
{
	if (stays_on_link(pkt))
		return false;
	if (pkt->family == 4)
		return pkt->l4_off == ETH_HLEN + sizeof(struct iphdr) &&
		       pkt->l3_len >= ERROR_QUOTE4 && pkt->src.w[3] &&
		       (pkt->proto != IPPROTO_ICMP || pkt->icmp_type == ICMP_ECHO ||
			       pkt->icmp_type == ICMP_ECHOREPLY);
	return pkt->l3_len >= ERROR_QUOTE6 &&
	       (pkt->src.w[0] | pkt->src.w[1] | pkt->src.w[2] | pkt->src.w[3]) &&
	       (pkt->proto != IPPROTO_ICMPV6 || pkt->icmp_type >= 128);
}

/* @quote, a constant. */
static __always_inline long error_make4(struct __sk_buff *skb, const struct pkt *pkt, be32 source,
	u8 type, u8 code, const u32 quote)
{
	const u32 room = sizeof(struct iphdr) + sizeof(struct icmp);
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_ICMP };
	struct toobig4 *frame;
	s64 sum;

	if (toobig_reshape(skb, quote, room))
		return -1;
	frame = (void *)(long)skb->data;
	if ((void *)(frame + 1) + quote > (void *)(long)skb->data_end)
		return -1;
	toobig_eth(&frame->eth, pkt);
	ip.tot_len = bpf_htons((u16)(room + quote));
	ip.saddr = source;
	ip.daddr = pkt->src.w[3];
	ip.check = ip4_checksum(&ip);
	frame->ip = ip;
	memset(&frame->icmp, 0, sizeof(frame->icmp));
	frame->icmp.type = type;
	frame->icmp.code = code;
	sum = bpf_csum_diff(NULL, 0, (void *)&frame->icmp, sizeof(frame->icmp) + quote, 0);
	frame->icmp.checksum = checksum_fold((u64)sum);
	return 0;
}

static __always_inline long error_make6(struct __sk_buff *skb, const struct pkt *pkt,
	const struct addr *source, u8 type, u8 code, const u32 quote)
{
	const u32 room = sizeof(struct ipv6hdr) + sizeof(struct icmp);
	const u32 payload = sizeof(struct icmp) + quote;
	struct toobig6 *frame;

	if (toobig_reshape(skb, quote, room))
		return -1;
	frame = (void *)(long)skb->data;
	if ((void *)(frame + 1) + quote > (void *)(long)skb->data_end)
		return -1;
	toobig_eth(&frame->eth, pkt);
	*(be32 *)((void *)frame + ETH_HLEN) = bpf_htonl(6u << 28);
	frame->ip.payload_len = bpf_htons(payload);
	frame->ip.nexthdr = IPPROTO_ICMPV6;
	frame->ip.hop_limit = 64;
	memcpy(&frame->ip.saddr, source, 16);
	memcpy(&frame->ip.daddr, &pkt->src, 16);
	memset(&frame->icmp, 0, sizeof(frame->icmp));
	frame->icmp.type = type;
	frame->icmp.code = code;
	frame->icmp.checksum = nd_checksum(&frame->ip.saddr, &frame->icmp, payload);
	return 0;
}

static __always_inline long error_make(struct __sk_buff *skb, const struct pkt *pkt, be32 source4,
	const struct addr *source6, u8 type, u8 code)
{
	if (pkt->family == 4)
		return pkt->l3_len >= ERROR_QUOTE4 + ERROR_MORE
			       ? error_make4(
					 skb, pkt, source4, type, code, ERROR_QUOTE4 + ERROR_MORE)
			       : error_make4(skb, pkt, source4, type, code, ERROR_QUOTE4);
	return pkt->l3_len >= ERROR_QUOTE6 + ERROR_MORE
		       ? error_make6(skb, pkt, source6, type, code, ERROR_QUOTE6 + ERROR_MORE)
		       : error_make6(skb, pkt, source6, type, code, ERROR_QUOTE6);
}

/* Who tells the sender: the router's address where the packet came to it, or, of what came from a
 * wire to the host's own MAC (by BGP's routes, or handed over: snat.h), the address that it was
 * for. False: nobody. */
static __always_inline bool error_source(
	const struct interface *in, const struct pkt *pkt, u32 vni, be32 *ret4, struct addr *ret6)
{
	*ret4 = pkt->dst.w[3];
	*ret6 = pkt->dst;
	if (!in)
		return vni & EDGE_WIRE && pkt->family == 4;
	*ret4 = in->ip4;
	*ret6 = in->ip6;
	return pkt->family == 4 ? in->has_ip4 : in->has_ip6;
}

static __always_inline int icmp_error_send(
	struct __sk_buff *skb, const struct port *port, const struct pkt *pkt)
{
	u8 type = (u8)skb->cb[CB_ICMP_TYPE], code = (u8)skb->cb[CB_ICMP_CODE];
	u32 vni = skb->cb[CB_ROUTE_VNI];
	const struct interface *in = interface_get(vni, PKT_DST(pkt));
	struct addr source;
	be32 source4;
	long failed;

	if (!error_source(in, pkt, vni, &source4, &source) || !error_wanted(pkt) ||
		(!tracing(skb) && !limit_allows(port->id, LIMIT_ICMP)))
		return CONSUMED;
	trace(skb, STEP_ICMP_ERROR, type, code, NULL, NULL);
	failed = error_make(skb, pkt, source4, &source, type, code);
	if (!failed && vni != port->vni) /* another router has changed the sender's MAC */
		failed = bpf_skb_store_bytes(skb, 0, port->mac, ETH_ALEN, 0);
	if (failed)
		return CONSUMED;
	count_tx(skb, port->id);
	return answer_guest(skb, port);
}
