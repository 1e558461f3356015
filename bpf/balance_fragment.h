/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments of what is balanced: later ones have no ports, and become what their first became. As
 * at the firewall one that comes before it is dropped, and the table forgets the least used. */
#pragma once

#include "fragment.h"
#include "room.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fragment_key);
	__type(value, struct balanced_fragment);
} balanced_fragments SEC(".maps");

/* What is in room->balanced and room->member is so for the rest of the datagram. @scope: the
 * network's VNI of what is for a VIP (@direction RULE_INGRESS), the port of what a member answers.
 */
__noinline int balanced_fragment_note(struct pkt *pkt, u32 scope, u32 direction)
{
	struct balanced_fragment first = { .seen = tick_now() };
	struct room *room = room_get();
	struct fragment_key key;

	if (!pkt || !room)
		return 0;
	key = fragment_key(pkt, scope, direction);
	first.vni = room->member.vni;
	mac_copy(first.mac, room->member.mac);
	first.to = room->balanced;
	bpf_map_update_elem(&balanced_fragments, &key, &first, BPF_ANY);
	return 0;
}

/* Whether the first is known; fills in the same. */
__noinline int balanced_fragment_follow(struct pkt *pkt, u32 scope, u32 direction)
{
	const struct balanced_fragment *first;
	struct room *room = room_get();
	struct fragment_key key;

	if (!pkt || !room)
		return 0;
	key = fragment_key(pkt, scope, direction);
	first = bpf_map_lookup_elem(&balanced_fragments, &key);
	if (!first || tick_now() - first->seen > FRAGMENT_TICKS)
		return 0;
	room->member.vni = first->vni;
	mac_copy(room->member.mac, first->mac);
	room->balanced = first->to;
	return 1;
}
