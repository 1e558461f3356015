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
struct routed4 {
	u8 dst[ETH_ALEN], src[ETH_ALEN];
	u16 rest[5]; /* of the Ethernet header, and of IP before the TTL */
	struct ttl4 ttl;
};
struct routed6 {
	u8 dst[ETH_ALEN], src[ETH_ALEN];
	u16 rest[4];
	u8 next_header, hops;
};
_Static_assert(sizeof(struct routed4) == TTL_OFF + 4 && sizeof(struct routed6) == HOP_LIMIT_OFF + 1,
	"layout");

/* One hop less, and the MACs of the next network: read and written at once, as each helper costs
 * as much as all the rest. The IPv4 checksum as RFC 1624 has it. 0 on success; -1 too when there is
 * no hop left. Pointers into the packet are void afterwards. */
static __always_inline long rewrite_apply(
	struct __sk_buff *skb, const struct pkt *pkt, const void *dst_mac, const void *src_mac)
{
	struct routed4 ip4;
	struct routed6 ip6;
	u32 sum;

	if (pkt->family == 4) {
		if (bpf_skb_load_bytes(skb, 0, &ip4, sizeof(ip4)) || ip4.ttl.ttl <= 1)
			return -1;
		mac_copy(ip4.dst, dst_mac);
		mac_copy(ip4.src, src_mac);
		ip4.ttl.ttl--;
		sum = ip4.ttl.checksum + bpf_htons(0x0100);
		ip4.ttl.checksum = (u16)(sum + (sum >= 0xffff));
		return bpf_skb_store_bytes(skb, 0, &ip4, sizeof(ip4), 0);
	}
	if (bpf_skb_load_bytes(skb, 0, &ip6, sizeof(ip6)) || ip6.hops <= 1)
		return -1;
	mac_copy(ip6.dst, dst_mac);
	mac_copy(ip6.src, src_mac);
	ip6.hops--;
	return bpf_skb_store_bytes(skb, 0, &ip6, sizeof(ip6), 0);
}

/* The same for the slow path, which needs the stack for other things. */
__noinline long rewrite_apply_slowly(
	struct __sk_buff *skb, const struct pkt *pkt, const struct rewrite *rewrite)
{
	if (!pkt || !rewrite)
		return -1;
	return rewrite_apply(skb, pkt, rewrite->macs, rewrite->macs + ETH_ALEN);
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
