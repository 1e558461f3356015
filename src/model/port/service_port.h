/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that weftd makes, or takes, for routers, floating IPs, local IPs and load balancers. Their
 * device_owner says what for, their device_id is the id of the object that has them. Who has such
 * an object changes it, never the port: these owners are not for callers to give, and what hangs on
 * them can't be changed or deleted by way of the port.
 */
#pragma once

#include "model/port/port.h"

/* Who serves a network's DHCP: it goes with the network, and is no use of a subnet. */
#define OWNER_DHCP "network:dhcp"
#define OWNER_ROUTER_GATEWAY "network:router_gateway"
#define OWNER_ROUTER_INTERFACE "network:router_interface"
#define OWNER_ROUTER_INTERFACE_DISTRIBUTED "network:router_interface_distributed"
#define OWNER_ROUTER_INTERFACE_HA "network:ha_router_replicated_interface"
/* A NIC that the two of a pair of appliances share: the port has a binding for each, and weftd
 * activates that of the master. */
#define OWNER_HA_APPLIANCE "network:ha_appliance"
#define OWNER_FLOATING_IP "network:floatingip"
#define OWNER_LOCAL_IP "network:local_ip"
#define OWNER_LOAD_BALANCER "network:load_balancer"
/* An appliance's on a network that is not the one it serves; it is not kept from callers. */
#define OWNER_APPLIANCE "network:appliance"

bool port_is_service(const struct object *port);
bool port_is_router_interface(const struct object *port);
bool port_has_owner(const struct object *port, const char *owner);

/* May two appliances share it? They do when it has further bindings (model/port/port_binding.h). */
bool port_may_be_shared(const struct object *port);

/* Does whatever is behind it make its own address (EUI-64) where hosts do so? A router has the
 * subnet's gateway address there, and a floating IP is IPv4. */
bool port_makes_addresses(const struct object *port);

/* For the port's hooks: what callers may not do. @old: NULL when it is created. */
bool service_port_check(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error);
bool service_port_check_delete(struct txn *txn, const struct object *port, GError **error);

/* For PORT_BY_ROUTER_SUBNET: the subnets that it connects to a router. */
void service_port_subnet_keys(const struct object *port, struct key_sink *sink);

/* The first router's interface on the subnet, or NULL. */
const struct object *router_interface_on(const struct txn *txn, const struct object *subnet);

/* The port that @device has as @owner, or NULL. */
const struct object *service_port_of(
	const struct txn *txn, const struct object *device, const char *owner);
