/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What came through the tunnel, to its receiver: shared by the uplinks' program and that of the
 * kernel's vxlan device, whose frames have lost their outer header (outer->inner is 0). */
#pragma once

#include "decap.h"
#include "punt.h"
#include "route.h"

enum receive_cb { CB_BEHIND_VXLAN }; /* the kernel's vxlan device has taken the outer header off */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 524288);
	__type(key, struct member_key);
	__type(value, struct member);
} members SEC(".maps");

/* What a load balancer makes of the packet, which has lost its outer header: as the flow's rewrite
 * says, or, without a flow entry, as was just decided. 0 on success. */
__noinline int receive_balance(
	struct __sk_buff *skb, const struct outer *outer, struct pkt *pkt, u32 decided)
{
	struct room *room = room_get();
	struct rewrite *rewrite;

	if (!outer || !pkt || !room)
		return -1;
	if (!decided) {
		rewrite = rewrite_get(pkt, outer->vni, FLOW_FROM_UNDERLAY);
		if (!rewrite)
			return -1;
		room->balanced = rewrite->balanced;
	}
	pkt->l4_off -= outer->inner;
	return balance_apply(skb, pkt, &room->balanced);
}

static __always_inline int receive_execute(struct __sk_buff *skb, const struct host *host,
	const struct flow *flow, const struct outer *outer, struct pkt *pkt, const u32 decided)
{
	u32 output = flow->output & FLOW_OUTPUT;

	if (outer->inner) {
		if (output == FLOW_TO_DEVICE && host->vxlan_ifindex)
			return to_kernel_vxlan(skb, outer);
		if (outer_strip(skb, outer, pkt->family, &output))
			return drop(skb, 0, DROP_DECAP_FAILED);
	}
	if (unlikely(flow->flags & FLOW_TRANSLATED) && receive_balance(skb, outer, pkt, decided))
		return drop(skb, flow->port_id, DROP_INTERNAL);
	trace(skb, STEP_TO_PORT, flow->ifindex, flow->port_id, NULL, NULL);
	if (unlikely(flow->output & FLOW_LIMITED))
		return limited(skb, NULL, flow->port_id, output | FLOW_LIMITED, flow->ifindex);
	count_tx(skb, flow->port_id);
	return deliver(skb, flow->ifindex, output);
}

/* The same for the slow path, which needs the stack for other things. */
__noinline int receive_finish(struct __sk_buff *skb, const struct host *host,
	const struct flow *flow, const struct outer *outer, struct pkt *pkt)
{
	if (!host || !flow || !outer || !pkt)
		return TC_ACT_SHOT;
	return receive_execute(skb, host, flow, outer, pkt, 1);
}

/* The flow entry of the packet if it holds, for this sender too. */
static __always_inline struct flow *receive_flow(
	const struct host *host, const struct outer *outer, const struct pkt *pkt)
{
	const struct vtep *vtep;
	struct flow *flow;

	if (!pkt->family || pkt->flags & PKT_NO_FLOW)
		return NULL;
	flow = flow_get(pkt, outer->vni, FLOW_FROM_UNDERLAY);
	if (!flow || !flow_is_current(flow, host, pkt))
		return NULL;
	vtep = vtep_get(flow->vtep);
	return vtep && addr_equal(&vtep->remote, &outer->src) ? flow : NULL;
}

/* Will the packet come again, behind the kernel's vxlan device? What is changed in an ICMP error is
 * changed there. */
static __always_inline bool goes_up(const struct host *host, const struct outer *outer, u32 ifindex)
{
	const struct port *to = port_get(ifindex);

	return outer->inner && host->vxlan_ifindex && to && to->kind != EDGE_PORT_VETH;
}

/* Whether an answer goes to who sent the packet, and to nobody who answers for the network. */
static __always_inline bool has_remote_answer(const struct pkt *pkt, u32 vni)
{
	const u16 sport = bpf_ntohs((u16)pkt->ports);
	struct neighbour_key key = { .vni = vni, .addr = pkt->src };

	if (!has_plain_answer(pkt) || sport == PORT_DNS || sport == PORT_METADATA)
		return false;
	return sport < EDGE_PROBE_PORT || !bpf_map_lookup_elem(&probes, &key);
}

/* The verdict of what the receiver of an opening answers, written down with the opening's own as by
 * answer_put(): it goes back to the host of the sender, if that has it by the directory as well. */
__noinline int remote_answer_put(
	const struct host *host, struct pkt *pkt, const struct flow *flow, u32 vni)
{
	const struct endpoint *back;
	const struct port *to;
	struct flow *entry, verdict;
	struct mac mac;

	if (!host || !pkt || !flow || !has_remote_answer(pkt, vni))
		return 0;
	entry = answer_state(pkt, flow->port_id);
	to = port_find(flow->ifindex);
	back = endpoint_get(vni, PKT_SRC(pkt));
	mac_copy(&mac, PKT_DST(pkt));
	if (!entry || !to || to->flags & EDGE_PORT_GUARDED || !back || back->ifindex ||
		back->vtep != flow->vtep || !may_answer(to, pkt, &mac))
		return 0;
	answer_init(&verdict, host, pkt, &mac, flow->mtu);
	verdict.output = FLOW_TO_TUNNEL;
	verdict.vtep = flow->vtep;
	verdict.hash = (u16)balance_hash(pkt, 0);
	verdict.flags = FLOW_TRACKED;
	verdict.watched = 1;
	flow_begin(entry, &verdict);
	return 0;
}

/* Decides anew: is the sender a host of the network, and which port has the destination MAC. */
static __always_inline int receive_slow(
	struct __sk_buff *skb, const struct host *host, const struct outer *outer, struct pkt *pkt)
{
	struct member_key key = { .vni = outer->vni, .remote = outer->src };
	const struct network *network = network_get(outer->vni);
	const struct endpoint *endpoint;
	const struct member *member;
	struct room *room = room_get();
	struct flow *flow;
	u32 output;
	int reason, answer = FIREWALL_ALLOW;

	trace(skb, STEP_FROM_UNDERLAY, outer->vni, outer->encap, NULL, &outer->src);
	if (!network)
		return drop(skb, 0, DROP_UNKNOWN_VNI);
	member = bpf_map_lookup_elem(&members, &key);
	if (!member)
		return drop(skb, 0, DROP_UNKNOWN_VTEP);
	if (pkt_is_multicast(pkt)) {
		if (outer->inner && outer_strip(skb, outer, pkt->family, &output))
			return drop(skb, 0, DROP_DECAP_FAILED);
		return flood_start(skb, 0, outer->vni, 0);
	}
	endpoint = endpoint_get(outer->vni, PKT_DST(pkt));
	if (endpoint && endpoint->vtep == EDGE_ENDPOINT_ROUTER) { /* handed over, for the outside */
		if (outer->inner && outer_strip(skb, outer, pkt->family, &output))
			return drop(skb, 0, DROP_DECAP_FAILED);
		skb->cb[CB_ROUTE_VNI] = outer->vni;
		bpf_tail_call(skb, &stages, STAGE_OUTSIDE);
		return drop(skb, 0, DROP_INTERNAL);
	}
	if (!endpoint || !endpoint->ifindex)
		return drop(skb, 0, DROP_UNKNOWN_UNICAST);
	if (!room)
		return drop(skb, 0, DROP_INTERNAL);
	if (unlikely(pkt->flags & PKT_MESSAGE) && goes_up(host, outer, endpoint->ifindex))
		return to_kernel_vxlan(skb, outer);
	flow = &room->flow;
	verdict_init(flow, host, pkt, network->mtu);
	flow->vtep = (u16)member->vtep;
	if (balance_arrive(skb, pkt, outer->vni))
		return drop(skb, 0, DROP_INTERNAL);
	reason = place_resolve(skb, pkt, endpoint, flow, &answer);
	if (reason)
		return reason == DROPPED ? CONSUMED : drop(skb, 0, (u32)reason);
	if (unlikely(room->balanced.kind)) {
		flow->flags |= FLOW_TRANSLATED;
		room->rewrite = (struct rewrite){ .balanced = room->balanced };
		if (answer_holds(answer) && !(pkt->flags & PKT_NO_FLOW) && !tracing(skb) &&
			rewrite_put(pkt, outer->vni, FLOW_FROM_UNDERLAY, &room->rewrite, flow))
			answer = FIREWALL_ONCE;
	}
	if (pkt->family && answer_holds(answer) && !(pkt->flags & PKT_NO_FLOW) && !tracing(skb))
		flow_put(skb, pkt, outer->vni, FLOW_FROM_UNDERLAY, flow);
	if (flow->flags & FLOW_TO_TRACKED && !room->balanced.kind && !tracing(skb) &&
		!(pkt->flags & PKT_NO_FLOW))
		remote_answer_put(host, pkt, flow, outer->vni);
	return finish(skb, receive_finish(skb, host, flow, outer, pkt));
}

/* Fills in @outer from what the kernel's vxlan device kept of it; 0 on success. */
static __always_inline int outer_from_metadata(struct __sk_buff *skb, struct outer *outer)
{
	struct bpf_tunnel_key key = { 0 };

	memset(outer, 0, sizeof(*outer));
	if (!bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0)) {
		addr_set4(&outer->src, bpf_htonl(key.remote_ipv4));
	} else if (!bpf_skb_get_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6)) {
		memcpy(&outer->src, key.remote_ipv6, sizeof(outer->src));
	} else {
		return -1;
	}
	outer->vni = key.tunnel_id;
	return 0;
}
