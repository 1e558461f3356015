/* SPDX-License-Identifier: Apache-2.0 */
/* What a token may: found out at each use, from the assignments as they are. */
#include <string.h>

#include "controller/identity/identity_impl.h"

static const char *const ranked[] = { "reader", "member", "admin" };

unsigned role_rank(const struct object *role)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(ranked); i++)
		if (!strcmp(object_str(role, SLOT_NAME), ranked[i]))
			return i + 1;
	return 0;
}

const char *role_name_of_rank(unsigned rank)
{
	return ranked[rank - 1];
}

static bool is_id(const struct object *assignment, unsigned slot, const struct uuid *id)
{
	struct uuid value;

	return object_uuid(assignment, slot, &value) && uuid_equal(&value, id);
}

bool assignment_fits(const struct object *assignment, const struct token *token)
{
	switch (token->scope) {
	case TOKEN_PROJECT:
		return is_id(assignment, ASSIGNMENT_PROJECT_ID, &token->scope_id);
	case TOKEN_DOMAIN:
		return is_id(assignment, ASSIGNMENT_DOMAIN_ID, &token->scope_id);
	case TOKEN_SYSTEM:
		return object_is_null(assignment, ASSIGNMENT_PROJECT_ID) &&
		       object_is_null(assignment, ASSIGNMENT_DOMAIN_ID);
	default:
		return false;
	}
}

static const struct object *role_of(const struct model *model, const struct object *assignment)
{
	return model_get_text(model, KIND_ROLE, object_str(assignment, ASSIGNMENT_ROLE_ID));
}

/* Assigned ones only. */
static GPtrArray *assigned(const struct model *model, const struct token *token)
{
	GPtrArray *roles = g_ptr_array_new();
	const struct object *assignment;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_ASSIGNMENT, ASSIGNMENT_BY_USER,
		uuid_format(&token->user, id), NULL);
	while ((assignment = model_iter_next(&iter)))
		if (assignment_fits(assignment, token))
			g_ptr_array_add(roles, (void *)role_of(model, assignment));
	return roles;
}

static unsigned highest(const GPtrArray *roles)
{
	unsigned rank = 0;

	for (unsigned i = 0; i < roles->len; i++)
		rank = MAX(rank, role_rank(roles->pdata[i]));
	return rank;
}

/* Does the application credential name the role? Its list is canonical JSON of ids. */
static bool is_granted(const struct object *credential, const struct object *role)
{
	char id[UUID_STRLEN];

	return strstr(object_str(credential, APP_CREDENTIAL_ROLE_IDS),
		       uuid_format(object_id(role), id)) != NULL;
}

static unsigned granted_rank(const struct model *model, const struct object *credential)
{
	const struct object *role;
	struct model_iter iter;
	unsigned rank = 0;

	model_iter_all(&iter, model, KIND_ROLE, NULL);
	while ((role = model_iter_next(&iter)))
		if (is_granted(credential, role))
			rank = MAX(rank, role_rank(role));
	return rank;
}

static const struct object *credential_of(const struct model *model, const struct token *token)
{
	return model_get(model, KIND_APP_CREDENTIAL, &token->app_credential);
}

unsigned roles_rank(const struct model *model, const struct token *token)
{
	g_autoptr(GPtrArray) roles = assigned(model, token);
	const struct object *credential = credential_of(model, token);
	unsigned rank = highest(roles);

	return credential ? MIN(rank, granted_rank(model, credential)) : rank;
}

bool roles_any(const struct model *model, const struct token *token)
{
	g_autoptr(GPtrArray) roles = assigned(model, token);

	return roles->len > 0;
}

GPtrArray *roles_of(const struct model *model, const struct token *token)
{
	g_autoptr(GPtrArray) given = assigned(model, token);
	const struct object *credential = credential_of(model, token);
	GPtrArray *roles = g_ptr_array_new();

	for (unsigned rank = roles_rank(model, token); rank; rank--)
		g_ptr_array_add(roles, (void *)model_first(model, KIND_ROLE, ROLE_BY_NAME,
					       role_name_of_rank(rank), NULL));
	for (unsigned i = 0; i < given->len; i++)
		if (!role_rank(given->pdata[i]) &&
			(!credential || is_granted(credential, given->pdata[i])))
			g_ptr_array_add(roles, given->pdata[i]);
	return roles;
}
