/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that several ports of a network may have (allowed_address_pairs), of which one has each
 * at a time: keepalived's, say. Its guest announces it by ARP or neighbour discovery, its host
 * reports that, and PORT_HELD_ADDRESSES of the port says it: whoever announced last has it.
 */
#pragma once

#include <jansson.h>

#include "model/txn.h"

/* Of an item of allowed_address_pairs: its address; false: it is a range of several. */
bool pair_address(const json_t *pair, char ret[static IP_STRLEN]);
/* May the guest of @port say that it has @ip (canonical text)? */
bool held_address_allowed(const struct object *port, const char *ip);
/* The port of the network that has it now, or NULL. */
const struct object *held_address_holder(
	struct txn *txn, const char *network_id, const char *ip_text);
/* Stages that @port has @ip, which it may have, and no other does. */
bool held_address_take(struct txn *txn, const struct object *port, const char *ip, GError **error);
/* What @draft may have no more it has not. */
void held_addresses_prune(struct object *draft);

/*
 * A port that is bound nowhere may stand for others: they have its address in their pairs, and what
 * is for it is for whoever of them has that now. Is there one that is bound?
 */
bool port_is_stood_for(const struct model *model, const struct object *port, const char *ip);
/* The port @old changes to @new, or goes (NULL): floating IPs of those that nobody stands for any
 * more are DOWN. */
bool stand_ins_follow_port(
	struct txn *txn, const struct object *old, const struct object *new, GError **error);
