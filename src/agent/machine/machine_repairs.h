/* SPDX-License-Identifier: Apache-2.0 */
/* What an appliance has put right by itself, by what it says: {what: {"count", "reason"}}. Pure. */
#pragma once

#include <jansson.h>

/* What is counted in @now that was not in @known (NULL: nothing was known): "routes, daemon
 * dnsmasq (ended by signal 9)"; g_free. NULL: nothing. Another machine than before counts anew. */
char *machine_repairs_since(const json_t *known, const json_t *now);
