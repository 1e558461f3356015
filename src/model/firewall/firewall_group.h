/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firewall of routers' ports: a policy for what enters the router from the port's network, and
 * one for what leaves it to that network. A port is in one group at most.
 */
#pragma once

#include "model/txn.h"

enum firewall_group_slot {
	FIREWALL_GROUP_ADMIN_STATE_UP = N_STANDARD_SLOTS,
	FIREWALL_GROUP_STATUS, /* computed */
	FIREWALL_GROUP_SHARED,
	FIREWALL_GROUP_PORTS, /* ids */
	FIREWALL_GROUP_INGRESS_POLICY,
	FIREWALL_GROUP_EGRESS_POLICY,
	N_FIREWALL_GROUP_SLOTS
};

enum firewall_group_index {
	FIREWALL_GROUP_BY_NAME,
	FIREWALL_GROUP_BY_PROJECT,
	FIREWALL_GROUP_BY_PORT, /* unique; text: the port's id */
	FIREWALL_GROUP_BY_INGRESS,
	FIREWALL_GROUP_BY_EGRESS,
	FIREWALL_GROUP_DEFAULT, /* unique; text: the project of a default group */
	N_FIREWALL_GROUP_INDEXES
};

extern const struct kind firewall_group_kind;

/* Is it the one that its project has without having made it? */
bool firewall_group_is_default(const struct object *group);

/* May the port be in one? It is an interface or a gateway of a router. */
bool firewall_group_takes(const struct object *port);
bool firewall_group_has_port(const struct object *group, const char *port);

/* Takes @port, which is being deleted, out of its group. */
bool firewall_group_leave(struct txn *txn, const struct object *port, GError **error);
