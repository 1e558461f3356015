/* SPDX-License-Identifier: Apache-2.0 */
/* The simple model that firewall_property_test.c compares the edge with: it walks all rules and all
 * connections. */
#pragma once

#include <stdio.h>

#include "bed.h"

#define RULES_MAX 12
#define N_TIERS 3
#define TCP_SYN 0x02
#define TCP_ACK 0x10

struct packet {
	bool from_first; /* guest 1 to guest 2, else the other way round */
	u8 family, proto, type, code, flags;
	u16 sport, dport; /* ICMP echo: both the identifier */
	struct ip src, dst;
	enum { WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT } fragment;
	u16 offset; /* of a later fragment, in 8 bytes */
	u32 id;	    /* of fragments */
};

/* Where the first fragment of a packet has passed. */
struct passed_fragment {
	u32 id;
	bool at_first;
	u16 headers; /* in 8 bytes: none may begin in these */
};

struct connection {
	bool at_first; /* guest 1's port */
	u8 family, proto;
	struct ip local, remote;
	u32 local_port, remote_port;
	enum dp_direction opener;
	bool replied, connected;
	bool unheard; /* opened by the guest's SYN, and it has acknowledged nothing yet */
};

struct membership {
	u8 group;
	struct prefix prefix;
};

struct world {
	struct bed *bed;
	struct dp_rule rules[2][RULES_MAX]; /* by port */
	size_t n_rules[2];
	struct dp_rule tier_rules[N_TIERS][RULES_MAX];
	size_t n_tier_rules[N_TIERS];
	struct chain {
		u8 tiers[N_TIERS], n, n_before; /* which, in turn */
		bool own;			/* it has a policy of its own */
	} chains[2];				/* by port */
	bool stateless[2];			/* the policy of its own */
	GArray *memberships;			/* struct membership */
	GArray *connections;			/* struct connection */
	GArray *fragments;			/* struct passed_fragment */
	FILE *transcript;			/* NULL: none */
};

/* Whether both ports' firewalls let the packet through; notes what they learn. */
bool model_passes(struct world *world, const struct packet *p);
