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

/* 0 on success. */
__noinline long rewrite_put(
	const struct pkt *pkt, u32 scope, u8 direction, const struct rewrite *rewrite)
{
	struct rewrite value; /* a map takes none from a caller's memory, says Linux 6.1 */

	if (!pkt || !rewrite)
		return -1;
	value = *rewrite;
	if (pkt->family == 4) {
		struct flow_key4 key = flow_key4(pkt, scope, direction);

		return bpf_map_update_elem(&rewrites4, &key, &value, BPF_ANY);
	} else {
		struct flow_key6 key = flow_key6(pkt, scope, direction);

		return bpf_map_update_elem(&rewrites6, &key, &value, BPF_ANY);
	}
}
