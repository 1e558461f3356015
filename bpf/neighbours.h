/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who has an address: the port's own neighbours, and the addresses that the agent itself serves
 * (DHCP, DNS). */
#pragma once

#include "trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 524288);
	__type(key, struct neighbour_key);
	__type(value, struct neighbour);
} neighbours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct neighbour_key);
	__type(value, struct neighbour);
} services SEC(".maps");

static __always_inline const struct neighbour *service_get(u32 vni, const struct addr *addr)
{
	struct neighbour_key key = { .vni = vni, .addr = *addr };

	return bpf_map_lookup_elem(&services, &key);
}

static __always_inline const struct neighbour *neighbour_get(u32 vni, const struct addr *addr)
{
	struct neighbour_key key = { .vni = vni, .addr = *addr };
	const struct neighbour *service = bpf_map_lookup_elem(&services, &key);

	return service ? service : bpf_map_lookup_elem(&neighbours, &key);
}
