/* SPDX-License-Identifier: Apache-2.0 */
/* The target of an HTTP request. What is accepted is UTF-8 in every part, and inside of the limits.
 */
#include <string.h>

#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	struct http_target target;

	if (!http_target_parse(text, &target, NULL))
		return 0;
	g_assert_cmpuint(target.n_segments, <=, HTTP_MAX_SEGMENTS);
	g_assert_cmpuint(target.n_params, <=, HTTP_MAX_PARAMS);
	for (unsigned i = 0; i < target.n_segments; i++)
		g_assert_true(g_utf8_validate(target.segments[i], -1, NULL) && *target.segments[i]);
	for (unsigned i = 0; i < target.n_params; i++) {
		g_assert_true(g_utf8_validate(target.params[i].name, -1, NULL));
		g_assert_true(g_utf8_validate(target.params[i].value, -1, NULL));
		g_assert_nonnull(http_target_param(&target, target.params[i].name));
	}
	http_target_clear(&target);
	return 0;
}
