/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/holder.h"

#include <string.h>

#include "base/log.h"

/* A stream's line comes a moment after the report's answer. */
#define BELIEVE_US (2 * G_USEC_PER_SEC)
#define MOVE_US (2 * G_USEC_PER_SEC)
#define MOVES_AT_ONCE 3
#define ASKED_US (2 * G_USEC_PER_SEC) /* an answer is to us */
#define ASK_FIRST_S 2
#define ASK_S 5

struct holders {
	struct desired *desired;
	struct holders_io io;
	GHashTable *heard; /* set of struct heard */
	unsigned seconds;  /* since the beginning */
};

enum heard_state { HEARD_WAITS, HEARD_TO_SAY, HEARD_SAYING, HEARD_SAID };

struct heard {
	struct uuid port;	/* first of the key */
	struct address address; /* end of the key */
	enum heard_state state;
	s64 heard_us, said_us, asked_us;
	s64 tat_us; /* when it may move at will again */
};

static guint heard_hash(gconstpointer data)
{
	const struct heard *heard = data;
	struct uuid address;

	memcpy(address.b, heard->address.b, sizeof(address.b));
	return uuid_hash(&heard->port) ^ uuid_hash(&address);
}

static gboolean heard_equal(gconstpointer a, gconstpointer b)
{
	const struct heard *x = a, *y = b;

	return uuid_equal(&x->port, &y->port) &&
	       !memcmp(&x->address, &y->address, sizeof(x->address));
}

struct holders *holders_new(struct desired *desired, const struct holders_io *io)
{
	struct holders *holders = g_new0(struct holders, 1);

	holders->desired = desired;
	holders->io = *io;
	holders->heard = g_hash_table_new_full(heard_hash, heard_equal, g_free, NULL);
	return holders;
}

void holders_free(struct holders *holders)
{
	if (!holders)
		return;
	g_hash_table_unref(holders->heard);
	g_free(holders);
}

/* NULL: it is gone, or not its own any more. */
static struct claim *claim_of(const struct holders *holders, const struct heard *heard)
{
	struct endpoint *endpoint = desired_endpoint(holders->desired, &heard->port);
	struct claim *claim = endpoint ? endpoint_claim(endpoint, &heard->address) : NULL;

	/* One that nobody else may ever have needs no word. */
	return claim && (claim->origin == CLAIM_PAIR || claim->next ||
				claim != network_claims(endpoint->member->network, &heard->address))
		       ? claim
		       : NULL;
}

static void log_move(const struct heard *heard)
{
	char id[UUID_STRLEN], text[IP_STRLEN];
	struct ip ip = address_ip(&heard->address);

	log_info("port %s has announced %s, which others may have too: it is there now",
		uuid_format(&heard->port, id), ip_format(&ip, text));
}

static void move(struct holders *holders, struct heard *heard, struct claim *claim)
{
	s64 now = holders->io.now_us(holders->io.data);

	if (heard->tat_us - now > (MOVES_AT_ONCE - 1) * MOVE_US) {
		heard->state = HEARD_WAITS;
		return;
	}
	heard->tat_us = MAX(heard->tat_us, now) + MOVE_US;
	heard->state = HEARD_TO_SAY;
	log_move(heard);
	claim_hear(holders->desired, claim);
	holders->io.moved(holders->io.data);
}

/* Has no other port of this host said it later? */
static bool is_last(
	const struct holders *holders, const struct heard *heard, const struct claim *claim)
{
	const struct network *network = claim->endpoint->member->network;
	const struct claim *other = network_claims(network, &heard->address);

	for (; other; other = other->next) {
		const struct heard key = { .port = other->endpoint->id, .address = heard->address };
		const struct heard *its = g_hash_table_lookup(holders->heard, &key);

		if (its && its->heard_us > heard->heard_us)
			return false;
	}
	return true;
}

static struct heard *heard_need(struct holders *holders, const struct heard *key)
{
	struct heard *heard = g_hash_table_lookup(holders->heard, key);

	if (!heard) {
		heard = g_memdup2(key, sizeof(*key));
		g_hash_table_add(holders->heard, heard);
	}
	return heard;
}

static bool is_asked(const struct holders *holders, const struct heard *key)
{
	const struct heard *heard = g_hash_table_lookup(holders->heard, key);

	return heard && heard->asked_us &&
	       holders->io.now_us(holders->io.data) - heard->asked_us < ASKED_US;
}

void holders_heard(
	struct holders *holders, const struct port *port, const struct dp_announcement *said)
{
	struct heard key = {
		.port = port->id, .address = address_of_ip(&said->ip), .state = HEARD_SAID
	};
	struct claim *claim = claim_of(holders, &key);
	const struct claim *holder;
	struct heard *heard;

	if (!claim || mac_compare(&claim->mac, &said->mac))
		return;
	holder = claims_holder(network_claims(port->network, &key.address));
	if (said->solicited && (holder == claim || (holder && !is_asked(holders, &key))))
		return;
	heard = heard_need(holders, &key);
	heard->heard_us = holders->io.now_us(holders->io.data);
	if (holder != claim)
		move(holders, heard, claim);
	else if (!claim->held || holders->io.is_alone(holders->io.data))
		heard->state = HEARD_TO_SAY; /* the controller does not know it, or others do not */
}

/* That it is so still; after a while without a controller others may think otherwise. */
static void say(json_t *ports, const struct heard *heard, s64 now)
{
	char id[UUID_STRLEN], text[IP_STRLEN];
	struct ip ip = address_ip(&heard->address);
	json_t *addresses = json_object_get(ports, uuid_format(&heard->port, id));

	if (!addresses) {
		addresses = json_object();
		json_object_set_new(ports, id, addresses);
	}
	json_object_set_new(
		addresses, ip_format(&ip, text), json_integer((now - heard->heard_us) / 1000));
}

json_t *holders_say(struct holders *holders)
{
	s64 now = holders->io.now_us(holders->io.data);
	json_t *ports = NULL;
	struct heard *heard;
	GHashTableIter i;

	g_hash_table_iter_init(&i, holders->heard);
	while (g_hash_table_iter_next(&i, (gpointer *)&heard, NULL)) {
		if (heard->state != HEARD_TO_SAY && heard->state != HEARD_SAYING)
			continue;
		if (!ports)
			ports = json_object();
		say(ports, heard, now);
		heard->state = HEARD_SAYING;
	}
	return ports;
}

void holders_told(struct holders *holders)
{
	struct heard *heard;
	GHashTableIter i;

	g_hash_table_iter_init(&i, holders->heard);
	while (g_hash_table_iter_next(&i, (gpointer *)&heard, NULL))
		if (heard->state == HEARD_SAYING) {
			heard->state = HEARD_SAID;
			heard->said_us = holders->io.now_us(holders->io.data);
		}
}

/* True: there is nothing to remember. */
static bool settle(struct holders *holders, struct heard *heard, s64 now)
{
	struct claim *claim = claim_of(holders, heard);

	if (!claim)
		return true;
	if (heard->state == HEARD_WAITS && !is_last(holders, heard, claim))
		heard->state = HEARD_SAID;
	else if (heard->state == HEARD_WAITS)
		move(holders, heard, claim);
	if (heard->state != HEARD_SAID || now - heard->said_us < BELIEVE_US)
		return false;
	if (claim->heard) {
		claim_believe(holders->desired, claim);
		holders->io.moved(holders->io.data);
	}
	return heard->tat_us <= now && now - heard->asked_us > ASKED_US;
}

/* As a router of the network; there is none: nobody needs to know. */
static void ask_as_router(struct holders *holders, const struct port *port, const struct ip *ip)
{
	const GPtrArray *interfaces = port->network->interfaces;

	for (guint i = 0; i < interfaces->len; i++) {
		const struct interface *interface = interfaces->pdata[i];
		const GArray *own = interface->record.fixed_ips;

		for (guint n = 0; interface_is_up(interface) && n < own->len; n++) {
			const struct ip *asker = &g_array_index(own, struct record_fixed_ip, n).ip;

			if (asker->family != ip->family)
				continue;
			holders->io.ask(port, ip, &interface->record.mac, asker, holders->io.data);
			return;
		}
	}
}

/* @all: also of what others are known to have. */
static void ask_of(struct holders *holders, const struct port *port, bool all)
{
	const struct endpoint *endpoint = desired_endpoint(holders->desired, &port->id);

	for (u16 i = 0; endpoint && endpoint->has_pairs && i < endpoint->n_claims; i++) {
		const struct claim *claim = &endpoint->claims[i];
		const struct claim *others = network_claims(port->network, &claim->address);
		const struct claim *holder = claims_holder(others);
		struct ip ip;

		if (claim->address.type == ADDRESS_MAC || !others->next || holder == claim ||
			(holder && !all))
			continue;
		if (holder)
			heard_need(holders, &(struct heard){ .port = port->id,
						    .address = claim->address,
						    .state = HEARD_SAID })
				->asked_us = holders->io.now_us(holders->io.data);
		ip = address_ip(&claim->address);
		ask_as_router(holders, port, &ip);
	}
}

static void ask(struct holders *holders, bool all)
{
	const struct port *port;
	GHashTableIter i;

	g_hash_table_iter_init(&i, holders->desired->ports);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
		if (port->known && port->applied_ifindex && !port->network->wire.physical_network)
			ask_of(holders, port, all);
}

void holders_second(struct holders *holders)
{
	s64 now = holders->io.now_us(holders->io.data);
	struct heard *heard;
	GHashTableIter i;

	g_hash_table_iter_init(&i, holders->heard);
	while (g_hash_table_iter_next(&i, (gpointer *)&heard, NULL))
		if (settle(holders, heard, now))
			g_hash_table_iter_remove(&i);
	holders->seconds++;
	if (holders->seconds == ASK_FIRST_S || holders->seconds % ASK_S == 0)
		ask(holders, holders->seconds == ASK_FIRST_S);
}
