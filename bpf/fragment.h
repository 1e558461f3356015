/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments at the firewall: what follows the first fragment has no ports, and goes where that
 * went. One that comes before it is dropped, and so is one that begins in the first one's headers,
 * extension headers included (RFC 1858, RFC 3128): a receiver might believe it. Other overlaps
 * can't change what the decision was about. The table forgets the least used: it holds what takes
 * milliseconds.
 */
#pragma once

#include "pkt.h"

#define FRAGMENT_TICKS 5

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

/* What is kept of the first: when it came, and how many times eight bytes its headers are long that
 * came in fragments, or a few more: those of IPv6 in front of the fragment header, and options of
 * IPv4, are counted too, which no sender cuts packets short enough to notice. */
#define FRAGMENT_HEADERS_SHIFT 24
#define FRAGMENT_TICK ((1u << FRAGMENT_HEADERS_SHIFT) - 1)
#define FRAGMENT_BEFORE(family) ((family) == 4 ? 20u : 48u) /* no fragment has this */

static __always_inline u32 fragment_headers(const struct pkt *pkt)
{
	u32 bytes = pkt->headers - FRAGMENT_BEFORE(pkt->family);

	return bytes < 255 * 8 ? (bytes + 7) / 8 : 255;
}

/* The first fragment was let through. */
__noinline int fragment_note(struct pkt *pkt, u32 port_id, u32 direction)
{
	struct fragment_key key;
	u32 noted;

	if (!pkt)
		return 0;
	noted = (tick_now() & FRAGMENT_TICK) | fragment_headers(pkt) << FRAGMENT_HEADERS_SHIFT;
	key = fragment_key(pkt, port_id, direction);
	bpf_map_update_elem(&fragments, &key, &noted, BPF_ANY);
	return 0;
}

/* Whether a later fragment may follow. */
__noinline int fragment_follows(struct pkt *pkt, u32 port_id, u32 direction)
{
	struct fragment_key key;
	const u32 *noted;

	if (!pkt)
		return 0;
	key = fragment_key(pkt, port_id, direction);
	noted = bpf_map_lookup_elem(&fragments, &key);
	return noted && pkt->fragment_offset >= *noted >> FRAGMENT_HEADERS_SHIFT &&
	       ((tick_now() - *noted) & FRAGMENT_TICK) <= FRAGMENT_TICKS;
}
