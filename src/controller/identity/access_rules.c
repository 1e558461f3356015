/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access rules: an application credential that has some is good for the requests that one of them
 * names, and for no other. Here they hold for Networking and Identity; other services see them in
 * the token, if they say that they know what they are.
 */
#include <string.h>

#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"

static const struct object *credential_of(const struct model *model, const struct token *token)
{
	const struct object *credential =
		model_get(model, KIND_APP_CREDENTIAL, &token->app_credential);

	return credential && !object_is_null(credential, APP_CREDENTIAL_ACCESS_RULE_IDS)
		       ? credential
		       : NULL;
}

bool access_rules_limit(const struct model *model, const struct token *token)
{
	return credential_of(model, token) != NULL;
}

/* "/v2.0/networks" of the target's segments. */
static char *path_of(const struct http_request *request)
{
	const struct http_target *target = http_request_target(request);
	GString *path = g_string_new(target->n_segments ? NULL : "/");

	for (unsigned i = 0; i < target->n_segments; i++)
		g_string_append_printf(path, "/%s", target->segments[i]);
	return g_string_free(path, FALSE);
}

static bool permits(const struct object *rule, const struct http_request *request, const char *path)
{
	const char *service =
		g_str_has_prefix(path, "/v3/") || !strcmp(path, "/v3") ? "identity" : "network";

	return !strcmp(object_str(rule, ACCESS_RULE_SERVICE), service) &&
	       !strcmp(object_str(rule, ACCESS_RULE_METHOD), http_request_method_name(request)) &&
	       access_rule_fits(object_str(rule, ACCESS_RULE_PATH), path);
}

bool access_rules_check(const struct model *model, const struct token *token,
	const struct http_request *request, GError **error)
{
	const struct object *credential = credential_of(model, token);
	json_t *ids = credential ? object_json(credential, APP_CREDENTIAL_ACCESS_RULE_IDS) : NULL;
	g_autofree char *path = path_of(request);
	const struct object *rule;
	bool permitted = !credential;
	json_t *id;
	size_t i;

	json_array_foreach(ids, i, id) {
		rule = model_get_text(model, KIND_ACCESS_RULE, json_string_value(id));
		permitted = permitted || (rule && permits(rule, request, path));
	}
	json_decref(ids);
	return permitted ||
	       weft_fail(error, FORBIDDEN,
		       "No access rule of the application credential permits %s of %s.",
		       http_request_method_name(request), path);
}

static void write_rule(struct json_writer *w, const struct object *rule)
{
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(object_id(rule), id));
	jw_member_string(w, "service", object_str(rule, ACCESS_RULE_SERVICE));
	jw_member_string(w, "method", object_str(rule, ACCESS_RULE_METHOD));
	jw_member_string(w, "path", object_str(rule, ACCESS_RULE_PATH));
	jw_end_object(w);
}

void access_rules_write(
	struct json_writer *w, const struct model *model, const struct object *credential)
{
	json_t *ids = object_json(credential, APP_CREDENTIAL_ACCESS_RULE_IDS), *id;
	const struct object *rule;
	size_t i;

	jw_key(w, "access_rules");
	jw_begin_array(w);
	json_array_foreach(ids, i, id) {
		rule = model_get_text(model, KIND_ACCESS_RULE, json_string_value(id));
		if (rule)
			write_rule(w, rule);
	}
	jw_end_array(w);
	json_decref(ids);
}

/* Is @rule what the body's @wanted says, by its id or by what it permits? */
static bool is_wanted(const struct object *rule, json_t *wanted)
{
	const char *id = json_string_value(json_object_get(wanted, "id"));
	char text[UUID_STRLEN];

	if (id)
		return !strcmp(uuid_format(object_id(rule), text), id);
	return !g_strcmp0(json_string_value(json_object_get(wanted, "service")),
		       object_str(rule, ACCESS_RULE_SERVICE)) &&
	       !g_strcmp0(json_string_value(json_object_get(wanted, "method")),
		       object_str(rule, ACCESS_RULE_METHOD)) &&
	       !g_strcmp0(json_string_value(json_object_get(wanted, "path")),
		       object_str(rule, ACCESS_RULE_PATH));
}

/* The user's rule that is wanted; a new one if it is described and there is none. */
static const struct object *need_rule(
	struct txn *txn, const char *user, json_t *wanted, GError **error)
{
	const struct object *rule;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_ACCESS_RULE, ACCESS_RULE_BY_USER, user, NULL);
	while ((rule = txn_iter_next(&iter)))
		if (is_wanted(rule, wanted))
			return rule;
	if (json_object_get(wanted, "id")) {
		weft_fail(error, INVALID_INPUT, "The user has no access rule '%.64s'.",
			json_string_value(json_object_get(wanted, "id")) ?: "");
		return NULL;
	}
	if (json_is_object(wanted))
		json_object_set_new(wanted, "user_id", json_string(user));
	return txn_create(txn, KIND_ACCESS_RULE, wanted, error);
}

char *access_rules_stage(struct txn *txn, const char *user, json_t *rules, GError **error)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	const struct object *rule;
	char id[UUID_STRLEN];
	json_t *wanted;
	size_t i;

	jw_begin_array(&w);
	json_array_foreach(rules, i, wanted) {
		rule = need_rule(txn, user, wanted, error);
		if (!rule) {
			g_string_free(text, TRUE);
			return NULL;
		}
		jw_string(&w, uuid_format(object_id(rule), id));
	}
	jw_end_array(&w);
	return g_string_free(text, FALSE);
}

static GString *render_list(const struct visit *visit)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	const struct object *rule;
	struct model_iter iter;

	jw_begin_object(&w);
	jw_key(&w, "access_rules");
	jw_begin_array(&w);
	model_iter_init(&iter, visit->identity->model, KIND_ACCESS_RULE, ACCESS_RULE_BY_USER,
		visit->args[0], NULL);
	while ((rule = model_iter_next(&iter)))
		write_rule(&w, rule);
	jw_end_array(&w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	return text;
}

void access_rules_list(struct visit *visit)
{
	GError *error = NULL;

	if (!app_credentials_may_handle(visit, &error))
		return visit_fail(visit, error);
	call_answer(&visit->call, 200, render_list(visit));
}

static const struct object *need(const struct visit *visit, GError **error)
{
	const struct object *rule;

	if (!app_credentials_may_handle(visit, error))
		return NULL;
	rule = model_need(visit->identity->model, KIND_ACCESS_RULE, visit->args[1], error);
	if (rule && strcmp(object_str(rule, ACCESS_RULE_USER_ID), visit->args[0])) {
		kind_fail_not_found(KIND_ACCESS_RULE, visit->args[1], error);
		return NULL;
	}
	return rule;
}

void access_rule_get(struct visit *visit)
{
	GString *text = g_string_new("{\"access_rule\":");
	struct json_writer w = json_writer_on(text);
	GError *error = NULL;
	const struct object *rule = need(visit, &error);

	if (!rule) {
		g_string_free(text, TRUE);
		return visit_fail(visit, error);
	}
	write_rule(&w, rule);
	g_string_append_c(text, '}');
	call_answer(&visit->call, 200, text);
}

/* Does an application credential of the user have the rule? */
static bool is_used(const struct visit *visit)
{
	const struct object *credential;
	struct model_iter iter;

	model_iter_init(&iter, visit->identity->model, KIND_APP_CREDENTIAL, APP_CREDENTIAL_BY_USER,
		visit->args[0], NULL);
	while ((credential = model_iter_next(&iter))) {
		const char *ids = object_str(credential, APP_CREDENTIAL_ACCESS_RULE_IDS);

		if (ids && strstr(ids, visit->args[1]))
			return true;
	}
	return false;
}

void access_rule_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	GError *error = NULL;
	const struct object *rule = need(visit, &error);

	if (rule && is_used(visit))
		weft_fail(&error, FORBIDDEN,
			"Access rule %s is used by application credentials; delete them first.",
			visit->args[1]);
	if (error || !txn_remove(txn, rule, &error))
		return visit_fail(visit, error);
	audit(visit, "access rule %s is deleted", visit->args[1]);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
