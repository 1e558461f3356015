/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/throttle.h"

#include <glib.h>

/* Beyond so many keys at once, the new ones share one. */
#define MAX_KEYS 65536
#define OVERFLOW_KEY ""

struct throttle {
	unsigned burst;
	u64 refill_us;
	GHashTable *full_at; /* key → u64: when it will have all tries again */
};

struct throttle *throttle_new(unsigned burst, u64 refill_us)
{
	struct throttle *throttle = g_new0(struct throttle, 1);

	throttle->burst = burst;
	throttle->refill_us = refill_us;
	throttle->full_at = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return throttle;
}

void throttle_free(struct throttle *throttle)
{
	g_hash_table_destroy(throttle->full_at);
	g_free(throttle);
}

static gboolean is_full(gpointer key, gpointer full_at, gpointer now_us)
{
	(void)key;
	return *(u64 *)full_at <= *(u64 *)now_us;
}

static u64 *bucket_of(struct throttle *throttle, const char *key, u64 now_us)
{
	u64 *full_at = g_hash_table_lookup(throttle->full_at, key);

	if (full_at)
		return full_at;
	if (g_hash_table_size(throttle->full_at) >= MAX_KEYS) {
		g_hash_table_foreach_remove(throttle->full_at, is_full, &now_us);
		if (g_hash_table_size(throttle->full_at) >= MAX_KEYS) {
			key = OVERFLOW_KEY;
			full_at = g_hash_table_lookup(throttle->full_at, key);
		}
	}
	if (!full_at) {
		full_at = g_new0(u64, 1);
		g_hash_table_insert(throttle->full_at, g_strdup(key), full_at);
	}
	return full_at;
}

u64 throttle_take(struct throttle *throttle, const char *key, u64 now_us)
{
	u64 *full_at = bucket_of(throttle, key, now_us);
	u64 after = MAX(*full_at, now_us) + throttle->refill_us;
	u64 limit = now_us + throttle->burst * throttle->refill_us;

	if (after > limit)
		return after - limit;
	*full_at = after;
	return 0;
}

void throttle_forgive(struct throttle *throttle, const char *key)
{
	g_hash_table_remove(throttle->full_at, key);
}

void throttle_refund(struct throttle *throttle, const char *key)
{
	u64 *full_at = g_hash_table_lookup(throttle->full_at, key);

	if (full_at)
		*full_at -= throttle->refill_us;
}
