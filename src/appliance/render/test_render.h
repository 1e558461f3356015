/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as the files that are made of them, for tests. Include cmocka.h first. */
#pragma once

#include <string.h>

#include "appliance/render/render.h"

static const struct render_place place = { "/run/a", 9797 };

static inline void render_text(const char *text, struct rendered *ret)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(document) document = document_parse(text, strlen(text), &error);

	assert_null(error);
	render(document, &place, ret);
}

/* The first line says whose it is; the rest is what counts. */
static inline const char *body(const struct rendered *rendered, enum render_file file)
{
	return strchr(rendered->texts[file], '\n') + 1;
}

static inline void assert_lines(const char *text, const char *const *lines)
{
	for (; *lines; lines++)
		if (!strstr(text, *lines))
			fail_msg("no line \"%s\" in\n%s", *lines, text);
}
