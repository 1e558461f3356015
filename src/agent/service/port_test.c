/* SPDX-License-Identifier: Apache-2.0 */
/* Names derived from addresses (and back), modes, and the constants that stand in two places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "agent/service/outcome.h"
#include "agent/service/port.h"

static const struct {
	const char *ip, *name;
} derived[] = {
	{ "10.0.0.5", "host-10-0-0-5" },
	{ "2001:db8::1", "host-2001-db8--1" },
	{ "2001:db8:1:2:f816:3eff:fe12:3456", "host-2001-db8-1-2-f816-3eff-fe12-3456" },
	{ "::1", "host---1" },
};

static void test_derived_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(derived); i++) {
		char name[SERVICE_NAME_SIZE];
		struct ip ip, again;

		assert_true(ip_parse(derived[i].ip, &ip));
		service_derived_name(&ip, name);
		assert_string_equal(name, derived[i].name);
		assert_true(service_derived_name_parse(name, &again));
		assert_int_equal(ip_compare(&ip, &again), 0);
	}
}

static void test_not_derived(void **state)
{
	static const char *const names[] = { "host-", "host-10-0-0", "host-10-0-0-256", "web",
		"host-10.0.0.5", "host-2001-db8-0-0-0-0-0-1", "host-10-0-0-5-",
		"host-1111-2222-3333-4444-5555-6666-7777-8888-9999-aaaa-bbbb-cccc-dddd" };
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		assert_false(service_derived_name_parse(names[i], &ip));
}

static void test_host_name(void **state)
{
	struct service_port port = { .dns_name = "" };
	char name[SERVICE_NAME_SIZE];
	struct ip ip;

	(void)state;
	assert_true(ip_parse("10.0.0.5", &ip));
	service_host_name(&port, &ip, name);
	assert_string_equal(name, "host-10-0-0-5");
	port.dns_name = "web";
	service_host_name(&port, &ip, name);
	assert_string_equal(name, "web");
}

static void test_modes(void **state)
{
	enum service_ip6_mode mode;

	(void)state;
	assert_true(service_ip6_mode_parse(NULL, &mode) && mode == SERVICE_IP6_NONE);
	assert_true(service_ip6_mode_parse("dhcpv6-stateless", &mode));
	assert_int_equal(mode, SERVICE_IP6_STATELESS);
	assert_false(service_ip6_mode_parse("stateful", &mode));
}

static void test_service_address_is_of_its_mac(void **state)
{
	struct ip ip = ip_link_local_from_mac(&service_mac);

	(void)state;
	assert_int_equal(ip_compare(&ip, &service_ip6), 0);
	assert_true(ip_is_link_local(&service_ip4));
}

static void test_outcomes_are_named(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SERVICE_N_OUTCOMES; i++) {
		assert_non_null(service_outcome_service((enum service_outcome)i));
		assert_non_null(service_outcome_name((enum service_outcome)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derived_names),
		cmocka_unit_test(test_not_derived),
		cmocka_unit_test(test_host_name),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_service_address_is_of_its_mac),
		cmocka_unit_test(test_outcomes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
