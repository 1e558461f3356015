/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that several ports may have (allowed_address_pairs): which guest of this host has
 * announced one. What is heard counts here at once, and is reported; the controller tells all hosts
 * of whoever announced it last.
 *
 *	          announced                     report arrived              2 s, or another has it
 *	(nothing) ─────────► here, to be said ─────────────────► here, said ─────────► (nothing)
 *	                       ▲                                     │
 *	                       └─────────────── announced ───────────┘
 *
 * Without a controller what is heard counts until there is one, with its age: so who was last is
 * found out then. Each address may move three times in a row, then once in two seconds: what is
 * announced meanwhile waits.
 *
 * Guests are asked too, as a router would: once when the agent has begun, because they may have
 * announced something while there was none; and every 5 s for what nobody is known to have. That a
 * guest answers counts then, or when nobody is known to have the address; else it may be one of
 * several that do, and who announced it has it.
 */
#pragma once

#include <jansson.h>

#include "agent/desired/desired.h"
#include "datapath/datapath.h"

struct holders_io {
	s64 (*now_us)(void *data); /* monotonic */
	/* An address is another's, as far as this host knows: it is dirty, and to be reported. */
	void (*moved)(void *data);
	bool (*is_alone)(void *data); /* there is no controller now */
	/* Asks the guest of @port for @ip, as the router that @asker is the MAC of. */
	void (*ask)(const struct port *port, const struct ip *ip, const struct mac *asker,
		const struct ip *asker_ip, void *data);
	void *data;
};

struct holders;

struct holders *holders_new(struct desired *desired, const struct holders_io *io);
void holders_free(struct holders *holders);

/* The guest of @port says that it has an address. */
void holders_heard(
	struct holders *holders, const struct port *port, const struct dp_announcement *said);
/* What is to be reported, {port id: {address: ms ago}}, json_decref(); NULL: nothing. */
json_t *holders_say(struct holders *holders);
/* The report with it has arrived. */
void holders_told(struct holders *holders);
void holders_second(struct holders *holders);
