/* SPDX-License-Identifier: Apache-2.0 */
/* Asks an HTTP server for JSON, and waits for the answer: weftd, or an appliance by its socket. */
#pragma once

#include <jansson.h>

#include "base/autoptr.h"
#include "base/error.h"

struct rest;

/* @socket: the path of a Unix socket, or NULL; @ca_file: PEM, or NULL for the system's; @header
 * carries @value in each request. Texts are copied. */
struct rest *rest_new(const char *url, const char *socket, const char *ca_file, const char *header,
	const char *value, unsigned timeout_s, GError **error);
void rest_free(struct rest *rest);
DEFINE_AUTOPTR(rest, rest_free)

/* @body may be NULL. The answer's JSON, an object (empty where there was none); NULL: there was no
 * answer, or one of an error, whose text is in @error: INVALID_INPUT of what the server refuses for
 * good (4xx), UNAVAILABLE of all else. */
json_t *rest_call(struct rest *rest, const char *method, const char *path, const json_t *body,
	GError **error);
