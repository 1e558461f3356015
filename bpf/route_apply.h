/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The headers of what is routed: as was just decided, or, by the fast path, as the flow entry or
 * the rewrite beside it says. */
#pragma once

#include "balance.h"
#include "nat.h"
#include "rewrite.h"

#define TTL_OFF (ETH_HLEN + 8)	     /* TTL, protocol, checksum (RFC 791) */
#define HOP_LIMIT_OFF (ETH_HLEN + 7) /* RFC 8200 section 3 */

struct ttl4 {
	u8 ttl, proto;
	u16 checksum;
};

/* The TTL or hop limit; 0 when it can't be read. */
static __always_inline u8 pkt_ttl(const struct __sk_buff *skb, const struct pkt *pkt)
{
	u8 ttl = 0;

	bpf_skb_load_bytes(skb, pkt->family == 4 ? TTL_OFF : HOP_LIMIT_OFF, &ttl, 1);
	return ttl;
}

/* What routing changes: the frame up to the TTL and its checksum, or to the hop limit. */
union routed {
	u32 words[7];
	struct {
		u8 dst[ETH_ALEN], src[ETH_ALEN];
		u16 rest[5]; /* of the Ethernet header, and of IP before the TTL */
		struct ttl4 ttl;
	};
	struct {
		u8 macs[2 * ETH_ALEN];
		u16 rest6[4];
		u8 next_header, hops;
	};
};
#define ROUTED4_LEN (TTL_OFF + sizeof(struct ttl4))
#define ROUTED6_LEN (HOP_LIMIT_OFF + 1)
_Static_assert(__builtin_offsetof(union routed, ttl) == TTL_OFF &&
		       __builtin_offsetof(union routed, hops) == HOP_LIMIT_OFF,
	"layout");

/* Reads the part of the frame's beginning, but for the MACs if it can be read directly, as it can
 * in the fast path; 0 on success. */
static __always_inline long routed_read(struct __sk_buff *skb, const u8 family, union routed *ret)
{
	const u32 *words = (void *)(long)skb->data;
	const u32 len = family == 4 ? ROUTED4_LEN : ROUTED6_LEN;

	if (unlikely((const void *)words + len > (void *)(long)skb->data_end))
		return bpf_skb_load_bytes(skb, 0, ret, len);
	ret->words[3] = words[3];
	ret->words[4] = words[4];
	if (family == 4) {
		ret->words[5] = words[5];
		*(u16 *)&ret->words[6] = *(const u16 *)&words[6];
	} else {
		*(u16 *)&ret->words[5] = *(const u16 *)&words[5];
	}
	return 0;
}

/* One hop less, and the MACs of the next network: written at once, as a helper costs as much as all
 * the rest. The IPv4 checksum as RFC 1624 has it. 0 on success; -1 too when there is no hop left.
 * Pointers into the packet are void afterwards. */
static __always_inline long rewrite_apply(
	struct __sk_buff *skb, const struct pkt *pkt, const void *dst_mac, const void *src_mac)
{
	union routed head;
	u32 sum;

	if (pkt->family == 4) {
		if (routed_read(skb, 4, &head) || head.ttl.ttl <= 1)
			return -1;
		mac_copy(head.dst, dst_mac);
		mac_copy(head.src, src_mac);
		head.ttl.ttl--;
		sum = head.ttl.checksum + bpf_htons(0x0100);
		head.ttl.checksum = (u16)(sum + (sum >= 0xffff));
		return bpf_skb_store_bytes(skb, 0, &head, ROUTED4_LEN, 0);
	}
	if (routed_read(skb, 6, &head) || head.hops <= 1)
		return -1;
	mac_copy(head.dst, dst_mac);
	mac_copy(head.src, src_mac);
	head.hops--;
	return bpf_skb_store_bytes(skb, 0, &head, ROUTED6_LEN, 0);
}

/* The same for the slow path, which needs the stack for other things. */
__noinline long rewrite_apply_slowly(
	struct __sk_buff *skb, const struct pkt *pkt, const struct rewrite *rewrite)
{
	if (!pkt || !rewrite)
		return -1;
	return rewrite_apply(skb, pkt, rewrite->macs, rewrite->macs + ETH_ALEN);
}

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
 * they leave on, or 0. */
static __always_inline u32 rewrite_again(
	struct __sk_buff *skb, struct pkt *pkt, u32 scope, const u8 direction, u8 flags)
{
	struct rewrite *rewrite = rewrite_get(pkt, scope, direction);

	if (!rewrite || !rewrite->vni)
		return 0;
	if (unlikely(flags & FLOW_TRANSLATED || rewrite->balanced.kind) && pkt_ttl(skb, pkt) <= 1)
		return 0;
	if (unlikely(flags & FLOW_TRANSLATED) && nat_apply(skb, pkt, &rewrite->to))
		return 0;
	if (unlikely(rewrite->balanced.kind) && balance_apply(skb, pkt, &rewrite->balanced))
		return 0;
	if (rewrite_apply(skb, pkt, rewrite->macs, rewrite->macs + ETH_ALEN))
		return 0;
	return rewrite->vni;
}

#define VNI_ANY 1 /* of what goes to a port of this host, where nobody asks for it */

/* A packet of a flow that is routed: the VNI that it leaves on, or 0 when the pipeline must look at
 * it. Pointers into the packet are void afterwards. */
static __always_inline u32 route_again(struct __sk_buff *skb, struct pkt *pkt,
	const struct flow *flow, u32 scope, const u8 direction)
{
	const struct port *to;

	if (!flow->has_router)
		return rewrite_again(skb, pkt, scope, direction, flow->flags);
	to = port_get(flow->ifindex);
	return to && !rewrite_apply(skb, pkt, to->mac, flow->router) ? VNI_ANY : 0;
}
