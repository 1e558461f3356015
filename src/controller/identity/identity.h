/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity v3 inside of weftd: log-in, tokens, and who there is. It is there when the configuration
 * has a group [identity]. Its objects are kinds of the model (model/identity/identity.h) and go the
 * way of all writes.
 */
#pragma once

#include "commit/commit.h"
#include "controller/config.h"
#include "http/request.h"

struct call;
struct identity;

/* At the first start: makes the default domain, the project and the user admin, and the roles. All
 * are borrowed. */
struct identity *identity_new(
	const struct config *config, struct model *model, struct commit *commit, GError **error);
void identity_free(struct identity *identity);
DEFINE_AUTOPTR(identity, identity_free)

/* Requests that wait for a password to be hashed. */
unsigned identity_pending(const struct identity *identity);

/* What the bearer of @token, which @request shows, may do on the Networking API: UNAUTHORIZED
 * without a valid token, FORBIDDEN when it is good for nothing there, or not for this request. The
 * project's id lives on. */
bool identity_caller(const struct identity *identity, const struct http_request *request,
	const char *token, struct caller *ret, GError **error);

/* What a token of the configuration is for: the id of the project that @text names in the default
 * domain; when there is none, @text itself. An id lives on. */
const char *identity_project(const struct identity *identity, const char *text);

/* The version of this API as an object, for discovery. */
void identity_write_version(const struct http_request *request, struct json_writer *w);

/* Everything below /v3. @call is copied. */
void identity_handle(struct identity *identity, const struct call *call);
