/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of Identity's kinds: list, create, show, update, delete, by the kinds' tables. A
 * password is taken out of the body and hashed in a thread before anything is staged.
 */
#include <string.h>

#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"
#include "model/identity/catalog.h"
#include "model/query.h"

static const char *default_id(char buf[static UUID_STRLEN])
{
	return uuid_format(&default_domain_id, buf);
}

/* The id that the path names; a domain may be called "default", a region goes by its name. */
static const char *id_of(const struct visit *visit, char buf[static UUID_STRLEN])
{
	const struct object *region;

	if (visit->call.kind->flags & KIND_ID_IS_NAME) {
		region = model_first(
			visit->identity->model, KIND_REGION, REGION_BY_NAME, visit->args[0], NULL);
		return region ? uuid_format(object_id(region), buf) : visit->args[0];
	}
	if (visit->call.kind->id == KIND_DOMAIN && !strcmp(visit->args[0], "default"))
		return default_id(buf);
	return visit->args[0];
}

/* At the top of its domain a project's parent is the domain. */
static bool add_parent_filter(
	struct query *query, const struct visit *visit, const char *parent, GError **error)
{
	const struct object *domain =
		find_domain(visit->identity->model, &(struct domain_ref){ .id = parent });
	char id[UUID_STRLEN];

	if (!domain)
		return query_add(query, "parent_id", parent, error);
	return query_add(query, "parent_id", "", error) &&
	       query_add(query, "domain_id", uuid_format(object_id(domain), id), error);
}

static bool add_filter(struct query *query, const struct visit *visit,
	const struct http_param *param, GError **error)
{
	bool is_domain = !strcmp(param->name, "domain_id");
	char id[UUID_STRLEN];

	if ((is_domain && reach_domain(visit)) ||
		(visit->own_project && !strcmp(param->name, "project_id")) ||
		(visit->own_user && !strcmp(param->name, "user_id")))
		return true; /* there is but one */
	if (!strcmp(param->name, "parent_id"))
		return add_parent_filter(query, visit, param->value, error);
	if (is_domain && !strcmp(param->value, "default"))
		return query_add(query, param->name, default_id(id), error);
	if (visit->call.kind->flags & KIND_ID_IS_NAME && !strcmp(param->name, "id"))
		return query_add(query, "name", param->value, error);
	return query_add(query, param->name, param->value, error);
}

/* An administrator of a domain sees what is in it. Roles of domains are shown where asked for. */
static bool limit_to_domain(struct query *query, const struct visit *visit, GError **error)
{
	const struct http_target *target = http_request_target(visit->call.request);
	const struct object *domain = reach_domain(visit);
	enum kind_id kind = visit->call.kind->id;
	char id[UUID_STRLEN];

	if (visit->own_project)
		return query_add(query, "project_id",
			uuid_format(&visit->subject.token.scope_id, id), error);
	if (visit->own_user)
		return query_add(
			query, "user_id", uuid_format(&visit->subject.token.user, id), error);
	if (kind == KIND_ROLE)
		return http_target_param(target, "domain_id") ||
		       query_add(query, "domain_id", "", error);
	return !domain || query_add(query, kind == KIND_DOMAIN ? "id" : "domain_id",
				  uuid_format(object_id(domain), id), error);
}

static bool fill_query(struct query *query, const struct visit *visit, GError **error)
{
	const struct http_target *target = http_request_target(visit->call.request);

	for (unsigned i = 0; i < target->n_params; i++)
		if (strcmp(target->params[i].name, "is_domain") &&
			!add_filter(query, visit, &target->params[i], error))
			return false;
	return limit_to_domain(query, visit, error);
}

/* Domains are listed as projects nowhere but at /v3/domains. */
static bool wants_domains(const struct visit *visit)
{
	const char *value =
		http_target_param(http_request_target(visit->call.request), "is_domain");

	return visit->call.kind->id == KIND_PROJECT && value &&
	       g_ascii_strcasecmp(value, "false") && strcmp(value, "0");
}

void objects_list(struct visit *visit)
{
	g_autoptr(query) query = query_new(visit->call.kind, &identity_itself);
	g_autoptr(GPtrArray) page = NULL;
	GError *error = NULL;
	bool more = false;

	if (wants_domains(visit))
		page = g_ptr_array_new();
	else if (fill_query(query, visit, &error))
		page = query_run(query, visit->identity->model, &more, &error);
	if (!page)
		return visit_fail(visit, error);
	call_answer(&visit->call, 200,
		more ? page_view_render(&visit->call, visit->call.kind, page)
		     : list_view_render(&visit->call, visit->call.kind, page));
}

void objects_answer(struct visit *visit, const struct kind *kind, GPtrArray *found)
{
	const struct http_target *target = http_request_target(visit->call.request);
	g_autoptr(query) query = query_new(kind, &identity_itself);
	GError *error = NULL;

	visit->call.kind = kind;
	for (unsigned i = 0; i < target->n_params; i++)
		if (!add_filter(query, visit, &target->params[i], &error))
			return visit_fail(visit, error);
	for (unsigned i = 0; i < found->len;) {
		if (query_matches(query, visit->identity->model, found->pdata[i]))
			i++;
		else
			g_ptr_array_remove_index(found, i);
	}
	call_answer(&visit->call, 200, list_view_render(&visit->call, kind, found));
}

void object_get(struct visit *visit)
{
	char id[UUID_STRLEN];
	GError *error = NULL;
	const struct object *object =
		model_need(visit->identity->model, visit->call.kind->id, id_of(visit, id), &error);
	enum kind_id kind = visit->call.kind->id;
	bool is_limited = kind <= KIND_GROUP; /* to a domain's administrator */

	if (!object || (is_limited && !reach_object(visit, object, &error)))
		return visit_fail(visit, error);
	call_answer(&visit->call, 200, object_view_render(&visit->call, object));
}

/* A user about itself, others by an administrator. */
void user_get(struct visit *visit)
{
	GError *error = NULL;

	if (!reach_user(visit, &error))
		return visit_fail(visit, error);
	visit->subject.rank = 0; /* that has been looked at */
	object_get(visit);
}

static void audit_object(const struct visit *visit, const char *what, const struct object *object)
{
	char id[UUID_STRLEN];

	audit(visit, "%s %s is %s", kind_words(object_kind(object)),
		uuid_format(object_id(object), id), what);
}

/* Writing, perhaps with a password on its way. */
struct save {
	struct visit visit;
	json_t *body;
	char *id; /* NULL: a new one */
};

static void save_free(struct save *save)
{
	json_decref(save->body);
	g_free(save->id);
	g_free(save);
}

static void save_fail(struct save *save, GError *error)
{
	visit_fail(&save->visit, error);
	save_free(save);
}

static void respond_created(struct write *write)
{
	call_answer(&write->call, 201, object_view_render(&write->call, write->objects->pdata[0]));
}

static void respond_updated(struct write *write)
{
	call_answer(&write->call, 200, object_view_render(&write->call, write->objects->pdata[0]));
}

static const struct object *stage(
	struct save *save, struct txn *txn, const char *hash, GError **error)
{
	const struct kind *kind = save->visit.call.kind;
	json_t *inner = json_object_get(save->body, kind->singular);
	const struct object *object;
	struct object *draft;

	if (kind->id == KIND_ENDPOINT && !body_take_region(txn, inner, error))
		return NULL;
	object = save->id ? txn_update(txn, kind->id, save->id, inner, error)
			  : txn_create(txn, kind->id, inner, error);
	if (!object || !hash)
		return object;
	draft = object_edit(object);
	password_store(save->visit.identity, draft, hash, PASSWORD_BY_ADMIN);
	return txn_put(txn, draft, error);
}

/* A new password, or enabling a user (again), ends that he is locked out. */
static void let_in(const struct save *save, const struct object *object, const char *hash)
{
	json_t *inner = json_object_get(save->body, object_kind(object)->singular);

	if (object_kind(object)->id == KIND_USER &&
		(hash || json_is_true(json_object_get(inner, "enabled"))))
		lockout_end(save->visit.identity->lockout, object_id(object));
}

static void save_submit(struct save *save, const char *hash)
{
	const struct model *model = save->visit.identity->model;
	const struct object *old =
		save->id ? model_get_text(model, save->visit.call.kind->id, save->id) : NULL;
	g_autoptr(txn) txn = txn_new(save->visit.identity->model, &identity_itself);
	const struct object *object = NULL;
	GPtrArray *objects;
	GError *error = NULL;

	if (!old || reach_change(&save->visit, old, &error))
		object = stage(save, txn, hash, &error);
	if (!object || !reach_change(&save->visit, object, &error) || !admins_remain(txn, &error))
		return save_fail(save, error);
	audit_object(&save->visit,
		hash ? (save->id ? "changed, with a new password" : "made, with a password")
		     : (save->id ? "changed" : "made"),
		object);
	let_in(save, object, hash);
	objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_ptr_array_add(objects, object_ref(object));
	write_submit(&save->visit.call, g_steal_pointer(&txn), objects,
		save->id ? respond_updated : respond_created);
	save_free(save);
}

static void on_hashed(const char *hash, void *user)
{
	struct save *save = user;
	GError *error = NULL;

	if (hash)
		return save_submit(save, hash);
	weft_fail(&error, UNAVAILABLE, "No memory to hash the password with; ask again later.");
	save_fail(save, error);
}

static bool check_names(const struct save *save, json_t *inner, GError **error)
{
	json_t *name = json_object_get(inner, "name");
	const struct object *role;

	if (save->visit.call.kind->id != KIND_SERVICE && json_is_string(name) &&
		!json_string_length(name))
		return weft_fail(error, INVALID_INPUT, "The name of a %s can't be empty.",
			save->visit.call.kind->singular);
	role = save->id && name ? model_get_text(save->visit.identity->model, KIND_ROLE, save->id)
				: NULL;
	if (role && role_rank(role) &&
		g_strcmp0(json_string_value(name), object_str(role, SLOT_NAME)))
		return weft_fail(error, FORBIDDEN,
			"The role %s means something to weft and can't be renamed.",
			object_str(role, SLOT_NAME));
	return true;
}

static bool take_password(const struct save *save, json_t *inner, char **ret, GError **error)
{
	json_t *password = json_object_get(inner, "password");

	if (save->visit.call.kind->id != KIND_USER || !password)
		return true;
	if (!password_fits(save->visit.identity, json_string_value(password) ?: "", error))
		return false;
	*ret = g_strdup(json_string_value(password));
	json_object_del(inner, "password");
	return true;
}

static void save_start(struct visit *visit, const char *id)
{
	struct save *save = g_new0(struct save, 1);
	const char *singular = visit->call.kind->singular;
	g_autofree char *password = NULL;
	json_t *inner = NULL;
	GError *error = NULL;

	save->visit = *visit;
	save->id = g_strdup(id);
	save->body = body_parse(visit->call.request, &error);
	inner = save->body ? body_member(save->body, singular, &error) : NULL;
	if (!inner)
		return save_fail(save, error);
	body_settle(visit, id ? BODY_OF_OLD : BODY_OF_NEW, inner);
	if (!check_names(save, inner, &error) || !take_password(save, inner, &password, &error))
		return save_fail(save, error);
	if (!password)
		return save_submit(save, NULL);
	if (!hasher_hash(visit->identity->hasher, password, on_hashed, save, &error))
		save_fail(save, error);
	sodium_memzero(password, strlen(password));
}

void object_post(struct visit *visit)
{
	save_start(visit, NULL);
}

void object_patch(struct visit *visit)
{
	char id[UUID_STRLEN];

	save_start(visit, id_of(visit, id));
}

void object_remove(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	enum kind_id kind = visit->call.kind->id;
	char id[UUID_STRLEN];
	GError *error = NULL;
	const struct object *object =
		model_need(visit->identity->model, kind, id_of(visit, id), &error);

	if (object && kind == KIND_ROLE && role_rank(object)) {
		weft_fail(&error, FORBIDDEN,
			"The role %s means something to weft and can't be deleted.",
			object_str(object, SLOT_NAME));
		return visit_fail(visit, error);
	}
	if (!object || !reach_change(visit, object, &error) || !txn_remove(txn, object, &error) ||
		!admins_remain(txn, &error))
		return visit_fail(visit, error);
	audit_object(visit, "deleted", object);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
