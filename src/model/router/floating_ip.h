/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address of an external network that stands for a port's address behind a router. A port of its
 * own (OWNER_FLOATING_IP, device_id its id) holds the address.
 */
#pragma once

#include "model/txn.h"

enum floating_ip_slot {
	FLOATING_IP_NETWORK_ID = N_STANDARD_SLOTS,
	FLOATING_IP_SUBNET_ID, /* only in a request */
	FLOATING_IP_ADDRESS,
	FLOATING_IP_PORT_ID,   /* what it stands for: this port's … */
	FLOATING_IP_FIXED_IP,  /* … address */
	FLOATING_IP_ROUTER_ID, /* the router that translates */
	FLOATING_IP_STATUS,
	FLOATING_IP_DNS_NAME,
	FLOATING_IP_DNS_DOMAIN,
	FLOATING_IP_QOS_POLICY_ID,
	FLOATING_IP_QOS_NETWORK_POLICY_ID, /* computed */
	FLOATING_IP_PORT_DETAILS,	   /* computed */
	FLOATING_IP_PORT_FORWARDINGS,	   /* computed */
	N_FLOATING_IP_SLOTS
};

enum floating_ip_index {
	FLOATING_IP_BY_ADDRESS,
	FLOATING_IP_BY_PROJECT,
	FLOATING_IP_BY_NETWORK,
	FLOATING_IP_BY_PORT,
	FLOATING_IP_BY_ROUTER,
	FLOATING_IP_BY_QOS_POLICY,
	N_FLOATING_IP_INDEXES
};

/* Does the host not reach the segment of the router's gateway (NULL: it leads nowhere), or is it
 * NULL, as a VIP's is? Then the host of the gateway has the floating IPs of its ports. */
bool floating_ip_is_by_gateway(const struct object *segment, const struct object *host);

enum floating_ip_status { FLOATING_IP_ACTIVE, FLOATING_IP_DOWN, FLOATING_IP_ERROR };

extern const struct kind floating_ip_kind;

/* Is there one that needs the router's interface on the subnet? */
bool floating_ip_needs(struct txn *txn, const struct object *router, const char *subnet_id);

/* After the addresses of a port (@draft) have changed: those of an address that it has no more are
 * disassociated. */
bool floating_ip_follow_port(struct txn *txn, const struct object *draft, GError **error);

/* After a port's host has changed: what the former one said of its floating IPs says nothing. */
bool floating_ip_follow_binding(struct txn *txn, const struct object *draft, GError **error);

/* Stages the deletion of all floating IPs of a network, none of which is in use. */
bool floating_ip_leave(struct txn *txn, const struct object *network, GError **error);

/* The router that connects @subnet, of the port @inside, with an external network: the one that has
 * the subnet's gateway address, else the first. NULL with @error set. */
const struct object *floating_ip_router(struct txn *txn, const struct object *inside,
	const char *subnet_id, const char *external_network_id, GError **error);
