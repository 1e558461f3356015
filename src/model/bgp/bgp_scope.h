/* SPDX-License-Identifier: Apache-2.0 */
/* Which subnets are announced: those of the address scope of the external network. Inside of
 * src/model. */
#pragma once

#include "model/model.h"

/* The scope of the external network's addresses of that IP version; NULL: none. */
const char *bgp_outer_scope(const struct model *model, const char *network, s64 version);
/* Appends the CIDRs of a router interface's subnets that are of the scope. */
void bgp_add_subnets(const struct model *model, const struct object *port, const char *scope,
	s64 version, GPtrArray *prefixes);
