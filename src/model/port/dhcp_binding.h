/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where hosts answer the DHCP of a network other than they do unasked: a host with ports of the
 * network may be told not to, and one without to be said to, for the ports that it may get.
 */
#pragma once

#include "model/txn.h"

enum dhcp_binding_slot {
	DHCP_BINDING_HOST_ID = N_STANDARD_SLOTS,
	DHCP_BINDING_NETWORK_ID,
	DHCP_BINDING_SERVED,
	N_DHCP_BINDING_SLOTS
};

enum dhcp_binding_index {
	DHCP_BINDING_BY_HOST,
	DHCP_BINDING_BY_NETWORK,
	DHCP_BINDING_BY_HOST_NETWORK, /* unique; texts: ids of both */
	N_DHCP_BINDING_INDEXES
};

extern const struct kind dhcp_binding_kind;

/* That of the host and the network, by their ids; NULL: it is as it is unasked. */
const struct object *dhcp_binding_of(
	const struct model *model, const char *host, const char *network);

/* Actions of a DHCP agent (kind_action). */
bool dhcp_networks_add(struct txn *txn, const struct object *agent, json_t *body, GError **error);
bool dhcp_networks_remove(
	struct txn *txn, const struct object *agent, const char *network, GError **error);

/* Does an agent answer the network's DHCP? */
bool dhcp_is_answered(
	const struct model *model, const struct object *host, const struct object *network);
