/* SPDX-License-Identifier: Apache-2.0 */
/* GET …/view: the stream of one host. Its states are in server_impl.h. */
#include "controller/sync/server_impl.h"

#include <inttypes.h>

#include "base/log.h"
#include "model/host/host.h"

#define STREAM_BUFFER_MAX (16u << 20) /* bytes that an agent may leave unread */

struct render {
	const char *scope;
	u64 revision;
	GString *out;
};

static void render_record(const char *kind, const char *id, const char *data, void *user)
{
	struct render *render = user;

	sync_write_put(render->out, kind, id, render->scope, render->revision, data);
}

void stream_render_scope(
	const struct sync_server *server, const struct scope *scope, u64 revision, GString *out)
{
	char text[SCOPE_STRLEN];
	struct render render = { scope_format(scope, text), revision, out };

	compile_scope(server->config.model, scope, render_record, &render);
}

/* What of the log concerns a host that resumes. */
struct resume {
	const struct peer *peer;
	GHashTable *renewed; /* struct scope (borrowed from the log): gained or lost meanwhile */
	GString *out;
};

static void note_interest(const struct log_entry *entry, void *user)
{
	struct resume *resume = user;
	char text[SCOPE_STRLEN];

	if (entry->type == LOG_LINE || !uuid_equal(&entry->host, &resume->peer->id))
		return;
	if (entry->type == LOG_LOSE)
		sync_write_drop(resume->out, scope_format(&entry->scope, text), entry->revision);
	g_hash_table_add(resume->renewed, (gpointer)&entry->scope);
}

static void repeat_line(const struct log_entry *entry, void *user)
{
	struct resume *resume = user;
	gsize len;

	if (entry->type != LOG_LINE ||
		!g_hash_table_contains(resume->peer->scopes, &entry->scope) ||
		g_hash_table_contains(resume->renewed, &entry->scope))
		return;

	const char *line = g_bytes_get_data(entry->line, &len);
	g_string_append_len(resume->out, line, (gssize)len);
}

static void render_resume(struct peer *peer, GString *out)
{
	const struct sync_server *server = peer->server;
	g_autoptr(GHashTable) renewed = g_hash_table_new(scope_hash, scope_equal);
	struct resume resume = { peer, renewed, out };
	GHashTableIter iter;
	gpointer scope;

	delta_log_replay(server->log, peer->since, note_interest, &resume);
	g_hash_table_iter_init(&iter, renewed);
	while (g_hash_table_iter_next(&iter, &scope, NULL))
		if (g_hash_table_contains(peer->scopes, scope))
			stream_render_scope(server, scope, peer->ready_at, out);
	delta_log_replay(server->log, peer->since, repeat_line, &resume);
}

static void render_snapshot(struct peer *peer, GString *out)
{
	GHashTableIter iter;
	gpointer scope;

	g_hash_table_iter_init(&iter, peer->scopes);
	while (g_hash_table_iter_next(&iter, &scope, NULL))
		stream_render_scope(peer->server, scope, peer->ready_at, out);
}

/* Fills `held` with the beginning of the stream as the model is now. */
static void render(struct peer *peer)
{
	const struct sync_server *server = peer->server;
	const struct object *host = model_get(server->config.model, KIND_HOST, &peer->id);
	char id[UUID_STRLEN], store[UUID_STRLEN];

	peer->ready_at = model_revision(server->config.model);
	g_string_truncate(peer->held, 0);
	sync_write_hello(peer->held, uuid_format(&peer->id, id), object_str(host, SLOT_NAME),
		uuid_format(server->config.store_uuid, store), peer->ready_at, peer->mode);
	if (peer->mode == SYNC_RESUME)
		render_resume(peer, peer->held);
	else
		render_snapshot(peer, peer->held);
}

static void send_sync(struct peer *peer, u64 revision)
{
	g_autoptr(GString) line = g_string_new(NULL);

	sync_write_sync(line, revision);
	http_stream_write(peer->stream, line->str, line->len);
	http_stream_flush(peer->stream);
	peer->told = revision;
	peer->wrote_us = g_get_monotonic_time();
}

bool stream_catch_up(struct peer *peer)
{
	u64 durable = commit_durable_revision(peer->server->commit);

	if (!peer->stream || peer->held || peer->told >= durable)
		return false;
	send_sync(peer, durable);
	return true;
}

void stream_write(struct peer *peer, const char *bytes, size_t len)
{
	struct sync_totals *totals = &peer->server->totals;

	if (!peer->stream)
		return;
	peer->touched = true;
	totals->lines++;
	totals->bytes += len;
	if (peer->held)
		g_string_append_len(peer->held, bytes, (gssize)len);
	else
		http_stream_write(peer->stream, bytes, len);
}

void stream_write_now(struct peer *peer, const char *bytes, size_t len)
{
	bool touched = peer->touched;

	stream_write(peer, bytes, len);
	peer->touched = touched;
	if (peer->stream && !peer->held)
		http_stream_flush(peer->stream);
}

void stream_durable(struct peer *peer, u64 revision)
{
	bool touched = peer->touched;

	peer->touched = false;
	if (!peer->stream)
		return;
	if (!peer->held) {
		if (touched)
			send_sync(peer, revision);
		return;
	}
	if (revision < peer->ready_at || peer->again)
		return;

	http_stream_write_bulk(peer->stream, g_steal_pointer(&peer->held));
	send_sync(peer, revision);
}

static gboolean render_again(gpointer data)
{
	struct peer *peer = data;

	peer->again = 0;
	if (!model_get(peer->server->config.model, KIND_HOST, &peer->id))
		return G_SOURCE_REMOVE; /* its deletion is on the way to the store */
	peer_rescan(peer);
	if (peer->held) {
		render(peer);
		stream_durable(peer, commit_durable_revision(peer->server->commit));
	}
	return G_SOURCE_REMOVE;
}

void stream_undone(struct peer *peer, u64 revision)
{
	/* all that failed together is undone before the main loop goes on: once is enough */
	if (revision <= peer->known_at && !peer->again)
		peer->again = g_idle_add(render_again, peer);
}

static void closed(void *user)
{
	struct peer *peer = user;
	const struct object *host = model_get(peer->server->config.model, KIND_HOST, &peer->id);

	/* NULL: its deletion is on the way to the store */
	log_info("host %s: its agent at %s has disconnected",
		host ? object_str(host, SLOT_NAME) : "(being deleted)", peer->address);
	peer->stream = NULL;
	stream_close(peer);
	wait_check(peer->server);
}

void stream_close(struct peer *peer)
{
	if (peer->stream)
		http_stream_end(g_steal_pointer(&peer->stream));
	if (peer->held)
		g_string_free(g_steal_pointer(&peer->held), TRUE);
}

/* One host, one agent: refuses another instance while the first is connected and alive. */
static bool may_take_over(
	const struct peer *peer, const char *instance, const char *host, GError **error)
{
	if (!peer->stream || g_strcmp0(peer->instance, instance) == 0)
		return true;
	/* one that connected a moment ago has had no time to report */
	if (!peer_is_alive(peer) && g_get_monotonic_time() - peer->wrote_us > PEER_DEAD_AFTER_US)
		return true;
	return weft_fail(error, CONFLICT,
		"Host %s is held by another agent, connected from %s. Give this machine a host of its own "
		"(weft host create), or stop the other agent first.",
		host, peer->address);
}

static bool can_resume(const struct sync_server *server, u64 since, const char *store)
{
	struct uuid uuid;

	return since > 0 && store && uuid_parse(store, &uuid) &&
	       uuid_equal(&uuid, server->config.store_uuid) &&
	       since <= commit_durable_revision(server->commit) &&
	       delta_log_covers(server->log, since);
}

static bool check_request(const struct peer *peer, struct http_request *request,
	const struct object *host, u64 *ret_since, const char **ret_instance, GError **error)
{
	const struct http_target *target = http_request_target(request);
	const char *since = http_target_param(target, "since");

	*ret_since = 0;
	if (since && !g_ascii_string_to_unsigned(since, 10, 0, G_MAXINT64, ret_since, NULL))
		return weft_fail(error, BAD_REQUEST,
			"\"since=%s\" is no revision: give the decimal number of the last \"sync\" line.",
			since);
	*ret_instance = http_target_param(target, "instance");
	if (!object_bool(host, HOST_MANAGED))
		return weft_fail(error, CONFLICT,
			"Host %s is not managed: it is declared to have no agent, so it has no view.",
			object_str(host, SLOT_NAME));
	return may_take_over(peer, *ret_instance, object_str(host, SLOT_NAME), error);
}

void stream_open(
	struct sync_server *server, struct http_request *request, const struct object *host)
{
	struct peer *peer = peer_get(server, object_id(host));
	const char *store = http_target_param(http_request_target(request), "store");
	g_autoptr(GError) error = NULL;
	const char *instance = NULL;
	u64 since = 0;

	if (!check_request(peer, request, host, &since, &instance, &error)) {
		server->totals.refused_instances++;
		server->config.fail(request, error, server->config.user);
		return;
	}
	stream_close(peer);
	g_hash_table_remove(server->unheard, &peer->id);
	g_free(peer->instance);
	peer->instance = g_strdup(instance);
	http_request_peer(request, peer->address);
	peer->since = since;
	peer->mode = can_resume(server, since, store) ? SYNC_RESUME : SYNC_SNAPSHOT;
	server->totals.resumes += peer->mode == SYNC_RESUME;
	server->totals.snapshots += peer->mode == SYNC_SNAPSHOT;
	peer->stream = http_request_stream(request, &(struct http_stream_config){ .status = 200,
							    .content_type = "application/x-ndjson",
							    .buffer_max = STREAM_BUFFER_MAX,
							    .closed = closed,
							    .user = peer });
	peer->wrote_us = g_get_monotonic_time();
	log_info("host %s: agent connected from %s, %s", object_str(host, SLOT_NAME), peer->address,
		peer->mode == SYNC_RESUME ? "resumes" : "takes a snapshot");
	peer->held = g_string_new(NULL);
	render(peer);
	stream_durable(peer, commit_durable_revision(server->commit));
}

gboolean stream_ping_all(gpointer data)
{
	struct sync_server *server = data;
	gint64 now = g_get_monotonic_time();
	g_autoptr(GString) line = g_string_new(NULL);
	GHashTableIter iter;
	struct peer *peer;

	sync_write_ping(line);
	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer)) {
		if (!peer->stream || peer->held || now - peer->wrote_us < PING_AFTER_MS * 900 ||
			stream_catch_up(peer))
			continue;
		http_stream_write(peer->stream, line->str, line->len);
		http_stream_flush(peer->stream);
		peer->wrote_us = now;
	}
	wait_check(server); /* a silent host stops being waited for */
	return G_SOURCE_CONTINUE;
}
