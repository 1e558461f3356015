/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that several ports may have: where routers send what is for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define THIRD "33333333-0000-4000-8000-000000000003"
#define VMAC "00:00:5e:00:01:01"
#define AT_6 "neighbour 7 10.0.0.100 fa:16:3e:00:00:06 routed\n"
#define AT_8 "neighbour 7 10.0.0.100 fa:16:3e:00:00:08 routed\n"

/* As put_endpoint(), with 10.0.0.100 by @mac, which it holds or not. */
static void put_one(const char *id, const char *host, unsigned n, const char *mac, bool holds)
{
	g_autofree char *data = g_strdup_printf(
		"{'network_id':'" NET
		"','host_id':'%s','mac_address':'fa:16:3e:00:00:%02x','ips':['10.0.0.%u'],"
		"'allowed_address_pairs':[{'ip_address':'10.0.0.100','mac_address':'%s'}],"
		"'dns_name':''%s}",
		host, n, n, mac, holds ? ",'held_addresses':['10.0.0.100']" : "");

	put("endpoint", id, N_SCOPE, data);
}

static void put_two(bool first, bool second)
{
	put_one(FAR, PEER, 6, "fa:16:3e:00:00:06", first);
	put_one(FAR2, THIRD, 8, "fa:16:3e:00:00:08", second);
	sync_now();
}

static void begin(void)
{
	snapshot();
	plug(12);
	put("member", NET "/" THIRD, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" THIRD
		"','tunnel_ips':['192.0.2.3'],'encapsulations':['vxlan','geneve']}");
}

static void expect(const char *line)
{
	g_autofree char *content = fake_content();

	if (!strstr(content, line))
		fail_msg("no \"%s\" in\n%s", line, content);
}

static void expect_nobody(void)
{
	g_autofree char *content = fake_content();

	if (strstr(content, "neighbour 7 10.0.0.100 "))
		fail_msg("somebody has it in\n%s", content);
}

static void judge(const char *dead)
{
	dead_host = dead;
	desired_mark_holders(desired);
	reconcile_flush(&reconcile);
}

static void the_controller_says_who_has_it(void **state)
{
	(void)state;
	begin();
	put_two(false, false);
	expect_nobody();
	put_two(true, false);
	expect(AT_6);
	put_two(false, true);
	expect(AT_8);
	put_two(false, false);
	expect_nobody();
}

static void a_dead_host_has_nothing(void **state)
{
	(void)state;
	begin();
	put_two(true, false);
	judge("192.0.2.2");
	expect(AT_8); /* who else? */
	put_one(PORT, ME, 5, "fa:16:3e:00:00:05", false);
	sync_now();
	judge("192.0.2.2");
	expect_nobody();
	judge(NULL);
	expect(AT_6);
}

static void hear(const char *id)
{
	struct ip vip;
	struct uuid port;

	assert_true(ip_parse("10.0.0.100", &vip) && uuid_parse(id, &port));
	struct address address = address_of_ip(&vip);
	claim_hear(desired, endpoint_claim(desired_endpoint(desired, &port), &address));
	reconcile_flush(&reconcile);
}

static void what_is_heard_here_counts_until_the_controller_knows_better(void **state)
{
	(void)state;
	begin();
	put_two(true, false);
	hear(FAR2);
	expect(AT_8);
	put_two(true, false); /* nothing new */
	expect(AT_8);
	put_one(PORT, ME, 5, "fa:16:3e:00:00:05", true);
	put_two(false, false);
	expect("neighbour 7 10.0.0.100 fa:16:3e:00:00:05 routed\n");
	put_one(PORT, ME, 5, "fa:16:3e:00:00:05", false);
	put_two(false, true);
	expect(AT_8);
	hear(FAR);
	expect(AT_6);
	put_one(FAR2, THIRD, 8, "fa:16:3e:00:00:08", true); /* as it was */
	sync_now();
	expect(AT_6);
}

static void a_virtual_mac_goes_with_the_address(void **state)
{
	(void)state;
	begin();
	put_one(FAR, PEER, 6, VMAC, false);
	put_one(FAR2, THIRD, 8, VMAC, true);
	sync_now();
	expect("neighbour 7 10.0.0.100 " VMAC " routed\n");
	expect("endpoint 7 " VMAC " geneve 192.0.2.3\n");
	hear(FAR);
	expect("endpoint 7 " VMAC " geneve 192.0.2.2\n");
	judge("192.0.2.2");
	expect("endpoint 7 " VMAC " geneve 192.0.2.3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_controller_says_who_has_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dead_host_has_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_heard_here_counts_until_the_controller_knows_better, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_virtual_mac_goes_with_the_address, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
