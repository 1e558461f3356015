/* SPDX-License-Identifier: Apache-2.0 */
/* What a DHCPv4 client is told about one of its port's addresses: the options, in a table. */
#pragma once

#include "agent/dhcp/dhcp4_wire.h"
#include "agent/service/port.h"

struct dhcp4_offer {
	const struct service_port *port;
	const struct service_address *address;
	const struct dhcp4_request *request;
};

/* Appends the options of the lease itself: its time, T1 and T2. */
void dhcp4_write_lease(struct writer *w, const struct dhcp4_offer *offer);

/* Appends the options that describe the network, and those that the port's owner has set. */
void dhcp4_write_parameters(struct writer *w, const struct dhcp4_offer *offer);
