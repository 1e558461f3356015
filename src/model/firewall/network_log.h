/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packets hosts write down: those that security or firewall groups let through, drop, or
 * both, of a port, of a group's ports, or of all. And the kinds of resources whose decisions can be
 * written down.
 */
#pragma once

#include "model/txn.h"

enum network_log_slot {
	NETWORK_LOG_ENABLED = N_STANDARD_SLOTS,
	NETWORK_LOG_EVENT,
	NETWORK_LOG_RESOURCE_TYPE,
	NETWORK_LOG_RESOURCE_ID,
	NETWORK_LOG_TARGET_ID,
	N_NETWORK_LOG_SLOTS
};

enum network_log_index {
	NETWORK_LOG_BY_NAME,
	NETWORK_LOG_BY_PROJECT,
	NETWORK_LOG_BY_RESOURCE,
	NETWORK_LOG_BY_TARGET,
	N_NETWORK_LOG_INDEXES
};

enum loggable_resource_slot {
	LOGGABLE_RESOURCE_TYPE = N_STANDARD_SLOTS,
	N_LOGGABLE_RESOURCE_SLOTS
};

extern const struct kind network_log_kind;
extern const struct kind loggable_resource_kind;

/* What the logs want of the decisions of a firewall group at a router's port. */
struct network_log_events {
	bool accept, drop;
};
struct network_log_events network_log_events(
	const struct model *model, const struct object *group, const char *port);

/* Removes the logs of @group, a security or firewall group, which is being deleted. */
bool network_logs_leave(struct txn *txn, const struct object *group, GError **error);
