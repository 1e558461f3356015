/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ethernet frames with one UDP datagram or one ICMPv6 message in them: take apart and put together.
 * Untagged, no fragments, no IPv6 extension headers: whatever else a guest may send to a service is
 * refused with a reason.
 *
 * The checksum of the IPv4 header is checked, those of UDP and ICMPv6 are not: a frame of a guest
 * on this host has not been on a wire, and with checksum offload (veth, virtio) they are not filled
 * in yet.
 */
#pragma once

#include "base/addr.h"

#define FRAME_MAX 1536
#define FRAME_ETHERNET_BYTES 14

struct frame {
	u8 data[FRAME_MAX];
	size_t len; /* 0: no frame */
};

/* Who talks to whom. */
struct frame_flow {
	struct mac src_mac, dst_mac;
	struct ip src, dst;
	u16 src_port, dst_port; /* zero in ICMPv6 */
};

/* X(symbol, text) */
#define FRAME_ERRORS(X)                         \
	X(OK, "ok")                             \
	X(TRUNCATED, "truncated")               \
	X(PROTOCOL, "another protocol")         \
	X(LENGTH, "lengths disagree")           \
	X(CHECKSUM, "bad IPv4 header checksum") \
	X(FRAGMENT, "fragment or extension header")

enum frame_error {
#define X(symbol, text) FRAME_##symbol,
	FRAME_ERRORS(X)
#undef X
};

/* The payload of a UDP datagram, or of an ICMPv6 message with its header; borrowed from @frame. */
enum frame_error frame_parse_udp(const u8 *frame, size_t len, struct frame_flow *ret_flow,
	const u8 **ret_payload, size_t *ret_len);
/* @ret_hop_limit matters to neighbour discovery: only 255 has not been through a router. */
enum frame_error frame_parse_icmp6(const u8 *frame, size_t len, struct frame_flow *ret_flow,
	u8 *ret_hop_limit, const u8 **ret_message, size_t *ret_len);

/* The way back: sources and destinations exchanged. */
struct frame_flow frame_flow_reverse(const struct frame_flow *flow);

/* Builds a frame with all lengths and checksums. False, and an empty frame, when it would not fit
 * into FRAME_MAX or the addresses are of different families. */
bool frame_build_udp(
	struct frame *ret, const struct frame_flow *flow, const u8 *payload, size_t len);
/* @message's checksum field is computed; hop limit 255. */
bool frame_build_icmp6(
	struct frame *ret, const struct frame_flow *flow, const u8 *message, size_t len);

/* Largest UDP payload in an IP packet of @mtu_bytes, and in FRAME_MAX. */
size_t frame_udp_payload_max(u8 family, u32 mtu_bytes);
