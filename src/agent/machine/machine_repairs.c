/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine_repairs.h"

#include <glib.h>

static json_int_t count_of(const json_t *repairs, const char *what)
{
	return json_integer_value(json_object_get(json_object_get(repairs, what), "count"));
}

char *machine_repairs_since(const json_t *known, const json_t *now)
{
	GString *text = g_string_new(NULL);
	json_t *repair;
	const char *what;

	json_object_foreach((json_t *)now, what, repair) {
		const char *reason = json_string_value(json_object_get(repair, "reason"));
		json_int_t count = count_of(now, what);

		if (!count || count == count_of(known, what))
			continue;
		g_string_append_printf(text, "%s%s", text->len ? ", " : "", what);
		if (reason)
			g_string_append_printf(text, " (%s)", reason);
	}
	return g_string_free(text, !text->len);
}
