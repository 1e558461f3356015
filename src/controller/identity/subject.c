/* SPDX-License-Identifier: Apache-2.0 */
/* From a token to who bears it: all that may have changed since it was made is looked at. */
#include "controller/identity/identity_impl.h"
#include "model/access/policy.h"

static s64 now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static bool domain_is_enabled(const struct model *model, const char *id)
{
	const struct object *domain = model_get_text(model, KIND_DOMAIN, id);

	return domain && object_bool(domain, DOMAIN_ENABLED);
}

static bool scope_is_enabled(const struct model *model, const struct token *token)
{
	const struct object *object;

	switch (token->scope) {
	case TOKEN_PROJECT:
		object = model_get(model, KIND_PROJECT, &token->scope_id);
		return object && object_bool(object, PROJECT_ENABLED) &&
		       domain_is_enabled(model, object_str(object, PROJECT_DOMAIN_ID));
	case TOKEN_DOMAIN:
		object = model_get(model, KIND_DOMAIN, &token->scope_id);
		return object && object_bool(object, DOMAIN_ENABLED);
	default:
		return true;
	}
}

bool place_is_good(const struct model *model, const struct token *token)
{
	return scope_is_enabled(model, token) &&
	       (token->scope == TOKEN_UNSCOPED || roles_any(model, token));
}

static bool app_credential_is_good(const struct model *model, const struct token *token)
{
	const struct object *credential;

	if (uuid_is_zero(&token->app_credential))
		return true;
	credential = model_get(model, KIND_APP_CREDENTIAL, &token->app_credential);
	return credential && (object_is_null(credential, APP_CREDENTIAL_EXPIRES_AT) ||
				     object_int(credential, APP_CREDENTIAL_EXPIRES_AT) > now_s());
}

bool subject_of(const struct identity *identity, const struct token *token, struct subject *ret,
	GError **error)
{
	const struct model *model = identity->model;
	const struct object *user = model_get(model, KIND_USER, &token->user);
	g_autoptr(GPtrArray) roles = roles_of(model, token);

	if (!user || !object_bool(user, USER_ENABLED) ||
		!domain_is_enabled(model, object_str(user, USER_DOMAIN_ID)) ||
		(u32)object_int(user, USER_GENERATION) != token->generation ||
		!app_credential_is_good(model, token) || !trust_permits(model, token))
		return weft_fail(error, UNAUTHORIZED,
			"The user is disabled, or how he authenticated is not good any more.");
	if (!scope_is_enabled(model, token) || (token->scope != TOKEN_UNSCOPED && !roles->len))
		return weft_fail(error, UNAUTHORIZED,
			"The user has no role in the project, domain or system that was asked for, or it is disabled or not there.");
	*ret = (struct subject){ .user = user, .token = *token, .rank = roles_highest(roles) };
	return true;
}

bool subject_of_token(
	const struct identity *identity, const char *text, struct subject *ret, GError **error)
{
	return subject_of_late_token(identity, text, 0, ret, error);
}

bool subject_of_late_token(const struct identity *identity, const char *text, s64 grace_s,
	struct subject *ret, GError **error)
{
	struct token token;

	if (!keys_open(identity, text, TOKEN_FOR_ACCESS, &token) ||
		token.expires_at + grace_s <= now_s() ||
		model_get(identity->model, KIND_TOKEN_REVOCATION, &token.audit) ||
		!subject_of(identity, &token, ret, NULL))
		return weft_fail(error, UNAUTHORIZED, "The request's token is not valid here.");
	return true;
}

bool subject_is_admin(const struct subject *subject)
{
	return subject->rank >= RANK_ADMIN &&
	       (!subject->user || subject->token.scope != TOKEN_DOMAIN);
}

/* Further roles that rules ask for. */
static u64 roles_for_rules(const struct identity *identity, const struct token *token)
{
	const struct policy *policy = identity->config->policy;
	g_autoptr(GPtrArray) roles = NULL;
	u64 mask = 0;

	if (!policy_has_roles(policy ?: policy_default()))
		return 0;
	roles = roles_of(identity->model, token);
	for (guint i = 0; i < roles->len; i++)
		mask |= policy_role(
			policy ?: policy_default(), object_str(roles->pdata[i], SLOT_NAME));
	return mask;
}

bool identity_caller(const struct identity *identity, const struct http_request *request,
	const char *text, struct caller *ret, GError **error)
{
	struct subject subject;
	enum token_scope scope;
	char user[UUID_STRLEN], project[UUID_STRLEN] = "";
	u64 roles;

	if (!subject_of_token(identity, text, &subject, error) ||
		!access_rules_check(identity->model, &subject.token, request, error))
		return false;
	scope = subject.token.scope;
	roles = roles_for_rules(identity, &subject.token);
	if ((!subject.rank && !roles) ||
		(scope != TOKEN_PROJECT && scope != TOKEN_SYSTEM && !subject_is_admin(&subject)))
		return weft_fail(error, FORBIDDEN,
			"The token is for no project in which its user is admin, member or reader, nor for the system; ask for a token of a project.");
	if (scope == TOKEN_PROJECT)
		uuid_format(&subject.token.scope_id, project);
	/* Interned: there are as many as projects and users. */
	*ret = (struct caller){ .role = (enum caller_role)subject.rank,
		.project_id = g_intern_string(project),
		.user_id = g_intern_string(uuid_format(&subject.token.user, user)),
		.roles = roles,
		.system = scope == TOKEN_SYSTEM,
		.policy = identity->config->policy };
	return true;
}
