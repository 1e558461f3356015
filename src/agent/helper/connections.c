/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/connections.h"

#include <string.h>

#define IDLE_S 7440 /* as translations: RFC 5382 section 5 */
#define CLOSED_S 240

/* Each queue in the order in which they were seen last. */
struct connections {
	GHashTable *all;
	GHashTable *routers; /* u64 key → u64[2]: the key, and how many it has */
	GQueue open, closed;
	size_t held;
};

static guint key_hash(gconstpointer data)
{
	const struct connection_key *key = data;
	u64 hash = key->router ^ ((u64)key->guest << 32 | key->peer);

	hash ^= (u64)key->guest_port << 16 | key->peer_port;
	return (guint)(hash * 0x9e3779b97f4a7c15 >> 32);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct connection_key));
}

static GQueue *queue_of(struct connections *connections, const struct connection *connection)
{
	return connection->closed ? &connections->closed : &connections->open;
}

GByteArray *connections_release(
	struct connections *connections, struct connection *connection, enum helped_side side)
{
	GByteArray *held = g_steal_pointer(&connection->sides[side].held);

	if (held)
		connections->held -= held->len;
	return held;
}

static void let_go(struct connections *connections, struct connection *connection)
{
	for (enum helped_side side = SIDE_GUEST; side <= SIDE_PEER; side++) {
		g_autoptr(GByteArray) held = connections_release(connections, connection, side);
	}
}

bool connections_hold(struct connections *connections, struct connection *connection,
	enum helped_side side, u32 seq, const u8 *bytes, size_t len)
{
	g_autoptr(GByteArray) old = connections_release(connections, connection, side);

	if (len > HELD_MAX || connections->held + len > HELD_TOTAL)
		return false;
	connection->sides[side].held = g_byte_array_append(g_byte_array_new(), bytes, (guint)len);
	connection->sides[side].held_seq = seq;
	connection->sides[side].held_us = g_get_monotonic_time();
	connections->held += len;
	return true;
}

static void forget(struct connections *connections, struct connection *connection)
{
	u64 *router = connection->of_router;

	let_go(connections, connection);
	g_queue_unlink(queue_of(connections, connection), &connection->link);
	g_hash_table_remove(connections->all, &connection->key);
	if (!--router[1])
		g_hash_table_remove(connections->routers, router);
}

static u64 *router_of(struct connections *connections, u64 key)
{
	u64 *router = g_hash_table_lookup(connections->routers, &key);

	if (!router) {
		router = g_new0(u64, 2);
		router[0] = key;
		g_hash_table_insert(connections->routers, router, router);
	}
	return router;
}

struct connections *connections_new(void)
{
	struct connections *connections = g_new0(struct connections, 1);

	connections->all = g_hash_table_new_full(key_hash, key_equal, NULL, g_free);
	connections->routers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_queue_init(&connections->open);
	g_queue_init(&connections->closed);
	return connections;
}

void connections_free(struct connections *connections)
{
	GHashTableIter iter;
	gpointer connection;

	g_hash_table_iter_init(&iter, connections->all);
	while (g_hash_table_iter_next(&iter, NULL, &connection))
		let_go(connections, connection);
	g_hash_table_unref(connections->all);
	g_hash_table_unref(connections->routers);
	g_free(connections);
}

static struct connection *make(struct connections *connections, const struct connection_key *key)
{
	u64 *router = router_of(connections, key->router);
	struct connection *connection;

	if (g_hash_table_size(connections->all) >= CONNECTIONS_MAX ||
		router[1] >= CONNECTIONS_PER_ROUTER) {
		if (!router[1])
			g_hash_table_remove(connections->routers, router);
		return NULL;
	}
	router[1]++;
	connection = g_new0(struct connection, 1);
	connection->key = *key;
	connection->of_router = router;
	connection->link.data = connection;
	g_hash_table_insert(connections->all, &connection->key, connection);
	g_queue_push_tail_link(&connections->open, &connection->link);
	return connection;
}

/* A new one by the same ports begins with a SYN and no ACK. */
static void restart(struct connections *connections, struct connection *connection)
{
	let_go(connections, connection);
	memset(connection->sides, 0, sizeof(connection->sides));
	connection->closed = false;
}

static void note_flags(
	struct connection *connection, enum helped_side from, const struct packet *packet)
{
	typeof(connection->sides[0]) *side = &connection->sides[from];

	if (packet->flags & PACKET_SYN) {
		side->line = packet->seq + 1;
		side->in_step = true;
	}
	if (packet->flags & PACKET_FIN)
		side->fin = true;
	if (packet->flags & PACKET_RST || (side->fin && connection->sides[!from].fin))
		connection->closed = true;
}

struct connection *connections_see(struct connections *connections,
	const struct connection_key *key, enum helped_side from, const struct packet *packet)
{
	struct connection *connection = g_hash_table_lookup(connections->all, key);

	if (!connection)
		connection = make(connections, key);
	if (!connection)
		return NULL;
	g_queue_unlink(queue_of(connections, connection), &connection->link);
	if ((packet->flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN &&
		!(connection->sides[from].in_step &&
			connection->sides[from].line == packet->seq + 1))
		restart(connections, connection);
	note_flags(connection, from, packet);
	connection->seen_us = g_get_monotonic_time();
	g_queue_push_tail_link(queue_of(connections, connection), &connection->link);
	return connection;
}

static void expire(struct connections *connections, GQueue *queue, s64 before_us)
{
	struct connection *first;

	while ((first = g_queue_peek_head(queue)) && first->seen_us < before_us)
		forget(connections, first);
}

void connections_expire(struct connections *connections, s64 now_us)
{
	expire(connections, &connections->open, now_us - (s64)IDLE_S * G_USEC_PER_SEC);
	expire(connections, &connections->closed, now_us - (s64)CLOSED_S * G_USEC_PER_SEC);
}

unsigned connections_count(const struct connections *connections)
{
	return g_hash_table_size(connections->all);
}

bool connection_in_step(
	struct connection *connection, enum helped_side from, const struct packet *packet)
{
	typeof(connection->sides[0]) *side = &connection->sides[from];
	size_t len = packet_payload_len(packet);
	bool again = side->last.len && side->last.seq == packet->seq;
	bool begins = side->in_step && side->line == packet->seq;

	if (!len)
		return false;
	if (packet->frame[packet->len - 1] == '\n' &&
		(!side->in_step || (s32)(packet->seq + (u32)len - side->line) > 0)) {
		side->line = packet->seq + (u32)len;
		side->in_step = true;
	}
	return begins || again;
}
