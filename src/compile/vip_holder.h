/* SPDX-License-Identifier: Apache-2.0 */
/* Who has the VIPs of load balancers that are not the edge's: the virtual router of their network,
 * by its port there. To hosts they are addresses of that port. */
#pragma once

#include "compile/compilation.h"

/* Is it the port of a virtual router on the network that it serves? */
bool vip_holder_is(const struct model *model, const struct object *port);
/* NULL: there is none, or it is on no host. */
const struct object *vip_holder(const struct model *model, const char *network);
