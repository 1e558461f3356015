/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token may: found out at each use, from the assignments as they are. A user has the roles
 * that it, or a group that it is in, is given at a place or by inheritance from above, and all that
 * they imply.
 */
#include <string.h>

#include "controller/identity/identity_impl.h"
#include "model/access/policy.h"

static const char *const ranked[] = { "reader", "member", "admin" };

unsigned role_rank(const struct object *role)
{
	if (!object_is_null(role, ROLE_DOMAIN_ID))
		return 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(ranked); i++)
		if (!strcmp(object_str(role, SLOT_NAME), ranked[i]))
			return i + 1;
	return 0;
}

const char *role_name_of_rank(unsigned rank)
{
	return ranked[rank - 1];
}

const struct object *role_of_rank(const struct model *model, unsigned rank)
{
	return model_first(
		model, KIND_ROLE, ROLE_BY_DOMAIN_NAME, "", role_name_of_rank(rank), NULL);
}

static bool is_id(const struct object *assignment, unsigned slot, const struct uuid *id)
{
	struct uuid value;

	return object_uuid(assignment, slot, &value) && uuid_equal(&value, id);
}

/* Is the project that @id names below where the inherited @assignment is? */
static bool is_inherited_by(
	const struct model *model, const struct object *assignment, const struct uuid *id)
{
	const struct object *project = model_get(model, KIND_PROJECT, id);
	const char *above = object_str(assignment, ASSIGNMENT_PROJECT_ID);

	if (project && !above)
		return !g_strcmp0(object_str(project, PROJECT_DOMAIN_ID),
			object_str(assignment, ASSIGNMENT_DOMAIN_ID));
	while (project) {
		const char *parent = object_str(project, PROJECT_PARENT_ID);

		if (!g_strcmp0(parent, above))
			return true;
		project = model_get_text(model, KIND_PROJECT, parent);
	}
	return false;
}

bool assignment_fits(
	const struct model *model, const struct object *assignment, const struct token *token)
{
	if (object_bool(assignment, ASSIGNMENT_INHERITED))
		return token->scope == TOKEN_PROJECT &&
		       is_inherited_by(model, assignment, &token->scope_id);
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

static void add_role(GPtrArray *roles, const struct object *role)
{
	if (role && !g_ptr_array_find(roles, role, NULL))
		g_ptr_array_add(roles, (void *)role);
}

void roles_add_implied(const struct model *model, GPtrArray *roles)
{
	const struct object *implied;
	struct model_iter iter;
	char id[UUID_STRLEN];

	/* It grows while we go through it. */
	for (unsigned i = 0; i < roles->len; i++) {
		model_iter_init(&iter, model, KIND_IMPLIED_ROLE, IMPLIED_ROLE_BY_PRIOR,
			uuid_format(object_id(roles->pdata[i]), id), NULL);
		while ((implied = model_iter_next(&iter)))
			add_role(roles, model_get_text(model, KIND_ROLE,
						object_str(implied, IMPLIED_ROLE_IMPLIED_ID)));
	}
}

/* Roles that assignments under @id in @index give at the token's place. */
static void add_assigned(const struct model *model, const struct token *token, unsigned index,
	const char *id, GPtrArray *roles)
{
	const struct object *assignment;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_ASSIGNMENT, index, id, NULL);
	while ((assignment = model_iter_next(&iter)))
		if (assignment_fits(model, assignment, token))
			add_role(roles, model_get_text(model, KIND_ROLE,
						object_str(assignment, ASSIGNMENT_ROLE_ID)));
}

/* To the user whose id is @id, at the token's scope. */
static GPtrArray *assigned(const struct model *model, const struct token *token, const char *id)
{
	GPtrArray *roles = g_ptr_array_new();
	const struct object *membership;
	struct model_iter iter;

	add_assigned(model, token, ASSIGNMENT_BY_USER, id, roles);
	model_iter_init(&iter, model, KIND_GROUP_MEMBER, GROUP_MEMBER_BY_USER, id, NULL);
	while ((membership = model_iter_next(&iter)))
		add_assigned(model, token, ASSIGNMENT_BY_GROUP,
			object_str(membership, GROUP_MEMBER_GROUP_ID), roles);
	return roles;
}

/* Those that an application credential or a trust names, and what they imply. */
static GPtrArray *granted(const struct model *model, const struct object *by, unsigned slot)
{
	json_t *ids = object_json(by, slot), *id;
	GPtrArray *roles = g_ptr_array_new();
	size_t i;

	json_array_foreach(ids, i, id)
		add_role(roles, model_get_text(model, KIND_ROLE, json_string_value(id)));
	json_decref(ids);
	roles_add_implied(model, roles);
	return roles;
}

/* What the token's roles must be among; NULL: anything. */
static GPtrArray *limit_of(const struct model *model, const struct token *token)
{
	const struct object *credential =
		model_get(model, KIND_APP_CREDENTIAL, &token->app_credential);
	const struct object *trust = trust_of(model, token);

	if (credential)
		return granted(model, credential, APP_CREDENTIAL_ROLE_IDS);
	return trust ? granted(model, trust, TRUST_ROLE_IDS) : NULL;
}

GPtrArray *roles_of(const struct model *model, const struct token *token)
{
	const struct object *trust = trust_of(model, token);
	char user[UUID_STRLEN];
	g_autoptr(GPtrArray) allowed = limit_of(model, token);
	GPtrArray *roles = assigned(
		model, token, trust ? trust_origin(model, trust) : uuid_format(&token->user, user));

	roles_add_implied(model, roles);
	for (unsigned i = 0; i < roles->len;) {
		const struct object *role = roles->pdata[i];
		bool keep = object_is_null(role, ROLE_DOMAIN_ID) &&
			    (!allowed || g_ptr_array_find(allowed, role, NULL));

		if (keep)
			i++;
		else
			g_ptr_array_remove_index(roles, i);
	}
	return roles;
}

const struct object *role_named_in(const GPtrArray *roles, json_t *wanted)
{
	const char *id = json_string_value(json_object_get(wanted, "id"));
	const char *name = json_string_value(json_object_get(wanted, "name"));
	char text[UUID_STRLEN];

	for (unsigned i = 0; i < roles->len; i++)
		if ((id && !strcmp(uuid_format(object_id(roles->pdata[i]), text), id)) ||
			!g_strcmp0(object_str(roles->pdata[i], SLOT_NAME), name ?: id))
			return roles->pdata[i];
	return NULL;
}

char *role_ids_text(const GPtrArray *roles)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	char id[UUID_STRLEN];

	jw_begin_array(&w);
	for (unsigned i = 0; i < roles->len; i++)
		jw_string(&w, uuid_format(object_id(roles->pdata[i]), id));
	jw_end_array(&w);
	return g_string_free(text, FALSE);
}

unsigned roles_highest(const GPtrArray *roles)
{
	unsigned rank = 0;

	for (unsigned i = 0; i < roles->len; i++)
		rank = MAX(rank, role_rank(roles->pdata[i]));
	return rank;
}

bool roles_any(const struct model *model, const struct token *token)
{
	g_autoptr(GPtrArray) roles = roles_of(model, token);

	return roles->len > 0;
}

/* Does the policy make an administrator of who has @role in a project? */
static bool policy_makes_admin(const struct policy *policy, const struct object *role)
{
	const struct caller bearer = {
		.role = (enum caller_role)role_rank(role),
		.project_id = "",
		.roles = policy_role(policy ?: policy_default(), object_str(role, SLOT_NAME)),
		.policy = policy,
	};

	return caller_is_admin(&bearer);
}

bool role_leads_to_admin(const struct identity *identity, const struct object *role)
{
	g_autoptr(GPtrArray) roles = g_ptr_array_new();

	g_ptr_array_add(roles, (void *)role);
	roles_add_implied(identity->model, roles);
	for (unsigned i = 0; i < roles->len; i++)
		if (role_rank(roles->pdata[i]) >= RANK_ADMIN ||
			policy_makes_admin(identity->config->policy, roles->pdata[i]))
			return true;
	return false;
}
