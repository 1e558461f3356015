/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_text.h"

#include <string.h>

static bool fail(const struct attr *attr, const char *value, const char *form, GError **error)
{
	g_autofree char *shown = g_strescape(value, NULL);

	return weft_fail(error, BAD_REQUEST, "Invalid input for %s: '%.64s' must be %s.",
		attr->name, shown, form);
}

bool lb_check_name(const struct attr *attr, const char *value, GError **error)
{
	for (const char *at = value; *at; at++)
		if (!g_ascii_isalnum(*at) && *at != '-' && *at != '_' && *at != '.')
			return fail(attr, value, "of letters, digits, '-', '_' and '.'", error);
	return *value || fail(attr, value, "given", error);
}

bool lb_check_domain(const struct attr *attr, const char *value, GError **error)
{
	static const char form[] =
		"^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$";

	return (strlen(value) < 254 &&
		       g_regex_match_simple(form, value, G_REGEX_DOLLAR_ENDONLY, 0)) ||
	       fail(attr, value, "a DNS name such as www.example.org", error);
}

bool lb_check_printable(const struct attr *attr, const char *value, GError **error)
{
	for (const char *at = value; *at; at++)
		if (!g_ascii_isprint(*at))
			return fail(attr, value, "of printable ASCII characters", error);
	return *value || fail(attr, value, "given", error);
}

bool lb_check_url(const struct attr *attr, const char *value, GError **error)
{
	for (const char *at = value; *at; at++)
		if (!g_ascii_isgraph(*at))
			return fail(attr, value,
				"of printable ASCII characters without blanks; write those as %20",
				error);
	return g_str_has_prefix(value, "http://") || g_str_has_prefix(value, "https://") ||
	       fail(attr, value, "a URL that begins with http:// or https://", error);
}
