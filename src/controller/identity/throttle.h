/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slows down who guesses: each key (a user, an address) may fail `burst` times, and once more per
 * `refill_us`. A key is forgotten when it has all its tries again.
 */
#pragma once

#include "base/autoptr.h"
#include "base/types.h"

struct throttle;

struct throttle *throttle_new(unsigned burst, u64 refill_us);
void throttle_free(struct throttle *throttle);
DEFINE_AUTOPTR(throttle, throttle_free)

/* Takes one try; 0, or microseconds until there is one. @now_us is monotonic. */
u64 throttle_take(struct throttle *throttle, const char *key, u64 now_us);
/* The try succeeded: @key has all of them again. */
void throttle_forgive(struct throttle *throttle, const char *key);
/* The try did not count: @key has that one again, but not what others took. */
void throttle_refund(struct throttle *throttle, const char *key);
