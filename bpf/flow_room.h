/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Room for a connection where a flow table is full: entries that are verdicts alone give way, the
 * oldest of the last ones first. Without them packets are slower; without its entry a connection
 * can't be. So whoever fills the table with flows keeps nobody else from opening connections. */
#pragma once

#include "rewrite.h"

#define VERDICT_TRIES 4 /* at once */

/* Ends the entry, if it is a verdict alone. What keeps a connection at a load balancer's member is
 * more. The keys are used where they lie. */
static __always_inline bool flow_spare4(const struct flow_key4 *key)
{
	const struct flow *flow = bpf_map_lookup_elem(&flows4, key);
	const struct rewrite *rewrite = bpf_map_lookup_elem(&rewrites4, key);

	if (!flow || flow->flags & FLOW_TRACKED || (rewrite && rewrite->balanced.kind) ||
		bpf_map_delete_elem(&flows4, key))
		return false;
	if (rewrite)
		bpf_map_delete_elem(&rewrites4, key);
	return true;
}

static __always_inline bool flow_spare6(const struct flow_key6 *key)
{
	const struct flow *flow = bpf_map_lookup_elem(&flows6, key);
	const struct rewrite *rewrite = bpf_map_lookup_elem(&rewrites6, key);

	if (!flow || flow->flags & FLOW_TRACKED || (rewrite && rewrite->balanced.kind) ||
		bpf_map_delete_elem(&flows6, key))
		return false;
	if (rewrite)
		bpf_map_delete_elem(&rewrites6, key);
	return true;
}

/* The number of the oldest verdict that is still known and was not given up; -1: there is none. */
static __always_inline s64 verdict_oldest(struct verdict_lines *lines)
{
	u64 made = lines->made;

	if (made - lines->taken > EDGE_VERDICTS_MAX)
		lines->taken = made - EDGE_VERDICTS_MAX;
	return lines->taken < made ? (s64)__sync_fetch_and_add(&lines->taken, 1) : -1;
}

/* Whether the oldest verdict has given way. Global, so that a loop around it is short to the
 * verifier. */
__noinline int flow_spare(u32 family)
{
	u32 which = family == 6, at;
	struct verdict_lines *lines = bpf_map_lookup_elem(&verdict_lines, &which);
	const struct flow_key4 *key4;
	const struct flow_key6 *key6;
	s64 number = lines ? verdict_oldest(lines) : -1;

	if (number < 0)
		return 0;
	at = (u32)number % EDGE_VERDICTS_MAX;
	if (which) {
		key6 = bpf_map_lookup_elem(&verdicts6, &at);
		return key6 && flow_spare6(key6);
	}
	key4 = bpf_map_lookup_elem(&verdicts4, &at);
	return key4 && flow_spare4(key4);
}

/* Makes room, for a few, since others take it too; 0: there is none. */
__noinline int flow_evict(u32 family)
{
	int n = 0;

	for (u32 i = 0; i < VERDICT_TRIES; i++)
		n += flow_spare(family);
	return n;
}
