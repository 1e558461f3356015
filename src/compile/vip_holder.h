/* SPDX-License-Identifier: Apache-2.0 */
/* Who has the VIPs of load balancers that are not the edge's: the virtual router of their network,
 * by its port there. To hosts they are addresses of that port. */
#pragma once

#include "compile/compilation.h"

/* Is it the port of a virtual router on a network that it serves? */
bool vip_holder_is(const struct model *model, const struct object *port);
/* Has the port that VIP of its network? That of a network's own virtual router has all, the
 * interface of a router that is one those of its subnets. */
bool vip_holder_has(const struct model *model, const struct object *port, const struct ip *vip);
/* The ports of virtual routers on the network that are on a host; g_ptr_array_unref. */
GPtrArray *vip_holders(const struct model *model, const char *network);
