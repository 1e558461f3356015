/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sends a request. People and programs have the tokens of the configuration, each for one
 * project and role; a host has the credential that was shown when it was made, and may speak only
 * for itself. Either comes as `X-Auth-Token: TOKEN` or `Authorization: Bearer TOKEN`.
 */
#pragma once

#include "controller/config.h"
#include "http/request.h"
#include "model/object.h"

struct auth;
struct identity;
struct keystone;

struct auth *auth_new(const struct config *config);
void auth_free(struct auth *auth);
DEFINE_AUTOPTR(auth, auth_free)

/* From then on tokens that @identity (borrowed) gave out are valid too. */
void auth_set_identity(struct auth *auth, const struct identity *identity);

/* From then on Keystone is asked about tokens that are not known otherwise; borrowed. */
void auth_set_keystone(struct auth *auth, struct keystone *keystone);

/* For http_server_config.admit: is it clear who sends the request? Else Keystone is being asked,
 * and goes on with it. What it says is kept with the request. */
bool auth_admit(const struct auth *auth, struct http_request *request);

/* The token that the request shows, or NULL. */
const char *auth_presented(const struct http_request *request);

/* UNAUTHORIZED without a valid token. FORBIDDEN for one that is good for nothing here.
 * The project's id lives as long as @auth. With Identity a token of the configuration may name a
 * project. */
bool auth_caller(const struct auth *auth, const struct http_request *request, struct caller *ret,
	GError **error);

/* May the request speak for @host: has it the host's credential, or an administrator's token?
 * UNAUTHORIZED, or FORBIDDEN for a valid token that may not. */
bool auth_host(const struct auth *auth, const struct http_request *request,
	const struct object *host, GError **error);

/* Gives a draft of a host a new credential, and returns it; g_free. */
char *auth_host_renew(struct object *draft);
