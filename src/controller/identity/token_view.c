/* SPDX-License-Identifier: Apache-2.0 */
/* A token as clients see it: who, where, with which roles, and where the services are. */
#include "controller/identity/identity_impl.h"
#include "model/value.h"

void named_write(struct json_writer *w, const char *key, const struct object *object)
{
	char id[UUID_STRLEN];

	if (key)
		jw_key(w, key);
	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(object_id(object), id));
	jw_member_string(w, "name", object_str(object, SLOT_NAME));
}

void named_in_domain_write(struct json_writer *w, const char *key, const struct object *object,
	const struct model *model, unsigned domain_slot)
{
	named_write(w, key, object);
	named_write(
		w, "domain", model_get_text(model, KIND_DOMAIN, object_str(object, domain_slot)));
	jw_end_object(w);
}

static void write_scope(struct json_writer *w, const struct model *model, const struct token *token)
{
	if (token->scope == TOKEN_PROJECT) {
		named_in_domain_write(w, "project",
			model_get(model, KIND_PROJECT, &token->scope_id), model, PROJECT_DOMAIN_ID);
		jw_end_object(w);
		jw_member_bool(w, "is_domain", false);
	} else if (token->scope == TOKEN_DOMAIN) {
		named_write(w, "domain", model_get(model, KIND_DOMAIN, &token->scope_id));
		jw_end_object(w);
	} else if (token->scope == TOKEN_SYSTEM) {
		jw_member_raw(w, "system", "{\"all\":true}");
	}
}

static void write_roles(struct json_writer *w, const struct model *model, const struct token *token)
{
	g_autoptr(GPtrArray) roles = roles_of(model, token);

	jw_key(w, "roles");
	jw_begin_array(w);
	for (unsigned i = 0; i < roles->len; i++) {
		named_write(w, NULL, roles->pdata[i]);
		jw_end_object(w);
	}
	jw_end_array(w);
}

void methods_write(struct json_writer *w, unsigned methods)
{
	jw_key(w, "methods");
	jw_begin_array(w);
	for (unsigned i = 0; i < N_TOKEN_METHODS; i++)
		if (methods & 1u << i)
			jw_string(w, auth_method_name(1u << i));
	jw_end_array(w);
}

static void write_app_credential(
	struct json_writer *w, const struct model *model, const struct token *token)
{
	const struct object *credential;

	if (uuid_is_zero(&token->app_credential))
		return;
	credential = model_get(model, KIND_APP_CREDENTIAL, &token->app_credential);
	named_write(w, "application_credential", credential);
	jw_member_bool(w, "restricted", !object_bool(credential, APP_CREDENTIAL_UNRESTRICTED));
	if (access_rules_limit(model, token))
		access_rules_write(w, model, credential);
	jw_end_object(w);
}

static void write_trust_user(struct json_writer *w, const char *key, const char *id)
{
	jw_key(w, key);
	jw_begin_object(w);
	jw_member_string(w, "id", id);
	jw_end_object(w);
}

static void write_trust(struct json_writer *w, const struct model *model, const struct token *token)
{
	const struct object *trust = trust_of(model, token);
	char id[UUID_STRLEN];

	if (!trust)
		return;
	jw_key(w, "OS-TRUST:trust");
	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(&token->trust, id));
	jw_member_bool(w, "impersonation", object_bool(trust, TRUST_IMPERSONATION));
	write_trust_user(w, "trustor_user", object_str(trust, TRUST_TRUSTOR_ID));
	write_trust_user(w, "trustee_user", object_str(trust, TRUST_TRUSTEE_ID));
	jw_end_object(w);
}

GString *token_render(const struct visit *visit, const struct subject *subject)
{
	const struct model *model = visit->identity->model;
	const struct token *token = &subject->token;
	GString *text = g_string_sized_new(2048);
	struct json_writer w = json_writer_on(text);
	char time[TIME_STRLEN], audit[UUID_STRLEN];

	jw_begin_object(&w);
	jw_key(&w, "token");
	jw_begin_object(&w);
	methods_write(&w, token->methods);
	named_in_domain_write(&w, "user", subject->user, model, USER_DOMAIN_ID);
	jw_member_string(&w, "password_expires_at",
		object_is_null(subject->user, USER_PASSWORD_EXPIRES_AT)
			? NULL
			: time_format(object_int(subject->user, USER_PASSWORD_EXPIRES_AT), time));
	jw_end_object(&w);
	jw_key(&w, "audit_ids");
	jw_begin_array(&w);
	jw_string(&w, uuid_format(&token->audit, audit));
	if (!uuid_is_zero(&token->chain))
		jw_string(&w, uuid_format(&token->chain, audit));
	jw_end_array(&w);
	jw_member_string(&w, "issued_at", time_format(token->issued_at, time));
	jw_member_string(&w, "expires_at", time_format(token->expires_at, time));
	write_app_credential(&w, model, token);
	write_trust(&w, model, token);
	if (token->scope != TOKEN_UNSCOPED) {
		write_scope(&w, model, token);
		write_roles(&w, model, token);
		if (!http_target_param(http_request_target(visit->call.request), "nocatalog")) {
			jw_key(&w, "catalog");
			catalog_write(visit, token, &w);
		}
	}
	jw_end_object(&w);
	jw_end_object(&w);
	return text;
}
