/* SPDX-License-Identifier: Apache-2.0 */
/* Routers: records of interfaces in, interfaces, routes and neighbours out, on a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define NET2 "11111111-0000-4000-8000-000000000002"
#define SUBNET2 "22222222-0000-4000-8000-000000000002"
#define ROUTER "66666666-0000-4000-8000-000000000001"
#define ROUTER_KEY "40000066666666"
#define IF1 "77777777-0000-4000-8000-000000000001"
#define IF2 "77777777-0000-4000-8000-000000000002"

static void put_interface(const char *id, const char *network, const char *subnet, const char *mac,
	const char *ip, const char *more)
{
	g_autofree char *scope = g_strconcat("network/", network, NULL);
	g_autofree char *data = g_strdup_printf(
		"{'network_id':'%s','router_id':'" ROUTER
		"','mac_address':'%s','fixed_ips':[{'ip_address':'%s','subnet_id':'%s'}]%s}",
		network, mac, ip, subnet, more);

	put("interface", id, scope, data);
}

static void put_interface1(const char *more)
{
	put_interface(IF1, NET, SUBNET, "fa:16:3e:00:01:01", "10.0.0.1", more);
}

static void put_network2(const char *vni)
{
	g_autofree char *data =
		g_strdup_printf("{'name':'n2','vni':%s,'mtu':1442,'admin_state_up':true}", vni);

	put("network", NET2, "network/" NET2, data);
}

/* One with two next hops, one that a connected subnet hides, one that leads nowhere. */
#define ROUTES                                                             \
	",'routes':[{'destination':'172.16.0.0/12','nexthop':'10.2.0.9'}," \
	"{'destination':'10.2.0.0/24','nexthop':'10.0.0.9'},"              \
	"{'destination':'192.168.0.0/16','nexthop':'203.0.113.1'},"        \
	"{'destination':'172.16.0.0/12','nexthop':'10.0.0.8'}]"

static void route(void)
{
	snapshot();
	put_interface1(ROUTES);
	put_interface(IF2, NET2, SUBNET2, "fa:16:3e:00:01:02", "10.2.0.1", ROUTES);
	put_network2("8");
	put("subnet", SUBNET2, "network/" NET2,
		"{'network_id':'" NET2
		"','cidr':'10.2.0.0/24','ip_version':4,'gateway_ip':'10.2.0.1'}");
	put("member", NET2 "/" PEER, "network/" NET2,
		"{'network_id':'" NET2 "','host_id':'" PEER
		"','routed':true,'tunnel_ips':['192.0.2.2'],'encapsulations':['vxlan','geneve']}");
	sync_now();
}

/* The lines of the datapath's content that tell of routing. */
static char *routing(void)
{
	static const char *const kinds[] = { "interface", "route", "neighbour 8",
		"neighbour 7 10.0.0.1 ", "member 8" };
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	GString *text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
			if (g_str_has_prefix(lines[i], kinds[k]))
				g_string_append_printf(text, "%s\n", lines[i]);
	return g_string_free(text, FALSE);
}

static void expect_routing(const char *expected)
{
	g_autofree char *text = routing();

	assert_string_equal(text, expected);
}

#define ON_NET1                                          \
	"route " ROUTER_KEY " 10.0.0.0/24 connected 7\n" \
	"route " ROUTER_KEY " 10.0.0.1/32 local\n"
#define WHOLE_ROUTER                                                                           \
	"interface 7 fa:16:3e:00:01:01 " ROUTER_KEY " 10.0.0.1 -\n"                            \
	"interface 8 fa:16:3e:00:01:02 " ROUTER_KEY " 10.2.0.1 -\n"                            \
	"member 8 192.0.2.2 geneve routed\n"                                                   \
	"neighbour 7 10.0.0.1 fa:16:3e:00:01:01\n"                                             \
	"neighbour 8 10.2.0.1 fa:16:3e:00:01:02\n"                                             \
	"neighbour 8 fe80::f816:3eff:fe00:102 fa:16:3e:00:01:02\n" ON_NET1 "route " ROUTER_KEY \
	" 10.2.0.0/24 connected 8\n"                                                           \
	"route " ROUTER_KEY " 10.2.0.1/32 local\n"                                             \
	"route " ROUTER_KEY " 172.16.0.0/12 via 10.2.0.9 8 10.0.0.8 7\n"                       \
	"route " ROUTER_KEY " fe80::f816:3eff:fe00:101/128 local\n"                            \
	"route " ROUTER_KEY " fe80::f816:3eff:fe00:102/128 local\n"

static void a_router_is_wired(void **state)
{
	(void)state;
	route();
	expect_routing(WHOLE_ROUTER);
	assert_int_equal(last_interface->state, PORT_WIRED);
	assert_int_equal(n_rerouted, 2);
}

/* The other network stays, and what its subnet hid comes to light; with the last one all goes. */
static void an_interface_goes(void **state)
{
	(void)state;
	route();
	line("{\"op\":\"delete\",\"kind\":\"interface\",\"id\":\"" IF2
	     "\",\"scope\":\"network/" NET2 "\",\"rev\":9}");
	sync_now();
	expect_routing("interface 7 fa:16:3e:00:01:01 " ROUTER_KEY " 10.0.0.1 -\n"
		       "member 8 192.0.2.2 geneve routed\n"
		       "neighbour 7 10.0.0.1 fa:16:3e:00:01:01\n" ON_NET1 "route " ROUTER_KEY
		       " 10.2.0.0/24 via 10.0.0.9 7\nroute " ROUTER_KEY
		       " 172.16.0.0/12 via 10.0.0.8 7\nroute " ROUTER_KEY
		       " fe80::f816:3eff:fe00:101/128 local\n");
	line("{\"op\":\"drop\",\"scope\":\"network/" NET2 "\",\"rev\":10}");
	line("{\"op\":\"delete\",\"kind\":\"interface\",\"id\":\"" IF1 "\",\"scope\":\"" N_SCOPE
	     "\",\"rev\":11}");
	sync_now();
	expect_routing("");
	assert_int_equal(g_hash_table_size(desired->routers), 0);
}

/* A router that is down is not there. */
static void admin_state(void **state)
{
	(void)state;
	snapshot();
	put_interface1(",'admin_state_up':false");
	sync_now();
	expect_routing("");
	put_interface1("");
	sync_now();
	expect_routing("interface 7 fa:16:3e:00:01:01 " ROUTER_KEY " 10.0.0.1 -\n"
		       "neighbour 7 10.0.0.1 fa:16:3e:00:01:01\n" ON_NET1 "route " ROUTER_KEY
		       " fe80::f816:3eff:fe00:101/128 local\n");
}

/* A guest that may use the gateway's address does not get it. */
static void a_guest_claims_the_gateway(void **state)
{
	(void)state;
	route();
	put_endpoint(FAR, PEER, 6,
		"{'ip_address':'10.0.0.1','mac_address':'fa:16:3e:00:00:06'},"
		"{'ip_address':'10.0.0.9','mac_address':'fa:16:3e:00:01:01'}");
	sync_now();
	expect_routing(WHOLE_ROUTER);
	g_autofree char *content = fake_content();
	assert_null(strstr(content, "endpoint 7 fa:16:3e:00:01:01"));
}

static void another_vni(void **state)
{
	(void)state;
	route();
	put_network2("9");
	sync_now();
	g_autofree char *text = routing();
	assert_null(strstr(text, " 8 fa:16"));
	assert_null(strstr(text, "neighbour 8"));
	assert_non_null(strstr(text, "interface 9 fa:16:3e:00:01:02"));
	assert_non_null(strstr(text, "10.2.0.0/24 connected 9\n"));
}

static void what_fails_is_told(void **state)
{
	(void)state;
	snapshot();
	fake_fail("put route " ROUTER_KEY " 10.0.0.0/24");
	put_interface1("");
	sync_now();
	assert_int_equal(last_interface->state, PORT_NOT_WIRED);
	assert_non_null(strstr(last_interface->reason, "the fake fails"));
	assert_true(reconcile.failed);
	reconcile_all(&reconcile);
	assert_int_equal(last_interface->state, PORT_WIRED);
}

static void expect_guards(const char *expected)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], "guard"))
			g_string_append_printf(text, "%s\n", lines[i]);
	assert_string_equal(text->str, expected);
}

#define R_SCOPE "router/" ROUTER
#define RULE(action)                                                                         \
	"{'id':'88888888-0000-4000-8000-000000000001','action':'" action "','ip_version':4," \
	"'protocol':6,'source_ip_address':'10.0.0.0/24','destination_port_first':80,"        \
	"'destination_port_last':81}"

static void a_firewall_group(void **state)
{
	(void)state;
	route();
	put("router-firewall", IF1, R_SCOPE,
		"{'router_id':'" ROUTER "','firewall_group_id':'" FAR
		"','name':'g','ingress':[" RULE("deny") "],'egress':[]}");
	sync_now();
	expect_guards(
		"guard 7 fa:16:3e:00:01:01 in [deny 01 v4 6 from 10.0.0.0/24 80-81] out group 02\n");
	put("router-firewall", IF1, R_SCOPE,
		"{'router_id':'" ROUTER "','firewall_group_id':'" FAR
		"','name':'g','ingress':[],'egress':[" RULE("reject") "]}");
	sync_now();
	expect_guards(
		"guard 7 fa:16:3e:00:01:01 in out [reject 01 v4 6 from 10.0.0.0/24 80-81] group 02\n");
	put("log", FAR2, "cloud/00000000-0000-0000-0000-000000000000",
		"{'event':'DROP','resource_type':'firewall_group','resource_id':'" FAR "'}");
	put("router-firewall", IF1, R_SCOPE,
		"{'router_id':'" ROUTER "','firewall_group_id':'" FAR
		"','name':'g','ingress':[],'egress':[{'id':'" FAR2
		"','action':'allow','ip_version':6,'source_firewall_group_id':'" FAR
		"','destination_firewall_group_id':'" PORT "'}]}");
	sync_now();
	expect_guards(
		"guard 7 fa:16:3e:00:01:01 in out [allow 03 v6 -1 in by 02 out by 01] group 02 log 2\n");
	put_interface1(ROUTES ",'admin_state_up':false");
	sync_now();
	expect_guards("");
	put_interface1(ROUTES);
	sync_now();
	line("{\"op\":\"delete\",\"kind\":\"router-firewall\",\"id\":\"" IF1
	     "\",\"scope\":\"" R_SCOPE "\",\"rev\":9}");
	sync_now();
	expect_guards("");
	expect_routing(WHOLE_ROUTER);
}

#define BALANCER "aaaaaaaa-0000-4000-8000-000000000001"

/* Its VIP on the first network, and a member on the second. */
static void put_balancer(void)
{
	put("load_balancer", BALANCER, N_SCOPE,
		"{'network_id':'" NET "','vip_address':'10.0.0.90','additional_vips':[],"
		"'mac_address':'fa:16:3e:00:0a:01','admin_state_up':true,'listeners':[{'id':'" FAR2
		"','protocol':'TCP','port':80,'pool_id':'" FAR "'}],'pools':[{'id':'" FAR
		"','members':[{'id':'" FAR "','network_id':'" NET2
		"','address':'10.2.0.7','port':8080,'weight':1}]}]}");
	put("endpoint", FAR2, "network/" NET2,
		"{'network_id':'" NET2 "','host_id':'" PEER
		"','mac_address':'fa:16:3e:00:02:07','ips':['10.2.0.7']}");
	sync_now();
}

static void expect_listener(const char *way)
{
	g_autofree char *content = fake_content();
	g_autofree char *expected = g_strdup_printf(
		"listener 7 10.0.0.90 6 80 [8 fa:16:3e:00:02:07 10.2.0.7 8080 x 1%s]\n", way);

	if (!strstr(content, expected))
		fail_msg("no %s in %s", expected, content);
}

/* Who connects from the VIP's own network is asked about at the router that leads to the member,
 * also where that is not the network's gateway. */
static void the_way_to_a_member(void **state)
{
	(void)state;
	route();
	put_balancer();
	expect_listener("");
	put("subnet", SUBNET, N_SCOPE,
		"{'network_id':'" NET "','cidr':'10.0.0.0/24','ip_version':4,'gateway_ip':null}");
	sync_now();
	expect_listener(" by fa:16:3e:00:01:01");
	put("subnet", SUBNET, N_SCOPE,
		"{'network_id':'" NET
		"','cidr':'10.0.0.0/24','ip_version':4,'gateway_ip':'10.0.0.77'}");
	sync_now();
	expect_listener(" by fa:16:3e:00:01:01");
	put_interface1(",'admin_state_up':false");
	sync_now();
	expect_listener("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
		T(a_router_is_wired),
		T(an_interface_goes),
		T(admin_state),
		T(a_guest_claims_the_gateway),
		T(another_vni),
		T(what_fails_is_told),
		T(a_firewall_group),
		T(the_way_to_a_member),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
