/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/adjust.h"

/* Sequence numbers wrap (RFC 9293 section 3.4). */
static bool is_after(u32 a, u32 b)
{
	return (s32)(a - b) > 0;
}

u32 adjust_seq(const struct adjust *adjust, u32 seq)
{
	if (!adjust->set)
		return seq;
	return seq + (u32)(is_after(seq, adjust->at) ? adjust->after : adjust->before);
}

u32 adjust_ack(const struct adjust *adjust, u32 ack)
{
	if (!adjust->set)
		return ack;
	return ack - (u32)(is_after(ack - (u32)adjust->before, adjust->at) ? adjust->after
									   : adjust->before);
}

void adjust_note(struct adjust *adjust, u32 seq, s32 delta)
{
	if (adjust->set && !is_after(seq, adjust->at))
		return;
	if (!delta)
		return;
	*adjust = (struct adjust){
		.set = true, .at = seq, .before = adjust->after, .after = adjust->after + delta
	};
}
