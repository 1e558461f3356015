/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/expectations.h"

#include <string.h>

#include "base/log.h"

/* What one is found by: when it comes, and when it is asked for once more. Of bytes alone. */
struct key {
	u64 router;
	be32 a, b;
	u16 port;
	u8 proto, out;
	be32 outside; /* of a wish */
};

struct guest {
	u64 router;
	u32 address, n;
};

struct expected {
	struct key arrival, wish; /* in: port outside, port of the guest; out: the same */
	struct dp_expectation what;
	struct guest *guest;
	s64 until_us;
	bool stays; /* for more than one */
	GList link; /* in the order in which they end, per lifetime */
};

struct expectations {
	struct dp *dp;
	GHashTable *by_arrival, *by_wish, *guests;
	GQueue all;
};

static guint key_hash(gconstpointer data)
{
	const struct key *key = data;
	u64 hash = key->router ^ ((u64)key->a << 32 | key->b);

	hash ^= (u64)key->port << 16 | (u64)key->proto << 8 | key->out;
	hash *= 0x9e3779b97f4a7c15;
	return (guint)(hash >> 32);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct key));
}

static guint guest_hash(gconstpointer data)
{
	const struct guest *guest = data;

	return (guint)((guest->router ^ guest->address) * 0x9e3779b97f4a7c15 >> 32);
}

static gboolean guest_equal(gconstpointer a, gconstpointer b)
{
	const struct guest *x = a, *y = b;

	return x->router == y->router && x->address == y->address;
}

static struct key arrival_key(const struct dp_expectation *e)
{
	struct key key = { .router = e->router, .proto = e->proto, .out = e->out };

	key.a = e->out ? e->guest : e->peer;
	key.b = e->out ? e->peer : e->outside;
	key.port = e->out ? e->peer_port : e->outside_port;
	return key;
}

static struct key wish_key(const struct dp_expectation *e)
{
	struct key key = { .router = e->router, .proto = e->proto, .out = e->out };

	key.a = e->guest;
	key.b = e->peer;
	key.port = e->out ? e->peer_port : e->guest_port;
	key.outside = e->outside;
	return key;
}

static struct guest *guest_of(struct expectations *all, const struct dp_expectation *e)
{
	struct guest key = { .router = e->router, .address = e->guest };
	struct guest *guest = g_hash_table_lookup(all->guests, &key);

	if (!guest) {
		guest = g_memdup2(&key, sizeof(key));
		g_hash_table_add(all->guests, guest);
	}
	return guest;
}

static void forget(struct expectations *all, struct expected *expected)
{
	dp_expectation_remove(all->dp, &expected->what);
	g_queue_unlink(&all->all, &expected->link);
	g_hash_table_remove(all->by_wish, &expected->wish);
	g_hash_table_remove(all->by_arrival, &expected->arrival);
	if (!--expected->guest->n)
		g_hash_table_remove(all->guests, expected->guest);
	g_free(expected);
}

/* Into the order of their ends: most are asked for the same time, and belong to the end, or before
 * the few that stay. */
static void enqueue(struct expectations *all, struct expected *expected, unsigned seconds)
{
	GList *before = all->all.tail;

	expected->stays = seconds > 0;
	expected->until_us = g_get_monotonic_time() + (s64)(seconds ?: EXPECTED_S) * G_USEC_PER_SEC;
	while (before && ((struct expected *)before->data)->until_us > expected->until_us)
		before = before->prev;
	g_queue_insert_after_link(&all->all, before, &expected->link);
}

struct expectations *expectations_new(struct dp *dp)
{
	struct expectations *all = g_new0(struct expectations, 1);

	all->dp = dp;
	all->by_arrival = g_hash_table_new(key_hash, key_equal);
	all->by_wish = g_hash_table_new(key_hash, key_equal);
	all->guests = g_hash_table_new_full(guest_hash, guest_equal, g_free, NULL);
	g_queue_init(&all->all);
	dp_expectations_clear(dp);
	return all;
}

void expectations_free(struct expectations *all)
{
	while (all->all.head)
		forget(all, all->all.head->data);
	g_hash_table_unref(all->by_arrival);
	g_hash_table_unref(all->by_wish);
	g_hash_table_unref(all->guests);
	g_free(all);
}

bool expect(struct expectations *all, struct dp_expectation *e, unsigned seconds)
{
	struct key wish = wish_key(e);
	struct expected *expected = g_hash_table_lookup(all->by_wish, &wish);
	g_autoptr(GError) error = NULL;
	struct guest *guest;

	if (expected) {
		e->outside_port = expected->what.outside_port;
		g_queue_unlink(&all->all, &expected->link);
		enqueue(all, expected, seconds);
		return true;
	}
	guest = guest_of(all, e);
	if (guest->n >= EXPECTED_PER_GUEST || all->all.length >= EXPECTED_MAX ||
		!dp_expectation_put(all->dp, e, &error)) {
		if (error)
			log_limited(warning, "%s", error->message);
		if (!guest->n)
			g_hash_table_remove(all->guests, guest);
		return false;
	}
	expected = g_new0(struct expected, 1);
	expected->wish = wish;
	expected->what = *e;
	expected->arrival = arrival_key(e);
	expected->guest = guest;
	expected->link.data = expected;
	guest->n++;
	g_hash_table_insert(all->by_wish, &expected->wish, expected);
	g_hash_table_insert(all->by_arrival, &expected->arrival, expected);
	enqueue(all, expected, seconds);
	return true;
}

/* What the guest has announced of the very port that it opens a connection from, to the same peer:
 * media go both ways by one pair of ports. */
static struct expected *announced(
	struct expectations *all, const struct expected *expected, const struct arrival *arrival)
{
	struct dp_expectation e = expected->what;
	struct key wish;

	if (!e.out)
		return NULL;
	e.out = false;
	e.guest_port = arrival->sport;
	wish = wish_key(&e);
	return g_hash_table_lookup(all->by_wish, &wish);
}

bool expectations_fulfil(struct expectations *all, const struct arrival *arrival,
	struct dp_expectation *ret, bool *ret_stays)
{
	const struct key key = { .router = arrival->router,
		.proto = arrival->proto,
		.out = arrival->out,
		.a = arrival->src,
		.b = arrival->dst,
		.port = arrival->dport };
	struct expected *expected = g_hash_table_lookup(all->by_arrival, &key);
	struct expected *other = expected ? announced(all, expected, arrival) : NULL;
	g_autoptr(GError) error = NULL;

	if (!expected)
		return false;
	if (!dp_expectation_fulfil(all->dp, other ? &other->what : &expected->what,
		    other ? arrival->dport : arrival->sport, &error)) {
		log_limited(warning, "%s", error->message);
		return false;
	}
	*ret = expected->what;
	*ret_stays = expected->stays;
	if (!expected->stays)
		forget(all, expected);
	if (other && !other->stays)
		forget(all, other);
	return true;
}

void expectations_expire(struct expectations *all, s64 now_us)
{
	const struct expected *first;

	while ((first = g_queue_peek_head(&all->all)) && first->until_us <= now_us)
		forget(all, (struct expected *)first);
}

unsigned expectations_count(const struct expectations *all)
{
	return all->all.length;
}
