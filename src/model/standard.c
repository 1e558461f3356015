/* SPDX-License-Identifier: Apache-2.0 */
#include "model/standard.h"

#include <string.h>

const struct attr tag_attr = { .name = "tag", .type = TYPE_STRING, .max = 60 };

bool check_nothing_exists(const struct attr *attr, const char *value, GError **error)
{
	return weft_fail(error, NOT_FOUND, "%s %s could not be found.", attr->name, value);
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
