/* SPDX-License-Identifier: Apache-2.0 */
/* One project, with those above and below it where asked for; the top is the domain. */
#include <string.h>

#include "controller/identity/identity_impl.h"

static const struct object *parent_of(const struct model *model, const struct object *project)
{
	return model_get_text(model, KIND_PROJECT, object_str(project, PROJECT_PARENT_ID));
}

/* {"parent": {"its parent": {"domain": null}}} */
static void write_parent_ids(
	const struct model *model, const struct object *project, struct json_writer *w)
{
	const struct object *parent = parent_of(model, project);
	char id[UUID_STRLEN];

	jw_begin_object(w);
	if (parent) {
		jw_key(w, uuid_format(object_id(parent), id));
		write_parent_ids(model, parent, w);
	} else {
		jw_key(w, object_str(project, PROJECT_DOMAIN_ID));
		jw_null(w);
	}
	jw_end_object(w);
}

static bool has_children(const struct model *model, const struct object *project)
{
	char id[UUID_STRLEN];

	return model_count(model, KIND_PROJECT, PROJECT_BY_PARENT,
		       uuid_format(object_id(project), id), NULL) > 0;
}

/* {"child": {"its child": null}}, or null. The depth is bounded (model/identity/project.c). */
static void write_child_ids(
	const struct model *model, const struct object *project, struct json_writer *w)
{
	const struct object *child;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!has_children(model, project)) {
		jw_null(w);
		return;
	}
	jw_begin_object(w);
	model_iter_init(&iter, model, KIND_PROJECT, PROJECT_BY_PARENT,
		uuid_format(object_id(project), id), NULL);
	while ((child = model_iter_next(&iter))) {
		jw_key(w, uuid_format(object_id(child), id));
		write_child_ids(model, child, w);
	}
	jw_end_object(w);
}

static void write_project(
	const struct visit *visit, const struct object *project, struct json_writer *w)
{
	jw_begin_object(w);
	jw_key(w, "project");
	object_view_write(&visit->call, project, w);
	jw_end_object(w);
}

static void write_parents(
	const struct visit *visit, const struct object *project, struct json_writer *w)
{
	const struct model *model = visit->identity->model;

	jw_begin_array(w);
	while ((project = parent_of(model, project)))
		write_project(visit, project, w);
	jw_end_array(w);
}

static void write_children(
	const struct visit *visit, const struct object *project, struct json_writer *w)
{
	const struct model *model = visit->identity->model;
	const struct object *child;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_PROJECT, PROJECT_BY_PARENT,
		uuid_format(object_id(project), id), NULL);
	while ((child = model_iter_next(&iter))) {
		write_project(visit, child, w);
		write_children(visit, child, w);
	}
}

static void write_relatives(
	const struct visit *visit, const struct object *project, struct json_writer *w)
{
	const struct http_target *target = http_request_target(visit->call.request);
	const struct model *model = visit->identity->model;

	if (http_target_param(target, "parents_as_ids")) {
		jw_key(w, "parents");
		write_parent_ids(model, project, w);
	} else if (http_target_param(target, "parents_as_list")) {
		jw_key(w, "parents");
		write_parents(visit, project, w);
	}
	if (http_target_param(target, "subtree_as_ids")) {
		jw_key(w, "subtree");
		write_child_ids(model, project, w);
	} else if (http_target_param(target, "subtree_as_list")) {
		jw_key(w, "subtree");
		jw_begin_array(w);
		write_children(visit, project, w);
		jw_end_array(w);
	}
}

/* Has the bearer a role in the project? Then he may look at it. What was lent or given to a program
 * is for one project. */
static bool is_at_home(const struct visit *visit, const struct object *project)
{
	struct token token = visit->subject.token;

	if (delegated(visit) && !uuid_equal(&token.scope_id, object_id(project)))
		return false;
	token.scope = TOKEN_PROJECT;
	token.scope_id = *object_id(project);
	return visit->subject.user && roles_any(visit->identity->model, &token);
}

const struct object *project_to_see(const struct visit *visit, GError **error)
{
	const struct object *project =
		model_need(visit->identity->model, KIND_PROJECT, visit->args[0], error);

	if (!project || visit_reads_all(visit) || is_at_home(visit, project))
		return project;
	if (reach_domain(visit))
		return reach_object(visit, project, error) ? project : NULL;
	weft_fail(error, FORBIDDEN,
		"Only an administrator may see projects in which he has no role.");
	return NULL;
}

void project_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *project = project_to_see(visit, &error);
	GString *text;
	struct json_writer w;

	if (!project)
		return visit_fail(visit, error);
	text = object_view_render(&visit->call, project);
	g_string_truncate(text, text->len - 2); /* inside of both braces */
	w = json_writer_on(text);
	w.comma = true;
	write_relatives(visit, project, &w);
	g_string_append(text, "}}");
	call_answer(&visit->call, 200, text);
}
