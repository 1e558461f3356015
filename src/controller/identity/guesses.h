/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slows down who guesses passwords. Counted are, per user and address, ten tries, then one every
 * five seconds: so nobody is kept out by what others guess. Per address, which many people may
 * share, a hundred, then one a second. Per user, from all addresses together, two hundred, then one
 * a second. Of an IPv6 address its /64 counts (source.h).
 */
#pragma once

#include "base/autoptr.h"
#include "base/types.h"

struct guesses;

struct guesses *guesses_new(void);
void guesses_free(struct guesses *guesses);
DEFINE_AUTOPTR(guesses, guesses_free)

/* May @user (any text that names one) be tried from @address? Counts as a try. 0, or microseconds
 * until there is one. @now_us is monotonic. */
u64 guesses_take(struct guesses *guesses, const char *user, const char *address, u64 now_us);

/* It was no guess. Others' passwords may have been guessed at from @address before: it has this one
 * try back, no more. */
void guesses_forgive(struct guesses *guesses, const char *user, const char *address);
