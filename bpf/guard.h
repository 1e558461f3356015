/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The firewall groups of routers' ports. Routing is done where a packet enters, and the state of
 * its connection is at a guest's port; so the groups are asked there too, behind that port's own
 * rules, about all routers' ports that are on the way to the other side. The port at which a
 * connection is opened asks: what is opened to a guest by another guest has been asked about at the
 * other's port, and what comes from outside is asked about at the receiver's. Answers and what
 * follows are judged as the opening, as with all rules of a port.
 *
 * What is opened by a packet that no router has brought, though it says that it comes from afar,
 * has been asked about by nobody: what the guest sends in it by a router is an opening of the
 * guest's
 * (`beside`). Else two guests of a network could open whatever they like, one of them as somebody
 * behind the router.
 *
 * What a rule rejects is dropped, and a guest that sent it is told by its router (refuse() in
 * l2.h). Who sent it from outside is told nothing.
 *
 * The way is walked from the guest's router on: each router's interface towards the guest, and the
 * one that its route to the other side leaves by, up to the other side's network or a gateway. A
 * rule about another group is about these two: that one, or this one, is in it.
 *
 * An ICMP error is judged as the connection that it is about; one that is about none, as any other
 * packet. What goes over a load balancer: see guard_balance.h.
 */
#pragma once

#include "outside.h"

#define GUARD_ROUTERS_MAX 16 /* what goes on is refused */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct endpoint_key);
	__type(value, struct guard);
} guards SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct endpoint_key);
	__type(value, struct event_limit);
} guard_limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct guard_key);
	__type(value, struct guard_set);
} guard_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct guard_place);
	__type(value, u32);
} guard_rules SEC(".maps");

/* What does not match in one dimension is taken out of query->left; false: nothing is left. */
static __always_inline bool guard_match(struct guard_query *query, u8 dimension)
{
	const u32 port = dimension == GUARD_DESTINATION_PORT ? query->ports >> 16 : query->ports;
	const struct guard_set *set;
	u64 any = 0;

	query->key.dimension = dimension;
	if (dimension <= GUARD_DESTINATION) {
		query->key.prefix_bits = GUARD_KEY_FIXED_BITS + 128;
		query->key.what = query->addrs[dimension & 1];
	} else if (dimension >= GUARD_SOURCE_GROUP) {
		query->key.prefix_bits = GUARD_KEY_GROUP_BITS;
		query->key.what.w[0] = query->groups[dimension & 1];
	} else {
		query->key.prefix_bits = GUARD_KEY_PORT_BITS;
		query->key.what.b[0] = query->proto;
		query->key.what.b[1] = (u8)port; /* the lower byte comes first on the wire */
		query->key.what.b[2] = (u8)(port >> 8);
	}
	set = bpf_map_lookup_elem(&guard_sets, &query->key);
	if (!set)
		return false;
	for (u32 i = 0; i < GUARD_WORDS; i++)
		any |= query->left[i] &= set->words[i];
	return any != 0;
}

/* What the first rule of @policy that matches decides; 0: none does. */
__noinline u32 guard_decide(u32 policy)
{
	struct guard_place at = { .policy = policy };
	struct room *room = room_get();
	const u32 *decision;
	u64 word = 0;

	if (!room)
		return 0;
	room->guard.key.policy = policy;
	room->guard.key.family = room->guard.family;
	for (u32 i = 0; i < GUARD_WORDS; i++)
		room->guard.left[i] = ~0ull;
	if (!guard_match(&room->guard, GUARD_SOURCE) ||
		!guard_match(&room->guard, GUARD_DESTINATION) ||
		!guard_match(&room->guard, GUARD_SOURCE_PORT) ||
		!guard_match(&room->guard, GUARD_DESTINATION_PORT) ||
		!guard_match(&room->guard, GUARD_SOURCE_GROUP) ||
		!guard_match(&room->guard, GUARD_DESTINATION_GROUP))
		return 0;
	for (u32 i = 0; i < GUARD_WORDS && !word; i++) {
		word = room->guard.left[i];
		at.place = i * 64;
	}
	word &= -word; /* its lowest bit alone */
	for (u32 half = 32; half; half >>= 1)
		if (word >> half) {
			word >>= half;
			at.place += half;
		}
	decision = bpf_map_lookup_elem(&guard_rules, &at);
	return decision ? *decision : 0;
}

/* Tells what the group of the router's port at room->guard.asked has decided about the packet, as
 * far as that port's limit allows. */
__noinline int guard_log(struct __sk_buff *skb, struct pkt *pkt, u32 decision, u32 direction)
{
	const bool refused = !decision || decision & RULE_DENY;
	struct room *room = room_get();
	const struct guard *guard;
	struct event_limit *limit;
	struct log_event *event;

	if (!pkt || !room || tracing(skb) || (!refused && !room->guard.begins))
		return 0;
	guard = bpf_map_lookup_elem(&guards, &room->guard.asked);
	limit = bpf_map_lookup_elem(&guard_limits, &room->guard.asked);
	if (!guard || !limit || !(guard->flags & (refused ? GUARD_LOG_DROP : GUARD_LOG_ACCEPT)) ||
		!log_allows(limit, bpf_ktime_get_ns()))
		return 0;
	event = bpf_ringbuf_reserve(&log_events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&limit->suppressed, 1);
		return 0;
	}
	event->decision = decision;
	event->ifindex = room->guard.ifindex;
	memcpy(event->port, room->guard.port, sizeof(event->port));
	log_fill(event, skb, pkt, direction, refused ? DROP_DENIED_FIREWALL : 0);
	event->is_guard = 1;
	memcpy(event->guard, guard->port, sizeof(event->guard));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* Asks the group of the router's port at room->guard.asked; false: it refuses, as
 * room->guard.denied says. */
__noinline int guard_ask(struct __sk_buff *skb, struct pkt *pkt, u32 direction)
{
	struct room *room = room_get();
	const struct guard *guard;
	u32 decision;

	if (!room || !pkt)
		return 0;
	guard = bpf_map_lookup_elem(&guards, &room->guard.asked);
	if (!guard)
		return 1;
	decision = guard_decide(guard->policies[direction & 1]);
	trace(skb, STEP_GUARD, decision, direction, room->guard.asked.mac, &room->guard.remote);
	if (decision && room->guard.begins)
		rule_count(skb, decision);
	if (unlikely(guard->flags))
		guard_log(skb, pkt, decision, direction);
	if (decision && !(decision & RULE_DENY))
		return 1;
	room->guard.denied = decision | RULE_DENY | RULE_GUARD;
	return 0;
}

static __always_inline u32 guard_group(const struct endpoint_key *at)
{
	const struct guard *guard = bpf_map_lookup_elem(&guards, at);

	return guard ? guard->group : 0;
}

enum guard_way { GUARD_GOES_ON, GUARD_ENDS, GUARD_OUTSIDE, GUARD_REFUSES };

/* One router of the way, whose interface towards the guest is room->guard.near. @opener: who asks
 * for the connection, as the guest's port sees it; the guest's network sees it likewise, the one
 * beyond the router the other way round. */
__noinline int guard_router(struct __sk_buff *skb, struct pkt *pkt, u32 opener)
{
	const u32 beyond = opener == RULE_EGRESS ? RULE_INGRESS : RULE_EGRESS;
	struct room *room = room_get();
	const struct interface *in;
	const struct gateway *gateway;
	const struct neighbour *neighbour;
	const struct route_hop *hop;
	const struct route *route;
	struct guard_query *query;

	if (!pkt || !room)
		return GUARD_REFUSES;
	query = &room->guard;
	in = bpf_map_lookup_elem(&interfaces, &query->near);
	if (!in)
		return GUARD_ENDS;
	query->route = (struct route_key){ .prefix_bits = ROUTE_KEY_FIXED_BITS + 128,
		.router = { in->router[0], in->router[1] },
		.family = query->family,
		.dst = query->remote };
	route = bpf_map_lookup_elem(&routes, &query->route);
	if (!route || !route->n_hops)
		return GUARD_ENDS;
	hop = route_choose(pkt, route);
	query->far = (struct endpoint_key){ .vni = hop->vni };
	mac_copy(query->far.mac, hop->mac);
	if (hop->vni & EDGE_WIRE) {
		gateway = gateway_get(in->router);
		if (!gateway)
			return GUARD_ENDS; /* nothing passes */
		query->far.vni = gateway->vni;
		mac_copy(query->far.mac, gateway->mac);
	}
	query->groups[opener == RULE_INGRESS] = guard_group(&query->near);
	query->groups[opener == RULE_EGRESS] = guard_group(&query->far);
	query->asked = query->near;
	if (query->judges && !guard_ask(skb, pkt, opener))
		return GUARD_REFUSES;
	query->asked = query->far;
	if (query->judges && !guard_ask(skb, pkt, beyond))
		return GUARD_REFUSES;
	if (hop->vni & EDGE_WIRE)
		return GUARD_OUTSIDE;
	query->next = (struct neighbour_key){ .vni = hop->vni,
		.addr = route->kind == EDGE_ROUTE_VIA ? hop->via : query->remote };
	neighbour = bpf_map_lookup_elem(&neighbours, &query->next);
	if (!neighbour)
		return GUARD_ENDS;
	query->near = query->far;
	mac_copy(query->near.mac, neighbour->mac);
	return GUARD_GOES_ON;
}

/* The router's interface that the packet leaves the guest by, or reached it by. */
static __always_inline void guard_begin(
	struct guard_query *query, const struct port *port, const struct pkt *pkt, u32 direction)
{
	if (direction == RULE_INGRESS && pkt->flags & PKT_ROUTED) {
		query->near = query->from;
		return;
	}
	query->near = (struct endpoint_key){ .vni = port->vni };
	mac_copy(query->near.mac, direction == RULE_EGRESS ? PKT_DST(pkt) : PKT_SRC(pkt));
}

static __always_inline int guard_way(struct __sk_buff *skb, struct pkt *pkt, u32 opener)
{
	int way = GUARD_GOES_ON;

	for (u32 i = 0; i < GUARD_ROUTERS_MAX && way == GUARD_GOES_ON; i++)
		way = guard_router(skb, pkt, opener);
	return way == GUARD_GOES_ON ? GUARD_REFUSES : way;
}

/* What is asked about: @about, which in @sent belongs to a connection that was opened in @opener.
 */
static __always_inline void guard_fill(
	struct guard_query *query, const struct pkt *about, u32 sent, u32 opener)
{
	const bool forth = sent == opener;

	query->family = about->family;
	query->proto = about->proto;
	query->addrs[0] = forth ? about->src : about->dst;
	query->addrs[1] = forth ? about->dst : about->src;
	query->ports = forth ? about->ports : about->ports >> 16 | about->ports << 16;
	query->remote = sent == RULE_EGRESS ? about->dst : about->src;
	query->judges = opener == RULE_EGRESS;
	query->denied = RULE_DENY | RULE_GUARD;
}

/* Whether the guest has got the connection by a VIP: then guard_balance.h has asked about it. */
__noinline int guard_by_vip(u32 port_id, u32 direction)
{
	struct room *room = room_get();
	const struct rewrite *answer;
	struct pkt *sent;

	if (!room)
		return 0;
	if (direction == RULE_INGRESS)
		return room->balanced.kind == BALANCED_TO_MEMBER;
	sent = &room->guard.about; /* what the guest sends there */
	sent->family = room->guard.family;
	sent->proto = room->guard.proto;
	sent->src = room->guard.addrs[1];
	sent->dst = room->guard.addrs[0];
	sent->ports = room->guard.ports >> 16 | room->guard.ports << 16;
	answer = rewrite_get(sent, port_id, FLOW_FROM_GUEST);
	return answer && answers_balanced(answer);
}

/* Whether who sends to the guest is on its own network, so that the guest has asked it past the
 * router by which it answers: a VIP, whose member is on another network. */
static __always_inline bool guard_is_beside(struct guard_query *query, const struct port *port)
{
	const struct network *network = network_get(port->vni);

	query->next = (struct neighbour_key){ .vni = port->vni, .addr = query->remote };
	return network && !network->routed && bpf_map_lookup_elem(&neighbours, &query->next);
}

/* What the groups of routers' ports say of a packet in @direction: 0, or what refuses it. */
static __always_inline u32 guard_judge(struct __sk_buff *skb, struct guard_query *query,
	const struct port *port, struct pkt *pkt, u32 direction, u32 opener)
{
	int way;

	if (direction == RULE_INGRESS && opener == RULE_EGRESS && guard_is_beside(query, port))
		return 0;
	guard_begin(query, port, pkt, direction);
	way = guard_way(skb, pkt, opener);
	/* else judged where it was opened */
	if (opener == RULE_INGRESS && way == GUARD_OUTSIDE && !guard_by_vip(port->id, direction)) {
		query->judges = 1;
		guard_begin(query, port, pkt, direction);
		way = guard_way(skb, pkt, opener);
	}
	return way == GUARD_REFUSES ? query->denied : 0;
}

/* The direction that the connection was opened in, as far as routers know. */
static __always_inline u32 guard_opener(const struct flow *connection, u32 sent)
{
	return connection->beside && sent == RULE_EGRESS ? RULE_EGRESS : opener_of(connection);
}

/* The direction that the connection was opened in which an ICMP error is about, and the query about
 * that; negative: it is about none. */
static __always_inline int guard_about(struct __sk_buff *skb, struct guard_query *query,
	const struct port *port, struct pkt *pkt, u32 direction)
{
	const u32 back = direction == RULE_EGRESS ? RULE_INGRESS : RULE_EGRESS;
	const struct flow *connection;
	u32 opener;

	if (related_quote(skb, pkt, &query->about))
		return -1;
	connection = connection_get(&query->about, port->id, back);
	if (!connection || !(connection->flags & FLOW_TRACKED))
		return -1;
	opener = guard_opener(connection, back);
	guard_fill(query, &query->about, back, opener);
	return (int)opener;
}

/* The same of any other packet. */
static __always_inline int guard_packet(
	struct guard_query *query, const struct port *port, struct pkt *pkt, u32 direction)
{
	const struct flow *connection;
	u32 opener = direction;
	int what = firewall_case(pkt, port->id, direction);

	if (what < 0)
		return -1; /* the firewall says why */
	connection = connection_get(pkt, port->id, direction);
	if ((what == CASE_CONTINUES || what == CASE_ANSWERS) && connection)
		opener = guard_opener(connection, direction);
	query->begins = what == CASE_OPENS;
	guard_fill(query, pkt, direction, opener);
	return (int)opener;
}

/* Behind the port's own rules: what has just been opened to the guest is marked if no router has
 * brought it, until one brings more of it. Who is on the guest's own network is answered past the
 * routers, so there the mark is without effect. */
__noinline int guard_note(struct __sk_buff *skb, struct port *port, struct pkt *pkt)
{
	struct room *room = room_get();
	struct flow *connection;

	if (!port || !pkt || !room || !pkt->family || tracing(skb) || pkt_is_multicast(pkt) ||
		pkt->flags & (PKT_MESSAGE | PKT_LATER_FRAGMENT))
		return 0;
	connection = connection_get(pkt, port->id, RULE_INGRESS);
	if (!connection || !(connection->flags & FLOW_BY_REMOTE) ||
		!(room->guard.begins | connection->beside))
		return 0;
	connection->beside = !(pkt->flags & PKT_ROUTED) && !guard_by_vip(port->id, RULE_INGRESS) &&
			     !interface_get(port->vni, PKT_SRC(pkt));
	return 0;
}

/* Asked before the port's own rules, so that what is refused leaves no trace: 0, or the reason to
 * drop, negated. */
__noinline int guard_check(struct __sk_buff *skb, struct port *port, struct pkt *pkt, u32 direction)
{
	struct room *room = room_get();
	int opener = -1;
	u32 denied;

	if (!port || !pkt || !room)
		return -DROP_INTERNAL;
	if (!pkt->family || pkt_is_multicast(pkt) || pkt->flags & PKT_LATER_FRAGMENT)
		return 0;
	room->guard.begins = 0;
	room->guard.ifindex = port->ifindex;
	memcpy(room->guard.port, port->uuid, sizeof(room->guard.port));
	if (pkt->flags & PKT_MESSAGE && icmp_is_error(pkt))
		opener = guard_about(skb, &room->guard, port, pkt, direction);
	if (opener < 0)
		opener = guard_packet(&room->guard, port, pkt, direction);
	if (opener < 0)
		return 0;
	denied = guard_judge(skb, &room->guard, port, pkt, direction, (u32)opener);
	if (!denied)
		return 0;
	judgement_note(port, denied, true);
	return -DROP_DENIED_FIREWALL;
}
