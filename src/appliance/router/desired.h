/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what weftd says of a network (include/weft/provider.h) to its virtual router: which ports it
 * needs, and what it is told. No I/O, and the same for the same network.
 *
 *	mgmt     on the management network
 *	public   on the public network, if there is one: then what guests send leaves there, by its
 *	         address
 *	guest0   on the guests' network: the gateway of subnets that no router is the gateway of, if
 *	         there is a public network, else an address of its own
 */
#pragma once

#include <jansson.h>

#include "appliance/router/settings.h"

/* Has somebody come who is to be served? */
bool desired_has_guest(const json_t *document);

/* [{"name", "network_id", "fixed_ips"}]: what it needs of ports; @own are those that it has. NULL:
 * REFUSED by INVALID_INPUT, which says why. */
json_t *desired_ports(const json_t *document, const json_t *own,
	const struct router_settings *settings, GError **error);

/* What weft-appliance-netns takes, with revision 1. @own are its ports, all of them; @outer the
 * subnets of the management and public networks. */
json_t *desired_description(const json_t *document, const json_t *own, const json_t *outer,
	const struct router_settings *settings);
