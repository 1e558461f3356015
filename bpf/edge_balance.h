/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * The part of edge.h that is about load balancing (bpf/balance.h). Included by it.
 *
 * A listener is a port of an address (the VIP) whose connections its members share. Which one gets
 * a connection is looked up in the listener's Maglev table, which the agents of all hosts compute
 * alike: place = hash of the connection, value = number of the member.
 */
#pragma once

#define EDGE_ENDPOINT_BALANCER 0xfffffffeu /* as vtep: the MAC is a VIP's */

#define MAGLEV_SIZE 4093 /* a prime: what one place more or less is worth, 1/4093 of the load */
#define MAGLEV_ROOM 4096 /* the next power of two, for the verifier */
#define MAGLEV_NONE 0xffff
#define MAGLEV_MEMBERS_MAX 1024 /* of a listener */

/* map listeners. */
struct listener_key {
	u32 vni; /* of the VIP's network */
	struct addr vip;
	be16 port;
	u8 proto;
	u8 zero;
};
struct listener {
	u32 id;	   /* of its table */
	u32 flags; /* enum listener_flags */
	u32 stats; /* of its counters, the same for all its life here */
};
enum listener_flags {
	LISTENER_BY_SOURCE = 1 << 0,
	LISTENER_RESTRICTED = 1 << 1, /* to senders in allowed_sources */
};
_Static_assert(sizeof(struct listener_key) == 24 && sizeof(struct listener) == 12, "layout");

/* map allowed_sources: longest prefix match within a listener, by the id of its table. */
struct allowed_key {
	u32 prefix_bits;
	u32 listener;
	struct addr addr;
};
#define ALLOWED_KEY_FIXED_BITS 32
_Static_assert(sizeof(struct allowed_key) == 24, "layout");

/* map listener_stats: per CPU, by number. Counted at the member's host, but for errors, which are
 * counted where the packet entered. Map listener_gone: u64, the connections that user space has
 * aged away. */
struct listener_stats {
	u64 bytes_in, bytes_out; /* of IP packets to and from members */
	u64 connections;
	u64 evicted; /* of these, half open ones that gave way (bpf/embryo.h) */
	u64 errors;  /* packets that no member could get */
};
_Static_assert(sizeof(struct listener_stats) == 40, "layout");

/* map maglev_tables: by listener. */
struct maglev_table {
	u16 members[MAGLEV_ROOM]; /* those behind MAGLEV_SIZE are padding */
};
_Static_assert(sizeof(struct maglev_table) == 8192, "layout");

/* map members_by_number: those of a listener, also while they get no new connections. */
struct lb_member_key {
	u32 listener;
	u32 number;
};
struct lb_member {
	u32 vni; /* of its network */
	u8 mac[6];
	be16 port;
	struct addr addr;
	/* Of the router that leads to it from the VIP's network, its interface there, where the
	 * network's gateway is none; else zero. */
	u8 router_mac[6];
	u8 zero[2];
};
_Static_assert(sizeof(struct lb_member_key) == 8 && sizeof(struct lb_member) == 36, "layout");

/* map members_by_vip: the same, as its own host sees what is sent to it: the network and MAC are
 * the member's, address and port the listener's. Of several members at one MAC, any. */
struct arrival_key {
	u32 vni;
	u8 mac[6];
	be16 port;
	struct addr vip;
	u8 proto;
	u8 zero[3];
};
struct lb_arrival {
	u32 listener;
	u32 number;
	u32 flags; /* the listener's */
	u32 stats;
};
_Static_assert(sizeof(struct arrival_key) == 32 && sizeof(struct lb_arrival) == 16, "layout");

/* map probes: where answers to health checks are for the agent: network and VIP (struct
 * neighbour_key) → nothing. Ports and identifiers from this one on are probes'. */
#define EDGE_PROBE_PORT 0xfe00

/* What becomes of a packet's addresses. */
enum balanced_kind {
	BALANCED_NOT,
	BALANCED_TO_MEMBER,    /* the receiver becomes the member */
	BALANCED_FROM_MEMBER,  /* the sender becomes the VIP */
	BALANCED_HAIRPIN,      /* to a member from itself: the sender becomes the VIP too */
	BALANCED_HAIRPIN_BACK, /* and its answer */
	/* Not by a load balancer: IPv6 with another prefix outside (bpf/prefix.h). */
	BALANCED_OUTER_SENDER,
	BALANCED_INNER_RECEIVER,
};
struct balanced {
	u8 kind;
	u8 zero;
	be16 port;
	struct addr addr;
	u32 stats; /* the listener's counters */
};
_Static_assert(sizeof(struct balanced) == 24, "layout");

/* map balanced_fragments: by struct fragment_key, what the first fragment of a datagram became. */
struct balanced_fragment {
	u32 seen; /* tick */
	u32 vni;  /* of the member's network */
	u8 mac[6];
	u8 zero[2];
	struct balanced to;
};
_Static_assert(sizeof(struct balanced_fragment) == 40, "layout");
