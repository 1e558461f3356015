/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trunk: a port whose guest tags its frames to be on further networks, by a subport each.
 * Subports are objects of their own, so that their number costs nothing; the trunk shows them as a
 * list.
 */
#pragma once

#include "model/txn.h"

enum trunk_slot {
	TRUNK_ADMIN_STATE_UP = N_STANDARD_SLOTS,
	TRUNK_PORT_ID,
	TRUNK_STATUS,
	TRUNK_SUB_PORTS, /* computed; given, it says what to make */
	N_TRUNK_SLOTS
};
enum trunk_status { TRUNK_ACTIVE, TRUNK_DOWN, TRUNK_BUILD, TRUNK_DEGRADED, TRUNK_ERROR };
enum trunk_index { TRUNK_BY_NAME, TRUNK_BY_PROJECT, TRUNK_BY_PORT, N_TRUNK_INDEXES };

enum subport_slot {
	SUBPORT_TRUNK_ID = N_STANDARD_SLOTS,
	SUBPORT_PORT_ID,
	SUBPORT_TYPE,
	SUBPORT_SEGMENT,
	N_SUBPORT_SLOTS
};
enum subport_index {
	SUBPORT_BY_TRUNK,
	SUBPORT_BY_PORT,    /* unique */
	SUBPORT_BY_SEGMENT, /* unique: trunk, type, id */
	N_SUBPORT_INDEXES
};

extern const struct kind trunk_kind, subport_kind;

/* The port's trunk_details: null unless it is the parent of a trunk. */
void trunk_write_details(
	const struct model *model, const struct object *port, struct json_writer *w);

#define OWNER_TRUNK_SUBPORT "trunk:subport"

/* trunk_ports.c: the trunk that a port is the parent or a subport of; NULL: none. */
const struct object *trunk_of_port(struct txn *txn, const char *port_id);
/* The draft of a port is bound elsewhere, or unbound: its subports go with it. */
bool trunk_follow_binding(struct txn *txn, const struct object *draft, GError **error);
/* ACTIVE: all its ports are; DEGRADED: the parent, and not all subports; else DOWN. */
bool trunk_follow_status(struct txn *txn, const struct uuid *id, GError **error);
/* Binds a new subport to where the parent is. */
bool subport_place(
	struct txn *txn, const struct object *trunk, const char *port_id, GError **error);
bool subport_on_delete(struct txn *txn, const struct object *subport, GError **error);

/* For trunk.c (subport.c): stages the list of a request; writes a trunk's subports. */
bool subports_add(struct txn *txn, const struct object *trunk, const json_t *list, GError **error);
bool subports_remove(
	struct txn *txn, const struct object *trunk, const json_t *list, GError **error);
void subports_write(
	const struct model *model, const char *trunk_id, bool with_mac, struct json_writer *w);
json_t *subports_staged(struct txn *txn, const struct object *trunk);
