/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib.h>

#include "controller/identity/source.h"

static void assert_network(const char *address, const char *network)
{
	g_autofree char *text = source_network(address);

	assert_string_equal(text, network);
}

static void test_networks(void **state)
{
	(void)state;
	assert_network("192.0.2.1", "192.0.2.1");
	assert_network("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
	assert_network("2001:db8:1:2::1", "2001:db8:1:2::");
	assert_network("::ffff:192.0.2.1", "::ffff:192.0.2.1");
	assert_network("::1", "::");
	assert_network("?", "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_networks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
