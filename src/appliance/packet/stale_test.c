/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the kernel's connections a configuration would translate otherwise. */
#include "appliance/packet/stale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "appliance/document/test_document.h"

#define GATEWAY "203.0.113.5"
#define FLOATING "203.0.113.6"
#define FAR "198.51.100.9"

/* TEST_WHOLE: 10.0.0.0/24 leaves with GATEWAY, 10.0.0.10 with FLOATING. */
static const struct {
	const char *from, *to, *answer_from, *answer_to;
	bool stale;
} flows[] = {
	{ "10.0.0.20", FAR, FAR, GATEWAY, false },
	{ "10.0.0.20", FAR, FAR, "10.0.0.20", true },	 /* not translated before */
	{ "10.0.0.20", FAR, FAR, "203.0.113.99", true }, /* an address that is gone */
	{ "10.0.0.10", FAR, FAR, FLOATING, false },
	{ FAR, "10.0.0.20", "10.0.0.20", FAR, true }, /* was reached by its own address */
	{ FAR, FLOATING, "10.0.0.10", FAR, false },
	{ FAR, FLOATING, "10.0.0.20", FAR, true }, /* another one's by now */
	{ FAR, "203.0.113.99", "10.0.0.20", FAR, true },
	{ "10.0.0.20", "10.0.0.1", "10.0.0.1", "10.0.0.20", false },
	{ "10.0.0.20", "10.0.0.30", "10.0.0.30", "10.0.0.20", false },
	{ "10.0.0.20", "169.254.169.254", "169.254.169.254", "10.0.0.20", false },
	{ "192.0.2.5", "192.0.2.6", "192.0.2.6", "192.0.2.5", false },
	{ "10.9.0.1", FAR, FAR, "10.9.0.1", false }, /* nobody who is translated */
};

static struct ip ip(const char *text)
{
	struct ip ip = { 0 };

	assert_true(ip_parse(text, &ip));
	return ip;
}

static void test_flows(void **state)
{
	g_autoptr(document) document = document_parse(TEST_WHOLE, strlen(TEST_WHOLE), NULL);

	(void)state;
	assert_non_null(document);
	for (size_t i = 0; i < G_N_ELEMENTS(flows); i++) {
		const struct stale_flow flow = { ip(flows[i].from), ip(flows[i].to),
			ip(flows[i].answer_from), ip(flows[i].answer_to) };

		if (stale_is(document, &flow) != flows[i].stale)
			fail_msg("flow %zu, from %s to %s", i, flows[i].from, flows[i].to);
	}
}

/* The kernel's table is gone through only where translation has changed. */
static void test_changes(void **state)
{
	g_autoptr(document) one = document_parse(TEST_WHOLE, strlen(TEST_WHOLE), NULL);
	g_autoptr(document) same = document_parse(TEST_WHOLE, strlen(TEST_WHOLE), NULL);

	(void)state;
	assert_false(stale_may_be(NULL, one));
	assert_false(stale_may_be(one, same));
	g_array_set_size(same->floating_ips, 0);
	assert_true(stale_may_be(one, same));
	assert_true(stale_may_be(same, one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
