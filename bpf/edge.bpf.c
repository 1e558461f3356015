/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The edge switch. Programs are short on purpose: each reads like the way of a packet through it.
 * README.md draws the whole way.
 */
#include "guest.h"
#include "arp.h"
#include "icmp_toobig.h"
#include "receive.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Everything a guest sends enters here (tc ingress of its veth or tap): the fast path. */
SEC("tc")
int from_guest(struct __sk_buff *skb)
{
	const struct port *port = port_get(skb->ifindex);
	const struct host *host = host_get();
	struct flow *flow;
	struct pkt pkt;
	int reason;

	if (!port || !host)
		return drop(skb, 0, DROP_UNKNOWN_PORT);
	trace(skb, STEP_FROM_GUEST, port->id, 0, NULL, NULL);
	count_rx(skb, port->id);
	if (unlikely(port->flags & EDGE_PORT_DOWN))
		return drop(skb, port->id, DROP_PORT_DOWN);
	if (unlikely(skb->vlan_present))
		return drop(skb, port->id, DROP_VLAN_TAGGED);
	reason = pkt_pull(skb, EDGE_PULL_BYTES);
	if (!reason)
		reason = pkt_parse(skb, 0, &pkt);
	if (unlikely(reason))
		return drop(skb, port->id, (u32)reason);
	if (unlikely(pkt.eth_type == ETH_P_ARP)) {
		bpf_tail_call(skb, &stages, STAGE_GUEST_ARP);
	} else if (likely(pkt.family && !(pkt.flags & PKT_NO_FLOW))) {
		flow = flow_get(&pkt, port->id, FLOW_FROM_GUEST);
		if (likely(flow && flow_is_current(flow, host, &pkt) && !tracing(skb))) {
			if (likely(!pkt_too_big(skb, &pkt, flow->mtu))) {
				flow_touch(flow, &pkt);
				return execute(skb, host, port, flow, true);
			}
			bpf_tail_call(skb, &stages, STAGE_TOO_BIG);
		}
		trace(skb, STEP_FLOW, flow && flow_is_current(flow, host, &pkt), 0, NULL, NULL);
	}
	bpf_tail_call(skb, &stages, STAGE_GUEST);
	return drop(skb, port->id, DROP_INTERNAL);
}

/* The port, the host and the parsed frame of a stage that from_guest called; false: drop it. */
static __always_inline bool guest_stage(struct __sk_buff *skb, const struct port **port,
	const struct host **host_ret, struct pkt *pkt)
{
	*port = port_get(skb->ifindex);
	*host_ret = host_get();
	return *port && *host_ret && !pkt_parse(skb, 0, pkt);
}

SEC("tc")
int guest_slow(struct __sk_buff *skb)
{
	const struct port *port;
	const struct host *host;
	struct pkt pkt;

	if (!guest_stage(skb, &port, &host, &pkt))
		return drop(skb, 0, DROP_INTERNAL);
	if (pkt.eth_type == ETH_P_8021Q || pkt.eth_type == ETH_P_8021AD)
		return drop(skb, port->id, DROP_VLAN_TAGGED);
	return guest_pipeline(skb, host, port, &pkt);
}

SEC("tc")
int guest_arp(struct __sk_buff *skb)
{
	const struct port *port;
	const struct host *host;
	struct pkt pkt;

	if (!guest_stage(skb, &port, &host, &pkt))
		return drop(skb, 0, DROP_INTERNAL);
	return arp_from_guest(skb, port, &pkt);
}

SEC("tc")
int guest_nd(struct __sk_buff *skb)
{
	const struct port *port;
	const struct host *host;
	struct pkt pkt;

	if (!guest_stage(skb, &port, &host, &pkt))
		return drop(skb, 0, DROP_INTERNAL);
	return nd_from_guest(skb, port, &pkt);
}

SEC("tc")
int guest_unicast(struct __sk_buff *skb)
{
	const struct port *port;
	const struct host *host;
	struct pkt pkt;

	if (!guest_stage(skb, &port, &host, &pkt))
		return drop(skb, 0, DROP_INTERNAL);
	if (pkt.family)
		return switch_unicast(skb, host, port, &pkt, true);
	return switch_unicast(skb, host, port, &pkt, false);
}

SEC("tc")
int too_big(struct __sk_buff *skb)
{
	const struct port *port;
	const struct host *host;
	struct pkt pkt;

	if (!guest_stage(skb, &port, &host, &pkt))
		return drop(skb, 0, DROP_INTERNAL);
	return toobig(skb, port, &pkt);
}

SEC("tc")
int flood_ports(struct __sk_buff *skb)
{
	return flood_local_copies(skb);
}

SEC("tc")
int flood_hosts(struct __sk_buff *skb)
{
	return flood_remote_copies(skb);
}

/* Parses the outer and the inner headers; 0, OUTER_NOT_OURS, or the reason to drop. */
static __always_inline int underlay_parse(
	struct __sk_buff *skb, const struct host *host, struct outer *outer, struct pkt *pkt)
{
	int reason = outer_parse(skb, host, outer);

	if (reason)
		return reason;
	/* the inner headers may be in fragments; the outer ones never are */
	if (pkt_pull(skb, bounded(outer->inner, OUTER_MASK) + EDGE_PULL_BYTES))
		return DROP_OUTER_MALFORMED;
	return pkt_parse(skb, bounded(outer->inner, OUTER_MASK), pkt);
}

/* Tunnel packets enter here (tc ingress of the uplinks); all else is left to the host. */
SEC("tc")
int from_underlay(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	struct outer outer;
	struct flow *flow;
	struct pkt pkt;
	int reason;

	if (!host)
		return TC_ACT_UNSPEC;
	reason = underlay_parse(skb, host, &outer, &pkt);
	if (reason == OUTER_NOT_OURS)
		return TC_ACT_UNSPEC;
	if (unlikely(reason))
		return drop(skb, 0, (u32)reason);
	flow = receive_flow(host, &outer, &pkt);
	if (likely(flow && !tracing(skb))) {
		flow_touch(flow, &pkt);
		return receive_execute(skb, host, flow, &outer, &pkt);
	}
	bpf_tail_call(skb, &stages, STAGE_UNDERLAY);
	return drop(skb, 0, DROP_INTERNAL);
}

SEC("tc")
int underlay_slow(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	struct outer outer;
	struct pkt pkt;

	if (!host || underlay_parse(skb, host, &outer, &pkt))
		return drop(skb, 0, DROP_INTERNAL);
	return receive_slow(skb, host, &outer, &pkt);
}

/* What the kernel's vxlan device decapsulated, for taps. */
SEC("tc")
int from_vxlan(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	struct outer outer;
	struct flow *flow;
	struct pkt pkt;
	int reason;

	if (!host || outer_from_metadata(skb, &outer))
		return drop(skb, 0, DROP_INTERNAL);
	reason = pkt_pull(skb, EDGE_PULL_BYTES);
	if (!reason)
		reason = pkt_parse(skb, 0, &pkt);
	if (unlikely(reason))
		return drop(skb, 0, (u32)reason);
	flow = receive_flow(host, &outer, &pkt);
	if (likely(flow && !tracing(skb))) {
		flow_touch(flow, &pkt);
		return receive_execute(skb, host, flow, &outer, &pkt);
	}
	bpf_tail_call(skb, &stages, STAGE_VXLAN);
	return drop(skb, 0, DROP_INTERNAL);
}

SEC("tc")
int vxlan_slow(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	struct outer outer;
	struct pkt pkt;

	if (!host || outer_from_metadata(skb, &outer) || pkt_parse(skb, 0, &pkt))
		return drop(skb, 0, DROP_INTERNAL);
	return receive_slow(skb, host, &outer, &pkt);
}
