/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which numbers of some spans are free: VNIs, addresses of a pool. Free ones are kept as ranges in
 * a balanced tree, so taking the next, taking one and giving one back cost O(log ranges), and a
 * full set says so at once. Taking is next-fit: a number given back is used again only after all
 * others, so that caches of it elsewhere have time to expire.
 */
#pragma once

#include <glib.h>

#include "base/types.h"

typedef unsigned __int128 u128;

struct number_set;

struct number_set *number_set_new(void);
void number_set_free(struct number_set *set);

/* Adds the span first…last, all free. Spans don't overlap. */
void number_set_add_span(struct number_set *set, u128 first, u128 last);

/* Takes the next free number; false: none. */
bool number_set_take_next(struct number_set *set, u128 *ret);
/* Finds the lowest free number of first…last without taking it; false: none. */
bool number_set_find(const struct number_set *set, u128 first, u128 last, u128 *ret);
/* The lowest one of first…last, all in spans, that is not free. */
bool number_set_find_taken(const struct number_set *set, u128 first, u128 last, u128 *ret);
/* Takes exactly that one; false: it is taken already, or in no span. */
bool number_set_take(struct number_set *set, u128 number);
/* Gives one back; no effect when it is free, or in no span. */
void number_set_give(struct number_set *set, u128 number);

u64 number_set_size(const struct number_set *set);	 /* of the spans, saturated */
u64 number_set_used_count(const struct number_set *set); /* saturated */
u64 number_set_free_count(const struct number_set *set); /* saturated */
