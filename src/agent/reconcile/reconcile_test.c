/* SPDX-License-Identifier: Apache-2.0 */
/* View lines in, datapath calls out: desired, reconcile and view together, on a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

static void a_snapshot_is_wired(void **state)
{
	(void)state;
	snapshot();
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	assert_string_equal(last_changed->reason, "no device is plugged");
	plug(12);
	assert_int_equal(last_changed->state, PORT_WIRED);
	expect_content(WHOLE);
}

static void a_device_that_goes_takes_its_endpoint_along(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	plug(0);
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	g_autofree char *content = fake_content();
	assert_null(strstr(content, "port 12"));
	assert_null(strstr(content, "if 12"));
	plug(13); /* it is another one when it comes again */
	assert_int_equal(last_changed->state, PORT_WIRED);
	g_autofree char *again = fake_content();
	assert_non_null(strstr(again, "endpoint 7 fa:16:3e:00:00:05 if 13\n"));
}

/* A guest that may move here is attached, silent, and elsewhere until its port is active. */
static void a_port_that_may_move_here_waits(void **state)
{
	(void)state;
	snapshot();
	put_port("'active':false,");
	put_endpoint(PORT, PEER, 5, "");
	sync_now();
	plug(12);
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	g_autofree char *waiting = fake_content();
	assert_non_null(strstr(waiting, " down "));
	assert_non_null(strstr(waiting, "endpoint 7 fa:16:3e:00:00:05 geneve 192.0.2.2\n"));
	put_port("");
	put_endpoint(PORT, ME, 5, "");
	sync_now();
	assert_int_equal(last_changed->state, PORT_WIRED);
	expect_content(WHOLE);
}

/* The kernel tells of what the agent itself has set on a device. */
static void an_echo_costs_nothing(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	g_free(fake_take());
	plug(12);
	assert_int_equal(fake_calls(), 0);
}

/* The cost of a change does not depend on the size of the network. */
static void one_more_endpoint_costs_two_calls(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	for (unsigned i = 0; i < 200; i++) {
		char id[UUID_STRLEN];

		snprintf(id, sizeof(id), "55555555-0000-4000-8000-%012u", i);
		put_endpoint(id, PEER, i % 40 + 7, "");
	}
	sync_now();
	g_free(fake_take());
	put_endpoint(FAR2, PEER, 99, "");
	sync_now();
	g_autofree char *calls = fake_take();
	assert_true(strstr(calls, "put endpoint 7 fa:16:3e:00:00:63 geneve 192.0.2.2\n"));
	assert_true(strstr(calls, "put neighbour 7 10.0.0.99 fa:16:3e:00:00:63\n"));
	assert_int_equal(strlen(calls), strlen("put endpoint 7 fa:16:3e:00:00:63 geneve 192.0.2.2\n"
					       "put neighbour 7 10.0.0.99 fa:16:3e:00:00:63\n"));
}

/* A moved endpoint is never missing in between. */
static void a_move_is_one_put(void **state)
{
	(void)state;
	snapshot();
	g_free(fake_take());
	line("{\"op\":\"delete\",\"kind\":\"endpoint\",\"id\":\"" FAR "\",\"scope\":\"" N_SCOPE
	     "\",\"rev\":2}");
	put_endpoint(FAR, ME, 6, "");
	put_endpoint(FAR, PEER, 6, "");
	sync_now();
	g_autofree char *calls = fake_take();
	assert_null(strstr(calls, "del"));
}

/* By it a router answers who solicits it, and DHCPv6 is spoken; who has no IPv6 needs none. */
static void who_speaks_ipv6_is_found_by_its_link_local_address(void **state)
{
	(void)state;
	snapshot();
	put("endpoint", FAR2, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" PEER "','mac_address':'fa:16:3e:00:00:08',"
		"'ips':['10.0.0.8','2001:db8::8'],'allowed_address_pairs':[],'dns_name':''}");
	sync_now();
	g_autofree char *text = fake_content();
	assert_non_null(strstr(text, "neighbour 7 fe80::f816:3eff:fe00:8 fa:16:3e:00:00:08\n"));
	assert_null(strstr(text, "fe80::f816:3eff:fe00:6 "));
}

static void shared_addresses_are_left_to_the_guests(void **state)
{
	static const char vip[] = "{'ip_address':'10.0.0.100','mac_address':'00:00:5e:00:01:01'}";

	(void)state;
	snapshot();
	put_endpoint(FAR, PEER, 6, vip);
	sync_now();
	g_autofree char *one = fake_content();
	assert_non_null(strstr(one, "endpoint 7 00:00:5e:00:01:01 geneve 192.0.2.2\n"));
	assert_non_null(strstr(one, "neighbour 7 10.0.0.100 00:00:5e:00:01:01\n")); /* who else? */
	assert_non_null(strstr(one, "network 7 mtu 1442 gateway 10.0.0.1 shared\n"));
	put_endpoint(FAR2, PEER, 8, vip);
	put_endpoint(PORT, ME, 5, "{'ip_address':'10.0.0.6','mac_address':'fa:16:3e:00:00:05'}");
	sync_now();
	g_autofree char *two = fake_content();
	assert_null(strstr(two, "00:00:5e")); /* two may have it: only the wire knows */
	assert_null(strstr(two, "10.0.0.100"));
	/* somebody else may have it too: routers believe that nobody has, guests ask */
	assert_non_null(strstr(two, "neighbour 7 10.0.0.6 fa:16:3e:00:00:06 routed\n"));
	put_endpoint(PORT, ME, 5, "");
	put_endpoint(FAR, PEER, 6, "");
	put_endpoint(FAR2, PEER, 8, "");
	sync_now();
	g_autofree char *none = fake_content();
	assert_non_null(strstr(none, "neighbour 7 10.0.0.6 fa:16:3e:00:00:06\n"));
	assert_null(strstr(none, "shared"));
}

static void another_vni_is_another_network(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put("network", NET, N_SCOPE, "{'vni':8,'mtu':1442}");
	sync_now();
	g_autofree char *content = fake_content();
	assert_null(strstr(content, " 7 "));
	assert_non_null(strstr(content, "endpoint 8 fa:16:3e:00:00:06 geneve 192.0.2.2\n"));
	assert_non_null(strstr(content, "member 8 192.0.2.2 geneve\n"));
	assert_non_null(strstr(content, "port 12 vni 8 "));
}

static void a_peer_that_moves_its_tunnel_takes_its_endpoints_along(void **state)
{
	(void)state;
	snapshot();
	put("member", NET "/" PEER, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" PEER
		"','tunnel_ips':['2001:db8::9'],'encapsulations':['vxlan']}");
	sync_now();
	g_autofree char *content = fake_content();
	assert_non_null(strstr(content, "endpoint 7 fa:16:3e:00:00:06 vxlan 2001:db8::9\n"));
	assert_non_null(strstr(content, "member 7 2001:db8::9 vxlan\n"));
	assert_null(strstr(content, "192.0.2.2"));
}

/* Its guests' questions go onto the network like any other frame. */
static void a_host_may_be_told_not_to_answer_dhcp(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put("member", NET "/" ME, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" ME
		"','dhcp':false,'tunnel_ips':['192.0.2.1'],'encapsulations':['geneve']}");
	sync_now();
	g_autofree char *without = fake_content();
	assert_non_null(strstr(without, "port 12 vni 7 secure dns 10.0.0.5/32"));
	put("member", NET "/" ME, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" ME
		"','tunnel_ips':['192.0.2.1'],'encapsulations':['geneve']}");
	sync_now();
	g_autofree char *with = fake_content();
	assert_non_null(strstr(with, PORT_LINE));
}

static void a_failed_call_is_healed_by_stating_all(void **state)
{
	(void)state;
	fake_fail("put endpoint 7 fa:16:3e:00:00:06");
	snapshot();
	plug(12);
	assert_true(reconcile.failed);
	reconcile_all(&reconcile);
	assert_false(reconcile.failed);
	expect_content(WHOLE);
}

static void a_record_that_is_wrong_disturbs_no_other(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put("endpoint", FAR, N_SCOPE,
		"{'network_id':'" NET "','host_id':'" PEER "','mac_address':'x'}");
	put("flux", "any", "flux/1", "{'a':1}"); /* a kind of the future */
	sync_now();
	assert_int_equal(view->stats.refused, 1);
	expect_content(WHOLE);
}

static void an_uplink_is_no_guest(void **state)
{
	struct link device = { .ifindex = 3, .name = "eth0" };
	struct uuid port;

	(void)state;
	snapshot();
	assert_true(uuid_parse(PORT, &port));
	desired_set_device(desired, &port, &device);
	reconcile_flush(&reconcile);
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	assert_non_null(strstr(last_changed->reason, "uplink"));
}

static bool has_line(const char *part)
{
	g_autofree char *content = fake_content();

	return strstr(content, part) != NULL;
}

/* A subport is on its parent's device, by its tag: with it, and gone with it. */
static void subports(void **state)
{
	static const char subport[] =
		"{'network_id':'" NET "','mac_address':'fa:16:3e:00:00:08','fixed_ips':[],"
		"'parent_id':'" PORT "','segmentation_id':7}";
	struct port *port;
	struct uuid id;

	(void)state;
	assert_true(uuid_parse(FAR2, &id));
	snapshot();
	put("port", FAR2, "host/" ME, subport);
	sync_now();
	port = desired_port(desired, &id);
	assert_int_equal(port->state, PORT_NOT_WIRED);
	assert_non_null(strstr(port->reason, "parent"));
	plug(12);
	assert_int_equal(port->state, PORT_WIRED);
	assert_int_equal(port->applied_ifindex, dp_subport(12, 7));
	assert_string_equal(port->applied_name + strlen(port->applied_name) - 2, ".7");
	assert_true(has_line("port 2147532807 vni 7"));
	plug(13); /* the parent's device is another one */
	assert_int_equal(port->applied_ifindex, dp_subport(13, 7));
	assert_false(has_line("port 2147532807"));
	line("{\"op\":\"delete\",\"kind\":\"port\",\"id\":\"" PORT "\",\"scope\":\"host/" ME
	     "\",\"rev\":9}");
	sync_now();
	assert_int_equal(port->applied_ifindex, 0);
	assert_int_equal(port->state, PORT_NOT_WIRED);
	line("{\"op\":\"delete\",\"kind\":\"port\",\"id\":\"" FAR2 "\",\"scope\":\"host/" ME
	     "\",\"rev\":9}");
	sync_now();
	assert_null(desired_port(desired, &id));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_snapshot_is_wired),
		TEST(a_device_that_goes_takes_its_endpoint_along),
		TEST(a_port_that_may_move_here_waits),
		TEST(an_echo_costs_nothing),
		TEST(one_more_endpoint_costs_two_calls),
		TEST(a_move_is_one_put),
		TEST(who_speaks_ipv6_is_found_by_its_link_local_address),
		TEST(shared_addresses_are_left_to_the_guests),
		TEST(another_vni_is_another_network),
		TEST(a_peer_that_moves_its_tunnel_takes_its_endpoints_along),
		TEST(a_host_may_be_told_not_to_answer_dhcp),
		TEST(a_failed_call_is_healed_by_stating_all),
		TEST(a_record_that_is_wrong_disturbs_no_other),
		TEST(an_uplink_is_no_guest),
		TEST(subports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
