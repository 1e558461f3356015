/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts others miss (BFD). Whoever misses another one says so at once, and so does that one
 * if it is there. So a host that others miss is lost when
 *
 *   it has said nothing since; or
 *   it hears nobody, and who misses it does hear others: it is cut off, not they. Of two that miss
 *   each other, and have nobody else, nobody can say.
 *
 * So is one that has fallen silent for as long as makes it dead. What hosts say is not stored: they
 * say it again when they are connected again.
 */
#include "controller/sync/server_impl.h"

/* For so long who is missed may still say that he is there. */
#define SETTLED_US G_USEC_PER_SEC

bool missed_note(struct peer *peer, const json_t *said, GError **error)
{
	const json_t *ids = json_object_get(said, "hosts");
	g_autoptr(GHashTable) now = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, g_free);
	gint64 now_us = g_get_monotonic_time(), *since;
	const json_t *one;
	struct uuid host;
	size_t i;

	json_array_foreach(ids, i, one) {
		if (!json_is_string(one) || !uuid_parse(json_string_value(one), &host))
			return weft_fail(error, BAD_REQUEST,
				"Number %zu of \"hosts\" of \"missed\" of the report is no host's id.",
				i + 1);
		since = peer->missed ? g_hash_table_lookup(peer->missed, &host) : NULL;
		g_hash_table_insert(now, g_memdup2(&host, sizeof(host)),
			g_memdup2(since ?: &now_us, sizeof(now_us)));
	}
	peer->hears_nobody = said && !json_is_true(json_object_get(said, "hears_others"));
	g_clear_pointer(&peer->missed, g_hash_table_unref);
	peer->missed = g_hash_table_size(now) ? g_steal_pointer(&now) : NULL;
	return true;
}

/* Is it missed, and is it right to say so of @its: who reports for it, or NULL? */
static bool counts(const struct peer *says, const struct uuid *host, const struct peer *its)
{
	const gint64 *since = says->missed ? g_hash_table_lookup(says->missed, host) : NULL;

	if (!since || !peer_is_alive(says) || g_get_monotonic_time() - *since < SETTLED_US)
		return false;
	return !its || its->heard_us < *since || (its->hears_nobody && !says->hears_nobody);
}

bool missed_is_lost(const struct sync_server *server, const struct uuid *host)
{
	const struct peer *its = peer_find(server, host), *other;
	GHashTableIter i;

	if (its && its->heard_us && !peer_is_alive(its))
		return true;
	g_hash_table_iter_init(&i, server->peers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&other))
		if (counts(other, host, its))
			return true;
	return false;
}
