/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of the view as the responders want it told.
 */
#pragma once

#include "agent/desired/desired.h"
#include "agent/service/port.h"

/* `port` borrows from the view and from here; valid until the view changes. */
struct service_port_owned {
	struct service_port port;
	char id[UUID_STRLEN], network_id[UUID_STRLEN];
	GArray *subnets;   /* struct service_subnet */
	GArray *addresses; /* struct service_address */
	GArray *options;   /* struct service_option */
	GPtrArray *routes; /* GArray of struct service_route */
};

/* @port must have its network. */
struct service_port_owned *service_port_of(const struct desired *desired, const struct port *port);
void service_port_owned_free(struct service_port_owned *owned);
