/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which offering a network or router has of its provider: a service profile that names the provider
 * as its driver. A router's is the first of its flavor, or of that of one of its VPN services; a
 * network's is named by a tag of it, as a profile or as a flavor. Else it is the provider's
 * default: the profile whose metainfo is a JSON object that says "default": true.
 */
#pragma once

#include "model/model.h"

/* The service profile; NULL: there is none. @subject: a network or a router. */
const struct object *offering_of(
	const struct model *model, const char *provider, const struct object *subject);

/* Does its metainfo say "ha": true? */
bool offering_is_redundant(const struct object *profile);
