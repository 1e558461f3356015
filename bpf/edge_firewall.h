/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of edge.h that is about the firewall (bpf/policy.h, bpf/firewall.h). Included by it.
 *
 * A port has a policy; ports with the same rules share one. Where the
 * other side's address belongs to is looked up once per domain of the policy and gives an identity,
 * which stands for a set of groups (or prefixes); the rules are looked up by identity. So neither a
 * group's members nor the number of rules is in the cost of a packet.
 */
#pragma once

#define POLICY_DOMAINS_MAX 8
#define POLICY_KINDS 4 /* of RULE_KIND() */
struct policy {
	u32 domains[POLICY_DOMAINS_MAX];
	u32 always[POLICY_KINDS]; /* what is decided of any packet, as policy_decide() returns it;
				   * 0: the rules must be asked */
	u8 n_domains;
	u8 stateless; /* every packet is judged by itself */
	u8 any_kinds; /* a bit per kind: there are rules about any address */
	u8 zero;
};
_Static_assert(sizeof(struct policy) == 52, "layout");

/* map identities: longest prefix match within a domain; the value is the identity. */
struct identity_key {
	u32 prefix_bits;
	u32 domain;
	u32 family;
	struct addr addr;
};
#define IDENTITY_KEY_FIXED_BITS 64
#define IDENTITY_ANY 0 /* rules about any address */
_Static_assert(sizeof(struct identity_key) == 28, "layout");

/* map rules: longest prefix match; a rule with a range of ports has an entry per prefix of it. An
 * entry holds the first of all rules that match all that it covers. */
enum rule_direction { RULE_INGRESS, RULE_EGRESS }; /* as the port sees it */
struct rule_key {
	u32 prefix_bits;
	u32 policy;
	u32 identity;
	u8 kind; /* RULE_KIND(direction, family) */
	u8 proto;
	be16 port; /* destination; of ICMP the type and the code */
};
#define RULE_KIND(direction, family) ((u8)((direction) | ((family) == 6 ? 2 : 0)))
#define RULE_KEY_ANY_BITS 72
#define RULE_KEY_PROTO_BITS 80
#define RULE_KEY_BITS 96
struct rule {
	u32 slot;  /* of its counter, and name for traces */
	u16 order; /* the smallest of what the lookups find decides */
	u8 deny;
	u8 pass; /* of a tier: the next one decides */
};
_Static_assert(sizeof(struct rule_key) == 16 && sizeof(struct rule) == 8, "layout");

/* map tiers: by port id, of a port with EDGE_PORT_TIERS: the policies that are asked one after the
 * other until one decides. */
#define EDGE_TIERS_MAX 8
#define EDGE_TIERS_NONE 0xff
struct tiers {
	u32 policies[EDGE_TIERS_MAX + 1];
	u8 n;
	u8 own;	 /* which of them is the port's own policy; EDGE_TIERS_NONE: it has none */
	u8 open; /* what none decides is let through */
	u8 zero;
};
_Static_assert(sizeof(struct tiers) == 40, "layout");

/* map names: what the ids of the maps above stand for, so that they survive the agent. The data
 * path does not read it. */
enum name_kind { NAME_POLICY, NAME_DOMAIN, NAME_IDENTITY, NAME_RULE, NAME_LIMITS, N_NAME_KINDS };
struct name_key {
	u32 kind;
	u8 name[16];
};
_Static_assert(sizeof(struct name_key) == 20, "layout");

/* maps connections and connections_gone: arrays by port id. The data path alone counts in the
 * first, the agent in the second; the difference is what there is. */
struct connections {
	u64 made /* less those evicted */, half_open /* made so */, settled /* no longer so */;
	u64 evicted;
	u64 line; /* where the next goes in the port's ring, see embryos */
};
struct connections_gone {
	u64 gone, half_open;
	u32 project; /* of the port, see project_connections; 0: none */
	u32 zero;
};

/* maps project_connections and project_connections_gone: arrays by a number that the agent gives a
 * project that has ports here; as above. */
#define EDGE_PROJECTS_MAX EDGE_PORTS_MAX
struct project_connections_gone {
	u64 gone;
	u8 project[16]; /* who has the number; zero: it is free */
	u32 max;	/* of all its ports here */
	u32 zero;
};
#define PROJECT_UNLIMITED 0xffffffffu

/* map embryos: an array of the ports' rings of half open connections, each with as many places as
 * the port may have of them: the key of who is to go first when there is no room. */
struct embryo {
	u16 port_id; /* 0: nobody was here yet */
	u16 family;
	union {
		struct flow_key4 key4;
		struct flow_key6 key6;
	};
};
#define EDGE_EMBRYOS_MAX 262144
/* Rings of ports with numbers in a row lie side by side, where none is longer than that; where they
 * overlap, who comes later has the place. */
#define EDGE_EMBRYOS_APART 4096
#define EMBRYO_INDEX(port_id, place) (((port_id)*EDGE_EMBRYOS_APART + (place)) % EDGE_EMBRYOS_MAX)
_Static_assert(sizeof(struct connections) == 40 && sizeof(struct connections_gone) == 24 &&
		       sizeof(struct project_connections_gone) == 32 && sizeof(struct embryo) == 48,
	"layout");

/* map fragments: which packets' first fragment the firewall let through; the value is the tick. */
struct fragment_key {
	u32 port_id;
	u32 id;
	u8 proto; /* IPv4 alone: in IPv6 the fragments disagree on it */
	u8 direction;
	u16 zero;
	struct addr src, dst;
};
_Static_assert(sizeof(struct fragment_key) == 44, "layout");

#include "edge_guard.h"
