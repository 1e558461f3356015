/* SPDX-License-Identifier: Apache-2.0 */
/* What an appliance says of its tunnels and BGP sessions, without what changes with each packet:
 * pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Of its status: [{"type", "name", "status", "status_reason"}], json_decref(); NULL: it has none.
 */
json_t *machine_tunnels(const json_t *status);
/* Are all of them ACTIVE? */
bool machine_tunnels_are_up(const json_t *tunnels);
