/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts by token, of which only a hash is kept. Valid and invalid ones have their own room, the
 * longest unused makes place: whoever shows many wrong tokens displaces no right one.
 */
#pragma once

#include "controller/auth/credential.h"
#include "controller/keystone/keystone.h"

#define KEYSTONE_CACHE_MAX 10000 /* of each */

struct keystone_cache;

struct keystone_cache *keystone_cache_new(void);
void keystone_cache_free(struct keystone_cache *cache);

/* Borrowed; NULL: not known, or not any more. */
struct keystone_verdict *keystone_cache_get(
	struct keystone_cache *cache, const struct credential_hash *hash, u64 now_us);
/* Takes a reference of its own. */
void keystone_cache_put(struct keystone_cache *cache, const struct credential_hash *hash,
	struct keystone_verdict *verdict, u64 until_us);
unsigned keystone_cache_count(
	const struct keystone_cache *cache, enum keystone_result result); /* VALID or INVALID */
