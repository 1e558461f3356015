/* SPDX-License-Identifier: Apache-2.0 */
/* Domains, projects, users and roles as clients see them. */
#include <string.h>

#include "controller/identity/identity_impl.h"
#include "model/identity/catalog.h"

/* What the model keeps of every kind and Keystone does not show. */
#define HIDDEN \
	(SLOT_BIT(SLOT_REVISION_NUMBER) | SLOT_BIT(SLOT_CREATED_AT) | SLOT_BIT(SLOT_UPDATED_AT))

static void write_links(struct json_writer *w, const struct call *call, const struct object *object)
{
	g_autofree char *base = http_request_base_url(call->request);
	char id[UUID_STRLEN];
	g_autofree char *url = g_strdup_printf("%s%s/%s", base, object_kind(object)->path,
		object_kind(object)->id == KIND_REGION ? object_str(object, SLOT_NAME)
						       : uuid_format(object_id(object), id));

	jw_key(w, "links");
	jw_begin_object(w);
	jw_member_string(w, "self", url);
	jw_end_object(w);
}

/* What clients expect and is not stored like that. */
static void write_extras(struct json_writer *w, const struct object *object)
{
	switch (object_kind(object)->id) {
	case KIND_PROJECT:
		jw_member_string(w, "parent_id",
			object_str(object, PROJECT_PARENT_ID)
				?: object_str(object, PROJECT_DOMAIN_ID));
		jw_member_bool(w, "is_domain", false);
		break;
	case KIND_REGION:
		jw_member_string(w, "id", object_str(object, SLOT_NAME));
		break;
	case KIND_ENDPOINT:
		jw_member_string(w, "region", object_str(object, ENDPOINT_REGION_ID));
		break;
	default:
		break;
	}
}

static u64 hidden_of(enum kind_id kind)
{
	switch (kind) {
	case KIND_DOMAIN:
		return HIDDEN;
	case KIND_PROJECT:
		return HIDDEN | SLOT_BIT(PROJECT_PARENT_ID); /* see write_extras() */
	case KIND_REGION:
		return HIDDEN | SLOT_BIT(SLOT_TAGS) | SLOT_BIT(SLOT_ID) | SLOT_BIT(SLOT_NAME);
	case KIND_CREDENTIAL:
		return HIDDEN | SLOT_BIT(SLOT_TAGS) | SLOT_BIT(SLOT_NAME) |
		       SLOT_BIT(SLOT_DESCRIPTION);
	case KIND_REGISTERED_LIMIT:
	case KIND_LIMIT:
		return HIDDEN | SLOT_BIT(SLOT_TAGS) | SLOT_BIT(SLOT_NAME);
	default:
		return HIDDEN | SLOT_BIT(SLOT_TAGS);
	}
}

void object_view_write(const struct call *call, const struct object *object, struct json_writer *w)
{
	u64 hidden = hidden_of(object_kind(object)->id);

	object_write_json(object, call->api->model, &identity_itself, ~hidden, w);
	/* Inside of its braces. */
	g_string_truncate(w->text, w->text->len - 1);
	write_extras(w, object);
	write_links(w, call, object);
	jw_end_object(w);
}

GString *object_view_render(const struct call *call, const struct object *object)
{
	GString *text = g_string_sized_new(512);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, object_kind(object)->singular);
	object_view_write(call, object, &w);
	jw_end_object(&w);
	return text;
}

static GString *own_url(const struct call *call)
{
	g_autofree char *base = http_request_base_url(call->request);
	const struct http_target *target = http_request_target(call->request);
	GString *url = g_string_new(base);

	for (unsigned i = 0; i < target->n_segments; i++) {
		g_string_append_c(url, '/');
		g_string_append_uri_escaped(url, target->segments[i], NULL, FALSE);
	}
	return url;
}

/* The same list from behind @marker on. */
static char *next_url(const struct call *call, const char *marker)
{
	const struct http_target *target = http_request_target(call->request);
	GString *url = own_url(call);

	g_string_append_printf(url, "?marker=%s", marker);
	for (unsigned i = 0; i < target->n_params; i++) {
		if (!strcmp(target->params[i].name, "marker"))
			continue;
		g_string_append_c(url, '&');
		g_string_append_uri_escaped(url, target->params[i].name, NULL, FALSE);
		g_string_append_c(url, '=');
		g_string_append_uri_escaped(url, target->params[i].value, NULL, FALSE);
	}
	return g_string_free(url, FALSE);
}

static void write_list_links(const struct call *call, const char *marker, struct json_writer *w)
{
	g_autofree char *self = g_string_free(own_url(call), FALSE);
	g_autofree char *next = marker ? next_url(call, marker) : NULL;

	jw_key(w, "links");
	jw_begin_object(w);
	jw_member_string(w, "self", self);
	jw_member_string(w, "next", next);
	jw_member_raw(w, "previous", "null");
	jw_end_object(w);
}

void list_links_write(const struct call *call, struct json_writer *w)
{
	write_list_links(call, NULL, w);
}

static GString *render_list(
	const struct call *call, const struct kind *kind, const GPtrArray *page, const char *marker)
{
	GString *text = g_string_sized_new(512 * (page->len + 1));
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, kind->collection);
	jw_begin_array(&w);
	for (unsigned i = 0; i < page->len; i++)
		object_view_write(call, page->pdata[i], &w);
	jw_end_array(&w);
	write_list_links(call, marker, &w);
	jw_end_object(&w);
	return text;
}

GString *list_view_render(const struct call *call, const struct kind *kind, const GPtrArray *page)
{
	return render_list(call, kind, page, NULL);
}

GString *page_view_render(const struct call *call, const struct kind *kind, const GPtrArray *page)
{
	char last[UUID_STRLEN];

	return render_list(
		call, kind, page, uuid_format(object_id(page->pdata[page->len - 1]), last));
}
