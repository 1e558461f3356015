/* SPDX-License-Identifier: Apache-2.0 */
/* The tags of one object as resources of their own, as the `standard-attr-tag` extension has them.
 */
#include <string.h>

#include "controller/api/body.h"
#include "controller/api/call.h"

static int find_tag(json_t *tags, const char *tag)
{
	json_t *item;
	size_t i;

	json_array_foreach(tags, i, item)
		if (!g_strcmp0(json_string_value(item), tag))
			return (int)i;
	return -1;
}

/* The object that the path names, which must be of a kind with tags. */
static const struct object *tagged_object(struct call *call, GError **error)
{
	if (kind_attr(call->kind, SLOT_TAGS)->name)
		return call_object(call, error);
	weft_fail(error, NOT_FOUND, "A %s has no tags.", call->kind->singular);
	return NULL;
}

/* The object's tags; json_decref(). */
static json_t *load_tags(struct call *call, GError **error)
{
	const struct object *object = tagged_object(call, error);
	json_t *tags = object ? object_json(object, SLOT_TAGS) : NULL;

	return object && !tags ? json_array() : tags;
}

static void answer_tags(const struct call *call, unsigned status, const struct object *object)
{
	GString *text = g_string_new("{\"tags\":");

	g_string_append(text, object_str(object, SLOT_TAGS));
	g_string_append_c(text, '}');
	call_answer(call, status, text);
}

static void respond_tags(struct write *write)
{
	answer_tags(&write->call, 200, write->objects->pdata[0]);
}

static void respond_added(struct write *write)
{
	answer_tags(&write->call, 201, write->objects->pdata[0]);
}

static void respond_created(struct write *write)
{
	http_request_answer(write->call.request, 201, NULL, NULL);
}

/* Makes @tags (taken over) the object's tags by an ordinary update. */
static void store_tags(struct call *call, json_t *tags, void (*respond)(struct write *write))
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	json_t *body = json_pack("{s:o}", "tags", tags);
	GPtrArray *objects;
	GError *error = NULL;
	const struct object *before = tagged_object(call, &error), *after = NULL;

	if (before && call_check_change(call, txn, POLICY_UPDATE, before, &error))
		after = txn_update(txn, call->kind->id, call->id, body, &error);
	json_decref(body);
	if (!after)
		return call_fail(call, error);
	objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_ptr_array_add(objects, object_ref(after));
	write_submit(call, g_steal_pointer(&txn), objects, respond);
}

void tags_get(struct call *call)
{
	GError *error = NULL;
	const struct object *object = tagged_object(call, &error);

	if (!object)
		return call_fail(call, error);
	answer_tags(call, 200, object);
}

void tags_replace(struct call *call)
{
	GError *error = NULL;
	json_t *body = body_parse(call->request, &error);
	json_t *tags = body ? body_member(body, "tags", &error) : NULL;

	json_incref(tags);
	json_decref(body);
	if (!tags)
		return call_fail(call, error);
	store_tags(call, tags, respond_tags);
}

/* Adds those of the body to those that are there. */
void tags_add(struct call *call)
{
	GError *error = NULL;
	json_t *body = body_parse(call->request, &error);
	json_t *more = body ? body_member(body, "tags", &error) : NULL;
	json_t *tags = more ? load_tags(call, &error) : NULL;
	json_t *tag;
	size_t i;

	if (!tags) {
		json_decref(body);
		return call_fail(call, error);
	}
	/* What is no list of texts is refused by the attribute's own check. */
	if (!json_is_array(more)) {
		json_decref(tags);
		tags = json_incref(more);
	}
	json_array_foreach(more, i, tag)
		if (!json_is_string(tag) || find_tag(tags, json_string_value(tag)) < 0)
			json_array_append(tags, tag);
	json_decref(body);
	store_tags(call, tags, respond_added);
}

void tags_clear(struct call *call)
{
	store_tags(call, json_array(), write_respond_deleted);
}

static bool need_tag(const struct call *call, json_t *tags, int *ret_at, GError **error)
{
	*ret_at = find_tag(tags, call->item);
	return *ret_at >= 0 || weft_fail(error, NOT_FOUND, "The %s %s has no tag '%.64s'.",
				       call->kind->singular, call->id, call->item);
}

void tag_get(struct call *call)
{
	GError *error = NULL;
	json_t *tags = load_tags(call, &error);
	int at;
	bool found = tags && need_tag(call, tags, &at, &error);

	json_decref(tags);
	if (!found)
		return call_fail(call, error);
	http_request_answer(call->request, 204, NULL, NULL);
}

void tag_add(struct call *call)
{
	GError *error = NULL;
	json_t *tags = load_tags(call, &error);

	if (!tags)
		return call_fail(call, error);
	if (find_tag(tags, call->item) < 0)
		json_array_append_new(tags, json_string(call->item));
	store_tags(call, tags, respond_created);
}

void tag_remove(struct call *call)
{
	GError *error = NULL;
	json_t *tags = load_tags(call, &error);
	int at;

	if (!tags || !need_tag(call, tags, &at, &error)) {
		json_decref(tags);
		return call_fail(call, error);
	}
	json_array_remove(tags, (size_t)at);
	store_tags(call, tags, write_respond_deleted);
}
