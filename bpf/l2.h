/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Output: a verdict executed, and the verdict of plain switching: where is the destination MAC. */
#pragma once

#include "antispoof.h"
#include "balance.h"
#include "drop.h"
#include "encap.h"
#include "firewall.h"
#include "shaper.h"
#include "stage.h"

/* What one stage tells the next in skb->cb; flood.h has its own. CB_PASSED: see outer_limit.h. */
enum route_cb {
	CB_MTU = 0,
	CB_ICMP_TYPE = 0,
	CB_ICMP_CODE = 1,
	CB_ROUTE_VNI = 2,
	CB_FIREWALL = 3,
	CB_HELPED_PORT = 4, /* into outside */
	CB_PASSED = 4	    /* out of it, and into inside */
};

/* To the guest of a subport: tagged, to the device of the trunk's parent; the verdict. Pointers
 * into the packet are void afterwards. */
__noinline int subport_send(struct __sk_buff *skb, u32 number)
{
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), (u16)SUBPORT_VLAN(number)))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(SUBPORT_IFINDEX(number), 0);
}

/* The skb to the guest behind a device of this host; the verdict. redirect_peer puts it into the
 * guest's namespace at once, but only a veth can do that, and only for packets to this host. */
static __always_inline int deliver(struct __sk_buff *skb, u32 ifindex, u32 output)
{
	if (output == FLOW_TO_PEER) {
		if (skb->pkt_type != PACKET_HOST)
			bpf_skb_change_type(skb, PACKET_HOST);
		return (int)bpf_redirect_peer(ifindex, 0);
	}
	if (unlikely(ifindex & EDGE_SUBPORT))
		return subport_send(skb, ifindex);
	return (int)bpf_redirect(ifindex, 0);
}

/* Out on the wire of network @vni; the verdict. Pointers into the packet are void afterwards. */
__noinline int wire_send(struct __sk_buff *skb, u32 vni, u32 port_id)
{
	u32 ifindex = WIRE_IFINDEX(vni), vlan = WIRE_VLAN(vni);

	trace(skb, STEP_TO_WIRE, ifindex, vlan, NULL, NULL);
	if (!ifindex)
		return drop(skb, port_id, DROP_NO_WIRE);
	if (vlan && bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), (u16)vlan))
		return drop(skb, port_id, DROP_INTERNAL);
	return (int)bpf_redirect(ifindex, 0);
}

/* What to do with a frame that a guest sent and that leaves in network @vni; @is_ip is a constant.
 */
static __always_inline int execute(struct __sk_buff *skb, const struct host *host,
	const struct port *port, const struct flow *flow, u32 vni, const bool is_ip)
{
	if (flow->output == FLOW_TO_TUNNEL)
		return tunnel_send(skb, host, flow, port, vni, is_ip);
	if (flow->output == FLOW_TO_WIRE)
		return unlikely(port->flags & EDGE_PORT_LIMIT_EGRESS)
			       ? limited(skb, port, 0, FLOW_TO_WIRE, vni)
			       : wire_send(skb, vni, port->id);
	trace(skb, STEP_TO_PORT, flow->ifindex, flow->port_id, NULL, NULL);
	if (unlikely((flow->output & FLOW_LIMITED) | (port->flags & EDGE_PORT_LIMIT_EGRESS)))
		return limited(skb, port, flow->port_id, flow->output, flow->ifindex);
	count_tx(skb, flow->port_id);
	return deliver(skb, flow->ifindex, flow->output);
}

/* The same for the slow path, which needs the stack for other things. */
__noinline int execute_ip(struct __sk_buff *skb, const struct host *host, const struct port *port,
	const struct flow *flow, u32 vni)
{
	if (!host || !port || !flow)
		return TC_ACT_SHOT;
	return untag(skb) ? drop(skb, port->id, DROP_INTERNAL)
			  : execute(skb, host, port, flow, vni, true);
}

__noinline int execute_other(struct __sk_buff *skb, const struct host *host,
	const struct port *port, const struct flow *flow, u32 vni)
{
	if (!host || !port || !flow)
		return TC_ACT_SHOT;
	return untag(skb) ? drop(skb, port->id, DROP_INTERNAL)
			  : execute(skb, host, port, flow, vni, false);
}

/* To a port of this host. */
static __always_inline void verdict_to(struct flow *flow, const struct port *to)
{
	flow->ifindex = to->ifindex;
	flow->port_id = (u16)to->id;
	flow->output = to->kind == EDGE_PORT_VETH ? FLOW_TO_PEER : FLOW_TO_DEVICE;
	if (to->flags & EDGE_PORT_LIMIT_INGRESS)
		flow->output |= FLOW_LIMITED;
}

#define DROPPED (-1) /* by the receiver's firewall, and counted there */

/* Fills in the local receiver at @ifindex and asks its firewall, whose answer goes into
 * *ret_answer; 0, DROPPED, or the reason to drop. */
static __always_inline int resolve_local(
	struct __sk_buff *skb, struct pkt *pkt, u32 ifindex, struct flow *flow, int *ret_answer)
{
	const struct port *to = port_find(ifindex);
	int answer;

	if (!to)
		return DROP_RECEIVER_GONE;
	if (to->flags & EDGE_PORT_DOWN)
		return DROP_RECEIVER_DOWN;
	answer = firewall(skb, to, pkt, RULE_INGRESS);
	if (answer < 0) {
		drop(skb, to->id, (u32)-answer);
		return DROPPED;
	}
	*ret_answer = answer;
	if (answer == FIREWALL_TRACKED || answer == FIREWALL_WATCHED || answer == FIREWALL_ANSWERED)
		flow->flags |= FLOW_TO_TRACKED;
	flow->watched = answer == FIREWALL_WATCHED || answer == FIREWALL_ANSWERED;
	verdict_to(flow, to);
	return 0;
}

/* Whether what the two firewalls said may be written down; marks the flow. */
static __always_inline bool verdict_holds(struct flow *flow, int sender, int receiver)
{
	if (sender != FIREWALL_TRACKED && sender != FIREWALL_WATCHED)
		return sender != FIREWALL_ONCE && answer_holds(receiver);
	flow->flags |= FLOW_TRACKED;
	flow->watched |= sender == FIREWALL_WATCHED;
	return receiver != FIREWALL_ONCE;
}

static __always_inline void verdict_init(
	struct flow *flow, const struct host *host, const struct pkt *pkt, u32 mtu)
{
	memset(flow, 0, sizeof(*flow));
	flow->epoch = host->epoch;
	flow->macs[0] = pkt->macs[0];
	flow->macs[1] = pkt->macs[1];
	flow->macs[2] = pkt->macs[2];
	flow->mtu = (u16)mtu;
}

/* Tells the sender, if it may be told, and drops the packet as @reason; icmp_error.h does it. The
 * types are of both families. */
static __always_inline int route_error(struct __sk_buff *skb, const struct port *port,
	const struct pkt *pkt, u32 reason, const u32 type4, const u32 code4, const u32 type6,
	const u32 code6)
{
	drop(skb, port->id, reason);
	skb->cb[CB_ICMP_TYPE] = pkt->family == 4 ? type4 : type6;
	skb->cb[CB_ICMP_CODE] = pkt->family == 4 ? code4 : code6;
	bpf_tail_call(skb, &stages, STAGE_ICMP_ERROR);
	return CONSUMED;
}

/* What @port's guest sent and its firewall refuses, as @answer says. A firewall group's rule that
 * rejects is known to the guest, by the router that it was sent to. */
static __always_inline int refuse(
	struct __sk_buff *skb, const struct port *port, const struct pkt *pkt, int answer)
{
	if (!guard_rejects(answer))
		return drop(skb, port->id, (u32)-answer);
	skb->cb[CB_ROUTE_VNI] = port->vni;
	return route_error(skb, port, pkt, DROP_DENIED_FIREWALL, ICMP_DEST_UNREACH,
		ICMP_PORT_UNREACH, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH);
}

/* Whether guest_check() and guest_punt_reason() have nothing to say of the answers to a packet of
 * a guest with port security, but as whom they are sent. */
static __always_inline bool has_plain_answer(const struct pkt *pkt)
{
	return pkt->proto == IPPROTO_TCP ||
	       (pkt->proto == IPPROTO_UDP && !pkt_is_udp(pkt, 0, PORT_DHCP_SERVER) &&
		       !pkt_is_udp(pkt, 0, PORT_DHCP6_SERVER));
}

/* Whether a frame to @mac on its network goes to @port. Its own does, no other port has it. */
static __always_inline bool is_at(const struct port *port, const void *mac)
{
	const struct endpoint *endpoint;

	if (likely(mac_equal(port->mac, mac)))
		return true;
	endpoint = endpoint_get(port->vni, mac);
	return endpoint && endpoint->ifindex == port->ifindex;
}

/* The state at the receiver's port @port_id of a connection that has just been opened by a packet,
 * if it has no verdict for the answer yet. */
static __always_inline struct flow *answer_state(const struct pkt *pkt, u32 port_id)
{
	struct flow *entry = connection_get(pkt, port_id, RULE_INGRESS);

	return EDGE_LOADS_IN_ORDER && entry && !entry->epoch &&
			       entry->flags == (FLOW_TRACKED | FLOW_BY_REMOTE)
		       ? entry
		       : NULL;
}

/* Whether the receiver may answer a packet as whom it is for, with that MAC. */
static __always_inline bool may_answer(
	const struct port *to, const struct pkt *pkt, const struct mac *mac)
{
	return !(to->flags & EDGE_PORT_SECURITY) ||
	       is_own_source(to, mac, pkt->family, &pkt->dst) ||
	       source_allowed(to->id, mac, pkt->family, &pkt->dst);
}

/* The same state where the opening is from a guest here, @from, and the verdict of the answer may
 * go into it as far as both ports are concerned: else NULL. @mac: the receiver's, as whom it
 * answers. Not where the answer could be for a service, whose address only a guest without port
 * security can have. */
static __always_inline struct flow *answer_entry(const struct port *from, const struct pkt *pkt,
	const struct flow *flow, const struct mac *mac)
{
	const struct port *to;
	struct flow *entry;

	if (!(from->flags & EDGE_PORT_SECURITY) || !has_plain_answer(pkt))
		return NULL;
	entry = answer_state(pkt, flow->port_id);
	if (!entry)
		return NULL;
	to = port_find(flow->ifindex);
	if (!to || (from->flags | to->flags) & EDGE_PORT_GUARDED || !is_at(from, PKT_SRC(pkt)))
		return NULL;
	return may_answer(to, pkt, mac) ? entry : NULL;
}

/* Of what is sent back to a packet on its own network, as @mac. */
static __always_inline void answer_init(struct flow *verdict, const struct host *host,
	const struct pkt *pkt, const struct mac *mac, u32 mtu)
{
	verdict_init(verdict, host, pkt, mtu);
	mac_copy(verdict->macs, PKT_SRC(pkt));
	mac_copy((u8 *)verdict->macs + ETH_ALEN, mac);
}

/* The verdict of what answers a packet of @from with the verdict @flow: to @from, as what @verdict
 * says already. */
static __always_inline void answer_begin(
	struct flow *entry, struct flow *verdict, const struct port *from, const struct flow *flow)
{
	verdict_to(verdict, from);
	verdict->flags |= FLOW_TRACKED | (flow->flags & FLOW_TRACKED ? FLOW_TO_TRACKED : 0);
	verdict->watched = 1;
	flow_begin(entry, verdict);
}

/* The verdict of what the receiver answers, written down with that of the opening: it goes back the
 * same way, so little is left to ask. */
__noinline int answer_put(
	const struct host *host, const struct port *from, struct pkt *pkt, const struct flow *flow)
{
	struct flow *entry, verdict;
	struct mac mac;

	if (!host || !from || !pkt || !flow)
		return 0;
	mac_copy(&mac, PKT_DST(pkt));
	entry = answer_entry(from, pkt, flow, &mac);
	if (!entry)
		return 0;
	answer_init(&verdict, host, pkt, &mac, flow->mtu);
	answer_begin(entry, &verdict, from, flow);
	return 0;
}

/* Known unicast from a guest, not too big: decide, write down, execute. @is_ip is a constant. */
static __always_inline int switch_unicast(struct __sk_buff *skb, const struct host *host,
	const struct port *port, struct pkt *pkt, const bool is_ip)
{
	const struct network *network = network_get(port->vni);
	const struct endpoint *endpoint;
	struct flow flow;
	int reason, sender, receiver = FIREWALL_ALLOW;

	if (!network)
		return drop(skb, port->id, DROP_NO_NETWORK);
	sender = firewall(skb, port, pkt, RULE_EGRESS);
	if (sender < 0)
		return refuse(skb, port, pkt, sender);
	if (is_ip && balance_answer(skb, pkt, port->id))
		return drop(skb, port->id, DROP_INTERNAL);
	endpoint = endpoint_get(port->vni, PKT_DST(pkt));
	if (!endpoint && !(port->vni & EDGE_WIRE))
		return drop(skb, port->id, DROP_UNKNOWN_UNICAST);
	if (tracing(skb)) {
		struct mac mac;

		mac_copy(&mac, PKT_DST(pkt));
		trace_step(STEP_ENDPOINT, port->vni, 0, &mac, NULL);
	}
	if (endpoint && !endpoint->ifindex && endpoint->vtep == EDGE_ENDPOINT_ROUTER) {
		skb->cb[CB_ROUTE_VNI] = port->vni;
		skb->cb[CB_FIREWALL] = (u32)sender;
		skb->cb[CB_PASSED] = 0;
		bpf_tail_call(skb, &stages, port->vni & EDGE_WIRE ? STAGE_INSIDE : STAGE_ROUTE);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	if (is_ip && (is_balanced() || (endpoint && is_balancer(endpoint)))) {
		skb->cb[CB_FIREWALL] = (u32)sender;
		bpf_tail_call(skb, &stages, STAGE_BALANCE);
		return drop(skb, port->id, DROP_INTERNAL);
	}
	if (unlikely(network->routed))
		return drop(skb, port->id, DROP_NOT_ADJACENT);
	if (endpoint && endpoint->ifindex == port->ifindex)
		return drop(skb, port->id, DROP_HAIRPIN);
	verdict_init(&flow, host, pkt, network->mtu);
	if (!endpoint) {
		flow.output = FLOW_TO_WIRE;
	} else if (endpoint->ifindex) {
		reason = resolve_local(skb, pkt, endpoint->ifindex, &flow, &receiver);
		if (reason)
			return reason == DROPPED ? CONSUMED : drop(skb, port->id, (u32)reason);
	} else {
		flow.output = FLOW_TO_TUNNEL;
		flow.vtep = (u16)endpoint->vtep;
		flow.hash = (u16)bpf_get_hash_recalc(skb);
	}
	if (is_ip && verdict_holds(&flow, sender, receiver) && !tracing(skb) &&
		!(pkt->flags & PKT_NO_FLOW))
		flow_put(skb, pkt, port->id, FLOW_FROM_GUEST, &flow);
	if (is_ip && flow.flags & FLOW_TO_TRACKED && !tracing(skb) && !(pkt->flags & PKT_NO_FLOW))
		answer_put(host, port, pkt, &flow);
	return finish(skb, is_ip ? execute_ip(skb, host, port, &flow, port->vni)
				 : execute_other(skb, host, port, &flow, port->vni));
}
