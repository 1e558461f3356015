/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence numbers of one direction of a TCP connection whose payload has become longer or shorter
 * at some place: of what is sent, and of what the other side acknowledges of it. Only the last
 * place is remembered, so the one before must have been acknowledged by then, as it has with
 * protocols that wait for answers.
 */
#pragma once

#include "base/types.h"

struct adjust {
	bool set;
	u32 at; /* of the segment that changed */
	s32 before, after;
};

u32 adjust_seq(const struct adjust *adjust, u32 seq);
u32 adjust_ack(const struct adjust *adjust, u32 ack);
/* The segment at @seq has become longer by @delta; one that is sent once more changes nothing. */
void adjust_note(struct adjust *adjust, u32 seq, s32 delta);
