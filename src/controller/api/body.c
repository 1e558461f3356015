/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/api/body.h"

#include <string.h>

/* Far deeper than any resource. The parser recurses, so it must not see more. */
#define DEPTH_MAX 32

/* Brackets that are open at once, outside of strings; the text need not be valid. */
static unsigned depth(const char *text, size_t len)
{
	unsigned open = 0, deepest = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string && (text[i] == '{' || text[i] == '['))
			open++;
		else if (!in_string && (text[i] == '}' || text[i] == ']') && open)
			open--;
		deepest = MAX(deepest, open);
	}
	return deepest;
}

json_t *body_parse(const struct http_request *request, GError **error)
{
	json_error_t reason;
	size_t len;
	const char *text = http_request_body(request, &len);
	json_t *body;

	if (!len) {
		weft_fail(error, BAD_REQUEST, "The request has no body: send a JSON object.");
		return NULL;
	}
	if (depth(text, len) > DEPTH_MAX) {
		weft_fail(error, BAD_REQUEST, "The request's body is nested more than %d deep.",
			DEPTH_MAX);
		return NULL;
	}
	body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &reason);
	if (!body) {
		weft_fail(error, BAD_REQUEST,
			"The request's body is no JSON: line %d, column %d: %s", reason.line,
			reason.column, reason.text);
		return NULL;
	}
	if (!json_is_object(body)) {
		json_decref(body);
		weft_fail(error, BAD_REQUEST, "The request's body is no JSON object.");
		return NULL;
	}
	return body;
}

json_t *body_member(json_t *body, const char *name, GError **error)
{
	const char *key;
	json_t *value;

	json_object_foreach(body, key, value)
		if (strcmp(key, name)) {
			weft_fail(error, BAD_REQUEST,
				"The request's body has '%.64s' where '%s' should be alone.", key,
				name);
			return NULL;
		}
	value = json_object_get(body, name);
	if (!value)
		weft_fail(error, BAD_REQUEST, "The request's body lacks '%s'.", name);
	return value;
}
