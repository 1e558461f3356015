/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/keystone/cache.h"

#include <string.h>

struct entry {
	struct credential_hash hash;
	GList link; /* in its room, the longest unused first */
	struct keystone_verdict *verdict;
	u64 until_us;
};

struct keystone_cache {
	GHashTable *entries; /* by hash */
	GQueue rooms[2];     /* by result */
};

/* It is a hash already. */
static guint hash_of(gconstpointer key)
{
	guint value;

	memcpy(&value, key, sizeof value);
	return value;
}

static gboolean same(gconstpointer a, gconstpointer b)
{
	return credential_hash_equal(a, b);
}

static void entry_free(gpointer data)
{
	struct entry *entry = data;

	keystone_verdict_unref(entry->verdict);
	g_free(entry);
}

struct keystone_cache *keystone_cache_new(void)
{
	struct keystone_cache *cache = g_new0(struct keystone_cache, 1);

	cache->entries = g_hash_table_new_full(hash_of, same, NULL, entry_free);
	return cache;
}

void keystone_cache_free(struct keystone_cache *cache)
{
	g_hash_table_unref(cache->entries);
	g_free(cache);
}

static void drop(struct keystone_cache *cache, struct entry *entry)
{
	g_queue_unlink(&cache->rooms[entry->verdict->result], &entry->link);
	g_hash_table_remove(cache->entries, &entry->hash);
}

struct keystone_verdict *keystone_cache_get(
	struct keystone_cache *cache, const struct credential_hash *hash, u64 now_us)
{
	struct entry *entry = g_hash_table_lookup(cache->entries, hash);
	GQueue *room;

	if (!entry)
		return NULL;
	if (entry->until_us <= now_us) {
		drop(cache, entry);
		return NULL;
	}
	room = &cache->rooms[entry->verdict->result];
	g_queue_unlink(room, &entry->link);
	g_queue_push_tail_link(room, &entry->link);
	return entry->verdict;
}

void keystone_cache_put(struct keystone_cache *cache, const struct credential_hash *hash,
	struct keystone_verdict *verdict, u64 until_us)
{
	GQueue *room = &cache->rooms[verdict->result];
	struct entry *entry = g_hash_table_lookup(cache->entries, hash);

	if (entry)
		drop(cache, entry);
	if (room->length >= KEYSTONE_CACHE_MAX)
		drop(cache, room->head->data);
	entry = g_new0(struct entry, 1);
	entry->hash = *hash;
	entry->link.data = entry;
	entry->verdict = keystone_verdict_ref(verdict);
	entry->until_us = until_us;
	g_queue_push_tail_link(room, &entry->link);
	g_hash_table_insert(cache->entries, &entry->hash, entry);
}

unsigned keystone_cache_count(const struct keystone_cache *cache, enum keystone_result result)
{
	return cache->rooms[result].length;
}
