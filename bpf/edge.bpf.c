/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The edge switch. Programs are short on purpose: each reads like the way of a packet through it.
 * README.md draws the whole way.
 */
#include "guest.h"
#include "guard.h"
#include "guard_balance.h"
#include "arp.h"
#include "balance_guest.h"
#include "balance_wire.h"
#include "icmp_error.h"
#include "icmp_toobig.h"
#include "inside.h"
#include "qos.h"
#include "receive.h"
#include "reset.h"
#include "route.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* A frame of @port's guest: the fast path. @tagged, a constant: it is a subport's. */
static __always_inline int guest_frame(
	struct __sk_buff *skb, const struct port *port, const struct host *host, const bool tagged)
{
	struct flow *flow;
	struct pkt pkt;
	int reason;
	u32 vni;

	trace(skb, STEP_FROM_GUEST, port->id, 0, NULL, NULL);
	count_rx(skb, port->id);
	if (unlikely(port->flags & EDGE_PORT_SPECIAL)) {
		reason = special_from_guest(skb, port);
		if (reason)
			return drop(skb, port->id, (u32)reason);
	}
	reason = pkt_pull(skb, EDGE_HEADERS_MIN);
	if (!reason)
		reason = pkt_parse(skb, 0, &pkt);
	if (unlikely(reason && !(reason == DROP_TRUNCATED && pkt_is_split(skb, EDGE_PULL_BYTES))))
		return drop(skb, port->id, (u32)reason);
	if (unlikely(!reason && pkt.eth_type == ETH_P_ARP)) {
		bpf_tail_call(skb, &stages, STAGE_GUEST_ARP);
	} else if (likely(!reason && pkt.family && !(pkt.flags & PKT_NO_FLOW))) {
		flow = flow_get(&pkt, port->id, FLOW_FROM_GUEST);
		if (likely(flow && flow_is_current(flow, host, &pkt) && !tracing(skb) &&
			    (likely(!is_outside(flow)) || outside_is_fresh(flow, &pkt)) &&
			    (unlikely(pkt_too_big(skb, &pkt, flow->mtu)) ||
				    connection_goes_on(
					    skb, flow, &pkt, port->id, FLOW_FROM_GUEST)))) {
			if (likely(!pkt_too_big(skb, &pkt, flow->mtu))) {
				flow_touch(flow, &pkt);
				vni = port->vni;
				if (unlikely(flow->flags & FLOW_ROUTED))
					vni = route_again(
						skb, &pkt, flow, port->id, FLOW_FROM_GUEST);
				if (tagged && vni && untag(skb))
					return drop(skb, port->id, DROP_INTERNAL);
				if (likely(vni))
					return finish(
						skb, execute(skb, host, port, flow, vni, true));
				bpf_tail_call(skb, &stages, STAGE_GUEST);
				return drop(skb, port->id, DROP_INTERNAL);
			}
			skb->cb[CB_MTU] = flow->mtu;
			bpf_tail_call(skb, &stages, STAGE_TOO_BIG);
		}
		trace(skb, STEP_FLOW, flow && flow_is_current(flow, host, &pkt), 0, NULL, NULL);
	}
	bpf_tail_call(skb, &stages, STAGE_GUEST);
	return drop(skb, port->id, DROP_INTERNAL);
}

/* Everything a guest sends enters here (tc ingress of its veth or tap). */
SEC("tc")
int from_guest(struct __sk_buff *skb)
{
	const struct port *port = port_get(skb->ifindex);
	const struct host *host = host_get();

	if (!port || !host)
		return drop(skb, 0, DROP_UNKNOWN_PORT);
	if (unlikely(skb->vlan_present)) {
		bpf_tail_call(skb, &stages, STAGE_TAGGED);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	return guest_frame(skb, port, host, false);
}

/* Of the guest at a trunk's parent: by the tag it is a subport's. */
SEC("tc")
int guest_tagged(struct __sk_buff *skb)
{
	const struct port *parent = port_get(skb->ifindex), *port = port_get(guest_number(skb));
	const struct host *host = host_get();

	if (!parent || !host)
		return drop(skb, 0, DROP_UNKNOWN_PORT);
	if (!port || skb->vlan_proto != bpf_htons(ETH_P_8021Q)) {
		trace(skb, STEP_FROM_GUEST, parent->id, 0, NULL, NULL);
		count_rx(skb, parent->id);
		return drop(skb, parent->id, DROP_VLAN_TAGGED);
	}
	return guest_frame(skb, port, host, true);
}

/* A test run can't have a tag on its skb: traces enter here, with the tag in skb->cb[0]. */
SEC("tc")
int trace_tagged(struct __sk_buff *skb)
{
	if (tracing(skb) &&
		!bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), (u16)(skb->cb[0] & 0xfff)))
		bpf_tail_call(skb, &stages, STAGE_TAGGED);
	return drop(skb, 0, DROP_INTERNAL);
}

/* What a stage that from_guest called begins with. */
struct guest {
	const struct port *port;
	const struct host *host;
	struct pkt pkt;
};

/* 0, or the reason to drop; guest->port is set unless that is DROP_INTERNAL. */
static __always_inline int guest_stage(struct __sk_buff *skb, struct guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	guest->port = guest_port(skb);
	guest->host = host_get();
	if (!guest->port || !guest->host)
		return DROP_INTERNAL;
	return pkt_read(skb, &guest->pkt, 0);
}

static __always_inline int guest_stage_failed(
	struct __sk_buff *skb, const struct guest *guest, int reason)
{
	return drop(skb, guest->port ? guest->port->id : 0, (u32)reason);
}

SEC("tc")
int guest_slow(struct __sk_buff *skb)
{
	struct guest guest;
	int reason = guest_stage(skb, &guest);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	if (guest.pkt.eth_type == ETH_P_8021Q || guest.pkt.eth_type == ETH_P_8021AD)
		return drop(skb, guest.port->id, DROP_VLAN_TAGGED);
	return guest_pipeline(skb, guest.host, guest.port, &guest.pkt);
}

SEC("tc")
int guest_arp(struct __sk_buff *skb)
{
	struct guest guest;
	int reason = guest_stage(skb, &guest);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	return arp_from_guest(skb, guest.port, &guest.pkt);
}

SEC("tc")
int guest_nd(struct __sk_buff *skb)
{
	struct guest guest;
	int reason = guest_stage(skb, &guest);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	return nd_from_guest(skb, guest.port, &guest.pkt);
}

SEC("tc")
int guest_unicast(struct __sk_buff *skb)
{
	struct guest guest;
	int reason = guest_stage(skb, &guest);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	if (guest.pkt.family)
		return switch_unicast(skb, guest.host, guest.port, &guest.pkt, true);
	return switch_unicast(skb, guest.host, guest.port, &guest.pkt, false);
}

SEC("tc")
int guest_route(struct __sk_buff *skb)
{
	struct guest guest;
	int reason = guest_stage(skb, &guest);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	return route_from_guest(skb, guest.host, guest.port, &guest.pkt);
}

SEC("tc")
int guest_balance(struct __sk_buff *skb)
{
	struct guest guest;
	int reason = guest_stage(skb, &guest);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	return balance_from_guest(skb, guest.host, guest.port, &guest.pkt);
}

SEC("tc")
int tcp_reset(struct __sk_buff *skb)
{
	const struct port *port = helper_port(skb);
	u32 port_id = port ? port->id : 0;
	struct pkt pkt = { 0 };

	if (pkt_read(skb, &pkt, 0))
		return drop(skb, port_id, DROP_INTERNAL);
	return reset_send(skb, &pkt, port_id);
}

SEC("tc")
int wire_balance(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	u32 vni = skb->cb[CB_ROUTE_VNI];
	struct pkt pkt = { 0 };

	if (!host || pkt_read(skb, &pkt, 0))
		return wire_not_ours(skb, vni);
	return vip_pipeline(skb, host, vni, &pkt);
}

/* The same for an error, which may be about a packet from a wire: @wire then is the port. */
static __always_inline int error_stage(
	struct __sk_buff *skb, struct guest *guest, struct port *wire)
{
	memset(guest, 0, sizeof(*guest));
	guest->port = guest_port(skb);
	guest->host = host_get();
	if (!guest->host)
		return DROP_INTERNAL;
	if (!guest->port) {
		*wire = wire_port(skb->cb[CB_ROUTE_VNI]);
		guest->port = wire;
	}
	return pkt_read(skb, &guest->pkt, 0);
}

SEC("tc")
int icmp_error(struct __sk_buff *skb)
{
	struct guest guest;
	struct port wire;
	int reason = error_stage(skb, &guest, &wire);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	return icmp_error_send(skb, guest.port, &guest.pkt);
}

SEC("tc")
int too_big(struct __sk_buff *skb)
{
	struct guest guest;
	struct port wire;
	int reason = error_stage(skb, &guest, &wire);

	if (reason || !guest.port || !guest.host)
		return guest_stage_failed(skb, &guest, reason);
	return toobig(skb, guest.port, &guest.pkt);
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

SEC("tc")
int outside(struct __sk_buff *skb)
{
	const struct port *port = helper_port(skb);
	const struct host *host = host_get();
	struct pkt pkt = { 0 };

	if (!host || pkt_read(skb, &pkt, 0))
		return drop(skb, port ? port->id : 0, DROP_INTERNAL);
	return outside_pipeline(skb, host, port, &pkt);
}

SEC("tc")
int inside(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	struct pkt pkt = { 0 };

	if (!host || pkt_read(skb, &pkt, 0))
		return drop(skb, 0, DROP_INTERNAL);
	return inside_pipeline(skb, host, &pkt);
}

SEC("tc")
int wire_switch(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	u32 vni = skb->cb[CB_ROUTE_VNI];
	struct pkt pkt = { 0 };

	if (!host || pkt_read(skb, &pkt, 0))
		return wire_not_ours(skb, vni);
	if (pkt.eth_type == ETH_P_ARP || is_nd(&pkt)) {
		bpf_tail_call(skb, &stages, STAGE_WIRE_NEIGHBOUR);
		return wire_not_ours(skb, vni);
	}
	return wire_switch_frame(skb, host, vni, &pkt);
}

SEC("tc")
int wire_neighbour_frame(struct __sk_buff *skb)
{
	u32 vni = skb->cb[CB_ROUTE_VNI];
	struct pkt pkt = { 0 };

	if (pkt_read(skb, &pkt, 0))
		return wire_not_ours(skb, vni);
	return pkt.eth_type == ETH_P_ARP ? wire_arp(skb, vni) : wire_nd(skb, vni, &pkt);
}

/* Everything that enters by a wire (tc ingress of its device). What is for nobody here is the
 * host's. */
SEC("tc")
int from_wire(struct __sk_buff *skb)
{
	u32 vni = WIRE_NUMBER(skb->ifindex, skb->vlan_present ? skb->vlan_tci & 0xfff : 0);

	const struct host *host = host_get();
	struct flow *flow;
	struct pkt pkt;
	u32 out;

	trace(skb, STEP_FROM_WIRE, skb->ifindex, WIRE_VLAN(vni), NULL, NULL);
	if (host && !pkt_pull(skb, EDGE_HEADERS_MIN) && !pkt_parse(skb, 0, &pkt)) {
		flow = wire_flow(skb, host, vni, &pkt);
		out = !flow ? 0
		      : flow->flags & FLOW_ROUTED
			      ? rewrite_again(skb, &pkt, flow, vni, FLOW_FROM_UNDERLAY)
			      : vni;
		if (flow && out)
			return finish(skb, wire_execute(skb, host, flow, out, &pkt));
	}
	skb->cb[CB_ROUTE_VNI] = vni;
	skb->cb[CB_PASSED] = 0;
	bpf_tail_call(skb, &stages, STAGE_WIRE);
	return TC_ACT_UNSPEC;
}

/* Parses the outer header, and the inner ones; 0, OUTER_NOT_OURS, or the reason to drop. */
static __always_inline int underlay_parse(
	struct __sk_buff *skb, const struct host *host, struct outer *outer, struct pkt *pkt)
{
	int reason = outer_pull(skb, host, outer);

	if (reason)
		return reason;
	if (pkt_pull(skb, bounded(outer->inner, OUTER_MASK) + EDGE_HEADERS_MIN))
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
	if (unlikely(reason && !(reason == DROP_TRUNCATED && pkt_is_split(skb, OUTER_MASK))))
		return drop(skb, 0, (u32)reason);
	flow = reason ? NULL : receive_flow(host, &outer, &pkt);
	if (likely(flow && !tracing(skb) &&
		    connection_goes_on(skb, flow, &pkt, outer.vni, FLOW_FROM_UNDERLAY))) {
		flow_touch(flow, &pkt);
		return finish(skb, receive_execute(skb, host, flow, &outer, &pkt, 0));
	}
	skb->cb[CB_BEHIND_VXLAN] = 0;
	bpf_tail_call(skb, &stages, STAGE_UNDERLAY);
	return drop(skb, 0, DROP_INTERNAL);
}

/* Behind either of the programs that tunnel packets enter by. */
SEC("tc")
int underlay_slow(struct __sk_buff *skb)
{
	const struct host *host = host_get();
	struct outer outer = { 0 };
	struct pkt pkt = { 0 };
	int reason;

	if (!host)
		return drop(skb, 0, DROP_INTERNAL);
	reason = skb->cb[CB_BEHIND_VXLAN] ? outer_from_metadata(skb, &outer)
					  : outer_read(skb, host, &outer);
	if (!reason)
		reason = pkt_read(skb, &pkt, outer.inner);
	if (reason)
		return drop(skb, 0, reason < 0 ? DROP_INTERNAL : (u32)reason);
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
	if (likely(flow && !tracing(skb) &&
		    connection_goes_on(skb, flow, &pkt, outer.vni, FLOW_FROM_UNDERLAY))) {
		flow_touch(flow, &pkt);
		return finish(skb, receive_execute(skb, host, flow, &outer, &pkt, 0));
	}
	skb->cb[CB_BEHIND_VXLAN] = 1;
	bpf_tail_call(skb, &stages, STAGE_UNDERLAY);
	return drop(skb, 0, DROP_INTERNAL);
}

/* What may leave but for the limits that are in its way. */
SEC("tc")
int limited_output(struct __sk_buff *skb)
{
	return output_limited(skb);
}

/* What its limit has let through comes out of the shaper here; all has been decided. */
SEC("tc")
int from_shaper(struct __sk_buff *skb)
{
	u32 mark = skb->mark, ifindex = mark & SHAPED_IFINDEX;
	u32 output = mark >> SHAPED_OUTPUT_SHIFT & FLOW_OUTPUT;

	if (mark == EDGE_HELPED_MARK)
		return helper_resume(skb);
	if (!(mark & SHAPED_MARK))
		return drop(skb, 0, DROP_INTERNAL);
	skb->mark = 0;
	return output_now(skb, ifindex, output);
}
