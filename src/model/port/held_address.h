/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that several ports of a network may have (allowed_address_pairs), of which one has each
 * at a time: keepalived's, say. Its guest announces it by ARP or neighbour discovery, its host
 * reports that, and PORT_HELD_ADDRESSES of the port says it: whoever announced last has it.
 */
#pragma once

#include "model/txn.h"

/* May the guest of @port say that it has @ip (canonical text)? */
bool held_address_allowed(const struct object *port, const char *ip);
/* The port of the network that has it now, or NULL. */
const struct object *held_address_holder(
	struct txn *txn, const char *network_id, const char *ip_text);
/* Stages that @port has @ip, which it may have, and no other does. */
bool held_address_take(struct txn *txn, const struct object *port, const char *ip, GError **error);
/* What @draft may have no more it has not. */
void held_addresses_prune(struct object *draft);
