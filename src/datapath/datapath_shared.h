/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that several ports of a network may have. Included by datapath.h. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct dp;

/* As dp_neighbour_put(), for routers alone: on the network guests ask each other. Deleted as any
 * neighbour. */
bool dp_neighbour_put_routed(
	struct dp *dp, u32 vni, const struct ip *ip, const struct mac *mac, GError **error);

/* Of DP_PUNT_ANNOUNCED: the port's guest says that it has the address, at that MAC; it may, as far
 * as the port's pairs say. Only where addresses are shared (struct dp_network). False: it is none.
 */
bool dp_punt_announced(const u8 *frame, size_t len, struct ip *ret_ip, struct mac *ret_mac);
