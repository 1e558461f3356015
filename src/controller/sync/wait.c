/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /weft/v1/wait: answered when what is waited for is true, or after the time-out. Conditions
 * are looked at when something that could make them true happens, never by the clock.
 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "model/host/host.h"
#include "model/port/port.h"

#define WAITERS_MAX 10000
#define TIMEOUT_DEFAULT_S 30
#define TIMEOUT_MAX_S 600

struct waiter {
	struct sync_server *server;
	struct http_request *request;
	guint timeout;
	bool for_port;
	u64 revision;
	struct uuid port;
	char *status;
};

static void waiter_free(struct waiter *waiter)
{
	g_clear_handle_id(&waiter->timeout, g_source_remove);
	g_free(waiter->status);
	g_free(waiter);
}

/* A host that is connected counts, or has not had the time for it since weftd was started; one that
 * is not would make everybody wait for nothing. */
static bool host_lags(const struct peer *peer, u64 revision)
{
	return peer->stream && peer->acked < MIN(revision, peer->told);
}

void wait_expect_all(struct sync_server *server)
{
	const struct object *host;
	struct model_iter iter;

	server->started_us = g_get_monotonic_time();
	model_iter_all(&iter, server->config.model, KIND_HOST, NULL);
	while ((host = model_iter_next(&iter)))
		if (object_bool(host, HOST_MANAGED))
			g_hash_table_add(server->unheard,
				g_memdup2(object_id(host), sizeof(*object_id(host))));
}

/* Who is not back by now was not there before either. */
static GHashTable *unheard_of(const struct sync_server *server)
{
	if (g_get_monotonic_time() - server->started_us > PEER_DEAD_AFTER_US)
		g_hash_table_remove_all(server->unheard);
	return server->unheard;
}

/* A held stream has not been told yet what it will be told. */
static bool all_hosts_have(const struct sync_server *server, u64 revision)
{
	GHashTableIter iter;
	const struct peer *peer;

	if (commit_durable_revision(server->commit) < revision ||
		g_hash_table_size(unheard_of(server)))
		return false;
	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer))
		if (peer->held || host_lags(peer, revision))
			return false;
	return true;
}

static bool is_true(const struct waiter *waiter)
{
	const struct object *port;

	if (!waiter->for_port)
		return all_hosts_have(waiter->server, waiter->revision);
	port = model_get(waiter->server->config.model, KIND_PORT, &waiter->port);
	return port && strcmp(object_str(port, PORT_STATUS), waiter->status) == 0;
}

static void answer(struct waiter *waiter)
{
	GString *body = g_string_new(NULL);
	struct json_writer w = json_writer_on(body);

	jw_begin_object(&w);
	if (waiter->for_port) {
		char id[UUID_STRLEN];

		jw_member_string(&w, "port", uuid_format(&waiter->port, id));
		jw_member_string(&w, "status", waiter->status);
	} else {
		jw_member_int(&w, "revision", (s64)waiter->revision);
	}
	jw_end_object(&w);
	http_request_answer(waiter->request, 200, "application/json", body);
	waiter_free(waiter);
}

static void fail(struct waiter *waiter, const GError *error)
{
	waiter->server->config.fail(waiter->request, error, waiter->server->config.user);
	waiter_free(waiter);
}

static void append_name(GString *names, const struct object *host, u64 has)
{
	if (host)
		g_string_append_printf(names, "%s%s (has %" G_GUINT64_FORMAT ")",
			names->len ? ", " : "", object_str(host, SLOT_NAME), has);
}

static char *name_lagging(const struct sync_server *server, u64 revision)
{
	const struct model *model = server->config.model;
	GString *names = g_string_new(NULL);
	GHashTableIter iter;
	const struct uuid *id;
	const struct peer *peer;

	g_hash_table_iter_init(&iter, server->unheard);
	while (g_hash_table_iter_next(&iter, (gpointer *)&id, NULL))
		append_name(names, model_get(model, KIND_HOST, id), 0);
	g_hash_table_iter_init(&iter, server->peers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&peer))
		if (peer->held || host_lags(peer, revision))
			append_name(names, model_get(model, KIND_HOST, &peer->id), peer->acked);
	return g_string_free(names, FALSE);
}

/* The queue that the waiter stands in; of a port, made if need be. */
static GQueue *queue_of(const struct waiter *waiter)
{
	GHashTable *ports = waiter->server->port_waiters;
	GQueue *queue;

	if (!waiter->for_port)
		return &waiter->server->waiters;
	queue = g_hash_table_lookup(ports, &waiter->port);
	if (!queue) {
		queue = g_queue_new();
		g_hash_table_insert(ports, g_memdup2(&waiter->port, sizeof(waiter->port)), queue);
	}
	return queue;
}

static void forget(struct waiter *waiter)
{
	GQueue *queue = queue_of(waiter);

	g_queue_remove(queue, waiter);
	waiter->server->n_waiters--;
	if (waiter->for_port && g_queue_is_empty(queue))
		g_hash_table_remove(waiter->server->port_waiters, &waiter->port);
}

static gboolean timed_out(gpointer data)
{
	struct waiter *waiter = data;
	const struct model *model = waiter->server->config.model;
	g_autoptr(GError) error = NULL;

	waiter->timeout = 0;
	forget(waiter);
	if (waiter->for_port) {
		const struct object *port = model_get(model, KIND_PORT, &waiter->port);
		const char *host = port ? object_str(port, PORT_HOST_ID) : "";

		const char *reason = port ? object_str(port, PORT_STATUS_REASON) : "";

		if (!port)
			weft_fail(&error, TIMEOUT, "The port is not %s: it has been deleted.",
				waiter->status);
		else if (!*host)
			weft_fail(&error, TIMEOUT,
				"The port is %s and not %s: it is bound to no host; set binding:host_id.",
				object_str(port, PORT_STATUS), waiter->status);
		else
			weft_fail(&error, TIMEOUT, "The port is %s and not %s on host %s: %s.",
				object_str(port, PORT_STATUS), waiter->status, host,
				*reason ? reason : "its agent has not said why");
	} else {
		g_autofree char *names = name_lagging(waiter->server, waiter->revision);

		weft_fail(&error, TIMEOUT, "Revision %" G_GUINT64_FORMAT " has not reached: %s.",
			waiter->revision, *names ? names : "the store");
	}
	fail(waiter, error);
	return G_SOURCE_REMOVE;
}

static bool parse_wait(struct sync_server *server, const struct http_target *target,
	const struct caller *caller, struct waiter *ret, u64 *ret_timeout_s, GError **error)
{
	const char *revision = http_target_param(target, "revision");
	const char *port = http_target_param(target, "port");
	const char *status = http_target_param(target, "status");
	const char *timeout = http_target_param(target, "timeout");

	*ret_timeout_s = TIMEOUT_DEFAULT_S;
	if (timeout &&
		!g_ascii_string_to_unsigned(timeout, 10, 0, TIMEOUT_MAX_S, ret_timeout_s, NULL))
		return weft_fail(error, BAD_REQUEST,
			"\"timeout=%s\": give whole seconds from 0 to %d.", timeout, TIMEOUT_MAX_S);
	if (port) {
		const struct object *object =
			model_need(server->config.model, KIND_PORT, port, error);

		if (!object)
			return false;
		if (!model_visible(server->config.model, object, caller))
			return weft_fail(
				error, PORT_NOT_FOUND, "Port %s could not be found.", port);
		ret->for_port = true;
		ret->port = *object_id(object);
		ret->status = g_strdup(status ? status : "ACTIVE");
		if (!g_strv_contains(
			    (const char *const[]){ "ACTIVE", "DOWN", "BUILD", "ERROR", NULL },
			    ret->status))
			return weft_fail(error, BAD_REQUEST,
				"\"status=%s\": a port is ACTIVE, DOWN, BUILD or ERROR.",
				ret->status);
		return true;
	}
	ret->revision = commit_durable_revision(server->commit);
	if (revision &&
		!g_ascii_string_to_unsigned(revision, 10, 0, G_MAXINT64, &ret->revision, NULL))
		return weft_fail(error, BAD_REQUEST,
			"\"revision=%s\": give a decimal number, as in an answer's X-Weft-Revision.",
			revision);
	return true;
}

void wait_handle(struct sync_server *server, struct http_request *request)
{
	struct waiter *waiter = g_new0(struct waiter, 1);
	g_autoptr(GError) error = NULL;
	struct caller caller;
	u64 timeout_s;

	waiter->server = server;
	waiter->request = request;
	if (!server->config.authorize_caller(request, &caller, server->config.user, &error) ||
		!parse_wait(server, http_request_target(request), &caller, waiter, &timeout_s,
			&error)) {
		fail(waiter, error);
	} else if (is_true(waiter)) {
		answer(waiter);
	} else if (server->n_waiters >= WAITERS_MAX) {
		weft_fail(&error, UNAVAILABLE, "%d requests wait already; try again later.",
			WAITERS_MAX);
		fail(waiter, error);
	} else {
		g_queue_push_tail(queue_of(waiter), waiter);
		server->n_waiters++;
		waiter->timeout = g_timeout_add((guint)(timeout_s * 1000), timed_out, waiter);
	}
}

/* Answers those of the queue whose condition is true. */
static void check_queue(GQueue *queue)
{
	GList *next;

	for (GList *link = queue->head; link; link = next) {
		struct waiter *waiter = link->data;

		next = link->next;
		if (!is_true(waiter))
			continue;
		g_queue_delete_link(queue, link);
		waiter->server->n_waiters--;
		answer(waiter);
	}
}

void wait_check(struct sync_server *server)
{
	check_queue(&server->waiters);
}

void wait_ports_changed(struct sync_server *server, const struct changeset *changes)
{
	for (unsigned i = 0; i < changes->n; i++) {
		const struct change *change = &changes->changes[i];
		GQueue *queue = change->kind == KIND_PORT
					? g_hash_table_lookup(server->port_waiters, &change->id)
					: NULL;

		if (!queue)
			continue;
		check_queue(queue);
		if (g_queue_is_empty(queue))
			g_hash_table_remove(server->port_waiters, &change->id);
	}
}

void wait_stop(struct sync_server *server)
{
	g_autoptr(GError) error = NULL;
	GHashTableIter iter;
	struct waiter *waiter;
	GQueue *queue;

	weft_fail(&error, UNAVAILABLE, "weftd is stopping; ask again in a moment.");
	while ((waiter = g_queue_pop_head(&server->waiters)))
		fail(waiter, error);
	g_hash_table_iter_init(&iter, server->port_waiters);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&queue))
		while ((waiter = g_queue_pop_head(queue)))
			fail(waiter, error);
	g_hash_table_remove_all(server->port_waiters);
	server->n_waiters = 0;
}
