/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP segment or UDP datagram in an IPv4 packet of a helped connection: taken apart, and put
 * together with another payload and all checksums, which a guest on this host leaves to a network
 * card that there is not. What segmentation offload made comes apart again.
 */
#pragma once

#include <glib.h>

#include "base/addr.h"

#define PACKET_ETHERNET_BYTES 14
#define PACKET_MSS_DEFAULT 536 /* RFC 9293 section 3.7.1: what everybody takes */

enum packet_flags {
	PACKET_FIN = 1,
	PACKET_SYN = 2,
	PACKET_RST = 4,
	PACKET_PSH = 8,
	PACKET_ACK = 16
};

struct packet {
	const u8 *frame; /* borrowed */
	size_t len;	 /* up to the end of the IP packet */
	size_t l4, payload;
	u8 proto, flags; /* of TCP */
	be32 src, dst;
	u16 sport, dport;
	u32 seq, ack;
};

/* False: it is anything else, a fragment, or cut short. */
bool packet_parse(const u8 *frame, size_t len, struct packet *ret);
static inline size_t packet_payload_len(const struct packet *packet)
{
	return packet->len - packet->payload;
}

struct packet_change {
	const u8 *payload;
	size_t len;
	u32 seq, ack;
	size_t chunk; /* of TCP, bytes of payload in a segment at most; 0: no limit */
};
typedef void (*packet_out_fn)(const u8 *frame, size_t len, void *data);
/* Calls @out with each frame that the packet becomes. A SYN loses its offer of selective
 * acknowledgements: with them, sequence numbers would be in options of all that follows. False: it
 * would be longer than an IP packet may be. */
bool packet_emit(const struct packet *packet, const struct packet_change *change, packet_out_fn out,
	void *data);
