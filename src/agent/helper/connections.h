/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helped TCP connections: what must be remembered of one from packet to packet. One that is not
 * known (any more) goes on unchanged.
 */
#pragma once

#include "agent/helper/adjust.h"
#include "agent/helper/packet.h"

enum helped_side { SIDE_GUEST, SIDE_PEER };
#define REPLACED_MAX 64
#define CONNECTIONS_MAX 16384 /* of the host */
#define CONNECTIONS_PER_ROUTER 4096

struct connection_key {
	u64 router;
	be32 guest, peer;
	u16 guest_port, peer_port;
	u32 proto;
};

struct connection {
	struct connection_key key;
	u64 *of_router; /* how many it has */
	struct {
		struct adjust adjust; /* of what this side sends */
		bool in_step;	      /* @line is known */
		u32 line;	      /* where the next line begins; of SIP what comes next */
		bool fin;
		struct { /* what was written into its segment at @seq */
			u32 seq;
			size_t len; /* 0: nothing */
			char text[REPLACED_MAX];
		} last;
		GByteArray *held; /* the beginning of a message, not sent on yet; or NULL */
		u32 held_seq;
		s64 held_us; /* since when */
	} sides[2];
	bool closed; /* reset, or by both */
	s64 seen_us;
	GList link;
};

struct connections;
#define HELD_S 3
#define HELD_MAX 8192	      /* of a side */
#define HELD_TOTAL (8u << 20) /* of the host */

struct connections *connections_new(void);
void connections_free(struct connections *connections);
/* Finds or makes it, and notes what the packet says of its state. NULL: there are too many. */
struct connection *connections_see(struct connections *connections,
	const struct connection_key *key, enum helped_side from, const struct packet *packet);
/* Keeps what begins at @seq back, in place of what was; false: it is too much. */
bool connections_hold(struct connections *connections, struct connection *connection,
	enum helped_side side, u32 seq, const u8 *bytes, size_t len);
/* What was kept back, the caller's; NULL: nothing. */
GByteArray *connections_release(
	struct connections *connections, struct connection *connection, enum helped_side side);
/* Forgets what has been silent for too long. */
void connections_expire(struct connections *connections, s64 now_us);
unsigned connections_count(const struct connections *connections);

/* Whether the segment begins with a line, or was seen to; it then says where the next one does. */
bool connection_in_step(
	struct connection *connection, enum helped_side from, const struct packet *packet);
