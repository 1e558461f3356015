/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The part of edge.h that is about conntrack helpers (bpf/helper.h). Included by it. */
#pragma once

/* map helpers: what translated connections of a router's to a port are understood as. */
struct helper_key {
	u32 router[2];
	be16 port;
	u8 proto;
	u8 zero;
};
enum edge_helper { EDGE_HELPER_FTP = 1, EDGE_HELPER_TFTP, EDGE_HELPER_SIP };
struct helper {
	u64 at_ns; /* limit: when its bucket is empty again; written by the data path */
	u32 kind;  /* enum edge_helper */
	u32 zero;
};
_Static_assert(sizeof(struct helper_key) == 12 && sizeof(struct helper) == 16, "layout");

/* map expectations: connections that a helped one has announced, by the key that their first packet
 * has in nats, with 0 for the port that is not known yet: the sender's. */
struct expectation {
	u32 router[2];
	u32 kind;
};
_Static_assert(sizeof(struct expectation) == 12, "layout");

/* What a punted packet begins with, of PUNT_HELPED and PUNT_EXPECTED. */
enum helped_flags { HELPED_TO_SERVER = 1 << 0 };
#define HELPED_SEGMENT_SHIFT 16 /* flags: what offload has put together is of segments of it */
struct helped {
	u32 vni;  /* that it came to the router on */
	u32 port; /* its guest's, as in map ports; 0: it is from elsewhere */
	u32 router[2];
	struct translation to;
	u32 kind;
	u32 flags;
};
_Static_assert(sizeof(struct helped) == 32, "layout");

/* The largest that segmentation offload makes, in place of punt.frame. */
#define EDGE_HELPED_MAX (65536 + 18)
struct punt_helped {
	u32 ifindex, reason, len, identity; /* as of struct punt */
	struct helped about;
	u8 frame[EDGE_HELPED_MAX + 6];
};
_Static_assert(sizeof(struct punt_helped) == 48 + 65560, "layout");

/* Between the Ethernet and the IP header of a packet that the agent gives back; skb->mark says that
 * it is one. */
struct helped_back {
	u32 vni, port;
	u32 out;
	u32 zero;
};
#define EDGE_HELPED_MARK 0x77656668
_Static_assert(sizeof(struct helped_back) == 16, "layout");
