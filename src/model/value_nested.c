/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested values, by the same table as attributes: fields in the table's order, each in canonical
 * form, so that equal values are equal texts.
 */
#include "model/value.h"

#include <string.h>

#define LIST_MAX 1000
#define FREE_OBJECT_MAX (16 * 1024) /* bytes of JSON */

static bool parse_list(const struct attr *attr, json_t *json, const char *path,
	struct json_writer *w, GError **error)
{
	g_autoptr(GHashTable) seen = NULL;
	size_t max = attr->max ? (size_t)attr->max : LIST_MAX;
	json_t *item;
	size_t i;

	if (!json_is_array(json))
		return weft_fail(error, INVALID_INPUT, "Invalid input for %s: give a list.", path);
	if (json_array_size(json) > max)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: %zu items are too many, at most %zu are possible.",
			path, json_array_size(json), max);
	if (attr->flags & ATTR_UNIQUE_ITEMS)
		seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	jw_begin_array(w);
	json_array_foreach(json, i, item) {
		g_autofree char *where = g_strdup_printf("%s[%zu]", path, i);
		size_t start = w->text->len + w->comma;

		if (!value_parse_nested(attr->item, item, where, w, error))
			return false;
		if (seen && !g_hash_table_add(seen, g_strdup(w->text->str + start)))
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for %s: %s is in the list twice.", path,
				w->text->str + start);
	}
	jw_end_array(w);
	return true;
}

static const struct attr *find_field(const struct attr *fields, const char *name)
{
	for (; fields->name; fields++)
		if (!strcmp(fields->name, name))
			return fields;
	return NULL;
}

static bool check_unknown(const struct attr *attr, json_t *json, const char *path, GError **error)
{
	g_autoptr(GString) known = NULL;
	const char *name;
	json_t *value;

	json_object_foreach(json, name, value) {
		if (find_field(attr->fields, name))
			continue;
		known = g_string_new(NULL);
		for (const struct attr *field = attr->fields; field->name; field++)
			g_string_append_printf(known, "%s%s", known->len ? ", " : "", field->name);
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: it has no '%s'; what it may have is %s.", path, name,
			known->str);
	}
	return true;
}

static bool parse_fields(const struct attr *attr, json_t *json, const char *path,
	struct json_writer *w, GError **error)
{
	if (!check_unknown(attr, json, path, error))
		return false;
	jw_begin_object(w);
	for (const struct attr *field = attr->fields; field->name; field++) {
		json_t *value = json_object_get(json, field->name);
		g_autofree char *where = g_strconcat(path, ".", field->name, NULL);

		if (!value && field->flags & ATTR_REQUIRED)
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for %s: '%s' is missing.", path, field->name);
		if (value) {
			jw_key(w, field->name);
			if (!value_parse_nested(field, value, where, w, error))
				return false;
		} else if (field->fallback) {
			jw_member_raw(w, field->name, field->fallback);
		}
	}
	jw_end_object(w);
	return true;
}

static bool parse_object(const struct attr *attr, json_t *json, const char *path,
	struct json_writer *w, GError **error)
{
	g_autofree char *text = NULL;

	if (!json_is_object(json))
		return weft_fail(
			error, INVALID_INPUT, "Invalid input for %s: give an object.", path);
	if (attr->fields)
		return parse_fields(attr, json, path, w, error);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text || strlen(text) > FREE_OBJECT_MAX)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: at most %d bytes of JSON are possible.", path,
			FREE_OBJECT_MAX);
	jw_raw(w, text, strlen(text));
	return true;
}

bool value_parse_nested(const struct attr *attr, json_t *json, const char *path,
	struct json_writer *w, GError **error)
{
	union value value;

	if (attr->type == TYPE_LIST && !json_is_null(json))
		return parse_list(attr, json, path, w, error);
	if (attr->type == TYPE_OBJECT && !json_is_null(json))
		return parse_object(attr, json, path, w, error);
	if (!value_parse(attr, json, path, &value, error))
		return false;
	value_write_json(attr, value, w);
	value_clear(attr, value);
	return true;
}
