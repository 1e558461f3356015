/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/identity/identity.h"
#include "model/standard.h"

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
	NULL };

static bool check_path(const struct attr *attr, const char *value, GError **error)
{
	(void)attr;
	return *value == '/' ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for path: '%s' does not begin with '/'; write it like /v2.0/networks/*.",
		       value);
}

static const struct attr attrs[N_ACCESS_RULE_SLOTS] = {
	STANDARD_ATTRS(0),
	[ACCESS_RULE_USER_ID] = { .name = "user_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_USER,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = ACCESS_RULE_BY_USER,
		.doc = "Whose it is." },
	[ACCESS_RULE_SERVICE] = { .name = "service",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The type of the service: network, identity, compute …" },
	[ACCESS_RULE_METHOD] = { .name = "method",
		.type = TYPE_ENUM,
		.choices = methods,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "Of the requests." },
	[ACCESS_RULE_PATH] = { .name = "path",
		.type = TYPE_STRING,
		.max = 128,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.check = check_path,
		.doc = "Where; * is what is in one segment, ** is anything." },
};

static const struct index indexes[N_ACCESS_RULE_INDEXES] = {
	[ACCESS_RULE_BY_USER] = { .name = "user", .slots = { ACCESS_RULE_USER_ID } },
};

/* The length of a wildcard at the beginning of @pattern, 0: it is none. */
static size_t wildcard(const char *pattern)
{
	size_t name = *pattern == '{' ? strcspn(pattern, "/}") : 0;

	if (name && pattern[name] == '}')
		return name + 1;
	return strspn(pattern, "*");
}

/* The last wildcard that was met takes one character more each time that the rest does not fit: a
 * path costs its length times the pattern's at most. One for a segment can't take a '/', but one
 * for anything before it may. */
bool access_rule_fits(const char *pattern, const char *path)
{
	const char *rest = NULL, *from = NULL; /* behind the last "*", and what it took up to */
	const char *deep_rest = NULL, *deep_from = NULL; /* the same of the last "**" */

	while (*path || *pattern) {
		size_t n = wildcard(pattern);

		if (n && *pattern == '*' && n > 1) {
			deep_rest = pattern += n;
			deep_from = path;
			rest = NULL;
		} else if (n && *path && *path != '/') {
			rest = pattern += n;
			from = ++path; /* it takes one at least */
		} else if (*path && !n && *pattern == *path) {
			pattern++;
			path++;
		} else if (rest && *from && *from != '/') {
			path = ++from;
			pattern = rest;
		} else if (deep_rest && *deep_from) {
			path = ++deep_from;
			pattern = deep_rest;
			rest = NULL;
		} else {
			return false;
		}
	}
	return true;
}

const struct kind access_rule_kind = {
	.id = KIND_ACCESS_RULE,
	.singular = "access_rule",
	.collection = "access_rules",
	.path = "/v3/access_rules",
	.doc = "What an application credential may be used for.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_ACCESS_RULE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ACCESS_RULE_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
