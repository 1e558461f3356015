/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v3/auth/tokens. What is shown is looked up, then checked in a thread (hasher.h), then, back
 * on the main loop, looked up again: the user may be gone meanwhile. A user that is not there takes
 * as long as a wrong password and is answered the same.
 */
#include <string.h>

#include "base/log.h"
#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"

struct login {
	struct visit visit;
	json_t *body; /* what the request borrows from */
	struct auth_request request;
	struct token token; /* as far as it is known */
	char *hash;	    /* what was verified; NULL: there was nothing */
	char *user_key;	    /* for the throttles */
};

static void login_free(struct login *login)
{
	json_decref(login->body);
	sodium_memzero(&login->token, sizeof login->token);
	g_free(login->hash);
	g_free(login->user_key);
	g_free(login);
}

static void login_fail(struct login *login, GError *error)
{
	visit_fail(&login->visit, error);
	login_free(login);
}

static bool choose_scope(struct login *login, GError **error)
{
	const struct model *model = login->visit.identity->model;
	const struct auth_request *request = &login->request;
	const struct object *user = model_get(model, KIND_USER, &login->token.user);
	const struct object *target = NULL;
	struct uuid project;

	if (!request->scope_given) {
		/* Where the user usually works, if he may; else nowhere. */
		if (user && object_uuid(user, USER_DEFAULT_PROJECT_ID, &project)) {
			login->token.scope = TOKEN_PROJECT;
			login->token.scope_id = project;
			if (roles_any(model, &login->token))
				return true;
		}
		login->token.scope = TOKEN_UNSCOPED;
		login->token.scope_id = (struct uuid){ 0 };
		return true;
	}
	login->token.scope = request->scope;
	if (request->scope == TOKEN_PROJECT)
		target = find_project(model, &request->scope_target);
	else if (request->scope == TOKEN_DOMAIN)
		target = find_domain(model, &(struct domain_ref){ request->scope_target.id,
						    request->scope_target.name });
	else
		return true;
	if (!target)
		return weft_fail(error, UNAUTHORIZED,
			"The user has no role in the project, domain or system that was asked for, or it is disabled or not there.");
	login->token.scope_id = *object_id(target);
	return true;
}

static const char *scope_words(const struct token *token)
{
	static const char *const words[N_TOKEN_SCOPES] = {
		[TOKEN_UNSCOPED] = "no scope",
		[TOKEN_PROJECT] = "a project",
		[TOKEN_DOMAIN] = "a domain",
		[TOKEN_SYSTEM] = "the system",
	};

	return words[token->scope];
}

static void issue(struct login *login)
{
	struct visit *visit = &login->visit;
	g_autofree char *text = NULL;
	struct subject subject;
	GError *error = NULL;
	char user[UUID_STRLEN], id[UUID_STRLEN];

	login->token.audit = uuid_random();
	login->token.methods |= login->request.method;
	login->token.issued_at = g_get_real_time() / G_USEC_PER_SEC;
	if (!login->token.expires_at)
		login->token.expires_at =
			login->token.issued_at + visit->identity->config->identity_token_lifetime;
	if (!subject_of(visit->identity, &login->token, &subject, &error))
		return login_fail(login, error);
	text = keys_seal(visit->identity, &login->token);
	audit(visit, "user %s logged in by %s for %s, with token %s",
		uuid_format(&login->token.user, user), auth_method_name(login->request.method),
		scope_words(&login->token), uuid_format(&login->token.audit, id));
	http_request_add_header(visit->call.request, "X-Subject-Token", text);
	call_answer(&visit->call, 201, token_render(visit, &subject));
	login_free(login);
}

static const struct object *user_of(const struct login *login)
{
	return model_get(login->visit.identity->model, KIND_USER, &login->token.user);
}

static void refuse(struct login *login)
{
	char user[UUID_STRLEN];
	GError *error = NULL;

	if (uuid_is_zero(&login->token.user))
		audit(&login->visit, "nobody known failed to log in by %s",
			auth_method_name(login->request.method));
	else
		audit(&login->visit, "user %s failed to log in by %s",
			uuid_format(&login->token.user, user),
			auth_method_name(login->request.method));
	weft_fail(&error, UNAUTHORIZED,
		"The user, the password or the secret is wrong, or the user may not log in.");
	login_fail(login, error);
}

/* What the shown secret is to fit, as the model has it now. NULL: nothing. */
static const char *hash_of(const struct login *login)
{
	const struct model *model = login->visit.identity->model;
	const struct object *object;

	if (login->request.method == TOKEN_METHOD_APP_CREDENTIAL) {
		object = model_get(model, KIND_APP_CREDENTIAL, &login->token.app_credential);
		return object ? object_str(object, APP_CREDENTIAL_SECRET_HASH) : NULL;
	}
	object = model_get(model, KIND_USER, &login->token.user);
	return object ? object_str(object, USER_PASSWORD_HASH) : NULL;
}

/* The password is right; may one log in by it? Without an error it is as if it were wrong. */
static bool password_is_good(struct login *login, GError **error)
{
	const struct object *user = user_of(login);
	char id[UUID_STRLEN];

	if (password_locked_out(login->visit.identity, user))
		return false;
	lockout_end(login->visit.identity->lockout, object_id(user));
	if (!password_expired(user))
		return true;
	uuid_format(object_id(user), id);
	audit(&login->visit, "user %s can't log in: its password is expired", id);
	return weft_fail(error, UNAUTHORIZED,
		"The password is expired and needs to be changed for user: %s.", id);
}

static void on_verified(const char *hash, void *user)
{
	struct login *login = user;
	bool by_password = login->request.method == TOKEN_METHOD_PASSWORD;
	GError *error = NULL;

	if (!hash || g_strcmp0(hash_of(login), login->hash)) {
		if (!hash && by_password && user_of(login))
			password_was_wrong(&login->visit, user_of(login));
		return refuse(login);
	}
	if (by_password && !password_is_good(login, &error))
		return error ? login_fail(login, error) : refuse(login);
	login_succeeded(&login->visit, login->user_key);
	if (by_password && !choose_scope(login, &error))
		return login_fail(login, error);
	issue(login);
}

/* Fills in what is known of the user; leaves it zero when there is none. */
static void find_subject(struct login *login)
{
	const struct model *model = login->visit.identity->model;
	const struct named_ref *ref = &login->request.app_credential;
	const struct object *user = NULL, *credential = NULL;
	char id[UUID_STRLEN];

	if (login->request.user.id || login->request.user.name)
		user = find_user(model, &login->request.user);
	if (ref->id)
		credential = model_get_text(model, KIND_APP_CREDENTIAL, ref->id);
	else if (ref->name && user)
		credential = model_first(model, KIND_APP_CREDENTIAL, APP_CREDENTIAL_BY_USER_NAME,
			uuid_format(object_id(user), id), ref->name, NULL);
	if (credential) {
		user = model_get_text(
			model, KIND_USER, object_str(credential, APP_CREDENTIAL_USER_ID));
		login->token.app_credential = *object_id(credential);
		login->token.scope = TOKEN_PROJECT;
		object_uuid(credential, APP_CREDENTIAL_PROJECT_ID, &login->token.scope_id);
	}
	if (!user)
		return;
	login->token.user = *object_id(user);
	login->token.generation = (u32)object_int(user, USER_GENERATION);
}

static char *user_key_of(const struct login *login)
{
	const struct named_ref *ref = &login->request.user;
	char id[UUID_STRLEN];

	if (!uuid_is_zero(&login->token.user))
		return g_strdup(uuid_format(&login->token.user, id));
	return g_strdup_printf("%s/%s/%s", ref->id ?: login->request.app_credential.id ?: "",
		ref->name ?: "", ref->domain.id ?: ref->domain.name ?: "");
}

bool login_allowed(const struct visit *visit, const char *user_key, GError **error)
{
	g_autofree char *source = source_of(visit->call.request);
	u64 wait = guesses_take(
		visit->identity->guesses, user_key, source, (u64)g_get_monotonic_time());
	char seconds[24];

	if (!wait)
		return true;
	g_snprintf(seconds, sizeof seconds, "%u", (unsigned)(wait / G_USEC_PER_SEC + 1));
	http_request_add_header(visit->call.request, "Retry-After", seconds);
	log_limited(warning, "audit: too many log-ins fail, from %s among others", source);
	return weft_fail(error, TOO_MANY_REQUESTS,
		"Too many log-ins have failed; ask again in %s seconds.", seconds);
}

void login_succeeded(const struct visit *visit, const char *user_key)
{
	g_autofree char *source = source_of(visit->call.request);

	guesses_forgive(visit->identity->guesses, user_key, source);
}

static void by_secret(struct login *login)
{
	GError *error = NULL;

	if (login->request.method == TOKEN_METHOD_APP_CREDENTIAL && login->request.scope_given) {
		weft_fail(&error, BAD_REQUEST,
			"An application credential has its project; leave the scope out.");
		return login_fail(login, error);
	}
	find_subject(login);
	login->user_key = user_key_of(login);
	login->hash = g_strdup(hash_of(login));
	if (!login_allowed(&login->visit, login->user_key, &error) ||
		!hasher_verify(login->visit.identity->hasher, login->request.secret, login->hash,
			on_verified, login, &error))
		login_fail(login, error);
}

/* For another scope; it expires when the first one does, and a restricted one begets none. */
static void by_token(struct login *login)
{
	struct subject subject;
	GError *error = NULL;

	if (!subject_of_token(login->visit.identity, login->request.secret, &subject, &error))
		return login_fail(login, error);
	if (!uuid_is_zero(&subject.token.app_credential)) {
		weft_fail(&error, FORBIDDEN,
			"A token of an application credential can't be exchanged for another.");
		return login_fail(login, error);
	}
	login->token = subject.token;
	if (!choose_scope(login, &error))
		return login_fail(login, error);
	issue(login);
}

void login_post(struct visit *visit)
{
	struct login *login = g_new0(struct login, 1);
	GError *error = NULL;

	login->visit = *visit;
	login->body = body_parse(visit->call.request, &error);
	if (!login->body || !auth_request_parse(login->body, &login->request, &error))
		return login_fail(login, error);
	if (login->request.method == TOKEN_METHOD_TOKEN)
		by_token(login);
	else
		by_secret(login);
}
