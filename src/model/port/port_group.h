/* SPDX-License-Identifier: Apache-2.0 */
/* Which security groups a port has. Inside of src/model. */
#pragma once

#include "model/port/port.h"

#define PORT_GROUPS_MAX 100

/*
 * Gives a new port (@old is NULL) that asks for none its project's default group, and checks what
 * is asked for: the groups exist for the port's project, are all stateful or all stateless, and
 * port security is on. Ports of the network itself (device owner "network:…") have none, whatever
 * is asked for, as in OpenStack.
 */
bool port_assign_groups(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
