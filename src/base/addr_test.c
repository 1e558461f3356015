/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void test_parse_and_format(void **state)
{
	struct ip ip;
	struct mac mac;
	struct prefix prefix;
	char buf[PREFIX_STRLEN];

	(void)state;
	assert_true(ip_parse("10.0.0.1", &ip));
	assert_int_equal(ip.family, 4);
	assert_string_equal(ip_format(&ip, buf), "10.0.0.1");
	assert_true(ip_parse("2001:DB8:0:0::1", &ip));
	assert_string_equal(ip_format(&ip, buf), "2001:db8::1");
	assert_false(ip_parse("10.0.0.256", &ip));
	assert_false(ip_parse("10.0.0.01", &ip));
	assert_false(ip_parse("fe80::1%eth0", &ip));
	assert_true(mac_parse("FA-16-3e-00-00-01", &mac));
	assert_string_equal(mac_format(&mac, buf), "fa:16:3e:00:00:01");
	assert_false(mac_parse("fa:16:3e:00:00", &mac));
	assert_false(mac_parse("fa:16:3e:00:00:01:02", &mac));
	assert_false(mac_parse("", &mac));
	assert_true(prefix_parse("10.1.2.3/24", &prefix));
	assert_int_equal(prefix.len, 24);
	assert_false(prefix_parse("10.1.2.3/33", &prefix));
	assert_false(prefix_parse("10.1.2.3", &prefix));
	assert_false(prefix_parse("10.1.2.3/", &prefix));
	assert_false(prefix_parse("::/129", &prefix));
}

static void test_prefix_arithmetic(void **state)
{
	struct prefix a, b;
	struct ip ip, low, high;
	char buf[IP_STRLEN];

	(void)state;
	prefix_parse("10.1.2.3/20", &a);
	ip = prefix_network(&a);
	assert_string_equal(ip_format(&ip, buf), "10.1.0.0");
	ip = prefix_last(&a);
	assert_string_equal(ip_format(&ip, buf), "10.1.15.255");
	prefix_parse("10.1.15.0/24", &b);
	assert_true(prefix_overlaps(&a, &b));
	assert_true(prefix_overlaps(&b, &a));
	prefix_parse("10.1.16.0/24", &b);
	assert_false(prefix_overlaps(&a, &b));
	prefix_parse("::/0", &b);
	assert_false(prefix_overlaps(&a, &b));
	ip_parse("10.0.0.255", &low);
	ip = ip_add(low, 1);
	assert_string_equal(ip_format(&ip, buf), "10.0.1.0");
	ip_parse("10.0.2.0", &high);
	assert_int_equal(ip_distance(&low, &high), 257);
	assert_int_equal(ip_distance(&high, &low), 0);
	ip_parse("::", &low);
	ip_parse("1::", &high);
	assert_true(ip_distance(&low, &high) == UINT64_MAX);
	ip_parse("::1:0:0:0", &high);
	assert_true(ip_distance(&low, &high) == (u64)1 << 48);
}

static void test_eui64(void **state)
{
	struct prefix prefix;
	struct mac mac;
	struct ip ip;
	char buf[IP_STRLEN];

	(void)state;
	prefix_parse("2001:db8::/64", &prefix);
	mac_parse("fa:16:3e:11:22:33", &mac);
	ip = ip_from_eui64(&prefix, &mac);
	assert_string_equal(ip_format(&ip, buf), "2001:db8::f816:3eff:fe11:2233");
	ip = ip_link_local_from_mac(&mac);
	assert_true(ip_is_link_local(&ip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_format),
		cmocka_unit_test(test_prefix_arithmetic),
		cmocka_unit_test(test_eui64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
