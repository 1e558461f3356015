/* SPDX-License-Identifier: Apache-2.0 */
/* How a port comes by its addresses. Inside of src/model. */
#pragma once

#include "model/port/port.h"

/* Replaces what the caller asked for in @draft's fixed_ips (when @asked is NULL: what it gets
 * without asking) by addresses that are taken for it. @old: the port before, whose addresses are
 * its own. On a routed network a port that is not bound and asks for nothing gets none: its
 * ip_allocation becomes deferred. */
bool port_assign_addresses(struct txn *txn, const struct object *old, struct object *draft,
	const char *asked, GError **error);

/* Stages @port with its own (EUI-64) address on @subnet added, or with those of a subnet removed.
 */
bool port_add_slaac(
	struct txn *txn, const struct object *port, const struct object *subnet, GError **error);
bool port_drop_subnet(
	struct txn *txn, const struct object *port, const char *subnet_id, GError **error);
