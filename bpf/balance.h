/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Load balancing with no proxy: the edge where a connection enters chooses the member, and the
 * packet goes there as it is, still addressed to the VIP. The member's host makes the member of the
 * VIP, and the VIP of the member in what comes back; the sender's address stays. So all state is at
 * the member: beside the flow entry of what it sends (struct rewrite), as that of its firewall is.
 *
 *   client ── VIP ──► guest_unicast, guest_route, inside: balance_choose()
 *                        ├─ member here ───────────────► balance_enter() ─► firewall ─► member
 *                        └─ tunnel, to the member's MAC ─► receive.h: balance_arrive() ─► the same
 *   member ──► balance_answer(): the VIP sends ─► switched or routed as ever ──────────► client
 *
 * A connection keeps its member as long as the member is one: the rewrite of its flow entry names
 * it; without one (an opening, a packet from a wire) it is chosen again, by the same hash in the
 * same table. A member that is sent to itself gets the packet from the VIP: its own address it
 * would not believe. Firewalls see what their guest sees: the client's the VIP, the member's its
 * own address.
 */
#pragma once

#include "balance_error.h"
#include "balance_fragment.h"
#include "balance_stats.h"
#include "firewall.h"
#include "neighbours.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct listener_key);
	__type(value, struct listener);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct maglev_table);
} maglev_tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct lb_member_key);
	__type(value, struct lb_member);
} members_by_number SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct arrival_key);
	__type(value, struct lb_arrival);
} members_by_vip SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct allowed_key);
	__type(value, u32);
} allowed_sources SEC(".maps");

static __always_inline bool is_balancer(const struct endpoint *endpoint)
{
	return !endpoint->ifindex && endpoint->vtep == EDGE_ENDPOINT_BALANCER;
}

/* Has balance_answer() found something? */
static __always_inline bool is_balanced(void)
{
	const struct room *room = room_get();

	return room && room->balanced.kind;
}

static __always_inline u32 mix(u32 hash, u32 word)
{
	hash = (hash ^ word) * 0x85ebca6bu;
	return hash ^ hash >> 13;
}

/* The place in a Maglev table. */
static __always_inline u32 balance_hash(const struct pkt *pkt, u32 flags)
{
	u32 hash = 0x9e3779b9u;

	hash = mix(hash, pkt->src.w[0]);
	hash = mix(hash, pkt->src.w[1]);
	hash = mix(hash, pkt->src.w[2]);
	hash = mix(hash, pkt->src.w[3]);
	if (!(flags & LISTENER_BY_SOURCE)) {
		hash = mix(hash, pkt->dst.w[3]);
		hash = mix(hash, pkt->ports);
		hash = mix(hash, pkt->proto);
	}
	hash ^= hash >> 16;
	hash *= 0xc2b2ae35u;
	hash ^= hash >> 16;
	return hash % MAGLEV_SIZE;
}

static __always_inline const struct lb_member *member_get(u32 listener, u32 number)
{
	struct lb_member_key key = { .listener = listener, .number = number };

	return bpf_map_lookup_elem(&members_by_number, &key);
}

static __always_inline const struct lb_member *member_hashed(
	const struct pkt *pkt, u32 listener, u32 flags)
{
	const struct maglev_table *table = bpf_map_lookup_elem(&maglev_tables, &listener);
	u32 place = bounded(balance_hash(pkt, flags), MAGLEV_ROOM - 1);

	return table ? member_get(listener, table->members[place]) : NULL;
}

static __always_inline const struct lb_arrival *arrival_get(
	const struct pkt *pkt, u32 vni, const void *mac)
{
	struct arrival_key key = {
		.vni = vni, .port = (be16)(pkt->ports >> 16), .vip = pkt->dst, .proto = pkt->proto
	};

	mac_copy(key.mac, mac);
	return bpf_map_lookup_elem(&members_by_vip, &key);
}

/* The member that a connection has, if it is still one. */
static __always_inline const struct lb_member *member_kept(
	const struct pkt *pkt, const struct rewrite *known)
{
	const struct lb_arrival *arrival = arrival_get(pkt, known->vni, known->macs);

	return arrival ? member_get(arrival->listener, arrival->number) : NULL;
}

/* What was written down for a packet from a wire, which has been translated since. @ports: those
 * that it came with. */
static __always_inline const struct rewrite *rewrite_of_arrival(
	struct pkt *pkt, const struct room *room, u32 ports)
{
	be32 dst = pkt->dst.w[3];
	u32 now = pkt->ports;
	const struct rewrite *known;

	if (room->arrival.translated) {
		pkt->dst.w[3] = room->arrival.dst.w[3];
		pkt->ports = ports;
	}
	known = rewrite_get(pkt, room->arrival.vni, FLOW_FROM_UNDERLAY);
	pkt->dst.w[3] = dst;
	pkt->ports = now;
	return known;
}

/* The listener on network @vni that a packet is for; 0, or the reason to drop. */
static __always_inline int listener_find(
	const struct pkt *pkt, u32 vni, const struct listener **ret_listener)
{
	struct listener_key key = {
		.vni = vni, .vip = pkt->dst, .port = (be16)(pkt->ports >> 16), .proto = pkt->proto
	};
	const struct listener *listener = bpf_map_lookup_elem(&listeners, &key);
	struct allowed_key allowed = { .prefix_bits = ALLOWED_KEY_FIXED_BITS + 128,
		.addr = pkt->src };

	if (!listener)
		return DROP_NO_LISTENER;
	allowed.listener = listener->id;
	*ret_listener = listener;
	return listener->flags & LISTENER_RESTRICTED &&
			       !bpf_map_lookup_elem(&allowed_sources, &allowed)
		       ? DROP_NOT_ALLOWED
		       : 0;
}

/* The member of a packet to a VIP on network @vni, into room->member; 0, or the reason to drop.
 * @port: of the guest that sent it; not of one from a wire, which came with @ports. */
__noinline int balance_find(struct pkt *pkt, u32 vni, const struct port *port, u32 ports)
{
	const struct lb_member *member = NULL;
	const struct listener *listener;
	const struct rewrite *known;
	struct listener_stats *stats;
	struct room *room = room_get();
	int reason;

	if (!pkt || !room)
		return DROP_INTERNAL;
	reason = listener_find(pkt, vni, &listener);
	if (reason)
		return reason;
	known = pkt->flags & PKT_OPENING ? NULL
		: port			 ? rewrite_get(pkt, port->id, FLOW_FROM_GUEST)
					 : rewrite_of_arrival(pkt, room, ports);
	if (known && known->vni)
		member = member_kept(pkt, known);
	if (!member)
		member = member_hashed(pkt, listener->id, listener->flags);
	if (!member) {
		stats = stats_get(listener->stats);
		if (stats)
			stats->errors++;
		return DROP_NO_MEMBER;
	}
	room->member = *member;
	room->guard.begins = pkt->proto == IPPROTO_TCP ? pkt->flags & PKT_OPENING : !known;
	if (known && known->balanced.kind && addr_equal(&known->balanced.addr, &member->addr))
		room->member.port = known->balanced.port;
	room->balanced.stats = listener->stats;
	return 0;
}

/* What becomes of a packet to room->member; 0, or the reason to drop. */
static __always_inline int balance_to(
	struct __sk_buff *skb, const struct port *port, struct room *room)
{
	const struct endpoint *endpoint = endpoint_get(room->member.vni, room->member.mac);
	u32 ifindex = endpoint ? endpoint->ifindex : 0;

	if (!endpoint && !(room->member.vni & EDGE_WIRE)) /* who is on a wire is not known */
		return DROP_NO_MEMBER;
	trace(skb, STEP_BALANCED, ifindex, bpf_ntohs(room->member.port), room->member.mac,
		&room->member.addr);
	if (!ifindex)
		return 0;
	room->balanced.kind =
		port && ifindex == port->ifindex ? BALANCED_HAIRPIN : BALANCED_TO_MEMBER;
	room->balanced.addr = room->member.addr;
	room->balanced.port = room->member.port;
	return 0;
}

/* Chooses the member of a packet to a VIP on network @vni; 0, or the reason to drop. A guest that
 * has gone out and in again is somebody outside by now, to itself too. */
__noinline int balance_pick(struct __sk_buff *skb, struct pkt *pkt, u32 vni)
{
	struct room *room = room_get();
	struct port *port;
	int reason;

	if (!pkt || !room)
		return DROP_INTERNAL;
	port = room->arrival.vni ? NULL : (struct port *)guest_port(skb);
	if (pkt->flags & PKT_MESSAGE) {
		if (!balance_about(skb, pkt, room))
			return DROP_NO_LISTENER;
		reason = balance_find(&room->about, vni, port, room->about.ports);
	} else {
		reason = balance_find(pkt, vni, port, room->arrival.ports);
	}
	return reason ? reason : balance_to(skb, port, room);
}

/* Of a packet that goes back to the guest which it is from. */
static __always_inline bool balance_back(struct __sk_buff *skb, struct room *room)
{
	const struct port *port = guest_port(skb);

	if (!port || room->balanced.kind != BALANCED_HAIRPIN_BACK)
		return false;
	room->member.vni = port->vni;
	mac_copy(room->member.mac, port->mac);
	return true;
}

/* guard_balance.h */
int guard_balanced(struct __sk_buff *skb, struct pkt *pkt, u32 vni);

/* Chooses the member of a packet to a VIP on network @vni, into room->member and, where it is on
 * this host, room->balanced; 0, or the reason to drop. */
__noinline int balance_choose(struct __sk_buff *skb, struct pkt *pkt, u32 vni)
{
	struct room *room = room_get();
	int reason;

	if (!pkt || !room)
		return DROP_INTERNAL;
	if (balance_back(skb, room))
		return 0;
	room->balanced.kind = BALANCED_NOT;
	if (pkt->flags & PKT_LATER_FRAGMENT)
		return balanced_fragment_follow(pkt, vni, RULE_INGRESS) ? 0 : DROP_FRAGMENT;
	reason = balance_pick(skb, pkt, vni);
	if (!reason)
		reason = guard_balanced(skb, pkt, vni);
	if (reason)
		return reason;
	if (pkt->flags & PKT_FIRST_FRAGMENT && !tracing(skb))
		balanced_fragment_note(pkt, vni, RULE_INGRESS);
	return pkt->flags & PKT_MESSAGE && balance_quote(skb, pkt) ? DROP_INTERNAL : 0;
}

/* The same for what came through the tunnel in @frame, on network @vni: room->balanced, if it is
 * for a VIP. */
__noinline int arrival_find(struct pkt *pkt, u32 vni, struct pkt *frame)
{
	const struct lb_member *member = NULL;
	const struct lb_arrival *arrival;
	const struct rewrite *known;
	struct room *room = room_get();

	if (!pkt || !room || !frame)
		return 0;
	arrival = arrival_get(pkt, vni, PKT_DST(frame));
	if (!arrival)
		return 0;
	known = rewrite_get(pkt, vni, FLOW_FROM_UNDERLAY);
	if (known && known->balanced.kind && !(pkt->flags & PKT_OPENING)) {
		room->balanced = known->balanced;
		return 0;
	}
	member = member_hashed(pkt, arrival->listener, arrival->flags);
	if (!member || member->vni != vni || !mac_equal(member->mac, PKT_DST(frame)))
		member = member_get(arrival->listener, arrival->number);
	if (!member)
		return 0;
	room->balanced.kind = BALANCED_TO_MEMBER;
	room->balanced.addr = member->addr;
	room->balanced.port = member->port;
	room->balanced.stats = arrival->stats;
	return 0;
}

/* The same at the member's host; 0, or the reason to drop. */
__noinline int balance_arrive(struct __sk_buff *skb, struct pkt *pkt, u32 vni)
{
	struct room *room = room_get();

	if (!pkt || !room)
		return DROP_INTERNAL;
	room->balanced.kind = BALANCED_NOT;
	if (pkt->flags & PKT_LATER_FRAGMENT) {
		balanced_fragment_follow(pkt, vni, RULE_INGRESS);
		return 0;
	}
	if (pkt->flags & PKT_MESSAGE) {
		if (!balance_about(skb, pkt, room))
			return 0;
		arrival_find(&room->about, vni, pkt);
		return room->balanced.kind && balance_quote(skb, pkt) ? DROP_INTERNAL : 0;
	}
	if (pkt->proto != IPPROTO_TCP && pkt->proto != IPPROTO_UDP)
		return 0;
	arrival_find(pkt, vni, pkt);
	if (room->balanced.kind && pkt->flags & PKT_FIRST_FRAGMENT && !tracing(skb))
		balanced_fragment_note(pkt, vni, RULE_INGRESS);
	return 0;
}

/* What the packet of a member's guest is an answer of: room->balanced. */
__noinline int answer_find(struct pkt *pkt, u32 port_id)
{
	const struct rewrite *known;
	const struct flow *flow;
	struct room *room = room_get();

	if (!pkt || !room)
		return 0;
	flow = flow_get(pkt, port_id, FLOW_FROM_GUEST);
	if (!flow || !(flow->flags & FLOW_ROUTED) || flow->has_router) /* in no cache */
		return 0;
	known = rewrite_get(pkt, port_id, FLOW_FROM_GUEST);
	if (known && answers_balanced(known))
		room->balanced = known->balanced;
	return 0;
}

/* The same of any packet; 0, or the reason to drop. */
__noinline int balance_answer(struct __sk_buff *skb, struct pkt *pkt, u32 port_id)
{
	struct room *room = room_get();

	if (!pkt || !room)
		return DROP_INTERNAL;
	room->balanced.kind = BALANCED_NOT;
	if (pkt->flags & PKT_OPENING) /* no answer */
		return 0;
	if (pkt->flags & PKT_LATER_FRAGMENT) {
		balanced_fragment_follow(pkt, port_id, RULE_EGRESS);
		return 0;
	}
	if (pkt->flags & PKT_MESSAGE) {
		if (!balance_about(skb, pkt, room))
			return 0;
		answer_find(&room->about, port_id);
		return room->balanced.kind && balance_quote(skb, pkt) ? DROP_INTERNAL : 0;
	}
	if (pkt->proto != IPPROTO_TCP && pkt->proto != IPPROTO_UDP)
		return 0;
	answer_find(pkt, port_id);
	if (room->balanced.kind && pkt->flags & PKT_FIRST_FRAGMENT && !tracing(skb))
		balanced_fragment_note(pkt, port_id, RULE_EGRESS);
	return 0;
}

/* Writes down, at the member's port, what becomes of its answers to @pkt, which is as the member
 * gets it. */
__noinline int balance_note(struct __sk_buff *skb, struct pkt *pkt, u32 port_id)
{
	struct room *room = room_get();
	struct flow *flow;
	struct rewrite answer = { 0 };

	if (!pkt || !room || tracing(skb) || pkt->flags & (PKT_LATER_FRAGMENT | PKT_MESSAGE))
		return 0;
	if (room->balanced.kind != BALANCED_TO_MEMBER && room->balanced.kind != BALANCED_HAIRPIN)
		return 0; /* the receiver is no member */
	answer.balanced.kind = room->balanced.kind == BALANCED_HAIRPIN ? BALANCED_HAIRPIN_BACK
								       : BALANCED_FROM_MEMBER;
	answer.balanced.addr = room->was.dst;
	answer.balanced.port = (be16)(room->was.ports >> 16);
	answer.balanced.stats = room->balanced.stats;
	flow = connection_get(pkt, port_id, RULE_INGRESS);
	if (flow && flow->flags & FLOW_ROUTED && flow->epoch)
		return 0; /* it has a verdict, with the rewrite */
	if (!flow) {
		struct flow made = { .seen = tick_now(), .flags = FLOW_ROUTED };

		if (connection_store(pkt, port_id, RULE_INGRESS, &made))
			return 0;
	} else {
		flow->flags |= FLOW_ROUTED;
		flow->has_router = 0;
		flow->rewrite = 0;
	}
	if (pkt->family == 4) {
		struct flow_key4 key = answer_key4(pkt, port_id);

		connection_count(bpf_map_lookup_elem(&rewrites4, &key), &answer);
		bpf_map_update_elem(&rewrites4, &key, &answer, BPF_ANY);
	} else {
		struct flow_key6 key = answer_key6(pkt, port_id);

		connection_count(bpf_map_lookup_elem(&rewrites6, &key), &answer);
		bpf_map_update_elem(&rewrites6, &key, &answer, BPF_ANY);
	}
	return 0;
}
