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
 * as the port's pairs say. Only where addresses are shared (struct dp_network). */
struct dp_announcement {
	struct ip ip;
	struct mac mac;
	bool solicited; /* it was asked, by whomever */
};
/* False: it is none. */
bool dp_punt_announced(const u8 *frame, size_t len, struct dp_announcement *ret);

/* What the address sends to the outside goes to the host that has the router's gateway, as it is:
 * there it has a floating IP, which is no host's else. */
bool dp_floating_ip_put_elsewhere(
	struct dp *dp, u64 router, const struct ip *fixed, GError **error);
/* One that is here by now stays. */
bool dp_floating_ip_delete_elsewhere(
	struct dp *dp, u64 router, const struct ip *fixed, GError **error);
