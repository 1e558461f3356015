/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/uuid.h"

static void text_round_trip(void **state)
{
	struct uuid uuid;
	char text[UUID_STRLEN];

	(void)state;
	assert_true(uuid_parse("01234567-89AB-cdef-0123-456789abcdef", &uuid));
	assert_string_equal(uuid_format(&uuid, text), "01234567-89ab-cdef-0123-456789abcdef");
}

static void malformed_is_refused(void **state)
{
	static const char *const bad[] = { "", "01234567-89ab-cdef-0123-456789abcde",
		"01234567-89ab-cdef-0123-456789abcdef0", "0123456789abcdef0123456789abcdef",
		"01234567-89ab-cdef-0123-456789abcdeg", "{1234567-89ab-cdef-0123-456789abcdef}",
		"01234567-89ab-cdef-0123+456789abcdef" };
	struct uuid uuid = { { 7 } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_false(uuid_parse(bad[i], &uuid));
	assert_int_equal(uuid.b[0], 7);
}

static void random_ones_differ(void **state)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct uuid uuid = uuid_random();

		assert_int_equal(uuid.b[6] >> 4, 4);
		assert_int_equal(uuid.b[8] >> 6, 2);
		assert_false(uuid_is_zero(&uuid));
		assert_true(g_hash_table_add(seen, g_memdup2(&uuid, sizeof(uuid))));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_round_trip),
		cmocka_unit_test(malformed_is_refused),
		cmocka_unit_test(random_ones_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
