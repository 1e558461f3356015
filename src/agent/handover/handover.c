/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/handover/handover.h"

#include "base/log.h"

#define PER_MESSAGE 2048	  /* at most 200 bytes each: a line of the stream takes 1 MiB */
#define PER_PORT 65536		  /* weftd takes no more of a move */
#define WAITS_US (60 * 1000000ll) /* for a device to be plugged */
#define WAITING_MAX 1024	  /* ports whose connections are kept for them */

/* What has come for a port that is not wired yet. */
struct arrival {
	struct uuid port; /* first: the key */
	s64 until_us;
	GArray *connections;  /* struct dp_connection */
	GArray *translations; /* struct dp_translation */
};

struct handover {
	struct dp *dp;
	const struct desired *desired;
	struct handover_io io;
	GHashTable *waiting; /* struct arrival by port */
};

static void arrival_free(gpointer data)
{
	struct arrival *arrival = data;

	g_array_unref(arrival->connections);
	g_array_unref(arrival->translations);
	g_free(arrival);
}

struct handover *handover_new(
	struct dp *dp, const struct desired *desired, const struct handover_io *io)
{
	struct handover *handover = g_new0(struct handover, 1);

	handover->dp = dp;
	handover->desired = desired;
	handover->io = *io;
	handover->waiting = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, arrival_free);
	return handover;
}

void handover_free(struct handover *handover)
{
	if (!handover)
		return;
	g_hash_table_unref(handover->waiting);
	g_free(handover);
}

/* --- the host that a guest leaves --- */

struct leaving {
	struct handover *handover;
	const char *port;
	json_t *connections; /* of the next message */
	size_t n;
};

static void send_message(struct leaving *leaving)
{
	json_t *body =
		json_pack("{s:s,s:o}", "port", leaving->port, "connections", leaving->connections);
	char *text = json_dumps(body, JSON_COMPACT);

	leaving->handover->io.send(text, strlen(text), leaving->handover->io.data);
	free(text);
	json_decref(body);
	leaving->connections = json_array();
}

/* @json is taken over. */
static void take_json(struct leaving *leaving, json_t *json)
{
	if (leaving->n == PER_PORT) {
		json_decref(json);
		return;
	}
	leaving->n++;
	json_array_append_new(leaving->connections, json);
	if (json_array_size(leaving->connections) == PER_MESSAGE)
		send_message(leaving);
}

static void take(const struct dp_connection *connection, void *data)
{
	take_json(data, handover_to_json(connection));
}

static void take_translation(
	const struct uuid *router, const struct dp_translation *translation, void *data)
{
	take_json(data, handover_translation_to_json(router, translation));
}

void handover_leave(struct handover *handover, const struct port *port)
{
	char id[UUID_STRLEN];
	struct leaving leaving = { handover, uuid_format(&port->id, id), json_array(), 0 };
	g_autoptr(GError) error = NULL;

	handover_translations(handover->dp, handover->desired, port, take_translation, &leaving);
	if (!dp_connections_each(handover->dp, port->applied_ifindex, take, &leaving, &error))
		log_warning(
			"port %s: its connections can't be handed over: %s", id, error->message);
	if (json_array_size(leaving.connections))
		send_message(&leaving);
	json_decref(leaving.connections);
	if (leaving.n)
		log_info("port %s: %zu connections handed over", id, leaving.n);
}

/* --- the host that it goes to --- */

static bool is_here(const struct port *port)
{
	return port && port->known && port->applied_ifindex && port->record.active;
}

static void put_connections(
	struct handover *handover, const struct port *port, const GArray *connections)
{
	g_autoptr(GError) error = NULL;
	char id[UUID_STRLEN];
	guint n = 0;

	while (n < connections->len &&
		dp_connection_put(handover->dp, port->applied_ifindex,
			&g_array_index(connections, struct dp_connection, n), &error))
		n++;
	uuid_format(&port->id, id);
	log_info("port %s: %u of %u connections taken over from its former host", id, n,
		connections->len);
	if (error)
		log_warning("port %s: %s", id, error->message);
}

/* Of the port's own address and of a router that it has: other hosts say nothing of other guests.
 */
static bool is_of(const struct port *port, const struct dp_translation *translation)
{
	const GArray *ips = port->record.fixed_ips;
	bool own = false, routed = false;

	for (guint i = 0; i < ips->len; i++)
		own |= !ip_compare(
			&g_array_index(ips, struct record_fixed_ip, i).ip, &translation->guest);
	for (guint i = 0; i < port->network->interfaces->len; i++) {
		const struct interface *interface = port->network->interfaces->pdata[i];

		routed |= router_number(&interface->router->id) == translation->router;
	}
	return own && routed;
}

static bool put_translation(struct handover *handover, const struct port *port,
	const struct dp_translation *translation, GError **error)
{
	if (!is_of(port, translation))
		return weft_fail(error, BAD_REQUEST,
			"it is not of the port's own address, or of a router on its network");
	return dp_translation_put(handover->dp, translation, error);
}

static void put_translations(
	struct handover *handover, const struct port *port, const GArray *translations)
{
	g_autoptr(GError) error = NULL;
	char id[UUID_STRLEN];
	guint n = 0;

	for (guint i = 0; i < translations->len; i++) {
		g_clear_error(&error);
		n += put_translation(handover, port,
			&g_array_index(translations, struct dp_translation, i), &error);
	}
	uuid_format(&port->id, id);
	if (translations->len)
		log_info("port %s: %u of %u translated connections taken over from its former host",
			id, n, translations->len);
	if (error)
		log_warning("port %s: a translated connection: %s", id, error->message);
}

static void put_all(
	struct handover *handover, const struct port *port, const struct arrival *arrival)
{
	put_translations(handover, port, arrival->translations);
	put_connections(handover, port, arrival->connections);
}

static struct arrival *arrival_new(const struct uuid *port)
{
	struct arrival *arrival = g_new0(struct arrival, 1);

	arrival->port = *port;
	arrival->connections = g_array_new(FALSE, FALSE, sizeof(struct dp_connection));
	arrival->translations = g_array_new(FALSE, FALSE, sizeof(struct dp_translation));
	return arrival;
}

static void add(GArray *to, const GArray *from)
{
	if (from->len && to->len + from->len <= PER_PORT)
		g_array_append_vals(to, from->data, from->len);
}

static void wait_for(struct handover *handover, const struct arrival *now)
{
	struct arrival *arrival = g_hash_table_lookup(handover->waiting, &now->port);

	if (!arrival && g_hash_table_size(handover->waiting) == WAITING_MAX)
		return;
	if (!arrival) {
		arrival = arrival_new(&now->port);
		g_hash_table_insert(handover->waiting, &arrival->port, arrival);
	}
	arrival->until_us = handover->io.now_us(handover->io.data) + WAITS_US;
	add(arrival->connections, now->connections);
	add(arrival->translations, now->translations);
}

static void read_one(const json_t *json, struct arrival *arrival)
{
	g_autoptr(GError) error = NULL;
	struct dp_translation translation;
	struct dp_connection connection;

	if (handover_is_translation(json)) {
		if (handover_translation_from_json(json, &translation, &error))
			g_array_append_val(arrival->translations, translation);
	} else if (handover_from_json(json, &connection, &error)) {
		g_array_append_val(arrival->connections, connection);
	}
	if (error)
		log_limited(warning, "a connection that was handed over: %s", error->message);
}

void handover_arrive(
	struct handover *handover, const struct uuid *port_id, const json_t *connections)
{
	const struct port *port = desired_port(handover->desired, port_id);
	struct arrival *arrival = arrival_new(port_id);
	const json_t *json;
	size_t i;

	json_array_foreach(connections, i, json)
		read_one(json, arrival);
	if (is_here(port))
		put_all(handover, port, arrival);
	else
		wait_for(handover, arrival);
	arrival_free(arrival);
}

void handover_wired(struct handover *handover, const struct port *port)
{
	const struct arrival *arrival = g_hash_table_lookup(handover->waiting, &port->id);

	if (!arrival || !is_here(port))
		return;
	put_all(handover, port, arrival);
	g_hash_table_remove(handover->waiting, &port->id);
}

static gboolean is_late(gpointer key, gpointer value, gpointer data)
{
	(void)key;
	return ((struct arrival *)value)->until_us < *(s64 *)data;
}

void handover_second(struct handover *handover)
{
	s64 now_us = handover->io.now_us(handover->io.data);

	g_hash_table_foreach_remove(handover->waiting, is_late, &now_us);
}
