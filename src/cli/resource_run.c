/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of resources. What is part of another object is named behind that: `weft network qos
 * dscp marking rule show POLICY ID`. */
#include <stdio.h>
#include <string.h>

#include "cli/attribute.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/resolve.h"
#include "cli/resource_parts.h"
#include "cli/spelling.h"

/* What the arguments of a command are about. */
struct target {
	struct client *client;
	const struct kind *kind;
	const char *parent_id; /* interned; NULL: it is not part of another object */
	unsigned first;	       /* the argument behind the parent's */
};

static bool find_target(struct cli *cli, struct target *ret, GError **error)
{
	const struct kind *kind = cli->command->resource->kind;

	*ret = (struct target){ .client = cli_client(cli, error), .kind = kind };
	if (!ret->client || !kind_is_nested(kind))
		return ret->client;
	g_autofree char *id = resolve_id(
		ret->client, kind_by_id(kind_parent(kind)), cli_argument(cli, 0), NULL, error);

	ret->parent_id = g_intern_string(id);
	ret->first = 1;
	return id;
}

static char *resolve_for(void *data, const struct kind *kind, const char *text, GError **error)
{
	return resolve_id(data, kind, text, NULL, error);
}

/* Prints the object in an answer, which is taken over. */
static bool print_answer(struct cli *cli, json_t *answer, GError **error)
{
	bool printed =
		answer &&
		output_object(cli, json_object_get(answer, cli->command->resource->kind->singular),
			error);

	json_decref(answer);
	return printed;
}

static bool call_with_body(
	struct cli *cli, const char *method, const char *path, json_t *body, GError **error)
{
	json_t *wrapped = json_pack("{s:O}", cli->command->resource->kind->singular, body);
	json_t *answer = client_call(cli->client, method, path, wrapped, error);

	json_decref(wrapped);
	return print_answer(cli, answer, error);
}

/* Of a kind whose objects are made several at a time. */
static bool post_as_list(struct cli *cli, const char *path, json_t *body, GError **error)
{
	const char *collection = cli->command->resource->kind->collection;
	json_t *wrapped = json_pack("{s:[O]}", collection, body);
	json_t *answer = client_call(cli->client, "POST", path, wrapped, error);
	bool printed =
		answer &&
		output_object(cli, json_array_get(json_object_get(answer, collection), 0), error);

	json_decref(wrapped);
	json_decref(answer);
	return printed;
}

static bool post(
	struct cli *cli, const struct kind *kind, const char *path, json_t *body, GError **error)
{
	if (kind->flags & KIND_ID_IS_NAME && json_object_get(body, "name")) {
		json_object_set(body, "id", json_object_get(body, "name"));
		json_object_del(body, "name");
	}
	return kind->flags & KIND_BY_LIST ? post_as_list(cli, path, body, error)
					  : call_with_body(cli, "POST", path, body, error);
}

static bool read_password(const char *path, char **ret, GError **error)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(strcmp(path, "-") ? path : "/dev/stdin", &text, NULL, error)) {
		g_prefix_error(error, "--password-file %s: ", path);
		return false;
	}
	text[strcspn(text, "\n")] = '\0';
	*ret = g_steal_pointer(&text);
	return true;
}

/* Of a user; it is no attribute of the table. */
static bool add_password(
	const struct cli *cli, const struct kind *kind, json_t *body, GError **error)
{
	const char *path, *given;
	g_autofree char *read = NULL;

	if (kind->id != KIND_USER)
		return true;
	given = cli_option(cli, "password");
	path = cli_option(cli, "password-file");
	if (given && path)
		return cli_usage(error, "--password and --password-file exclude each other");
	if (path && !read_password(path, &read, error))
		return false;
	if (given || read)
		json_object_set_new(body, "password", json_string(given ? given : read));
	return true;
}

bool resource_create(struct cli *cli, GError **error)
{
	struct target target = { 0 };
	const char *name;

	if (!find_target(cli, &target, error))
		return false;
	g_autofree char *path = resolve_path(target.kind, target.parent_id, NULL);
	json_t *body = json_object();

	name = cli_argument(cli, target.first);
	if (name)
		json_object_set_new(body, "name", json_string(name));
	bool done = attribute_body(cli, target.kind, ATTRIBUTE_CREATE, resolve_for, target.client,
			    body, error) &&
		    add_password(cli, target.kind, body, error) &&
		    post(cli, target.kind, path, body, error);

	json_decref(body);
	return done;
}

bool resource_set(struct cli *cli, GError **error)
{
	struct target target = { 0 };
	g_autofree char *id = NULL;

	if (find_target(cli, &target, error))
		id = resolve_id_below(target.client, target.kind, target.parent_id,
			cli_argument(cli, target.first), error);
	if (!id)
		return false;
	g_autofree char *path = resolve_path(target.kind, target.parent_id, id);
	json_t *body = json_object();
	const char *method = target.kind->flags & KIND_IDENTITY ? "PATCH" : "PUT";
	bool done = attribute_body(cli, target.kind, ATTRIBUTE_SET, resolve_for, target.client,
			    body, error) &&
		    add_password(cli, target.kind, body, error);

	if (done && !json_object_size(body))
		done = cli_usage(error,
			"nothing to set; say what by an option, 'weft help %s' lists them",
			cli->command->words);
	done = done && call_with_body(cli, method, path, body, error);
	json_decref(body);
	return done;
}

bool resource_show(struct cli *cli, GError **error)
{
	struct target target = { 0 };
	json_t *object = NULL;

	if (find_target(cli, &target, error))
		object = resolve_below(target.client, target.kind, target.parent_id,
			cli_argument(cli, target.first), error);
	bool shown = object && output_object(cli, object, error);

	json_decref(object);
	return shown;
}

static bool delete_one(const struct target *target, const char *name, GError **error)
{
	g_autofree char *id =
		resolve_id_below(target->client, target->kind, target->parent_id, name, error);

	if (!id)
		return false;
	g_autofree char *path = resolve_path(target->kind, target->parent_id, id);
	json_t *answer = client_call(target->client, "DELETE", path, NULL, error);

	bool done = answer;

	json_decref(answer);
	return done;
}

/* Goes on after one that can't be deleted, and fails in the end. */
bool resource_delete(struct cli *cli, GError **error)
{
	struct target target = { 0 };
	g_autoptr(GError) first = NULL;

	if (!find_target(cli, &target, error))
		return false;
	for (unsigned i = target.first; cli_argument(cli, i); i++) {
		g_autoptr(GError) problem = NULL;

		if (delete_one(&target, cli_argument(cli, i), &problem))
			continue;
		if (first)
			fprintf(stderr, "weft %s: %s\n", cli->command->words, problem->message);
		else
			first = g_steal_pointer(&problem);
	}
	if (!first)
		return true;
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}

/* --limit and --sort, which are not attributes. */
static bool add_list_options(const struct cli *cli, GString *query, GError **error)
{
	const char *sort = cli_option(cli, "sort"), *colon = sort ? strrchr(sort, ':') : NULL;
	u64 limit = 0;

	if (!cli_number(cli, "limit", 1, G_MAXUINT32, &limit, error))
		return false;
	if (limit)
		g_string_append_printf(query, "%climit=%" G_GUINT64_FORMAT, query->len ? '&' : '?',
			(guint64)limit);
	if (!sort)
		return true;
	bool down = colon && !strcmp(colon, ":desc"), up = colon && !strcmp(colon, ":asc");
	g_autofree char *key = g_strndup(sort, down || up ? (size_t)(colon - sort) : strlen(sort));
	g_autofree char *escaped = g_uri_escape_string(g_strdelimit(key, "-", '_'), NULL, FALSE);

	g_string_append_printf(query, "%csort_key=%s&sort_dir=%s", query->len ? '&' : '?', escaped,
		down ? "desc" : "asc");
	return true;
}

bool resource_list(struct cli *cli, GError **error)
{
	const struct resource *resource = cli->command->resource;
	struct target target = { 0 };

	if (!find_target(cli, &target, error))
		return false;
	g_autofree char *filters =
		attribute_query(cli, resource->kind, resolve_for, target.client, error);
	g_autoptr(GString) query = g_string_new(filters);

	if (!filters || !add_list_options(cli, query, error))
		return false;
	g_autofree char *base = resolve_path(resource->kind, target.parent_id, NULL),
			*path = g_strconcat(base, query->str, NULL);
	json_t *answer = client_call(target.client, "GET", path, NULL, error);
	bool listed = answer && output_list(cli, resource->columns,
					json_object_get(answer, resource->kind->collection), error);

	json_decref(answer);
	return listed;
}
