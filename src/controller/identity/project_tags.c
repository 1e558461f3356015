/* SPDX-License-Identifier: Apache-2.0 */
/* The tags of a project as resources of their own, /v3/projects/ID/tags[/TAG]: seen by who sees the
 * project, changed by who may change it. */
#include <string.h>

#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"

static int find_tag(json_t *tags, const char *tag)
{
	json_t *item;
	size_t i;

	json_array_foreach(tags, i, item)
		if (!strcmp(json_string_value(item), tag))
			return (int)i;
	return -1;
}

static void answer_tags(const struct call *call, const struct object *project)
{
	GString *text = g_string_new("{\"tags\":");
	struct json_writer w = json_writer_on(text);

	g_string_append(text, object_str(project, SLOT_TAGS));
	w.comma = true;
	list_links_write(call, &w);
	g_string_append_c(text, '}');
	call_answer(call, 200, text);
}

static void respond_replaced(struct write *write)
{
	answer_tags(&write->call, write->objects->pdata[0]);
}

static void respond_added(struct write *write)
{
	http_request_answer(write->call.request, 201, NULL, NULL);
}

static const struct object *project_to_change(const struct visit *visit, GError **error)
{
	const struct object *project =
		model_need(visit->identity->model, KIND_PROJECT, visit->args[0], error);

	return project && reach_change(visit, project, error) ? project : NULL;
}

/* Makes @tags (taken over) the project's by an ordinary update. */
static void store(struct visit *visit, json_t *tags, void (*respond)(struct write *write))
{
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	json_t *body = json_pack("{s:o}", "tags", tags);
	GPtrArray *objects;
	GError *error = NULL;
	const struct object *after = txn_update(txn, KIND_PROJECT, visit->args[0], body, &error);

	json_decref(body);
	if (!after)
		return visit_fail(visit, error);
	audit(visit, "project %.64s is changed: its tags", visit->args[0]);
	objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_ptr_array_add(objects, object_ref(after));
	write_submit(&visit->call, g_steal_pointer(&txn), objects, respond);
}

void project_tags_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *project = project_to_see(visit, &error);

	if (!project)
		return visit_fail(visit, error);
	answer_tags(&visit->call, project);
}

void project_tags_put(struct visit *visit)
{
	GError *error = NULL;
	json_t *body = NULL, *tags = NULL;

	if (project_to_change(visit, &error))
		body = body_parse(visit->call.request, &error);
	if (body)
		tags = json_incref(body_member(body, "tags", &error));
	json_decref(body);
	if (!tags)
		return visit_fail(visit, error);
	store(visit, tags, respond_replaced);
}

void project_tags_delete(struct visit *visit)
{
	GError *error = NULL;

	if (!project_to_change(visit, &error))
		return visit_fail(visit, error);
	store(visit, json_array(), write_respond_deleted);
}

static bool need_tag(const struct visit *visit, json_t *tags, int *ret_at, GError **error)
{
	*ret_at = find_tag(tags, visit->args[1]);
	return *ret_at >= 0 || weft_fail(error, NOT_FOUND, "Project %.64s has no tag '%.255s'.",
				       visit->args[0], visit->args[1]);
}

void project_tag_get(struct visit *visit)
{
	GError *error = NULL;
	const struct object *project = project_to_see(visit, &error);
	json_t *tags = project ? object_json(project, SLOT_TAGS) : NULL;
	bool found;
	int at;

	found = tags && need_tag(visit, tags, &at, &error);
	json_decref(tags);
	if (!found)
		return visit_fail(visit, error);
	http_request_answer(visit->call.request, 204, NULL, NULL);
}

void project_tag_put(struct visit *visit)
{
	GError *error = NULL;
	const struct object *project = project_to_change(visit, &error);
	json_t *tags = project ? object_json(project, SLOT_TAGS) : NULL;

	if (!tags)
		return visit_fail(visit, error);
	if (find_tag(tags, visit->args[1]) < 0)
		json_array_append_new(tags, json_string(visit->args[1]));
	store(visit, tags, respond_added);
}

void project_tag_delete(struct visit *visit)
{
	GError *error = NULL;
	const struct object *project = project_to_change(visit, &error);
	json_t *tags = project ? object_json(project, SLOT_TAGS) : NULL;
	int at;

	if (!tags || !need_tag(visit, tags, &at, &error)) {
		json_decref(tags);
		return visit_fail(visit, error);
	}
	json_array_remove(tags, (size_t)at);
	store(visit, tags, write_respond_deleted);
}
