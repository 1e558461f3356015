/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maglev consistent hashing (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
 * Balancer", NSDI 2016, section 3.4): a table of places, each of which belongs to a member. Members
 * take turns in filling it, each in an order of its own; so all have their share, and a member that
 * comes or goes changes few places of others. With weights a member has its turn in so many of
 * the rounds as its weight says. The table depends on the members alone, not on their order, so
 * that all hosts have the same.
 */
#pragma once

#include <stddef.h>

#include "base/types.h"

struct maglev_member {
	u64 name; /* of all hosts the same, and of no two members */
	u32 weight;
	u16 number; /* what its places get */
};

/* Fills @places, of which there are @size, a prime. Members of weight 0 get none; where there is no
 * other, all places get @none. Sorts @members. */
void maglev_fill(struct maglev_member *members, size_t n, u16 none, u16 *places, u32 size);

/* A name of bytes. */
u64 maglev_name(const void *bytes, size_t len);
