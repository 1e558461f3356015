/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "agent/bgp/bgp_config.h"

static struct ip ip(const char *text)
{
	struct ip ip = { 0 };

	if (text)
		assert_true(ip_parse(text, &ip));
	return ip;
}

static void peer(struct bgp_config *config, const char *text, u32 as, const char *password)
{
	struct ip address = ip(text);

	bgp_config_add_peer(config, &address, as, password);
}

static void route(struct bgp_config *config, const char *text, const char *next_hop)
{
	struct ip via = ip(next_hop);
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	bgp_config_add_route(config, &prefix, &via);
}

static struct bgp_config *empty(u8 family)
{
	struct ip id = ip("192.0.2.11");

	return bgp_config_new(4200000001, family, &id);
}

static struct bgp_config *some(void)
{
	struct bgp_config *config = empty(4);

	peer(config, "203.0.113.1", 65000, "s3cret");
	peer(config, "203.0.113.2", 65001, NULL);
	route(config, "198.18.0.5/32", NULL);
	route(config, "10.77.0.0/24", "203.0.113.50");
	return config;
}

static void writes_the_file(void **state)
{
	struct bgp_config *config = some();
	g_autofree char *text = bgp_config_text(config);

	(void)state;
	assert_string_equal(text, "! made by weft-agent\n"
				  "ip prefix-list weft-nothing seq 5 deny any\n"
				  "ipv6 prefix-list weft-nothing seq 5 deny any\n"
				  "route-map weft-via-203.0.113.50 permit 10\n"
				  " set ip next-hop 203.0.113.50\n"
				  "exit\n"
				  "router bgp 4200000001\n"
				  " bgp router-id 192.0.2.11\n"
				  " no bgp default ipv4-unicast\n"
				  " no bgp ebgp-requires-policy\n"
				  " no bgp network import-check\n"
				  " bgp graceful-restart-disable\n"
				  " neighbor 203.0.113.1 remote-as 65000\n"
				  " neighbor 203.0.113.1 disable-connected-check\n"
				  " neighbor 203.0.113.1 ebgp-multihop 255\n"
				  " neighbor 203.0.113.1 timers 3 9\n"
				  " neighbor 203.0.113.1 timers connect 5\n"
				  " neighbor 203.0.113.1 password s3cret\n"
				  " neighbor 203.0.113.2 remote-as 65001\n"
				  " neighbor 203.0.113.2 disable-connected-check\n"
				  " neighbor 203.0.113.2 ebgp-multihop 255\n"
				  " neighbor 203.0.113.2 timers 3 9\n"
				  " neighbor 203.0.113.2 timers connect 5\n"
				  " address-family ipv4 unicast\n"
				  "  neighbor 203.0.113.1 activate\n"
				  "  neighbor 203.0.113.1 prefix-list weft-nothing in\n"
				  "  neighbor 203.0.113.1 attribute-unchanged next-hop\n"
				  "  neighbor 203.0.113.2 activate\n"
				  "  neighbor 203.0.113.2 prefix-list weft-nothing in\n"
				  "  neighbor 203.0.113.2 attribute-unchanged next-hop\n"
				  "  network 10.77.0.0/24 route-map weft-via-203.0.113.50\n"
				  "  network 198.18.0.5/32\n"
				  " exit-address-family\n");
	bgp_config_free(config);
}

static void reads_it_again(void **state)
{
	struct bgp_config *config = some(), *six = empty(6), *again;
	g_autofree char *text = bgp_config_text(config), *other = NULL, *text6 = NULL;

	(void)state;
	again = bgp_config_parse(text);
	assert_non_null(again);
	assert_true(bgp_config_equal(config, again));
	assert_true(bgp_config_has_peer(again, "203.0.113.2"));
	assert_false(bgp_config_has_peer(again, "203.0.113.3"));
	bgp_config_free(again);
	peer(six, "2001:db8:1::1", 65000, NULL);
	route(six, "2001:db8:77::/64", "2001:db8:1::50");
	text6 = bgp_config_text(six);
	assert_non_null(strstr(text6, " set ipv6 next-hop global 2001:db8:1::50\n"));
	assert_non_null(strstr(text6, " address-family ipv6 unicast\n"));
	again = bgp_config_parse(text6);
	assert_non_null(again);
	bgp_config_free(again);
	/* somebody has edited it */
	other = g_strconcat(text, "line vty\n", NULL);
	assert_null(bgp_config_parse(other));
	assert_null(bgp_config_parse(""));
	bgp_config_free(config);
	bgp_config_free(six);
}

static void changes_only_what_differs(void **state)
{
	struct bgp_config *old = some(), *now = empty(4);
	g_autofree char *commands = NULL, *nothing = NULL;

	(void)state;
	peer(now, "203.0.113.1", 65000, NULL);
	peer(now, "203.0.113.3", 65003, "x");
	route(now, "198.18.0.6/32", NULL);
	route(now, "10.77.0.0/24", "203.0.113.51");
	commands = bgp_config_commands(old, now);
	assert_string_equal(commands, "route-map weft-via-203.0.113.51 permit 10\n"
				      " set ip next-hop 203.0.113.51\n"
				      "exit\n"
				      "router bgp 4200000001\n"
				      " no neighbor 203.0.113.2\n"
				      " no neighbor 203.0.113.1 password\n"
				      " neighbor 203.0.113.1 remote-as 65000\n"
				      " neighbor 203.0.113.1 disable-connected-check\n"
				      " neighbor 203.0.113.1 ebgp-multihop 255\n"
				      " neighbor 203.0.113.1 timers 3 9\n"
				      " neighbor 203.0.113.1 timers connect 5\n"
				      " neighbor 203.0.113.3 remote-as 65003\n"
				      " neighbor 203.0.113.3 disable-connected-check\n"
				      " neighbor 203.0.113.3 ebgp-multihop 255\n"
				      " neighbor 203.0.113.3 timers 3 9\n"
				      " neighbor 203.0.113.3 timers connect 5\n"
				      " neighbor 203.0.113.3 password x\n"
				      " address-family ipv4 unicast\n"
				      "  neighbor 203.0.113.3 activate\n"
				      "  neighbor 203.0.113.3 prefix-list weft-nothing in\n"
				      "  neighbor 203.0.113.3 attribute-unchanged next-hop\n"
				      "  no network 198.18.0.5/32\n"
				      "  no network 10.77.0.0/24\n"
				      "  network 10.77.0.0/24 route-map weft-via-203.0.113.51\n"
				      "  network 198.18.0.6/32\n"
				      " exit-address-family\n");
	nothing = bgp_config_commands(now, now);
	assert_string_equal(nothing,
		"router bgp 4200000001\n address-family ipv4 unicast\n exit-address-family\n");
	bgp_config_free(old);
	bgp_config_free(now);
}

static void another_system_is_another_bgpd(void **state)
{
	struct ip id = ip("192.0.2.11");
	struct bgp_config *old = some(), *now = bgp_config_new(65010, 4, &id), *six = empty(6);

	(void)state;
	assert_null(bgp_config_commands(old, now));
	assert_null(bgp_config_commands(old, six));
	bgp_config_free(old);
	bgp_config_free(now);
	bgp_config_free(six);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_file),
		cmocka_unit_test(reads_it_again),
		cmocka_unit_test(changes_only_what_differs),
		cmocka_unit_test(another_system_is_another_bgpd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
