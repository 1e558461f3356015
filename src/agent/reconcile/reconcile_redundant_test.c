/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that two appliances share: where they are with a controller, and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define THIRD "33333333-0000-4000-8000-000000000003"
#define HERE "endpoint 7 fa:16:3e:00:00:05 if 12\n"
#define AT_PEER "endpoint 7 fa:16:3e:00:00:05 geneve 192.0.2.2\n"
#define AT_THIRD "endpoint 7 fa:16:3e:00:00:05 geneve 192.0.2.3\n"

static void put_shared(const char *standby)
{
	g_autofree char *data =
		g_strdup_printf("{'network_id':'" NET "','host_id':'" PEER
				"','mac_address':'fa:16:3e:00:00:05','ips':['10.0.0.5'],"
				"'allowed_address_pairs':[],'dns_name':'','standby_hosts':['%s']}",
			standby);

	put("member", NET "/" ME, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" ME
		"','tunnel_ips':['192.0.2.1'],'encapsulations':['vxlan','geneve']}");
	put("endpoint", PORT, N_SCOPE, data);
}

static void judge(const char *dead, bool alone)
{
	dead_host = dead;
	reconcile.alone = alone;
	desired_mark_redundant(desired);
	reconcile_flush(&reconcile);
}

static void expect(const char *place, bool down)
{
	g_autofree char *content = fake_content();

	if (!strstr(content, place))
		fail_msg("no \"%s\" in\n%s", place, content);
	assert_int_equal(strstr(content, " down ") != NULL, down);
}

static void the_controller_decides(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put_shared(ME);
	put_port("'active':false,");
	sync_now();
	judge(NULL, false);
	expect(AT_PEER, true);
	judge("192.0.2.2", false);
	expect(AT_PEER, true);
}

static void without_one_the_dead_hosts_port_is_here(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put_shared(ME);
	put_port("'active':false,");
	sync_now();
	judge(NULL, true);
	expect(AT_PEER, true);
	judge("192.0.2.2", true);
	expect(HERE, false);
	judge("192.0.2.2", false);
	expect(AT_PEER, true);
}

static void third_hosts_find_it_too(void **state)
{
	(void)state;
	snapshot();
	put("member", NET "/" THIRD, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" THIRD
		"','tunnel_ips':['192.0.2.3'],'encapsulations':['vxlan','geneve']}");
	put_shared(THIRD);
	sync_now();
	judge("192.0.2.2", false);
	expect(AT_PEER, false);
	judge("192.0.2.2", true);
	expect(AT_THIRD, false);
	judge(NULL, true);
	expect(AT_PEER, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_controller_decides, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_one_the_dead_hosts_port_is_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(third_hosts_find_it_too, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
