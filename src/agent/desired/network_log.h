/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which decisions of the firewall are to be written down, of which ports of this host: a part of
 * `desired`. A log is about one port, or about all that have a security group, or about all of its
 * project; of ports that are not filtered, none is. A log of the resource_type firewall_group is
 * about routers' ports likewise. One of another is ignored here.
 */
#pragma once

#include "agent/desired/desired.h"

struct network_log {
	struct uuid id; /* first: the key */
	struct record_log record;
};

void network_log_put(struct desired *desired, const struct uuid *id, struct record_log *record);
void network_log_delete(struct desired *desired, const struct uuid *id);
void network_log_free(gpointer log);

bool network_log_concerns(const struct network_log *log, const struct port *port);
bool network_log_concerns_guard(
	const struct network_log *log, const struct router_firewall *firewall);
/* DP_GUARD_LOG_ACCEPT, DP_GUARD_LOG_DROP: what the logs want of the router's port. */
u32 network_log_guard_flags(const struct desired *desired, const struct router_firewall *firewall);
/* DP_PORT_LOG_ACCEPT, DP_PORT_LOG_DROP: what the logs want of the port. */
u32 network_log_flags(const struct desired *desired, const struct port *port);
