/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of addresses of one family as the fewest prefixes that make it up: which prefixes a pool
 * has, which of them are free. What a set is made of does not depend on the way it came about, so
 * what is found in it does not either. Each operation costs O(bits · log prefixes).
 */
#pragma once

#include "base/addr.h"

struct prefix_set;

struct prefix_set *prefix_set_new(void);
void prefix_set_free(struct prefix_set *set);

void prefix_set_add(struct prefix_set *set, const struct prefix *prefix);
void prefix_set_remove(struct prefix_set *set, const struct prefix *prefix);

bool prefix_set_contains(const struct prefix_set *set, const struct prefix *prefix); /* all of it */
bool prefix_set_overlaps(const struct prefix_set *set, const struct prefix *prefix);

/* A prefix of @len bits that is in the set: the first one of the smallest that is large enough. */
bool prefix_set_find(const struct prefix_set *set, unsigned len, struct prefix *ret);

/* Its prefixes in the order of their addresses. */
typedef void (*prefix_set_fn)(const struct prefix *prefix, void *user);
void prefix_set_each(const struct prefix_set *set, prefix_set_fn each, void *user);
