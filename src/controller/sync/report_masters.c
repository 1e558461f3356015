/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that two appliances share: bound to the host of each, forwarded where the binding is
 * active. Hosts say which machine takes itself for master; here it is decided whose binding is
 * active, so there is never more than one, whatever the machines believe:
 *
 *   It stays as long as its host hears a master there, for which it must have the port's device.
 *   Two masters, because they can't hear each other, change nothing. Else it goes to a host that
 *   hears one. A host that the other one misses (BFD), and that has said nothing here for a moment,
 *   is dead.
 *
 * What hosts say is not stored: they say it again when they are connected again.
 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "base/log.h"
#include "model/host/host.h"
#include "model/port/port.h"
#include "model/port/port_binding.h"

/* Hosts that miss each other speak every second. */
#define QUIET_US (1500 * 1000)

enum { SAYS_MASTER = 1, SAYS_OTHERS_DEAD = 2 };

void masters_open(struct sync_server *server)
{
	server->masters = g_hash_table_new_full(
		uuid_hash, uuid_equal, g_free, (GDestroyNotify)g_hash_table_unref);
}

void masters_close(struct sync_server *server)
{
	g_hash_table_unref(server->masters);
}

void masters_forget(struct sync_server *server, const struct uuid *port)
{
	g_hash_table_remove(server->masters, port);
}

/* Of a port: host id → what it says. */
static GHashTable *said_of(struct sync_server *server, const struct uuid *port)
{
	GHashTable *said = g_hash_table_lookup(server->masters, port);

	if (!said) {
		said = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
		g_hash_table_insert(server->masters, g_memdup2(port, sizeof(*port)), said);
	}
	return said;
}

static unsigned says(GHashTable *said, const struct object *host)
{
	return host ? GPOINTER_TO_UINT(g_hash_table_lookup(said, object_id(host))) : 0;
}

/* Who reports now is not. */
static bool is_quiet(
	const struct sync_server *server, const struct object *host, const struct object *reporting)
{
	const struct peer *peer = host ? peer_find(server, object_id(host)) : NULL;

	if (host == reporting)
		return false;
	return !peer || g_get_monotonic_time() - peer->heard_us > QUIET_US;
}

/* The host of the first further binding that has a master, and what it says; NULL: there is none.
 */
static const struct object *find_master(const struct sync_server *server, struct txn *txn,
	const struct object *port, GHashTable *said, unsigned *ret_says)
{
	const struct object *binding;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT_BINDING, PORT_BINDING_BY_PORT,
		uuid_format(object_id(port), id), NULL);
	while ((binding = txn_iter_next(&iter))) {
		const struct object *host =
			txn_get_text(txn, KIND_HOST, object_str(binding, PORT_BINDING_HOST_ID));

		const struct peer *peer = host ? peer_find(server, object_id(host)) : NULL;

		*ret_says = says(said, host);
		if (*ret_says & SAYS_MASTER && peer && peer_is_alive(peer))
			return host;
	}
	return NULL;
}

static bool decide(struct sync_server *server, struct txn *txn, const struct object *reporting,
	const struct object *port, GError **error)
{
	GHashTable *said = said_of(server, object_id(port));
	const struct object *now = model_first(
		txn_model(txn), KIND_HOST, HOST_BY_NAME, object_str(port, PORT_HOST_ID), NULL);
	bool serves = says(said, now) & SAYS_MASTER;
	const struct object *master;
	unsigned its;
	char id[UUID_STRLEN];

	master = find_master(server, txn, port, said, &its);
	if (!master || (serves && !(its & SAYS_OTHERS_DEAD && is_quiet(server, now, reporting))))
		return true;
	log_info("port %s: the master is on host %s", uuid_format(object_id(port), id),
		object_str(master, SLOT_NAME));
	return port_binding_activate(txn, port, object_str(master, SLOT_NAME), error);
}

static bool note(struct sync_server *server, const struct object *host, const char *port_id,
	const json_t *state, GError **error)
{
	const json_t *master = json_object_get(state, "master"),
		     *dead = json_object_get(state, "others_dead");
	unsigned bits;
	struct uuid port;

	if (!uuid_parse(port_id, &port) || !json_is_boolean(master) ||
		(dead && !json_is_boolean(dead)))
		return weft_fail(error, BAD_REQUEST,
			"Port %.64s of \"masters\" of the report must have \"master\", and may have \"others_dead\": true or false.",
			port_id);
	bits = (json_is_true(master) ? SAYS_MASTER : 0) |
	       (json_is_true(dead) ? SAYS_OTHERS_DEAD : 0);
	g_hash_table_insert(said_of(server, &port), g_memdup2(object_id(host), sizeof(struct uuid)),
		GUINT_TO_POINTER(bits));
	return true;
}

static const struct object *redundant(struct txn *txn, const char *id)
{
	const struct object *port = txn_get_text(txn, KIND_PORT, id);

	return port && port_is_shared(txn_model(txn), port) ? port : NULL;
}

/* A full report is all that the host has to say. */
static void forget_unsaid(
	struct sync_server *server, const struct object *host, const json_t *masters)
{
	const struct uuid *port;
	GHashTable *said;
	GHashTableIter i;
	char id[UUID_STRLEN];

	g_hash_table_iter_init(&i, server->masters);
	while (g_hash_table_iter_next(&i, (gpointer *)&port, (gpointer *)&said))
		if (!json_object_get(masters, uuid_format(port, id)))
			g_hash_table_remove(said, object_id(host));
}

bool masters_stage(struct sync_server *server, struct txn *txn, const struct object *host,
	const struct masters_report *report, GError **error)
{
	const json_t *masters = report->masters, *ports = report->ports;
	const struct object *port;
	const char *id;
	json_t *state;

	if (report->full)
		forget_unsaid(server, host, masters);
	json_object_foreach((json_t *)masters, id, state) {
		port = redundant(txn, id);
		if (port && (!note(server, host, id, state, error) ||
				    !decide(server, txn, host, port, error)))
			return false;
	}
	json_object_foreach((json_t *)ports, id, state) {
		port = json_object_get(masters, id) ? NULL : redundant(txn, id);
		if (port && !decide(server, txn, host, port, error))
			return false;
	}
	return true;
}
