/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one place where packets end. */
#pragma once

#include "trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EDGE_PORTS_MAX * 8);
	__type(key, struct drop_key);
	__type(value, u64);
} drops SEC(".maps");

/* @port_id: whose drop it is, 0 for the host's. Returns the verdict. */
__noinline int drop(struct __sk_buff *skb, u32 port_id, u32 reason)
{
	struct drop_key key = { .port_id = port_id, .reason = reason };
	u64 one = 1, *n;

	if (tracing(skb)) {
		trace_step(STEP_DROP, reason, port_id, NULL, NULL);
		return TC_ACT_SHOT;
	}
	n = bpf_map_lookup_elem(&drops, &key);
	if (n)
		(*n)++;
	else
		bpf_map_update_elem(&drops, &key, &one, BPF_NOEXIST);
	return TC_ACT_SHOT;
}

/* The packet was consumed without being lost: answered, punted or replicated. */
#define CONSUMED TC_ACT_SHOT
