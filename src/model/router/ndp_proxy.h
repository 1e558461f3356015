/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IPv6 address behind a router that the router answers for on its external network, so that it
 * is reached there without a route. Both networks are of one address scope.
 */
#pragma once

#include "model/txn.h"

enum ndp_proxy_slot {
	NDP_PROXY_ROUTER_ID = N_STANDARD_SLOTS,
	NDP_PROXY_PORT_ID,
	NDP_PROXY_IP,
	N_NDP_PROXY_SLOTS
};

enum ndp_proxy_index {
	NDP_PROXY_BY_NAME,
	NDP_PROXY_BY_PROJECT,
	NDP_PROXY_BY_ROUTER,
	NDP_PROXY_BY_PORT,
	NDP_PROXY_BY_BOTH, /* unique: router, address */
	N_NDP_PROXY_INDEXES
};

extern const struct kind ndp_proxy_kind;

/* Does an NDP proxy of the router stand for an address on the subnet (NULL: any)? */
bool ndp_proxy_needs(const struct txn *txn, const struct object *router, const char *subnet_id);

/* After the addresses of a port (@draft) have changed: those for one that it has no more go. */
bool ndp_proxy_follow_port(struct txn *txn, const struct object *draft, GError **error);

/* The router's attribute enable_ndp_proxy, after its gateway is what @draft says. @old: NULL when
 * it is created. */
bool ndp_proxy_check_router(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
