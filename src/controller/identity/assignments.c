/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which role where. */
#include <string.h>

#include "base/log.h"
#include "controller/identity/identity_impl.h"

static const struct object *need_domain(const struct visit *visit, const char *id, GError **error)
{
	const struct object *domain =
		find_domain(visit->identity->model, &(struct domain_ref){ .id = id });

	if (!domain)
		kind_fail_not_found(KIND_DOMAIN, id, error);
	return domain;
}

/* The user, and as what a token's scope would be written the place that the path names. */
static bool read_path(const struct visit *visit, struct token *ret, GError **error)
{
	const struct model *model = visit->identity->model;
	const char *where = http_request_target(visit->call.request)->segments[1];
	const char *user_id = visit->args[strcmp(where, "system") ? 1 : 0];
	const struct object *place, *user;

	*ret = (struct token){ .scope = TOKEN_SYSTEM };
	if (strcmp(where, "system")) {
		place = strcmp(where, "projects")
				? need_domain(visit, visit->args[0], error)
				: model_need(model, KIND_PROJECT, visit->args[0], error);
		if (!place)
			return false;
		ret->scope = strcmp(where, "projects") ? TOKEN_DOMAIN : TOKEN_PROJECT;
		ret->scope_id = *object_id(place);
	}
	user = model_need(model, KIND_USER, user_id, error);
	if (!user)
		return false;
	ret->user = *object_id(user);
	return true;
}

static const struct object *path_role(const struct visit *visit, GError **error)
{
	unsigned n = http_request_target(visit->call.request)->n_segments;

	return model_need(visit->identity->model, KIND_ROLE,
		http_request_target(visit->call.request)->segments[n - 1], error);
}

static const struct object *find(
	const struct model *model, const struct token *where, const struct object *role)
{
	const struct object *assignment;
	struct model_iter iter;
	char user[UUID_STRLEN], id[UUID_STRLEN];

	uuid_format(object_id(role), id);
	model_iter_init(&iter, model, KIND_ASSIGNMENT, ASSIGNMENT_BY_USER,
		uuid_format(&where->user, user), NULL);
	while ((assignment = model_iter_next(&iter)))
		if (assignment_fits(assignment, where) &&
			!strcmp(object_str(assignment, ASSIGNMENT_ROLE_ID), id))
			break;
	return assignment;
}

static struct object *draft_of(const struct token *where, const struct object *role)
{
	struct object *draft = object_new(&assignment_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(draft, ASSIGNMENT_USER_ID, uuid_format(&where->user, id));
	object_set_str(draft, ASSIGNMENT_ROLE_ID, uuid_format(object_id(role), id));
	if (where->scope == TOKEN_PROJECT)
		object_set_str(draft, ASSIGNMENT_PROJECT_ID, uuid_format(&where->scope_id, id));
	else if (where->scope == TOKEN_DOMAIN)
		object_set_str(draft, ASSIGNMENT_DOMAIN_ID, uuid_format(&where->scope_id, id));
	return draft;
}

static void audit(const struct visit *visit, const char *what, const struct token *where,
	const struct object *role)
{
	char user[UUID_STRLEN], place[UUID_STRLEN], by[UUID_STRLEN];

	log_info("identity: role %s of user %s on %s is %s by user %s", object_str(role, SLOT_NAME),
		uuid_format(&where->user, user),
		where->scope == TOKEN_SYSTEM ? "the system" : uuid_format(&where->scope_id, place),
		what, uuid_format(&visit->subject.token.user, by));
}

void assignment_put(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	const struct object *role;
	struct token where;
	GError *error = NULL;

	role = read_path(visit, &where, &error) ? path_role(visit, &error) : NULL;
	if (!role || (!find(visit->identity->model, &where, role) &&
			     !txn_put(txn, draft_of(&where, role), &error)))
		return visit_fail(visit, error);
	audit(visit, "given", &where, role);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

static const struct object *need(const struct visit *visit, struct token *where,
	const struct object **ret_role, GError **error)
{
	const struct object *assignment;

	*ret_role = read_path(visit, where, error) ? path_role(visit, error) : NULL;
	if (!*ret_role)
		return NULL;
	assignment = find(visit->identity->model, where, *ret_role);
	if (!assignment)
		weft_fail(error, NOT_FOUND, "The user does not have this role there.");
	return assignment;
}

void assignment_get(struct visit *visit)
{
	const struct object *role;
	struct token where;
	GError *error = NULL;

	if (!need(visit, &where, &role, &error))
		return visit_fail(visit, error);
	http_request_answer(visit->call.request, 204, NULL, NULL);
}

void assignment_delete(struct visit *visit)
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	const struct object *role, *assignment;
	struct token where;
	GError *error = NULL;

	assignment = need(visit, &where, &role, &error);
	if (!assignment || !txn_remove(txn, assignment, &error))
		return visit_fail(visit, error);
	audit(visit, "taken", &where, role);
	write_submit(&visit->call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}

/* The roles that one user has at one place. */
void assigned_roles_get(struct visit *visit)
{
	const struct model *model = visit->identity->model;
	g_autoptr(GPtrArray) roles = g_ptr_array_new();
	const struct object *role;
	struct model_iter iter;
	struct token where;
	GError *error = NULL;

	if (!read_path(visit, &where, &error))
		return visit_fail(visit, error);
	model_iter_all(&iter, model, KIND_ROLE, NULL);
	while ((role = model_iter_next(&iter)))
		if (find(model, &where, role))
			g_ptr_array_add(roles, (void *)role);
	call_answer(&visit->call, 200, list_view_render(&visit->call, &role_kind, roles));
}

enum names { NAMES_LEFT_OUT, NAMES_SHOWN };

static void write_ref(struct json_writer *w, const struct model *model, const char *key,
	enum kind_id kind, const char *id, enum names names)
{
	const struct object *object = model_get_text(model, kind, id);
	int slot = kind_slot(kind_by_id(kind), "domain_id");

	jw_key(w, key);
	jw_begin_object(w);
	jw_member_string(w, "id", id);
	if (names == NAMES_SHOWN) {
		jw_member_string(w, "name", object_str(object, SLOT_NAME));
		if (slot >= 0)
			write_ref(w, model, "domain", KIND_DOMAIN,
				object_str(object, (unsigned)slot), names);
	}
	jw_end_object(w);
}

static void write_assignment(const struct visit *visit, struct json_writer *w,
	const struct object *assignment, enum names names)
{
	const struct model *model = visit->identity->model;
	const char *project = object_str(assignment, ASSIGNMENT_PROJECT_ID);
	const char *domain = object_str(assignment, ASSIGNMENT_DOMAIN_ID);

	jw_begin_object(w);
	write_ref(w, model, "user", KIND_USER, object_str(assignment, ASSIGNMENT_USER_ID), names);
	write_ref(w, model, "role", KIND_ROLE, object_str(assignment, ASSIGNMENT_ROLE_ID), names);
	jw_key(w, "scope");
	jw_begin_object(w);
	if (project)
		write_ref(w, model, "project", KIND_PROJECT, project, names);
	else if (domain)
		write_ref(w, model, "domain", KIND_DOMAIN, domain, names);
	else
		jw_member_raw(w, "system", "{\"all\":true}");
	jw_end_object(w);
	jw_member_raw(w, "links", "{}");
	jw_end_object(w);
}

static bool passes(const struct visit *visit, const struct object *assignment)
{
	static const struct {
		const char *param;
		unsigned slot;
	} filters[] = {
		{ "user.id", ASSIGNMENT_USER_ID },
		{ "role.id", ASSIGNMENT_ROLE_ID },
		{ "scope.project.id", ASSIGNMENT_PROJECT_ID },
		{ "scope.domain.id", ASSIGNMENT_DOMAIN_ID },
	};
	const struct http_target *target = http_request_target(visit->call.request);

	for (unsigned i = 0; i < G_N_ELEMENTS(filters); i++) {
		const char *wanted = http_target_param(target, filters[i].param);

		if (wanted && g_strcmp0(wanted, object_str(assignment, filters[i].slot)))
			return false;
	}
	return !http_target_param(target, "scope.system") ||
	       (object_is_null(assignment, ASSIGNMENT_PROJECT_ID) &&
		       object_is_null(assignment, ASSIGNMENT_DOMAIN_ID));
}

void assignments_list(struct visit *visit)
{
	const struct http_target *target = http_request_target(visit->call.request);
	const char *include = http_target_param(target, "include_names");
	bool shown = include && g_ascii_strcasecmp(include, "false") && strcmp(include, "0");
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	const struct object *assignment;
	struct model_iter iter;

	jw_begin_object(&w);
	jw_key(&w, "role_assignments");
	jw_begin_array(&w);
	model_iter_all(&iter, visit->identity->model, KIND_ASSIGNMENT, NULL);
	while ((assignment = model_iter_next(&iter)))
		if (passes(visit, assignment))
			write_assignment(
				visit, &w, assignment, shown ? NAMES_SHOWN : NAMES_LEFT_OUT);
	jw_end_array(&w);
	list_links_write(&visit->call, &w);
	jw_end_object(&w);
	call_answer(&visit->call, 200, text);
}

static void answer_projects(struct visit *visit, const struct uuid *user)
{
	const struct model *model = visit->identity->model;
	g_autoptr(GPtrArray) projects = g_ptr_array_new();
	const struct object *project;
	struct model_iter iter;

	model_iter_all(&iter, model, KIND_PROJECT, NULL);
	while ((project = model_iter_next(&iter))) {
		struct token where = {
			.scope = TOKEN_PROJECT, .user = *user, .scope_id = *object_id(project)
		};

		if (object_bool(project, PROJECT_ENABLED) && roles_any(model, &where))
			g_ptr_array_add(projects, (void *)project);
	}
	call_answer(&visit->call, 200, list_view_render(&visit->call, &project_kind, projects));
}

/* The projects for which the token could be exchanged. */
void own_projects_get(struct visit *visit)
{
	answer_projects(visit, &visit->subject.token.user);
}

void user_projects_get(struct visit *visit)
{
	struct uuid user;
	GError *error = NULL;

	if (!uuid_parse(visit->args[0], &user) ||
		(!subject_is_admin(&visit->subject) &&
			!uuid_equal(&user, &visit->subject.token.user))) {
		weft_fail(&error, FORBIDDEN, "Only an administrator may see others' projects.");
		return visit_fail(visit, error);
	}
	answer_projects(visit, &user);
}
