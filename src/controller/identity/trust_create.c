/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v3/OS-TRUST/trusts, by the trustor; or, with a token by a trust, to lend on what that
 * lends. */
#include <string.h>

#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"

#define ROLES_MAX 100

/* What the body says that is not kept as it is. */
struct lending {
	const struct object *parent; /* the trust of the token; NULL: none */
	char *role_ids;
	s64 expires_at; /* 0: never */
	s64 count;	/* how often it may be lent on */
};

static bool check_bearer(const struct visit *visit, json_t *inner, GError **error)
{
	const char *trustor = json_string_value(json_object_get(inner, "trustor_user_id"));
	char id[UUID_STRLEN];

	if (!uuid_is_zero(&visit->subject.token.app_credential))
		return weft_fail(error, FORBIDDEN,
			"Trusts are not handled by a token of an application credential.");
	return (visit->subject.user && trustor &&
		       !strcmp(uuid_format(&visit->subject.token.user, id), trustor)) ||
	       weft_fail(error, FORBIDDEN,
		       "A trust is made by its trustor: trustor_user_id must be the user of the token.");
}

/* Takes `expires_at` out of the body. */
static bool take_expiry(json_t *inner, struct lending *lending, GError **error)
{
	json_t *value = json_object_get(inner, "expires_at");

	if (value && !json_is_null(value) &&
		!time_to_come(value, "expires_at", &lending->expires_at, error))
		return false;
	json_object_del(inner, "expires_at");
	return true;
}

/* How often it may be lent on: not at all, unless the body allows it. */
static bool take_count(json_t *inner, struct lending *lending, GError **error)
{
	json_t *given = json_object_get(inner, "redelegation_count");
	bool allowed = json_is_true(json_object_get(inner, "allow_redelegation"));
	s64 most = lending->parent ? object_int(lending->parent, TRUST_REDELEGATION_COUNT) - 1
				   : TRUST_REDELEGATION_MAX;

	if (given && !json_is_null(given) &&
		(!json_is_integer(given) || json_integer_value(given) < 0))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for redelegation_count: give a number from 0 to %d.",
			TRUST_REDELEGATION_MAX);
	lending->count = !allowed ? 0 : json_is_integer(given) ? json_integer_value(given) : most;
	if (lending->count > most)
		return weft_fail(error, FORBIDDEN,
			"The trust could be lent on %" G_GINT64_FORMAT " times at most.", most);
	if (lending->count && json_is_integer(json_object_get(inner, "remaining_uses")))
		return weft_fail(error, INVALID_INPUT,
			"What may be lent on has no remaining_uses; leave them out, or allow_redelegation.");
	json_object_del(inner, "redelegation_count");
	json_object_del(inner, "allow_redelegation");
	return true;
}

/* A trust that comes of another gives no more than that. */
static bool check_parent(json_t *inner, struct lending *lending, GError **error)
{
	const struct object *parent = lending->parent;

	if (!parent)
		return true;
	if (object_int(parent, TRUST_REDELEGATION_COUNT) <= 0)
		return weft_fail(error, FORBIDDEN, "The trust of the token may not be lent on.");
	if (g_strcmp0(json_string_value(json_object_get(inner, "project_id")),
		    object_str(parent, TRUST_PROJECT_ID)))
		return weft_fail(
			error, FORBIDDEN, "The trust of the token is for another project.");
	if (json_is_true(json_object_get(inner, "impersonation")) &&
		!object_bool(parent, TRUST_IMPERSONATION))
		return weft_fail(error, FORBIDDEN,
			"The trust of the token is without impersonation, so one that comes of it is too.");
	if (object_is_null(parent, TRUST_EXPIRES_AT))
		return true;
	if (!lending->expires_at)
		lending->expires_at = object_int(parent, TRUST_EXPIRES_AT);
	return lending->expires_at <= object_int(parent, TRUST_EXPIRES_AT) ||
	       weft_fail(error, FORBIDDEN, "The trust of the token expires before that.");
}

/* What may be lent in the project: all roles that the (first) trustor has there; of a trust that is
 * lent on those of it. The token may have less: it is the user who lends. */
static GPtrArray *lendable(const struct visit *visit, json_t *inner, const struct lending *lending)
{
	const struct model *model = visit->identity->model;
	const struct object *project = model_get_text(
		model, KIND_PROJECT, json_string_value(json_object_get(inner, "project_id")));
	struct token token = { .user = visit->subject.token.user, .scope = TOKEN_PROJECT };

	if (!project)
		return g_ptr_array_new();
	if (lending->parent)
		return roles_of(model, &visit->subject.token);
	token.scope_id = *object_id(project);
	return roles_of(model, &token);
}

static bool take_roles(
	const struct visit *visit, json_t *inner, struct lending *lending, GError **error)
{
	g_autoptr(GPtrArray) have = lendable(visit, inner, lending);
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();
	json_t *roles = json_object_get(inner, "roles"), *item;
	const struct object *role;
	size_t i;

	if (!json_array_size(roles) || json_array_size(roles) > ROLES_MAX)
		return weft_fail(error, FORBIDDEN,
			"roles must be a list of 1 to %d roles, like [{\"name\": \"member\"}].",
			ROLES_MAX);
	json_array_foreach(roles, i, item) {
		role = role_named_in(have, item);
		if (!role)
			return weft_fail(error, NOT_FOUND,
				"roles[%zu] is no role that the trustor has in the project.", i);
		if (!g_ptr_array_find(chosen, role, NULL))
			g_ptr_array_add(chosen, (void *)role);
	}
	lending->role_ids = role_ids_text(chosen);
	json_object_del(inner, "roles");
	return true;
}

static const struct object *stage(
	struct txn *txn, json_t *inner, const struct lending *lending, GError **error)
{
	const struct object *trust = txn_create(txn, KIND_TRUST, inner, error);
	struct object *draft;
	char id[UUID_STRLEN];

	if (!trust)
		return NULL;
	draft = object_edit(trust);
	object_set_str(draft, TRUST_ROLE_IDS, lending->role_ids);
	object_set_int(draft, TRUST_REDELEGATION_COUNT, lending->count);
	if (lending->expires_at)
		object_set_int(draft, TRUST_EXPIRES_AT, lending->expires_at);
	if (lending->parent)
		object_set_str(
			draft, TRUST_REDELEGATED_ID, uuid_format(object_id(lending->parent), id));
	return txn_put(txn, draft, error);
}

static void respond(struct write *write)
{
	call_answer(&write->call, 201, trust_render(&write->call, write->objects->pdata[0]));
}

static void submit(struct visit *visit, struct txn *txn, const struct object *trust)
{
	GPtrArray *objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	char id[UUID_STRLEN];

	audit(visit, "trust %s is made: user %s lends to user %s",
		uuid_format(object_id(trust), id), object_str(trust, TRUST_TRUSTOR_ID),
		object_str(trust, TRUST_TRUSTEE_ID));
	g_ptr_array_add(objects, object_ref(trust));
	write_submit(&visit->call, txn, objects, respond);
}

void trust_post(struct visit *visit)
{
	struct lending lending = { .parent = trust_of(
					   visit->identity->model, &visit->subject.token) };
	GError *error = NULL;
	json_t *body = body_parse(visit->call.request, &error);
	json_t *inner = body ? body_member(body, "trust", &error) : NULL;
	g_autoptr(txn) txn = NULL;
	const struct object *trust = NULL;

	if (inner && check_bearer(visit, inner, &error) && take_expiry(inner, &lending, &error) &&
		check_parent(inner, &lending, &error) && take_count(inner, &lending, &error) &&
		take_roles(visit, inner, &lending, &error)) {
		txn = txn_new(visit->identity->model, &identity_itself);
		trust = stage(txn, inner, &lending, &error);
	}
	json_decref(body);
	g_free(lending.role_ids);
	if (!trust)
		return visit_fail(visit, error);
	submit(visit, g_steal_pointer(&txn), trust);
}
