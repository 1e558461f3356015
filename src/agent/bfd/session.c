/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bfd/session.h"

void bfd_session_init(struct bfd_session *session, u32 discriminator, s64 now_us)
{
	*session = (struct bfd_session){ .discriminator = discriminator,
		.state = BFD_DOWN,
		.remote_state = BFD_DOWN,
		.remote_min_rx_us = 1, /* section 6.8.1 */
		.changed_us = now_us,
		.transmit_us = now_us };
}

static u32 larger(u32 a, u32 b)
{
	return a > b ? a : b;
}

static u32 min_tx(const struct bfd_session *session)
{
	return session->state == BFD_UP ? BFD_INTERVAL_US : BFD_SLOW_US;
}

static void set_state(struct bfd_session *session, enum bfd_state state, s64 now_us)
{
	bool was_up = session->state == BFD_UP;

	session->state = (u8)state;
	session->changed_us = now_us;
	/* Another interval is agreed on by a poll sequence (section 6.8.3). */
	if (state == BFD_UP)
		session->polling = true;
	else if (was_up)
		session->polling = false;
	session->transmit_us = now_us; /* at once, not with the next slow packet */
}

/* Section 6.8.6, the state machine at its end; section 6.2. */
static bool advance(struct bfd_session *session, s64 now_us)
{
	u8 before = session->state, remote = session->remote_state;

	if (remote == BFD_ADMIN_DOWN || (before == BFD_UP && remote == BFD_DOWN)) {
		if (before == BFD_DOWN)
			return false;
		session->diagnostic = BFD_DIAG_NEIGHBOUR_DOWN;
		set_state(session, BFD_DOWN, now_us);
		return true;
	}
	if (before == BFD_DOWN && remote == BFD_DOWN)
		set_state(session, BFD_INIT, now_us);
	else if ((before == BFD_DOWN && remote == BFD_INIT) ||
		 (before == BFD_INIT && (remote == BFD_INIT || remote == BFD_UP)))
		set_state(session, BFD_UP, now_us);
	return session->state != before;
}

bool bfd_session_receive(struct bfd_session *session, const struct bfd_packet *packet, s64 now_us)
{
	u32 interval = larger(BFD_INTERVAL_US, packet->desired_min_tx_us);

	session->remote_discriminator = packet->my_discriminator;
	session->remote_state = packet->state;
	session->remote_multiplier = packet->detect_multiplier;
	session->remote_min_rx_us = packet->required_min_rx_us;
	session->remote_min_tx_us = packet->desired_min_tx_us;
	session->remote_path_down =
		packet->state == BFD_UP && packet->diagnostic == BFD_DIAG_PATH_DOWN;
	if (packet->final)
		session->polling = false;
	if (packet->poll) {
		session->final_due = true;
		session->transmit_us = now_us;
	}
	session->expires_us = now_us + (s64)packet->detect_multiplier * interval;
	if (!advance(session, now_us))
		return false;
	if (session->state == BFD_UP) /* the neighbour goes on saying why it was down */
		session->missed = packet->diagnostic == BFD_DIAG_EXPIRED;
	return true;
}

void bfd_session_set_path(struct bfd_session *session, bool down, s64 now_us)
{
	if (session->path_down == down)
		return;
	session->path_down = down;
	session->transmit_us = now_us; /* section 6.8.7: other content need not wait */
}

s64 bfd_session_due(const struct bfd_session *session)
{
	if (session->expires_us && session->expires_us < session->transmit_us)
		return session->expires_us;
	return session->transmit_us;
}

bool bfd_session_expire(struct bfd_session *session, s64 now_us)
{
	if (!session->expires_us || now_us < session->expires_us)
		return false;
	session->expires_us = 0;
	session->remote_discriminator = 0; /* section 6.8.1: it may come back with another */
	session->remote_min_rx_us = 1;
	session->remote_state = BFD_DOWN;
	session->remote_path_down = false;
	if (session->state == BFD_DOWN)
		return false;
	session->diagnostic = BFD_DIAG_EXPIRED;
	set_state(session, BFD_DOWN, now_us);
	return true;
}

/* 75 to 100 % of the interval, as if the multiplier were not 1 (section 6.8.7). */
static s64 with_jitter(u32 interval, u32 random)
{
	return interval - (s64)interval / 4 * (random % 1024) / 1024;
}

bool bfd_session_transmit(
	struct bfd_session *session, s64 now_us, u32 random, struct bfd_packet *ret)
{
	u32 interval = larger(min_tx(session), session->remote_min_rx_us);

	if (now_us < session->transmit_us)
		return false;
	session->transmit_us = now_us + with_jitter(interval, random);
	if (!session->remote_min_rx_us && !session->final_due)
		return false; /* the neighbour wants none */
	*ret = (struct bfd_packet){
		.diagnostic = session->path_down && session->state == BFD_UP ? BFD_DIAG_PATH_DOWN
									     : session->diagnostic,
		.state = session->state,
		.poll = session->polling && !session->final_due,
		.final = session->final_due,
		.detect_multiplier = BFD_MULTIPLIER,
		.my_discriminator = session->discriminator,
		.your_discriminator = session->remote_discriminator,
		.desired_min_tx_us = min_tx(session),
		.required_min_rx_us = BFD_INTERVAL_US,
	};
	session->final_due = false;
	return true;
}
