/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/host/host.h"

struct peer *peer_find(const struct sync_server *server, const struct uuid *host)
{
	return g_hash_table_lookup(server->peers, host);
}

struct peer *peer_get(struct sync_server *server, const struct uuid *host)
{
	struct peer *peer = peer_find(server, host);

	if (peer)
		return peer;
	peer = g_new0(struct peer, 1);
	peer->server = server;
	peer->id = *host;
	peer->scopes = g_hash_table_new_full(scope_hash, scope_equal, g_free, NULL);
	peer_rescan(peer);
	g_hash_table_insert(server->peers, &peer->id, peer);
	return peer;
}

static void forget_scopes(struct peer *peer)
{
	g_autoptr(GList) scopes = g_hash_table_get_keys(peer->scopes);

	for (GList *link = scopes; link; link = link->next)
		peer_unsubscribe(peer, link->data);
}

void peer_rescan(struct peer *peer)
{
	const struct model *model = peer->server->config.model;
	g_autoptr(GArray) scopes = compile_host_scopes(model, &peer->id);

	forget_scopes(peer);
	for (guint i = 0; i < scopes->len; i++)
		peer_subscribe(peer, &g_array_index(scopes, struct scope, i));
	peer->known_at = model_revision(model);
}

void peer_free(gpointer data)
{
	struct peer *peer = data;

	stream_close(peer);
	forget_scopes(peer);
	g_hash_table_unref(peer->scopes);
	g_clear_handle_id(&peer->again, g_source_remove);
	g_free(peer->instance);
	g_free(peer->agent);
	g_clear_pointer(&peer->missed, g_hash_table_unref);
	g_free(peer);
}

void peer_subscribe(struct peer *peer, const struct scope *scope)
{
	GHashTable *subscribers = peer->server->subscribers;
	GPtrArray *peers = g_hash_table_lookup(subscribers, scope);

	if (g_hash_table_contains(peer->scopes, scope))
		return;
	if (!peers) {
		peers = g_ptr_array_new();
		g_hash_table_insert(subscribers, g_memdup2(scope, sizeof(*scope)), peers);
	}
	g_ptr_array_add(peers, peer);
	g_hash_table_add(peer->scopes, g_memdup2(scope, sizeof(*scope)));
}

void peer_unsubscribe(struct peer *peer, const struct scope *scope)
{
	GHashTable *subscribers = peer->server->subscribers;
	GPtrArray *peers = g_hash_table_lookup(subscribers, scope);

	if (!g_hash_table_contains(peer->scopes, scope))
		return;
	g_ptr_array_remove_fast(peers, peer);
	if (!peers->len)
		g_hash_table_remove(subscribers, scope);
	g_hash_table_remove(peer->scopes, scope); /* @scope may be its key: last */
}

bool peer_is_alive(const struct peer *peer)
{
	return peer->heard_us && g_get_monotonic_time() - peer->heard_us < PEER_DEAD_AFTER_US;
}

void peer_liveness(const struct object *host, unsigned slot, struct json_writer *w, void *data)
{
	const struct peer *peer = peer_find(data, object_id(host));

	switch (slot) {
	case HOST_ALIVE:
		jw_bool(w, peer && peer_is_alive(peer));
		break;
	case HOST_LOST:
		jw_bool(w, missed_is_lost(data, object_id(host)));
		break;
	case HOST_LAST_SEEN:
		if (peer && peer->heard_real_us) {
			g_autoptr(GDateTime) when =
				g_date_time_new_from_unix_utc(peer->heard_real_us / G_USEC_PER_SEC);
			g_autofree char *text = g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ");

			jw_string(w, text);
		} else {
			jw_null(w);
		}
		break;
	default: {
		const char *agent = peer && peer->agent ? peer->agent : "{}";

		jw_raw(w, agent, strlen(agent));
	}
	}
}
