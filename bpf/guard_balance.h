/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Firewall groups on the way over a load balancer, which has two parts: to the VIP, about the VIP,
 * and from the VIP's network to that of the member, about the member. So nobody gets past a group
 * by a VIP, and none is asked that would not be if a machine stood at the VIP.
 *
 *   outside ─ gateway ─ interface ─► VIP ─ interface ─ interface ─► member on another network
 *             └─ asked about the VIP ─┘     └─ asked about the member ─┘
 *
 * Both are asked where the member is chosen: at a guest's own host, whose port has asked about the
 * way to the VIP, or where the connection comes in from outside. Each packet that opens it or
 * follows is judged there as the opening, by its addresses alone. The member's port asks nothing of
 * what it gets by a VIP, nor of its answers.
 *
 * The second part begins at the router that has brought the packet to the VIP, or, for who is on
 * the VIP's network, at that network's gateway, or, where that is no router, at the one that leads
 * to the member, which the agent names with it.
 */
#pragma once

#include "guard.h"

/* The router's interface on the VIP's network @vni. */
static __always_inline void guard_at_vip(struct guard_query *query, const struct pkt *pkt,
	const struct lb_member *member, u32 vni, u32 routed)
{
	const struct network *network = network_get(vni);
	const struct neighbour *gateway = NULL;

	query->near = query->from;
	if (routed || !network)
		return;
	if (!mac_is_zero(member->router_mac)) {
		query->near = (struct endpoint_key){ .vni = vni };
		mac_copy(query->near.mac, member->router_mac);
		return;
	}
	query->next = (struct neighbour_key){ .vni = vni, .addr = network->gateway6 };
	if (pkt->family == 4)
		addr_set4(&query->next.addr, network->gateway4);
	if (pkt->family == 4 ? network->has_gateway4 : network->has_gateway6)
		gateway = bpf_map_lookup_elem(&neighbours, &query->next);
	query->near = (struct endpoint_key){ .vni = vni };
	if (gateway)
		mac_copy(query->near.mac, gateway->mac);
}

/* What comes from outside, on its way to the VIP: false: it is refused. */
static __always_inline bool guard_to_vip(
	struct __sk_buff *skb, struct guard_query *query, struct pkt *about)
{
	guard_fill(query, about, RULE_INGRESS, RULE_INGRESS);
	query->judges = 1;
	query->near = query->from;
	return guard_way(skb, about, RULE_INGRESS) != GUARD_REFUSES;
}

/* What is for room->member, from the VIP's network @vni on; the same. */
static __always_inline bool guard_to_member(
	struct __sk_buff *skb, struct room *room, struct pkt *about, u32 vni, u32 routed)
{
	int way;

	room->was.dst = about->dst;
	room->was.ports = about->ports;
	about->dst = room->member.addr;
	about->ports = (about->ports & 0xffff) | (u32)room->member.port << 16;
	guard_fill(&room->guard, about, RULE_EGRESS, RULE_EGRESS);
	guard_at_vip(&room->guard, about, &room->member, vni, routed);
	way = guard_way(skb, about, RULE_EGRESS);
	about->dst = room->was.dst;
	about->ports = room->was.ports;
	return way != GUARD_REFUSES;
}

/* Asked when the member of a packet to a VIP on network @vni has been chosen: 0, or the reason to
 * drop. */
__noinline int guard_balanced(struct __sk_buff *skb, struct pkt *pkt, u32 vni)
{
	const struct port *port = guest_port(skb);
	struct room *room = room_get();
	struct pkt *about = pkt;
	u32 routed;

	if (!pkt || !room)
		return DROP_INTERNAL;
	if (port && !(port->flags & EDGE_PORT_GUARDED))
		return 0;
	if (pkt->flags & PKT_MESSAGE) {
		about = &room->about;
		room->guard.begins = 0;
	}
	routed = pkt->flags & PKT_ROUTED;
	room->guard.ifindex = port ? port->ifindex : 0;
	memset(room->guard.port, 0, sizeof(room->guard.port));
	if (port)
		memcpy(room->guard.port, port->uuid, sizeof(room->guard.port));
	if (routed && skb->cb[CB_ROUTE_VNI] & EDGE_WIRE && !guard_to_vip(skb, &room->guard, about))
		return DROP_DENIED_FIREWALL;
	if (room->member.vni != vni && !guard_to_member(skb, room, about, vni, routed))
		return DROP_DENIED_FIREWALL;
	return 0;
}
