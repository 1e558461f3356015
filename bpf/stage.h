/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that others tail-call: all that the fast path does not need. A call that fails falls
 * through. */
#pragma once

#include "kernel.h"

enum stage {
	STAGE_GUEST,	      /* from a guest, no current flow entry */
	STAGE_GUEST_ND,	      /* neighbour discovery from a guest */
	STAGE_GUEST_ARP,      /* ARP from a guest */
	STAGE_UNICAST,	      /* a checked frame of a guest, to be switched */
	STAGE_TOO_BIG,	      /* larger than the MTU in cb[CB_MTU] */
	STAGE_ROUTE,	      /* a checked packet of a guest to a router's MAC; cb: see route.h */
	STAGE_ICMP_ERROR,     /* one that a router can't forward; cb: see icmp_error.h */
	STAGE_UNDERLAY,	      /* from a peer, no current flow entry; cb: see receive.h */
	STAGE_FLOOD,	      /* copies to local ports; cb: see flood.h */
	STAGE_FLOOD_HOSTS,    /* copies to other hosts */
	STAGE_WIRE,	      /* a frame on the wire's network cb[CB_ROUTE_VNI] */
	STAGE_WIRE_NEIGHBOUR, /* ARP or neighbour discovery among them */
	STAGE_OUTSIDE,	      /* a packet whose route leads to a wire; cb: see outside.h */
	STAGE_INSIDE,	      /* a packet from a wire to a router of this host */
	STAGE_TAGGED,	      /* from a guest, tagged */
	STAGE_BALANCE,	      /* a checked packet of a guest on the VIP's network */
	STAGE_BALANCE_WIRE,   /* a frame for a VIP on the wire's network cb[CB_ROUTE_VNI] */
	STAGE_LIMITED,	      /* through limits and the shaper to its output; cb: see shaper.h */
	STAGE_RESET,	      /* a TCP segment that no host can translate; cb as at outside.h */
	N_STAGES
};

#define STAGE_PROGRAM(name) int name(struct __sk_buff *skb)
STAGE_PROGRAM(guest_slow);
STAGE_PROGRAM(guest_nd);
STAGE_PROGRAM(guest_arp);
STAGE_PROGRAM(guest_unicast);
STAGE_PROGRAM(too_big);
STAGE_PROGRAM(guest_route);
STAGE_PROGRAM(icmp_error);
STAGE_PROGRAM(underlay_slow);
STAGE_PROGRAM(flood_ports);
STAGE_PROGRAM(flood_hosts);
STAGE_PROGRAM(wire_switch);
STAGE_PROGRAM(wire_neighbour_frame);
STAGE_PROGRAM(outside);
STAGE_PROGRAM(inside);
STAGE_PROGRAM(guest_tagged);
STAGE_PROGRAM(guest_balance);
STAGE_PROGRAM(wire_balance);
STAGE_PROGRAM(limited_output);
STAGE_PROGRAM(tcp_reset);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, N_STAGES);
	__uint(key_size, sizeof(u32));
	__array(values, int(struct __sk_buff *));
} stages SEC(".maps") = {
	.values = {
		[STAGE_GUEST] = (void *)&guest_slow,
		[STAGE_GUEST_ND] = (void *)&guest_nd,
		[STAGE_GUEST_ARP] = (void *)&guest_arp,
		[STAGE_UNICAST] = (void *)&guest_unicast,
		[STAGE_TOO_BIG] = (void *)&too_big,
		[STAGE_ROUTE] = (void *)&guest_route,
		[STAGE_ICMP_ERROR] = (void *)&icmp_error,
		[STAGE_UNDERLAY] = (void *)&underlay_slow,
		[STAGE_FLOOD] = (void *)&flood_ports,
		[STAGE_FLOOD_HOSTS] = (void *)&flood_hosts,
		[STAGE_WIRE] = (void *)&wire_switch,
		[STAGE_WIRE_NEIGHBOUR] = (void *)&wire_neighbour_frame,
		[STAGE_OUTSIDE] = (void *)&outside,
		[STAGE_INSIDE] = (void *)&inside,
		[STAGE_TAGGED] = (void *)&guest_tagged,
		[STAGE_BALANCE] = (void *)&guest_balance,
		[STAGE_BALANCE_WIRE] = (void *)&wire_balance,
		[STAGE_LIMITED] = (void *)&limited_output,
		[STAGE_RESET] = (void *)&tcp_reset,
	},
};
