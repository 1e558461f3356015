/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of a request ("/v2.0/ports/x?name=a%20b&name=c") taken apart: path segments and query
 * parameters, percent-decoded (RFC 3986; '+' is a space in the query, as forms write it).
 */
#pragma once

#include <glib.h>

#include "base/error.h"
#include "base/types.h"

#define HTTP_MAX_SEGMENTS 16
#define HTTP_MAX_PARAMS 1024

struct http_param {
	const char *name, *value; /* value "" when there is no '=' */
};

struct http_target {
	char *text; /* owned: what the rest points into */
	unsigned n_segments, n_params;
	const char *segments[HTTP_MAX_SEGMENTS]; /* empty ones are left out */
	struct http_param *params;		 /* in the order given */
};

/* BAD_REQUEST when something does not decode, decodes to a NUL or is not UTF-8, or is too much. */
bool http_target_parse(const char *text, struct http_target *ret, GError **error);
void http_target_clear(struct http_target *target);

/* The first value of that name, or NULL. */
const char *http_target_param(const struct http_target *target, const char *name);
