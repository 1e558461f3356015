/* SPDX-License-Identifier: Apache-2.0 */
/* The part of datapath.h that is about firewall groups of routers' ports. Included by it. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct dp;

/* Whether what its group decides is told, see dp_log_dispatch(). */
enum dp_guard_flags { DP_GUARD_LOG_ACCEPT = 1 << 0, DP_GUARD_LOG_DROP = 1 << 1 };

/* What passes a router's port, interface or gateway: rules in their order, of which the first that
 * matches the opening of a connection decides; what none matches is dropped; 256 at most. Asked at
 * the guests' ports that have DP_PORT_GUARDED. */
struct dp_guard_ports {
	u16 first, last; /* last 0: any */
};
struct dp_guard_rule {
	u8 id[16]; /* UUID: for counters and traces */
	u8 family; /* 4, 6 */
	bool deny;
	bool reject; /* with deny: a guest of this host that sends it is told */
	s32 proto;   /* -1: any */
	struct prefix source, destination; /* without a family: any */
	struct dp_guard_ports source_ports, destination_ports;
	/* UUIDs: that the router's port by which it comes in or goes out is in the group; zero: any
	 */
	u8 source_group[16], destination_group[16];
};
struct dp_guard_policy {
	const struct dp_guard_rule *rules; /* compared as bytes: zero what is not set */
	size_t n_rules;
};
struct dp_guard {
	u32 vni; /* of the gateway the wire's number */
	struct mac mac;
	u8 port[16], group[16];			/* UUIDs, of the router's port and of its group */
	u32 flags;				/* enum dp_guard_flags */
	struct dp_guard_policy ingress, egress; /* what the router sends there; what it gets */
};
bool dp_guard_put(struct dp *dp, const struct dp_guard *guard, GError **error);
bool dp_guard_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error);
/* How many events of a logged port were not told, for its limit. */
u64 dp_guard_suppressed(struct dp *dp, u32 vni, const struct mac *mac);
