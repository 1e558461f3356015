/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The host's own facts: one map entry, an array lookup that the kernel inlines. */
#pragma once

#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct host);
} host SEC(".maps");

static __always_inline const struct host *host_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&host, &zero);
}
