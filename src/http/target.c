/* SPDX-License-Identifier: Apache-2.0 */
#include "http/target.h"

#include <string.h>

enum plus { PLUS_IS_PLUS, PLUS_IS_SPACE };

/* Decodes in place: decoded text is never longer. */
static bool decode(char *text, enum plus plus)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		if (*in == '%') {
			int high = g_ascii_xdigit_value(in[1]);
			int low = high < 0 ? -1 : g_ascii_xdigit_value(in[2]);

			if (low < 0 || !(high | low))
				return false;
			*out++ = (char)(high << 4 | low);
			in += 2;
		} else {
			*out++ = *in == '+' && plus == PLUS_IS_SPACE ? ' ' : *in;
		}
	}
	*out = '\0';
	return g_utf8_validate(text, out - text, NULL);
}

static bool parse_path(char *path, struct http_target *target, GError **error)
{
	char *save = NULL;

	for (char *s = strtok_r(path, "/", &save); s; s = strtok_r(NULL, "/", &save)) {
		if (target->n_segments == HTTP_MAX_SEGMENTS)
			return weft_fail(error, BAD_REQUEST,
				"The request's path has more than %u segments.", HTTP_MAX_SEGMENTS);
		if (!decode(s, PLUS_IS_PLUS))
			return weft_fail(error, BAD_REQUEST,
				"The request's path is not percent-encoded UTF-8.");
		target->segments[target->n_segments++] = s;
	}
	return true;
}

static bool parse_query(char *query, struct http_target *target, GError **error)
{
	unsigned n = 1;
	char *save = NULL;

	for (const char *s = query; *s; s++)
		n += *s == '&';
	if (n > HTTP_MAX_PARAMS)
		return weft_fail(error, BAD_REQUEST,
			"The request's query has more than %u parameters.", HTTP_MAX_PARAMS);
	target->params = g_new(struct http_param, n);
	for (char *s = strtok_r(query, "&", &save); s; s = strtok_r(NULL, "&", &save)) {
		char *value = strchr(s, '=');

		if (value)
			*value++ = '\0';
		else
			value = s + strlen(s);
		if (!decode(s, PLUS_IS_SPACE) || (*value && !decode(value, PLUS_IS_SPACE)))
			return weft_fail(error, BAD_REQUEST,
				"The request's query is not percent-encoded UTF-8.");
		target->params[target->n_params++] = (struct http_param){ s, value };
	}
	return true;
}

bool http_target_parse(const char *text, struct http_target *ret, GError **error)
{
	struct http_target target = { .text = g_strdup(text) };
	char *query = strchr(target.text, '?');

	if (query)
		*query++ = '\0';
	if (!parse_path(target.text, &target, error) ||
		(query && *query && !parse_query(query, &target, error))) {
		http_target_clear(&target);
		return false;
	}
	*ret = target;
	return true;
}

void http_target_clear(struct http_target *target)
{
	g_free(target->text);
	g_free(target->params);
	*target = (struct http_target){ 0 };
}

const char *http_target_param(const struct http_target *target, const char *name)
{
	for (unsigned i = 0; i < target->n_params; i++)
		if (!strcmp(target->params[i].name, name))
			return target->params[i].value;
	return NULL;
}
