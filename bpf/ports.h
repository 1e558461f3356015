/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Guest ports, networks, and where their MACs are. */
#pragma once

#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32); /* ifindex */
	__type(value, struct port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PORT_CACHE);
	__type(key, u32);
	__type(value, struct port);
} port_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, u32); /* VNI */
	__type(value, struct network);
} networks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 262144);
	__type(key, struct endpoint_key);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

static __always_inline const struct port *port_get(u32 ifindex)
{
	u32 slot = ifindex % EDGE_PORT_CACHE;
	const struct port *port = bpf_map_lookup_elem(&port_cache, &slot);

	if (likely(port && port->ifindex == ifindex))
		return port;
	return bpf_map_lookup_elem(&ports, &ifindex);
}

static __always_inline const struct network *network_get(u32 vni)
{
	return bpf_map_lookup_elem(&networks, &vni);
}

static __always_inline const struct endpoint *endpoint_get(u32 vni, const void *mac)
{
	struct endpoint_key key = { .vni = vni };

	mac_copy(key.mac, mac);
	return bpf_map_lookup_elem(&endpoints, &key);
}
