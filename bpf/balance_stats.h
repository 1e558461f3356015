/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a load balancer's listener has done: counted per CPU, added up by the agent. A connection is
 * the rewrite of what its member answers: there are as many as began and are not gone. */
#pragma once

#include "rewrite.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct listener_stats);
} listener_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u64);
} listener_gone SEC(".maps");

static __always_inline struct listener_stats *stats_get(u32 number)
{
	return bpf_map_lookup_elem(&listener_stats, &number);
}

/* A packet that is about to be translated as @to. */
static __always_inline void balance_count(const struct __sk_buff *skb, const struct balanced *to)
{
	struct listener_stats *stats = stats_get(to->stats);
	u32 bytes = skb->len - ETH_HLEN;

	if (!stats)
		return;
	if (to->kind == BALANCED_TO_MEMBER || to->kind == BALANCED_HAIRPIN)
		stats->bytes_in += bytes;
	else
		stats->bytes_out += bytes;
}

static __always_inline bool answers_balanced(const struct rewrite *rewrite)
{
	return rewrite->balanced.kind == BALANCED_FROM_MEMBER ||
	       rewrite->balanced.kind == BALANCED_HAIRPIN_BACK;
}

/* The rewrite of a member's answers takes the place of @old, if there was one. */
static __always_inline void connection_count(
	const struct rewrite *old, const struct rewrite *rewrite)
{
	struct listener_stats *stats = stats_get(rewrite->balanced.stats);

	if (stats &&
		(!old || !answers_balanced(old) || old->balanced.stats != rewrite->balanced.stats))
		stats->connections++;
}

/* What a half open connection, whose flow entry is gone, has beside it. The keys are used where
 * they lie. */
static __always_inline int rewrite_forget(struct embryo *embryo)
{
	struct listener_stats *stats;
	struct rewrite *rewrite;

	rewrite = embryo->family == 4 ? bpf_map_lookup_elem(&rewrites4, &embryo->key4)
				      : bpf_map_lookup_elem(&rewrites6, &embryo->key6);
	if (!rewrite)
		return 0;
	stats = answers_balanced(rewrite) ? stats_get(rewrite->balanced.stats) : NULL;
	if (embryo->family == 4 ? bpf_map_delete_elem(&rewrites4, &embryo->key4)
				: bpf_map_delete_elem(&rewrites6, &embryo->key6))
		return 0;
	if (stats)
		stats->evicted++;
	return 0;
}
