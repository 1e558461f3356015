/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/testing.h"

static void paths_fit(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool fits;
	} cases[] = {
		{ "/v2.0/networks", "/v2.0/networks", true },
		{ "/v2.0/networks", "/v2.0/networks/1", false },
		{ "/v2.0/networks", "/v2.0/network", false },
		{ "/v2.0/networks/*", "/v2.0/networks/1", true },
		{ "/v2.0/networks/*", "/v2.0/networks/", false },
		{ "/v2.0/networks/*", "/v2.0/networks/1/tags", false },
		{ "/v2.0/networks/{network_id}", "/v2.0/networks/1", true },
		{ "/v2.0/networks/{network_id}/tags", "/v2.0/networks/1/2/tags", false },
		{ "/v2.0/*/1", "/v2.0/ports/1", true },
		{ "/v2.0/*s", "/v2.0/ports", true },
		{ "/v2.0/*s", "/v2.0/agent", false },
		{ "/v2.0/**", "/v2.0/networks/1/tags", true },
		{ "/v2.0/**", "/v2.0/", true },
		{ "/**/tags", "/v2.0/networks/1/tags", true },
		{ "/**/*/tags", "/v2.0/networks/1/tags", true },
		{ "/**/x*/tags", "/v2.0/x/1/x2/tags", true },
		{ "/**/x*/tags", "/v2.0/x/1/tags", false },
		{ "**", "/anything/at/all", true },
		{ "/{", "/{", true },
		{ "/", "", false },
		{ "", "/", false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (access_rule_fits(cases[i].pattern, cases[i].path) != cases[i].fits)
			fail_msg("%s and %s", cases[i].pattern, cases[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(paths_fit) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
