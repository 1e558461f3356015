/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the outside and back. The uplink's device is the wire too:
 *
 *   guest 1 10.0.0.1, floats as 203.0.113.21 ┐
 *   guest 2 10.0.0.2                         ├─ 100 ─ router ─ 203.0.113.10 ── wire ── 203.0.113.1
 *   guest 3 10.0.0.3, behind the peer        ┘       10.0.0.100
 *
 * The outside's network is untagged, or on a VLAN: each test runs on both.
 */
#pragma once

#include "bed.h"

#define IP4 0x0800
#define ARP 0x0806
#define IP6 0x86dd
#define ROUTER 0x1122334455667788ull
#define INSIDE_MAC "02:00:00:00:01:00"
#define GATEWAY_MAC "02:00:00:00:ee:10"
#define GATEWAY_IP "203.0.113.10"
#define GATEWAY_IP6 "2001:db8:1::10"
#define WIRE_MAC "06:00:00:00:00:01" /* of this host, where hosts share the router's address */
#define OTHER_MAC "06:00:00:00:00:02"
#define FLOATING_MAC "02:00:00:00:ee:21"
#define FLOATING_IP "203.0.113.21"
#define NEXT_MAC "02:00:00:00:ee:01"
#define NEXT_IP "203.0.113.1"
#define NEXT_IP6 "2001:db8:1::1"
#define FAR_IP "198.51.100.7"

extern u16 outside_vlan; /* 0: untagged */

u32 wire(struct bed *bed);
void put_gateway(struct bed *bed, bool here, bool snat);
/* One that is here and translates, and counts with others of the owner. */
struct owner {
	u64 number; /* 0: it alone */
	bool is_limited;
	u32 max;
};
void own_gateway(struct bed *bed, struct owner owner);
/* Hosts share the router's address: this one has @n ports from @first on, and a MAC of its own on
 * the wire, another has as many from @others on. @here: this one is the gateway's. */
void share_gateway(struct bed *bed, bool here, u16 first, u16 others, u16 n);
void put_floating_ip(struct bed *bed, const char *fixed);
int outside_setup(void **state);
int outside_setup_vlan(void **state);
/* All of main(): the tests untagged, then on a VLAN, for which WEFT_UNTAGGED says that there is no
 * time. How many failed. */
#define outside_run(tests)                                                              \
	(cmocka_run_group_tests_name("untagged", tests, outside_setup, bed_teardown) +  \
		(g_getenv("WEFT_UNTAGGED") ? 0                                          \
					   : cmocka_run_group_tests_name("VLAN", tests, \
						     outside_setup_vlan, bed_teardown)))
/* With the tag that it has on the wire. */
struct frame tagged(struct frame frame);
void wire_sends(struct bed *bed, struct frame frame);
void wire_gets(struct bed *bed, struct frame frame);
/* The next frame that comes out, without its tag. */
struct frame wire_receives(struct bed *bed);
/* The wire says who its router is, as an answer to an ARP probe would. */
void introduce(struct bed *bed);
struct frame udp_frame(const char *dst_mac, const char *src_mac, const char *src, const char *dst,
	u16 sport, u16 dport);
struct frame echo_frame(const char *dst_mac, const char *src_mac, const char *src, const char *dst,
	u8 type, u16 id);
struct frame tcp_frame(const char *dst_mac, const char *src_mac, const char *src, const char *dst,
	u16 sport, u16 dport);
/* The port in the header at that place. */
u16 port_at(const struct frame *frame, size_t at);
/* The port that guest 2's packet gets, where hosts share the router's address; it leaves as this
 * host's. */
u16 leaves_as(struct bed *bed, struct frame sent);
/* Guest 2's first segment to FAR_IP. */
struct frame opening(u16 sport);
