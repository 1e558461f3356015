/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST …/connections: a guest has moved, and the host that it left says which connections its
 * port's firewall knows. They go on to the host that has the port now, as a line of its stream;
 * nothing of it is stored, and nothing waits for it.
 *
 * Whoever could tell a host of connections could open its firewalls: so only the host that the port
 * was bound to until a moment ago is heard, only about this port, and only for as long as a move
 * takes. The rules are asked about what it says all the same, on the host that gets it.
 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "base/log.h"
#include "model/host/host.h"
#include "model/port/port.h"

#define MOVE_S 60	       /* for so long the former host is heard */
#define MOVES_MAX 65536	       /* moves within that time; the oldest are forgotten */
#define CONNECTIONS_MAX 65536  /* of one move */
#define TEXT_MAX (1024 * 1024) /* bytes of one message */

struct move {
	struct uuid port; /* first: the key */
	char *from;	  /* name of the host that it left */
	gint64 at_us;
	size_t n; /* connections that were handed over */
};

void move_free(gpointer data)
{
	struct move *move = data;

	g_free(move->from);
	g_free(move);
}

static bool is_over(const struct move *move)
{
	return g_get_monotonic_time() - move->at_us > MOVE_S * G_USEC_PER_SEC;
}

/* The queue has them in the order of time; a port that has moved again since is in it twice. */
static void forget_old(struct sync_server *server)
{
	struct move *move;

	while ((move = g_queue_peek_head(&server->moves_in_order)) &&
		(is_over(move) || server->moves_in_order.length > MOVES_MAX)) {
		g_queue_pop_head(&server->moves_in_order);
		if (g_hash_table_lookup(server->moves, &move->port) == move)
			g_hash_table_remove(server->moves, &move->port);
		move_free(move);
	}
}

static void note(struct sync_server *server, const struct uuid *port, const char *from)
{
	struct move *move = g_new0(struct move, 1);

	move->port = *port;
	move->from = g_strdup(from);
	move->at_us = g_get_monotonic_time();
	g_queue_push_tail(&server->moves_in_order, move);
	g_hash_table_replace(server->moves, &move->port, move);
	forget_old(server);
}

void handover_changed(struct sync_server *server, const struct changeset *changes)
{
	for (unsigned i = 0; i < changes->n; i++) {
		const struct change *change = &changes->changes[i];
		const char *from;

		if (change->kind != KIND_PORT || !change->old || !change->new)
			continue;
		from = object_str(change->old, PORT_HOST_ID);
		if (*from && strcmp(from, object_str(change->new, PORT_HOST_ID)) != 0)
			note(server, &change->id, from);
	}
}

struct handover {
	struct uuid port;
	json_t *connections;
};

static bool parse(
	struct http_request *request, json_t **ret_root, struct handover *ret, GError **error)
{
	json_error_t why;
	size_t len;
	const char *body = http_request_body(request, &len), *port;

	*ret_root = json_loadb(body ? body : "", len, JSON_REJECT_DUPLICATES, &why);
	if (!*ret_root)
		return weft_fail(error, BAD_REQUEST,
			"What is handed over is no JSON: line %d, column %d: %s.", why.line,
			why.column, why.text);
	if (json_unpack_ex(*ret_root, &why, 0, "{s:s, s:o}", "port", &port, "connections",
		    &ret->connections) ||
		!json_is_array(ret->connections) || !uuid_parse(port, &ret->port))
		return weft_fail(error, BAD_REQUEST,
			"What is handed over is {\"port\": id, \"connections\": array}.");
	return true;
}

/* The move that @host may speak of, and who has the port now. */
static bool find_move(struct sync_server *server, const struct object *host,
	const struct handover *handover, struct move **ret, struct peer **ret_peer, GError **error)
{
	const struct object *port = model_get(server->config.model, KIND_PORT, &handover->port);
	const struct object *now =
		port ? host_find(server->config.model, object_str(port, PORT_HOST_ID)) : NULL;
	struct move *move;

	forget_old(server);
	move = g_hash_table_lookup(server->moves, &handover->port);
	if (!move || !now || now == host || strcmp(move->from, object_str(host, SLOT_NAME)) != 0)
		return weft_fail(error, CONFLICT,
			"The port has not moved from host %s to another within the last %d s.",
			object_str(host, SLOT_NAME), MOVE_S);
	*ret_peer = peer_find(server, object_id(now));
	if (!*ret_peer || !(*ret_peer)->stream)
		return weft_fail(error, UNAVAILABLE,
			"Host %s, which has the port now, is not connected.",
			object_str(now, SLOT_NAME));
	*ret = move;
	return true;
}

static bool pass_on(
	const struct handover *handover, struct move *move, struct peer *peer, GError **error)
{
	size_t n = json_array_size(handover->connections);
	char *text = json_dumps(handover->connections, JSON_COMPACT);
	g_autoptr(GString) line = g_string_new(NULL);
	char id[UUID_STRLEN];
	bool fits = move->n + n <= CONNECTIONS_MAX && strlen(text) < TEXT_MAX;

	if (fits) {
		sync_write_connections(line, uuid_format(&handover->port, id), text);
		stream_write_now(peer, line->str, line->len);
		move->n += n;
		log_debug("port %s: %zu connections handed over", id, n);
	}
	free(text);
	return fits || weft_fail(error, TOO_LARGE,
			       "%zu connections are too many: a line takes %d bytes, a move %d.", n,
			       TEXT_MAX, CONNECTIONS_MAX);
}

void handover_handle(
	struct sync_server *server, struct http_request *request, const struct object *host)
{
	g_autoptr(GError) error = NULL;
	struct handover handover;
	json_t *root = NULL;
	struct move *move = NULL;
	struct peer *peer = NULL;

	if (parse(request, &root, &handover, &error) &&
		find_move(server, host, &handover, &move, &peer, &error) &&
		pass_on(&handover, move, peer, &error))
		http_request_answer(request, 200, "application/json", g_string_new("{}"));
	else
		server->config.fail(request, error, server->config.user);
	json_decref(root);
}
