/* SPDX-License-Identifier: Apache-2.0 */
/* A router is an end of tunnels to other sites. */
#pragma once

#include "model/provider/service_map.h"

enum vpnservice_slot {
	VPNSERVICE_ROUTER_ID = N_STANDARD_SLOTS,
	VPNSERVICE_SUBNET_ID, /* null: endpoint groups say what is reached */
	VPNSERVICE_ADMIN_STATE_UP,
	VPNSERVICE_IPV4, /* computed: the router's outside */
	VPNSERVICE_IPV6,
	VPNSERVICE_STATUS, /* computed */
	VPNSERVICE_FLAVOR_ID,
	N_VPNSERVICE_SLOTS
};

enum vpnservice_index {
	VPNSERVICE_BY_NAME,
	VPNSERVICE_BY_PROJECT,
	VPNSERVICE_BY_ROUTER,
	VPNSERVICE_BY_SUBNET,
	VPNSERVICE_BY_FLAVOR,
	N_VPNSERVICE_INDEXES
};

extern const struct kind vpnservice_kind;

/* Has the router an interface on the subnet? */
bool vpn_router_has_subnet(const struct txn *txn, const char *router_id, const char *subnet_id);
/* vpn_router.c: has the router a provider of the service? */
bool vpn_check_provider(const struct txn *txn, const struct object *router,
	enum network_service service, GError **error);
/* May the router, as it is or is drafted, lose an interface on the subnet, its
 * gateway, or have the service map that it has? */
bool vpn_may_lose_subnet(
	const struct txn *txn, const struct object *router, const char *subnet_id, GError **error);
bool vpn_may_lose_gateway(const struct txn *txn, const struct object *router, GError **error);
bool vpn_may_change_map(const struct txn *txn, const struct object *router, GError **error);
/* The router's address outside, of that IP version, in @buf; NULL: none. */
const char *vpn_outside(
	const struct model *model, const char *router_id, u8 family, char buf[static IP_STRLEN]);
