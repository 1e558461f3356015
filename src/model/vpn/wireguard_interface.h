/* SPDX-License-Identifier: Apache-2.0 */
/* A router's end of WireGuard tunnels: its key and its port. One a router. */
#pragma once

#include "model/txn.h"

enum wireguard_interface_slot {
	WIREGUARD_INTERFACE_ROUTER_ID = N_STANDARD_SLOTS,
	WIREGUARD_INTERFACE_PRIVATE_KEY, /* secret */
	WIREGUARD_INTERFACE_PUBLIC_KEY,	 /* computed */
	WIREGUARD_INTERFACE_LISTEN_PORT,
	WIREGUARD_INTERFACE_ADDRESS, /* the router's in the tunnels, with a length; null: none */
	WIREGUARD_INTERFACE_MTU,
	WIREGUARD_INTERFACE_ADMIN_STATE_UP,
	WIREGUARD_INTERFACE_IPV4, /* computed: the router's outside */
	N_WIREGUARD_INTERFACE_SLOTS
};

enum wireguard_interface_index {
	WIREGUARD_INTERFACE_BY_NAME,
	WIREGUARD_INTERFACE_BY_PROJECT,
	WIREGUARD_INTERFACE_BY_ROUTER, /* unique */
	N_WIREGUARD_INTERFACE_INDEXES
};

extern const struct kind wireguard_interface_kind;

/* For attr.check: 32 bytes as base64, as wg(8) writes them. */
bool wireguard_check_key(const struct attr *attr, const char *value, GError **error);
