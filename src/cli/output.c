/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *output_cell(const json_t *value)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *key;
	json_t *item;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_STRING:
		return g_strdup(json_string_value(value));
	case JSON_ARRAY:
		json_array_foreach(value, i, item) {
			g_autofree char *cell = output_cell(item);

			g_string_append_printf(text, "%s%s", i ? ", " : "", cell);
		}
		break;
	case JSON_OBJECT:
		json_object_foreach((json_t *)value, key, item) {
			g_autofree char *cell = output_cell(item);

			g_string_append_printf(text, "%s%s=%s", text->len ? " " : "", key, cell);
		}
		break;
	case JSON_NULL:
		break;
	default: {
		char *scalar = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

		g_string_append(text, scalar);
		free(scalar);
	}
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* The member of a row that a column shows, a new reference; "fixed_ips.ip_address" takes that of
 * every item. */
static json_t *member(const json_t *row, const char *column)
{
	const char *dot = strchr(column, '.');
	g_autofree char *head = g_strndup(column, dot ? (size_t)(dot - column) : strlen(column));
	json_t *value = json_object_get(row, head), *items, *item;
	size_t i;

	if (!dot || !json_is_array(value))
		return value ? json_incref(value) : json_null();
	items = json_array();
	json_array_foreach(value, i, item)
		json_array_append_new(items, member(item, dot + 1));
	return items;
}

static char *header(const char *column)
{
	g_autofree char *head = g_strndup(column, strcspn(column, "."));

	return g_ascii_strup(head, -1);
}

/* "Fixed IPs", "fixed-ips" → "fixed_ips". */
static char *column_key(const char *text)
{
	char *key = g_ascii_strdown(text, -1);

	return g_strdelimit(key, " -", '_');
}

static void fail_column(const json_t *object, const char *wanted, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		g_string_append_printf(known, "%s%s", known->len ? ", " : "", key);
	cli_usage(error, "there is no column '%s'; there are: %s", wanted, known->str);
}

/* The columns to show as keys of @object, NULL-terminated, to be freed. */
static char **choose(
	const char *const *columns, GPtrArray *wanted, const json_t *object, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);

	for (unsigned i = 0; wanted && i < wanted->len; i++) {
		char *key = column_key(wanted->pdata[i]);
		g_autofree char *head = g_strndup(key, strcspn(key, "."));

		g_ptr_array_add(keys, key);
		if (object && !json_object_get(object, head)) {
			fail_column(object, wanted->pdata[i], error);
			return NULL;
		}
	}
	for (; !wanted && *columns; columns++)
		g_ptr_array_add(keys, g_strdup(*columns));
	g_ptr_array_add(keys, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&keys), FALSE);
}

static void append_csv(GString *text, const char *cell)
{
	if (!strpbrk(cell, ",\"\r\n")) {
		g_string_append(text, cell);
		return;
	}
	g_string_append_c(text, '"');
	for (; *cell; cell++) {
		if (*cell == '"')
			g_string_append_c(text, '"');
		g_string_append_c(text, *cell);
	}
	g_string_append_c(text, '"');
}

/* Rows of @n cells each. */
static char *format_cells(enum output_format format, GPtrArray *cells, unsigned n)
{
	GString *text = g_string_new(NULL);
	g_autofree long *width = g_new0(long, n + 1);

	for (unsigned i = 0; format == OUTPUT_TABLE && i < cells->len; i++)
		width[i % n] = MAX(width[i % n], g_utf8_strlen(cells->pdata[i], -1));
	for (unsigned i = 0; i < cells->len; i++) {
		const char *cell = cells->pdata[i];
		bool last = i % n == n - 1;

		if (format == OUTPUT_CSV)
			append_csv(text, cell);
		else
			g_string_append(text, cell);
		if (last)
			g_string_append_c(text, '\n');
		else if (format == OUTPUT_TABLE)
			g_string_append_printf(
				text, "%*s", (int)(width[i % n] - g_utf8_strlen(cell, -1) + 2), "");
		else
			g_string_append_c(text, format == OUTPUT_CSV ? ',' : ' ');
	}
	return g_string_free(text, FALSE);
}

/* An object with the chosen members only, in their order. */
static json_t *pick(const json_t *object, char *const *keys)
{
	json_t *picked = json_object();

	for (; *keys; keys++)
		json_object_set_new(picked, *keys, member(object, *keys));
	return picked;
}

static char *json_text(json_t *value)
{
	char *dumped = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
	char *text = g_strconcat(dumped, "\n", NULL);

	free(dumped);
	json_decref(value);
	return text;
}

char *output_list_text(enum output_format format, const char *const *columns, GPtrArray *wanted,
	const json_t *rows, GError **error)
{
	g_auto(GStrv) keys = choose(columns, wanted, json_array_get(rows, 0), error);
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	size_t i;
	json_t *row;

	if (!keys)
		return NULL;
	if (format == OUTPUT_JSON) {
		json_t *picked = json_array();

		json_array_foreach(rows, i, row)
			json_array_append_new(picked, wanted ? pick(row, keys) : json_incref(row));
		return json_text(picked);
	}
	for (char **key = keys; format != OUTPUT_VALUE && *key; key++)
		g_ptr_array_add(cells, format == OUTPUT_CSV ? g_strdup(*key) : header(*key));
	json_array_foreach(rows, i, row)
		for (char **key = keys; *key; key++) {
			json_t *value = member(row, *key);

			g_ptr_array_add(cells, output_cell(value));
			json_decref(value);
		}
	return format_cells(format, cells, g_strv_length(keys));
}

char *output_object_text(
	enum output_format format, GPtrArray *wanted, const json_t *object, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new(),
			     cells = g_ptr_array_new_with_free_func(g_free);
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
		g_ptr_array_add(all, (gpointer)name);
	g_ptr_array_add(all, NULL);
	g_auto(GStrv) keys = choose((const char *const *)all->pdata, wanted, object, error);

	if (!keys)
		return NULL;
	if (format == OUTPUT_JSON)
		return json_text(pick(object, keys));
	if (format == OUTPUT_CSV) {
		g_ptr_array_add(cells, g_strdup("field"));
		g_ptr_array_add(cells, g_strdup("value"));
	}
	for (char **key = keys; *key; key++) {
		if (format != OUTPUT_VALUE)
			g_ptr_array_add(cells, g_strdup(*key));
		json_t *shown = member(object, *key);

		g_ptr_array_add(cells, output_cell(shown));
		json_decref(shown);
	}
	return format_cells(format, cells, format == OUTPUT_VALUE ? 1 : 2);
}

static enum output_format format_of(const struct cli *cli)
{
	static const char *const names[] = { [OUTPUT_TABLE] = "table",
		[OUTPUT_JSON] = "json",
		[OUTPUT_VALUE] = "value",
		[OUTPUT_CSV] = "csv" };
	const char *wanted = cli_option_or(cli, "format", "table");

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(names[i], wanted))
			return i;
	return OUTPUT_TABLE; /* can't happen: the option's choices are these */
}

bool output_list(
	const struct cli *cli, const char *const *columns, const json_t *rows, GError **error)
{
	g_autofree char *text =
		output_list_text(format_of(cli), columns, cli_options(cli, "column"), rows, error);

	if (text)
		fputs(text, stdout);
	return text != NULL;
}

bool output_object(const struct cli *cli, const json_t *object, GError **error)
{
	g_autofree char *text =
		output_object_text(format_of(cli), cli_options(cli, "column"), object, error);

	if (text)
		fputs(text, stdout);
	return text != NULL;
}
