/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of floating IPs and gateways, on a fake datapath: before what has them, and gone with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define ROUTER "66666666-0000-4000-8000-000000000001"
#define INTERFACE "77777777-0000-4000-8000-000000000001"
#define GATEWAY "88888888-0000-4000-8000-000000000001"
#define FLOATING "99999999-0000-4000-8000-000000000001"
#define PUBLIC "11111111-0000-4000-8000-000000000009"
#define WEB "aaaaaaaa-0000-4000-8000-000000000001"
#define R_SCOPE "router/" ROUTER
#define WIRE "'network_type':'vlan','physical_network':'public','segmentation_id':100"
#define OUT ",'qos':{'egress':{'max_kbps':2000,'max_burst_kbps':300}}"
#define BOTH ",'qos':{'egress':{'max_kbps':1000},'ingress':{'max_kpps':7,'max_burst_kpps':2}}"
#define FLOATS "floating wire20.100 203.0.113.20 10.0.0.5 fa:16:3e:00:09:20 40000066666666"
#define GATE "gateway 40000066666666 wire20.100 "
#define GATE_END " mtu 1500 203.0.113.5 - snat"

static void put_gateway(const char *hosts, const char *more)
{
	g_autofree char *data = g_strdup_printf(
		"{'router_id':'" ROUTER "','network_id':'" PUBLIC "'," WIRE
		",'mtu':1500,'mac_address':'fa:16:3e:00:09:01','fixed_ips':[{'ip_address':"
		"'203.0.113.5','subnet_id':'" PUBLIC "'}],'subnets':[{'cidr':'203.0.113.0/24',"
		"'gateway_ip':'203.0.113.1'}],'hosts':['%s']%s}",
		hosts, more);

	put("gateway", GATEWAY, R_SCOPE, data);
	sync_now();
}

static void put_floating_ip(const char *more)
{
	g_autofree char *data = g_strdup_printf(
		"{'floating_ip_address':'203.0.113.20','fixed_ip_address':'10.0.0.5','mac_address':"
		"'fa:16:3e:00:09:20','router_id':'" ROUTER "','port_id':'" PORT
		"','network_id':'" PUBLIC "'," WIRE "%s}",
		more);

	put("floating_ip", FLOATING, "host/" ME, data);
	sync_now();
}

static void forget(const char *kind, const char *id, const char *scope)
{
	g_autofree char *text = g_strdup_printf(
		"{\"op\":\"delete\",\"kind\":\"%s\",\"id\":\"%s\",\"scope\":\"%s\",\"rev\":9}",
		kind, id, scope);

	line(text);
	sync_now();
}

static void begin(void)
{
	desired_map_wire(desired, "public", "ext0");
	desired_set_wire(desired, "ext0", 20);
	snapshot();
	put("interface", INTERFACE, N_SCOPE,
		"{'network_id':'" NET "','router_id':'" ROUTER
		"','mac_address':'fa:16:3e:00:01:01','fixed_ips':[{'ip_address':'10.0.0.1',"
		"'subnet_id':'" SUBNET "'}]}");
	sync_now();
	g_free(fake_take());
}

/* The calls since the last time that are about limits and what has them, in order. */
static void expect_calls(const char *expected)
{
	static const char *const words[] = { " limits ", " gateway ", " floating ", " forwarded " };
	g_autofree char *calls = fake_take();
	g_auto(GStrv) lines = g_strsplit(calls, "\n", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		for (size_t w = 0; w < G_N_ELEMENTS(words); w++)
			if (g_str_has_prefix(lines[i] + strcspn(lines[i], " "), words[w])) {
				g_string_append_printf(text, "%s\n", lines[i]);
				break;
			}
	assert_string_equal(text->str, expected);
}

static void of_a_floating_ip(void **state)
{
	(void)state;
	begin();
	put_floating_ip("");
	expect_calls("put " FLOATS "\n");
	put_floating_ip(OUT);
	expect_calls("put limits 99 2000+300 0+0, 0+0 0+0 new\nput " FLOATS " limits 99\n");
	put_floating_ip(BOTH);
	expect_calls("put limits 99 1000+0 0+0, 0+0 7+2\nput " FLOATS " limits 99\n");
	put_floating_ip("");
	expect_calls("put " FLOATS "\ndel limits 99\n");
	put_floating_ip(OUT);
	g_free(fake_take());
	forget("floating_ip", FLOATING, "host/" ME);
	expect_calls("del floating wire20.100 203.0.113.20\ndel limits 99\n");
}

/* What can't be limited does not work without. */
static void without_its_limits(void **state)
{
	(void)state;
	begin();
	fake_fail("put limits");
	put_floating_ip(OUT);
	expect_calls("put limits 99 2000+300 0+0, 0+0 0+0 new\n");
	assert_int_equal(last_floating_ip->state, PORT_NOT_WIRED);
	put_floating_ip(OUT);
	expect_calls("put limits 99 2000+300 0+0, 0+0 0+0 new\nput " FLOATS " limits 99\n");
	assert_int_equal(last_floating_ip->state, PORT_WIRED);
}

/* On the host that has it, and there alone. */
static void of_a_gateway(void **state)
{
	(void)state;
	begin();
	put_gateway(PEER, OUT);
	expect_calls("put " GATE "192.0.2.2" GATE_END "\n");
	put_gateway(ME, OUT);
	expect_calls("put limits 66 2000+300 0+0, 0+0 0+0 new\nput " GATE "here" GATE_END
		     " limits 66\n");
	put_gateway(ME, BOTH);
	expect_calls("put limits 66 1000+0 0+0, 0+0 7+2\nput " GATE "here" GATE_END " limits 66\n");
	put_gateway(PEER, BOTH);
	expect_calls("put " GATE "192.0.2.2" GATE_END "\ndel limits 66\n");
	put_gateway(ME, OUT);
	g_free(fake_take());
	forget("gateway", GATEWAY, R_SCOPE);
	expect_calls("del gateway 40000066666666\ndel limits 66\n");
}

static void of_forwarded_ports(void **state)
{
	(void)state;
	begin();
	put_gateway(ME, "");
	g_free(fake_take());
	put("port_forwarding", WEB, R_SCOPE,
		"{'router_id':'" ROUTER "','floating_ip_id':'" FLOATING
		"','floating_ip_address':'203.0.113.20','internal_ip_address':'10.0.0.5',"
		"'protocol':'tcp','external_port_first':80,'external_port_last':80,"
		"'internal_port_first':8080,'internal_port_last':8080" OUT "}");
	sync_now();
	expect_calls(
		"put limits 99 2000+300 0+0, 0+0 0+0 new\n"
		"put forwarded wire20.100 203.0.113.20 fa:16:3e:00:09:01 40000066666666 limits 99\n");
	/* the floating IP stands for a port now: neither takes away what the other has */
	put_floating_ip(OUT);
	g_free(fake_take());
	forget("port_forwarding", WEB, R_SCOPE);
	expect_calls("del forwarded wire20.100 203.0.113.20\ndel limits 99\n");
}

#define QUOTA "cccccccc-0000-4000-8000-0000000000e1"
#define CLOUD "cloud/00000000-0000-0000-0000-000000000000"
#define RED "deadbeef-0000-4000-8000-000000000001"

/* A project's quota of connections is for those by its routers' addresses too. */
static void of_a_projects_translations(void **state)
{
	(void)state;
	begin();
	put_gateway(PEER, ",'project_id':'" RED "'");
	g_free(fake_take());
	put("connection-quota", QUOTA, CLOUD, "{'project_id':'blue','limit':5}");
	sync_now();
	expect_calls("");
	put("connection-quota", QUOTA, CLOUD, "{'project_id':'" RED "','limit':6}");
	sync_now();
	expect_calls("put " GATE "192.0.2.2" GATE_END " of deadbeef translations 6\n");
	forget("connection-quota", QUOTA, CLOUD);
	expect_calls("put " GATE "192.0.2.2" GATE_END "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_a_floating_ip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_its_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_a_gateway, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_forwarded_ports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_a_projects_translations, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
