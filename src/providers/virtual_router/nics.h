/* SPDX-License-Identifier: Apache-2.0 */
/* Which NICs a virtual router needs. */
#pragma once

#include "providers/virtual_router/facts.h"

/* [{"name", "network_id" or "port_id", "fixed_ips"}]; NULL: it is refused, and *@ret_reason
 * (g_free) says why. */
json_t *nics_of(const struct facts *facts, char **ret_reason);
/* Are all of them there? */
bool nics_are_made(const struct facts *facts);
