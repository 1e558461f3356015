/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of a floating IP, one or a range, that stand for ports of a port's address. */
#pragma once

#include "model/txn.h"

enum port_forwarding_slot {
	PORT_FORWARDING_FLOATING_IP_ID = N_STANDARD_SLOTS, /* what it is part of */
	PORT_FORWARDING_PROTOCOL,
	PORT_FORWARDING_EXTERNAL_PORT,	/* null: a range of several */
	PORT_FORWARDING_EXTERNAL_RANGE, /* "80:80": always set */
	PORT_FORWARDING_INTERNAL_PORT,
	PORT_FORWARDING_INTERNAL_RANGE,
	PORT_FORWARDING_INTERNAL_PORT_ID, /* the port, … */
	PORT_FORWARDING_INTERNAL_IP,	  /* … its address */
	N_PORT_FORWARDING_SLOTS
};

enum port_forwarding_index {
	PORT_FORWARDING_BY_FLOATING_IP,
	PORT_FORWARDING_BY_PORT,
	N_PORT_FORWARDING_INDEXES
};

extern const struct kind port_forwarding_kind;

/* Ports, both included. */
struct port_range {
	unsigned first, last;
};
/* "80" or "80:90". */
bool port_range_parse(const char *text, struct port_range *ret);
static inline bool port_ranges_overlap(const struct port_range *a, const struct port_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* The first one of a floating IP, or to a port; NULL: none. */
const struct object *port_forwarding_of(
	struct txn *txn, enum port_forwarding_index index, const struct object *object);

/* Is there one of the floating IP to an address on that subnet? */
bool port_forwarding_needs(
	struct txn *txn, const struct object *floating_ip, const char *subnet_id);

/* After the addresses of a port (@draft) have changed: those to an address that it has no more go.
 */
bool port_forwarding_follow_port(struct txn *txn, const struct object *draft, GError **error);

/* Writes those of a floating IP, as the floating IP shows them. */
void port_forwarding_write_all(
	const struct model *model, const struct object *floating_ip, struct json_writer *w);
