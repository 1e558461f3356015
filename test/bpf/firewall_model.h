/* SPDX-License-Identifier: Apache-2.0 */
/* The simple model that firewall_property_test.c compares the edge with: it walks all rules and all
 * connections. */
#pragma once

#include <stdio.h>

#include "bed.h"

#define RULES_MAX 12
#define N_TIERS 3
#define N_GUESTS 4
#define N_POLICIES 5	  /* any port may have any of its kind, several at once the same */
#define FIRST_STATELESS 3 /* of these */
#define NO_POLICY (-1)
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct packet {
	int from, to; /* guests */
	u8 family, proto, type, code, flags;
	u16 sport, dport; /* ICMP echo: both the identifier */
	u32 seq, ack;
	struct ip src, dst;
	enum { WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT } fragment;
	u16 offset; /* of a later fragment, in 8 bytes */
	u32 id;	    /* of fragments */
};

/* Where the first fragment of a packet has passed. */
struct passed_fragment {
	u32 id;
	int at;
	u16 headers; /* in 8 bytes: none may begin in these */
};

struct connection {
	int at; /* whose port's */
	u8 family, proto;
	struct ip local, remote;
	u32 local_port, remote_port;
	enum dp_direction opener;
	enum { TCP_NEW, TCP_CONNECTED, TCP_HALF_CLOSED, TCP_CLOSING } state;
	bool replied, fin_sent, fin_received;
	u32 expected; /* by the guest */
	u8 scale;     /* of its window, of which it has told, or not yet */
	bool told;
	u32 answer;   /* what the other side must acknowledge; 0: anything */
	bool unheard; /* opened by the guest's SYN, and it has acknowledged nothing yet */
};

struct membership {
	u8 group;
	struct prefix prefix;
};

struct world {
	struct bed *bed;
	u32 ifindex[N_GUESTS];
	struct dp_rule rules[N_POLICIES][RULES_MAX];
	size_t n_rules[N_POLICIES];
	struct dp_rule tier_rules[N_TIERS][RULES_MAX];
	size_t n_tier_rules[N_TIERS];
	struct chain {
		u8 tiers[N_TIERS], n, n_before; /* which, in turn */
		int own;			/* its policy, or NO_POLICY */
	} chains[N_GUESTS];
	bool stateless[N_GUESTS]; /* a port has stateful policies, or stateless ones */
	GArray *memberships;	  /* struct membership */
	GArray *connections;	  /* struct connection */
	GArray *fragments;	  /* struct passed_fragment */
	FILE *transcript;	  /* NULL: none */
};

/* What the port at @at knows of the packet's connection, which it sees @sent; NULL: nothing. */
const struct connection *model_connection(
	const struct world *world, const struct packet *p, int at, enum dp_direction sent);
/* Whether both ports' firewalls let the packet through; notes what they learn. */
bool model_passes(struct world *world, const struct packet *p);
