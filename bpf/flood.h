/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Broadcast and multicast: a copy to every local port of the network, then a copy to every other
 * host that has it (head-end replication). What came from the underlay goes to local ports only
 * (split horizon), and nothing goes back to its sender. Copies are clones: the frame is
 * encapsulated once per underlay family and each copy gets its own outer header.
 *
 * skb->cb carries the work from program to program: the VNI, the ifindex of the sending port (0: it
 * came from the underlay), where the next chunk starts, the underlay family whose header is there
 * (0: none yet), and the length and hash of the frame before it had one.
 */
#pragma once

#include "l2.h"
#include "limit.h"

#define FLOOD_CHUNK 2048 /* copies per program run; a tail call starts the next */

enum flood_cb { CB_VNI, CB_SENDER, CB_NEXT, CB_FAMILY, CB_PAYLOAD };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32); /* VNI */
	__type(value, struct flood_group);
} flood_groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 524288);
	__type(key, struct flood_key);
	__type(value, struct flood_target);
} flood_targets SEC(".maps");

/* Starts replication of a guest's frame (@sender: its ifindex) or of one from the underlay (0). */
static __always_inline int flood_start(struct __sk_buff *skb, u32 port_id, u32 vni, u32 sender)
{
	if (sender && !tracing(skb) && !limit_allows(port_id, LIMIT_FLOOD))
		return drop(skb, port_id, DROP_FLOOD_RATE);
	skb->cb[CB_VNI] = vni;
	skb->cb[CB_SENDER] = sender;
	skb->cb[CB_NEXT] = 0;
	bpf_tail_call(skb, &stages, STAGE_FLOOD);
	return drop(skb, port_id, DROP_INTERNAL);
}

struct flood_loop {
	struct __sk_buff *skb;
	struct pkt *pkt; /* of copies to local ports */
	const struct host *host;
	u32 vni, sender, first;
	be32 identity;
	u32 copies;
	u16 class, hash, payload;
};

static __always_inline struct flood_target *flood_target_get(const struct flood_loop *loop, u32 i)
{
	struct flood_key key = {
		.vni = loop->vni, .class = loop->class, .index = (u16)(loop->first + i)
	};

	return bpf_map_lookup_elem(&flood_targets, &key);
}

static long flood_to_port(u32 i, void *data)
{
	struct flood_loop *loop = data;
	const struct flood_target *target = flood_target_get(loop, i);
	const struct port *to;
	int answer;

	if (!target || target->id == loop->sender)
		return 0;
	to = port_find(target->id);
	if (!to || to->flags & EDGE_PORT_DOWN)
		return 0;
	answer = firewall(loop->skb, to, loop->pkt, RULE_INGRESS);
	if (answer < 0) {
		drop(loop->skb, to->id, (u32)-answer);
		return 0;
	}
	if (to->flags & EDGE_PORT_LIMIT_INGRESS) {
		answer = rate_limit_take(loop->skb, RATE_LIMIT_OF_PORT(to->id, EDGE_INGRESS));
		if (answer) {
			drop(loop->skb, to->id, (u32)answer);
			return 0;
		}
	}
	loop->copies++;
	if (tracing(loop->skb))
		return 0;
	count_tx(loop->skb, to->id);
	if (!(target->id & EDGE_SUBPORT)) {
		bpf_clone_redirect(loop->skb, target->id, 0);
	} else if (!bpf_skb_vlan_push(
			   loop->skb, bpf_htons(ETH_P_8021Q), (u16)SUBPORT_VLAN(target->id))) {
		bpf_clone_redirect(loop->skb, SUBPORT_IFINDEX(target->id), 0);
		bpf_skb_vlan_pop(loop->skb);
	}
	return 0;
}

/* One copy: the outer header for this peer over that of the last one. All lengths are constants. */
static __always_inline void flood_store(struct flood_loop *loop, const struct tunnel *tunnel,
	const struct hop *hop, const u32 family, const u32 encap)
{
	const u32 header = encaps[encap].flood_header;
	u8 buffer[STACK_PAD + OUTER_LEN(6, sizeof(struct geneve_hdr))] __attribute__((aligned(8)));
	void *outer = buffer + STACK_PAD;

	write_outer_eth(outer, hop, family);
	write_outer(outer + ETH_HLEN, loop->host, tunnel, family, encap, header);
	bpf_skb_store_bytes(loop->skb, 0, outer, OUTER_LEN(family, header), 0);
	bpf_clone_redirect(loop->skb, hop->ifindex, 0);
}

static long flood_to_host(u32 i, void *data)
{
	struct flood_loop *loop = data;
	const struct flood_target *target = flood_target_get(loop, i);
	struct tunnel tunnel = {
		.vni = loop->vni, .sport = tunnel_sport(loop->hash), .payload = loop->payload
	};
	struct hop *hop;
	u32 now = tick_now();

	if (!target)
		return 0;
	tunnel.vtep = vtep_get(target->id);
	if (!tunnel.vtep || tunnel.vtep->family != (loop->class == FLOOD_HOST4 ? 4 : 6))
		return 0;
	hop = &tunnel.vtep->hops[loop->hash % EDGE_MULTIPATH];
	if (hop->until != now || !hop->resolved) { /* unresolved holds no longer than that */
		hop_refresh(loop->skb, loop->host, tunnel.vtep, hop, bpf_ntohs(tunnel.sport));
		hop->until = now;
	}
	if (!hop->resolved) {
		drop(loop->skb, 0, DROP_UNRESOLVED_PEER);
		return 0;
	}
	loop->copies++;
	if (tracing(loop->skb))
		return 0;
	if (loop->class == FLOOD_HOST4)
		tunnel.vtep->encap == EDGE_VXLAN ? flood_store(loop, &tunnel, hop, 4, EDGE_VXLAN)
						 : flood_store(loop, &tunnel, hop, 4, EDGE_GENEVE);
	else
		tunnel.vtep->encap == EDGE_VXLAN ? flood_store(loop, &tunnel, hop, 6, EDGE_VXLAN)
						 : flood_store(loop, &tunnel, hop, 6, EDGE_GENEVE);
	return 0;
}

/* Copies to the local ports, chunk by chunk, then hands over to flood_hosts(). */
static __always_inline int flood_local_copies(struct __sk_buff *skb)
{
	u32 vni = skb->cb[CB_VNI], first = skb->cb[CB_NEXT], n;
	struct flood_group *group = bpf_map_lookup_elem(&flood_groups, &vni);
	struct pkt pkt = { 0 };
	struct flood_loop loop = { .skb = skb,
		.pkt = &pkt,
		.vni = vni,
		.sender = skb->cb[CB_SENDER],
		.first = first,
		.class = FLOOD_PORT };

	if (!group)
		return drop(skb, 0, DROP_NO_NETWORK);
	if (untag(skb) || pkt_read(skb, &pkt, 0))
		return drop(skb, 0, DROP_INTERNAL); /* it has been parsed before */
	n = group->n[FLOOD_PORT] > first ? group->n[FLOOD_PORT] - first : 0;
	bpf_loop(n < FLOOD_CHUNK ? n : FLOOD_CHUNK, flood_to_port, &loop, 0);
	trace(skb, STEP_FLOOD, vni, loop.copies, NULL, NULL);
	if (n > FLOOD_CHUNK) {
		skb->cb[CB_NEXT] = first + FLOOD_CHUNK;
		bpf_tail_call(skb, &stages, STAGE_FLOOD);
	}
	if (vni & EDGE_WIRE)
		return loop.sender	? wire_send(skb, vni, 0)
		       : WIRE_VLAN(vni) ? CONSUMED
					: TC_ACT_UNSPEC; /* the host gets a copy too */
	if (!loop.sender || !(group->n[FLOOD_HOST4] | group->n[FLOOD_HOST6]))
		return CONSUMED;
	skb->cb[CB_NEXT] = 0;
	skb->cb[CB_FAMILY] = 0;
	bpf_tail_call(skb, &stages, STAGE_FLOOD_HOSTS);
	return drop(skb, 0, DROP_INTERNAL);
}

/* Room for an outer header of family @want where there is one of family @have (0: none); 0 on
 * success. */
static __always_inline long flood_room(struct __sk_buff *skb, u32 have, u32 want)
{
	const u32 outer4 = OUTER_LEN(4, sizeof(struct vxlan_hdr));
	const u32 outer6 = OUTER_LEN(6, sizeof(struct vxlan_hdr));
	bool is_ip = skb->protocol == bpf_htons(ETH_P_IP) || skb->protocol == bpf_htons(ETH_P_IPV6);

	if (have == want)
		return 0;
	if (have && is_ip) /* a second ENCAP is refused, but a header may grow */
		return bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0);
	if (have)
		return bpf_skb_change_head(skb, outer6 - outer4, 0);
	if (!is_ip)
		return bpf_skb_change_head(skb, want == 4 ? outer4 : outer6, 0);
	if (want == 4)
		return bpf_skb_adjust_room(skb, (s32)outer4, BPF_ADJ_ROOM_MAC, ENCAP_FLAGS(4));
	return bpf_skb_adjust_room(skb, (s32)outer6, BPF_ADJ_ROOM_MAC, ENCAP_FLAGS(6));
}

/* The outer Ethernet header that room was made for moved the inner one away: put it back behind
 * @outer bytes. */
static __always_inline long flood_encapsulate(struct __sk_buff *skb, u32 have, u32 want)
{
	u8 eth[ETH_HLEN];
	u32 outer = want == 4 ? OUTER_LEN(4, sizeof(struct vxlan_hdr))
			      : OUTER_LEN(6, sizeof(struct vxlan_hdr));

	if (have)
		return flood_room(skb, have, want);
	if (bpf_skb_load_bytes(skb, 0, eth, sizeof(eth)) || flood_room(skb, 0, want))
		return -1;
	return bpf_skb_store_bytes(skb, outer, eth, sizeof(eth), 0);
}

/* Copies to the hosts of one family from where the last chunk ended; true when the family is done.
 */
static __always_inline bool flood_family(struct __sk_buff *skb, struct flood_loop *loop, u32 total)
{
	u32 n = total > loop->first ? total - loop->first : 0;

	loop->copies = 0;
	bpf_loop(n < FLOOD_CHUNK ? n : FLOOD_CHUNK, flood_to_host, loop, 0);
	trace(skb, STEP_FLOOD_HOSTS, loop->vni, loop->copies, NULL, NULL);
	skb->cb[CB_NEXT] = loop->first + FLOOD_CHUNK;
	return n <= FLOOD_CHUNK;
}

static __always_inline int flood_remote_copies(struct __sk_buff *skb)
{
	u32 vni = skb->cb[CB_VNI], family = skb->cb[CB_FAMILY], want;
	struct flood_group *group = bpf_map_lookup_elem(&flood_groups, &vni);
	struct flood_loop loop = {
		.skb = skb, .host = host_get(), .vni = vni, .first = skb->cb[CB_NEXT]
	};

	if (!group || !loop.host)
		return drop(skb, 0, DROP_INTERNAL);
	if (!family)
		skb->cb[CB_PAYLOAD] = (skb->len & 0xffff) | bpf_get_hash_recalc(skb) << 16;
	loop.payload = (u16)skb->cb[CB_PAYLOAD];
	loop.hash = (u16)(skb->cb[CB_PAYLOAD] >> 16);
	want = family ? family : group->n[FLOOD_HOST4] ? 4 : 6;
	loop.class = want == 4 ? FLOOD_HOST4 : FLOOD_HOST6;
	if (want != family && flood_encapsulate(skb, family, want))
		return drop(skb, 0, DROP_ENCAP_FAILED);
	skb->cb[CB_FAMILY] = want;
	if (!flood_family(skb, &loop, want == 4 ? group->n[FLOOD_HOST4] : group->n[FLOOD_HOST6])) {
		bpf_tail_call(skb, &stages, STAGE_FLOOD_HOSTS);
		return drop(skb, 0, DROP_INTERNAL);
	}
	if (want == 6 || !group->n[FLOOD_HOST6])
		return CONSUMED;
	if (flood_room(skb, 4, 6))
		return drop(skb, 0, DROP_ENCAP_FAILED);
	skb->cb[CB_FAMILY] = 6;
	skb->cb[CB_NEXT] = 0;
	bpf_tail_call(skb, &stages, STAGE_FLOOD_HOSTS);
	return drop(skb, 0, DROP_INTERNAL);
}
