/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet from a wire to a router of this host: to a floating IP, whose guest is here or whose
 * ports are forwarded; to the router's own address, which is an answer to what was translated, an
 * echo request, or nothing; or to be routed with no translation. skb->cb[CB_ROUTE_VNI] is the
 * wire's network.
 */
#pragma once

#include "snat.h"

/* The entry of a connection that a packet from the wire belongs to. */
static __always_inline struct nat *nat_find(u32 vni, const struct pkt *pkt)
{
	struct nat_key key = nat_key_in(vni, pkt);

	return bpf_map_lookup_elem(&nats, &key);
}

/* An ICMP error about what was sent as one of our addresses: whom to tell. 0, or the reason to
 * drop. */
static __noinline int error_in(
	struct __sk_buff *skb, struct pkt *pkt, u32 vni, be32 fixed, struct translation *to)
{
	struct nat_key key;
	struct pkt *quoted;

	quoted = related_quoted(skb, pkt);
	if (!quoted || quoted->family != 4)
		return DROP_NOT_TRANSLATED;
	key = nat_key_quoted(quoted, NAT_IN);
	key.scope[0] = vni;
	to->addr = fixed;
	if (!fixed && !nat_follow(&key, to) && !forward_follow(&key, to))
		return DROP_NOT_TRANSLATED;
	if (!tracing(skb) && nat_apply_quoted(skb, pkt, quoted, to))
		return DROP_INTERNAL;
	to->has_port = 0;
	return 0;
}

/* A later fragment follows its first; 0, or the reason to drop. */
static __noinline int fragment_in(struct pkt *pkt, u32 vni, struct translation *to)
{
	struct fragment_key key = fragment_key(pkt, vni, RULE_INGRESS);
	const be32 *first = bpf_map_lookup_elem(&translated_fragments, &key);

	if (!first)
		return DROP_FRAGMENT;
	to->addr = *first;
	return 0;
}

#define TO_ROUTER (-2)

/* Whom a packet to the router's own address, or a forwarded one, is for: 0, TO_ROUTER, or the
 * reason to drop. */
static __always_inline int receiver_find(struct __sk_buff *skb, struct pkt *pkt, u32 vni,
	const struct external *external, struct translation *to)
{
	struct nat *known;
	int reason;

	if (pkt->flags & PKT_LATER_FRAGMENT)
		return fragment_in(pkt, vni, to);
	if (pkt->flags & PKT_MESSAGE)
		return icmp_is_error(pkt) ? error_in(skb, pkt, vni, 0, to) : DROP_NOT_TRANSLATED;
	if (external->forwards && pkt->proto != IPPROTO_ICMP) {
		reason = forward_in(skb, pkt, vni, to);
		return reason == DROP_NOT_FORWARDED ? helper_in(skb, pkt, vni, to, reason) : reason;
	}
	known = nat_find(vni, pkt);
	if (!known)
		return pkt->proto == IPPROTO_ICMP && pkt->icmp_type == ICMP_ECHO
			       ? TO_ROUTER
			       : helper_in(skb, pkt, vni, to, DROP_NOT_TRANSLATED);
	to->addr = known->addr;
	to->port = known->port;
	to->has_port = PORT_KEPT;
	if (!tracing(skb))
		nat_touch(known, pkt, NAT_IN);
	return 0;
}

/* Finds what the receiver is to become; 0, TO_ROUTER, or the reason to drop. */
static __always_inline int receiver_choose(struct __sk_buff *skb, struct pkt *pkt, u32 vni,
	const struct external *external, struct translation *to)
{
	if (pkt->family != 4)
		return TO_ROUTER;
	if (!external->fixed)
		return receiver_find(skb, pkt, vni, external, to);
	to->addr = external->fixed;
	return pkt->flags & PKT_MESSAGE && icmp_is_error(pkt)
		       ? error_in(skb, pkt, vni, external->fixed, to)
		       : 0;
}

/* Translates the receiver; 0, or the reason to drop. */
static __always_inline int receiver_translate(struct __sk_buff *skb, struct pkt *pkt, u32 vni,
	const struct external *external, struct translation *to)
{
	if (pkt->flags & PKT_FIRST_FRAGMENT && !external->fixed && !tracing(skb)) {
		struct fragment_key key = fragment_key(pkt, vni, RULE_INGRESS);

		bpf_map_update_elem(&translated_fragments, &key, &to->addr, BPF_ANY);
	}
	return nat_apply(skb, pkt, to) ? DROP_INTERNAL : 0;
}

/* Whether the sender is one that the router reaches inside (RFC 2827): rules about its networks
 * must not be met from outside. Its own addresses are those of guests that it has translated. */
static __always_inline bool is_spoofed(const struct pkt *pkt, const u32 *router)
{
	struct route_key key = { .prefix_bits = ROUTE_KEY_FIXED_BITS + 128,
		.router = { router[0], router[1] },
		.family = pkt->family,
		.dst = pkt->src };
	const struct route *route = bpf_map_lookup_elem(&routes, &key);

	return route && route->n_hops && !(route->hops[0].vni & EDGE_WIRE);
}

/* Whether the sender can't be behind another router (addr_stays_on_link()). Errors from
 * 169.254.0.0/16 may be: routers number the links between them so, and path MTU discovery needs
 * what they say. */
static __always_inline bool is_of_the_link(const struct pkt *pkt)
{
	if (pkt->family == 4 && pkt->flags & PKT_MESSAGE &&
		(pkt->src.w[3] & bpf_htonl(0xffff0000)) == bpf_htonl(0xa9fe0000))
		return !icmp_is_error(pkt);
	return addr_stays_on_link(pkt->family, &pkt->src);
}

/* Whether the router may pass the packet on to @dst (0: its own receiver): 0, or why not, and for a
 * packet that is too big skb->cb[CB_MTU]. Asked before it is translated: the sender is told of the
 * packet that it sent. */
static __noinline int inside_refuses(
	struct __sk_buff *skb, struct pkt *pkt, const u32 *router, be32 dst)
{
	struct interface in = { .router = { router[0], router[1] } };
	const struct network *network;
	const struct route *route;
	be32 was = pkt->dst.w[3];

	if (is_of_the_link(pkt))
		return DROP_NOT_ROUTED;
	if (is_spoofed(pkt, router))
		return DROP_SPOOFED_INSIDE;
	if (pkt_ttl(skb, pkt) <= 1)
		return DROP_TTL_EXPIRED;
	if (dst)
		pkt->dst.w[3] = dst;
	route = route_get(&in, pkt);
	pkt->dst.w[3] = was;
	network = route && route->n_hops ? network_get(route->hops[0].vni) : NULL;
	if (!network || !pkt_too_big(skb, pkt, network->mtu))
		return 0;
	skb->cb[CB_MTU] = network->mtu;
	return DROP_TOO_BIG;
}

/* Of a packet that is routed as it is, or with another prefix: 0, or why the router may not pass it
 * on; see inside_refuses(). */
static __noinline int inside_plain(
	struct __sk_buff *skb, struct pkt *pkt, const struct interface *in, struct room *room)
{
	const struct router_key *router = (const struct router_key *)in;
	int reason = prefix_find(pkt, router, NAT_IN);

	if (reason)
		return reason;
	if (pkt->family == 6 && room->prefix.kind)
		pkt->dst = room->prefix.addr;
	reason = inside_refuses(skb, pkt, in->router, 0);
	pkt->dst = room->arrival.dst;
	if (reason)
		return reason;
	return prefix_apply(skb, pkt, router, NAT_IN) ? DROP_INTERNAL : 0;
}

/* Tells the sender, but who is not who it says. @router: of a packet that another host sent on,
 * else NULL. */
static __always_inline int inside_refused(
	struct __sk_buff *skb, const struct pkt *pkt, const u32 *router, u32 reason)
{
	struct port port = wire_port(skb->cb[CB_ROUTE_VNI]);

	if (reason == DROP_SPOOFED_INSIDE || reason == DROP_NOT_ROUTED ||
		reason == DROP_UNTRANSLATABLE || reason == DROP_INTERNAL ||
		(router && !snat_find_sender(skb, pkt, router, port.vni)))
		return drop(skb, 0, reason);
	if (reason == DROP_TTL_EXPIRED)
		return route_error(
			skb, &port, pkt, reason, ICMP_TIME_EXCEEDED, 0, ICMPV6_TIME_EXCEEDED, 0);
	bpf_tail_call(skb, &stages, STAGE_TOO_BIG);
	return drop(skb, 0, reason);
}

/* A routed packet to the port at flow->ifindex, or over the tunnel. @passed: a limit of bandwidth
 * that it has passed; 0: none. */
__noinline int inside_deliver(struct __sk_buff *skb, const struct host *host,
	const struct flow *flow, u32 vni, u32 passed)
{
	struct port from = { .flags = passed ? EDGE_PORT_LIMIT_EGRESS : 0 };
	int verdict;

	if (!host || !flow)
		return TC_ACT_SHOT;
	if (flow->output == FLOW_TO_TUNNEL) {
		verdict = tunnel_send(skb, host, flow, &from, vni, true);
		if (verdict == LIMITED)
			skb->cb[CB_SENDER_LIMIT] = passed;
		return verdict;
	}
	trace(skb, STEP_TO_PORT, flow->ifindex, flow->port_id, NULL, NULL);
	if (unlikely(flow->output & FLOW_LIMITED || passed))
		return limited_after(skb, passed, flow->port_id, flow->output, flow->ifindex);
	count_tx(skb, flow->port_id);
	return deliver(skb, flow->ifindex, flow->output);
}

/* Writes the verdict down, under the packet as it came. */
static __noinline void arrival_put(struct __sk_buff *skb, struct pkt *pkt, struct room *room)
{
	const struct arrival *arrival = &room->arrival;
	struct rewrite *rewrite = &room->rewrite;
	struct flow *flow = &room->flow;

	if (skb->ifindex != WIRE_IFINDEX(arrival->vni) || tracing(skb) || pkt->flags & PKT_NO_FLOW)
		return;
	if (arrival->translated) {
		pkt->dst = arrival->dst;
		pkt->ports = arrival->ports;
		rewrite->to = arrival->to;
		flow->flags |= FLOW_TRANSLATED;
	} else if (pkt->family == 6 && room->prefix.kind) {
		if (rewrite->balanced.kind) /* by a load balancer too: there is room for one */
			return;
		pkt->dst = arrival->dst;
		rewrite->balanced = room->prefix;
	}
	flow->flags |= FLOW_ROUTED;
	if (!rewrite_put(pkt, arrival->vni, FLOW_FROM_UNDERLAY, rewrite, flow))
		flow_put(skb, pkt, arrival->vni, FLOW_FROM_UNDERLAY, flow);
}

/* The translated packet into the router's networks. */
static __always_inline int inside_route(struct __sk_buff *skb, const struct host *host,
	struct pkt *pkt, const u32 *router, struct room *room)
{
	struct interface in = { .router = { router[0], router[1] } };
	const struct route *route = route_get(&in, pkt);
	const struct network *network;
	const struct route_hop *hop;
	struct flow *flow = &room->flow;
	int reason, answer = FIREWALL_ALLOW;

	if (!route || route->kind == EDGE_ROUTE_BLACKHOLE || route->kind == EDGE_ROUTE_LOCAL)
		return drop(skb, 0, DROP_NO_ROUTE);
	hop = route_choose(pkt, route);
	if (hop->vni & EDGE_WIRE) /* out again where it came from */
		return drop(skb, 0, DROP_NO_ROUTE);
	network = network_get(hop->vni);
	if (!network)
		return drop(skb, 0, DROP_NO_NETWORK);
	verdict_init(flow, host, pkt, network->mtu);
	reason = route_resolve(skb, pkt, route, hop, flow, &room->rewrite, &answer);
	if (reason == DROPPED)
		return CONSUMED;
	if (reason)
		return drop(skb, 0, reason > 0 ? (u32)reason : DROP_UNKNOWN_NEIGHBOUR);
	if (balance_now(skb, pkt, room) || rewrite_apply_slowly(skb, pkt, &room->rewrite))
		return drop(skb, 0, DROP_INTERNAL);
	balance_leave(pkt, room);
	if (answer_holds(answer) && !room->arrival.limit)
		arrival_put(skb, pkt, room);
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return drop(skb, 0, DROP_INTERNAL);
	if (unlikely(room->arrival.limit) && !outer_limit_take(skb, room->arrival.limit))
		return CONSUMED;
	return finish(skb, inside_deliver(skb, host, flow, room->rewrite.vni,
				   slower_limit(skb->cb[CB_PASSED], room->arrival.limit)));
}

static __always_inline int inside_pipeline(
	struct __sk_buff *skb, const struct host *host, struct pkt *pkt)
{
	u32 vni = skb->cb[CB_ROUTE_VNI];
	const bool sent_on = mac_equal(PKT_DST(pkt), host->wire_mac);
	const struct interface *in = interface_get(vni, PKT_DST(pkt));
	const struct external *external;
	struct arrival *arrival;
	struct room *room;
	struct port port;
	struct addr addr;
	int reason;

	room = room_get();
	external = pkt->family ? external_get(vni, &pkt->dst) : NULL;
	/* who routes to a floating IP may do so by the host's own MAC */
	if ((!in && !sent_on && !(external && external->fixed)) || !pkt->family || !room)
		return drop(skb, 0, DROP_NOT_ROUTED);
	room->balanced.kind = BALANCED_NOT;
	arrival = &room->arrival;
	*arrival = (struct arrival){ .vni = vni, .dst = pkt->dst, .ports = pkt->ports };
	arrival->limit = outer_limit_of_receiver(external, in);
	if (!external) {
		if (!in)
			return drop(skb, 0, DROP_NOT_ROUTED);
		reason = inside_plain(skb, pkt, in, room);
		return reason ? inside_refused(skb, pkt, NULL, (u32)reason)
			      : inside_route(skb, host, pkt, in->router, room);
	}
	if (in && !external->fixed && !external->forwards && pkt->family == 4) {
		room->rewrite.vni = vni;
		if (snat_owner(skb, pkt, external, &room->rewrite))
			return finish(skb, snat_hand_over(skb, host, &room->rewrite));
	}
	reason = receiver_choose(skb, pkt, vni, external, &arrival->to);
	if (reason == TO_ROUTER) {
		port = wire_port(vni);
		reason = router_echo(skb, &port, pkt);
		/* the asker is here too; of a trace nobody knows how he was translated */
		if (reason == TC_ACT_REDIRECT && skb->ifindex != port.ifindex && !tracing(skb)) {
			bpf_tail_call(skb, &stages, STAGE_WIRE);
			return drop(skb, 0, DROP_TTL_EXPIRED);
		}
		return reason;
	}
	if (reason == HELPER_TAKEN)
		return CONSUMED;
	if (reason)
		return drop(skb, 0, (u32)reason);
	reason = inside_refuses(skb, pkt, external->router, arrival->to.addr);
	if (reason)
		return inside_refused(skb, pkt, sent_on ? external->router : NULL, (u32)reason);
	if (helper_takes(skb, pkt, (const struct router_key *)external, &arrival->to, 0))
		return CONSUMED;
	reason = receiver_translate(skb, pkt, vni, external, &arrival->to);
	if (reason)
		return drop(skb, 0, (u32)reason);
	arrival->translated = 1;
	addr_set4(&addr, arrival->to.addr);
	trace(skb, STEP_TRANSLATED, 0, bpf_ntohs(arrival->to.port), NULL, &addr);
	return inside_route(skb, host, pkt, external->router, room);
}

/* The flow entry of a packet from a wire, if it holds. */
static __always_inline struct flow *wire_flow(
	struct __sk_buff *skb, const struct host *host, u32 vni, struct pkt *pkt)
{
	struct flow *flow;

	if (!pkt->family || pkt->flags & PKT_NO_FLOW || tracing(skb))
		return NULL;
	flow = flow_get(pkt, vni, FLOW_FROM_UNDERLAY);
	if (!flow || !flow_is_current(flow, host, pkt) || pkt_too_big(skb, pkt, flow->mtu))
		return NULL;
	if (flow->flags & FLOW_ROUTED && !outside_is_fresh(flow, pkt))
		return NULL;
	return connection_goes_on(skb, flow, pkt, vni, FLOW_FROM_UNDERLAY) ? flow : NULL;
}

/* Does what the flow entry says; @vni: of the network that the packet leaves on. */
static __always_inline int wire_execute(
	struct __sk_buff *skb, const struct host *host, struct flow *flow, u32 vni, struct pkt *pkt)
{
	struct port from = { 0 };

	flow_touch(flow, pkt);
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return drop(skb, 0, DROP_INTERNAL);
	return execute(skb, host, &from, flow, vni, true);
}
