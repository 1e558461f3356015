/* SPDX-License-Identifier: Apache-2.0 */
/* The part of datapath.h that is about firewall groups of routers' ports. Included by it. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct dp;

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
};
struct dp_guard_policy {
	const struct dp_guard_rule *rules; /* compared as bytes: zero what is not set */
	size_t n_rules;
};
struct dp_guard {
	u32 vni; /* of the gateway the wire's number */
	struct mac mac;
	struct dp_guard_policy ingress, egress; /* what the router sends there; what it gets */
};
bool dp_guard_put(struct dp *dp, const struct dp_guard *guard, GError **error);
bool dp_guard_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error);
