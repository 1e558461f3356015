/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v3/auth/tokens. What is shown is looked up, then checked in a thread (hasher.h), then, back
 * on the main loop, looked up again: the user may be gone meanwhile. A user that is not there takes
 * as long as a wrong password and is answered the same. Of several methods all are checked, and all
 * must be of one user; which of them was wrong is not told.
 */
#include <string.h>

#include "base/log.h"
#include "controller/api/body.h"
#include "controller/identity/login_impl.h"

/* What is shown and can be guessed. */
#define SECRET_METHODS (TOKEN_METHOD_PASSWORD | TOKEN_METHOD_APP_CREDENTIAL | TOKEN_METHOD_TOTP)

void login_free(struct login *login)
{
	json_decref(login->body);
	sodium_memzero(&login->token, sizeof login->token);
	g_free(login->hash);
	g_free(login->user_key);
	g_free(login);
}

void login_fail(struct login *login, GError *error)
{
	visit_fail(&login->visit, error);
	login_free(login);
}

static const struct object *user_of(const struct login *login)
{
	return model_get(login->visit.identity->model, KIND_USER, &login->token.user);
}

/* "password+totp", g_free. */
static char *methods_words(unsigned methods)
{
	GString *words = g_string_new(NULL);

	for (unsigned i = 0; i < N_TOKEN_METHODS; i++)
		if (methods & 1u << i)
			g_string_append_printf(
				words, "%s%s", words->len ? "+" : "", auth_method_name(1u << i));
	return g_string_free(words, FALSE);
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

/* The tokens' text is all that is kept while a trust's use is written down. */
static void answer_token(const struct visit *visit, const struct token *token, const char *text)
{
	struct subject subject;
	GError *error = NULL;

	if (!subject_of(visit->identity, token, &subject, &error))
		return visit_fail(visit, error);
	http_request_add_header(visit->call.request, "X-Subject-Token", text);
	call_answer(&visit->call, 201, token_render(visit, &subject));
}

static void respond_used(struct write *write)
{
	const struct visit visit = { .identity = write->call.api->identity, .call = write->call };
	struct token token;

	keys_open(visit.identity, write->credential, TOKEN_FOR_ACCESS, &token);
	answer_token(&visit, &token, write->credential);
}

/* One use less; answers when that is on the disk. */
static void use_trust(struct login *login, const struct object *trust, char *text)
{
	g_autoptr(txn) txn = txn_new(login->visit.identity->model, &identity_itself);
	struct object *draft = object_edit(trust);
	struct write *write;
	GError *error = NULL;

	object_set_int(draft, TRUST_REMAINING_USES, object_int(trust, TRUST_REMAINING_USES) - 1);
	if (!txn_put(txn, draft, &error)) {
		g_free(text);
		return visit_fail(&login->visit, error);
	}
	write = write_new(&login->visit.call, NULL, respond_used);
	write->credential = text;
	write_submit_full(write, g_steal_pointer(&txn));
}

static void audit_login(const struct login *login)
{
	g_autofree char *by = methods_words(login->request.methods);
	const struct token *token = &login->token;
	char user[UUID_STRLEN], id[UUID_STRLEN], trust[UUID_STRLEN];
	bool by_trust = !uuid_is_zero(&token->trust);

	audit(&login->visit, "user %s logged in by %s for %s%s%s, with token %s",
		uuid_format(&login->who, user), by, scope_words(token),
		by_trust ? " of trust " : "", by_trust ? uuid_format(&token->trust, trust) : "",
		uuid_format(&token->audit, id));
}

static void fill_token(struct login *login, const struct object *trust)
{
	struct token *token = &login->token;

	token->use = TOKEN_FOR_ACCESS;
	token->chain = uuid_is_zero(&token->chain) ? token->audit : token->chain;
	token->audit = uuid_random();
	token->issued_at = g_get_real_time() / G_USEC_PER_SEC;
	if (!token->expires_at)
		token->expires_at =
			token->issued_at + login->visit.identity->config->identity_token_lifetime;
	if (trust && !object_is_null(trust, TRUST_EXPIRES_AT))
		token->expires_at = MIN(token->expires_at, object_int(trust, TRUST_EXPIRES_AT));
}

static void issue(struct login *login)
{
	const struct visit *visit = &login->visit;
	const struct object *trust = trust_of(visit->identity->model, &login->token);
	g_autofree char *text = NULL;
	struct subject subject;
	GError *error = NULL;

	fill_token(login, trust);
	if (!subject_of(visit->identity, &login->token, &subject, &error))
		return login_fail(login, error);
	text = keys_seal(visit->identity, &login->token);
	audit_login(login);
	if (trust && !object_is_null(trust, TRUST_REMAINING_USES))
		use_trust(login, trust, g_steal_pointer(&text));
	else
		answer_token(visit, &login->token, text);
	login_free(login);
}

static void refuse(struct login *login)
{
	g_autofree char *by = methods_words(login->request.methods);
	char user[UUID_STRLEN];
	GError *error = NULL;

	if (uuid_is_zero(&login->token.user))
		audit(&login->visit, "nobody known failed to log in by %s", by);
	else
		audit(&login->visit, "user %s failed to log in by %s",
			uuid_format(&login->token.user, user), by);
	weft_fail(&error, UNAUTHORIZED,
		"The user, the password or the secret is wrong, or the user may not log in.");
	login_fail(login, error);
}

/* Everything is right; may one log in by it? Without an error it is as if it were wrong. */
static bool may_log_in(struct login *login, const struct object *user, GError **error)
{
	char id[UUID_STRLEN];

	if (!(login->request.methods & (TOKEN_METHOD_PASSWORD | TOKEN_METHOD_TOTP)))
		return true;
	if (password_locked_out(login->visit.identity, user))
		return false;
	if (!(login->request.methods & TOKEN_METHOD_PASSWORD) || !password_expired(user))
		return true;
	uuid_format(object_id(user), id);
	audit(&login->visit, "user %s can't log in: its password is expired", id);
	return weft_fail(error, UNAUTHORIZED,
		"The password is expired and needs to be changed for user: %s.", id);
}

/* More has to be shown. The tries that were taken stay taken: else who has the password could guess
 * the rest. */
static void ask_for_more(struct login *login, const struct object *user)
{
	g_autofree char *by = methods_words(login->token.methods);
	char id[UUID_STRLEN];

	audit(&login->visit, "user %s has shown %s, and needs more to log in",
		uuid_format(object_id(user), id), by);
	mfa_answer_receipt(&login->visit, user, &login->token);
	login_free(login);
}

static void finish(struct login *login)
{
	const struct object *user = user_of(login);
	GError *error = NULL;

	if (login->wrong && user &&
		login->request.methods & (SECRET_METHODS & ~TOKEN_METHOD_APP_CREDENTIAL))
		password_was_wrong(&login->visit, user);
	if (login->wrong || !user)
		return refuse(login);
	if (!may_log_in(login, user, &error))
		return error ? login_fail(login, error) : refuse(login);
	login->token.methods |= login->request.methods;
	if (!mfa_satisfied(user, login->token.methods))
		return ask_for_more(login, user);
	if (login->user_key) {
		login_succeeded(&login->visit, login->user_key);
		lockout_end(login->visit.identity->lockout, object_id(user));
	}
	login->who = login->token.user;
	if (!login_choose_scope(login, &error))
		return login_fail(login, error);
	issue(login);
}

/* What the secret of @method is to fit, as the model has it now. NULL: nothing. */
static const char *hash_of(const struct login *login, unsigned method)
{
	const struct model *model = login->visit.identity->model;
	const struct object *object;

	if (method == TOKEN_METHOD_APP_CREDENTIAL) {
		object = model_get(model, KIND_APP_CREDENTIAL, &login->token.app_credential);
		return object ? object_str(object, APP_CREDENTIAL_SECRET_HASH) : NULL;
	}
	object = user_of(login);
	return object ? object_str(object, USER_PASSWORD_HASH) : NULL;
}

static void verify_next(struct login *login);

static void on_verified(const char *hash, void *user)
{
	struct login *login = user;

	if (!hash || g_strcmp0(hash_of(login, login->verifying), login->hash))
		login->wrong = true;
	verify_next(login);
}

/* One method that has a hash after the other. */
static void verify_next(struct login *login)
{
	const struct auth_request *request = &login->request;
	unsigned left = login->unverified;
	GError *error = NULL;

	if (!left)
		return finish(login);
	login->verifying =
		left & TOKEN_METHOD_PASSWORD ? TOKEN_METHOD_PASSWORD : TOKEN_METHOD_APP_CREDENTIAL;
	login->unverified &= ~login->verifying;
	g_free(login->hash);
	login->hash = g_strdup(hash_of(login, login->verifying));
	if (!hasher_verify(login->visit.identity->hasher,
		    login->verifying == TOKEN_METHOD_PASSWORD ? request->password : request->secret,
		    login->hash, on_verified, login, &error))
		login_fail(login, error);
}

static const struct object *find_app_credential(const struct login *login)
{
	const struct model *model = login->visit.identity->model;
	const struct named_ref *ref = &login->request.app_credential;
	const struct object *user;
	char id[UUID_STRLEN];

	if (ref->id)
		return model_get_text(model, KIND_APP_CREDENTIAL, ref->id);
	user = find_user(model, &login->request.app_user);
	return user ? model_first(model, KIND_APP_CREDENTIAL, APP_CREDENTIAL_BY_USER_NAME,
			      uuid_format(object_id(user), id), ref->name, NULL)
		    : NULL;
}

/* A further method is of @user, who must be the one of the others. */
static void add_user(struct login *login, const struct object *user)
{
	if (!user || (!uuid_is_zero(&login->token.user) &&
			     !uuid_equal(&login->token.user, object_id(user)))) {
		login->wrong = true;
		return;
	}
	login->token.user = *object_id(user);
	login->token.generation = (u32)object_int(user, USER_GENERATION);
}

static void add_app_credential(struct login *login)
{
	const struct object *credential = find_app_credential(login);

	if (!credential) {
		login->wrong = true;
		return;
	}
	add_user(login, model_get_text(login->visit.identity->model, KIND_USER,
				object_str(credential, APP_CREDENTIAL_USER_ID)));
	login->token.app_credential = *object_id(credential);
	login->token.scope = TOKEN_PROJECT;
	object_uuid(credential, APP_CREDENTIAL_PROJECT_ID, &login->token.scope_id);
}

/* Fills in what is known of the user; leaves it zero when there is none. */
static void find_subject(struct login *login)
{
	const struct model *model = login->visit.identity->model;
	const struct auth_request *request = &login->request;

	if (request->methods & TOKEN_METHOD_PASSWORD)
		add_user(login, find_user(model, &request->user));
	if (request->methods & TOKEN_METHOD_TOTP)
		add_user(login, find_user(model, &request->totp_user));
	if (request->methods & TOKEN_METHOD_APP_CREDENTIAL)
		add_app_credential(login);
}

static char *user_key_of(const struct login *login)
{
	const struct auth_request *request = &login->request;
	const struct named_ref *ref = request->methods & TOKEN_METHOD_PASSWORD ? &request->user
				      : request->methods & TOKEN_METHOD_TOTP   ? &request->totp_user
									       : &request->app_user;
	char id[UUID_STRLEN];

	if (!uuid_is_zero(&login->token.user))
		return g_strdup(uuid_format(&login->token.user, id));
	return g_strdup_printf("%s/%s/%s", ref->id ?: request->app_credential.id ?: "",
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

/* Everything that can be guessed: counted once, whatever it is. */
static void by_secrets(struct login *login)
{
	const struct auth_request *request = &login->request;
	GError *error = NULL;

	find_subject(login);
	login->user_key = user_key_of(login);
	if (!login_allowed(&login->visit, login->user_key, &error))
		return login_fail(login, error);
	if (request->methods & TOKEN_METHOD_TOTP && !login->wrong &&
		!mfa_passcode_fits(login->visit.identity, user_of(login), request->passcode))
		login->wrong = true;
	login->unverified =
		request->methods & (TOKEN_METHOD_PASSWORD | TOKEN_METHOD_APP_CREDENTIAL);
	verify_next(login);
}

/* For another scope; it expires when the first one does. One of an application credential or a
 * trust begets none. */
static bool take_token(struct login *login, GError **error)
{
	struct subject subject;

	if (!subject_of_token(login->visit.identity, login->request.token, &subject, error))
		return false;
	if (!uuid_is_zero(&subject.token.app_credential) || !uuid_is_zero(&subject.token.trust))
		return weft_fail(error, FORBIDDEN,
			"A token of an application credential or a trust can't be exchanged for another.");
	if (!uuid_is_zero(&login->token.user) &&
		!uuid_equal(&login->token.user, &subject.token.user))
		return weft_fail(error, UNAUTHORIZED, "The receipt is another user's.");
	subject.token.methods |= login->token.methods;
	login->token = subject.token;
	return true;
}

static bool start(struct login *login, GError **error)
{
	struct auth_request *request = &login->request;
	struct token receipt = { 0 };

	if (!auth_request_parse(login->body, request, error) ||
		!mfa_take_receipt(&login->visit, &receipt, error))
		return false;
	if (request->methods & TOKEN_METHOD_APP_CREDENTIAL &&
		(request->scope_given || request->trust))
		return weft_fail(error, BAD_REQUEST,
			"An application credential has its project; leave the scope out.");
	login->token = (struct token){ .user = receipt.user, .methods = receipt.methods };
	return !(request->methods & TOKEN_METHOD_TOKEN) || take_token(login, error);
}

void login_post(struct visit *visit)
{
	struct login *login = g_new0(struct login, 1);
	GError *error = NULL;

	login->visit = *visit;
	login->body = body_parse(visit->call.request, &error);
	if (!login->body || !start(login, &error))
		return login_fail(login, error);
	if (login->request.methods & SECRET_METHODS)
		by_secrets(login);
	else
		finish(login);
}
