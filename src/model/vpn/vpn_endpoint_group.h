/* SPDX-License-Identifier: Apache-2.0 */
/* What is reached at one end of a tunnel: subnets of ours, or prefixes of the peer's. */
#pragma once

#include "model/txn.h"

enum vpn_endpoint_group_slot {
	VPN_ENDPOINT_GROUP_TYPE = N_STANDARD_SLOTS,
	VPN_ENDPOINT_GROUP_ENDPOINTS,
	VPN_ENDPOINT_GROUP_SUBNETS, /* those of them that are subnets' ids; not shown */
	N_VPN_ENDPOINT_GROUP_SLOTS
};

enum vpn_endpoint_group_index {
	VPN_ENDPOINT_GROUP_BY_NAME,
	VPN_ENDPOINT_GROUP_BY_PROJECT,
	VPN_ENDPOINT_GROUP_BY_SUBNET,
	N_VPN_ENDPOINT_GROUP_INDEXES
};

enum vpn_endpoint_type {
	VPN_ENDPOINT_CIDR,
	VPN_ENDPOINT_NETWORK,
	VPN_ENDPOINT_ROUTER,
	VPN_ENDPOINT_SUBNET,
	VPN_ENDPOINT_VLAN
};

extern const struct kind vpn_endpoint_group_kind;
