/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Routers' ways to the outside, and the floating IPs of what is on this host or goes with them. */
#pragma once

#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct router_key);
	__type(value, struct gateway);
} gateways SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EDGE_PORTS_MAX * 4);
	__type(key, struct floating_key);
	__type(value, struct floating);
} floating_ips SEC(".maps");

static __always_inline const struct gateway *gateway_get(const u32 *router)
{
	struct router_key key = { .router = { router[0], router[1] } };

	return bpf_map_lookup_elem(&gateways, &key);
}

static __always_inline const struct floating *floating_get(const u32 *router, be32 fixed)
{
	struct floating_key key = { .router = { router[0], router[1] }, .fixed = fixed };

	return bpf_map_lookup_elem(&floating_ips, &key);
}
