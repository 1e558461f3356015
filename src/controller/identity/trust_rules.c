/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a trust is good, and what a token by it may. Looked at when one is made, and at each use
 * of the token. */
#include "controller/identity/identity_impl.h"

const struct object *trust_of(const struct model *model, const struct token *token)
{
	return model_get(model, KIND_TRUST, &token->trust);
}

static const struct object *parent_of(const struct model *model, const struct object *trust)
{
	return model_get_text(model, KIND_TRUST, object_str(trust, TRUST_REDELEGATED_ID));
}

const char *trust_origin(const struct model *model, const struct object *trust)
{
	for (const struct object *parent = trust; parent; parent = parent_of(model, parent))
		trust = parent;
	return object_str(trust, TRUST_TRUSTOR_ID);
}

static bool user_is_enabled(const struct model *model, const char *id)
{
	const struct object *user = model_get_text(model, KIND_USER, id);
	const struct object *domain =
		user ? model_get_text(model, KIND_DOMAIN, object_str(user, USER_DOMAIN_ID)) : NULL;

	return domain && object_bool(user, USER_ENABLED) && object_bool(domain, DOMAIN_ENABLED);
}

static bool has_expired(const struct object *trust)
{
	return !object_is_null(trust, TRUST_EXPIRES_AT) &&
	       object_int(trust, TRUST_EXPIRES_AT) <= g_get_real_time() / G_USEC_PER_SEC;
}

bool trust_is_good(const struct model *model, const struct object *trust)
{
	for (; trust; trust = parent_of(model, trust))
		if (has_expired(trust) ||
			!user_is_enabled(model, object_str(trust, TRUST_TRUSTOR_ID)) ||
			!user_is_enabled(model, object_str(trust, TRUST_TRUSTEE_ID)))
			return false;
	return true;
}

bool trust_is_used_up(const struct object *trust)
{
	return !object_is_null(trust, TRUST_REMAINING_USES) &&
	       object_int(trust, TRUST_REMAINING_USES) <= 0;
}

/* The trustee, where the token is the trustor's; else the trustor. */
static const struct object *other_user(const struct model *model, const struct object *trust)
{
	return model_get_text(model, KIND_USER,
		object_str(trust, object_bool(trust, TRUST_IMPERSONATION) ? TRUST_TRUSTEE_ID
									  : TRUST_TRUSTOR_ID));
}

static const struct object *token_user(const struct model *model, const struct object *trust)
{
	return model_get_text(model, KIND_USER,
		object_str(trust, object_bool(trust, TRUST_IMPERSONATION) ? TRUST_TRUSTOR_ID
									  : TRUST_TRUSTEE_ID));
}

bool trust_permits(const struct model *model, const struct token *token)
{
	const struct object *trust = trust_of(model, token);
	const struct object *other = trust ? other_user(model, trust) : NULL;

	if (uuid_is_zero(&token->trust))
		return true;
	return other && (u32)object_int(other, USER_GENERATION) == token->trust_generation &&
	       trust_is_good(model, trust);
}

void trust_apply(const struct model *model, const struct object *trust, struct token *token)
{
	const struct object *user = token_user(model, trust), *other = other_user(model, trust);

	token->trust = *object_id(trust);
	token->user = *object_id(user);
	token->generation = (u32)object_int(user, USER_GENERATION);
	token->trust_generation = (u32)object_int(other, USER_GENERATION);
	token->scope = TOKEN_PROJECT;
	object_uuid(trust, TRUST_PROJECT_ID, &token->scope_id);
}

bool delegated(const struct visit *visit)
{
	const struct token *token = &visit->subject.token;

	return !uuid_is_zero(&token->app_credential) || !uuid_is_zero(&token->trust);
}
