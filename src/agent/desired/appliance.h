/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of an appliance of this host by its configuration. */
#pragma once

#include "agent/desired/desired.h"

/* The firewall group of a router's port that an appliance here asks; NULL: none does. */
const struct router_firewall *appliance_firewall(
	const struct desired *desired, const struct uuid *port);
/* That of its NIC; NULL: it has none. */
const struct router_firewall *appliance_firewall_at(
	const struct appliance *appliance, const char *nic);

/* The one here that has the port as a NIC; *ret_nic is borrowed. NULL: none. */
const struct appliance *appliance_with_port(
	const struct desired *desired, const struct uuid *port, const char **ret_nic);
bool appliance_port_of(const struct appliance *appliance, const char *nic, struct uuid *ret);
