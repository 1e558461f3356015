/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/* The part of edge.h that is about frames for the agent (bpf/punt.h). Included by it. */
#pragma once

/* ring buffer punts. */
enum punt_reason {
	PUNT_DHCP4,
	PUNT_DHCP6,
	PUNT_RS,
	PUNT_DNS,
	PUNT_NEIGHBOUR,
	PUNT_METADATA,
	PUNT_PROBE,
	PUNT_HELPED,   /* see struct helped */
	PUNT_EXPECTED, /* the same */
	PUNT_ANNOUNCED /* see struct announcement */
};
struct punt {
	u32 ifindex;
	u32 reason;
	u32 len; /* of frame */
	u32 identity;
	u8 frame[EDGE_PUNT_FRAME_MAX];
};
_Static_assert(sizeof(struct punt) == 2048, "layout");

/* In place of punt.frame: the guest says that it has the address, by that MAC. */
struct announcement {
	struct addr addr;
	u8 mac[6];
	u8 solicited; /* somebody has asked for it: it may not be alone in having it */
	u8 zero;
};
_Static_assert(sizeof(struct announcement) == 24, "layout");
