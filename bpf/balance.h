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
 * it; without one (a handshake, a packet from a wire) it is chosen again, by the same hash in the
 * same table. A member that is sent to itself gets the packet from the VIP: its own address it
 * would not believe. Firewalls see what their guest sees: the client's the VIP, the member's its
 * own address.
 */
#pragma once

#include "firewall.h"
#include "nat.h"
#include "neighbours.h"
#include "rewrite.h"
#include "room.h"

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
static __always_inline u32 balance_hash(const struct pkt *pkt, u32 by_source)
{
	u32 hash = 0x9e3779b9u;

	hash = mix(hash, pkt->src.w[0]);
	hash = mix(hash, pkt->src.w[1]);
	hash = mix(hash, pkt->src.w[2]);
	hash = mix(hash, pkt->src.w[3]);
	if (!by_source) {
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
	const struct pkt *pkt, u32 listener, u32 by_source)
{
	const struct maglev_table *table = bpf_map_lookup_elem(&maglev_tables, &listener);
	u32 place = bounded(balance_hash(pkt, by_source), MAGLEV_ROOM - 1);

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

/* What was written down for a packet from a wire, which has been translated since. */
static __always_inline const struct rewrite *rewrite_of_arrival(
	struct pkt *pkt, const struct room *room)
{
	be32 dst = pkt->dst.w[3];
	u32 ports = pkt->ports;
	const struct rewrite *known;

	if (room->arrival.translated) {
		pkt->dst.w[3] = room->arrival.dst;
		pkt->ports = room->arrival.ports;
	}
	known = rewrite_get(pkt, room->arrival.vni, FLOW_FROM_UNDERLAY);
	pkt->dst.w[3] = dst;
	pkt->ports = ports;
	return known;
}

/* Chooses the member of a packet to a VIP on network @vni, into room->member and, where it is on
 * this host, room->balanced; 0, or the reason to drop. */
__noinline int balance_choose(struct __sk_buff *skb, struct pkt *pkt, u32 vni)
{
	const struct port *port = guest_port(skb);
	struct listener_key key = { .vni = vni };
	const struct lb_member *member = NULL;
	const struct listener *listener;
	const struct endpoint *endpoint;
	const struct rewrite *known;
	struct room *room = room_get();

	if (!pkt || !room)
		return DROP_INTERNAL;
	if (port && room->balanced.kind == BALANCED_HAIRPIN_BACK) { /* back to whom it is from */
		room->member.vni = port->vni;
		mac_copy(room->member.mac, port->mac);
		return 0;
	}
	room->balanced.kind = BALANCED_NOT;
	if (pkt->flags & PKT_LATER_FRAGMENT)
		return DROP_FRAGMENT;
	key.vip = pkt->dst;
	key.port = (be16)(pkt->ports >> 16);
	key.proto = pkt->proto;
	listener = bpf_map_lookup_elem(&listeners, &key);
	if (!listener)
		return DROP_NO_LISTENER;
	known = pkt->flags & (PKT_OPENING | PKT_NO_FLOW) ? NULL
		: port ? rewrite_get(pkt, port->id, FLOW_FROM_GUEST)
		       : rewrite_of_arrival(pkt, room);
	if (known && known->vni)
		member = member_kept(pkt, known);
	if (!member)
		member = member_hashed(pkt, listener->id, listener->by_source);
	if (!member)
		return DROP_NO_MEMBER;
	room->member = *member;
	if (known && known->balanced.kind && addr_equal(&known->balanced.addr, &member->addr))
		room->member.port = known->balanced.port;
	endpoint = endpoint_get(room->member.vni, room->member.mac);
	if (!endpoint)
		return DROP_NO_MEMBER;
	trace(skb, STEP_BALANCED, endpoint->ifindex, bpf_ntohs(room->member.port), room->member.mac,
		&room->member.addr);
	if (!endpoint->ifindex)
		return 0;
	room->balanced.kind =
		port && endpoint->ifindex == port->ifindex ? BALANCED_HAIRPIN : BALANCED_TO_MEMBER;
	room->balanced.addr = room->member.addr;
	room->balanced.port = room->member.port;
	return 0;
}

/* The same at the member's host, for what came through the tunnel to @mac of network @vni:
 * room->balanced, if it is for a VIP. */
__noinline int balance_arrive(struct pkt *pkt, u32 vni)
{
	const struct lb_member *member = NULL;
	const struct lb_arrival *arrival;
	const struct rewrite *known;
	struct room *room = room_get();

	if (!pkt || !room)
		return DROP_INTERNAL;
	room->balanced.kind = BALANCED_NOT;
	if (pkt->proto != IPPROTO_TCP && pkt->proto != IPPROTO_UDP)
		return 0;
	arrival = arrival_get(pkt, vni, PKT_DST(pkt));
	if (!arrival)
		return 0;
	known = rewrite_get(pkt, vni, FLOW_FROM_UNDERLAY);
	if (known && known->balanced.kind && !(pkt->flags & PKT_OPENING)) {
		room->balanced = known->balanced;
		return 0;
	}
	member = member_hashed(pkt, arrival->listener, arrival->by_source);
	if (!member || member->vni != vni || !mac_equal(member->mac, PKT_DST(pkt)))
		member = member_get(arrival->listener, arrival->number);
	if (!member)
		return 0;
	room->balanced.kind = BALANCED_TO_MEMBER;
	room->balanced.addr = member->addr;
	room->balanced.port = member->port;
	return 0;
}

/* What the packet of a member's guest is an answer of: room->balanced. */
__noinline int balance_answer(struct pkt *pkt, u32 port_id)
{
	const struct rewrite *known;
	struct room *room = room_get();

	if (!pkt || !room)
		return DROP_INTERNAL;
	room->balanced.kind = BALANCED_NOT;
	if (pkt->proto != IPPROTO_TCP && pkt->proto != IPPROTO_UDP)
		return 0;
	known = rewrite_get(pkt, port_id, FLOW_FROM_GUEST);
	if (known && (known->balanced.kind == BALANCED_FROM_MEMBER ||
			     known->balanced.kind == BALANCED_HAIRPIN_BACK))
		room->balanced = known->balanced;
	return 0;
}

/* Makes of @pkt what it will be, so that the receiver's firewall sees that; what it was is kept in
 * room->was. */
static __always_inline void balance_enter(struct pkt *pkt, struct room *room)
{
	const struct balanced *to = &room->balanced;

	room->was.src = pkt->src;
	room->was.dst = pkt->dst;
	room->was.ports = pkt->ports;
	switch (to->kind) {
	case BALANCED_HAIRPIN:
		pkt->src = pkt->dst;
		pkt->dst = to->addr;
		pkt->ports = (pkt->ports & 0xffff) | (u32)to->port << 16;
		break;
	case BALANCED_TO_MEMBER:
		pkt->dst = to->addr;
		pkt->ports = (pkt->ports & 0xffff) | (u32)to->port << 16;
		break;
	case BALANCED_HAIRPIN_BACK:
		pkt->dst = room->was.src;
		pkt->src = to->addr;
		pkt->ports = (pkt->ports & 0xffff0000) | to->port;
		break;
	case BALANCED_FROM_MEMBER:
		pkt->src = to->addr;
		pkt->ports = (pkt->ports & 0xffff0000) | to->port;
		break;
	default:
		break;
	}
}

static __always_inline void balance_leave(struct pkt *pkt, const struct room *room)
{
	if (!room->balanced.kind)
		return;
	pkt->src = room->was.src;
	pkt->dst = room->was.dst;
	pkt->ports = room->was.ports;
}

/* Writes down, at the member's port, what becomes of its answers to @pkt, which is as the member
 * gets it. */
__noinline int balance_note(struct __sk_buff *skb, struct pkt *pkt, u32 port_id)
{
	struct room *room = room_get();
	struct flow *flow;
	struct rewrite answer = { 0 };

	if (!pkt || !room || tracing(skb) || pkt->flags & PKT_NO_FLOW)
		return 0;
	answer.balanced.kind = room->balanced.kind == BALANCED_HAIRPIN ? BALANCED_HAIRPIN_BACK
								       : BALANCED_FROM_MEMBER;
	answer.balanced.addr = room->was.dst;
	answer.balanced.port = (be16)(room->was.ports >> 16);
	flow = connection_get(pkt, port_id, RULE_INGRESS);
	if (flow && flow->flags & FLOW_ROUTED && flow->epoch)
		return 0; /* it has a verdict, with the rewrite */
	if (!flow) {
		struct flow made = { .seen = tick_now(), .flags = FLOW_ROUTED };

		if (connection_store(pkt, port_id, RULE_INGRESS, &made))
			return 0;
	} else {
		flow->flags |= FLOW_ROUTED;
	}
	if (pkt->family == 4) {
		struct flow_key4 key = answer_key4(pkt, port_id);

		bpf_map_update_elem(&rewrites4, &key, &answer, BPF_ANY);
	} else {
		struct flow_key6 key = answer_key6(pkt, port_id);

		bpf_map_update_elem(&rewrites6, &key, &answer, BPF_ANY);
	}
	return 0;
}

#define IP6_SRC_OFF (ETH_HLEN + 8) /* both addresses follow each other, in both families */

/* The sums of the headers after a change of the addresses and ports; 0 on success. */
static __always_inline long balance_sums(struct __sk_buff *skb, const struct pkt *pkt, u32 l4,
	s64 difference, u32 from_ports, u32 to_ports)
{
	const u64 zero_stays = pkt->proto == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	u32 check = l4 + (pkt->proto == IPPROTO_TCP ? 16 : 6);

	if (difference < 0 || (pkt->family == 4 && bpf_l3_csum_replace(skb, IP4_CHECK_OFF, 0,
							   (u64)difference, 0)))
		return -1;
	if (bpf_l4_csum_replace(skb, check, 0, (u64)difference, BPF_F_PSEUDO_HDR | zero_stays))
		return -1;
	if (from_ports == to_ports)
		return 0;
	return bpf_l4_csum_replace(skb, check, from_ports, to_ports, zero_stays | 4);
}

/* Rewrites the packet and @pkt as @to says; 0 on success. Pointers into the packet are void
 * afterwards. */
__noinline int balance_apply(struct __sk_buff *skb, struct pkt *pkt, struct balanced *to)
{
	struct room *room = room_get();
	u32 l4, words[2];
	s64 difference;
	long failed;

	if (!pkt || !to || !room)
		return -1;
	l4 = bounded(pkt->l4_off, 0x1ff);
	room->balanced = *to;
	balance_enter(pkt, room);
	/* of IPv4 too: what stands before its addresses does not change */
	difference = bpf_csum_diff((be32 *)&room->was.src, 2 * sizeof(struct addr),
		(be32 *)&pkt->src, 2 * sizeof(struct addr), 0);
	failed = balance_sums(skb, pkt, l4, difference, room->was.ports, pkt->ports);
	words[0] = pkt->ports;
	failed |= bpf_skb_store_bytes(skb, l4, words, sizeof(words[0]), 0);
	if (pkt->family == 6) {
		failed |= bpf_skb_store_bytes(
			skb, IP6_SRC_OFF, &pkt->src, 2 * sizeof(struct addr), 0);
	} else {
		words[0] = pkt->src.w[3];
		words[1] = pkt->dst.w[3];
		failed |= bpf_skb_store_bytes(skb, IP4_SRC_OFF, words, sizeof(words), 0);
	}
	return failed ? -1 : 0;
}

/* The same, of what has just been decided; 0 on success. */
static __always_inline int balance_now(struct __sk_buff *skb, struct pkt *pkt, struct room *room)
{
	return unlikely(room->balanced.kind) ? balance_apply(skb, pkt, &room->balanced) : 0;
}
