/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind's collection a request's path begins with, by the kinds' table. */
#pragma once

#include "http/request.h"
#include "model/kind.h"

struct collection_path {
	const struct kind *kind;
	const char *parent; /* a segment of @target; NULL: the kind has no parent */
	bool alias;	    /* it is the kind's alias_path */
	unsigned n_segments;
};

/* The longest collection path that @target begins with; false: none. The Identity API's kinds are
 * not found: they have paths of their own. */
bool path_find(const struct http_target *target, struct collection_path *ret);

/* "/v2.0/networks", with the parent's id in its place; g_free. */
char *path_format(const struct kind *kind, const char *parent);
