/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments at the firewall: what follows the first fragment has no ports, and goes where that
 * went. One that comes before it is dropped, and so is one that would overwrite a TCP header
 * (RFC 3128); other overlaps can't change what the decision was about. The table forgets the least
 * used: it holds what takes milliseconds.
 */
#pragma once

#include "pkt.h"

#define FRAGMENT_TICKS 5
#define FRAGMENT_TCP_HEADER 3 /* offsets below are in the TCP header */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct fragment_key);
	__type(value, u32);
} fragments SEC(".maps");

static __always_inline struct fragment_key fragment_key(
	const struct pkt *pkt, u32 port_id, u32 direction)
{
	return (struct fragment_key){ .port_id = port_id,
		.id = pkt->fragment,
		.proto = pkt->family == 4 ? pkt->proto : 0,
		.direction = (u8)direction,
		.src = pkt->src,
		.dst = pkt->dst };
}

/* What is kept of the first: when it came, and whether it is of TCP. Behind it an IPv6 fragment may
 * name any protocol: its receiver believes the first. */
#define FRAGMENT_IS_TCP 1u

/* The first fragment was let through. */
__noinline int fragment_note(struct pkt *pkt, u32 port_id, u32 direction)
{
	struct fragment_key key;
	u32 noted = tick_now() << 1;

	if (!pkt)
		return 0;
	if (pkt->proto == IPPROTO_TCP)
		noted |= FRAGMENT_IS_TCP;
	key = fragment_key(pkt, port_id, direction);
	bpf_map_update_elem(&fragments, &key, &noted, BPF_ANY);
	return 0;
}

/* Whether a later fragment may follow. */
__noinline int fragment_follows(struct pkt *pkt, u32 port_id, u32 direction)
{
	struct fragment_key key;
	const u32 *noted;
	u32 age;

	if (!pkt)
		return 0;
	key = fragment_key(pkt, port_id, direction);
	noted = bpf_map_lookup_elem(&fragments, &key);
	if (!noted || (*noted & FRAGMENT_IS_TCP && pkt->fragment_offset < FRAGMENT_TCP_HEADER))
		return 0;
	age = (tick_now() << 1) - (*noted & ~FRAGMENT_IS_TCP);
	return age <= FRAGMENT_TICKS << 1;
}
