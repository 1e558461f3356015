/* SPDX-License-Identifier: Apache-2.0 */
/* QoS of the bed's guests, and what it makes of many frames. */
#pragma once

#include "bed.h"

/* The port as it is without port security, and with @qos. */
void put_qos(struct bed *bed, enum bed_place place, const struct dp_qos *qos);
/* Neither guest has any. */
void no_qos(struct bed *bed);
void send_many(struct bed *bed, enum bed_place place, const struct frame *frame, unsigned n);
/* Waits until all @sent frames have come out at @to or were dropped at @dropper for @reason; how
 * many came out. */
unsigned settle(struct bed *bed, enum bed_place to, enum bed_place dropper, const char *reason,
	u64 drops_before, unsigned sent);

/* 1000 bytes at 800 kbit/s: one in 10 ms; the burst is 10, and 300 ms of frames may wait. */
extern const struct dp_rate slow;
#define SLOW_AT_ONCE 40
#define SLOW_AT_MOST 120 /* when the machine is so slow that the sender takes a second */
