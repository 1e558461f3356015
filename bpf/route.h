/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Routing where the packet enters. A router is on every host that has one of its networks, so a
 * packet to its MAC takes one hop to wherever its destination is: the route gives the network, the
 * directory of that network the neighbour's MAC and the MAC's place. What becomes of the headers is
 * written down beside the flow entry, under its key.
 *
 * The next hop may be the interface of another router (on a network that both have): then the
 * packet is changed and comes here again, on that network, in skb->cb[CB_ROUTE_VNI]. Such a path
 * has no flow entry; its end is the TTL or the kernel's limit of tail calls.
 */
#pragma once

#include "balance.h"
#include "l2.h"
#include "nat.h"
#include "neighbours.h"
#include "room.h"
#include "route_apply.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct endpoint_key);
	__type(value, struct interface);
} interfaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct route_key);
	__type(value, struct route);
} routes SEC(".maps");

static __always_inline const struct interface *interface_get(u32 vni, const void *mac)
{
	struct endpoint_key key = { .vni = vni };

	mac_copy(key.mac, mac);
	return bpf_map_lookup_elem(&interfaces, &key);
}

static __always_inline bool is_outside(const struct flow *flow)
{
	return flow->output == FLOW_TO_WIRE && flow->flags & FLOW_ROUTED;
}

/* What leaves for a wire, or came from one, is decided again once a tick, and where it opens a
 * connection: the neighbour's MAC is looked at then, and the state of a translation. That of one
 * which closes too, unless a port here wants to see it (connection_step_changed()). */
static __always_inline bool outside_is_fresh(const struct flow *flow, const struct pkt *pkt)
{
	if (flow->seen != tick_now() || pkt->flags & PKT_OPENING)
		return false;
	return !(pkt->flags & PKT_CLOSING) || flow->flags & (FLOW_TRACKED | FLOW_TO_TRACKED);
}

/* What no router passes on, be it a source or a destination: link-local (RFC 3927 section 2.7,
 * RFC 4291 section 2.5.6), multicast and beyond, "this network" and loopback (RFC 1122
 * section 3.2.1.3), and of IPv6 what begins with 96 zeroes, among it the unspecified address and
 * loopback (RFC 4291 section 2.5). */
static __always_inline bool addr_stays_on_link(u8 family, const struct addr *addr)
{
	u32 first = bpf_ntohl(family == 4 ? addr->w[3] : addr->w[0]);

	if (family == 4)
		return first >= 0xe0000000 || (first & 0xffff0000) == 0xa9fe0000 ||
		       first >> 24 == 127 || !(first >> 24);
	return first >= 0xff000000 || (first & 0xffc00000) == 0xfe800000 ||
	       !(addr->w[0] | addr->w[1] | addr->w[2]);
}

/* A router's own link-local address has a route. */
static __always_inline bool stays_on_link(const struct pkt *pkt)
{
	return addr_stays_on_link(pkt->family, &pkt->dst) ||
	       addr_stays_on_link(pkt->family, &pkt->src);
}

static __always_inline const struct route *route_get(
	const struct interface *in, const struct pkt *pkt)
{
	struct route_key key = { .prefix_bits = ROUTE_KEY_FIXED_BITS + 128,
		.router = { in->router[0], in->router[1] },
		.family = pkt->family,
		.dst = pkt->dst };

	return bpf_map_lookup_elem(&routes, &key);
}

#define ICMP_NET_UNREACH 0
#define ICMP_HOST_UNREACH 1
#define ICMPV6_TIME_EXCEEDED 3
#define ICMPV6_NO_ROUTE 0
#define ICMPV6_ADDRESS_UNREACH 3

/* An echo request to the router itself is turned round; the sum of its IP header and of the
 * pseudo-header does not change by that. */
static __noinline int router_echo(
	struct __sk_buff *skb, const struct port *port, const struct pkt *pkt)
{
	const bool v4 = pkt->family == 4;
	const u8 request = v4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
	u8 reply = v4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY, macs[12];
	struct addr addrs[2] = { pkt->dst, pkt->src };
	be32 addrs4[2] = { pkt->dst.w[3], pkt->src.w[3] };
	u32 icmp = bounded(pkt->l4_off, 0x1ff);
	long failed;

	if (pkt->proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) || pkt->icmp_type != request ||
		pkt->flags & PKT_NO_FLOW)
		return drop(skb, port->id, DROP_ROUTER_LOCAL);
	if (!tracing(skb) && !limit_allows(port->id, LIMIT_ECHO))
		return drop(skb, port->id, DROP_ROUTER_LOCAL);
	trace(skb, STEP_ROUTER_ECHO, 0, 0, NULL, &pkt->dst);
	if (skb->cb[CB_ROUTE_VNI] == port->vni)
		mac_copy(macs, PKT_SRC(pkt));
	else /* over another router, which has changed it */
		mac_copy(macs, port->mac);
	mac_copy(macs + ETH_ALEN, PKT_DST(pkt));
	failed = bpf_skb_store_bytes(skb, 0, macs, sizeof(macs), 0);
	failed |= v4 ? bpf_skb_store_bytes(skb, ETH_HLEN + 12, addrs4, sizeof(addrs4), 0)
		     : bpf_skb_store_bytes(skb, ETH_HLEN + 8, addrs, sizeof(addrs), 0);
	failed |= bpf_skb_store_bytes(skb, icmp, &reply, 1, 0);
	failed |= bpf_l4_csum_replace(
		skb, icmp + 2, bpf_htons((u16)(request << 8)), bpf_htons((u16)(reply << 8)), 2);
	if (failed)
		return drop(skb, port->id, DROP_INTERNAL);
	count_tx(skb, port->id);
	return answer_guest(skb, port);
}

/* Which of a route's next hops a connection takes: the one that scores highest with it, so that a
 * hop that comes or goes moves only the connections that it gains or had (rendezvous hashing).
 * Global, so that the verifier looks at the loop once, and not with each state of the caller. */
__noinline u32 route_rank(const struct route *route, u32 connection)
{
	u32 best = 0, chosen = 0;

	if (!route || route->n_hops <= 1)
		return 0;
	for (u32 i = 0; i < EDGE_ROUTE_HOPS; i++) {
		const struct addr *via = &route->hops[i].via;
		u32 rest = via->w[0] ^ via->w[1] ^ via->w[2] ^ bpf_htonl(0xffff); /* IPv4: 0 */
		u32 score = (connection ^ via->w[3] ^ rest * 31) * 0x85ebca6bu;

		score ^= score >> 13;
		score *= 0xc2b2ae35u;
		score ^= score >> 16;
		if (i < route->n_hops && score >= best) {
			best = score;
			chosen = i;
		}
	}
	return chosen;
}

/* A packet without a flow entry goes by its addresses. One hop is no case of its own: the verifier
 * would walk all that follows once more for it. */
static __always_inline const struct route_hop *route_choose(
	const struct pkt *pkt, const struct route *route)
{
	u32 connection = pkt->src.w[2] ^ pkt->src.w[3] ^ (pkt->dst.w[2] ^ pkt->dst.w[3]) * 31;

	if (!(pkt->flags & PKT_NO_FLOW))
		connection ^= pkt->ports * 0x9e3779b1u;
	return &route->hops[route_rank(route, connection) & (EDGE_ROUTE_HOPS - 1)];
}

/* To a port that is here or elsewhere, as what room->balanced makes of the packet; 0, DROPPED, or
 * the reason to drop. */
static __always_inline int place_resolve(struct __sk_buff *skb, struct pkt *pkt,
	const struct endpoint *endpoint, struct flow *flow, int *ret_answer)
{
	struct room *room = room_get();
	int reason;

	if (!room)
		return DROP_INTERNAL;
	if (!endpoint->ifindex) {
		flow->output = FLOW_TO_TUNNEL;
		flow->vtep = (u16)endpoint->vtep;
		flow->hash = (u16)bpf_get_hash_recalc(skb);
		return 0;
	}
	if (unlikely(room->balanced.kind))
		balance_enter(pkt, room);
	reason = resolve_local(skb, pkt, endpoint->ifindex, flow, ret_answer);
	if (unlikely(room->balanced.kind)) {
		if (!reason)
			balance_note(skb, pkt, flow->port_id);
		balance_leave(pkt, room);
	}
	return reason;
}

#define NEXT_ROUTER (-2)

/* Where the next hop is: fills in the flow's output and the new MACs; 0, NEXT_ROUTER, DROPPED, or
 * the reason to drop. @ret_answer: see resolve_local(). */
static __always_inline int route_resolve(struct __sk_buff *skb, struct pkt *pkt,
	const struct route *route, const struct route_hop *hop, struct flow *flow,
	struct rewrite *rewrite, int *ret_answer)
{
	struct neighbour_key key = { .vni = hop->vni,
		.addr = route->kind == EDGE_ROUTE_VIA ? hop->via : pkt->dst };
	const struct neighbour *neighbour = bpf_map_lookup_elem(&neighbours, &key);
	const struct endpoint *endpoint;
	struct room *room = room_get();
	int reason;

	if (!room)
		return DROP_INTERNAL;
	trace(skb, STEP_ROUTE, hop->vni, route->kind, NULL, &key.addr);
	if (!neighbour)
		return DROP_UNKNOWN_NEIGHBOUR;
	endpoint = endpoint_get(hop->vni, neighbour->mac);
	if (!endpoint)
		return DROP_UNKNOWN_NEIGHBOUR;
	rewrite->vni = hop->vni;
	mac_copy(rewrite->macs, neighbour->mac);
	mac_copy(rewrite->macs + ETH_ALEN, hop->mac);
	pkt->flags |= PKT_ROUTED;
	room->guard.from.vni = hop->vni;
	mac_copy(room->guard.from.mac, hop->mac);
	if (unlikely(is_balancer(endpoint))) {
		reason = balance_choose(skb, pkt, hop->vni);
		if (reason)
			return reason;
		rewrite->vni = room->member.vni;
		mac_copy(rewrite->macs, room->member.mac);
		endpoint = endpoint_get(rewrite->vni, rewrite->macs);
		if (!endpoint)
			return DROP_NO_MEMBER;
	}
	rewrite->balanced = room->balanced;
	if (endpoint->vtep == EDGE_ENDPOINT_ROUTER)
		return NEXT_ROUTER;
	return place_resolve(skb, pkt, endpoint, flow, ret_answer);
}

/* Whether the flow's entry has room for all that becomes of its packets, which it then has. */
static __always_inline bool keeps_router(struct flow *flow, const struct room *room)
{
	const u32 output = flow->output & FLOW_OUTPUT;
	const struct port *to;

	if (room->balanced.kind || (output != FLOW_TO_PEER && output != FLOW_TO_DEVICE))
		return false;
	to = port_find(flow->ifindex);
	if (!to || !mac_equal(to->mac, room->rewrite.macs))
		return false;
	mac_copy(flow->router, room->rewrite.macs + ETH_ALEN);
	flow->has_router = 1;
	return true;
}

/* The hop by which the router @in sends back to the guest of @from, whose packet it is; NULL: it
 * would go another way, or to another port. */
static __always_inline const struct route_hop *route_back(
	const struct interface *in, const struct port *from, const struct pkt *pkt)
{
	struct route_key key = { .prefix_bits = ROUTE_KEY_FIXED_BITS + 128,
		.router = { in->router[0], in->router[1] },
		.family = pkt->family,
		.dst = pkt->src };
	struct neighbour_key guest = { .vni = from->vni, .addr = pkt->src };
	const struct route *route = bpf_map_lookup_elem(&routes, &key);
	const struct neighbour *neighbour;

	if (!route || route->kind != EDGE_ROUTE_CONNECTED || route->n_hops != 1 ||
		route->hops[0].vni != from->vni)
		return NULL;
	neighbour = bpf_map_lookup_elem(&neighbours, &guest);
	return neighbour && mac_equal(neighbour->mac, from->mac) &&
			       mac_equal(from->mac, PKT_SRC(pkt))
		       ? &route->hops[0]
		       : NULL;
}

/* The same as answer_put() for a packet that this host routes between two of its ports, with the
 * verdict room->flow. The answer is routed back, which routes may not do symmetrically, so they are
 * asked. */
__noinline int routed_answer_put(const struct host *host, const struct port *from, struct pkt *pkt)
{
	struct room *room = room_get();
	const struct interface *in;
	const struct network *network;
	const struct route_hop *hop;
	struct flow *entry, *flow;
	struct mac mac;

	if (!host || !from || !pkt || !room)
		return 0;
	flow = &room->flow;
	mac_copy(&mac, room->rewrite.macs);
	entry = answer_entry(from, pkt, flow, &mac);
	in = entry ? interface_get(room->rewrite.vni, flow->router) : NULL;
	hop = in ? route_back(in, from, pkt) : NULL;
	network = hop ? network_get(hop->vni) : NULL;
	if (!entry || !network || !hop)
		return 0;
	verdict_init(&room->answer, host, pkt, network->mtu);
	mac_copy(room->answer.macs, flow->router);
	mac_copy((u8 *)room->answer.macs + ETH_ALEN, &mac);
	mac_copy(room->answer.router, hop->mac);
	room->answer.has_router = 1;
	room->answer.flags = FLOW_ROUTED;
	answer_begin(entry, &room->answer, from, flow);
	return 0;
}

/* Writes the verdict room->flow of a packet down, which is routed as room->rewrite says. */
static __always_inline void route_put(
	struct __sk_buff *skb, const struct host *host, const struct port *port, struct pkt *pkt)
{
	struct room *room = room_get();

	if (!room)
		return;
	if (!keeps_router(&room->flow, room) &&
		rewrite_put(pkt, port->id, FLOW_FROM_GUEST, &room->rewrite, &room->flow))
		return;
	flow_put(skb, pkt, port->id, FLOW_FROM_GUEST, &room->flow);
	if (room->flow.has_router && room->flow.flags & FLOW_TO_TRACKED)
		routed_answer_put(host, port, pkt);
}

/* A checked packet whose destination MAC is a router's on network skb->cb[CB_ROUTE_VNI]. */
static __always_inline int route_from_guest(
	struct __sk_buff *skb, const struct host *host, const struct port *port, struct pkt *pkt)
{
	const struct interface *in = interface_get(skb->cb[CB_ROUTE_VNI], PKT_DST(pkt));
	const struct network *network;
	const struct route *route;
	const struct route_hop *hop;
	struct room *room = room_get();
	struct rewrite *rewrite;
	struct flow *flow;
	int reason, receiver = FIREWALL_ALLOW;

	if (!in || !room)
		return drop(skb, port->id, DROP_UNKNOWN_UNICAST);
	rewrite = &room->rewrite;
	flow = &room->flow;
	room->arrival.vni = 0;
	if (!pkt->family)
		return drop(skb, port->id, DROP_NOT_ROUTED);
	route = route_get(in, pkt);
	if (route && route->kind == EDGE_ROUTE_LOCAL && pkt->proto == IPPROTO_UDP)
		return route_error(skb, port, pkt, DROP_ROUTER_LOCAL, ICMP_DEST_UNREACH,
			ICMP_PORT_UNREACH, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH);
	if (route && route->kind == EDGE_ROUTE_LOCAL)
		return router_echo(skb, port, pkt);
	if (stays_on_link(pkt))
		return drop(skb, port->id, DROP_NOT_ROUTED);
	if (!route || route->kind == EDGE_ROUTE_BLACKHOLE)
		return route_error(skb, port, pkt, DROP_NO_ROUTE, ICMP_DEST_UNREACH,
			ICMP_NET_UNREACH, ICMPV6_DEST_UNREACH, ICMPV6_NO_ROUTE);
	if (pkt_ttl(skb, pkt) <= 1)
		return route_error(skb, port, pkt, DROP_TTL_EXPIRED, ICMP_TIME_EXCEEDED, 0,
			ICMPV6_TIME_EXCEEDED, 0);
	hop = route_choose(pkt, route);
	if (hop->vni & EDGE_WIRE) {
		if (balance_now(skb, pkt, room))
			return drop(skb, port->id, DROP_INTERNAL);
		bpf_tail_call(skb, &stages, STAGE_OUTSIDE);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	network = network_get(hop->vni);
	if (!network)
		return drop(skb, port->id, DROP_NO_NETWORK);
	verdict_init(flow, host, pkt, network->mtu);
	reason = route_resolve(skb, pkt, route, hop, flow, rewrite, &receiver);
	if (reason == DROPPED)
		return CONSUMED;
	if (reason == DROP_UNKNOWN_NEIGHBOUR)
		return route_error(skb, port, pkt, DROP_UNKNOWN_NEIGHBOUR, ICMP_DEST_UNREACH,
			ICMP_HOST_UNREACH, ICMPV6_DEST_UNREACH, ICMPV6_ADDRESS_UNREACH);
	if (reason > 0)
		return refuse(skb, port, pkt, -reason);
	if (pkt_too_big(skb, pkt, flow->mtu)) {
		skb->cb[CB_MTU] = flow->mtu;
		bpf_tail_call(skb, &stages, STAGE_TOO_BIG);
		return drop(skb, port->id, DROP_TOO_BIG);
	}
	if (reason == NEXT_ROUTER) {
		if (balance_now(skb, pkt, room) || rewrite_apply_slowly(skb, pkt, rewrite))
			return drop(skb, port->id, DROP_INTERNAL);
		room->balanced.kind = BALANCED_NOT;
		skb->cb[CB_ROUTE_VNI] = rewrite->vni;
		bpf_tail_call(skb, &stages, STAGE_ROUTE);
		return drop(skb, port->id, DROP_TTL_EXPIRED);
	}
	flow->flags |= FLOW_ROUTED;
	if (skb->cb[CB_ROUTE_VNI] == port->vni &&
		verdict_holds(flow, (int)skb->cb[CB_FIREWALL], receiver) && !tracing(skb) &&
		!(pkt->flags & PKT_NO_FLOW))
		route_put(skb, host, port, pkt);
	if (balance_now(skb, pkt, room) || rewrite_apply_slowly(skb, pkt, rewrite))
		return drop(skb, port->id, DROP_INTERNAL);
	return finish(skb, execute_ip(skb, host, port, flow, rewrite->vni));
}
