/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Application credentials: a user gives a program some of what he may do in one project, by a
 * secret that is shown once. They are the user's own affair; an administrator may see and delete
 * them.
 */
#include <string.h>

#include "controller/api/body.h"
#include "controller/auth/credential.h"
#include "controller/identity/identity_impl.h"

#define SECRET_MAX 1024
#define ACCESS_RULES_MAX 100

/* Whose they are by the path: the bearer himself, or anybody for an administrator. A restricted
 * credential's token is not good for handling credentials. */
bool app_credentials_may_handle(const struct visit *visit, GError **error)
{
	const struct token *token = &visit->subject.token;
	const struct object *credential =
		model_get(visit->identity->model, KIND_APP_CREDENTIAL, &token->app_credential);
	struct uuid user;

	if (trust_of(visit->identity->model, token) ||
		(credential && !object_bool(credential, APP_CREDENTIAL_UNRESTRICTED)))
		return weft_fail(error, FORBIDDEN,
			"The token is by a trust, or of a restricted application credential.");
	if (uuid_parse(visit->args[0], &user) &&
		(uuid_equal(&user, &token->user) || visit_reads_all(visit)))
		return true;
	return weft_fail(
		error, FORBIDDEN, "Application credentials are for the user itself to handle.");
}

static void write_roles(
	struct json_writer *w, const struct model *model, const struct object *credential)
{
	json_t *ids = object_json(credential, APP_CREDENTIAL_ROLE_IDS), *id;
	const struct object *role;
	size_t i;

	jw_key(w, "roles");
	jw_begin_array(w);
	json_array_foreach(ids, i, id) {
		role = model_get_text(model, KIND_ROLE, json_string_value(id));
		if (!role)
			continue;
		jw_begin_object(w);
		jw_member_string(w, "id", json_string_value(id));
		jw_member_string(w, "name", object_str(role, SLOT_NAME));
		jw_end_object(w);
	}
	jw_end_array(w);
	json_decref(ids);
}

static void write_one(const struct call *call, const struct object *credential, const char *secret,
	struct json_writer *w)
{
	const u64 fields = SLOT_BIT(SLOT_ID) | SLOT_BIT(SLOT_NAME) | SLOT_BIT(SLOT_DESCRIPTION) |
			   SLOT_BIT(APP_CREDENTIAL_USER_ID) | SLOT_BIT(APP_CREDENTIAL_PROJECT_ID) |
			   SLOT_BIT(APP_CREDENTIAL_EXPIRES_AT) |
			   SLOT_BIT(APP_CREDENTIAL_UNRESTRICTED);

	object_write_json(credential, call->api->model, &identity_itself, fields, w);
	/* Inside of its braces. */
	g_string_truncate(w->text, w->text->len - 1);
	write_roles(w, call->api->model, credential);
	if (!object_is_null(credential, APP_CREDENTIAL_ACCESS_RULE_IDS))
		access_rules_write(w, call->api->model, credential);
	if (secret)
		jw_member_string(w, "secret", secret);
	jw_member_raw(w, "links", "{}");
	jw_end_object(w);
}

static GString *render(const struct call *call, const struct object *credential, const char *secret)
{
	GString *text = g_string_sized_new(512);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "application_credential");
	write_one(call, credential, secret, &w);
	jw_end_object(&w);
	return text;
}

void app_credentials_list(struct visit *visit)
{
	const char *name = http_target_param(http_request_target(visit->call.request), "name");
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	const struct object *credential;
	struct model_iter iter;
	GError *error = NULL;

	if (!app_credentials_may_handle(visit, &error)) {
		g_string_free(text, TRUE);
		return visit_fail(visit, error);
	}
	jw_begin_object(&w);
	jw_key(&w, "application_credentials");
	jw_begin_array(&w);
	model_iter_init(&iter, visit->identity->model, KIND_APP_CREDENTIAL, APP_CREDENTIAL_BY_USER,
		visit->args[0], NULL);
	while ((credential = model_iter_next(&iter)))
		if (!name || !strcmp(name, object_str(credential, SLOT_NAME)))
			write_one(&visit->call, credential, NULL, &w);
	jw_end_array(&w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

static const struct object *need(const struct visit *visit, GError **error)
{
	const struct object *credential;

	if (!app_credentials_may_handle(visit, error))
		return NULL;
	credential = model_need(visit->identity->model, KIND_APP_CREDENTIAL, visit->args[1], error);
	if (credential && strcmp(object_str(credential, APP_CREDENTIAL_USER_ID), visit->args[0])) {
		kind_fail_not_found(KIND_APP_CREDENTIAL, visit->args[1], error);
		return NULL;
	}
	return credential;
}

void app_credential_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *credential = need(visit, &error);

	if (!credential)
		return visit_fail(visit, error);
	call_answer(&visit->call, 200, render(&visit->call, credential, NULL));
}

void app_credential_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	GError *error = NULL;
	const struct object *credential = need(visit, &error);

	if (!credential || !txn_remove(txn, credential, &error))
		return visit_fail(visit, error);
	audit(visit, "application credential %s is deleted", visit->args[1]);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

struct make {
	struct visit visit;
	json_t *body;
	json_t *rules; /* NULL: none given */
	char *secret, *role_ids;
	s64 expires_at; /* 0: never */
};

static void make_free(struct make *make)
{
	json_decref(make->body);
	json_decref(make->rules);
	g_free(make->secret);
	g_free(make->role_ids);
	g_free(make);
}

static void make_fail(struct make *make, GError *error)
{
	visit_fail(&make->visit, error);
	make_free(make);
}

static void respond_made(struct write *write)
{
	call_answer(&write->call, 201,
		render(&write->call, write->objects->pdata[0], write->credential));
}

static const struct object *stage(
	struct make *make, struct txn *txn, const char *hash, GError **error)
{
	json_t *inner = json_object_get(make->body, "application_credential");
	const struct object *object = txn_create(txn, KIND_APP_CREDENTIAL, inner, error);
	const struct token *token = &make->visit.subject.token;
	g_autofree char *rules = NULL;
	struct object *draft;
	char id[UUID_STRLEN];

	if (!object)
		return NULL;
	if (make->rules) {
		rules = access_rules_stage(txn, uuid_format(&token->user, id), make->rules, error);
		if (!rules)
			return NULL;
	}
	draft = object_edit(object);
	if (rules)
		object_set_str(draft, APP_CREDENTIAL_ACCESS_RULE_IDS, rules);
	object_set_str(draft, APP_CREDENTIAL_USER_ID, uuid_format(&token->user, id));
	object_set_str(draft, APP_CREDENTIAL_PROJECT_ID, uuid_format(&token->scope_id, id));
	object_set_str(draft, APP_CREDENTIAL_ROLE_IDS, make->role_ids);
	object_set_str(draft, APP_CREDENTIAL_SECRET_HASH, hash);
	if (make->expires_at)
		object_set_int(draft, APP_CREDENTIAL_EXPIRES_AT, make->expires_at);
	return txn_put(txn, draft, error);
}

static void on_hashed(const char *hash, void *user)
{
	struct make *make = user;
	g_autoptr(txn) txn = txn_new(make->visit.identity->model, &identity_itself);
	const struct object *object = NULL;
	struct write *write;
	GError *error = NULL;
	char id[UUID_STRLEN];

	if (hash)
		object = stage(make, txn, hash, &error);
	else
		weft_fail(
			&error, UNAVAILABLE, "No memory to hash the secret with; ask again later.");
	if (!object)
		return make_fail(make, error);
	audit(&make->visit, "application credential %s is made",
		uuid_format(object_id(object), id));
	write = write_new(&make->visit.call,
		g_ptr_array_new_with_free_func((GDestroyNotify)object_unref), respond_made);
	g_ptr_array_add(write->objects, object_ref(object));
	write->credential = g_steal_pointer(&make->secret);
	write_submit_full(write, g_steal_pointer(&txn));
	make_free(make);
}

/* Those of the body, which must be among the token's; all of these when there are none. */
static bool take_roles(struct make *make, json_t *inner, GError **error)
{
	g_autoptr(GPtrArray) have =
		roles_of(make->visit.identity->model, &make->visit.subject.token);
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();
	json_t *roles = json_object_get(inner, "roles"), *item;
	const struct object *role;
	size_t i;

	json_array_foreach(roles, i, item) {
		role = role_named_in(have, item);
		if (!role)
			return weft_fail(error, INVALID_INPUT,
				"roles[%zu] is no role that the user has in the project.", i);
		if (!g_ptr_array_find(chosen, role, NULL))
			g_ptr_array_add(chosen, (void *)role);
	}
	make->role_ids = role_ids_text(chosen->len ? chosen : have);
	json_object_del(inner, "roles");
	return true;
}

static bool take_rules(struct make *make, json_t *inner, GError **error)
{
	json_t *rules = json_object_get(inner, "access_rules");

	if (rules && !json_is_null(rules)) {
		if (!json_array_size(rules) || json_array_size(rules) > ACCESS_RULES_MAX)
			return weft_fail(error, INVALID_INPUT,
				"access_rules must be a list of 1 to %d rules; leave it out to permit all that the roles do.",
				ACCESS_RULES_MAX);
		make->rules = json_incref(rules);
	}
	json_object_del(inner, "access_rules");
	return true;
}

static bool take_expiry(struct make *make, json_t *inner, GError **error)
{
	json_t *value = json_object_get(inner, "expires_at");

	if (value && !json_is_null(value) &&
		!time_to_come(value, "expires_at", &make->expires_at, error))
		return false;
	json_object_del(inner, "expires_at");
	return true;
}

static bool take_secret(struct make *make, json_t *inner, GError **error)
{
	json_t *secret = json_object_get(inner, "secret");

	if (!secret || json_is_null(secret))
		make->secret = credential_new();
	else if (!json_string_length(secret) || json_string_length(secret) > SECRET_MAX)
		return weft_fail(error, INVALID_INPUT, "A secret must be a text of 1 to %d bytes.",
			SECRET_MAX);
	else
		make->secret = g_strdup(json_string_value(secret));
	json_object_del(inner, "secret");
	return true;
}

static bool may_make(const struct visit *visit, GError **error)
{
	const struct token *token = &visit->subject.token;
	char id[UUID_STRLEN];

	if (!app_credentials_may_handle(visit, error))
		return false;
	if (token->scope == TOKEN_PROJECT && !strcmp(uuid_format(&token->user, id), visit->args[0]))
		return true;
	return weft_fail(error, FORBIDDEN,
		"An application credential is made by the user itself, with a token of the project that it is for.");
}

void app_credential_post(struct visit *visit)
{
	struct make *make = g_new0(struct make, 1);
	json_t *inner = NULL;
	GError *error = NULL;

	make->visit = *visit;
	if (may_make(visit, &error))
		make->body = body_parse(visit->call.request, &error);
	if (make->body)
		inner = body_member(make->body, "application_credential", &error);
	if (inner && json_is_null(json_object_get(inner, "description")))
		json_object_del(inner, "description");
	if (!inner || !take_roles(make, inner, &error) || !take_rules(make, inner, &error) ||
		!take_expiry(make, inner, &error) || !take_secret(make, inner, &error) ||
		!hasher_hash(visit->identity->hasher, make->secret, on_hashed, make, &error))
		make_fail(make, error);
}
