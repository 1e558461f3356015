/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address that means, on each host, the port of that host that is associated with it. A port
 * holds it: one that weftd makes (OWNER_LOCAL_IP), or one that the caller names.
 */
#pragma once

#include "model/txn.h"

enum local_ip_slot {
	LOCAL_IP_PORT_ID = N_STANDARD_SLOTS,
	LOCAL_IP_NETWORK_ID,
	LOCAL_IP_ADDRESS,
	LOCAL_IP_MODE,
	N_LOCAL_IP_SLOTS
};
enum local_ip_index {
	LOCAL_IP_BY_NAME,
	LOCAL_IP_BY_PROJECT,
	LOCAL_IP_BY_PORT,
	LOCAL_IP_BY_NETWORK,
	N_LOCAL_IP_INDEXES
};

enum local_ip_association_slot {
	LOCAL_IP_ASSOCIATION_LOCAL_IP_ID = N_STANDARD_SLOTS, /* what it is part of */
	LOCAL_IP_ASSOCIATION_LOCAL_IP_ADDRESS,		     /* computed */
	LOCAL_IP_ASSOCIATION_PORT_ID,
	LOCAL_IP_ASSOCIATION_FIXED_IP,
	LOCAL_IP_ASSOCIATION_HOST, /* computed */
	N_LOCAL_IP_ASSOCIATION_SLOTS
};
enum local_ip_association_index {
	LOCAL_IP_ASSOCIATION_BY_LOCAL_IP,
	LOCAL_IP_ASSOCIATION_BY_PORT,
	LOCAL_IP_ASSOCIATION_BY_BOTH, /* unique */
	N_LOCAL_IP_ASSOCIATION_INDEXES
};

extern const struct kind local_ip_kind, local_ip_association_kind;

/* The address of the port that @asked names, else its only one; its text in @ret. */
bool local_ip_find_address(
	const struct object *port, const char *asked, char ret[static IP_STRLEN], GError **error);

/* After the addresses of a port (@draft) have changed: associations with one that it has no more
 * go; and none goes that a local IP is. */
bool local_ip_follow_port(struct txn *txn, const struct object *draft, GError **error);
