/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the firewall. Guest 1 and guest 2 have a policy each, which a test states; every test
 * begins with both closed and no connections (firewall_begin()). IP3 is behind the peer.
 */
#pragma once

#include "bed.h"

#define ETH_IP4 0x0800
#define ETH_IP6 0x86dd
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

extern const u8 policy1[16], policy2[16], domain[16], group[16];

#define POLICY(bed, id, ...)                                         \
	put_policy(bed, id, (const struct dp_rule[]){ __VA_ARGS__ }, \
		sizeof((const struct dp_rule[]){ __VA_ARGS__ }) / sizeof(struct dp_rule))

#define OUT1 rule(10, DP_EGRESS, -1, -1, -1)
#define UDP_IN2(min, max) rule(20, DP_INGRESS, IPPROTO_UDP, min, max)
#define TCP_IN2(min, max) rule(21, DP_INGRESS, IPPROTO_TCP, min, max)

struct prefix prefix(const char *text);
struct dp_rule rule(u8 id, enum dp_direction direction, int proto, int min, int max);
void put_policy(struct bed *bed, const u8 id[16], const struct dp_rule *rules, size_t n);
void put_port(struct bed *bed, enum bed_place place, const u8 *policy);
void put_port_with(struct bed *bed, enum bed_place place, const u8 *policy, u32 flags);
/* How many connections the project of both guests may have; NO_LIMIT until it is said. */
#define NO_LIMIT (-1)
void put_limit(struct bed *bed, s64 limit);
int firewall_begin(void **state);
struct frame frame_of(enum bed_place from, u8 proto, struct frame payload);
struct frame udp(enum bed_place from, u16 sport, u16 dport);
struct frame tcp(enum bed_place from, u16 sport, u16 dport, u8 flags, u32 seq, u32 ack);
void expect_passes(struct bed *bed, enum bed_place from, struct frame frame);
void expect_refused(struct bed *bed, enum bed_place from, enum bed_place at, struct frame frame,
	const char *reason);
void handshake(struct bed *bed, u16 sport, u16 dport);
