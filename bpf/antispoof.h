/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which source addresses a port may use. User space writes all that is allowed into one
 * longest-prefix-match table, the addresses that every host may use included (see
 * src/datapath/ports.c), so the question is one lookup; and the address that a guest uses nearly
 * always into its port, where the question is a comparison. */
#pragma once

#include "trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EDGE_PORTS_MAX * 16);
	__type(key, struct source_key);
	__type(value, u32);
} sources SEC(".maps");

/* @family 4 or 6 with @addr, or 0: whether the MAC alone may be used. */
__noinline bool source_allowed(
	u32 port_id, const struct mac *mac, u32 family, const struct addr *addr)
{
	struct source_key key = { .prefix_bits = SOURCE_KEY_FIXED_BITS, .port_id = port_id };

	if (!mac || (family && !addr))
		return false;
	mac_copy(key.mac, mac);
	key.family = (u8)family;
	if (family) {
		key.prefix_bits += 128;
		key.addr = *addr;
	}
	return bpf_map_lookup_elem(&sources, &key) != NULL;
}

/* Whether a guest that uses @addr does so as who it is: its MAC, and an address of its port's. */
static __always_inline bool is_own_source(
	const struct port *port, const void *mac, u32 family, const struct addr *addr)
{
	if (!mac_equal(port->mac, mac))
		return false;
	return family == 4 ? port->own4 && port->own4 == addr->w[3]
			   : port->own6.w[0] && addr_equal(&port->own6, addr);
}
