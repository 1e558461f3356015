/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which segment of its external network a router's gateway is on. It is the one of the subnets that
 * the gateway has addresses of; where subnets are on none, the first physical one. It is stored
 * with the router: its gateway hosts, and its floating IPs, are on hosts that reach that segment.
 */
#pragma once

#include "model/txn.h"

/* That of a router (NULL: none), or NULL: it has no gateway, or one that leads nowhere. */
const struct object *gateway_segment(const struct model *model, const struct object *router);
/* The same in a transaction. */
const struct object *gateway_segment_staged(const struct txn *txn, const struct object *router);
/* The physical network of such a segment (NULL: none), or NULL. */
const char *gateway_physical(const struct object *segment);

/* Fills in a router's draft, whose gateway network and port are set. */
void gateway_segment_settle(struct txn *txn, struct object *draft);

/* Which of @subnets' segments a gateway or floating IP that names no subnet gets: the first that
 * hosts are connected to, else the first. NULL: they are on none. */
const char *gateway_segment_first(struct txn *txn, const GPtrArray *subnets);

/* Are addresses of @subnet_id on the segment of the router's gateway? Else BAD_REQUEST. */
bool gateway_segment_check(struct txn *txn, const struct object *router, const char *subnet_id,
	const char *address, GError **error);
