/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The receive window of the guest at one end of a tracked TCP connection (RFC 9293 section 3.4),
 * from what it sends: RCV.NXT is what it acknowledged last, the size is the high byte of what it
 * advertised last, rounded up, by the scale that its SYN offered. One store a segment keeps it.
 */
#pragma once

#include "flow.h"

#define WINDOW_SCALE_MAX 14    /* RFC 7323 section 2.3 */
#define WINDOW_SCALE_UNKNOWN 8 /* of a connection whose opening was not seen */
#define SEGMENT_MAX 65536u     /* how far before the window a segment that reaches into it begins */
#define ANSWER_SLACK (1u << 20) /* what a server may have sent before it was acknowledged */
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_WINDOW_SCALE 3
#define OPTION_BYTES_MAX 40

struct option_walk {
	struct __sk_buff *skb;
	u32 at, end; /* in the frame */
	int scale;
};

/* The option at walk->at: 1 when no more are to be looked at. */
static long option_next(u32 i, void *data)
{
	struct option_walk *walk = data;
	u8 option[3];

	if (walk->at + 3 > walk->end ||
		bpf_skb_load_bytes(walk->skb, walk->at, option, sizeof(option)) ||
		option[0] == OPTION_END)
		return 1;
	if (option[0] == OPTION_WINDOW_SCALE) {
		walk->scale = option[2] < WINDOW_SCALE_MAX ? option[2] : WINDOW_SCALE_MAX;
		return 1;
	}
	if (option[0] != OPTION_NOP && option[1] < 2)
		return 1;
	walk->at += option[0] == OPTION_NOP ? 1 : option[1];
	return 0;
}

#define OPTIONS_OF_SIZE 0x0402u	  /* the first: the segment size */
#define OPTIONS_TIMED 0x0a080204u /* behind it: SACK, and time stamps */
#define OPTIONS_TIMED_END 16
#define OPTIONS_USUAL 20
#define OPTION_SCALE_MASK 0x00ffffffu
#define OPTION_SCALE 0x00030301u /* NOP, window scale, which follows */

/* The scale among the options at walk->at as nearly all senders order them: the segment size first,
 * and the scale behind it or, as Linux has it, behind SACK and time stamps; -1: they are others. */
static __always_inline int options_usual(const struct option_walk *walk)
{
	u32 options[2]; /* not all of them: Linux 6.1 has no stack for that */

	if (walk->end < walk->at + OPTIONS_USUAL ||
		bpf_skb_load_bytes(walk->skb, walk->at, options, sizeof(options)) ||
		(options[0] & 0xffff) != OPTIONS_OF_SIZE)
		return -1;
	if (options[1] == OPTIONS_TIMED &&
		bpf_skb_load_bytes(walk->skb, walk->at + OPTIONS_TIMED_END, &options[1], 4))
		return -1;
	return (options[1] & OPTION_SCALE_MASK) == OPTION_SCALE ? (int)(options[1] >> 24) : -1;
}

/* The window scale that a SYN offers, 0 without one. @off: of the TCP header. */
__noinline int tcp_window_scale(struct __sk_buff *skb, u32 off)
{
	struct option_walk walk = { .skb = skb, .at = off + sizeof(struct tcphdr) };
	u8 data_offset = 0;
	int scale;

	if (bpf_skb_load_bytes(skb, off + 12, &data_offset, 1))
		return 0;
	walk.end = off + (u32)(data_offset >> 4) * 4;
	scale = options_usual(&walk);
	if (scale >= 0)
		return scale < WINDOW_SCALE_MAX ? scale : WINDOW_SCALE_MAX;
	bpf_loop(OPTION_BYTES_MAX, option_next, &walk, 0);
	return walk.scale;
}

static __always_inline u32 window_size(const struct flow *connection)
{
	return (connection->window + 1u) << (8 + connection->window_scale);
}

static __always_inline bool window_has(const struct flow *connection, u32 seq)
{
	return seq - bpf_ntohl(connection->ack) < window_size(connection);
}

/* Whether a segment that begins at @seq may reach into the window. */
static __always_inline bool window_may_touch(const struct flow *connection, u32 seq)
{
	return seq - (bpf_ntohl(connection->ack) - SEGMENT_MAX) <
	       window_size(connection) + SEGMENT_MAX;
}

/* Of a segment of the guest. Writes only what has changed. */
static __always_inline void window_note(struct flow *connection, const struct pkt *pkt)
{
	if (connection->ack == pkt->ack && connection->window == pkt->tcp_window)
		return;
	connection->ack = pkt->ack;
	connection->window = pkt->tcp_window;
}

/* The same, of one that may open the connection, or answer its opening. */
static __always_inline void window_note_slowly(
	struct flow *connection, const struct pkt *pkt, u32 seq)
{
	if (pkt->tcp_flags & TCP_ACK)
		window_note(connection, pkt);
	if (!(pkt->tcp_flags & TCP_SYN))
		return;
	connection->window_scale = pkt->tcp_scale & 15;
	if (connection->state == FLOW_NEW && connection->flags & FLOW_BY_REMOTE)
		flow_set_answer(connection, seq + 1);
}

/* The window of a connection that begins with a packet, as far as it is known. */
static __always_inline void window_begin(
	struct flow *flow, const struct pkt *pkt, u32 direction, u32 seq)
{
	flow->window_scale = WINDOW_SCALE_UNKNOWN;
	flow->ack = direction == RULE_INGRESS  ? bpf_htonl(seq)
		    : pkt->tcp_flags & TCP_ACK ? pkt->ack
					       : 0;
	if (direction == RULE_INGRESS || pkt->proto != IPPROTO_TCP)
		return;
	flow->window = pkt->tcp_window;
	if (pkt->tcp_flags & TCP_SYN)
		flow->window_scale = pkt->tcp_scale & 15;
}

/* Whether a connection that the guest opens was begun by its SYN, and it has acknowledged nothing
 * of the other side since. */
static __always_inline bool window_is_unheard(const struct flow *connection)
{
	return connection->state == FLOW_NEW && !(connection->flags & FLOW_BY_REMOTE) &&
	       !connection->ack;
}

/* Whether the opener has seen the guest's answer to its SYN: who writes another's address as its
 * own has not, and can't make a connection of it. The guest itself is not asked. */
static __always_inline bool window_answers(const struct flow *connection, const struct pkt *pkt)
{
	u32 answer = flow_answer(connection);

	return !(connection->flags & FLOW_BY_REMOTE) || !answer ||
	       bpf_ntohl(pkt->ack) - answer < ANSWER_SLACK;
}
