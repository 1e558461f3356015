/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "http/request.h"

/* The request's body, which must be one JSON object without duplicate names; json_decref(). */
json_t *body_parse(const struct http_request *request, GError **error);

/* Its only member, which must be called @name; borrowed. */
json_t *body_member(json_t *body, const char *name, GError **error);
