/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/auth/auth.h"

#include <string.h>

#include "controller/auth/credential.h"
#include "controller/identity/identity.h"
#include "controller/keystone/keystone.h"
#include "model/host/host.h"

struct known_token {
	struct credential_hash hash;
	struct caller caller;
};

struct auth {
	unsigned n;
	struct known_token *tokens;
	const struct identity *identity; /* NULL: none */
	struct keystone *keystone;	 /* NULL: none */
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
		auth->tokens[i].caller = (struct caller){ .role = from->role,
			.project_id = g_strdup(from->project_id),
			.policy = config->policy };
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

void auth_set_keystone(struct auth *auth, struct keystone *keystone)
{
	auth->keystone = keystone;
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

static void keep(struct http_request *request, struct keystone_verdict *verdict)
{
	http_request_keep(request, verdict, (GDestroyNotify)keystone_verdict_unref);
}

static void on_verdict(struct keystone_verdict *verdict, void *user)
{
	keep(user, keystone_verdict_ref(verdict));
	http_request_admit(user);
}

bool auth_admit(const struct auth *auth, struct http_request *request)
{
	const char *token = auth_presented(request);
	struct credential_hash hash = credential_hash(token ?: "");
	struct keystone_verdict *verdict;

	if (!auth->keystone || !token || find(auth, &hash))
		return true;
	verdict = keystone_ask(auth->keystone, token, on_verdict, request);
	if (verdict)
		keep(request, verdict);
	return verdict != NULL;
}

bool auth_caller(const struct auth *auth, const struct http_request *request, struct caller *ret,
	GError **error)
{
	const char *token = auth_presented(request);
	struct credential_hash hash = credential_hash(token ?: "");
	const struct caller *caller = token ? find(auth, &hash) : NULL;

	if (token && !caller && auth->identity)
		return identity_caller(auth->identity, request, token, ret, error);
	if (token && !caller && http_request_kept(request))
		return keystone_caller(
			http_request_kept(request), g_get_real_time() / G_USEC_PER_SEC, ret, error);
	if (!caller)
		return unauthorized(token, error);
	*ret = *caller;
	if (auth->identity)
		ret->project_id = identity_project(auth->identity, caller->project_id);
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
