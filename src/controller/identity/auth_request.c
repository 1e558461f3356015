/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/auth_request.h"

#include <string.h>

#define PASSWORD_MAX 1024 /* bytes: longer ones only cost time */
#define NAME_MAX_BYTES 255

static bool need_object(json_t *in, const char *name, json_t **ret, GError **error)
{
	*ret = json_object_get(in, name);
	return json_is_object(*ret) ||
	       weft_fail(error, BAD_REQUEST, "The body needs an object '%s' at this place.", name);
}

/* NULL when it is not there; it must be a text of sensible length when it is. */
static bool get_text(json_t *in, const char *name, size_t max, const char **ret, GError **error)
{
	json_t *value = json_object_get(in, name);

	*ret = NULL;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value) || json_string_length(value) > max)
		return weft_fail(
			error, BAD_REQUEST, "'%s' must be a text of at most %zu bytes.", name, max);
	*ret = json_string_value(value);
	return true;
}

static bool parse_domain(json_t *in, struct domain_ref *ret, GError **error)
{
	json_t *domain = json_object_get(in, "domain");

	if (!domain || json_is_null(domain))
		return true;
	if (!json_is_object(domain))
		return weft_fail(error, BAD_REQUEST, "'domain' must be an object.");
	return get_text(domain, "id", NAME_MAX_BYTES, &ret->id, error) &&
	       get_text(domain, "name", NAME_MAX_BYTES, &ret->name, error);
}

enum domain_need { DOMAIN_UNUSED, DOMAIN_OF_NAME };

static bool parse_ref(
	json_t *in, const char *what, enum domain_need need, struct named_ref *ret, GError **error)
{
	if (!get_text(in, "id", NAME_MAX_BYTES, &ret->id, error) ||
		!get_text(in, "name", NAME_MAX_BYTES, &ret->name, error) ||
		(need == DOMAIN_OF_NAME && !parse_domain(in, &ret->domain, error)))
		return false;
	if (!ret->id && !ret->name)
		return weft_fail(error, BAD_REQUEST, "The %s needs an id or a name.", what);
	if (!ret->id && need == DOMAIN_OF_NAME && !ret->domain.id && !ret->domain.name)
		return weft_fail(error, BAD_REQUEST,
			"The %s is given by its name, so it needs its domain too: {\"domain\": {\"name\": \"Default\"}}.",
			what);
	return true;
}

static bool need_secret(json_t *in, const char *name, const char **ret, GError **error)
{
	if (!get_text(in, name, PASSWORD_MAX, ret, error))
		return false;
	return *ret || weft_fail(error, BAD_REQUEST, "'%s' is missing.", name);
}

static bool parse_password(json_t *in, struct auth_request *ret, GError **error)
{
	json_t *user;

	return need_object(in, "user", &user, error) &&
	       parse_ref(user, "user", DOMAIN_OF_NAME, &ret->user, error) &&
	       need_secret(user, "password", &ret->password, error);
}

static bool parse_token(json_t *in, struct auth_request *ret, GError **error)
{
	return need_secret(in, "id", &ret->token, error);
}

static bool parse_app_credential(json_t *in, struct auth_request *ret, GError **error)
{
	json_t *user;

	if (!parse_ref(in, "application credential", DOMAIN_UNUSED, &ret->app_credential, error) ||
		!need_secret(in, "secret", &ret->secret, error))
		return false;
	return ret->app_credential.id ||
	       (need_object(in, "user", &user, error) &&
		       parse_ref(user, "user", DOMAIN_OF_NAME, &ret->app_user, error));
}

static bool parse_totp(json_t *in, struct auth_request *ret, GError **error)
{
	json_t *user;

	return need_object(in, "user", &user, error) &&
	       parse_ref(user, "user", DOMAIN_OF_NAME, &ret->totp_user, error) &&
	       need_secret(user, "passcode", &ret->passcode, error);
}

static const struct method {
	const char *name;
	enum token_method method;
	bool (*parse)(json_t *in, struct auth_request *ret, GError **error);
} methods[] = {
	{ "password", TOKEN_METHOD_PASSWORD, parse_password },
	{ "token", TOKEN_METHOD_TOKEN, parse_token },
	{ "application_credential", TOKEN_METHOD_APP_CREDENTIAL, parse_app_credential },
	{ "totp", TOKEN_METHOD_TOTP, parse_totp },
};
_Static_assert(G_N_ELEMENTS(methods) == N_TOKEN_METHODS, "one each");

const char *auth_method_name(unsigned method)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++)
		if (methods[i].method == method)
			return methods[i].name;
	return "nothing";
}

static bool parse_method(
	json_t *identity, const char *name, struct auth_request *ret, GError **error)
{
	json_t *inner;

	for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++) {
		if (strcmp(name, methods[i].name))
			continue;
		ret->methods |= methods[i].method;
		return need_object(identity, name, &inner, error) &&
		       methods[i].parse(inner, ret, error);
	}
	return weft_fail(error, UNAUTHORIZED,
		"The method '%.32s' is not known here; there are password, token, application_credential and totp.",
		name);
}

static bool parse_identity(json_t *identity, struct auth_request *ret, GError **error)
{
	json_t *list = json_object_get(identity, "methods"), *name;
	size_t i;

	json_array_foreach(list, i, name) {
		if (!json_is_string(name))
			break;
		if (!parse_method(identity, json_string_value(name), ret, error))
			return false;
	}
	return (json_array_size(list) && i == json_array_size(list)) ||
	       weft_fail(error, BAD_REQUEST,
		       "'methods' must be a list of some of \"password\", \"token\", \"application_credential\", \"totp\".");
}

/* {"unscoped": {}} is what older clients send. */
static bool is_unscoped(json_t *scope)
{
	return json_is_object(scope) ? json_object_get(scope, "unscoped") != NULL
				     : !g_strcmp0(json_string_value(scope), "unscoped");
}

static bool parse_scope(json_t *scope, struct auth_request *ret, GError **error)
{
	json_t *inner;

	if (!scope)
		return true;
	ret->scope_given = true;
	if (is_unscoped(scope))
		return true;
	if (!json_is_object(scope) || json_object_size(scope) != 1)
		return weft_fail(error, BAD_REQUEST,
			"'scope' must be \"unscoped\", or an object with one of 'project', 'domain', 'system', 'OS-TRUST:trust'.");
	if ((inner = json_object_get(scope, "project"))) {
		ret->scope = TOKEN_PROJECT;
		return parse_ref(inner, "project", DOMAIN_OF_NAME, &ret->scope_target, error);
	}
	if ((inner = json_object_get(scope, "domain"))) {
		ret->scope = TOKEN_DOMAIN;
		return parse_ref(inner, "domain", DOMAIN_UNUSED, &ret->scope_target, error);
	}
	if ((inner = json_object_get(scope, "OS-TRUST:trust")))
		return need_secret(inner, "id", &ret->trust, error);
	ret->scope = TOKEN_SYSTEM;
	return json_is_true(json_object_get(json_object_get(scope, "system"), "all")) ||
	       weft_fail(error, BAD_REQUEST, "The scope must be {\"system\": {\"all\": true}}.");
}

bool auth_request_parse(json_t *body, struct auth_request *ret, GError **error)
{
	struct auth_request request = { 0 };
	json_t *auth, *identity;

	if (!need_object(body, "auth", &auth, error) ||
		!need_object(auth, "identity", &identity, error) ||
		!parse_identity(identity, &request, error) ||
		!parse_scope(json_object_get(auth, "scope"), &request, error))
		return false;
	*ret = request;
	return true;
}
