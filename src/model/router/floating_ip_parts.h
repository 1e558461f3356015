/* SPDX-License-Identifier: Apache-2.0 */
/* What the floating IP's descriptor calls. Inside of src/model. */
#pragma once

#include "model/router/floating_ip.h"
#include "model/port/service_port.h"
#include "model/txn_impl.h"

/* Makes the draft's fixed address and router those of the port that the caller gave. */
bool floating_ip_associate(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
/* Is its address on the segment of the router's gateway? Else BAD_REQUEST. */
bool floating_ip_check_segment(struct txn *txn, const struct object *floating_ip,
	const struct object *router, GError **error);
/* The subnet that a draft which names none gets its address of, as the gateway of the router of its
 * port is on a segment; NULL: any. */
const char *floating_ip_subnet(
	struct txn *txn, const struct object *draft, char buf[static UUID_STRLEN]);
void floating_ip_disassociate(struct object *draft);
/* The first one that stands for the port, or NULL. */
const struct object *floating_ip_of_port(struct txn *txn, const struct object *port);
