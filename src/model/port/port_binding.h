/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A further, INACTIVE binding of a port, made before a guest moves to another host. The ACTIVE one
 * is the port's own binding:host_id and costs nothing; activation exchanges the two.
 */
#pragma once

#include "model/txn.h"

enum port_binding_slot {
	PORT_BINDING_PORT_ID = N_STANDARD_SLOTS,
	PORT_BINDING_HOST, /* its name */
	PORT_BINDING_HOST_ID,
	PORT_BINDING_NETWORK_ID,
	PORT_BINDING_VNIC_TYPE,
	PORT_BINDING_PROFILE,
	N_PORT_BINDING_SLOTS
};
enum port_binding_index {
	PORT_BINDING_BY_PORT,
	PORT_BINDING_BY_PORT_HOST, /* unique: port, host name */
	PORT_BINDING_BY_HOST_ID,
	PORT_BINDING_BY_NETWORK,
	PORT_BINDING_BY_HOST_NETWORK, /* host id, network id */
	N_PORT_BINDING_INDEXES
};

extern const struct kind port_binding_kind;

/* Exactly what a request says; @port is one that the caller may change. The binding of a port that
 * has none is ACTIVE at once. Errors: INVALID_INPUT for
 * an unknown host, PORT_BINDING_EXISTS, PORT_BINDING_NOT_FOUND, PORT_BINDING_ACTIVE. */
bool port_binding_create(struct txn *txn, const struct object *port, json_t *body, GError **error);
/* Also of the ACTIVE one: then the port changes. */
/* An inactive one of weftd's own; @host is a name. */
bool port_binding_add(struct txn *txn, const struct object *port, const char *host, GError **error);
bool port_binding_update(
	struct txn *txn, const struct object *port, const char *host, json_t *body, GError **error);
/* Of the ACTIVE one: the port is unbound. */
bool port_binding_delete(
	struct txn *txn, const struct object *port, const char *host, GError **error);
bool port_binding_activate(
	struct txn *txn, const struct object *port, const char *host, GError **error);

/* The binding of @port to @host, active or not, as {"host": …}; false: there is none. */
bool port_binding_write(const struct model *model, const struct object *port, const char *host,
	struct json_writer *w);
/* All of them, the active one first. */
void port_bindings_write(
	const struct model *model, const struct object *port, struct json_writer *w);

/* Is it one that two appliances share: made as such, or one that they have and that has further
 * bindings? */
bool port_is_shared(const struct model *model, const struct object *port);

/* The draft of a port is bound to a host: an inactive binding to it is none any more. */
bool port_binding_forget(struct txn *txn, const struct object *draft, GError **error);
