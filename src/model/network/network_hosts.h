/* SPDX-License-Identifier: Apache-2.0 */
/* Where a network is: the hosts that have ports of it. */
#pragma once

#include "model/model.h"

/* Hosts with at least one bound port on the network, each once; borrowed, g_ptr_array_unref. Costs
 * the number of hosts or of the network's ports, whichever is less. */
GPtrArray *network_hosts(const struct model *model, const struct object *network);
/* The hosts that may have a router's gateway, best first, then the same of the networks that it
 * connects: each of these hosts routes for its own ports. */
GPtrArray *router_hosts(const struct model *model, const struct object *router);
