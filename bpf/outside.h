/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A router's packet that leaves for the outside: its route leads to a network on a wire. A guest
 * with a floating IP leaves from this host, as that address, unless it is the gateway's host that
 * has it; all others by the host that has the
 * router's gateway, which they reach through the tunnel as they are, and as the router's address if
 * it translates; a host that has some of that address' ports is like it to its own guests (snat.h).
 * skb->cb[CB_ROUTE_VNI] is the network that the packet came to the router on.
 *
 *   guest_route ──► outside ─┬─ floating IP, or the gateway is here: translate ─► next hop ─► wire
 *   underlay_slow ─►         └─ to the host that has the gateway                          └─►
 * wire_switch, if that is here too
 */
#pragma once

#include "helper.h"
#include "outer_limit.h"
#include "prefix.h"

/* Who sends, and where to. */
struct departure {
	u32 vni;	    /* of the wire */
	struct mac macs[2]; /* of the next hop, and the sender's */
	struct translation to;
	u32 mtu;
	u32 translated;
};

/* Hands the packet, as it is, to the host that has the gateway. */
__noinline int to_gateway_host(struct __sk_buff *skb, const struct host *host,
	const struct port *port, const struct gateway *gateway)
{
	struct flow flow = { .output = FLOW_TO_TUNNEL, .hash = (u16)bpf_get_hash_recalc(skb) };

	if (!host || !port || !gateway)
		return TC_ACT_SHOT;
	flow.vtep = (u16)gateway->vtep;
	trace(skb, STEP_TO_GATEWAY, 0, 0, NULL, NULL);
	if (untag(skb))
		return drop(skb, port->id, DROP_INTERNAL);
	return tunnel_send(skb, host, &flow, port, skb->cb[CB_ROUTE_VNI], true);
}

/* What the packet that an ICMP error quotes was translated to on its way in; 0, or the reason to
 * drop. @to is of the error itself. */
__noinline int error_out(struct __sk_buff *skb, struct pkt *pkt, const struct interface *in,
	u32 floats, struct translation *to)
{
	struct nat_key key;
	struct pkt *quoted;

	if (!pkt || !in || !to)
		return DROP_INTERNAL;
	quoted = related_quoted(skb, pkt);
	if (!quoted || quoted->family != 4)
		return DROP_NOT_TRANSLATED;
	key = nat_key_quoted(quoted, NAT_OUT);
	key.scope[0] = in->router[0];
	key.scope[1] = in->router[1];
	if (!floats && !nat_follow(&key, to) && !forward_follow(&key, to))
		return DROP_NOT_TRANSLATED;
	if (!tracing(skb) && nat_apply_quoted(skb, pkt, quoted, to))
		return DROP_INTERNAL;
	to->has_port = 0;
	return 0;
}

/* Whether a guest without a floating IP leaves here: the gateway is here, or this host has ports of
 * the router's address (snat.h). */
static __always_inline bool leaves_here(
	const struct gateway *gateway, const struct port *port, const struct pkt *pkt)
{
	return gateway->here || (port && gateway->n_ports && gateway->snat && pkt->family == 4 &&
					nat_has_ports(pkt->proto));
}

/* Whether a sender without a floating IP leaves as the router. One that does not otherwise does so
 * to the router's own forwarded address, or else the answer would not come back this way. */
__noinline bool sender_shares(
	const struct pkt *pkt, const struct interface *in, const struct gateway *gateway)
{
	const struct external *external;

	if (!pkt || !in || !gateway)
		return false;
	if (!gateway->ip4 || gateway->snat)
		return gateway->ip4;
	external = external_get(gateway->vni, &pkt->dst);
	return external && external->forwards && external->router[0] == in->router[0] &&
	       external->router[1] == in->router[1];
}

/* As whom the packet leaves; 0, FORWARD_ELSEWHERE, or the reason to drop. */
static __always_inline int sender_choose(struct __sk_buff *skb, struct pkt *pkt,
	const struct interface *in, const struct gateway *gateway, const struct floating *floating,
	struct departure *out)
{
	const bool error = pkt->flags & PKT_MESSAGE && icmp_is_error(pkt);
	int reason;

	out->vni = floating ? floating->vni : gateway->vni;
	out->translated = pkt->family == 4;
	if (!out->translated)
		return prefix_find(pkt, (const struct router_key *)in, NAT_OUT);
	out->to.is_source = 1;
	out->to.addr = floating ? floating->ip4 : gateway->ip4;
	if (error)
		reason = error_out(skb, pkt, in, floating != NULL, &out->to);
	else
		reason = floating ? 0 : forward_out(skb, pkt, in, gateway, &out->to);
	if (reason == FORWARD_NONE)
		reason = helper_out(skb, pkt, in, gateway->vni, &out->to);
	if (error && reason == DROP_NOT_TRANSLATED && !floating && !gateway->snat)
		reason = FORWARD_NONE;
	else if (reason == FORWARD_NONE && sender_shares(pkt, in, gateway))
		return nat_out(skb, pkt, in, gateway, &out->to);
	out->translated = reason != FORWARD_NONE;
	return out->translated ? reason : 0;
}

/* Whether the gateway's host may have the state that this one lacks. */
static __always_inline bool gateway_knows_more(const struct gateway *gateway,
	const struct port *port, const struct floating *floating, int reason)
{
	return (reason == FORWARD_ELSEWHERE || reason == DROP_NOT_TRANSLATED) && !floating &&
	       !gateway->here && port && gateway->vtep;
}

/* Writes the verdict down, for a guest's packet that goes straight to the wire. */
static __noinline void departure_put(struct __sk_buff *skb, const struct host *host,
	const struct pkt *pkt, const struct departure *out)
{
	const struct port *port = guest_port(skb);
	struct room *room = room_get();
	struct rewrite rewrite = { .vni = out->vni, .to = out->to };
	struct flow *flow;

	if (!port || !room || skb->cb[CB_ROUTE_VNI] != port->vni || tracing(skb) ||
		pkt->flags & PKT_NO_FLOW)
		return;
	flow = &room->flow;
	memcpy(rewrite.macs, out->macs, sizeof(rewrite.macs));
	if (pkt->family == 6 && room->prefix.kind)
		rewrite.balanced = room->prefix;
	verdict_init(flow, host, pkt, out->mtu);
	flow->output = FLOW_TO_WIRE;
	flow->flags = FLOW_ROUTED | (out->translated ? FLOW_TRANSLATED : 0);
	if (verdict_holds(flow, (int)skb->cb[CB_FIREWALL], FIREWALL_ALLOW) &&
		!rewrite_put(pkt, port->id, FLOW_FROM_GUEST, &rewrite, flow))
		flow_put(skb, pkt, port->id, FLOW_FROM_GUEST, flow);
}

static __always_inline int leave(struct __sk_buff *skb, const struct host *host, struct pkt *pkt,
	const struct interface *in, u32 port_id, struct departure *out)
{
	const bool stays = endpoint_get(out->vni, out->macs); /* a port or a router of this host */
	struct rewrite rewrite = { .vni = out->vni };
	struct addr addr;

	if (!stays && !skb->cb[CB_PASSED])
		departure_put(skb, host, pkt, out);
	memcpy(rewrite.macs, out->macs, sizeof(rewrite.macs));
	if (out->translated) {
		addr_set4(&addr, out->to.addr);
		trace(skb, STEP_TRANSLATED, 1, bpf_ntohs(out->to.port), NULL, &addr);
		if (nat_apply(skb, pkt, &out->to))
			return drop(skb, port_id, DROP_INTERNAL);
	}
	if (prefix_apply(skb, pkt, (const struct router_key *)in, NAT_OUT) ||
		rewrite_apply_slowly(skb, pkt, &rewrite))
		return drop(skb, port_id, DROP_INTERNAL);
	if (unlikely(skb->cb[CB_PASSED]) && !outer_limit_take(skb, skb->cb[CB_PASSED]))
		return CONSUMED;
	if (!stays && unlikely(skb->cb[CB_PASSED]))
		return finish(skb, leave_limited(skb, out->vni));
	if (!stays)
		return untag(skb) ? drop(skb, port_id, DROP_INTERNAL)
				  : wire_send(skb, out->vni, port_id);
	skb->cb[CB_ROUTE_VNI] = out->vni;
	bpf_tail_call(skb, &stages, STAGE_WIRE);
	return drop(skb, port_id, DROP_TTL_EXPIRED);
}

/* @port: the guest's, or NULL for what another host handed over. */
static __always_inline int outside_pipeline(
	struct __sk_buff *skb, const struct host *host, const struct port *port, struct pkt *pkt)
{
	const struct interface *in = interface_get(skb->cb[CB_ROUTE_VNI], PKT_DST(pkt));
	const struct floating *floating = NULL;
	const struct gateway *gateway;
	const struct route *route;
	const struct route_hop *hop;
	u32 port_id = port ? port->id : 0;
	struct departure out = { 0 };
	struct addr next;
	bool away;
	int reason;

	route = in && pkt->family ? route_get(in, pkt) : NULL;
	gateway = in ? gateway_get(in->router) : NULL;
	if (!route || !gateway)
		return drop(skb, port_id, DROP_NO_GATEWAY);
	hop = route_choose(pkt, route);
	if (!(hop->vni & EDGE_WIRE) || pkt_ttl(skb, pkt) <= 1)
		return drop(skb, port_id, DROP_NO_ROUTE);
	if (pkt_too_big(skb, pkt, gateway->mtu)) {
		skb->cb[CB_MTU] = gateway->mtu;
		if (port && is_balanced() && balance_undo(skb, pkt))
			return drop(skb, port_id, DROP_INTERNAL);
		if (port)
			bpf_tail_call(skb, &stages, STAGE_TOO_BIG);
		return drop(skb, port_id, DROP_TOO_BIG);
	}
	if (pkt->family == 4)
		floating = floating_get(in->router, pkt->src.w[3]);
	away = floating && floating->elsewhere && !gateway->here;
	if (floating && floating->elsewhere)
		floating = NULL;
	if (!floating && (away || !leaves_here(gateway, port, pkt))) {
		if (!port || !gateway->vtep)
			return drop(skb, port_id, DROP_NO_GATEWAY);
		return finish(skb, to_gateway_host(skb, host, port, gateway));
	}
	next = route->kind == EDGE_ROUTE_VIA ? hop->via : pkt->dst;
	if (pkt->family == 6 && prefix_get(in->router, NAT_IN, &pkt->dst))
		next = gateway->ip6; /* back to the router */
	out.vni = floating ? floating->vni : gateway->vni;
	trace(skb, STEP_ROUTE, out.vni, route->kind, NULL, &next);
	if (!wire_neighbour(skb, out.vni, &next, &out.macs[0]))
		return drop(skb, port_id, DROP_UNKNOWN_NEIGHBOUR);
	mac_copy(&out.macs[1], floating	       ? floating->mac
			       : gateway->here ? gateway->mac
					       : host->wire_mac);
	reason = sender_choose(skb, pkt, in, gateway, floating, &out);
	if (reason == HELPER_TAKEN)
		return CONSUMED;
	if (reason && gateway_knows_more(gateway, port, floating, reason))
		return finish(skb, to_gateway_host(skb, host, port, gateway));
	if (reason == DROP_NOT_TRANSLATED && pkt->proto == IPPROTO_TCP)
		bpf_tail_call(skb, &stages, STAGE_RESET);
	if (reason)
		return drop(skb, port_id, reason < 0 ? DROP_NO_GATEWAY : (u32)reason);
	out.mtu = gateway->mtu;
	if (out.translated && helper_takes(skb, pkt, (const struct router_key *)in, &out.to,
				      port ? port->ifindex : 0))
		return CONSUMED;
	skb->cb[CB_PASSED] =
		outer_limit_of_sender(out.vni, out.translated ? out.to.addr : 0, gateway);
	return leave(skb, host, pkt, in, port_id, &out);
}
