/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IPv6 neighbour discovery (RFC 4861) from guests: solicitations are answered at the asking port,
 * duplicate address detection (RFC 4862, from ::) included, which gets an answer to all nodes when
 * another port has the address and silence when it is the guest's own. Claims of addresses or MACs
 * that are not the port's are dropped. See arp.h for shared addresses.
 */
#pragma once

#include "announce.h"
#include "antispoof.h"
#include "flood.h"
#include "neighbours.h"

#define ND_OPTION_SOURCE_LL 1
#define ND_OPTION_TARGET_LL 2
#define ND_OPTIONS_MAX 4
#define NA_ROUTER 0x80000000u
#define NA_SOLICITED 0x40000000u
#define NA_OVERRIDE 0x20000000u

struct nd {
	u8 type, code;
	be16 checksum;
	be32 flags;
	struct addr target;
} __attribute__((packed));

struct nd_option_ll {
	u8 type, words;
	u8 mac[ETH_ALEN];
} __attribute__((packed));

struct na_frame {
	struct ethhdr eth;
	struct ipv6hdr ip;
	struct nd nd;
	struct nd_option_ll option;
} __attribute__((packed));
_Static_assert(sizeof(struct na_frame) == 86, "RFC 4861 section 4.4");

/* The link-layer address option of @type, copied to @mac: 1; none: 0; malformed options, or so many
 * that one could hide behind them: -1. */
static __always_inline int nd_option_mac(
	const struct nd *nd, const void *end, u32 len, u8 type, void *mac)
{
	u32 at = sizeof(*nd);

	for (int i = 0; i < ND_OPTIONS_MAX && at + 8 <= len; i++) {
		const struct nd_option_ll *option = (const void *)nd + (at & 0x7ff);

		if ((const void *)(option + 1) > end || !option->words)
			return -1;
		if (option->type == type) {
			mac_copy(mac, option->mac);
			return 1;
		}
		at += option->words * 8u;
	}
	return at + 8 <= len ? -1 : 0;
}

/* Whether a link-layer option of @type, if there is one, names a MAC that the port may use. */
static __always_inline bool nd_option_allowed(
	const struct port *port, const struct nd *nd, const void *end, u32 len, u8 type)
{
	struct mac mac;
	int found = nd_option_mac(nd, end, len, type, &mac);

	return !found || (found > 0 && (mac_equal(&mac, port->mac) ||
					       source_allowed(port->id, &mac, 0, NULL)));
}

/* ICMPv6 checksum of @len bytes at @icmp; @addresses: source and destination. @len is a constant
 * below 512. */
static __always_inline u16 nd_checksum(void *addresses, void *icmp, const u32 len)
{
	be32 pseudo[2] = { bpf_htonl(len), bpf_htonl(IPPROTO_ICMPV6) };
	s64 sum = bpf_csum_diff(NULL, 0, pseudo, sizeof(pseudo), 0);

	sum = bpf_csum_diff(NULL, 0, addresses, 32, (u32)sum);
	sum = bpf_csum_diff(NULL, 0, icmp, len, (u32)sum);
	return checksum_fold((u64)sum);
}

/* One that were no router any more would be struck from the guest's routers (RFC 4861 section
 * 7.2.5). */
static __always_inline bool is_router(u32 vni, const u8 *mac)
{
	const struct endpoint *endpoint = endpoint_get(vni, mac);

	return endpoint && !endpoint->ifindex && endpoint->vtep == EDGE_ENDPOINT_ROUTER;
}

/* Turns the solicitation into an advertisement of @owner for @target and sends it back. */
__noinline int nd_answer(struct __sk_buff *skb, const struct port *port,
	const struct neighbour *owner, const struct addr *target)
{
	struct na_frame na = { 0 }, *frame;
	bool dad;

	if (!port || !owner || !target)
		return TC_ACT_SHOT;
	trace(skb, STEP_ANSWERED, port->vni, 0, owner->mac, target);
	if (bpf_skb_change_tail(skb, sizeof(na), 0) || pkt_pull(skb, sizeof(na)))
		return drop(skb, port->id, DROP_INTERNAL);
	frame = (void *)(long)skb->data;
	if ((void *)(frame + 1) > (void *)(long)skb->data_end)
		return drop(skb, port->id, DROP_INTERNAL);
	memcpy(&na.ip.daddr, &frame->ip.saddr, 16);
	dad = !(na.ip.daddr.in6_u.u6_addr32[0] | na.ip.daddr.in6_u.u6_addr32[1] |
		na.ip.daddr.in6_u.u6_addr32[2] | na.ip.daddr.in6_u.u6_addr32[3]);
	if (dad) { /* to all nodes, since the asker has no address */
		na.ip.daddr.in6_u.u6_addr32[0] = bpf_htonl(0xff020000);
		na.ip.daddr.in6_u.u6_addr32[3] = bpf_htonl(1);
		na.eth.h_dest[0] = na.eth.h_dest[1] = 0x33;
		na.eth.h_dest[5] = 1;
	} else {
		mac_copy(na.eth.h_dest, frame->eth.h_source);
	}
	mac_copy(na.eth.h_source, owner->mac);
	na.eth.h_proto = bpf_htons(ETH_P_IPV6);
	na.ip.version = 6;
	na.ip.payload_len = bpf_htons(sizeof(na.nd) + sizeof(na.option));
	na.ip.nexthdr = IPPROTO_ICMPV6;
	na.ip.hop_limit = 255;
	memcpy(&na.ip.saddr, target, 16);
	na.nd.type = ND_NEIGHBOUR_ADVERT;
	na.nd.flags = bpf_htonl(NA_OVERRIDE | (dad ? 0 : NA_SOLICITED) |
				(is_router(port->vni, owner->mac) ? NA_ROUTER : 0));
	na.nd.target = *target;
	na.option.type = ND_OPTION_TARGET_LL;
	na.option.words = 1;
	mac_copy(na.option.mac, owner->mac);
	memcpy(frame, &na, sizeof(na));
	frame->nd.checksum = nd_checksum(
		(void *)&frame->ip.saddr, &frame->nd, sizeof(na.nd) + sizeof(na.option));
	count_tx(skb, port->id);
	return answer_guest(skb, port);
}

/* Nobody answers it here: announcements, unknown targets. */
static __always_inline int nd_unanswered(struct __sk_buff *skb, const struct port *port, u32 reason)
{
	const struct network *network = network_get(port->vni);

	if (network && network->shared_addresses && !network->routed)
		return flood_start(skb, port->id, port->vni, port->ifindex);
	return drop(skb, port->id, reason);
}

/* Only its owner knows whether it is a router, and a router that does not say so is struck from
 * guests' routers (RFC 4861 section 7.2.5). By a link-local address routers are known, so its owner
 * is asked itself, by unicast; those that the edge answers for are its own. */
static __always_inline bool nd_is_for_owner(
	u32 vni, const struct addr *target, const struct neighbour *owner)
{
	return target->w[0] == bpf_htonl(0xfe800000) && !service_get(vni, target) &&
	       !is_router(vni, owner->mac);
}

/* A neighbour solicitation or advertisement; MAC and IP source have been checked. */
static __always_inline int nd_from_guest(
	struct __sk_buff *skb, const struct port *port, const struct pkt *pkt)
{
	const void *end = (void *)(long)skb->data_end;
	const struct nd *nd = (void *)(long)skb->data + (pkt->l4_off & 0x3ff);
	u32 len = skb->len - pkt->l4_off;
	bool advert = pkt->icmp_type == ND_NEIGHBOUR_ADVERT,
	     secure = port->flags & EDGE_PORT_SECURITY;
	const struct neighbour *owner;
	const struct network *network;
	struct addr target;
	struct mac mac;

	if ((const void *)(nd + 1) > end)
		return drop(skb, port->id, DROP_TRUNCATED);
	memcpy(&target, &nd->target, sizeof(target));
	mac_copy(&mac, PKT_SRC(pkt));
	if (secure && !nd_option_allowed(port, nd, end, len,
			      advert ? ND_OPTION_TARGET_LL : ND_OPTION_SOURCE_LL))
		return drop(skb, port->id, DROP_SPOOFED_ND);
	if (advert) {
		if (secure && !source_allowed(port->id, &mac, 6, &target))
			return drop(skb, port->id, DROP_SPOOFED_ND);
		announce(skb, port, &target, &mac, !pkt_is_multicast(pkt));
		if (pkt_is_multicast(pkt) && neighbour_is_announced(port, &target, mac.b))
			return flood_start(skb, port->id, port->vni, port->ifindex);
		if (pkt_is_multicast(pkt))
			return nd_unanswered(skb, port, DROP_UNSOLICITED);
		bpf_tail_call(skb, &stages, STAGE_UNICAST);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	owner = neighbour_get(port->vni, &target);
	if (owner && mac_equal(owner->mac, &mac))
		return CONSUMED; /* its own address: silence means that nobody else has it */
	network = network_get(port->vni);
	if (network && unlikely(network->routed))
		owner = neighbour_routed(network, port->vni, &target, owner,
			pkt->src.w[0] | pkt->src.w[1] | pkt->src.w[2] | pkt->src.w[3]);
	if (!owner)
		return nd_unanswered(skb, port, DROP_UNKNOWN_TARGET);
	if (nd_is_for_owner(port->vni, &target, owner)) {
		mac_copy(&mac, owner->mac);
		if (!bpf_skb_store_bytes(skb, 0, &mac, sizeof(mac), 0))
			bpf_tail_call(skb, &stages, STAGE_UNICAST);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	return nd_answer(skb, port, owner, &target);
}
