/* SPDX-License-Identifier: Apache-2.0 */
/* What the floating IP's descriptor calls. Inside of src/model. */
#pragma once

#include "model/floating_ip.h"
#include "model/service_port.h"
#include "model/txn_impl.h"

/* Makes the draft's fixed address and router those of the port that the caller gave. */
bool floating_ip_associate(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
void floating_ip_disassociate(struct object *draft);
/* The first one that stands for the port, or NULL. */
const struct object *floating_ip_of_port(struct txn *txn, const struct object *port);
