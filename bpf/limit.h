/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rate limits per port by the generic cell rate algorithm: one number per limit, the time at which
 * the bucket will be empty again ("theoretical arrival time"). Unlocked: two CPUs may let one
 * packet too many through.
 */
#pragma once

#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32);
	__type(value, struct limits);
} limits SEC(".maps");

struct limit_rate {
	u64 interval_ns; /* between two packets in the long run */
	u64 burst_ns;	 /* packets in a burst, times the interval */
};
#define LIMIT_RATE(per_second, burst)                                                \
	{                                                                            \
		1000000000ull / (per_second), 1000000000ull / (per_second) * (burst) \
	}
static const struct limit_rate limit_rates[N_LIMITS] = {
	[LIMIT_PUNT] = LIMIT_RATE(500, 100),
	[LIMIT_ICMP] = LIMIT_RATE(100, 20),
	[LIMIT_FLOOD] = LIMIT_RATE(10000, 1000),
	[LIMIT_ECHO] = LIMIT_RATE(1000, 100),
	[LIMIT_EXPECTED] = LIMIT_RATE(2000, 500),
};

/* Whether one more may pass now. @kind is a constant. */
static __always_inline bool limit_allows(u32 port_id, const u32 kind)
{
	const struct limit_rate rate = limit_rates[kind];
	struct limits *limit = bpf_map_lookup_elem(&limits, &port_id);
	u64 now = bpf_ktime_get_ns(), tat;

	if (!limit)
		return false;
	tat = limit->tat_ns[kind];
	if (tat < now)
		tat = now;
	if (tat - now > rate.burst_ns)
		return false;
	limit->tat_ns[kind] = tat + rate.interval_ns;
	return true;
}
