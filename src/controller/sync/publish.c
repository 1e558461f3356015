/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a commit to the lines of the hosts. What a change means is compiled when it is applied,
 * because the model is then exactly at its revision; it is told when it is durable.
 */
#include "controller/sync/server_impl.h"

#include "model/host/host.h"

/* What applied() keeps for durable(). */
struct publication {
	struct compiled *compiled;
	GPtrArray *gained; /* GString per interest: the scope's lines, or NULL */
};

static void free_text(gpointer text)
{
	if (text)
		g_string_free(text, TRUE);
}

static void publication_free(struct publication *publication)
{
	compiled_free(publication->compiled);
	g_ptr_array_unref(publication->gained);
	g_free(publication);
}

static void *applied(const struct changeset *changes, void *user)
{
	struct sync_server *server = user;
	struct publication *publication = g_new0(struct publication, 1);

	publication->compiled = compile_change(server->config.model, changes);
	publication->gained = g_ptr_array_new_with_free_func(free_text);
	for (guint i = 0; i < publication->compiled->interests->len; i++) {
		const struct interest *interest =
			&g_array_index(publication->compiled->interests, struct interest, i);
		const struct peer *peer = peer_find(server, &interest->host);
		GString *text = NULL;

		if (interest->op == INTEREST_GAIN && peer && peer->stream) {
			text = g_string_new(NULL);
			stream_render_scope(server, &interest->scope, changes->revision, text);
		}
		g_ptr_array_add(publication->gained, text);
	}
	wait_ports_changed(server, changes);
	return publication;
}

static void touch(GPtrArray *touched, struct peer *peer)
{
	if (!peer->touched && peer->stream)
		g_ptr_array_add(touched, peer);
}

static void publish_loss(struct sync_server *server, const struct interest *interest, u64 revision,
	GPtrArray *touched)
{
	struct peer *peer = peer_find(server, &interest->host);
	g_autoptr(GString) line = g_string_new(NULL);
	char text[SCOPE_STRLEN];

	delta_log_interest(server->log, revision, interest);
	if (!peer || revision <= peer->known_at)
		return;
	peer_unsubscribe(peer, &interest->scope);
	sync_write_drop(line, scope_format(&interest->scope, text), revision);
	touch(touched, peer);
	stream_write(peer, line->str, line->len);
}

static void publish_gain(struct sync_server *server, const struct interest *interest, u64 revision,
	const GString *lines, GPtrArray *touched)
{
	struct peer *peer = peer_find(server, &interest->host);

	delta_log_interest(server->log, revision, interest);
	if (!peer || revision <= peer->known_at)
		return;
	peer_subscribe(peer, &interest->scope);
	if (!lines)
		return;
	touch(touched, peer);
	stream_write(peer, lines->str, lines->len);
}

static void publish_delta(
	struct sync_server *server, const struct delta *delta, u64 revision, GPtrArray *touched)
{
	GPtrArray *peers = g_hash_table_lookup(server->subscribers, &delta->scope);
	GString *line = g_string_new(NULL);
	char text[SCOPE_STRLEN];

	scope_format(&delta->scope, text);
	if (delta->op == DELTA_PUT)
		sync_write_put(line, delta->kind, delta->id, text, revision, delta->data);
	else
		sync_write_delete(line, delta->kind, delta->id, text, revision);
	for (guint i = 0; peers && i < peers->len; i++) {
		struct peer *peer = g_ptr_array_index(peers, i);

		touch(touched, peer);
		stream_write(peer, line->str, line->len);
	}

	g_autoptr(GBytes) bytes = g_string_free_to_bytes(line);
	delta_log_line(server->log, revision, &delta->scope, bytes);
}

static void publish(struct sync_server *server, const struct publication *publication, u64 revision,
	GPtrArray *touched)
{
	const struct compiled *compiled = publication->compiled;

	for (guint i = 0; i < compiled->interests->len; i++) {
		const struct interest *interest =
			&g_array_index(compiled->interests, struct interest, i);

		if (interest->op == INTEREST_LOSE)
			publish_loss(server, interest, revision, touched);
	}
	for (guint i = 0; i < compiled->deltas->len; i++)
		publish_delta(server, &g_array_index(compiled->deltas, struct delta, i), revision,
			touched);
	for (guint i = 0; i < compiled->interests->len; i++) {
		const struct interest *interest =
			&g_array_index(compiled->interests, struct interest, i);

		if (interest->op == INTEREST_GAIN)
			publish_gain(server, interest, revision,
				g_ptr_array_index(publication->gained, i), touched);
	}
}

/* Held streams wait for a revision, whether or not it concerns them. */
static void release_held(struct sync_server *server, u64 revision)
{
	GHashTableIter iter;
	struct peer *peer;

	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer))
		if (peer->held)
			stream_durable(peer, revision);
}

static void forget(struct sync_server *server, const struct change *deleted)
{
	if (deleted->kind == KIND_LB_LISTENER)
		listeners_deleted(server, &deleted->id);
	if (deleted->kind == KIND_PORT)
		masters_forget(server, &deleted->id);
	if (deleted->kind != KIND_HOST)
		return;
	listeners_host_deleted(server, &deleted->id);
	g_hash_table_remove(server->peers, &deleted->id);
	g_hash_table_remove(server->unheard, &deleted->id);
}

static void durable(const struct changeset *changes, void *derived, void *user)
{
	struct sync_server *server = user;
	g_autoptr(GPtrArray) touched = g_ptr_array_new();

	publish(server, derived, changes->revision, touched);
	handover_changed(server, changes);
	for (guint i = 0; i < touched->len; i++)
		stream_durable(g_ptr_array_index(touched, i), changes->revision);
	release_held(server, changes->revision);
	for (unsigned i = 0; i < changes->n; i++)
		if (!changes->changes[i].new)
			forget(server, &changes->changes[i]);
	wait_check(server);
	publication_free(derived);
}

static void undone(const struct changeset *changes, void *derived, void *user)
{
	struct sync_server *server = user;
	GHashTableIter iter;
	struct peer *peer;

	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer))
		stream_undone(peer, changes->revision);
	publication_free(derived);
}

const struct commit_listener sync_listener = { applied, durable, undone };
