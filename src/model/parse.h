/* SPDX-License-Identifier: Apache-2.0 */
/* From a request's JSON to a draft, by the kind's table alone: no model, no I/O. */
#pragma once

#include "model/object.h"

/*
 * @parent is the id of the object that it will be part of, NULL for kinds without. @body is the
 * inner object ({"name": …}, not {"network": {…}}). Checks types, limits, unknown and missing
 * attributes; canonicalises addresses. Who may set what is asked afterwards (policy.h).
 * parse_create() gives the rest its defaults. The draft is the caller's.
 */
struct object *parse_create(const struct kind *kind, const char *parent, json_t *body,
	const struct caller *caller, GError **error);
struct object *parse_update(const struct object *old, json_t *body, GError **error);
