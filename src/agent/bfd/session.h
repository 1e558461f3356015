/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One BFD session in asynchronous mode (RFC 5880 section 6): the state machine and its timers, no
 * I/O. Times are in microseconds of one monotonic clock, given by the caller.
 *
 * The owner feeds what arrives to bfd_session_receive(), and at bfd_session_due() at the latest
 * calls bfd_session_expire() and bfd_session_transmit().
 */
#pragma once

#include "agent/bfd/packet.h"

/* Three packets lost in a row are a failure: 600 ms. */
#define BFD_INTERVAL_US 200000
#define BFD_MULTIPLIER 3
#define BFD_SLOW_US 1000000 /* while not up, no faster than that (section 6.8.3) */

struct bfd_session {
	u32 discriminator;
	u8 state;	/* enum bfd_state */
	u8 diagnostic;	/* why it went down last */
	s64 changed_us; /* when the state changed */
	bool missed;	/* before it came up the neighbour had not heard this host */

	/* Of the neighbour's last packet; zero before. */
	u32 remote_discriminator, remote_min_rx_us, remote_min_tx_us;
	u8 remote_state, remote_multiplier;

	/* Of a path behind a session that is up (RFC 5880 section 6.8.17): what the neighbour is
	 * told of this host's, and what it says of its own. */
	bool path_down, remote_path_down;
	bool polling, final_due;
	s64 transmit_us; /* next packet */
	s64 expires_us;	 /* no packet until then: the neighbour is gone; 0: none expected */
};

/* @discriminator: not 0, unique among the owner's sessions. */
void bfd_session_init(struct bfd_session *session, u32 discriminator, s64 now_us);

/* What bfd_packet_read() let pass. True when the state changed. */
bool bfd_session_receive(struct bfd_session *session, const struct bfd_packet *packet, s64 now_us);

/* What the neighbour is told of the path behind this host, at once. */
void bfd_session_set_path(struct bfd_session *session, bool down, s64 now_us);

/* When something is to be done next. */
s64 bfd_session_due(const struct bfd_session *session);
/* True when the neighbour has been silent too long, and the state changed. */
bool bfd_session_expire(struct bfd_session *session, s64 now_us);
/* Fills in the packet to be sent; false when it is not time. @random: any number, for the jitter
 * (section 6.8.7). */
bool bfd_session_transmit(
	struct bfd_session *session, s64 now_us, u32 random, struct bfd_packet *ret);
