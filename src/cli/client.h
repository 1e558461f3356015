/* SPDX-License-Identifier: Apache-2.0 */
/* A synchronous client of weftd's API: JSON in, JSON out, errors as sentences. */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/types.h"

struct client;

/* @url without a path ("http://127.0.0.1:9696"; a trailing /v2.0 is taken off); @token and @ca_file
 * may be NULL. */
struct client *client_new(const char *url, const char *token, const char *ca_file, GError **error);
void client_free(struct client *client);
DEFINE_AUTOPTR(client, client_free)

const char *client_url(const struct client *client);

/* Seconds until a call is given up; 30 unless set. */
void client_set_timeout(struct client *client, unsigned seconds);

/*
 * One call. @path begins with '/' and has its query string encoded; @body is borrowed or NULL.
 * Returns the answer (a new reference; JSON null for an empty one), or NULL: WEFT_ERROR of the code
 * that the controller's error names, UNAVAILABLE when there is no answer.
 */
json_t *client_call(
	struct client *client, const char *method, const char *path, json_t *body, GError **error);

/* What the token is, as Identity says: `user`, `project` … (a new reference). */
json_t *client_own_token(struct client *client, GError **error);

/* The answer's text as it is (/metrics, /healthz). */
char *client_get_text(struct client *client, const char *path, GError **error);

/* X-Weft-Revision of the last answer that had one; 0: none yet. */
u64 client_revision(const struct client *client);
