/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/adjust.h"

#include <string.h>

/* Sequence numbers wrap (RFC 9293 section 3.4). */
static bool is_after(u32 a, u32 b)
{
	return (s32)(a - b) > 0;
}

u32 adjust_seq(const struct adjust *adjust, u32 seq)
{
	for (unsigned i = adjust->n; i-- > 0;)
		if (is_after(seq, adjust->places[i].at))
			return seq + (u32)adjust->places[i].after;
	return adjust->n ? seq + (u32)adjust->places[0].before : seq;
}

/* What is acknowledged of it, as it was sent. */
static u32 sent_of(const struct adjust *adjust, u32 ack)
{
	for (unsigned i = adjust->n; i-- > 0;) {
		const struct adjust_place *place = &adjust->places[i];
		u32 begins = place->at + (u32)place->before;

		if (is_after(begins + place->len, ack) && is_after(ack, begins))
			return place->at;
		if (is_after(ack, begins))
			return ack - (u32)place->after;
	}
	return adjust->n ? ack - (u32)adjust->places[0].before : ack;
}

u32 adjust_ack(struct adjust *adjust, u32 ack)
{
	ack = sent_of(adjust, ack);
	if (adjust->n && (!adjust->any_acked || is_after(ack, adjust->acked))) {
		adjust->acked = ack;
		adjust->any_acked = true;
	}
	return ack;
}

/* Whether the first place will not be asked about any more. */
static bool is_past(const struct adjust *adjust)
{
	return adjust->n < ADJUST_PLACES ||
	       (adjust->any_acked && is_after(adjust->acked, adjust->places[0].at));
}

bool adjust_fits(const struct adjust *adjust, u32 seq, s32 delta)
{
	for (unsigned i = adjust->n; i-- > 0;) {
		const struct adjust_place *place = &adjust->places[i];

		if (is_after(seq, place->at))
			return !delta || (i == adjust->n - 1 && is_past(adjust));
		if (seq == place->at)
			return place->after - place->before == delta;
	}
	return !adjust->n || !delta;
}

void adjust_note(struct adjust *adjust, u32 seq, s32 delta, u32 len)
{
	const struct adjust_place *last = adjust->n ? &adjust->places[adjust->n - 1] : NULL;
	struct adjust_place place = { .at = seq, .len = len, .before = last ? last->after : 0 };

	if (!delta || (last && !is_after(seq, last->at)))
		return;
	place.after = place.before + delta;
	if (adjust->n == ADJUST_PLACES)
		memmove(adjust->places, adjust->places + 1,
			--adjust->n * sizeof(adjust->places[0]));
	adjust->places[adjust->n++] = place;
}
