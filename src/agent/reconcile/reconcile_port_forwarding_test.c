/* SPDX-License-Identifier: Apache-2.0 */
/* Port forwardings, on a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define ROUTER "66666666-0000-4000-8000-000000000001"
#define ROUTER_KEY "40000066666666"
#define INTERFACE "77777777-0000-4000-8000-000000000001"
#define GATEWAY "88888888-0000-4000-8000-000000000001"
#define FLOATING "99999999-0000-4000-8000-000000000001"
#define PUBLIC "11111111-0000-4000-8000-000000000009"
#define WEB "aaaaaaaa-0000-4000-8000-000000000001"
#define DNS "aaaaaaaa-0000-4000-8000-000000000002"
#define R_SCOPE "router/" ROUTER
#define HOSTS "'" PEER "','" ME "'"
#define ADDRESS "forwarded wire20.100 203.0.113.30 fa:16:3e:00:09:01 " ROUTER_KEY "\n"

static void put_gateway(void)
{
	put("gateway", GATEWAY, R_SCOPE,
		"{'router_id':'" ROUTER "','network_id':'" PUBLIC
		"','network_type':'vlan','physical_network':'public','segmentation_id':100,"
		"'mtu':1500,'mac_address':'fa:16:3e:00:09:01','fixed_ips':[{'ip_address':"
		"'203.0.113.5','subnet_id':'" PUBLIC
		"'}],'subnets':[{'cidr':'203.0.113.0/24','gateway_ip':'203.0.113.1'}],"
		"'hosts':[" HOSTS "]}");
}

static void put_forwarding(const char *id, const char *more)
{
	g_autofree char *data =
		g_strdup_printf("{'router_id':'" ROUTER "','floating_ip_id':'" FLOATING
				"','floating_ip_address':'203.0.113.30',"
				"'internal_ip_address':'10.0.0.5',%s}",
			more);

	put("port_forwarding", id, R_SCOPE, data);
}

#define WEB_PORTS                                                                                  \
	"'protocol':'tcp','external_port_first':80,'external_port_last':80,'internal_port_first':" \
	"8080,'internal_port_last':8080"
#define DNS_PORTS                                                                                  \
	"'protocol':'udp','external_port_first':50,'external_port_last':59,'internal_port_first':" \
	"53,'internal_port_last':53"

static void take_away(const char *id)
{
	g_autofree char *text = g_strdup_printf(
		"{\"op\":\"delete\",\"kind\":\"port_forwarding\",\"id\":\"%s\",\"scope\":\"" R_SCOPE
		"\",\"rev\":9}",
		id);

	line(text);
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
	put_forwarding(WEB, WEB_PORTS); /* before the gateway: any order will do */
	put_forwarding(DNS, DNS_PORTS);
	put_gateway();
	sync_now();
}

/* The lines of the datapath's content that begin so. */
static void expect_forwards(const char *expected)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], "forward"))
			g_string_append_printf(text, "%s\n", lines[i]);
	assert_string_equal(text->str, expected);
}

static bool was_said(const char *what)
{
	bool found = strstr(outside_said->str, what) != NULL;

	g_string_truncate(outside_said, 0);
	return found;
}

static void peer_is(const char *dead)
{
	dead_host = dead;
	desired_mark_gateways(desired);
	reconcile_flush(&reconcile);
}

#define OUT_ONLY                                         \
	"forward 203.0.113.30 tcp 80-80 10.0.0.5 8080\n" \
	"forward 203.0.113.30 udp 50-59 10.0.0.5 53 all\n"
#define HERE                                                  \
	"forward 203.0.113.30 tcp 80-80 10.0.0.5 8080 here\n" \
	"forward 203.0.113.30 udp 50-59 10.0.0.5 53 all here\n" ADDRESS

/* The way in and the address are where the gateway is, and go over with it. */
static void they_follow_the_gateway(void **state)
{
	(void)state;
	begin();
	expect_forwards(OUT_ONLY);
	assert_null(last_forwarded_ip); /* the other host's to report */
	assert_false(was_said("203.0.113.30"));
	peer_is("192.0.2.2");
	expect_forwards(HERE);
	assert_true(was_said("placed 20.100 203.0.113.30\n"));
	assert_int_equal(last_forwarded_ip->state, PORT_WIRED);
	reconcile_all(&reconcile);
	expect_forwards(HERE);
	assert_false(was_said("203.0.113.30"));
	desired_set_wire(desired, "ext0", 0);
	reconcile_flush(&reconcile);
	expect_forwards(OUT_ONLY);
	assert_true(was_said("withdrawn 20.100 203.0.113.30\n"));
	assert_int_equal(last_forwarded_ip->state, PORT_NOT_WIRED);
	assert_non_null(strstr(last_forwarded_ip->reason, "ext0"));
	desired_set_wire(desired, "ext0", 20);
	reconcile_flush(&reconcile);
	assert_int_equal(last_forwarded_ip->state, PORT_WIRED);
	g_string_truncate(outside_said, 0);
	peer_is(NULL);
	expect_forwards(OUT_ONLY);
	assert_true(was_said("withdrawn 20.100 203.0.113.30\n"));
	assert_int_equal(last_forwarded_ip->state, PORT_UNREPORTED);
}

static void they_change_and_go(void **state)
{
	(void)state;
	dead_host = "192.0.2.2";
	begin();
	expect_forwards(HERE);
	g_free(fake_take());
	put_forwarding(WEB, WEB_PORTS);
	put_forwarding(DNS, "'protocol':'tcp','external_port_first':81,'external_port_last':82,"
			    "'internal_port_first':1,'internal_port_last':2");
	sync_now();
	expect_forwards("forward 203.0.113.30 tcp 80-80 10.0.0.5 8080 here\n"
			"forward 203.0.113.30 tcp 81-82 10.0.0.5 1 here\n" ADDRESS);
	g_autofree char *calls = fake_take();
	assert_null(strstr(calls, "tcp 80-80")); /* it is as it was */
	g_string_truncate(outside_said, 0);
	take_away(WEB);
	sync_now();
	expect_forwards("forward 203.0.113.30 tcp 81-82 10.0.0.5 1 here\n" ADDRESS);
	assert_false(was_said("203.0.113.30"));
	/* The last goes and another comes at once: it is reported anew. */
	last_forwarded_ip = NULL;
	take_away(DNS);
	put_forwarding(WEB, WEB_PORTS);
	sync_now();
	assert_int_equal(last_forwarded_ip->state, PORT_WIRED);
	take_away(WEB);
	sync_now();
	expect_forwards("");
	assert_true(was_said("withdrawn 20.100 203.0.113.30\n"));
	assert_int_equal(g_hash_table_size(desired->forwarded_ips), 0);
	assert_int_equal(g_hash_table_size(desired->port_forwardings), 0);
}

/* One that can't be stated is reported, and healed by stating all again. */
static void a_full_table(void **state)
{
	(void)state;
	dead_host = "192.0.2.2";
	fake_fail("put forward 203.0.113.30 tcp");
	begin();
	assert_int_equal(last_forwarded_ip->state, PORT_NOT_WIRED);
	assert_non_null(strstr(last_forwarded_ip->reason, "the fake fails"));
	assert_true(reconcile.failed);
	reconcile_all(&reconcile);
	expect_forwards(HERE);
	assert_int_equal(last_forwarded_ip->state, PORT_WIRED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(they_follow_the_gateway),
		TEST(they_change_and_go),
		TEST(a_full_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
