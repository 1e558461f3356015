/* SPDX-License-Identifier: Apache-2.0 */
/* The cables between an appliance's machine and this one. */
#pragma once

#include <sys/types.h>

#include "appliance/runtime/description.h"

/* For each NIC the function of a card, or a veth pair: its device here, its other end, with name
 * and MAC address, in the network namespace of process @pid, with which both go. The device's alias
 * names the port, which is how weft-agent finds it (docs/agent.md). A device of that name that is
 * here is refused. */
bool nics_plug(const struct description *description, pid_t pid, GError **error);

/* The same of those that @wanted has in addition, and other MTUs. Devices of what it lacks are put
 * into @leaving; what is there already goes at once. One that has become another one by its name is
 * refused. */
bool nics_change(const struct description *now, const struct description *wanted, pid_t pid,
	GPtrArray *leaving, GError **error);
void nics_remove(GPtrArray *leaving);
