/* SPDX-License-Identifier: Apache-2.0 */
/* Where floating IPs come from: the IPv4 subnets of external networks, made of them when asked for.
 */
#pragma once

#include "model/txn.h"

enum floatingip_pool_slot {
	FLOATINGIP_POOL_SUBNET_ID = N_STANDARD_SLOTS,
	FLOATINGIP_POOL_SUBNET_NAME,
	FLOATINGIP_POOL_NETWORK_ID,
	FLOATINGIP_POOL_CIDR,
	N_FLOATINGIP_POOL_SLOTS
};

extern const struct kind floatingip_pool_kind;
