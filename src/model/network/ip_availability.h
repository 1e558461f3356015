/* SPDX-License-Identifier: Apache-2.0 */
/* How many addresses a network has and how many ports have one, made when asked for: the id is the
 * network's. */
#pragma once

#include "model/txn.h"

enum ip_availability_slot {
	IP_AVAILABILITY_NETWORK_ID = N_STANDARD_SLOTS,
	IP_AVAILABILITY_NETWORK_NAME,
	IP_AVAILABILITY_VERSION, /* of a request; kept as the versions that are counted */
	IP_AVAILABILITY_TOTAL,	 /* computed, as the others */
	IP_AVAILABILITY_USED,
	IP_AVAILABILITY_SUBNETS,
	IP_AVAILABILITY_DETAILS,
	N_IP_AVAILABILITY_SLOTS
};

extern const struct kind ip_availability_kind;
