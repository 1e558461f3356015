/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hosts say that the listeners of load balancers have done. A host's counters have a number:
 * while that is the same, what it says now takes the place of what it said before, whichever
 * process says it. Counters that end (the listener has left the host, the host was started anew or
 * is deleted) go into the listener's past, which is stored; so nothing is counted twice.
 */
#include "controller/sync/server_impl.h"

#include "model/balancer/lb_stats.h"

struct counters {
	struct uuid host;
	u32 number;
	bool ended;	/* they are in the past */
	bool mentioned; /* in the report at hand */
	struct lb_stats stats;
};

static GArray *counters_of(struct sync_server *server, const struct uuid *listener)
{
	GArray *all = g_hash_table_lookup(server->listeners, listener);

	if (!all) {
		all = g_array_new(FALSE, TRUE, sizeof(struct counters));
		g_hash_table_insert(server->listeners, g_memdup2(listener, sizeof(*listener)), all);
	}
	return all;
}

static struct counters *counters_get(GArray *all, const struct uuid *host, u32 number)
{
	struct counters made = { .host = *host, .number = number };

	for (guint i = 0; i < all->len; i++) {
		struct counters *one = &g_array_index(all, struct counters, i);

		if (one->number == number && uuid_equal(&one->host, host))
			return one;
	}
	g_array_append_val(all, made);
	return &g_array_index(all, struct counters, all->len - 1);
}

static bool end(
	struct txn *txn, const struct uuid *listener, struct counters *counters, GError **error)
{
	if (counters->ended)
		return true;
	counters->ended = true;
	counters->stats.active = 0;
	return lb_stats_bury(txn, listener, &counters->stats, error);
}

static bool take(struct sync_server *server, struct txn *txn, const struct object *host,
	const struct uuid *listener, const json_t *said, GError **error)
{
	json_int_t number, active, total, in, out, errors;
	struct counters *counters;
	int ended = false;

	if (json_unpack((json_t *)said, "{s:I, s:I, s:I, s:I, s:I, s:I, s?b}", "number", &number,
		    "active", &active, "total", &total, "bytes_in", &in, "bytes_out", &out,
		    "errors", &errors, "ended", &ended) ||
		number < 1 || number > G_MAXUINT32 || active < 0 || total < 0 || in < 0 ||
		out < 0 || errors < 0)
		return weft_fail(error, BAD_REQUEST,
			"A listener of the report is [{\"number\", \"active\", \"total\", \"bytes_in\", "
			"\"bytes_out\", \"errors\": numbers, \"ended\": boolean}].");
	counters = counters_get(counters_of(server, listener), object_id(host), (u32)number);
	counters->mentioned = true;
	if (counters->ended)
		return true;
	counters->stats = (struct lb_stats){ active, total, in, out, errors };
	return !ended || end(txn, listener, counters, error);
}

/* Of all that the host has: what it does not name has ended; and what has ended, and is not said
 * again, is forgotten. */
static bool end_missing(
	struct sync_server *server, struct txn *txn, const struct object *host, GError **error)
{
	const struct uuid *listener;
	GHashTableIter iter;
	GArray *all;

	g_hash_table_iter_init(&iter, server->listeners);
	while (g_hash_table_iter_next(&iter, (gpointer *)&listener, (gpointer *)&all)) {
		for (guint i = all->len; i-- > 0;) {
			struct counters *one = &g_array_index(all, struct counters, i);
			bool mentioned = one->mentioned;

			one->mentioned = false;
			if (mentioned || !uuid_equal(&one->host, object_id(host)))
				continue;
			if (!end(txn, listener, one, error))
				return false;
			g_array_remove_index(all, i);
		}
	}
	return true;
}

bool listeners_stage(struct sync_server *server, struct txn *txn, const struct object *host,
	const json_t *reported, bool full, GError **error)
{
	const char *id;
	json_t *list, *said;
	struct uuid listener;
	size_t i;

	json_object_foreach((json_t *)reported, id, list) {
		if (!uuid_parse(id, &listener) || !json_is_array(list))
			return weft_fail(error, BAD_REQUEST,
				"Listener %.64s of the report is no id with a list.", id);
		if (!txn_get(txn, KIND_LB_LISTENER, &listener))
			continue; /* deleted meanwhile */
		json_array_foreach(list, i, said)
			if (!take(server, txn, host, &listener, said, error))
				return false;
	}
	return !reported || !full || end_missing(server, txn, host, error);
}

void listeners_host_deleted(struct sync_server *server, const struct uuid *host)
{
	static const struct caller system = { CALLER_SYSTEM, "" };
	g_autoptr(txn) txn = txn_new(server->config.model, &system);
	const struct uuid *listener;
	GHashTableIter iter;
	bool some = false;
	GArray *all;

	g_hash_table_iter_init(&iter, server->listeners);
	while (g_hash_table_iter_next(&iter, (gpointer *)&listener, (gpointer *)&all)) {
		for (guint i = all->len; i-- > 0;) {
			struct counters *one = &g_array_index(all, struct counters, i);

			if (!uuid_equal(&one->host, host))
				continue;
			some |= end(txn, listener, one, NULL);
			g_array_remove_index(all, i);
		}
	}
	if (some)
		commit_submit(server->commit, g_steal_pointer(&txn), NULL, NULL);
}

static void add(const struct uuid *listener, struct lb_stats *sum, void *data)
{
	struct sync_server *server = data;
	const GArray *all = g_hash_table_lookup(server->listeners, listener);

	for (guint i = 0; all && i < all->len; i++) {
		const struct counters *one = &g_array_index(all, struct counters, i);
		const struct peer *peer = peer_find(server, &one->host);

		if (one->ended)
			continue;
		if (peer && peer_is_alive(peer)) /* else nobody knows what goes on there */
			sum->active += one->stats.active;
		sum->total += one->stats.total;
		sum->bytes_in += one->stats.bytes_in;
		sum->bytes_out += one->stats.bytes_out;
		sum->errors += one->stats.errors;
	}
}

void listeners_open(struct sync_server *server)
{
	server->listeners =
		g_hash_table_new_full(uuid_hash, uuid_equal, g_free, (GDestroyNotify)g_array_unref);
	lb_stats_set_source(server->config.model, add, server);
}

void listeners_close(struct sync_server *server)
{
	lb_stats_set_source(server->config.model, NULL, NULL);
	g_hash_table_unref(server->listeners);
}

void listeners_deleted(struct sync_server *server, const struct uuid *listener)
{
	g_hash_table_remove(server->listeners, listener);
}
