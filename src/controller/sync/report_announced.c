/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that several ports of a network may have: whose guest announced one last has it, and
 * all hosts of the network are told (PORT_HELD_ADDRESSES). Hosts say how long ago they heard it, so
 * that those that come back after a while without weftd need not do so in the order of what they
 * heard. When that was is not stored: after a restart of weftd, whoever reports first is believed
 * until one reports that was later.
 */
#include "controller/sync/server_impl.h"

#include <string.h>

#include "base/log.h"
#include "model/port/held_address.h"
#include "model/port/port.h"

#define AGE_MS_MAX (86400000LL * 365)
#define REMEMBERED_MAX 4096
#define REMEMBERED_US (600 * G_USEC_PER_SEC)

void announced_open(struct sync_server *server)
{
	server->announced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void announced_close(struct sync_server *server)
{
	g_hash_table_unref(server->announced);
}

static gboolean is_old(gpointer key, gpointer value, gpointer now)
{
	(void)key;
	return *(s64 *)now - *(s64 *)value > REMEMBERED_US;
}

/* Whether nobody is known to have announced it later than @when_us. */
static bool is_last(struct sync_server *server, const char *network, const char *ip, s64 when_us)
{
	g_autofree char *key = g_strdup_printf("%s %s", network, ip);
	const s64 *last = g_hash_table_lookup(server->announced, key);
	s64 now = g_get_monotonic_time();

	if (last && *last > when_us)
		return false;
	if (g_hash_table_size(server->announced) > REMEMBERED_MAX)
		g_hash_table_foreach_remove(server->announced, is_old, &now);
	g_hash_table_insert(
		server->announced, g_steal_pointer(&key), g_memdup2(&when_us, sizeof(when_us)));
	return true;
}

static bool stage_one(struct sync_server *server, struct txn *txn, const char *port_id,
	const char *ip, s64 when_us, GError **error)
{
	const struct object *port = txn_get_text(txn, KIND_PORT, port_id);
	const struct object *before;
	const char *network;

	if (!port || !held_address_allowed(port, ip))
		return true; /* it was while the report was on its way */
	network = object_str(port, PORT_NETWORK_ID);
	before = held_address_holder(txn, network, ip);
	if (!is_last(server, network, ip, when_us) ||
		(before && uuid_equal(object_id(before), object_id(port))))
		return true;
	log_info("address %s of network %s: announced by port %s on host %s", ip, network, port_id,
		object_str(port, PORT_HOST_ID));
	return held_address_take(txn, port, ip, error);
}

bool announced_stage(struct sync_server *server, struct txn *txn, const struct object *host,
	const json_t *reported, GError **error)
{
	s64 now = g_get_monotonic_time();
	const char *port_id, *ip;
	json_t *addresses, *ms;

	json_object_foreach((json_t *)reported, port_id, addresses) {
		const struct object *port = txn_get_text(txn, KIND_PORT, port_id);

		if (!json_is_object(addresses))
			return weft_fail(error, BAD_REQUEST,
				"Port %.64s of \"announced\" of the report must have {address: milliseconds since then}.",
				port_id);
		if (!port || strcmp(object_str(port, PORT_HOST_ID), object_str(host, SLOT_NAME)))
			continue;
		json_object_foreach(addresses, ip, ms) {
			if (!json_is_integer(ms) || json_integer_value(ms) < 0)
				return weft_fail(error, BAD_REQUEST,
					"Address %.64s of port %.64s of \"announced\" of the report must have the milliseconds since then.",
					ip, port_id);
			if (!stage_one(server, txn, port_id, ip,
				    now - MIN(json_integer_value(ms), AGE_MS_MAX) * 1000, error))
				return false;
		}
	}
	return true;
}
