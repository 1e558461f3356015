/* SPDX-License-Identifier: Apache-2.0 */
/* The steps into the machine. Inside of sandbox*.c. */
#pragma once

#include "appliance/netns/sandbox.h"

#define SANDBOX_PROGRAM "/weft-appliance"
#define SANDBOX_CONFIG "/etc/weft/appliance.conf"

/* sandbox_root.c: process 1 of its namespaces; afterwards the old root can't be reached. */
bool sandbox_make_root(const struct sandbox *sandbox, GError **error);
/* sandbox_powers.c: for this process and all that it starts. */
bool sandbox_drop_powers(GError **error);
bool sandbox_filter_calls(GError **error);
