/* SPDX-License-Identifier: Apache-2.0 */
/* GET of a collection: the model's query does the work; here are the links between pages. */
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/path.h"
#include "model/query.h"

static bool fill_query(struct query *query, const struct http_target *target, GError **error)
{
	for (unsigned i = 0; i < target->n_params; i++)
		if (!query_add(query, target->params[i].name, target->params[i].value, error))
			return false;
	return true;
}

enum direction { NEXT, PREVIOUS };

/* The same question, behind (or before) @marker. */
static char *page_url(
	const struct call *call, const struct object *marker, enum direction direction)
{
	const struct http_target *target = http_request_target(call->request);
	g_autofree char *base = http_request_base_url(call->request);
	g_autofree char *path = path_format(call->kind, call->parent);
	GString *url = g_string_new(base);
	char id[UUID_STRLEN];

	g_string_append_printf(url, "%s?", path);
	for (unsigned i = 0; i < target->n_params; i++) {
		const struct http_param *param = &target->params[i];

		if (!strcmp(param->name, "marker") || !strcmp(param->name, "page_reverse"))
			continue;
		g_string_append_uri_escaped(url, param->name, NULL, FALSE);
		g_string_append_c(url, '=');
		g_string_append_uri_escaped(url, param->value, NULL, FALSE);
		g_string_append_c(url, '&');
	}
	g_string_append_printf(url, "marker=%s", uuid_format(object_id(marker), id));
	if (direction == PREVIOUS)
		g_string_append(url, "&page_reverse=True");
	return g_string_free(url, FALSE);
}

static void write_link(const struct call *call, struct json_writer *w, const struct object *marker,
	enum direction direction)
{
	g_autofree char *url = page_url(call, marker, direction);

	jw_begin_object(w);
	jw_member_string(w, "rel", direction == NEXT ? "next" : "previous");
	jw_member_string(w, "href", url);
	jw_end_object(w);
}

static void write_links(const struct call *call, struct json_writer *w, const struct query *query,
	const GPtrArray *page, bool more)
{
	const struct object *first = page->pdata[0], *last = page->pdata[page->len - 1];
	bool marker = http_target_param(http_request_target(call->request), "marker") != NULL;
	bool reverse = query_page_reverse(query);
	g_autofree char *key = g_strdup_printf("%s_links", call->kind->collection);

	jw_key(w, key);
	jw_begin_array(w);
	if (reverse ? marker : more)
		write_link(call, w, last, NEXT);
	if (reverse ? more : marker)
		write_link(call, w, first, PREVIOUS);
	jw_end_array(w);
}

static GString *render(
	const struct call *call, const struct query *query, const GPtrArray *page, bool more)
{
	GString *text = g_string_sized_new(64 + 2048 * (gsize)page->len);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, call->kind->collection);
	jw_begin_array(&w);
	for (unsigned i = 0; i < page->len; i++)
		object_write_json(
			page->pdata[i], call->api->model, &call->caller, query_fields(query), &w);
	jw_end_array(&w);
	if (query_limit(query) && page->len)
		write_links(call, &w, query, page, more);
	jw_end_object(&w);
	return text;
}

static bool check_parent(const struct call *call, GError **error)
{
	enum kind_id kind = kind_parent(call->kind);
	const struct object *parent;

	if (!call->parent)
		return true;
	parent = model_need(call->api->model, kind, call->parent, error);
	return parent && (model_visible(call->api->model, parent, &call->caller) ||
				 kind_fail_not_found(kind, call->parent, error));
}

static void answer_list(struct call *call)
{
	g_autoptr(query) query = query_new(call->kind, &call->caller);
	g_autoptr(GPtrArray) page = NULL;
	GError *error = NULL;
	bool more;

	if (!check_parent(call, &error))
		return call_fail(call, error);
	if (!fill_query(query, http_request_target(call->request), &error))
		return call_fail(call, error);
	if (call->parent)
		query_add_parent(query, call->parent);
	page = query_run(query, call->api->model, &more, &error);
	if (!page)
		return call_fail(call, error);
	call_answer(call, 200, render(call, query, page, more));
}

static void respond_list(struct write *write)
{
	answer_list(&write->call);
}

/* Whose objects the list is about; NULL: what the caller may not ask for. */
static const char *listed_project(const struct call *call)
{
	const struct http_target *target = http_request_target(call->request);
	const char *project = http_target_param(target, "project_id")
				      ?: http_target_param(target, "tenant_id")
				      ?: call->caller.project_id;

	if (!caller_is_admin(&call->caller) && strcmp(project, call->caller.project_id))
		return NULL;
	return *project ? project : NULL;
}

void collection_list(struct call *call)
{
	const char *project = call->kind->hooks.on_list ? listed_project(call) : NULL;
	g_autoptr(txn) txn = NULL;
	GError *error = NULL;

	if (!project)
		return answer_list(call);
	txn = txn_new(call->api->model, &call->caller);
	if (!call->kind->hooks.on_list(txn, project, &error))
		return call_fail(call, error);
	if (txn_is_empty(txn))
		return answer_list(call);
	write_submit(call, g_steal_pointer(&txn), NULL, respond_list);
}
