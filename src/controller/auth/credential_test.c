/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "controller/auth/credential.h"

static void test_hash_tells_credentials_apart(void **state)
{
	struct credential_hash a = credential_hash("secret"), b = credential_hash("secret");
	struct credential_hash c = credential_hash("secret "), none = credential_hash("");

	(void)state;
	assert_true(credential_hash_equal(&a, &b));
	assert_false(credential_hash_equal(&a, &c));
	assert_false(credential_hash_equal(&a, &none));
}

static void test_format(void **state)
{
	struct credential_hash hash = credential_hash("");
	char text[CREDENTIAL_HEX_STRLEN];

	(void)state;
	/* BLAKE2b-256 of the empty string. */
	assert_string_equal(credential_hash_format(&hash, text),
		"0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

static void test_new_ones_differ(void **state)
{
	g_autofree char *a = credential_new(), *b = credential_new();

	(void)state;
	assert_int_equal(strlen(a), 43);
	assert_string_not_equal(a, b);
	assert_int_equal(
		strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
}

static void test_no_option_of_a_command(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) { /* one in 64 would */
		g_autofree char *credential = credential_new();

		assert_int_not_equal(credential[0], '-');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash_tells_credentials_apart),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_new_ones_differ),
		cmocka_unit_test(test_no_option_of_a_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
