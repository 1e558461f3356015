/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Outer headers. An encapsulation is a const descriptor: how long its header is, its UDP port, and
 * how its eight or more bytes behind UDP are written. With the two underlay families that makes
 * four cases; in each all lengths are constants, as bpf_skb_adjust_room() needs them.
 *
 *   | outer Ethernet | IPv4 or IPv6 | UDP | VXLAN or Geneve (+ option) | inner Ethernet | inner
 * packet
 *                    '-------------------- room ------------------------------------'   (14 bytes
 * move)
 *
 * Room is made behind the MAC header with flags that say what is in it, so GSO packets stay whole
 * and the kernel or NIC segments them with right lengths. Frames that are not IP can't have room
 * made in them; they get it in front. Outer UDP checksums are zero: allowed for IPv4 by RFC 768,
 * for tunnels over IPv6 by RFC 6935.
 */
#pragma once

#include "pkt.h"
#include "shaper.h"
#include "vtep.h"

#ifndef BPF_F_ADJ_ROOM_ENCAP_L2
#error "linux/bpf.h is too old"
#endif

struct vxlan_hdr {
	u8 flags; /* 0x08: the VNI is valid (RFC 7348) */
	u8 zero[3];
	u8 vni[3];
	u8 zero2;
};
struct geneve_hdr {
	u8 version_length; /* version in 2 bits, options in words in 6 */
	u8 flags;	   /* 0x80: control, 0x40: has critical options */
	be16 protocol;
	u8 vni[3];
	u8 zero;
};
struct geneve_option {
	be16 class;
	u8 type;   /* 0x80: critical */
	u8 length; /* words behind this header, in 5 bits */
	be32 value;
};

struct encap {
	u8 header;	 /* bytes behind UDP */
	u8 flood_header; /* the same in a replicated frame, which carries no metadata */
	be16 port;
};
static const struct encap encaps[] = {
	[EDGE_VXLAN] = { sizeof(struct vxlan_hdr), sizeof(struct vxlan_hdr),
		bpf_htons(EDGE_VXLAN_PORT) },
	[EDGE_GENEVE] = { sizeof(struct geneve_hdr) + sizeof(struct geneve_option),
		sizeof(struct geneve_hdr), bpf_htons(EDGE_GENEVE_PORT) },
};

#define OUTER_IP(family) ((family) == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr))
/* Bytes added before the inner frame, outer Ethernet included. */
#define OUTER_LEN(family, header) (ETH_HLEN + OUTER_IP(family) + sizeof(struct udphdr) + (header))
#define ENCAP_FLAGS(family)                                                       \
	((u64)BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |            \
		BPF_F_ADJ_ROOM_ENCAP_L2_ETH | BPF_F_ADJ_ROOM_ENCAP_L2(ETH_HLEN) | \
		((family) == 4 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6))

/* Linux 6.3; what bpf_skb_adjust_room() of older kernels refuses. */
#define ADJ_ROOM_DECAP_L3_IPV4 (1ull << 7)
#define ADJ_ROOM_DECAP_L3_IPV6 (1ull << 8)

#define STACK_PAD \
	2 /* before an Ethernet header on the stack: the IP header behind it is then aligned */

struct tunnel {
	struct vtep *vtep;
	u32 vni;
	be32 identity; /* of the source port, for metadata */
	be16 sport;
	u16 payload; /* bytes of the inner frame */
};

static __always_inline be16 tunnel_sport(u16 hash)
{
	return bpf_htons(0xc000 | (hash & 0x3fff));
}

/* Ones' complement sum of an IPv4 header in ten words, folded. */
static __always_inline u16 ip4_checksum(const void *header)
{
	const u16 *word = header;
	u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

/* Writes the IP header of @family at @at; @len counts from the UDP header. */
static __always_inline void write_outer_ip(
	void *at, const struct host *host, const struct tunnel *tunnel, const u32 family, u32 len)
{
	if (family == 4) {
		struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };

		ip.tot_len = bpf_htons((u16)(len + sizeof(ip)));
		ip.frag_off = bpf_htons(IP_DF);
		ip.saddr = host->vtep4;
		ip.daddr = tunnel->vtep->remote.w[3];
		ip.check = ip4_checksum(&ip);
		memcpy(at, &ip, sizeof(ip));
	} else {
		struct ipv6hdr *ip = at;

		*(be32 *)at = bpf_htonl(6u << 28);
		ip->payload_len = bpf_htons((u16)len);
		ip->nexthdr = IPPROTO_UDP;
		ip->hop_limit = 64;
		memcpy(&ip->saddr, &host->vtep6, sizeof(ip->saddr));
		memcpy(&ip->daddr, &tunnel->vtep->remote, sizeof(ip->daddr));
	}
}

/* Writes all behind the outer Ethernet header and before the inner one. @header is the descriptor's
 * or its flood_header. */
static __always_inline void write_outer(void *at, const struct host *host,
	const struct tunnel *tunnel, const u32 family, const u32 encap, const u32 header)
{
	u32 len = sizeof(struct udphdr) + header + tunnel->payload;
	struct udphdr *udp = at + OUTER_IP(family);
	struct vxlan_hdr *vxlan = (void *)(udp + 1);
	struct geneve_hdr *geneve = (void *)(udp + 1);
	struct geneve_option *option = (void *)(geneve + 1);

	write_outer_ip(at, host, tunnel, family, len);
	udp->source = tunnel->sport;
	udp->dest = encaps[encap].port;
	udp->len = bpf_htons((u16)len);
	udp->check = 0;
	((be32 *)(udp + 1))[1] = bpf_htonl(tunnel->vni << 8);
	if (encap == EDGE_VXLAN) {
		*(be32 *)vxlan = bpf_htonl(0x08000000);
		return;
	}
	geneve->version_length = (u8)((header - sizeof(*geneve)) / 4);
	geneve->flags = 0;
	geneve->protocol = bpf_htons(ETH_P_TEB);
	if (header > sizeof(*geneve)) {
		option->class = bpf_htons(EDGE_GENEVE_CLASS);
		option->type = EDGE_GENEVE_TYPE_SOURCE;
		option->length = 1;
		option->value = tunnel->identity;
	}
}

static __always_inline void write_outer_eth(void *at, const struct hop *hop, const u32 family)
{
	struct ethhdr *eth = at;

	mac_copy(eth->h_dest, hop->dst_mac);
	mac_copy(eth->h_source, hop->src_mac);
	eth->h_proto = family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
}

/* The kernel does not encapsulate a packet that it takes for encapsulated, such as one that came
 * out of a tunnel and goes into the next. What it knows of the inner headers holds still, so room
 * is enough; but where the protocol is another one outside it is corrected, by bytes that are taken
 * away again: bpf_redirect_neigh() believes it. Linux before 6.3 can't, and loses the packet that
 * goes that way once a tick. 0 on success.
 */
__noinline long encapsulate_again(struct __sk_buff *skb, u32 len, u32 family)
{
	const u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO;
	const u32 more = sizeof(struct ipv6hdr);
	const u64 decap = family == 4 ? ADJ_ROOM_DECAP_L3_IPV4 : ADJ_ROOM_DECAP_L3_IPV6;

	if (skb->protocol == (family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6)))
		return bpf_skb_adjust_room(skb, (s32)len, BPF_ADJ_ROOM_MAC, flags);
	if (bpf_skb_adjust_room(skb, (s32)(len + more), BPF_ADJ_ROOM_MAC, flags))
		return -1;
	return bpf_skb_adjust_room(skb, -(s32)more, BPF_ADJ_ROOM_MAC, flags | decap) &&
	       bpf_skb_adjust_room(skb, -(s32)more, BPF_ADJ_ROOM_MAC, flags);
}

/* One of the four cases: all but the first four arguments are constants. 0, or the reason to drop.
 * The header goes through the stack and one bpf_skb_store_bytes(): a program that writes packets
 * directly begins with a test and, for clones (all of TCP), a call to make them writable, which
 * every packet would pay, those that stay on the host too. */
static __always_inline int encapsulate_as(struct __sk_buff *skb, const struct host *host,
	const struct tunnel *tunnel, const struct hop *hop, const bool is_ip, const u32 family,
	const u32 encap)
{
	const u32 header = encaps[encap].header, len = OUTER_LEN(family, header);
	u8 buffer[STACK_PAD +
		  OUTER_LEN(6, sizeof(struct geneve_hdr) + sizeof(struct geneve_option)) + ETH_HLEN]
		__attribute__((aligned(8)));
	void *outer = buffer + STACK_PAD;

	if (is_ip && bpf_skb_load_bytes(skb, 0, outer + len, ETH_HLEN))
		return DROP_TRUNCATED;
	if (is_ip ? bpf_skb_adjust_room(skb, (s32)len, BPF_ADJ_ROOM_MAC, ENCAP_FLAGS(family)) &&
				encapsulate_again(skb, len, family)
		  : bpf_skb_change_head(skb, len, 0))
		return DROP_ENCAP_FAILED;
	write_outer_eth(outer, hop, family);
	write_outer(outer + ETH_HLEN, host, tunnel, family, encap, header);
	if (bpf_skb_store_bytes(skb, 0, outer, is_ip ? len + ETH_HLEN : len, 0))
		return DROP_ENCAP_FAILED;
	return 0;
}

static __always_inline int encapsulate(struct __sk_buff *skb, const struct host *host,
	const struct tunnel *tunnel, const struct hop *hop, const bool is_ip)
{
	const struct vtep *vtep = tunnel->vtep;

	if (vtep->family == 4)
		return vtep->encap == EDGE_VXLAN
			       ? encapsulate_as(skb, host, tunnel, hop, is_ip, 4, EDGE_VXLAN)
			       : encapsulate_as(skb, host, tunnel, hop, is_ip, 4, EDGE_GENEVE);
	return vtep->encap == EDGE_VXLAN
		       ? encapsulate_as(skb, host, tunnel, hop, is_ip, 6, EDGE_VXLAN)
		       : encapsulate_as(skb, host, tunnel, hop, is_ip, 6, EDGE_GENEVE);
}

/* Encapsulates a frame of @port for a peer, in network @vni, and sends it; the verdict. @is_ip is a
 * constant. */
static __always_inline int tunnel_send(struct __sk_buff *skb, const struct host *host,
	const struct flow *flow, const struct port *port, u32 vni, const bool is_ip)
{
	struct tunnel tunnel = { .vtep = vtep_get(flow->vtep),
		.vni = vni,
		.identity = port->identity,
		.sport = tunnel_sport(flow->hash),
		.payload = (u16)skb->len };
	u32 now = tick_now(), family;
	struct hop *hop;
	bool fresh;
	int reason;

	if (!tunnel.vtep)
		return drop(skb, port->id, DROP_NO_VTEP);
	family = tunnel.vtep->family;
	if (!(family == 4 ? host->has_vtep4 : host->has_vtep6))
		return drop(skb, port->id, DROP_NO_VTEP);
	hop = &tunnel.vtep->hops[flow->hash % EDGE_MULTIPATH];
	fresh = hop->until == now;
	if (unlikely(!fresh)) {
		hop_refresh(skb, host, tunnel.vtep, hop, bpf_ntohs(tunnel.sport));
		hop->until = now;
	}
	if (!is_ip && !hop->resolved)
		return drop(skb, port->id, DROP_UNRESOLVED_PEER);
	trace(skb, STEP_TO_TUNNEL, vni, tunnel.vtep->encap, NULL, &tunnel.vtep->remote);
	reason = encapsulate(skb, host, &tunnel, hop, is_ip);
	if (unlikely(reason))
		return drop(skb, port->id, (u32)reason);
	if (unlikely(port->flags & EDGE_PORT_TUNNEL_SPECIAL))
		return limited(skb, port, 0, is_ip ? FLOW_TO_TUNNEL : FLOW_TO_DEVICE, hop->ifindex);
	if (is_ip && unlikely(!fresh || !hop->resolved))
		return hop_send_by_kernel(skb, hop, family);
	trace(skb, STEP_VIA, hop->ifindex, 0, hop->dst_mac, NULL);
	return (int)bpf_redirect(hop->ifindex, 0);
}
