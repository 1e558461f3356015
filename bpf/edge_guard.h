/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of edge.h that is about the firewall groups of routers' ports (bpf/guard.h). Included by
 * edge_firewall.h.
 *
 * A policy's rules are numbered by their order. For each of six things of a packet a longest
 * prefix match yields the set of rules that match it; the first of what all six sets have decides.
 * So a decision takes as long for one rule as for all that a policy may have.
 *
 * Two of the six are the groups of the router's ports that the opening comes in and goes out by:
 * each port says which group it is in, by a number, and a rule about a group is in that number's
 * set. So who is in a group is in the entry of that port alone.
 */
#pragma once

/* map guards: by the key of endpoints, of a router's port: interface or gateway. */
struct guard {
	u32 policies[2]; /* by enum rule_direction: ingress is what the router sends there */
	u32 group;	 /* its identity */
	u32 flags;	 /* enum guard_flags */
	u8 port[16];	 /* UUID of the router's port */
};
enum guard_flags {
	GUARD_LOG_ACCEPT = 1 << 0,
	GUARD_LOG_DROP = 1 << 1,
};

/* map guard_limits: by the same key, how many events a logged port may tell (edge_log.h). */

/* map guard_sets: longest prefix match. */
enum guard_dimension {
	GUARD_SOURCE,
	GUARD_DESTINATION,
	GUARD_SOURCE_PORT, /* of the ports, b[0] is the protocol, b[1] and b[2] are the port */
	GUARD_DESTINATION_PORT,
	GUARD_SOURCE_GROUP, /* w[0] is the identity */
	GUARD_DESTINATION_GROUP,
	N_GUARD_DIMENSIONS
};
struct guard_key {
	u32 prefix_bits;
	u32 policy;
	u8 dimension;
	u8 family;
	u8 zero[2];
	struct addr what;
};
#define GUARD_KEY_FIXED_BITS 64
#define GUARD_KEY_PORT_BITS (GUARD_KEY_FIXED_BITS + 24)
#define GUARD_KEY_GROUP_BITS (GUARD_KEY_FIXED_BITS + 32)
#define GUARD_WORDS 4
#define GUARD_RULES_MAX (64 * GUARD_WORDS)
struct guard_set {
	u64 words[GUARD_WORDS]; /* a bit for each rule, the first is the lowest */
};

/* map guard_rules: the rule at a place; the value is what it decides, as of a policy,
 * or RULE_DENY and RULE_REJECT. */
struct guard_place {
	u32 policy;
	u32 place;
};
_Static_assert(sizeof(struct guard) == 32 && sizeof(struct guard_key) == 28 &&
		       sizeof(struct guard_set) == 32 && sizeof(struct guard_place) == 8,
	"layout");
