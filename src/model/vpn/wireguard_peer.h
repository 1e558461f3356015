/* SPDX-License-Identifier: Apache-2.0 */
/* Another site at the far end of a WireGuard tunnel. */
#pragma once

#include "model/txn.h"

enum wireguard_peer_slot {
	WIREGUARD_PEER_INTERFACE_ID = N_STANDARD_SLOTS,
	WIREGUARD_PEER_PUBLIC_KEY,
	WIREGUARD_PEER_PRESHARED_KEY, /* secret; "": none */
	WIREGUARD_PEER_ADDRESS,	      /* null: it comes by itself */
	WIREGUARD_PEER_PORT,
	WIREGUARD_PEER_ALLOWED_IPS,
	WIREGUARD_PEER_ADMIN_STATE_UP,
	WIREGUARD_PEER_STATUS, /* computed */
	WIREGUARD_PEER_STATUS_REASON,
	N_WIREGUARD_PEER_SLOTS
};

enum wireguard_peer_index {
	WIREGUARD_PEER_BY_NAME,
	WIREGUARD_PEER_BY_PROJECT,
	WIREGUARD_PEER_BY_INTERFACE,
	WIREGUARD_PEER_BY_KEY, /* unique, of an interface */
	N_WIREGUARD_PEER_INDEXES
};

extern const struct kind wireguard_peer_kind;
