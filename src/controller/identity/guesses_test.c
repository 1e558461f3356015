/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib.h>

#include "controller/identity/guesses.h"

#define NOW (1000ull * G_USEC_PER_SEC)

/* How many of @n tries are free, at @user or, NULL, at a different one each time. */
static unsigned free_tries(
	struct guesses *guesses, const char *user, const char *address, unsigned n)
{
	unsigned free = 0;

	for (unsigned i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("user%u", i);

		free += !guesses_take(guesses, user ?: name, address, NOW);
	}
	return free;
}

static void test_one_address_locks_nobody_out(void **state)
{
	g_autoptr(guesses) guesses = guesses_new();

	(void)state;
	assert_int_equal(free_tries(guesses, "victim", "192.0.2.1", 99), 10);
	assert_int_equal(guesses_take(guesses, "victim", "192.0.2.2", NOW), 0);
	assert_int_equal(guesses_take(guesses, "other", "192.0.2.1", NOW), 0);
	assert_int_equal(guesses_take(guesses, "victim", "192.0.2.1", NOW + 5 * G_USEC_PER_SEC), 0);
}

static void test_an_address_has_a_hundred_users(void **state)
{
	g_autoptr(guesses) guesses = guesses_new();

	(void)state;
	assert_int_equal(free_tries(guesses, NULL, "192.0.2.1", 300), 100);
	assert_int_equal(guesses_take(guesses, "user0", "192.0.2.2", NOW), 0);
}

static void test_knowing_one_password_is_no_licence(void **state)
{
	g_autoptr(guesses) guesses = guesses_new();
	unsigned free = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		g_autofree char *name = g_strdup_printf("user%u", i);

		free += !guesses_take(guesses, name, "192.0.2.1", NOW);
		if (!guesses_take(guesses, "own", "192.0.2.1", NOW))
			guesses_forgive(guesses, "own", "192.0.2.1");
	}
	assert_int_equal(free, 100);
}

static void test_a_user_is_guarded_from_many_addresses(void **state)
{
	g_autoptr(guesses) guesses = guesses_new();
	unsigned free = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		g_autofree char *address = g_strdup_printf("192.0.%u.%u", i / 100, i % 100);

		free += !guesses_take(guesses, "victim", address, NOW);
	}
	assert_int_equal(free, 200);
}

static void test_addresses_of_one_host_are_one(void **state)
{
	g_autoptr(guesses) guesses = guesses_new();

	(void)state;
	assert_int_equal(free_tries(guesses, "victim", "2001:db8::1", 99), 10);
	assert_int_not_equal(guesses_take(guesses, "victim", "2001:db8::2", NOW), 0);
	assert_int_equal(guesses_take(guesses, "victim", "2001:db8:0:1::2", NOW), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_address_locks_nobody_out),
		cmocka_unit_test(test_an_address_has_a_hundred_users),
		cmocka_unit_test(test_knowing_one_password_is_no_licence),
		cmocka_unit_test(test_a_user_is_guarded_from_many_addresses),
		cmocka_unit_test(test_addresses_of_one_host_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
