/* SPDX-License-Identifier: Apache-2.0 */
/* The part of datapath.h that is about the firewall. Included by it. */
#pragma once

#include "base/addr.h"
#include "base/error.h"

struct dp;

/*
 * The firewall. A policy is what a port lets in and out: rules in the order of precedence, of which
 * the first that matches decides; what none matches is dropped. Ports with the same rules share a
 * policy. A policy is stated before the ports that have it. What a removed rule let through is cut
 * with its next packet; a rule that is added disturbs nothing.
 */
enum dp_direction { DP_INGRESS, DP_EGRESS }; /* as the port sees it */
enum dp_remote { DP_REMOTE_ANY, DP_REMOTE_PREFIX, DP_REMOTE_GROUP };
struct dp_rule {
	u8 id[16]; /* UUID: for counters and traces */
	enum dp_direction direction;
	enum dp_remote remote;
	u8 family;		/* 4, 6 */
	bool deny, pass;	/* else it allows; pass: the next of dp_port.tiers decides */
	s32 proto;		/* -1: any; IPv6: behind extension headers */
	s32 port_min, port_max; /* of the destination; -1: any. ICMP: type and code */
	struct prefix prefix;
	u8 domain[16], group[16]; /* DP_REMOTE_GROUP: see dp_membership_put() */
};
struct dp_policy {
	u8 id[16];
	const struct dp_rule *rules; /* compared as bytes: zero what is not set */
	size_t n_rules;
	bool stateless; /* answers need a rule too */
};
bool dp_policy_put(struct dp *dp, const struct dp_policy *policy, GError **error);
bool dp_policy_delete(struct dp *dp, const u8 id[16], GError **error); /* no port has it */

/* The policies of a port that are not its own: asked in this order, its own at its place, until a
 * rule decides that does not pass the packet on. What no rule decides is refused at a port that has
 * a policy of its own, else let through. */
#define DP_TIERS_MAX 8
struct dp_tiers {
	u8 policies[DP_TIERS_MAX][16];
	u8 n;
	u8 n_before; /* those asked before the port's own */
};

/* Which of the groups that rules refer to an address, or those of a prefix, belong to. Groups are
 * kept by domain (networks on which no address is twice, say), and a policy may refer to groups of
 * 7 domains. An address has the groups of all prefixes that cover it. The cost does not depend on
 * who refers to the groups. */
bool dp_membership_put(struct dp *dp, const u8 domain[16], const struct prefix *prefix,
	const u8 (*groups)[16], size_t n_groups, GError **error);
bool dp_membership_delete(
	struct dp *dp, const u8 domain[16], const struct prefix *prefix, GError **error);

/* How many connections (of a stateless policy: verdicts) a rule has decided about. */
bool dp_rule_hits(struct dp *dp, const u8 id[16], u64 *ret, GError **error);
