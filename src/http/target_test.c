/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "http/listen.h"
#include "http/target.h"

static void test_path_and_query(void **state)
{
	struct http_target target;

	(void)state;
	assert_true(http_target_parse(
		"//v2.0/ports/a%2Fb+c/?name=x+y%20z&name=&flag&a=b=c&", &target, NULL));
	assert_int_equal(target.n_segments, 3);
	assert_string_equal(target.segments[1], "ports");
	assert_string_equal(target.segments[2], "a/b+c");
	assert_int_equal(target.n_params, 4);
	assert_string_equal(target.params[0].value, "x y z");
	assert_string_equal(target.params[1].value, "");
	assert_string_equal(target.params[2].name, "flag");
	assert_string_equal(target.params[2].value, "");
	assert_string_equal(target.params[3].value, "b=c");
	assert_string_equal(http_target_param(&target, "name"), "x y z");
	assert_null(http_target_param(&target, "none"));
	http_target_clear(&target);
}

static void test_root(void **state)
{
	struct http_target target;

	(void)state;
	assert_true(http_target_parse("/", &target, NULL));
	assert_int_equal(target.n_segments, 0);
	assert_int_equal(target.n_params, 0);
	http_target_clear(&target);
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "/%", "/%4", "/%zz", "/%00", "/a%ff", "/?a=%00",
		"/?%c3=b", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q" };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct http_target target;

		assert_false(http_target_parse(bad[i], &target, &error));
		assert_int_equal(weft_error_status(error), 400);
	}
}

static void test_listen_text(void **state)
{
	static const char *const bad[] = { "", "9696", "1.2.3.4", "1.2.3.4:65536", "[1.2.3.4]:1",
		"::1:1", "localhost:80", "fd:x", "fd:0" };

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		assert_int_equal(http_listen(bad[i], &error), -1);
		assert_int_equal(weft_error_status(error), 400);
	}
	assert_true(http_listen_is_local("127.0.0.9:1"));
	assert_true(http_listen_is_local("[::1]:1"));
	assert_false(http_listen_is_local(":1"));
	assert_false(http_listen_is_local("[::]:1"));
	assert_false(http_listen_is_local("10.0.0.1:1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_and_query),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_listen_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
