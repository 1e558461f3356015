/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the underlay: is it a tunnel packet for this host, from whom, of which network; and the
 * outer header's removal.
 *
 * How it is removed depends on the receiver. For a veth we cut it off ourselves and put the frame
 * into the guest's namespace. A tap must not get that: the kernel still takes the packet for a
 * tunnel packet (the GSO type stays), and a VM's tap then receives small software segments. So what
 * is for a tap goes up the kernel's stack to its own vxlan device, which removes the header
 * properly and merges packets (GRO); Geneve is rewritten in place to VXLAN first, whose header is
 * the same eight bytes with the VNI at the same place.
 */
#pragma once

#include "flood.h"

#define GENEVE_CRITICAL 0x40
#define GENEVE_OPTIONS_MAX 16

struct outer {
	struct addr src;
	u32 vni;
	u32 inner; /* offset of the inner frame */
	u32 udp;   /* offset of the UDP header */
	u8 family;
	u8 encap;
	u16 options; /* bytes of Geneve options */
};

#define OUTER_NOT_OURS (-1)
#define OUTER_MIN (OUTER_LEN(4, sizeof(struct vxlan_hdr)) + EDGE_HEADERS_MIN)

/* Unknown options may be skipped unless they are critical (RFC 8926 section 3.5). */
static __always_inline int geneve_options(const void *at, const void *end, u32 len)
{
	u32 off = 0;

	for (int i = 0; i < GENEVE_OPTIONS_MAX && off < len; i++) {
		const struct geneve_option *option = at + (off & 0xff);

		if ((const void *)option + 4 > end)
			return DROP_TRUNCATED;
		if (option->type & 0x80)
			return DROP_CRITICAL_OPTION;
		off += 4u + (option->length & 0x1f) * 4u;
	}
	return off == len ? 0 : DROP_OUTER_MALFORMED;
}

static __always_inline int geneve_parse(const void *header, const void *end, struct outer *outer)
{
	const struct geneve_hdr *geneve = header;
	u32 options = (geneve->version_length & 0x3f) * 4u;

	if (geneve->version_length >> 6 || geneve->protocol != bpf_htons(ETH_P_TEB) ||
		geneve->flags & 0x80)
		return DROP_OUTER_MALFORMED;
	if (geneve->flags & GENEVE_CRITICAL)
		return DROP_CRITICAL_OPTION;
	outer->options = (u16)options;
	outer->inner += options;
	return options ? geneve_options(geneve + 1, end, options) : 0;
}

/* UDP and what is behind it, which begins at outer->udp; 0, OUTER_NOT_OURS, or the reason to drop.
 */
static __always_inline int outer_parse_udp(
	struct __sk_buff *skb, const void *l4, struct outer *outer, u32 room, bool fragment)
{
	const void *end = (void *)(long)skb->data_end;
	const struct udphdr *udp = l4;
	const struct vxlan_hdr *vxlan = (const void *)(udp + 1);

	if ((const void *)(vxlan + 1) > end)
		return OUTER_NOT_OURS;
	if (udp->dest == bpf_htons(EDGE_VXLAN_PORT))
		outer->encap = EDGE_VXLAN;
	else if (udp->dest == bpf_htons(EDGE_GENEVE_PORT))
		outer->encap = EDGE_GENEVE;
	else
		return OUTER_NOT_OURS;
	if (fragment)
		return DROP_OUTER_FRAGMENT;
	if (!skb->gso_size && (bpf_ntohs(udp->len) < sizeof(*udp) + sizeof(*vxlan) + ETH_HLEN ||
				      bpf_ntohs(udp->len) > room))
		return DROP_OUTER_MALFORMED;
	outer->vni = bpf_ntohl(((const be32 *)(udp + 1))[1]) >> 8;
	outer->inner = outer->udp + sizeof(*udp) + sizeof(*vxlan);
	outer->options = 0;
	if (outer->encap == EDGE_GENEVE)
		return geneve_parse(vxlan, end, outer);
	return vxlan->flags & 0x08 ? 0 : DROP_OUTER_MALFORMED;
}

/* Whether it is UDP: worth to be pulled in and looked at. */
static __always_inline bool outer_may_be_ours(const struct __sk_buff *skb)
{
	const struct ethhdr *eth = (void *)(long)skb->data;
	const struct iphdr *ip = (const void *)(eth + 1);
	const struct ipv6hdr *ip6 = (const void *)(eth + 1);

	if ((const void *)(ip + 1) > (void *)(long)skb->data_end)
		return false;
	return eth->h_proto == bpf_htons(ETH_P_IP) ? ip->protocol == IPPROTO_UDP
						   : ip6->nexthdr == IPPROTO_UDP;
}

/* 0, OUTER_NOT_OURS, or the reason to drop. */
static __always_inline int outer_parse(
	struct __sk_buff *skb, const struct host *host, struct outer *outer)
{
	const void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	const struct ethhdr *eth = data;
	const struct iphdr *ip = (const void *)(eth + 1);
	const struct ipv6hdr *ip6 = (const void *)(eth + 1);

	if ((const void *)(ip + 1) > end)
		return OUTER_NOT_OURS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if (ip->daddr != host->vtep4 || ip->protocol != IPPROTO_UDP || ip->ihl != 5 ||
			!host->has_vtep4)
			return OUTER_NOT_OURS;
		outer->family = 4;
		outer->udp = ETH_HLEN + sizeof(*ip);
		addr_set4(&outer->src, ip->saddr);
		return outer_parse_udp(skb, data + ETH_HLEN + sizeof(*ip), outer,
			skb->len - outer->udp, ip->frag_off & bpf_htons(IP_FRAGMENT));
	}
	if (eth->h_proto != bpf_htons(ETH_P_IPV6) || (const void *)(ip6 + 1) > end ||
		!host->has_vtep6 || ip6->nexthdr != IPPROTO_UDP ||
		!addr_equal((const void *)&ip6->daddr, &host->vtep6))
		return OUTER_NOT_OURS;
	outer->family = 6;
	outer->udp = ETH_HLEN + sizeof(*ip6);
	memcpy(&outer->src, &ip6->saddr, sizeof(outer->src));
	return outer_parse_udp(
		skb, data + ETH_HLEN + sizeof(*ip6), outer, skb->len - outer->udp, false);
}

/* The same, of a frame of which as much is made readable: drivers put little more than the outer
 * headers into the linear part. */
static __always_inline int outer_pull(
	struct __sk_buff *skb, const struct host *host, struct outer *outer)
{
	if (outer_may_be_ours(skb) && pkt_pull(skb, OUTER_MIN))
		return DROP_OUTER_MALFORMED;
	return outer_parse(skb, host, outer);
}

/* The same for the slow path, see pkt_read(). */
__noinline int outer_read(struct __sk_buff *skb, const struct host *host, struct outer *outer)
{
	return host && outer ? outer_pull(skb, host, outer) : DROP_INTERNAL;
}

/* Shrinks by @len, and makes skb->protocol that of the inner packet where it differs; *output: how
 * to deliver it. A packet with the wrong protocol must go out of the device, where the kernel finds
 * the right one: peers would believe it. */
static __always_inline long outer_shrink(
	struct __sk_buff *skb, u32 len, u32 outer_family, u32 inner_family, u32 *output)
{
	const u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO;
	u64 decap = inner_family == 4 ? ADJ_ROOM_DECAP_L3_IPV4 : ADJ_ROOM_DECAP_L3_IPV6;

	if (likely(outer_family == inner_family))
		return bpf_skb_adjust_room(skb, -(s32)len, BPF_ADJ_ROOM_MAC, flags);
	if (inner_family && !bpf_skb_adjust_room(skb, -(s32)len, BPF_ADJ_ROOM_MAC, flags | decap))
		return 0;
	*output = FLOW_TO_DEVICE;
	return bpf_skb_adjust_room(skb, -(s32)len, BPF_ADJ_ROOM_MAC, flags);
}

/* The kernel leaves no less than an IP header of the outer family behind the Ethernet header, and
 * an ARP packet, or a small IPv4 one before Linux 6.3, is less than one of IPv6. Others' VTEPs send
 * such frames; they get the padding that they would have on a wire. */
__noinline long outer_pad(struct __sk_buff *skb, u32 len)
{
	return skb->len < len + ETH_ZLEN ? bpf_skb_change_tail(skb, len + ETH_ZLEN, 0) : -1;
}

/* Cuts the outer header off; 0 on success. */
static __always_inline long outer_strip(
	struct __sk_buff *skb, const struct outer *outer, u32 inner_family, u32 *output)
{
	const u32 len = bounded(outer->inner, OUTER_MASK);
	u8 eth[ETH_HLEN];

	if (bpf_skb_load_bytes(skb, len, eth, sizeof(eth)))
		return -1;
	if (unlikely(outer_shrink(skb, len, outer->family, inner_family, output)) &&
		(outer_pad(skb, len) ||
			outer_shrink(skb, len, outer->family, inner_family, output)))
		return -1;
	return bpf_skb_store_bytes(skb, 0, eth, sizeof(eth), 0);
}

/* Rewrites Geneve to VXLAN in place: options out, lengths and port corrected, no UDP checksum.
 * @base: bytes without options, a constant. */
static __always_inline long geneve_to_vxlan(
	struct __sk_buff *skb, const struct outer *outer, const u32 base)
{
	const u32 udp_off = base - sizeof(struct udphdr) - sizeof(struct vxlan_hdr);
	u8 buffer[STACK_PAD + OUTER_LEN(6, sizeof(struct vxlan_hdr))] __attribute__((aligned(8)));
	void *header = buffer + STACK_PAD;
	struct iphdr *ip = header + ETH_HLEN;
	struct ipv6hdr *ip6 = header + ETH_HLEN;
	struct udphdr *udp = header + udp_off;

	if (bpf_skb_load_bytes(skb, 0, header, base))
		return -1;
	if (outer->options && bpf_skb_adjust_room(skb, -(s32)outer->options, BPF_ADJ_ROOM_MAC,
				      BPF_F_ADJ_ROOM_FIXED_GSO))
		return -1;
	if (outer->family == 4) {
		ip->tot_len = bpf_htons((u16)(bpf_ntohs(ip->tot_len) - outer->options));
		ip->check = 0;
		ip->check = ip4_checksum(ip);
	} else {
		ip6->payload_len = bpf_htons((u16)(bpf_ntohs(ip6->payload_len) - outer->options));
	}
	udp->dest = bpf_htons(EDGE_VXLAN_PORT);
	udp->len = bpf_htons((u16)(bpf_ntohs(udp->len) - outer->options));
	udp->check = 0;
	*(be32 *)(udp + 1) = bpf_htonl(0x08000000);
	return bpf_skb_store_bytes(skb, 0, header, base, BPF_F_RECOMPUTE_CSUM);
}

/* Sends a tunnel packet, still whole, up the stack to the kernel's vxlan device; the verdict. */
static __always_inline int to_kernel_vxlan(struct __sk_buff *skb, const struct outer *outer)
{
	long failed = 0;

	trace(skb, STEP_TO_KERNEL_VXLAN, outer->vni, 0, NULL, NULL);
	if (outer->encap == EDGE_GENEVE)
		failed = outer->family == 4 ? geneve_to_vxlan(skb, outer,
						      OUTER_LEN(4, sizeof(struct vxlan_hdr)))
					    : geneve_to_vxlan(skb, outer,
						      OUTER_LEN(6, sizeof(struct vxlan_hdr)));
	return failed ? drop(skb, 0, DROP_DECAP_FAILED) : TC_ACT_OK;
}
