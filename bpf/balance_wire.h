/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Load balancing on a wire: VIPs that are on a network of a physical one. There is no directory of
 * who is out there, and one host, which hosts agree upon, has the VIP for all that is not a guest:
 * it answers for the address, and sends what comes on to the members, by the wire. Guests' hosts
 * choose the member for them, as everywhere.
 *
 *   wire ── VIP's MAC ──► the VIP's host: balance_choose() ─┬─ member here ─► firewall ─► member
 *                                                           └─ wire, from the VIP's MAC to the
 * member's a guest ─► its own host: guest_balance ─────────────────── wire, from its own MAC to the
 * member's wire ── a member's MAC, for the VIP ──► the member's host: balance_arrive() ─► firewall
 * ─► member member ─► its host: balance_answer(): the VIP's address, the member's MAC ─► wire ─►
 * client
 *
 * So no switch sees a MAC in two places. All that comes by a wire goes by a flow entry, for a
 * second at a time.
 */
#pragma once

#include "inside.h"

/* A frame to a VIP's MAC: the member, and the new MACs; 0, the reason to drop, or -1: it is not for
 * this host. */
static __always_inline int vip_choose(
	struct __sk_buff *skb, u32 vni, struct pkt *pkt, struct rewrite *rewrite)
{
	const bool from_wire = skb->ifindex == WIRE_IFINDEX(vni);
	const struct external *external = external_get(vni, &pkt->dst);
	struct room *room = room_get();
	int reason;

	if (!room || (from_wire && !(external && external->balancer)))
		return -1;
	reason = balance_choose(skb, pkt, vni);
	if (reason)
		return reason;
	mac_copy(rewrite->macs, room->member.mac);
	if (from_wire) /* else it is from a router of this host, and says so */
		mac_copy(rewrite->macs + ETH_ALEN, PKT_DST(pkt));
	return 0;
}

static __always_inline int vip_leave(
	struct __sk_buff *skb, const struct host *host, u32 vni, struct room *room)
{
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return drop(skb, 0, DROP_INTERNAL);
	if (room->flow.output == FLOW_TO_WIRE)
		return wire_send(skb, vni, 0);
	return finish(skb, inside_deliver(skb, host, &room->flow, vni, skb->cb[CB_PASSED]));
}

/* A frame for a VIP on the wire's network @vni: to its MAC, or to a member's that is here. */
static __always_inline int vip_pipeline(
	struct __sk_buff *skb, const struct host *host, u32 vni, struct pkt *pkt)
{
	const struct endpoint *endpoint = endpoint_get(vni, PKT_DST(pkt));
	const struct network *network = network_get(vni);
	struct room *room = room_get();
	int reason, answer = FIREWALL_ALLOW;

	if (!endpoint || !network || !room || !pkt->family)
		return wire_not_ours(skb, vni);
	room->balanced.kind = BALANCED_NOT;
	room->arrival = (struct arrival){ .vni = vni, .dst = pkt->dst, .ports = pkt->ports };
	room->rewrite.vni = vni;
	memcpy(room->rewrite.macs, pkt->macs, sizeof(room->rewrite.macs));
	if (is_balancer(endpoint))
		reason = vip_choose(skb, vni, pkt, &room->rewrite);
	else
		reason = balance_arrive(skb, pkt, vni);
	if (reason < 0)
		return wire_not_ours(skb, vni);
	if (!reason && pkt_ttl(skb, pkt) <= 1)
		reason = DROP_TTL_EXPIRED;
	if (reason)
		return drop(skb, 0, (u32)reason);
	verdict_init(&room->flow, host, pkt, network->mtu);
	endpoint = endpoint_get(vni, room->rewrite.macs);
	if (endpoint && endpoint->ifindex)
		reason = place_resolve(skb, pkt, endpoint, &room->flow, &answer);
	else
		room->flow.output = FLOW_TO_WIRE;
	if (reason)
		return reason == DROPPED ? CONSUMED : drop(skb, 0, (u32)reason);
	room->rewrite.balanced = room->balanced;
	if (balance_now(skb, pkt, room) || rewrite_apply_slowly(skb, pkt, &room->rewrite))
		return drop(skb, 0, DROP_INTERNAL);
	balance_leave(pkt, room);
	if (answer_holds(answer))
		arrival_put(skb, pkt, room);
	return vip_leave(skb, host, vni, room);
}
