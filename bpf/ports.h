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

/* For the fast path. */
static __always_inline const struct port *port_get(u32 ifindex)
{
	u32 slot = ifindex % EDGE_PORT_CACHE;
	const struct port *port = bpf_map_lookup_elem(&port_cache, &slot);

	if (likely(port && port->ifindex == ifindex))
		return port;
	return bpf_map_lookup_elem(&ports, &ifindex);
}

/* For the slow path: what follows is verified for one table in place of two. */
static __always_inline const struct port *port_find(u32 ifindex)
{
	return bpf_map_lookup_elem(&ports, &ifindex);
}

/* The number of a guest's port: the tag, which is on the skb and not in the frame, says which
 * subport of a trunk. It stays there as long as the frame may still be answered, and goes where it
 * leaves. */
static __always_inline u32 guest_number(const struct __sk_buff *skb)
{
	if (!skb->vlan_present)
		return skb->ifindex;
	return SUBPORT_NUMBER(skb->ifindex, skb->vlan_tci & 0xfff);
}

static __always_inline const struct port *guest_port(const struct __sk_buff *skb)
{
	return port_find(guest_number(skb));
}

/* Sends an answer back to the guest that the packet came from; the verdict. */
static __always_inline int answer_guest(const struct __sk_buff *skb, const struct port *port)
{
	return (int)bpf_redirect(port->ifindex & EDGE_SUBPORT ? skb->ifindex : port->ifindex, 0);
}

/* Takes the tag of a frame that leaves its trunk; 0 on success. */
static __always_inline long untag(struct __sk_buff *skb)
{
	return skb->vlan_present ? bpf_skb_vlan_pop(skb) : 0;
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
