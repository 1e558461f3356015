/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "controller/identity/totp.h"

/* "12345678901234567890", the secret of RFC 6238 appendix B; its codes, the last six digits. */
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static void as_in_the_rfc(void **state)
{
	static const struct {
		s64 now;
		const char *passcode;
	} known[] = { { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
	s64 step;

	(void)state;
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
		assert_true(totp_fits(SECRET, known[i].passcode, known[i].now, &step));
		assert_int_equal(step, known[i].now / 30);
	}
}

static void the_step_before_counts(void **state)
{
	s64 step = 0;

	(void)state;
	assert_true(totp_fits(SECRET, "287082", 89, &step));
	assert_int_equal(step, 1);
	assert_false(totp_fits(SECRET, "287082", 90, &step));
	assert_false(totp_fits(SECRET, "287082", 29, &step));
}

static void what_is_no_passcode_or_secret(void **state)
{
	s64 step;

	(void)state;
	assert_false(totp_fits(SECRET, "28708", 59, &step));
	assert_false(totp_fits(SECRET, "", 59, &step));
	assert_false(totp_fits(SECRET, "94287082", 59, &step));
	assert_false(totp_fits("", "287082", 59, &step));
	assert_false(totp_fits("not base32!", "287082", 59, &step));
	assert_true(totp_fits("gezdgnbvgy3tqojqgezdgnbvgy3tqojq====", "287082", 59, &step));
	assert_false(totp_fits(SECRET "=A", "287082", 59, &step));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_in_the_rfc),
		cmocka_unit_test(the_step_before_counts),
		cmocka_unit_test(what_is_no_passcode_or_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
