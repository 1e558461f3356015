/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine_repairs.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void assert_since(const char *known, const char *now, const char *says)
{
	json_t *before = known ? json_loads(known, 0, NULL) : NULL;
	json_t *after = json_loads(now, 0, NULL);
	g_autofree char *text = machine_repairs_since(before, after);

	if (says)
		assert_string_equal(text, says);
	else
		assert_null(text);
	json_decref(before);
	json_decref(after);
}

static void test_since(void **state)
{
	(void)state;
	assert_since(NULL, "{}", NULL);
	assert_since("{}", "{\"routes\": {\"count\": 1}}", "routes");
	assert_since("{\"routes\": {\"count\": 1}}", "{\"routes\": {\"count\": 1}}", NULL);
	assert_since("{\"routes\": {\"count\": 1}}",
		"{\"routes\": {\"count\": 2}, \"daemon dnsmasq\": {\"count\": 1, \"reason\": \"ended by signal 9\"}}",
		"routes, daemon dnsmasq (ended by signal 9)");
	assert_since("{\"routes\": {\"count\": 5}}", "{\"routes\": {\"count\": 1}}", "routes");
	assert_since("{\"routes\": {\"count\": 5}}", "{}", NULL);
	assert_since("{}", "{\"routes\": 7, \"NICs\": \"many\"}", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_since) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
