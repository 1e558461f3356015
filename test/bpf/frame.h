/* SPDX-License-Identifier: Apache-2.0 */
/* Frames for tests, built from the inside out: frame_eth(…, frame_ip4(…, frame_udp(…))). Checksums
 * are right. */
#pragma once

#include "base/addr.h"

#define FRAME_MAX 9216

struct frame {
	u8 b[FRAME_MAX];
	size_t len;
};

struct frame frame_bytes(const void *bytes, size_t len);
struct frame frame_fill(size_t len); /* a pattern */
struct frame frame_push(struct frame inner, const void *header, size_t len);

struct frame frame_eth(const char *dst, const char *src, u16 type, struct frame payload);
struct frame frame_arp(u16 operation, const char *sender_mac, const char *sender_ip,
	const char *target_mac, const char *target_ip);
/* Family of the addresses decides; the transport checksum of UDP and ICMPv6 in @payload is filled
 * in. */
struct frame frame_ip(const char *src, const char *dst, u8 proto, struct frame payload);
struct frame frame_udp(u16 sport, u16 dport, struct frame payload);
struct frame frame_tcp_syn(u16 sport, u16 dport);
struct frame frame_tcp(u16 sport, u16 dport, u8 flags, u32 seq, u32 ack, struct frame payload);
struct frame frame_icmp(u8 type, u8 code, u32 rest, struct frame payload);
/* Neighbour solicitation or advertisement; @option_mac NULL: without option. */
struct frame frame_nd(u8 type, u32 flags, const char *target, u8 option, const char *option_mac);
struct frame frame_vxlan(u32 vni, struct frame inner);
struct frame frame_geneve(u32 vni, const void *options, size_t options_len, struct frame inner);
/* The fragment of an IPv4 frame at @offset (in 8 bytes) with @len bytes of its payload. */
struct frame frame_fragment(struct frame whole, u16 offset, bool more, size_t len);
/* The frame as a router passes it on, but for the MACs: one hop less, the checksum right. */
struct frame frame_hop(struct frame frame);
