/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/auth/auth.h"

#include <string.h>

#include "controller/auth/credential.h"
#include "controller/identity/identity.h"
#include "model/host.h"

struct known_token {
	struct credential_hash hash;
	struct caller caller;
};

struct auth {
	unsigned n;
	struct known_token *tokens;
	const struct identity *identity; /* NULL: none */
};

struct auth *auth_new(const struct config *config)
{
	struct auth *auth = g_new0(struct auth, 1);

	auth->n = config->tokens->len;
	auth->tokens = g_new0(struct known_token, auth->n);
	for (unsigned i = 0; i < auth->n; i++) {
		const struct config_token *from =
			&g_array_index(config->tokens, struct config_token, i);

		auth->tokens[i].hash = credential_hash(from->token);
		auth->tokens[i].caller = (struct caller){ from->role, g_strdup(from->project_id) };
	}
	return auth;
}

void auth_free(struct auth *auth)
{
	for (unsigned i = 0; i < auth->n; i++)
		g_free((char *)auth->tokens[i].caller.project_id);
	g_free(auth->tokens);
	g_free(auth);
}

void auth_set_identity(struct auth *auth, const struct identity *identity)
{
	auth->identity = identity;
}

const char *auth_presented(const struct http_request *request)
{
	const char *token = http_request_header(request, "X-Auth-Token");
	const char *authorization = http_request_header(request, "Authorization");

	if (token)
		return token;
	if (authorization && !g_ascii_strncasecmp(authorization, "Bearer ", 7))
		return authorization + 7 + strspn(authorization + 7, " ");
	return NULL;
}

/* Looks at every token, so that time tells nothing. */
static const struct caller *find(const struct auth *auth, const struct credential_hash *hash)
{
	const struct caller *found = NULL;

	for (unsigned i = 0; i < auth->n; i++)
		if (credential_hash_equal(&auth->tokens[i].hash, hash))
			found = &auth->tokens[i].caller;
	return found;
}

static bool unauthorized(const char *token, GError **error)
{
	return weft_fail(error, UNAUTHORIZED, "%s",
		token ? "The request's token is not valid here."
		      : "The request has no token: send it as X-Auth-Token, or as "
			"Authorization: Bearer.");
}

bool auth_caller(const struct auth *auth, const struct http_request *request, struct caller *ret,
	GError **error)
{
	const char *token = auth_presented(request);
	struct credential_hash hash = credential_hash(token ?: "");
	const struct caller *caller = token ? find(auth, &hash) : NULL;

	if (token && !caller && auth->identity)
		return identity_caller(auth->identity, token, ret, error);
	if (!caller)
		return unauthorized(token, error);
	*ret = *caller;
	return true;
}

bool auth_host(const struct auth *auth, const struct http_request *request,
	const struct object *host, GError **error)
{
	const char *token = auth_presented(request);
	struct credential_hash hash = credential_hash(token ?: "");
	struct caller caller;
	const char *kept = object_str(host, HOST_CREDENTIAL_HASH);
	char hex[CREDENTIAL_HEX_STRLEN];

	if (!token)
		return unauthorized(token, error);
	credential_hash_format(&hash, hex);
	/* Both are hashes: how far they agree says nothing about the credential. */
	if (kept && !strcmp(kept, hex))
		return true;
	if (!auth_caller(auth, request, &caller, error))
		return false;
	return caller_is_admin(&caller) ||
	       weft_fail(error, FORBIDDEN, "Only host %s itself or an administrator may do this.",
		       object_str(host, SLOT_NAME));
}

char *auth_host_renew(struct object *draft)
{
	char *credential = credential_new();
	struct credential_hash hash = credential_hash(credential);
	char hex[CREDENTIAL_HEX_STRLEN];

	object_set_str(draft, HOST_CREDENTIAL_HASH, credential_hash_format(&hash, hex));
	return credential;
}
