/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of health checks: segments of TCP, datagrams, echo requests; and what comes back. */
#pragma once

#include "agent/frame/frame.h"
#include "datapath/datapath.h"

#define PROBE_PORT_FIRST ((u32)DP_PROBE_PORT)
#define PROBE_PORTS 512u

enum probe_flags { PROBE_FIN = 1, PROBE_SYN = 2, PROBE_RST = 4, PROBE_PSH = 8, PROBE_ACK = 16 };

void probe_tcp(struct frame *ret, const struct frame_flow *flow, u8 flags, u32 seq, u32 ack,
	const char *payload);
void probe_ping(struct frame *ret, const struct frame_flow *flow, u16 id);

enum probe_answer { PROBE_NOTHING, PROBE_TCP, PROBE_PONG, PROBE_UNREACHABLE };
struct probe_reply {
	enum probe_answer type;
	u16 probe;    /* the port that it was sent from, or the identifier */
	u8 flags;     /* PROBE_TCP */
	u32 seq, ack; /* the same */
	const u8 *payload;
	size_t len;
};
/* Borrows from @frame. */
struct probe_reply probe_parse(const u8 *frame, size_t len);
