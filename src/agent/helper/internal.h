/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that make up the helpers. */
#pragma once

#include "agent/helper/connections.h"
#include "agent/helper/expectations.h"
#include "agent/helper/helpers.h"

#define PORT_NAMED_MIN 1024 /* well-known services are never expected */

struct helpers {
	struct dp *dp;
	struct expectations *expectations;
	struct connections *connections;
	guint timer;
	u64 counts[N_HELPERS_COUNTS];
};

/* A packet of a helped connection, and who is who in it. */
struct helped_packet {
	const struct dp_helped *about;
	const struct packet *packet;
	struct connection *connection; /* NULL: of UDP, or not known */
	enum helped_side from;
	be32 guest, outside, peer; /* the peer knows the guest as @outside */
	u16 guest_port, outside_port, peer_port;
	bool floats; /* one to one: ports stay, and nothing need be expected */
};

/* Announces a connection from the peer to the guest's @port, @wanted outside if it can have that;
 * it has *ret_port. */
bool helped_expect_in(struct helpers *helpers, const struct helped_packet *helped, u8 proto,
	u16 port, u16 wanted, u16 *ret_port);
/* One from the guest to the peer's @port, which leaves as the same address as this one. */
bool helped_expect_out(
	struct helpers *helpers, const struct helped_packet *helped, u8 proto, u16 port);

/* More of the kind of this connection, from any port of the peer, for as long. */
void helped_expect_signalling(
	struct helpers *helpers, const struct helped_packet *helped, unsigned seconds);

/* The payload that goes in place of the packet's; NULL: it stays. The caller's. */
GByteArray *helped_ftp(struct helpers *helpers, const struct helped_packet *helped);
GByteArray *helped_sip(struct helpers *helpers, const struct helped_packet *helped);
/* Likewise of what TCP carries, which may be several messages, and the beginning of one that is
 * kept back: *ret_seq is where the payload begins then. */
GByteArray *helped_sip_stream(
	struct helpers *helpers, const struct helped_packet *helped, u32 *ret_seq);
void helped_tftp(struct helpers *helpers, const struct helped_packet *helped);
