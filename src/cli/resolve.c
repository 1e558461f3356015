/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resolve.h"

#include <string.h>

#include "cli/spelling.h"

char *resolve_path(const struct kind *kind, const char *parent_id, const char *id)
{
	g_auto(GStrv) parts = g_strsplit(kind->path, "{parent}", 0);
	g_autofree char *path = g_strjoinv(parent_id ?: "", parts);
	g_autofree char *segment = id ? g_uri_escape_string(id, NULL, FALSE) : NULL;

	return g_strconcat(path, id ? "/" : NULL, segment, NULL);
}

static json_t *by_id(struct client *client, const struct kind *kind, const char *parent_id,
	const char *id, GError **error)
{
	g_autofree char *path = resolve_path(kind, parent_id, id);
	json_t *answer = client_call(client, "GET", path, NULL, error);
	json_t *object = answer ? json_incref(json_object_get(answer, kind->singular)) : NULL;

	json_decref(answer);
	return object;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void fail_ambiguous(
	const struct kind *kind, const char *name, json_t *objects, GError **error)
{
	g_autoptr(GString) candidates = g_string_new(NULL);
	size_t i;
	json_t *object;

	json_array_foreach(objects, i, object) {
		const char *project = text_of(object, "project_id");

		g_string_append_printf(candidates, "%s%s", i ? ", " : "", text_of(object, "id"));
		if (*project)
			g_string_append_printf(candidates, " (project %s)", project);
	}
	weft_fail(error, CONFLICT, "%zu %s are called '%s'; say which by its id: %s",
		json_array_size(objects), spelling_of_kinds(kind), name, candidates->str);
}

json_t *resolve_object(struct client *client, const struct kind *kind, const char *text,
	const char *project, GError **error)
{
	g_autofree char *name = g_uri_escape_string(text, NULL, FALSE);
	g_autofree char *narrowed =
		project ? g_strdup_printf("&project_id=%s", project) : g_strdup("");
	const struct attr *called = spelling_name(kind);

	if (g_uuid_string_is_valid(text) || !called)
		return by_id(client, kind, NULL, text, error);
	g_autofree char *base = resolve_path(kind, NULL, NULL);
	g_autofree char *path = g_strdup_printf("%s?%s=%s%s", base, called->name, name, narrowed);
	json_t *answer = client_call(client, "GET", path, NULL, error);

	if (!answer)
		return NULL;
	json_t *objects = json_object_get(answer, kind->collection), *found = NULL;

	if (json_array_size(objects) == 1)
		found = json_incref(json_array_get(objects, 0));
	else if (json_array_size(objects) == 0)
		weft_fail(error, NOT_FOUND,
			"there is no %s '%s'%s%s; 'weft %s list' shows what there is",
			kind_words(kind), text, project ? " in project " : "",
			project ? project : "", spelling_of_kind(kind));
	else
		fail_ambiguous(kind, text, objects, error);
	json_decref(answer);
	return found;
}

char *resolve_id(struct client *client, const struct kind *kind, const char *text,
	const char *project, GError **error)
{
	if (g_uuid_string_is_valid(text))
		return g_ascii_strdown(text, -1);
	json_t *object = resolve_object(client, kind, text, project, error);
	char *id = object ? g_strdup(text_of(object, "id")) : NULL;

	json_decref(object);
	return id;
}

/* Below a parent an object is found by its id, or by what the kind has instead: of that, too, names
 * are accepted. */
static char *segment_of(
	struct client *client, const struct kind *kind, const char *text, GError **error)
{
	const struct kind *named = NULL;

	if (kind->segment_index)
		named = spelling_kind(kind_attr(kind, kind->indexes[kind->segment_index].slots[1]));
	return named ? resolve_id(client, named, text, NULL, error) : g_strdup(text);
}

json_t *resolve_below(struct client *client, const struct kind *kind, const char *parent_id,
	const char *text, GError **error)
{
	g_autofree char *segment = NULL;

	if (!parent_id)
		return resolve_object(client, kind, text, NULL, error);
	segment = segment_of(client, kind, text, error);
	return segment ? by_id(client, kind, parent_id, segment, error) : NULL;
}

char *resolve_id_below(struct client *client, const struct kind *kind, const char *parent_id,
	const char *text, GError **error)
{
	return parent_id ? segment_of(client, kind, text, error)
			 : resolve_id(client, kind, text, NULL, error);
}
