/* SPDX-License-Identifier: Apache-2.0 */
/* What the underlay's MTU leaves for networks: only the configuration knows, not the model. */
#pragma once

#include <jansson.h>

#include "controller/api/call.h"

/* The body of a network's creation: fills in the largest MTU when none is asked for. */
bool mtu_prepare(const struct call *call, json_t *body, GError **error);
/* A network's creation (@network is NULL) or update must not ask for more. */
bool mtu_check(const struct call *call, const struct object *network, json_t *body, GError **error);
/* A network that has got an overlay as @segment: its MTU becomes what that leaves, if it is more.
 */
bool mtu_follow(
	const struct call *call, struct txn *txn, const struct object *segment, GError **error);
