/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a guest sends to a VIP on its own network, and what a member sends to a client there. */
#pragma once

#include "route.h"

/* Fills in where the packet goes and its new MACs; NULL: *ret_reason says why not, unless that is
 * 0: to the wire. */
static __always_inline const struct endpoint *balance_place(struct __sk_buff *skb,
	const struct port *port, struct pkt *pkt, struct room *room, int *ret_reason)
{
	const struct endpoint *endpoint = endpoint_get(port->vni, PKT_DST(pkt));
	struct rewrite *rewrite = &room->rewrite;

	rewrite->vni = port->vni;
	memcpy(rewrite->macs, pkt->macs, sizeof(rewrite->macs));
	*ret_reason = endpoint || port->vni & EDGE_WIRE ? 0 : DROP_UNKNOWN_UNICAST;
	if (!endpoint || !is_balancer(endpoint))
		return endpoint;
	*ret_reason = balance_choose(skb, pkt, port->vni);
	if (*ret_reason)
		return NULL;
	rewrite->vni = room->member.vni;
	mac_copy(rewrite->macs, room->member.mac);
	endpoint = endpoint_get(rewrite->vni, rewrite->macs);
	/* on a wire the VIP's MAC is at one host, and the guest's at this one */
	if (endpoint || !(rewrite->vni & EDGE_WIRE))
		mac_copy(rewrite->macs + ETH_ALEN, PKT_DST(pkt));
	if (!endpoint && !(rewrite->vni & EDGE_WIRE))
		*ret_reason = DROP_NO_MEMBER;
	return endpoint;
}

static __always_inline int balance_from_guest(
	struct __sk_buff *skb, const struct host *host, const struct port *port, struct pkt *pkt)
{
	const struct network *network = network_get(port->vni);
	struct room *room = room_get();
	const struct endpoint *endpoint;
	int reason, receiver = FIREWALL_ALLOW;

	if (!network || !room || !pkt->family)
		return drop(skb, port->id, DROP_INTERNAL);
	if (pkt_ttl(skb, pkt) <= 1)
		return drop(skb, port->id, DROP_TTL_EXPIRED);
	room->arrival.vni = 0;
	verdict_init(&room->flow, host, pkt, network->mtu);
	endpoint = balance_place(skb, port, pkt, room, &reason);
	if (!reason && endpoint)
		reason = place_resolve(skb, pkt, endpoint, &room->flow, &receiver);
	else if (!reason)
		room->flow.output = FLOW_TO_WIRE;
	if (reason)
		return reason == DROPPED ? CONSUMED : drop(skb, port->id, (u32)reason);
	room->rewrite.balanced = room->balanced;
	room->flow.flags |= FLOW_ROUTED;
	if (verdict_holds(&room->flow, (int)skb->cb[CB_FIREWALL], receiver) && !tracing(skb) &&
		!(pkt->flags & PKT_NO_FLOW) &&
		!rewrite_put(pkt, port->id, FLOW_FROM_GUEST, &room->rewrite, &room->flow))
		flow_put(skb, pkt, port->id, FLOW_FROM_GUEST, &room->flow);
	if (balance_now(skb, pkt, room) || rewrite_apply_slowly(skb, pkt, &room->rewrite))
		return drop(skb, port->id, DROP_INTERNAL);
	return finish(skb, execute_ip(skb, host, port, &room->flow, room->rewrite.vni));
}
