/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of the firewall group of a router's port: the record of the hosts that route for it,
 * and what another provider that does so is told. */
#pragma once

#include "model/model.h"

/* Appends a JSON object (ARCHITECTURE.md, "Records": router-firewall), of how things are. */
void router_firewall_write(const struct model *model, const struct object *group,
	const struct uuid *router, GString *text);
