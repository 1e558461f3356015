/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a stage that routes keeps what the stack has no room for: 512 bytes for the longest chain
 * of calls. A program is not interrupted by another on its CPU, and what it calls does not use it.
 */
#pragma once

#include "pkt.h"

/* What a packet was when it came from a wire, or from a guest over one. */
struct arrival {
	u32 vni; /* 0: it did not */
	u32 ports;
	struct addr dst;
	u32 translated;
	u32 limit; /* that is in its way (outer_limit.h); 0: none */
	struct translation to;
};

/* What a packet was before it was balanced. */
struct unbalanced {
	struct addr src, dst;
	u32 ports;
};

/* What routers' ports are asked about a packet, see guard.h. */
struct guard_query {
	struct addr addrs[2]; /* source and destination of the opening */
	struct addr remote;   /* of the guest's side */
	u32 ports;	      /* of the opening */
	u8 family, proto;
	u8 begins, judges;
	u32 denied;	  /* the decision that refuses */
	u32 groups[2];	  /* of the router's ports that the opening comes in and goes out by */
	u32 ifindex;	  /* of the guest's port */
	u8 port[16];	  /* its UUID */
	struct pkt about; /* what an ICMP error quotes */
	struct endpoint_key from; /* the router's interface that a PKT_ROUTED packet left by */
	struct endpoint_key near, far, asked; /* the router's ports: towards the guest, beyond */
	struct route_key route;
	struct neighbour_key next;
	struct guard_key key;
	u64 left[GUARD_WORDS];
};

struct room {
	struct flow flow, answer; /* verdicts */
	struct rewrite rewrite;
	struct arrival arrival;
	struct port port;
	struct balanced balanced; /* what becomes of the packet; set for each that is looked at */
	struct balanced prefix;	  /* what becomes of an IPv6 address outside, see prefix.h */
	struct nat made;	  /* a translated connection that begins: nat.h */
	struct nat_key ended; /* the way out of a translated connection that ends: nat_embryo.h */
	struct unbalanced was, before; /* see change_enter() */
	struct lb_member member;
	struct pkt about;  /* of an ICMP error: see balance_error.h */
	struct pkt quoted; /* by the ICMP error that is looked at: see related.h */
	struct guard_query guard;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct room);
} rooms SEC(".maps");

static __always_inline struct room *room_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&rooms, &zero);
}
