/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the firewall groups of routers' ports: guest 1 on VNI 100 and guest 2 on VNI 200,
 * between them a router whose two ports are guarded.
 *
 *   guest 1 10.0.0.1 … .8 ── 100 ── ROUTER_MAC1 router ROUTER_MAC2 ── 200 ── guest 2 10.2.0.1 … .8
 */
#pragma once

#include "bed.h"

#define IP4 0x0800
#define IP6 0x86dd
#define VNI2 200
#define ROUTER 0x1122334455667788ull
#define ROUTER_MAC1 "02:00:00:00:01:00"
#define ROUTER_MAC2 "02:00:00:00:02:00"
#define ROUTER_IP "10.0.0.77"
#define ROUTER_IP_6 "fd00::77"
#define FAR "10.2.0.1"
#define FAR_6 "fd02::1"
#define HOSTS 8
#define DENIED "denied-firewall"

extern const u8 *guard_group; /* of the ports that are guarded from now on; NULL: none */
extern u32 guard_flags;

int guard_setup(void **state);
/* @in: about what enters the router there, @out: about what leaves it. */
void guard(struct bed *bed, u32 vni, const char *hardware, const struct dp_guard_rule *in,
	size_t n_in, const struct dp_guard_rule *out, size_t n_out);
/* Between the guests' addresses @from and @to; @forth: by guest 1. */
struct frame packet(unsigned forth, u8 proto, unsigned from, unsigned to, u16 sport, u16 dport);
/* The frame as it comes out at the other guest. */
struct frame arrived(struct frame frame, bool forth);
void passes(struct bed *bed, bool forth, struct frame frame);
