/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who has an address: the port's own neighbours, and the addresses that the agent itself serves
 * (DHCP, DNS). */
#pragma once

#include "ports.h"
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

/* May @port tell everybody on its network that @addr is at @mac? What the directory says already
 * others need not hear, but for who has learnt it from the one that had it before: routers that are
 * machines, whose ports have no port security, are told of. */
static __always_inline bool neighbour_is_announced(
	const struct port *port, const struct addr *addr, const u8 *mac)
{
	const struct network *network = network_get(port->vni);
	struct neighbour_key key = { .vni = port->vni, .addr = *addr };
	const struct neighbour *owner;

	if (port->flags & EDGE_PORT_SECURITY || !network || network->routed)
		return false;
	owner = bpf_map_lookup_elem(&neighbours, &key);
	return owner && mac_equal(owner->mac, mac);
}

/* Who answers for @addr on a network without layer 2: the router at the network's gateway, but for
 * what the agent serves. @owner: who has the address, or NULL; @asks: it is no probe, which must
 * hear of who really has it. NULL: nobody. */
static __always_inline const struct neighbour *neighbour_routed(const struct network *network,
	u32 vni, const struct addr *addr, const struct neighbour *owner, bool asks)
{
	struct neighbour_key key = { .vni = vni };

	if (service_get(vni, addr) || (!owner && !asks))
		return owner;
	if ((addr->w[0] | addr->w[1]) == 0 && addr->w[2] == bpf_htonl(0xffff)) {
		if (!network->has_gateway4)
			return NULL;
		addr_set4(&key.addr, network->gateway4);
	} else {
		if (!network->has_gateway6)
			return NULL;
		key.addr = network->gateway6;
	}
	return bpf_map_lookup_elem(&neighbours, &key);
}

/* Who is to answer for it on its network. */
static __always_inline const struct neighbour *neighbour_get(u32 vni, const struct addr *addr)
{
	struct neighbour_key key = { .vni = vni, .addr = *addr };
	const struct neighbour *service = bpf_map_lookup_elem(&services, &key), *neighbour;

	if (service)
		return service;
	neighbour = bpf_map_lookup_elem(&neighbours, &key);
	return neighbour && neighbour->routed ? NULL : neighbour;
}
