/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "controller/identity/lockout.h"

#define SECOND 1000000ull

static const struct uuid ann = { { 1 } }, bob = { { 2 } };

static void it_ends_by_itself(void **state)
{
	g_autoptr(lockout) lockout = lockout_new(2, 10 * SECOND);

	(void)state;
	lockout_failed(lockout, &ann, 0);
	assert_false(lockout_holds(lockout, &ann, 0));
	lockout_failed(lockout, &ann, SECOND);
	assert_true(lockout_holds(lockout, &ann, SECOND));
	assert_false(lockout_holds(lockout, &bob, SECOND));
	lockout_failed(lockout, &ann, 5 * SECOND); /* makes it no longer */
	assert_true(lockout_holds(lockout, &ann, 11 * SECOND - 1));
	assert_false(lockout_holds(lockout, &ann, 11 * SECOND));
	lockout_failed(lockout, &ann, 12 * SECOND);
	assert_false(lockout_holds(lockout, &ann, 12 * SECOND));
}

static void a_right_password_ends_it(void **state)
{
	g_autoptr(lockout) lockout = lockout_new(2, 10 * SECOND);

	(void)state;
	lockout_failed(lockout, &ann, 0);
	lockout_end(lockout, &ann);
	lockout_failed(lockout, &ann, 0);
	assert_false(lockout_holds(lockout, &ann, 0));
}

static void without_a_limit_there_is_none(void **state)
{
	g_autoptr(lockout) lockout = lockout_new(0, 10 * SECOND);

	(void)state;
	for (int i = 0; i < 100; i++)
		lockout_failed(lockout, &ann, 0);
	assert_false(lockout_holds(lockout, &ann, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_ends_by_itself),
		cmocka_unit_test(a_right_password_ends_it),
		cmocka_unit_test(without_a_limit_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
