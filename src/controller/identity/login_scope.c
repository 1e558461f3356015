/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/identity/login_impl.h"

/* Where the user usually works, if he may; else nowhere. */
static void choose_default(struct login *login)
{
	const struct model *model = login->visit.identity->model;
	const struct object *user = model_get(model, KIND_USER, &login->token.user);
	struct uuid project;

	if (user && object_uuid(user, USER_DEFAULT_PROJECT_ID, &project)) {
		login->token.scope = TOKEN_PROJECT;
		login->token.scope_id = project;
		if (place_is_good(model, &login->token))
			return;
	}
	login->token.scope = TOKEN_UNSCOPED;
	login->token.scope_id = (struct uuid){ 0 };
}

static const struct object *find_place(const struct login *login)
{
	const struct model *model = login->visit.identity->model;
	const struct auth_request *request = &login->request;

	if (request->scope == TOKEN_PROJECT)
		return find_project(model, &request->scope_target);
	return find_domain(model,
		&(struct domain_ref){ request->scope_target.id, request->scope_target.name });
}

static bool choose_trust(struct login *login, GError **error)
{
	const struct model *model = login->visit.identity->model;
	const struct object *trust = model_get_text(model, KIND_TRUST, login->request.trust);
	char id[UUID_STRLEN];

	if (!trust || trust_is_used_up(trust) || !trust_is_good(model, trust))
		return weft_fail(error, UNAUTHORIZED,
			"The trust is not there, has expired or is used up, or one of its users is disabled.");
	if (strcmp(uuid_format(&login->token.user, id), object_str(trust, TRUST_TRUSTEE_ID)))
		return weft_fail(error, FORBIDDEN, "The user is not the trustee.");
	trust_apply(model, trust, &login->token);
	return true;
}

bool login_choose_scope(struct login *login, GError **error)
{
	const struct auth_request *request = &login->request;
	struct token *token = &login->token;
	const struct object *place;

	if (!uuid_is_zero(&token->app_credential))
		return true;
	if (request->trust)
		return choose_trust(login, error);
	if (!request->scope_given) {
		choose_default(login);
		return true;
	}
	token->scope = request->scope;
	token->scope_id = (struct uuid){ 0 };
	if (token->scope != TOKEN_PROJECT && token->scope != TOKEN_DOMAIN)
		return true;
	place = find_place(login);
	if (!place)
		return weft_fail(error, UNAUTHORIZED,
			"The user has no role in the project, domain or system that was asked for, or it is disabled or not there.");
	token->scope_id = *object_id(place);
	return true;
}
