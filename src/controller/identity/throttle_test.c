/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib.h>

#include "controller/identity/throttle.h"

#define S 1000000u

static void test_burst_then_refill(void **state)
{
	g_autoptr(throttle) throttle = throttle_new(3, 10 * S);
	u64 now = 1000 * S;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(throttle_take(throttle, "a", now), 0);
	assert_int_equal(throttle_take(throttle, "a", now), 10 * S);
	assert_int_equal(throttle_take(throttle, "a", now + 4 * S), 6 * S);
	assert_int_equal(throttle_take(throttle, "b", now), 0);
	assert_int_equal(throttle_take(throttle, "a", now + 10 * S), 0);
	assert_int_equal(throttle_take(throttle, "a", now + 10 * S), 10 * S);
}

static void test_forgives(void **state)
{
	g_autoptr(throttle) throttle = throttle_new(1, 10 * S);

	(void)state;
	assert_int_equal(throttle_take(throttle, "a", S), 0);
	assert_int_not_equal(throttle_take(throttle, "a", S), 0);
	throttle_forgive(throttle, "a");
	assert_int_equal(throttle_take(throttle, "a", S), 0);
}

/* Who knows one password gains no tries at others'. */
static void test_refunds_one(void **state)
{
	g_autoptr(throttle) throttle = throttle_new(2, 10 * S);
	u64 now = 100 * S;

	(void)state;
	throttle_refund(throttle, "a"); /* nothing was taken */
	assert_int_equal(throttle_take(throttle, "a", now), 0);
	assert_int_equal(throttle_take(throttle, "a", now), 0);
	throttle_refund(throttle, "a");
	assert_int_equal(throttle_take(throttle, "a", now), 0);
	assert_int_equal(throttle_take(throttle, "a", now), 10 * S);
}

/* Who fills the table gains no try from it, and it does not grow. */
static void test_is_bounded(void **state)
{
	g_autoptr(throttle) throttle = throttle_new(1, 10 * S);
	char key[16];
	unsigned let = 0;

	(void)state;
	for (unsigned i = 0; i < 70000; i++) {
		g_snprintf(key, sizeof key, "k%u", i);
		let += throttle_take(throttle, key, S) == 0;
	}
	assert_int_equal(let, 65536 + 1);
	/* Later there is room again. */
	assert_int_equal(throttle_take(throttle, "late", 20 * S), 0);
	assert_int_equal(throttle_take(throttle, "later", 20 * S), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_refill),
		cmocka_unit_test(test_forgives),
		cmocka_unit_test(test_refunds_one),
		cmocka_unit_test(test_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
