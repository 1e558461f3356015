/* SPDX-License-Identifier: Apache-2.0 */
/* A router's helpers for protocols that name addresses in their payload. */
#pragma once

#include "model/txn.h"

enum conntrack_helper_slot {
	CONNTRACK_HELPER_ROUTER_ID = N_STANDARD_SLOTS, /* what it is part of */
	CONNTRACK_HELPER_PROTOCOL,
	CONNTRACK_HELPER_PORT,
	CONNTRACK_HELPER_HELPER,
	N_CONNTRACK_HELPER_SLOTS
};

enum conntrack_helper_index {
	CONNTRACK_HELPER_BY_ROUTER,
	CONNTRACK_HELPER_BY_ALL, /* unique: router, protocol, port, helper */
	N_CONNTRACK_HELPER_INDEXES
};

extern const struct kind conntrack_helper_kind;

/* Writes those of a router, as the router shows them. */
void conntrack_helper_write_all(
	const struct model *model, const struct object *router, struct json_writer *w);
