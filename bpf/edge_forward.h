/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The part of edge.h that is about port forwardings (bpf/forward.h). Included by it. */
#pragma once

/* map forwards: longest prefix match, an entry per direction for each prefix that a range of ports
 * is made of. The scope is that of nats: in, the wire's network; out, the router. */
struct forward_key {
	u32 prefix_bits;
	u32 scope[2];
	be32 addr; /* in: the receiver's; out: the sender's */
	u16 kind;  /* FLOW_KIND(protocol, enum nat_direction) */
	be16 port;
};
#define FORWARD_KEY_FIXED_BITS 112
#define FORWARD_KEY_BITS 128
struct forward {
	u32 router[2];
	be32 addr;   /* what it becomes */
	u16 first;   /* of the range */
	u16 becomes; /* what the first port becomes; the others follow */
	u8 many;     /* several ports outside are one inside: a state says which */
	u8 zero[3];
};
_Static_assert(sizeof(struct forward_key) == 20 && sizeof(struct forward) == 20, "layout");
