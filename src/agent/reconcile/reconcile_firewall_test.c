/* SPDX-License-Identifier: Apache-2.0 */
/* Security groups: their records in, policies and memberships out, on a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define NET2 "11111111-0000-4000-8000-000000000002"
#define ROUTER "66666666-0000-4000-8000-000000000001"
#define GROUP "88888888-0000-4000-8000-0000000000a1"
#define OTHER "88888888-0000-4000-8000-0000000000a2"
#define ADDRESSES "99999999-0000-4000-8000-0000000000b1"
#define RULE "aaaaaaaa-0000-4000-8000-0000000000c"
#define LOG "bbbbbbbb-0000-4000-8000-0000000000d"
#define GROUPS "'security_groups':['" GROUP "'],"

static void put_group(const char *id, const char *more)
{
	g_autofree char *scope = g_strconcat("security-group/", id, NULL);
	g_autofree char *data = g_strdup_printf("{'name':'web'%s}", more);

	put("security-group", id, scope, data);
}

static void put_rule(const char *number, const char *more)
{
	g_autofree char *id = g_strconcat(RULE, number, NULL);
	g_autofree char *data = g_strdup_printf("{'security_group_id':'" GROUP "'%s}", more);

	put("security-group-rule", id, "security-group/" GROUP, data);
}

static void put_member(const char *port, const char *network, const char *addresses)
{
	g_autofree char *id = g_strconcat(OTHER "/", port, NULL);
	g_autofree char *data =
		g_strdup_printf("{'network_id':'%s','addresses':[%s]}", network, addresses);

	put("group-member", id, "group-members/" OTHER, data);
}

/* The lines of the datapath's content that begin with @prefix. */
static char *lines_of(const char *prefix)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	GString *text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], prefix))
			g_string_append_printf(text, "%s\n", lines[i]);
	return g_string_free(text, FALSE);
}

static void expect_lines(const char *prefix, const char *expected)
{
	g_autofree char *lines = lines_of(prefix);

	assert_string_equal(lines, expected);
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* A port with a group of two rules, one of which names another group. */
static void filtered(void)
{
	snapshot();
	put_port(GROUPS);
	put_group(GROUP, "");
	put_rule("1", ",'direction':'ingress','ethertype':'IPv4','protocol':6,'port_range_min':80,"
		      "'port_range_max':90,'remote_ip_prefix':'10.1.0.0/16'");
	put_rule("2", ",'direction':'egress','ethertype':'IPv6','remote_group_id':'" OTHER "'");
	put_member(FAR, NET, "'10.0.0.6','fd00::6'");
	sync_now();
	plug(12);
}

static void groups_become_a_policy(void **state)
{
	(void)state;
	filtered();
	expect_lines("policy", "policy e4 stateful [c1 in 4 proto 6 80-90 10.1.0.0/16] [c2 out 6 "
			       "group 11/a2]\n");
	expect_lines("membership", "membership 11 10.0.0.6/32 a2\nmembership 11 fd00::6/128 a2\n");
	expect_lines("port", "port 12 vni 7 secure dhcp4 dns 10.0.0.5/32 "
			     "fe80::f816:3eff:fe00:5/128 policy e4\n");
}

/* What a rule is about is there before the rule, the rule before the port; and so they go. */
static void in_order(void **state)
{
	(void)state;
	g_free(fake_take());
	filtered();
	g_autofree char *calls = fake_take();
	const char *member = strstr(calls, "put membership"), *policy = strstr(calls, "put policy"),
		   *port = strstr(calls, "put port");

	assert_true(member && policy && port && member < policy && policy < port);
	put_port("'security_groups':[],");
	line("{\"op\":\"drop\",\"scope\":\"security-group/" GROUP "\",\"rev\":3}");
	line("{\"op\":\"drop\",\"scope\":\"group-members/" OTHER "\",\"rev\":3}");
	sync_now();
	g_autofree char *gone = fake_take();
	port = strstr(gone, "put port");
	policy = strstr(gone, "del policy");
	member = strstr(gone, "del membership");
	assert_true(member && policy && port && port < policy && policy < member);
	expect_lines("membership", "");
}

/* Half of a change decides nothing, whatever else happens meanwhile. */
static void waits_for_all_of_a_change(void **state)
{
	(void)state;
	filtered();
	g_free(fake_take());
	put_rule("3", ",'direction':'ingress','ethertype':'IPv4'");
	put_port("");
	line("{\"op\":\"delete\",\"kind\":\"security-group-rule\",\"id\":\"" RULE
	     "1\",\"scope\":\"security-group/" GROUP "\",\"rev\":4}");
	plug(13); /* another device: the port is stated again */
	g_autofree char *before = fake_take();
	assert_true(has(before, "put port 13") && has(before, "policy e4"));
	assert_false(has(before, "put policy"));
	sync_now();
	expect_lines("policy", "");
	expect_lines("port", "port 13 vni 7 secure dhcp4 dns 10.0.0.5/32 "
			     "fe80::f816:3eff:fe00:5/128\n");
}

static void waits_for_its_groups(void **state)
{
	(void)state;
	snapshot();
	put_port(GROUPS);
	sync_now();
	plug(12);
	assert_string_equal(last_changed->reason, "its security groups have not arrived yet");
	expect_lines("port", "");
	put_group(GROUP, ",'stateful':false");
	sync_now();
	assert_int_equal(last_changed->state, PORT_WIRED);
	expect_lines("policy", "policy e4 stateless\n");
}

/* Without port security, and at ports of the network itself, no group decides; with none, nothing
 * is let through. */
static void no_policy_and_no_groups(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	expect_lines("policy", "");
	put_port("'security_groups':[],");
	sync_now();
	g_autofree char *policies = lines_of("policy");
	assert_true(has(policies, " stateful\n"));
}

static void put_interface(const char *id, const char *network, const char *ip)
{
	g_autofree char *scope = g_strconcat("network/", network, NULL);
	g_autofree char *data = g_strdup_printf(
		"{'network_id':'%s','router_id':'" ROUTER "','mac_address':'fa:16:3e:00:01:%s',"
		"'fixed_ips':[{'ip_address':'%s','subnet_id':'" SUBNET "'}]}",
		network, id + strlen(id) - 2, ip);

	put("interface", id, scope, data);
}

#define IF1 "77777777-0000-4000-8000-000000000001"
#define IF2 "77777777-0000-4000-8000-000000000002"

/* The same address on two networks is two, until a router joins them; unknown networks don't count.
 */
static void networks_are_apart(void **state)
{
	(void)state;
	filtered();
	put_member(FAR2, NET2, "'10.0.0.6'");
	sync_now();
	expect_lines("membership", "membership 11 10.0.0.6/32 a2\nmembership 11 fd00::6/128 a2\n");
	put("network", NET2, "network/" NET2, "{'name':'n2','vni':8,'mtu':1442}");
	put_member(FAR2, NET2, "'10.9.0.6'");
	sync_now();
	g_autofree char *apart = lines_of("policy");
	assert_true(has(apart, "group 11/a2"));
	put_interface(IF1, NET, "10.0.0.1");
	put_interface(IF2, NET2, "10.9.0.1");
	g_free(fake_take());
	sync_now();
	g_autofree char *calls = fake_take();
	/* the members are there, in the joined part, before they go from where they were */
	const char *put_at = strstr(calls, "put membership 11 10.9.0.6/32 a2");
	assert_non_null(put_at);
}

static void address_groups(void **state)
{
	(void)state;
	filtered();
	put("address-group", ADDRESSES, "address-group/" ADDRESSES,
		"{'name':'a','project_id':'p','addresses':['192.0.2.0/24','192.0.2.7/32']}");
	put_rule("2",
		",'direction':'ingress','ethertype':'IPv4','remote_address_group_id':'" ADDRESSES
		"'");
	sync_now();
	g_autofree char *policies = lines_of("policy"), *members = lines_of("membership");
	assert_true(has(policies, "[c2 in 4 group ") && has(policies, "/b1]"));
	assert_true(has(members, " 192.0.2.0/24 b1\n") && has(members, " 192.0.2.7/32 b1\n"));
	put("address-group", ADDRESSES, "address-group/" ADDRESSES,
		"{'name':'a','project_id':'p','addresses':['192.0.2.7/32','198.51.100.0/24']}");
	g_free(fake_take());
	sync_now();
	g_autofree char *calls = fake_take();
	assert_true(has(calls, "put membership") && has(calls, " 198.51.100.0/24 b1\n"));
	assert_true(has(calls, "del membership") && has(calls, " 192.0.2.0/24\n"));
	assert_false(has(calls, "del membership") && has(calls, "192.0.2.7/32\n"));
}

/* What two ports say of one address, and a group less: exactly once, and no moment without. */
static void shared_addresses(void **state)
{
	(void)state;
	filtered();
	put_member(FAR2, NET, "'10.0.0.6','10.0.0.100'");
	sync_now();
	g_free(fake_take());
	line("{\"op\":\"delete\",\"kind\":\"group-member\",\"id\":\"" OTHER "/" FAR
	     "\",\"scope\":\"group-members/" OTHER "\",\"rev\":9}");
	sync_now();
	g_autofree char *calls = fake_take();
	assert_false(has(calls, "del membership 11 10.0.0.6/32"));
	assert_true(has(calls, "del membership 11 fd00::6/128"));
	expect_lines(
		"membership", "membership 11 10.0.0.100/32 a2\nmembership 11 10.0.0.6/32 a2\n");
}

/* Another process finds in the file what it needs to state the same. */
static void restart(void **state)
{
	(void)state;
	filtered();
	g_autofree char *before = fake_content();
	close_view();
	reconcile.partial = true;
	open_view();
	plug(12);
	reconcile_all(&reconcile);
	sync_now();
	expect_content(before);
}

static void put_log(const char *number, const char *project, const char *more)
{
	g_autofree char *id = g_strconcat(LOG, number, NULL);
	g_autofree char *data = g_strdup_printf("{'project_id':'%s'%s%s}", project, more,
		has(more, "resource_type") ? "" : ",'resource_type':'security_group'");

	put("log", id, "cloud/00000000-0000-0000-0000-000000000000", data);
}

static void expect_logged(const char *how)
{
	g_autofree char *port = NULL;
	bool accepts, drops;

	sync_now();
	port = lines_of("port 12");
	accepts = has(port, " log-accept");
	drops = has(port, " log-drop");
	assert_string_equal(how, accepts && drops ? "all"
				 : accepts	  ? "accept"
				 : drops	  ? "drop"
						  : "");
}

static void logs_find_their_ports(void **state)
{
	(void)state;
	filtered();
	expect_logged("");
	put_log("1", "red", ",'event':'DROP'");
	expect_logged(""); /* of no project that is known */
	put_port("'project_id':'red'," GROUPS);
	expect_logged("drop");
	put_log("2", "blue", ",'event':'ACCEPT'");
	expect_logged("drop");
	put_log("2", "red", ",'event':'ACCEPT','target_id':'" PORT "'");
	expect_logged("all");
	put_log("2", "red", ",'event':'ACCEPT','target_id':'" FAR "'");
	expect_logged("drop");
	put_log("2", "red", ",'event':'ACCEPT','resource_id':'" GROUP "'");
	expect_logged("all");
	put_log("2", "red", ",'event':'ACCEPT','resource_id':'" OTHER "','target_id':'" PORT "'");
	expect_logged("drop");
	put_log("1", "red", ",'event':'ALL','resource_type':'firewall_group'");
	expect_logged(""); /* not of this host's making */
	put_log("1", "red", ",'event':'ALL'");
	expect_logged("all");
	put_port("'project_id':'red',");
	expect_logged(""); /* without security groups there is nothing to log */
	put_port("'project_id':'red'," GROUPS);
	expect_logged("all");
	line("{\"op\":\"delete\",\"kind\":\"log\",\"id\":\"" LOG
	     "1\",\"scope\":\"cloud/00000000-0000-0000-0000-000000000000\",\"rev\":9}");
	expect_logged("");
}

#define QUOTA "cccccccc-0000-4000-8000-0000000000e1"

static void put_quota(const char *project, unsigned limit)
{
	g_autofree char *data = g_strdup_printf("{'project_id':'%s','limit':%u}", project, limit);

	put("connection-quota", QUOTA, "cloud/00000000-0000-0000-0000-000000000000", data);
	sync_now();
}

static void expect_limited(const char *how)
{
	g_autofree char *port = lines_of("port 12");
	const char *last = strstr(port, " connections ");

	assert_string_equal(last ? last : "", how);
}

static void quotas_find_their_ports(void **state)
{
	(void)state;
	filtered();
	put_port("'project_id':'red'," GROUPS);
	put_quota("blue", 7);
	expect_limited("");
	put_quota("red", 8);
	expect_limited(" connections 8\n");
	put_quota("red", 0);
	expect_limited(" connections 0\n");
	line("{\"op\":\"delete\",\"kind\":\"connection-quota\",\"id\":\"" QUOTA
	     "\",\"scope\":\"cloud/00000000-0000-0000-0000-000000000000\",\"rev\":9}");
	sync_now();
	expect_limited("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(groups_become_a_policy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waits_for_all_of_a_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waits_for_its_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_policy_and_no_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(networks_are_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(address_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shared_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(logs_find_their_ports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(quotas_find_their_ports, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
