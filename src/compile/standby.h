/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts that a port that a pair of appliances shares is bound to besides its own:
 * who takes it when that one is dead and there is no controller to say so. */
#pragma once

#include "compile/compilation.h"

/* Ids (const char *, borrowed) in their order; NULL: it is no such port. g_ptr_array_unref(). */
GPtrArray *standby_hosts(const struct model *model, const struct object *port);
/* Before the change-set. */
GPtrArray *standby_hosts_before(const struct compilation *c, const struct object *port);
