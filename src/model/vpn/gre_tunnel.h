/* SPDX-License-Identifier: Apache-2.0 */
/* A GRE tunnel of a router to another one, which encrypts nothing. */
#pragma once

#include "model/txn.h"

enum gre_tunnel_slot {
	GRE_TUNNEL_ROUTER_ID = N_STANDARD_SLOTS,
	GRE_TUNNEL_PEER_ADDRESS,
	GRE_TUNNEL_KEY, /* null: none */
	GRE_TUNNEL_MTU,
	GRE_TUNNEL_ADDRESS, /* the router's in the tunnel, with a length; null: none */
	GRE_TUNNEL_DESTINATIONS,
	GRE_TUNNEL_ADMIN_STATE_UP,
	GRE_TUNNEL_IPV4,   /* computed: the router's outside */
	GRE_TUNNEL_DEVICE, /* computed */
	GRE_TUNNEL_STATUS, /* computed */
	GRE_TUNNEL_STATUS_REASON,
	N_GRE_TUNNEL_SLOTS
};

enum gre_tunnel_index {
	GRE_TUNNEL_BY_NAME,
	GRE_TUNNEL_BY_PROJECT,
	GRE_TUNNEL_BY_ROUTER,
	N_GRE_TUNNEL_INDEXES
};

extern const struct kind gre_tunnel_kind;
