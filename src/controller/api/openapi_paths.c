/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of a kind with their operations, for OpenAPI 3.0. */
#include <string.h>

#include "controller/api/openapi.h"
#include "controller/api/path.h"

/* What can be wrong, by operation; the component of each is "error". */
static const char *const read_errors[] = { "400", "401", "404", NULL };
static const char *const write_errors[] = { "400", "401", "403", "404", "409", "412", "413", "503",
	NULL };

void openapi_write_ref(
	struct json_writer *w, const char *section, const char *name, const char *suffix)
{
	g_autofree char *ref = g_strdup_printf("#/components/%s/%s%s", section, name, suffix);

	jw_begin_object(w);
	jw_member_string(w, "$ref", ref);
	jw_end_object(w);
}

/* {"type": "object", "required": ["network"], "properties": {"network": {"$ref": …}}} */
static void write_envelope(
	struct json_writer *w, const char *member, const char *schema, const char *suffix)
{
	jw_begin_object(w);
	jw_member_string(w, "type", "object");
	jw_key(w, "required");
	jw_begin_array(w);
	jw_string(w, member);
	jw_end_array(w);
	jw_key(w, "properties");
	jw_begin_object(w);
	jw_key(w, member);
	openapi_write_ref(w, "schemas", schema, suffix);
	jw_end_object(w);
	jw_end_object(w);
}

/* The same of a list, with the links between pages where there may be any. */
static void write_list_envelope(
	struct json_writer *w, const struct kind *kind, const char *suffix, const char *links)
{
	jw_begin_object(w);
	jw_member_string(w, "type", "object");
	jw_key(w, "required");
	jw_begin_array(w);
	jw_string(w, kind->collection);
	jw_end_array(w);
	jw_key(w, "properties");
	jw_begin_object(w);
	jw_key(w, kind->collection);
	jw_begin_object(w);
	jw_member_string(w, "type", "array");
	jw_key(w, "items");
	openapi_write_ref(w, "schemas", kind_name(kind), suffix);
	jw_end_object(w);
	if (links) {
		jw_key(w, links);
		openapi_write_ref(w, "schemas", "links", "");
	}
	jw_end_object(w);
	jw_end_object(w);
}

static void begin_json(struct json_writer *w)
{
	jw_key(w, "content");
	jw_begin_object(w);
	jw_key(w, "application/json");
	jw_begin_object(w);
	jw_key(w, "schema");
}

static void end_json(struct json_writer *w)
{
	jw_end_object(w);
	jw_end_object(w);
}

/* An operation up to its answers; the caller ends the object. */
static void begin_operation(struct json_writer *w, const char *method, const char *verb,
	const struct kind *kind, const char *summary)
{
	g_autofree char *id = g_strdup_printf("%s_%s", verb, kind_name(kind));

	jw_key(w, method);
	jw_begin_object(w);
	jw_member_string(w, "operationId", id);
	jw_member_string(w, "summary", summary);
	jw_key(w, "tags");
	jw_begin_array(w);
	jw_string(w, kind->collection);
	jw_end_array(w);
}

static void write_errors_of(struct json_writer *w, const char *const *statuses)
{
	for (; *statuses; statuses++) {
		jw_key(w, *statuses);
		openapi_write_ref(
			w, "responses", strcmp(*statuses, "401") ? "error" : "unauthorized", "");
	}
}

static void begin_answer(struct json_writer *w, const char *status, const char *description)
{
	jw_key(w, "responses");
	jw_begin_object(w);
	jw_key(w, status);
	jw_begin_object(w);
	jw_member_string(w, "description", description);
}

static void end_answer(struct json_writer *w, const char *const *errors)
{
	jw_end_object(w);
	write_errors_of(w, errors);
	jw_end_object(w);
}

static void write_object_answer(struct json_writer *w, const struct kind *kind, const char *member,
	const char *const *errors)
{
	begin_answer(w, "200", kind->doc);
	begin_json(w);
	write_envelope(w, member, kind_name(kind), "");
	end_json(w);
	end_answer(w, errors);
}

static void write_filter(struct json_writer *w, const char *name, const char *doc)
{
	jw_begin_object(w);
	jw_member_string(w, "name", name);
	jw_member_string(w, "in", "query");
	if (doc)
		jw_member_string(w, "description", doc);
	jw_member_raw(w, "schema", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}");
	jw_end_object(w);
}

static void write_filters(struct json_writer *w, const struct kind *kind)
{
	static const char *const of_tags[] = { "tags-any", "not-tags", "not-tags-any" };

	unsigned hidden = ATTR_SECRET | (kind->flags & KIND_COMPUTED ? 0 : ATTR_REQUEST);

	for (unsigned slot = 0; slot < kind->n_slots; slot++) {
		const struct attr *attr = kind_attr(kind, slot);

		if (!attr->name || attr->flags & hidden)
			continue;
		write_filter(w, attr->name, attr->doc);
		if (attr->alias)
			write_filter(w, attr->alias, attr->doc);
	}
	for (unsigned i = 0; kind->attrs[SLOT_TAGS].name && i < G_N_ELEMENTS(of_tags); i++)
		write_filter(w, of_tags[i], "Tags, separated by commas.");
	if (kind->attrs[SLOT_UPDATED_AT].name)
		write_filter(w, "changed_since", "Changed at this time in UTC, or later.");
}

static void write_list(struct json_writer *w, const struct kind *kind)
{
	static const char *const controls[] = { "fields", "sort_key", "sort_dir", "limit", "marker",
		"page_reverse" };
	g_autofree char *links = g_strdup_printf("%s_links", kind->collection);

	begin_operation(w, "get", "list", kind, "List, filtered, sorted and in pages.");
	jw_key(w, "parameters");
	jw_begin_array(w);
	for (size_t i = 0; i < G_N_ELEMENTS(controls); i++)
		openapi_write_ref(w, "parameters", controls[i], "");
	write_filters(w, kind);
	jw_end_array(w);
	begin_answer(w, "200", "Those that the caller may see.");
	begin_json(w);
	write_list_envelope(w, kind, "", links);
	end_json(w);
	end_answer(w, read_errors);
	jw_end_object(w);
}

/* One, or several at once. */
static void write_create_schema(struct json_writer *w, const struct kind *kind, const char *suffix)
{
	jw_begin_object(w);
	jw_key(w, "oneOf");
	jw_begin_array(w);
	write_envelope(w, kind->singular, kind_name(kind), suffix);
	write_list_envelope(w, kind, suffix, NULL);
	jw_end_array(w);
	jw_end_object(w);
}

static void begin_body(struct json_writer *w)
{
	jw_key(w, "requestBody");
	jw_begin_object(w);
	jw_member_bool(w, "required", true);
	begin_json(w);
}

static void end_body(struct json_writer *w)
{
	end_json(w);
	jw_end_object(w);
}

static void write_create(struct json_writer *w, const struct kind *kind)
{
	begin_operation(w, "post", "create", kind, "Create one, or several: all or none.");
	begin_body(w);
	write_create_schema(w, kind, "_create");
	end_body(w);
	begin_answer(w, "201", kind->doc);
	begin_json(w);
	write_create_schema(w, kind, "");
	end_json(w);
	end_answer(w, write_errors);
	jw_end_object(w);
}

static void write_fields_parameter(struct json_writer *w)
{
	jw_key(w, "parameters");
	jw_begin_array(w);
	openapi_write_ref(w, "parameters", "fields", "");
	jw_end_array(w);
}

static void write_if_match(struct json_writer *w)
{
	jw_key(w, "parameters");
	jw_begin_array(w);
	openapi_write_ref(w, "parameters", "if_match", "");
	jw_end_array(w);
}

static void write_object(
	struct json_writer *w, const struct kind *kind, const char *member, const char *suffix)
{
	g_autofree char *show = g_strconcat("show", suffix, NULL);
	g_autofree char *update = g_strconcat("update", suffix, NULL);
	g_autofree char *delete = g_strconcat("delete", suffix, NULL);

	begin_operation(w, "get", show, kind, "Show one.");
	write_fields_parameter(w);
	write_object_answer(w, kind, member, read_errors);
	jw_end_object(w);
	if (kind->flags & KIND_COMPUTED)
		return;
	begin_operation(w, "put", update, kind, "Change what is named, nothing else.");
	write_if_match(w);
	begin_body(w);
	write_envelope(w, member, kind_name(kind), "_update");
	end_body(w);
	write_object_answer(w, kind, member, write_errors);
	jw_end_object(w);
	if (kind->flags & KIND_FIXED)
		return;
	begin_operation(w, "delete", delete, kind, "Delete it.");
	write_if_match(w);
	begin_answer(w, "204", "It is gone.");
	end_answer(w, write_errors);
	jw_end_object(w);
}

/* A verb; what its body and answer are, its description says. */
static void write_action(
	struct json_writer *w, const struct kind *kind, const struct kind_action *action)
{
	begin_operation(
		w, action->read ? "get" : "put", action->name, kind, action->doc ?: action->name);
	if (!action->read) {
		jw_key(w, "requestBody");
		jw_begin_object(w);
		begin_json(w);
		jw_raw(w, "{\"type\":\"object\"}", strlen("{\"type\":\"object\"}"));
		end_json(w);
		jw_end_object(w);
	}
	begin_answer(w, "200", "Done.");
	begin_json(w);
	jw_raw(w, "{\"type\":\"object\"}", strlen("{\"type\":\"object\"}"));
	end_json(w);
	end_answer(w, action->read ? read_errors : write_errors);
	jw_end_object(w);
}

static void write_action_add(
	struct json_writer *w, const struct kind *kind, const struct kind_action *action)
{
	g_autofree char *verb = g_strconcat("add_", action->item, NULL);

	begin_operation(w, "post", verb, kind, "Adds what the body names.");
	begin_body(w);
	jw_raw(w, "{\"type\":\"object\"}", strlen("{\"type\":\"object\"}"));
	end_body(w);
	begin_answer(w, "201", "Done.");
	end_answer(w, write_errors);
	jw_end_object(w);
}

static void write_action_remove(
	struct json_writer *w, const struct kind *kind, const struct kind_action *action)
{
	g_autofree char *verb = g_strconcat("remove_", action->item, NULL);

	begin_operation(w, "delete", verb, kind, "Takes it out.");
	begin_answer(w, "204", "Done.");
	end_answer(w, write_errors);
	jw_end_object(w);
}

static void write_tag_operation(struct json_writer *w, const struct kind *kind, const char *method,
	const char *verb, const char *status)
{
	static const char *const schema = "{\"$ref\":\"#/components/schemas/tags\"}";
	bool takes_all = !strcmp(verb, "replace_tags") || !strcmp(verb, "add_tags");

	begin_operation(w, method, verb, kind, "Its tags as a resource of their own.");
	if (takes_all) {
		begin_body(w);
		jw_raw(w, schema, strlen(schema));
		end_body(w);
	}
	begin_answer(w, status, "Done.");
	if (takes_all || !strcmp(status, "200")) {
		begin_json(w);
		jw_raw(w, schema, strlen(schema));
		end_json(w);
	}
	end_answer(w, strcmp(method, "get") ? write_errors : read_errors);
	jw_end_object(w);
}

/* Begins a path; @suffix is what comes behind the collection's path. */
static void begin_path(
	struct json_writer *w, const char *base, const char *suffix, const char *const *parameters)
{
	g_autofree char *path = g_strconcat(base, suffix, NULL);

	jw_key(w, path);
	jw_begin_object(w);
	jw_key(w, "parameters");
	jw_begin_array(w);
	for (; *parameters; parameters++) {
		jw_begin_object(w);
		jw_member_string(w, "name", *parameters);
		jw_member_string(w, "in", "path");
		jw_member_bool(w, "required", true);
		jw_member_raw(w, "schema", "{\"type\":\"string\"}");
		jw_end_object(w);
	}
	jw_end_array(w);
}

static void write_tag_paths(
	struct json_writer *w, const struct kind *kind, const char *base, const char *parent)
{
	begin_path(w, base, "/{id}/tags", (const char *const[]){ "id", parent, NULL });
	write_tag_operation(w, kind, "get", "list_tags", "200");
	write_tag_operation(w, kind, "post", "add_tags", "201");
	write_tag_operation(w, kind, "put", "replace_tags", "200");
	write_tag_operation(w, kind, "delete", "clear_tags", "204");
	jw_end_object(w);
	/* The parent's name comes last: it may be none. */
	begin_path(w, base, "/{id}/tags/{tag}", (const char *const[]){ "id", "tag", parent, NULL });
	write_tag_operation(w, kind, "get", "show_tag", "204");
	write_tag_operation(w, kind, "put", "add_tag", "201");
	write_tag_operation(w, kind, "delete", "remove_tag", "204");
	jw_end_object(w);
}

static void write_action_paths(
	struct json_writer *w, const struct kind *kind, const char *base, const char *parent)
{
	for (const struct kind_action *action = kind->actions; action && action->name; action++) {
		g_autofree char *suffix = g_strconcat("/{id}/", action->name, NULL);
		g_autofree char *item = g_strconcat(suffix, "/{item}", NULL);

		begin_path(w, base, suffix, (const char *const[]){ "id", parent, NULL });
		write_action(w, kind, action);
		if (action->add)
			write_action_add(w, kind, action);
		jw_end_object(w);
		if (!action->remove)
			continue;
		begin_path(w, base, item, (const char *const[]){ "id", "item", parent, NULL });
		write_action_remove(w, kind, action);
		jw_end_object(w);
	}
}

void openapi_write_paths(struct json_writer *w, const struct kind *kind)
{
	const struct kind *of = kind_is_nested(kind) ? kind_by_id(kind_parent(kind)) : NULL;
	g_autofree char *parent = of ? g_strconcat(of->singular, "_id", NULL) : NULL;
	g_autofree char *segment = parent ? g_strdup_printf("{%s}", parent) : NULL;
	g_autofree char *base = path_format(kind, segment);

	begin_path(w, base, "", (const char *const[]){ parent, NULL });
	write_list(w, kind);
	if (!(kind->flags & (KIND_COMPUTED | KIND_FIXED)))
		write_create(w, kind);
	jw_end_object(w);
	if (kind->flags & KIND_COMPUTED && !kind->hooks.one)
		return;
	begin_path(w, base, "/{id}", (const char *const[]){ "id", parent, NULL });
	write_object(w, kind, kind->singular, "");
	jw_end_object(w);
	if (kind->flags & KIND_COMPUTED)
		return;
	if (kind->attrs[SLOT_TAGS].name)
		write_tag_paths(w, kind, base, parent);
	write_action_paths(w, kind, base, parent);
	if (!kind->alias_path)
		return;
	begin_path(w, kind->alias_path, "/{id}", (const char *const[]){ "id", NULL });
	write_object(w, kind, kind->alias_singular, "_alias");
	jw_end_object(w);
}
