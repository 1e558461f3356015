/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/compile.h"
#include "model/testing.h"

static void scope_text(void **state)
{
	struct scope scope;
	char text[SCOPE_STRLEN];

	(void)state;
	assert_true(scope_parse("network/01234567-89ab-cdef-0123-456789abcdef", &scope));
	assert_int_equal(scope.type, SCOPE_NETWORK);
	assert_string_equal(
		scope_format(&scope, text), "network/01234567-89ab-cdef-0123-456789abcdef");
	assert_true(scope_parse("router/01234567-89ab-cdef-0123-456789abcdef", &scope));
	assert_int_equal(scope.type, SCOPE_ROUTER);
	assert_false(scope_parse("subnet/01234567-89ab-cdef-0123-456789abcdef", &scope));
	assert_false(scope_parse("network/", &scope));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(scope_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
