/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/policy/policy_file.h"

#include <jansson.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

struct reader {
	const char *path;
	struct policy *policy;
	GHashTable *lines; /* name of a rule → where it is; 0 in JSON */
};

static bool set(
	struct reader *reader, const char *name, const char *text, unsigned line, GError **error)
{
	if (g_hash_table_contains(reader->lines, name))
		return weft_fail(error, INVALID_INPUT,
			"rule '%s' is there twice, first in line %u; leave one of them", name,
			GPOINTER_TO_UINT(g_hash_table_lookup(reader->lines, name)));
	g_hash_table_insert(reader->lines, g_strdup(name), GUINT_TO_POINTER(line));
	if (policy_set(reader->policy, name, text, error))
		return true;
	g_prefix_error(error, "rule '%s': ", name);
	return false;
}

/* The end of a name in quotes or up to ": "; what is in double quotes may have \" and \\. */
static bool read_scalar(const char **at, char ends_with, GString *ret, GError **error)
{
	char quote = **at == '"' || **at == '\'' ? *(*at)++ : '\0';

	for (; **at; (*at)++) {
		if (quote == '"' && **at == '\\' && ((*at)[1] == '"' || (*at)[1] == '\\'))
			(*at)++;
		else if (quote == '\'' && **at == '\'' && (*at)[1] == '\'')
			(*at)++;
		else if (quote && **at == quote)
			break;
		else if (!quote && ends_with && **at == ends_with &&
			 (!(*at)[1] || g_ascii_isspace((*at)[1])))
			break;
		else if (!quote && **at == '#' && ret->len &&
			 g_ascii_isspace(ret->str[ret->len - 1]))
			break;
		g_string_append_c(ret, **at);
	}
	if (quote && !**at)
		return weft_fail(error, INVALID_INPUT, "the quote %c is not closed", quote);
	if (quote)
		(*at)++;
	else
		g_string_truncate(ret, strlen(g_strchomp(ret->str)));
	*at += strspn(*at, " \t");
	return true;
}

#define SHAPE "write name: \"rule\""

/* The first character of a plain value that YAML takes for something else than text. */
static bool is_plain(const char *text)
{
	return *text && !strchr("[]{}>|*&%`,?-", *text);
}

static bool read_line(struct reader *reader, const char *line, unsigned number, GError **error)
{
	g_autoptr(GString) name = g_string_new(NULL), text = g_string_new(NULL);
	const char *at = line + strspn(line, " \t");

	if (!*at || *at == '#' || !strcmp(at, "---") || !strcmp(at, "..."))
		return true;
	if (at != line)
		return weft_fail(error, INVALID_INPUT,
			"the line is indented; a rule begins at the start of a line: " SHAPE);
	if (!read_scalar(&at, ':', name, error))
		return false;
	if (*at != ':' || !name->len)
		return weft_fail(error, INVALID_INPUT, "there is no rule; " SHAPE);
	at++;
	at += strspn(at, " \t");
	if (*at != '"' && *at != '\'' && !is_plain(at))
		return weft_fail(error, INVALID_INPUT,
			"the rule of '%s' is no text on the same line; " SHAPE, name->str);
	if (!read_scalar(&at, '\0', text, error))
		return false;
	if (*at && *at != '#')
		return weft_fail(error, INVALID_INPUT,
			"there is '%.32s' behind the rule of '%s'; " SHAPE, at, name->str);
	return set(reader, name->str, text->str, number, error);
}

static bool read_lines(struct reader *reader, const char *text, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (unsigned i = 0; lines[i]; i++) {
		g_strchomp(lines[i]);
		if (read_line(reader, lines[i], i + 1, error))
			continue;
		g_prefix_error(error, "%s:%u: ", reader->path, i + 1);
		return false;
	}
	return true;
}

static bool read_json(struct reader *reader, const char *text, GError **error)
{
	json_error_t reason;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &reason), *rule;
	const char *name;
	bool ok = json;

	if (!json)
		return weft_fail(
			error, INVALID_INPUT, "%s:%d: %s", reader->path, reason.line, reason.text);
	json_object_foreach(json, name, rule) {
		if (json_is_string(rule))
			ok = set(reader, name, json_string_value(rule), 0, error);
		else
			ok = weft_fail(error, INVALID_INPUT,
				"rule '%s' is no text; write \"%s\": \"rule\"", name, name);
		if (ok)
			continue;
		g_prefix_error(error, "%s: ", reader->path);
		break;
	}
	json_decref(json);
	return ok;
}

static bool link_rules(struct reader *reader, GError **error)
{
	const char *rule;
	gpointer line;

	if (policy_link(reader->policy, &rule, error))
		return true;
	line = g_hash_table_lookup(reader->lines, rule);
	g_prefix_error(error, "rule '%s': ", rule);
	if (line)
		g_prefix_error(error, "%s:%u: ", reader->path, GPOINTER_TO_UINT(line));
	else
		g_prefix_error(error, "%s: ", reader->path);
	return false;
}

struct policy *policy_file_parse(const char *path, const char *data, size_t len, GError **error)
{
	g_autofree char *text = g_strndup(data, len);
	g_autoptr(policy) policy = policy_new();
	struct reader reader = { path, policy,
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
	bool ok = strlen(text) == len && g_utf8_validate(text, -1, NULL) && len <= FILE_MAX;

	if (!ok)
		weft_fail(error, INVALID_INPUT, "%s: it is no text in UTF-8 of at most %d bytes",
			path, FILE_MAX);
	else if (text[strspn(text, " \t\r\n")] == '{')
		ok = read_json(&reader, text, error);
	else
		ok = read_lines(&reader, text, error);
	ok = ok && link_rules(&reader, error);
	g_hash_table_destroy(reader.lines);
	return ok ? g_steal_pointer(&policy) : NULL;
}

struct policy *policy_file_load(const char *path, GError **error)
{
	g_autoptr(GError) reason = NULL;
	g_autofree char *text = NULL;
	gsize len;

	if (g_file_get_contents(path, &text, &len, &reason))
		return policy_file_parse(path, text, len, error);
	weft_fail(error, INVALID_INPUT, "can't read the policy file %s: %s", path, reason->message);
	return NULL;
}

static void print(const char *name, const char *text, const char *doc, void *user)
{
	g_string_append_printf(user, "# %s\n\"%s\": \"%s\"\n\n", doc, name, text);
}

char *policy_file_print(void)
{
	GString *text =
		g_string_new("# All rules and their defaults. A policy file names those that "
			     "differ.\n\n");

	policy_foreach(policy_default(), print, text);
	return g_string_free(text, FALSE);
}
