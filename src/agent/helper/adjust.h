/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence numbers of one direction of a TCP connection whose payload has become longer or shorter
 * at some places: of what is sent, and of what the other side acknowledges of it. As many places
 * are remembered as there is room for; one that has been acknowledged makes room for another.
 */
#pragma once

#include "base/types.h"

#define ADJUST_PLACES 64

struct adjust {
	unsigned n;
	struct adjust_place {
		u32 at, len; /* where the text begins that changed, as sent; its length now */
		s32 before, after;
	} places[ADJUST_PLACES]; /* in their order */
	bool any_acked;
	u32 acked; /* how far the other side has acknowledged it, as sent */
};

u32 adjust_seq(const struct adjust *adjust, u32 seq);
/* Of a text that changed nothing is acknowledged before all of it is. */
u32 adjust_ack(struct adjust *adjust, u32 ack);
/* Whether the text at @seq may become longer by @delta: there is room to remember it, and nothing
 * behind it has changed, or it has itself. */
bool adjust_fits(const struct adjust *adjust, u32 seq, s32 delta);
/* The text at @seq has become longer by @delta, @len bytes in all; one that is sent once more
 * changes nothing. */
void adjust_note(struct adjust *adjust, u32 seq, s32 delta, u32 len);
