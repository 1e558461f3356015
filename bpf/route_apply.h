/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The headers of what is routed, by the fast path: as the flow entry or the rewrite beside it says,
 * and what the states of connections see of it. */
#pragma once

#include "translate.h"

/* Shows a segment of an open connection to the state of its translation, on network @vni if it
 * comes from there; false if that is not there, or another's. */
static __always_inline bool nat_sees(
	const struct pkt *pkt, const struct rewrite *rewrite, u32 vni, u32 direction)
{
	const bool out = direction == FLOW_FROM_GUEST;
	struct nat_key key =
		out ? nat_key_answer(rewrite->vni, pkt, rewrite->to.addr, rewrite->to.port)
		    : nat_key_in(vni, pkt);
	struct nat *state = bpf_map_lookup_elem(&nats, &key);

	if (!state || state->addr != (out ? pkt->src.w[3] : rewrite->to.addr) ||
		state->port != (out ? nat_port_of(pkt, true) : rewrite->to.port))
		return false;
	nat_touch(state, pkt, out ? NAT_OUT : NAT_IN);
	return true;
}

/* Makes of a packet, for connection_step(), what it becomes by the rewrite of its flow: what is
 * before that is in the key of the sender's port, what is behind it in that of the receiver's.
 * False: the slow path must look at it, as at what a port forwarding remembers. */
__noinline bool change_enter(struct pkt *pkt, const struct flow *flow, u32 scope, u32 direction)
{
	struct room *room = room_get();
	const struct rewrite *rewrite;

	if (!pkt || !flow || !room || pkt->flags & PKT_OPENING)
		return false;
	rewrite = rewrite_get(pkt, scope, (u8)direction);
	if (!rewrite || rewrite->balanced.kind == BALANCED_INNER_RECEIVER)
		return false;
	room->before = (struct unbalanced){ .src = pkt->src, .dst = pkt->dst, .ports = pkt->ports };
	if (flow->flags & FLOW_ROUTED && flow->flags & FLOW_TRANSLATED) {
		if (rewrite->to.has_port && (rewrite->to.has_port != PORT_KEPT ||
						    !nat_sees(pkt, rewrite, scope, direction)))
			return false;
		if (!rewrite->to.is_source)
			pkt->dst.w[3] = rewrite->to.addr;
		if (!rewrite->to.is_source && rewrite->to.has_port)
			pkt->ports = (pkt->ports & 0xffff) | (u32)rewrite->to.port << 16;
	}
	room->balanced = rewrite->balanced;
	balance_enter(pkt, room);
	return true;
}

/* The packet as it was before change_enter(). */
__noinline int change_leave(struct pkt *pkt)
{
	const struct room *room = room_get();

	if (!pkt || !room)
		return 0;
	pkt->src = room->before.src;
	pkt->dst = room->before.dst;
	pkt->ports = room->before.ports;
	return 0;
}

/* What a flow's packets become besides: by what was written down beside its entry. The VNI that
 * they leave on, or 0. Global, so that the verifier looks at it once and not for each kind of
 * packet. */
__noinline u32 rewrite_again(
	struct __sk_buff *skb, struct pkt *pkt, const struct flow *flow, u32 scope, u32 direction)
{
	struct cached_rewrite *cached;
	struct rewrite *rewrite;
	u32 number, translated;
	long failed;

	if (!pkt || !flow)
		return 0;
	translated = flow->flags & FLOW_TRANSLATED;
	number = *(volatile const u32 *)&flow->rewrite;
	cached = rewrite_place(number);
	if (!cached || (unlikely(!rewrite_is_cached(cached, number, pkt)) &&
			       rewrite_fetch(pkt, cached, number, scope, direction)))
		return 0;
	rewrite = &cached->rewrite;
	if (!rewrite->vni)
		return 0;
	if (translated || rewrite->balanced.kind)
		failed = translate_again(skb, pkt, rewrite, translated);
	else
		failed = rewrite_apply_slowly(skb, pkt, rewrite);
	return failed ? 0 : rewrite->vni;
}

#define VNI_ANY 1 /* of what goes to a port of this host, where nobody asks for it */

/* A packet of a flow that is routed: the VNI that it leaves on, or 0 when the pipeline must look at
 * it. Pointers into the packet are void afterwards. */
static __always_inline u32 route_again(struct __sk_buff *skb, struct pkt *pkt,
	const struct flow *flow, u32 scope, const u8 direction)
{
	const struct port *to;

	if (!flow->has_router)
		return rewrite_again(skb, pkt, flow, scope, direction);
	to = port_get(flow->ifindex);
	return to && !rewrite_apply(skb, pkt, to->mac, flow->router) ? VNI_ANY : 0;
}
