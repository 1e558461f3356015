/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a guest may not send, and what the agent answers: the checks before switching. */
#pragma once

#include "antispoof.h"
#include "l2.h"
#include "nd.h"
#include "punt.h"

static __always_inline bool addr_is_unspecified(const struct pkt *pkt)
{
	if (pkt->family == 4)
		return !pkt->src.w[3];
	return !(pkt->src.w[0] | pkt->src.w[1] | pkt->src.w[2] | pkt->src.w[3]);
}

/* The unspecified address has uses of its own: DHCP and IGMP for IPv4, DAD and MLD for IPv6. */
static __always_inline bool unspecified_allowed(const struct pkt *pkt)
{
	if (pkt->family == 4)
		return pkt_is_udp(pkt, PORT_DHCP_CLIENT, PORT_DHCP_SERVER) ||
		       pkt->proto == IPPROTO_IGMP;
	return pkt->proto == IPPROTO_ICMPV6;
}

static __always_inline bool pkt_is_nd(const struct pkt *pkt)
{
	return pkt->family == 6 && pkt->proto == IPPROTO_ICMPV6 &&
	       pkt->icmp_type >= ND_ROUTER_SOLICIT && pkt->icmp_type <= ND_REDIRECT;
}

/* Clients take answers from any port: they look at their own alone. */
static __always_inline bool is_dhcp_server(const struct pkt *pkt)
{
	return pkt->family == 4 ? pkt_is_udp(pkt, PORT_DHCP_SERVER, 0) ||
					  pkt_is_udp(pkt, 0, PORT_DHCP_CLIENT)
				: pkt_is_udp(pkt, PORT_DHCP6_SERVER, 0) ||
					  pkt_is_udp(pkt, 0, PORT_DHCP6_CLIENT);
}

/* What port security forbids behind an authentication header (IPv6), of which the edge can answer
 * and check nothing: who has agreed on one with a neighbour could poison what that one knows of
 * others. 0, or the reason to drop. @pkt is as it was. */
__noinline int authenticated_check(struct __sk_buff *skb, struct pkt *pkt)
{
	struct extension_walk walk = { .skb = skb, .pkt = pkt, .authenticated = true };
	u8 said[4], proto, flags;
	u16 headers, at;

	if (!pkt)
		return DROP_INTERNAL;
	headers = pkt->headers;
	flags = pkt->flags;
	walk.l3 = pkt->l4_off - headers;
	pkt->flags |= PKT_FIRST_FRAGMENT; /* so another one in it is malformed */
	bpf_loop(EXTENSIONS_MAX, extension_next, &walk, 0);
	proto = pkt->proto;
	at = pkt->headers;
	pkt->proto = IPPROTO_AH;
	pkt->headers = headers;
	pkt->flags = flags;
	if (walk.reason)
		return walk.reason;
	if (is_extension(proto) || proto == IPPROTO_AH)
		return DROP_MALFORMED;
	if (proto != IPPROTO_ICMPV6 && proto != IPPROTO_UDP)
		return 0;
	if (at + sizeof(said) > pkt->l3_len ||
		bpf_skb_load_bytes(skb, walk.l3 + at, said, sizeof(said)))
		return DROP_TRUNCATED;
	if (proto == IPPROTO_UDP)
		return (said[0] << 8 | said[1]) == PORT_DHCP6_SERVER ||
				       (said[2] << 8 | said[3]) == PORT_DHCP6_CLIENT
			       ? DROP_DHCP_SERVER
			       : 0;
	if (said[0] == ND_ROUTER_ADVERT || said[0] == ND_REDIRECT)
		return DROP_ROUTER_ADVERTISEMENT;
	return said[0] >= ND_ROUTER_SOLICIT && said[0] <= ND_NEIGHBOUR_ADVERT ? DROP_SPOOFED_ND : 0;
}

/* Port security; 0, or the reason to drop. */
static __always_inline int guest_check(
	struct __sk_buff *skb, const struct port *port, struct pkt *pkt)
{
	struct mac mac;

	mac_copy(&mac, PKT_SRC(pkt));
	if (unlikely(!mac_equal(&mac, port->mac)) && is_router(port->vni, mac.b))
		return DROP_SPOOFED_MAC; /* what is a router's has been asked about by its groups */
	if (!(port->flags & EDGE_PORT_SECURITY)) {
		trace(skb, STEP_NO_SECURITY, 0, 0, NULL, NULL);
		return 0;
	}
	if (!pkt->family)
		return source_allowed(port->id, &mac, 0, NULL) ? 0 : DROP_SPOOFED_MAC;
	if (!is_own_source(port, &mac, pkt->family, &pkt->src) &&
		!source_allowed(port->id, &mac, pkt->family, &pkt->src))
		return source_allowed(port->id, &mac, 0, NULL) ? DROP_SPOOFED_IP : DROP_SPOOFED_MAC;
	if (addr_is_unspecified(pkt) && !unspecified_allowed(pkt))
		return DROP_SPOOFED_IP;
	trace(skb, STEP_SOURCE_ALLOWED, 0, 0, &mac, &pkt->src);
	if (is_dhcp_server(pkt))
		return DROP_DHCP_SERVER;
	if (pkt->family == 6 && pkt->proto == IPPROTO_ICMPV6 &&
		(pkt->icmp_type == ND_ROUTER_ADVERT || pkt->icmp_type == ND_REDIRECT))
		return DROP_ROUTER_ADVERTISEMENT;
	if (pkt->flags & PKT_FIRST_FRAGMENT &&
		pkt_is_nd(pkt)) /* RFC 6980: what follows is unseen */
		return DROP_FRAGMENT;
	if (unlikely(pkt->family == 6 && pkt->proto == IPPROTO_AH) &&
		!(pkt->flags & PKT_LATER_FRAGMENT))
		return authenticated_check(skb, pkt);
	return 0;
}

/* Is an ICMP error about a probe? */
__noinline int is_about_probe(struct __sk_buff *skb, struct pkt *pkt)
{
	struct room *room = room_get();

	return pkt && room && !related_quote(skb, pkt, &room->about) &&
	       bpf_ntohs((u16)room->about.ports) >= EDGE_PROBE_PORT;
}

/* Can it be a guest's answer to a health check? An ICMP error has no ports here. */
static __always_inline bool may_answer_probe(const struct pkt *pkt)
{
	if (pkt->flags & PKT_LATER_FRAGMENT)
		return false;
	if (pkt->proto == IPPROTO_TCP || pkt->proto == IPPROTO_UDP)
		return bpf_ntohs((u16)(pkt->ports >> 16)) >= EDGE_PROBE_PORT;
	if (pkt->proto != (pkt->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	return is_echo_reply(pkt) ? bpf_ntohs((u16)(pkt->ports >> 16)) >= EDGE_PROBE_PORT
				  : pkt->icmp_type == (pkt->family == 4 ? ICMP_DEST_UNREACH : 1);
}

static __always_inline bool answers_probe(
	struct __sk_buff *skb, const struct port *port, struct pkt *pkt)
{
	struct neighbour_key key = { .vni = port->vni, .addr = pkt->dst };

	return may_answer_probe(pkt) && bpf_map_lookup_elem(&probes, &key) &&
	       (!(pkt->flags & PKT_MESSAGE) || is_about_probe(skb, pkt));
}

/* Which reason to punt a packet for, or -1. */
static __always_inline int guest_punt_reason(
	struct __sk_buff *skb, const struct port *port, struct pkt *pkt)
{
	if (pkt->proto == IPPROTO_UDP) {
		if (port->flags & EDGE_PORT_PUNT_DHCP4 && pkt->family == 4 &&
			pkt_is_udp(pkt, PORT_DHCP_CLIENT, PORT_DHCP_SERVER))
			return PUNT_DHCP4;
		if (port->flags & EDGE_PORT_PUNT_DHCP6 && pkt->family == 6 &&
			pkt_is_udp(pkt, PORT_DHCP6_CLIENT, PORT_DHCP6_SERVER))
			return PUNT_DHCP6;
		if (port->flags & EDGE_PORT_PUNT_DNS && pkt_is_udp(pkt, 0, PORT_DNS) &&
			service_get(port->vni, &pkt->dst))
			return PUNT_DNS;
	}
	if (pkt->proto == IPPROTO_TCP && pkt->ports >> 16 == bpf_htons(PORT_METADATA) &&
		service_get(port->vni, &pkt->dst))
		return PUNT_METADATA;
	if (port->flags & EDGE_PORT_PUNT_RS && pkt->family == 6 && pkt->proto == IPPROTO_ICMPV6 &&
		pkt->icmp_type == ND_ROUTER_SOLICIT)
		return PUNT_RS;
	return answers_probe(skb, port, pkt) ? PUNT_PROBE : -1;
}

/* 01:80:c2:00:00:0x: of the link, never forwarded (IEEE 802.1D table 7-10). */
static __always_inline bool pkt_is_reserved(const struct pkt *pkt)
{
	const u8 *dst = PKT_DST(pkt);

	return dst[0] == 0x01 && dst[1] == 0x80 && dst[2] == 0xc2 && !dst[3] && !dst[4] &&
	       dst[5] < 16;
}

/* The whole pipeline of a guest's frame, up to switching. */
static __always_inline int guest_pipeline(
	struct __sk_buff *skb, const struct host *host, const struct port *port, struct pkt *pkt)
{
	const struct network *network = network_get(port->vni);
	int reason = guest_check(skb, port, pkt);

	if (reason)
		return drop(skb, port->id, (u32)reason);
	reason = guest_punt_reason(skb, port, pkt);
	if (reason >= 0)
		return punt(skb, port, (u32)reason);
	if (pkt->family == 6 && pkt->proto == IPPROTO_ICMPV6 &&
		(pkt->icmp_type == ND_NEIGHBOUR_SOLICIT || pkt->icmp_type == ND_NEIGHBOUR_ADVERT)) {
		bpf_tail_call(skb, &stages, STAGE_GUEST_ND);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	if (pkt_is_reserved(pkt))
		return drop(skb, port->id, DROP_RESERVED_MULTICAST);
	if (!network)
		return drop(skb, port->id, DROP_NO_NETWORK);
	if (pkt->family && pkt_too_big(skb, pkt, network->mtu)) {
		skb->cb[CB_MTU] = network->mtu;
		bpf_tail_call(skb, &stages, STAGE_TOO_BIG);
		return drop(skb, port->id, DROP_TOO_BIG);
	}
	if (pkt_is_multicast(pkt)) {
		if (unlikely(network->routed))
			return drop(skb, port->id, DROP_NOT_ADJACENT);
		reason = firewall(skb, port, pkt, RULE_EGRESS);
		if (reason < 0)
			return drop(skb, port->id, (u32)-reason);
		return flood_start(skb, port->id, port->vni, port->ifindex);
	}
	if (pkt->family) /* at once: it has been read */
		return switch_unicast(skb, host, port, pkt, true);
	bpf_tail_call(skb, &stages, STAGE_UNICAST);
	return drop(skb, port->id, DROP_INTERNAL);
}
