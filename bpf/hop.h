/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A hop over a router: other MACs and one hop less, of what is routed and not otherwise changed. */
#pragma once

#include "pkt.h"
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

/* The same for what has a rewrite: not inlined, for the slow path needs the stack for other things.
 */
__noinline long rewrite_apply_slowly(
	struct __sk_buff *skb, const struct pkt *pkt, const struct rewrite *rewrite)
{
	if (!pkt || !rewrite)
		return -1;
	return rewrite_apply(skb, pkt, rewrite->macs, rewrite->macs + ETH_ALEN);
}
