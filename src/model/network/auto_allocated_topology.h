/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a project gets that asks for nothing in particular: a network with a subnet of each default
 * subnet pool, behind a router whose gateway is on the default external network. It is made when
 * it is asked for; this object remembers what of the project's it is.
 */
#pragma once

#include "model/txn.h"

enum auto_allocated_topology_slot {
	TOPOLOGY_NETWORK_ID = N_STANDARD_SLOTS,
	TOPOLOGY_ROUTER_ID, /* null: the router has been deleted since */
	N_TOPOLOGY_SLOTS
};

enum auto_allocated_topology_index {
	TOPOLOGY_BY_PROJECT, /* unique */
	TOPOLOGY_BY_NETWORK,
	TOPOLOGY_BY_ROUTER,
	N_TOPOLOGY_INDEXES
};

extern const struct kind auto_allocated_topology_kind;

/* The topology of @project, made now unless it is there; @mtu is that of a new network. FORBIDDEN
 * unless the transaction's caller may; AUTO_ALLOCATION when there is nothing to make it of. */
const struct object *auto_allocated_topology_get(
	struct txn *txn, const char *project, json_t *mtu, GError **error);

/* Would it be made? */
bool auto_allocated_topology_check(struct txn *txn, const char *project, GError **error);

/* Deletes it, if it is there, with all that it has; refused while that is in use. */
bool auto_allocated_topology_remove(struct txn *txn, const char *project, GError **error);
