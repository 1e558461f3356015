/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of the headers of a flow's packets: beside its entry, under its key. */
#pragma once

#include "flow.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct flow_key4);
	__type(value, struct rewrite);
} rewrites4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct flow_key6);
	__type(value, struct rewrite);
} rewrites6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EDGE_REWRITE_CACHE);
	__type(key, u32);
	__type(value, struct cached_rewrite);
} rewrite_cache SEC(".maps");

static __always_inline struct rewrite *rewrite_get(
	const struct pkt *pkt, u32 scope, const u8 direction)
{
	if (pkt->family == 4) {
		struct flow_key4 key = flow_key4(pkt, scope, direction);

		return bpf_map_lookup_elem(&rewrites4, &key);
	} else {
		struct flow_key6 key = flow_key6(pkt, scope, direction);

		return bpf_map_lookup_elem(&rewrites6, &key);
	}
}

/* The place of the rewrite with that number in the CPU's cache, be it there or not; NULL never. */
static __always_inline struct cached_rewrite *rewrite_place(u32 number)
{
	u32 at = number % EDGE_REWRITE_CACHE;

	return bpf_map_lookup_elem(&rewrite_cache, &at);
}

/* Whether it is there. The number says which verdict's it is, the rest that it is of these packets:
 * an entry of a flow may become another's while it is looked at. */
static __always_inline bool rewrite_is_cached(
	const struct cached_rewrite *place, u32 number, const struct pkt *pkt)
{
	return number && place->number == number && pkt->family == 4 &&
	       place->ports == pkt->ports && place->src == pkt->src.w[3] &&
	       place->dst == pkt->dst.w[3];
}

static __always_inline void rewrite_keep(struct cached_rewrite *place, u32 number,
	const struct pkt *pkt, const struct rewrite *rewrite)
{
	place->number = number;
	place->src = pkt->src.w[3];
	place->dst = pkt->dst.w[3];
	place->ports = pkt->ports;
	place->rewrite = *rewrite;
}

/* Written down before its verdict is, which it gives a number; 0 on success. */
__noinline long rewrite_put(const struct pkt *pkt, u32 scope, u8 direction,
	const struct rewrite *rewrite, struct flow *verdict)
{
	struct cached_rewrite *place;
	struct rewrite value; /* a map takes none from a caller's memory, says Linux 6.1 */
	struct flow_key4 key;

	if (!pkt || !rewrite || !verdict)
		return -1;
	value = *rewrite;
	if (pkt->family == 6) { /* it is not cached */
		struct flow_key6 key6 = flow_key6(pkt, scope, direction);

		return bpf_map_update_elem(&rewrites6, &key6, &value, BPF_ANY);
	}
	key = flow_key4(pkt, scope, direction);
	if (bpf_map_update_elem(&rewrites4, &key, &value, BPF_ANY))
		return -1;
	verdict->rewrite = bpf_get_prandom_u32() | 1;
	place = rewrite_place(verdict->rewrite);
	if (place)
		rewrite_keep(place, verdict->rewrite, pkt, &value);
	return 0;
}

/* Gets it there, where another CPU has decided; of IPv6 for this packet alone. 0 on success. It is
 * that of the verdict with @number, or of the next, which is written down after it. */
__noinline long rewrite_fetch(
	const struct pkt *pkt, struct cached_rewrite *place, u32 number, u32 scope, u32 direction)
{
	const struct rewrite *rewrite;

	if (!pkt || !place)
		return -1;
	rewrite = rewrite_get(pkt, scope, (u8)direction);
	if (!rewrite)
		return -1;
	rewrite_keep(place, pkt->family == 4 ? number : 0, pkt, rewrite);
	return 0;
}
