/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/host/host.h"

#define LOG_BYTES_MAX (32u << 20) /* some 100,000 lines: what a host may miss and still resume */

static void free_peers(gpointer peers)
{
	g_ptr_array_unref(peers);
}

static void free_queue(gpointer queue)
{
	g_queue_free(queue);
}

struct sync_server *sync_server_new(const struct sync_server_config *config)
{
	struct sync_server *server = g_new0(struct sync_server, 1);

	server->config = *config;
	server->peers = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, peer_free);
	server->subscribers = g_hash_table_new_full(scope_hash, scope_equal, g_free, free_peers);
	g_queue_init(&server->waiters);
	server->moves = g_hash_table_new(uuid_hash, uuid_equal);
	g_queue_init(&server->moves_in_order);
	server->port_waiters = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, free_queue);
	server->unheard = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	host_set_liveness(config->model, peer_liveness, server);
	listeners_open(server);
	masters_open(server);
	announced_open(server);
	return server;
}

void sync_server_start(struct sync_server *server, struct commit *commit)
{
	server->commit = commit;
	server->log = delta_log_new(commit_durable_revision(commit), LOG_BYTES_MAX);
	server->ping_source = g_timeout_add(PING_AFTER_MS / 4, stream_ping_all, server);
	wait_expect_all(server);
}

void sync_server_stop(struct sync_server *server)
{
	GHashTableIter iter;
	struct peer *peer;

	g_clear_handle_id(&server->ping_source, g_source_remove);
	wait_stop(server);
	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer)) {
		stream_catch_up(peer);
		stream_close(peer);
	}
}

void sync_server_free(struct sync_server *server)
{
	if (!server)
		return;
	g_clear_handle_id(&server->ping_source, g_source_remove);
	host_set_liveness(server->config.model, NULL, NULL);
	listeners_close(server);
	masters_close(server);
	announced_close(server);
	g_hash_table_unref(server->peers); /* before what they are listed in */
	g_hash_table_unref(server->subscribers);
	g_hash_table_unref(server->port_waiters);
	g_hash_table_unref(server->unheard);
	g_hash_table_unref(server->moves);
	g_queue_clear_full(&server->moves_in_order, move_free);
	delta_log_free(server->log);
	g_free(server);
}

static void fail(struct sync_server *server, struct http_request *request, const GError *error)
{
	server->config.fail(request, error, server->config.user);
}

static void handle_host(struct sync_server *server, struct http_request *request,
	const char *name_or_id, const char *what)
{
	const struct object *host = host_find(server->config.model, name_or_id);
	bool view = strcmp(what, "view") == 0, report = strcmp(what, "report") == 0,
	     connections = strcmp(what, "connections") == 0;
	enum http_method method = http_request_method(request);
	g_autoptr(GError) error = NULL;

	if (!host) {
		/* the same answer whether it lacks the host or the credential: names are not to be
		 * guessed */
		weft_fail(&error, UNAUTHORIZED,
			"Host %s is not known, or the credential is not its own. Create it with "
			"\"weft host create\" and give its agent the credential that is shown.",
			name_or_id);
	} else if (!server->config.authorize_host(request, host, server->config.user, &error)) {
		g_assert(error);
	} else if (view && method == HTTP_GET &&
		   !http_target_param(http_request_target(request), "instance")) {
		look_handle(server, request, host);
		return;
	} else if (view && method == HTTP_GET) {
		stream_open(server, request, host);
		return;
	} else if (report && method == HTTP_POST) {
		report_handle(server, request, host);
		return;
	} else if (connections && method == HTTP_POST) {
		handover_handle(server, request, host);
		return;
	} else if (view || report || connections) {
		weft_fail(&error, METHOD_NOT_ALLOWED, "%s takes %s.", what, view ? "GET" : "POST");
	} else {
		weft_fail(&error, NOT_FOUND,
			"A host has \"view\", \"report\" and \"connections\", not \"%s\".", what);
	}
	fail(server, request, error);
}

void sync_server_handle(struct sync_server *server, struct http_request *request)
{
	const struct http_target *target = http_request_target(request);
	const char *const *segments = target->segments + 2; /* behind weft/v1 */
	unsigned n = target->n_segments - 2;
	bool get = http_request_method(request) == HTTP_GET;
	g_autoptr(GError) error = NULL;

	if (n == 3 && strcmp(segments[0], "hosts") == 0) {
		handle_host(server, request, segments[1], segments[2]);
	} else if (n == 1 && get && strcmp(segments[0], "wait") == 0) {
		wait_handle(server, request);
	} else if (n == 1 && get && strcmp(segments[0], "status") == 0) {
		status_handle(server, request);
	} else {
		weft_fail(&error, NOT_FOUND,
			"There is no such path below /weft/v1; docs/api.md lists them.");
		fail(server, request, error);
	}
}

void sync_server_totals(const struct sync_server *server, struct sync_totals *ret)
{
	GHashTableIter iter;
	const struct peer *peer;

	*ret = server->totals;
	ret->hosts = g_hash_table_size(server->peers);
	ret->waiters = server->n_waiters;
	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer))
		ret->streams += peer->stream != NULL;
}

void sync_server_each_host(const struct sync_server *server, sync_host_fn each, void *user)
{
	GHashTableIter iter;
	const struct peer *peer;

	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer)) {
		const struct object *host = model_get(server->config.model, KIND_HOST, &peer->id);

		if (host)
			each(host, peer->stream != NULL, peer->told, peer->acked, user);
	}
}
