/* SPDX-License-Identifier: Apache-2.0 */
/* Networks on wires, gateways and floating IPs, on a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/announce.h"
#include "agent/reconcile/reconcile_bed.h"
#include "agent/reconcile/snat.h"

#define ROUTER "66666666-0000-4000-8000-000000000001"
#define ROUTER_KEY "40000066666666"
#define INTERFACE "77777777-0000-4000-8000-000000000001"
#define GATEWAY "88888888-0000-4000-8000-000000000001"
#define FLOATING "99999999-0000-4000-8000-000000000001"
#define PUBLIC "11111111-0000-4000-8000-000000000009"
#define R_SCOPE "router/" ROUTER
#define WIRE "'network_type':'vlan','physical_network':'public','segmentation_id':100"

static void put_interface(void)
{
	put("interface", INTERFACE, N_SCOPE,
		"{'network_id':'" NET "','router_id':'" ROUTER
		"','mac_address':'fa:16:3e:00:01:01','fixed_ips':[{'ip_address':'10.0.0.1',"
		"'subnet_id':'" SUBNET
		"'}],'routes':[{'destination':'172.16.0.0/12','nexthop':'203.0.113.9'}]}");
}

static void put_gateway(const char *hosts, const char *more)
{
	g_autofree char *data = g_strdup_printf(
		"{'router_id':'" ROUTER "','network_id':'" PUBLIC "'," WIRE
		",'mtu':1500,'mac_address':'fa:16:3e:00:09:01','fixed_ips':[{'ip_address':"
		"'203.0.113.5','subnet_id':'" PUBLIC "'},{'ip_address':'2001:db8:1::5',"
		"'subnet_id':'" PUBLIC "'}],'subnets':[{'cidr':'203.0.113.0/24',"
		"'gateway_ip':'203.0.113.1'},{'cidr':'198.51.100.0/24','gateway_ip':"
		"'198.51.100.1'},{'cidr':'2001:db8:1::/64','gateway_ip':'2001:db8:1::1'}],"
		"'hosts':[%s]%s}",
		hosts, more);

	put("gateway", GATEWAY, R_SCOPE, data);
	sync_now();
}

#define BOTH "'" ME "','" PEER "'"
#define PEER_FIRST "'" PEER "','" ME "'"

static void begin(void)
{
	desired_map_wire(desired, "public", "ext0");
	desired_set_wire(desired, "ext0", 20);
	snapshot();
	put_interface();
	sync_now();
}

/* The lines of the datapath's content that begin so. */
static void expect_lines(const char *prefix, const char *expected)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], prefix))
			g_string_append_printf(text, "%s\n", lines[i]);
	assert_string_equal(text->str, expected);
}

static void expect_said(const char *expected)
{
	assert_string_equal(outside_said->str, expected);
	g_string_truncate(outside_said, 0);
}

static char *why_not(void)
{
	struct uuid id;

	assert_true(uuid_parse(GATEWAY, &id));
	return snat_why_not(desired, desired_gateway(desired, &id));
}

static void expect_why(const char *part)
{
	g_autofree char *why = why_not();

	assert_non_null(strstr(why, part));
}

#define NEXT_HOPS                       \
	"next hop 20.100 203.0.113.9\n" \
	"next hop 20.100 203.0.113.1\n" \
	"next hop 20.100 2001:db8:1::1\n"
#define PLACED "placed 20.100 203.0.113.5\nplaced 20.100 2001:db8:1::5\n"
#define WITHDRAWN "withdrawn 20.100 203.0.113.5\nwithdrawn 20.100 2001:db8:1::5\n"
#define HERE "gateway " ROUTER_KEY " wire20.100 here mtu 1500 203.0.113.5 2001:db8:1::5 snat\n"
#define THERE \
	"gateway " ROUTER_KEY " wire20.100 192.0.2.2 mtu 1500 203.0.113.5 2001:db8:1::5 snat\n"

static void a_gateway_is_here(void **state)
{
	(void)state;
	begin();
	put_gateway(BOTH, "");
	expect_lines("wires", "wires ext0\n");
	expect_lines("gateway", HERE);
	expect_lines("interface wire", "interface wire20.100 fa:16:3e:00:09:01 " ROUTER_KEY
				       " 203.0.113.5 2001:db8:1::5\n");
	expect_lines("route", "route " ROUTER_KEY " 0.0.0.0/0 via 203.0.113.1 wire20.100\n"
			      "route " ROUTER_KEY " 10.0.0.0/24 connected 7\n"
			      "route " ROUTER_KEY " 10.0.0.1/32 local\n"
			      "route " ROUTER_KEY " 172.16.0.0/12 via 203.0.113.9 wire20.100\n"
			      "route " ROUTER_KEY " 198.51.100.0/24 connected wire20.100\n"
			      "route " ROUTER_KEY " 2001:db8:1::/64 connected wire20.100\n"
			      "route " ROUTER_KEY " 203.0.113.0/24 connected wire20.100\n"
			      "route " ROUTER_KEY " ::/0 via 2001:db8:1::1 wire20.100\n"
			      "route " ROUTER_KEY " fe80::f816:3eff:fe00:101/128 local\n");
	expect_said(PLACED NEXT_HOPS);
	assert_int_equal(last_gateway->state, PORT_WIRED);
	/* Again is nothing new, and without it all of it is gone. */
	reconcile_all(&reconcile);
	expect_said(NEXT_HOPS);
	line("{\"op\":\"delete\",\"kind\":\"gateway\",\"id\":\"" GATEWAY "\",\"scope\":\"" R_SCOPE
	     "\",\"rev\":9}");
	sync_now();
	expect_lines("gateway", "");
	expect_lines("interface wire", "");
	expect_lines("route " ROUTER_KEY " 0", "");
	expect_said(WITHDRAWN);
}

/* Who has it is decided by each host itself. */
static void the_next_host_takes_over(void **state)
{
	(void)state;
	begin();
	put_gateway(PEER_FIRST, ",'enable_snat':true");
	expect_lines("gateway", THERE);
	expect_lines("interface wire", "");
	expect_said(NEXT_HOPS);
	assert_null(last_gateway); /* another host's to report */
	dead_host = "192.0.2.2";
	desired_mark_gateways(desired);
	reconcile_flush(&reconcile);
	expect_lines("gateway", HERE);
	expect_said(PLACED NEXT_HOPS);
	assert_int_equal(last_gateway->state, PORT_WIRED);
	dead_host = NULL;
	desired_mark_gateways(desired);
	reconcile_flush(&reconcile);
	expect_lines("gateway", THERE);
	expect_said(WITHDRAWN NEXT_HOPS);
	assert_int_equal(last_gateway->state, PORT_UNREPORTED);
}

#define RANGES                                                             \
	",'snat_ranges':[{'host_id':'" PEER                                \
	"','port_range_min':32768,'port_range_max':36863},{'host_id':'" ME \
	"','port_range_min':1024,'port_range_max':2047}]"
#define SHARING_HERE \
	"gateway " ROUTER_KEY " wire20.100 here mtu 1500 203.0.113.5 2001:db8:1::5 snat 1024+1024\n"
#define SHARING_THERE         \
	"gateway " ROUTER_KEY \
	" wire20.100 192.0.2.2 mtu 1500 203.0.113.5 2001:db8:1::5 snat 1024+1024\n"

/* Wherever the gateway is, this host has its own ports of the address, and knows who has others. */
static void hosts_share_an_address(void **state)
{
	struct uuid peer, me;
	struct mac mac;
	char text[MAC_STRLEN], own[MAC_STRLEN];
	g_autofree char *owners = NULL, *wire_mac = NULL;

	(void)state;
	assert_true(uuid_parse(PEER, &peer) && uuid_parse(ME, &me));
	mac = snat_host_mac(&peer);
	mac_format(&mac, text);
	assert_int_equal(mac.b[0], 0x06); /* locally administered, of one station */
	mac = snat_host_mac(&me);
	assert_string_not_equal(mac_format(&mac, own), text);
	begin();
	put_gateway(PEER_FIRST, RANGES);
	expect_lines("gateway", SHARING_THERE);
	owners = g_strdup_printf("snat " ROUTER_KEY " 32768+4096 %s\n", text);
	expect_lines("snat", owners);
	wire_mac = g_strdup_printf("wire MAC %s\n", own);
	expect_lines("wire MAC", wire_mac);
	assert_null(why_not());
	dead_host = "192.0.2.2";
	desired_mark_gateways(desired);
	reconcile_flush(&reconcile);
	expect_lines("gateway", SHARING_HERE);
	expect_lines("snat", owners); /* a dead gateway's host need not be a dead owner */
	/* Who has no range, or no wire, leaves by the gateway's host. */
	dead_host = NULL;
	put_gateway(PEER_FIRST, ",'snat_ranges':[{'host_id':'" PEER
				"','port_range_min':32768,'port_range_max':36863}]");
	expect_lines("gateway", THERE);
	expect_why("no range of ports left");
	put_gateway(PEER_FIRST, RANGES ",'enable_snat':false");
	expect_lines("snat", "");
	expect_why("enable_snat is false");
	put_gateway(PEER_FIRST, RANGES);
	desired_set_wire(desired, "ext0", 0);
	reconcile_flush(&reconcile);
	expect_lines("gateway", "gateway " ROUTER_KEY
				" far-wire 192.0.2.2 mtu 1500 203.0.113.5 2001:db8:1::5 snat\n");
	expect_why("device ext0");
	put_gateway(PEER_FIRST, "");
	expect_lines("snat", "");
	expect_why("snat = centralized");
}

static void reelect(const char *dead, const char *cut_off)
{
	dead_host = dead;
	cut_off_host = cut_off;
	desired_mark_gateways(desired);
	reconcile_flush(&reconcile);
}

/* A host whose way outside does not work is passed over, by itself too, while there is a better. */
static void cut_off_hosts_are_passed_over(void **state)
{
	(void)state;
	begin();
	put_gateway(PEER_FIRST, RANGES);
	expect_lines("gateway", SHARING_THERE);
	reelect(NULL, "192.0.2.2");
	expect_lines("gateway", SHARING_HERE);
	reelect("192.0.2.2", "self"); /* nobody is better */
	expect_lines("gateway", SHARING_HERE);
	reelect(NULL, NULL);
	put_gateway(BOTH, RANGES);
	expect_lines("gateway", SHARING_HERE);
	/* The other one may have answered for it: that it is here is said again. */
	g_string_truncate(outside_said, 0);
	reconcile.hosts_rejoined = true;
	reelect(NULL, NULL);
	reconcile.hosts_rejoined = false;
	expect_said(PLACED NEXT_HOPS);
	reelect(NULL, "self");
	expect_lines("gateway", SHARING_THERE);
	/* Where its device has no carrier the host leaves by the gateway's. */
	assert_true(desired_wires_run(desired));
	assert_true(desired_set_wire_running(desired, "ext0", false));
	assert_false(desired_set_wire_running(desired, "ext0", false));
	assert_false(desired_wires_run(desired));
	reconcile_flush(&reconcile);
	expect_lines("gateway", THERE);
	expect_why("has no carrier");
	assert_true(desired_set_wire_running(desired, "ext0", true));
	reelect(NULL, NULL);
	expect_lines("gateway", SHARING_HERE);
}

static void without_a_wire(void **state)
{
	(void)state;
	begin();
	desired_set_wire(desired, "ext0", 0);
	put_gateway(PEER_FIRST, "");
	expect_lines("gateway", "gateway " ROUTER_KEY
				" far-wire 192.0.2.2 mtu 1500 203.0.113.5 2001:db8:1::5 snat\n");
	expect_lines("route " ROUTER_KEY " 0",
		"route " ROUTER_KEY " 0.0.0.0/0 via 203.0.113.1 far-wire\n");
	expect_said("");
	put_gateway(BOTH, ",'enable_snat':false");
	expect_lines("gateway",
		"gateway " ROUTER_KEY " far-wire nowhere mtu 1500 203.0.113.5 2001:db8:1::5\n");
	assert_int_equal(last_gateway->state, PORT_NOT_WIRED);
	assert_non_null(strstr(last_gateway->reason, "device ext0"));
	assert_non_null(strstr(last_gateway->reason, "is not there"));
	put_gateway(BOTH, ",'admin_state_up':false");
	expect_lines("gateway", "");
	expect_lines("route " ROUTER_KEY " 0", "");
}

static void a_device_comes_again(void **state)
{
	(void)state;
	begin();
	put_gateway(BOTH, "");
	g_string_truncate(outside_said, 0);
	desired_set_wire(desired, "ext0", 21);
	reconcile_flush(&reconcile);
	expect_lines("interface wire", "interface wire21.100 fa:16:3e:00:09:01 " ROUTER_KEY
				       " 203.0.113.5 2001:db8:1::5\n");
	expect_lines("route " ROUTER_KEY " 0",
		"route " ROUTER_KEY " 0.0.0.0/0 via 203.0.113.1 wire21.100\n");
	assert_non_null(strstr(outside_said->str, "withdrawn 20.100 203.0.113.5\n"));
	assert_non_null(strstr(outside_said->str, "placed 21.100 203.0.113.5\n"));
}

/* What the owner says stands instead of the subnet's gateway. */
static void a_given_default_route(void **state)
{
	(void)state;
	begin();
	put("interface", INTERFACE, N_SCOPE,
		"{'network_id':'" NET "','router_id':'" ROUTER
		"','mac_address':'fa:16:3e:00:01:01','fixed_ips':[{'ip_address':'10.0.0.1',"
		"'subnet_id':'" SUBNET
		"'}],'routes':[{'destination':'0.0.0.0/0','nexthop':'10.0.0.9'}]}");
	put_gateway(BOTH, "");
	expect_lines("route " ROUTER_KEY " 0", "route " ROUTER_KEY " 0.0.0.0/0 via 10.0.0.9 7\n");
}

static void put_floating_ip_with(const char *fixed, const char *more)
{
	g_autofree char *data = g_strdup_printf(
		"{'floating_ip_address':'203.0.113.21','fixed_ip_address':'%s','mac_address':"
		"'fa:16:3e:00:09:21','router_id':'" ROUTER "','port_id':'" PORT
		"','network_id':'" PUBLIC "'," WIRE "%s}",
		fixed, more);

	put("floating_ip", FLOATING, "host/" ME, data);
	sync_now();
}

static void put_floating_ip(const char *fixed)
{
	put_floating_ip_with(fixed, "");
}

#define FLOATS "floating wire20.100 203.0.113.21 10.0.0.5 fa:16:3e:00:09:21 " ROUTER_KEY "\n"

/* Of a guest whose host is not connected: on the host that has the gateway, and moves with it. */
static void a_floating_ip_goes_with_the_gateway(void **state)
{
	(void)state;
	begin();
	put_gateway(PEER_FIRST, "");
	put_floating_ip_with("10.0.0.5", ",'by_gateway':true");
	expect_lines("floating", "");
	expect_lines("elsewhere", "elsewhere " ROUTER_KEY " 10.0.0.5\n");
	assert_null(last_floating_ip); /* another host's to report */
	reelect("192.0.2.2", NULL);
	expect_lines("floating", FLOATS);
	expect_lines("elsewhere", "");
	assert_int_equal(last_floating_ip->state, PORT_WIRED);
	reelect(NULL, NULL);
	expect_lines("floating", "");
	expect_lines("elsewhere", "elsewhere " ROUTER_KEY " 10.0.0.5\n");
	put_floating_ip_with("10.0.0.7", ",'by_gateway':true");
	expect_lines("elsewhere", "elsewhere " ROUTER_KEY " 10.0.0.7\n");
	put_floating_ip_with("10.0.0.5", ",'by_gateway':true");
	put_gateway(BOTH, "");
	expect_lines("floating", FLOATS);
	expect_lines("elsewhere", "");
	put_floating_ip("10.0.0.5"); /* its host is connected now, and is this one */
	put_gateway(PEER_FIRST, "");
	expect_lines("floating", FLOATS);
	line("{\"op\":\"delete\",\"kind\":\"floating_ip\",\"id\":\"" FLOATING
	     "\",\"scope\":\"host/" ME "\",\"rev\":9}");
	sync_now();
	expect_lines("floating", "");
}

static void a_floating_ip_is_here(void **state)
{
	(void)state;
	begin();
	put_floating_ip("10.0.0.5");
	expect_lines("floating",
		"floating wire20.100 203.0.113.21 10.0.0.5 fa:16:3e:00:09:21 " ROUTER_KEY "\n");
	expect_said("placed 20.100 203.0.113.21\n");
	assert_int_equal(last_floating_ip->state, PORT_WIRED);
	/* To another guest of this host: one step, and reported anew. */
	last_floating_ip = NULL;
	put_floating_ip("10.0.0.7");
	expect_lines("floating",
		"floating wire20.100 203.0.113.21 10.0.0.7 fa:16:3e:00:09:21 " ROUTER_KEY "\n");
	expect_said("");
	assert_non_null(last_floating_ip);
	desired_set_wire(desired, "ext0", 0);
	reconcile_flush(&reconcile);
	expect_lines("floating", "");
	expect_said("withdrawn 20.100 203.0.113.21\n");
	assert_int_equal(last_floating_ip->state, PORT_NOT_WIRED);
	desired_set_wire(desired, "ext0", 22);
	reconcile_flush(&reconcile);
	assert_int_equal(last_floating_ip->state, PORT_WIRED);
	line("{\"op\":\"delete\",\"kind\":\"floating_ip\",\"id\":\"" FLOATING
	     "\",\"scope\":\"host/" ME "\",\"rev\":9}");
	sync_now();
	expect_lines("floating", "");
	assert_int_equal(g_hash_table_size(desired->floating_ips), 0);
}

static void put_network_on_wire(void)
{
	put("network", NET, N_SCOPE, "{'name':'n','mtu':1442,'admin_state_up':true," WIRE "}");
	sync_now();
}

/* A wire carries its frames by itself: only ports of this host are stated. */
static void guests_on_a_wire(void **state)
{
	(void)state;
	begin();
	plug(12);
	put_network_on_wire();
	expect_lines("network", "network wire20.100 mtu 1442 gateway 10.0.0.1 shared\n");
	expect_lines("port", "port 12 vni wire20.100 secure dhcp4 dns 10.0.0.5/32 "
			     "fe80::f816:3eff:fe00:5/128\n");
	expect_lines("endpoint", "endpoint wire20.100 fa:16:3e:00:00:05 if 12\n");
	expect_lines("member", "");
	expect_lines("interface", "");
	assert_non_null(strstr(last_interface->reason, "external gateway"));
	desired_set_wire(desired, "ext0", 0);
	reconcile_flush(&reconcile);
	expect_lines("network", "");
	expect_lines("port", "");
	expect_lines("endpoint", "");
	assert_non_null(strstr(last_changed->reason, "device ext0"));
	desired_set_wire(desired, "ext0", 23);
	reconcile_flush(&reconcile);
	expect_lines("endpoint", "endpoint wire23.100 fa:16:3e:00:00:05 if 12\n");
	assert_int_equal(last_changed->state, PORT_WIRED);
}

static void a_host_without_the_mapping(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put_network_on_wire();
	assert_int_equal(last_changed->state, PORT_NOT_WIRED);
	assert_non_null(strstr(last_changed->reason, "bridge-mappings lacks public:DEVICE"));
	expect_lines("network", "");
}

static void expect_bytes(const struct frame *frame, const char *hex)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < frame->len; i++)
		g_string_append_printf(text, "%02x", frame->data[i]);
	assert_string_equal(text->str, hex);
}

static void questions(void **state)
{
	const struct mac mac = { { 2, 0, 0, 0, 0, 1 } };
	struct frame frame;
	struct ip ip;

	(void)state;
	assert_true(ip_parse("203.0.113.1", &ip));
	ask_neighbour(&mac, &ip, &frame);
	expect_bytes(&frame, "ffffffffffff0200000000010806000108000604000102000000000100000000"
			     "000000000000cb007101");
	tag_frame(&frame, 100);
	expect_bytes(&frame, "ffffffffffff020000000001810000640806000108000604000102000000000100"
			     "000000000000000000cb007101");
	assert_true(ip_parse("2001:db8::12:3456", &ip));
	ask_neighbour(&mac, &ip, &frame);
	expect_bytes(&frame,
		"3333ff12345602000000000186dd6000000000203afffe80000000000000000000fffe000001"
		"ff0200000000000000000001ff1234568700e392"
		"0000000020010db80000000000000000001234560101020000000001");
}

static void prefixes_are_where_the_gateway_is(void **state)
{
	(void)state;
	begin();
	put_gateway(BOTH, ",'nptv6_prefixes':[{'internal_prefix':'fd00:1::/48',"
			  "'external_prefix':'2001:db8:5::/48'}]");
	expect_lines("prefix", "prefix " ROUTER_KEY " fd00:1::/48 2001:db8:5::/48\n");
	put_gateway(PEER_FIRST, ",'nptv6_prefixes':[{'internal_prefix':'fd00:1::/48',"
				"'external_prefix':'2001:db8:5::/48'}]");
	expect_lines("prefix", "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_gateway_is_here),
		TEST(hosts_share_an_address),
		TEST(prefixes_are_where_the_gateway_is),
		TEST(cut_off_hosts_are_passed_over),
		TEST(the_next_host_takes_over),
		TEST(without_a_wire),
		TEST(a_device_comes_again),
		TEST(a_given_default_route),
		TEST(a_floating_ip_is_here),
		TEST(a_floating_ip_goes_with_the_gateway),
		TEST(guests_on_a_wire),
		TEST(a_host_without_the_mapping),
		cmocka_unit_test(questions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
