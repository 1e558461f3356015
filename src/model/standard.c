/* SPDX-License-Identifier: Apache-2.0 */
#include "model/standard.h"

#include <string.h>

const struct attr tag_attr = { .name = "tag", .type = TYPE_STRING, .max = 60 };

bool check_nothing_exists(const struct attr *attr, const char *value, GError **error)
{
	return weft_fail(error, NOT_FOUND, "%s %s could not be found.", attr->name, value);
}

bool visible_to_all(
	const struct model *model, const struct object *object, const struct caller *caller)
{
	(void)model;
	(void)object;
	(void)caller;
	return true;
}

static bool parse_block(json_t *value, const char *path, struct prefix *ret, GError **error)
{
	const char *text = json_string_value(value);

	if (text && prefix_parse(text, ret))
		return true;
	if (text && ip_parse(text, &ret->ip)) {
		ret->len = (u8)ip_bits(&ret->ip);
		return true;
	}
	return weft_fail(error, INVALID_CIDR,
		"Invalid CIDR %.64s given as %s: give an IP address or a block like \"10.0.0.0/24\".",
		text ?: "that is no string", path);
}

bool convert_to_network(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	char text[PREFIX_STRLEN];
	struct prefix prefix;

	(void)attr;
	if (!parse_block(value, path, &prefix, error))
		return false;
	prefix.ip = prefix_network(&prefix);
	*ret = g_strdup(prefix_format(&prefix, text));
	return true;
}

bool convert_to_prefix(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *given = json_string_value(value);
	char text[PREFIX_STRLEN];
	struct prefix prefix;

	(void)attr;
	if (given && !*given) {
		*ret = NULL;
		return true;
	}
	if (!parse_block(value, path, &prefix, error))
		return false;
	*ret = g_strdup(prefix_format(&prefix, text));
	return true;
}

/* One label: 1 to 63 letters, digits and inner hyphens; underscores are common enough. */
static bool is_label(const char *label, size_t len)
{
	if (!len || len > 63 || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!g_ascii_isalnum(label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	return true;
}

bool check_dns_name(const struct attr *attr, const char *value, GError **error)
{
	for (const char *label = value; *label;) {
		size_t len = strcspn(label, ".");

		if (!is_label(label, len))
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for %s: '%s' is no DNS name; its labels are 1 to 63 letters, digits and inner hyphens.",
				attr->name, value);
		label += len + (label[len] == '.');
	}
	return true;
}

bool part_check_project(struct object *draft, const struct object *whole, GError **error)
{
	const char *given = object_str(draft, SLOT_PROJECT_ID);
	const char *right = object_str(whole, SLOT_PROJECT_ID);
	char id[UUID_STRLEN];

	if (object_given(draft) & SLOT_BIT(SLOT_PROJECT_ID) && strcmp(given, right))
		return weft_fail(error, BAD_REQUEST,
			"Invalid input for project_id: this %s is part of %s %s, whose project is %s; leave it out.",
			object_kind(draft)->singular, object_kind(whole)->singular,
			uuid_format(object_id(whole), id), right);
	object_set_str(draft, SLOT_PROJECT_ID, "");
	return true;
}
