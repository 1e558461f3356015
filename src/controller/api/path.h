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

/* A segment of the target; "v2.0" where the Load Balancer API is asked for as "v2", which Octavia
 * takes for the same. */
const char *path_segment(const struct http_target *target, unsigned i);

/* "/v2.0/networks", with the parent's id in its place; g_free. */
char *path_format(const struct kind *kind, const char *parent);
