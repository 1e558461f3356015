/* SPDX-License-Identifier: Apache-2.0 */
/* What routers and load balancers make of hosts that are dead by BFD. On a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define ROUTER "66666666-0000-4000-8000-000000000001"
#define IF1 "77777777-0000-4000-8000-000000000001"
#define BALANCER "aaaaaaaa-0000-4000-8000-000000000001"
#define LISTENER "bbbbbbbb-0000-4000-8000-000000000001"
#define POOL "cccccccc-0000-4000-8000-000000000001"
#define MEMBER "dddddddd-0000-4000-8000-00000000000"

static void judge(const char *dead)
{
	dead_host = dead;
	desired_mark_ways(desired);
	reconcile_flush(&reconcile);
}

/* The line of the datapath's content that begins so, without that; "": there is none. */
static char *content_of(const char *beginning)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);

	for (guint i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], beginning))
			return g_strdup(lines[i] + strlen(beginning));
	return g_strdup("");
}

static void expect(const char *beginning, const char *rest)
{
	g_autofree char *found = content_of(beginning);

	assert_string_equal(found, rest);
}

static char *member(const char *number, const char *ip, unsigned weight)
{
	return g_strdup_printf("{'id':'" MEMBER "%s','network_id':'" NET
			       "','address':'%s','port':8080,'weight':%u}",
		number, ip, weight);
}

static char *backup(const char *number, const char *ip, unsigned weight)
{
	return g_strdup_printf("{'id':'" MEMBER "%s','network_id':'" NET
			       "','address':'%s','port':8080,'weight':0,'backup_weight':%u}",
		number, ip, weight);
}

/* @first and @second, which it frees: members. */
static void put_balancer_of(char *first, char *second)
{
	g_autofree char *data = g_strdup_printf(
		"{'network_id':'" NET "','vip_address':'10.0.0.9','additional_vips':[],"
		"'mac_address':'fa:16:3e:00:0a:01','admin_state_up':true,"
		"'listeners':[{'id':'" LISTENER "','protocol':'TCP','port':80,'pool_id':'" POOL
		"'}],'pools':[{'id':'" POOL "','by_source':false,'members':[%s,%s]}]}",
		first, second);

	put("load_balancer", BALANCER, N_SCOPE, data);
	sync_now();
	g_free(first);
	g_free(second);
}

/* Of this host's port and of the one on the other host. */
static void put_balancer(unsigned mine, unsigned theirs)
{
	put_balancer_of(member("1", "10.0.0.5", mine), member("2", "10.0.0.6", theirs));
}

#define AT_LISTENER "listener 7 10.0.0.9 6 80 "
#define MEMBERS(mine, theirs)                        \
	"[7 fa:16:3e:00:00:05 10.0.0.5 8080 x " mine \
	"][7 fa:16:3e:00:00:06 10.0.0.6 8080 x " theirs "]"

static void members_on_a_dead_host_get_nothing_new(void **state)
{
	(void)state;
	snapshot();
	put_balancer(1, 2);
	expect(AT_LISTENER, MEMBERS("1", "2"));
	judge("192.0.2.2");
	expect(AT_LISTENER, MEMBERS("1", "0")); /* and keeps what it has, as one that is drained */
	judge(NULL);
	expect(AT_LISTENER, MEMBERS("1", "2"));
	judge("192.0.2.2");
	put_endpoint(FAR, ME, 6, ""); /* it is moved to a host that lives */
	sync_now();
	expect(AT_LISTENER, MEMBERS("1", "2"));
}

/* Better a member that may be dead than none. */
static void unless_nobody_else_is_there(void **state)
{
	(void)state;
	snapshot();
	put_balancer(0, 2);
	judge("192.0.2.2");
	expect(AT_LISTENER, MEMBERS("0", "2"));
}

static void backups_take_over_from_a_dead_host(void **state)
{
	(void)state;
	snapshot();
	put_balancer_of(backup("1", "10.0.0.5", 3), member("2", "10.0.0.6", 2));
	expect(AT_LISTENER, MEMBERS("0", "2"));
	judge("192.0.2.2");
	expect(AT_LISTENER, MEMBERS("3", "0"));
	judge(NULL);
	expect(AT_LISTENER, MEMBERS("0", "2"));
	put_balancer_of(backup("1", "10.0.0.5", 3), member("2", "10.0.0.6", 0));
	expect(AT_LISTENER, MEMBERS("3", "0")); /* for who is drained too */
	put_balancer_of(member("1", "10.0.0.5", 0), backup("2", "10.0.0.6", 4));
	judge("192.0.2.2");
	expect(AT_LISTENER, MEMBERS("0", "4")); /* better a backup that may be dead than none */
}

static void put_router(void)
{
	put("interface", IF1, N_SCOPE,
		"{'network_id':'" NET "','router_id':'" ROUTER
		"','mac_address':'fa:16:3e:00:01:01','fixed_ips':[{'ip_address':'10.0.0.1',"
		"'subnet_id':'" SUBNET "'}],'routes':["
		"{'destination':'172.16.0.0/12','nexthop':'10.0.0.6'},"
		"{'destination':'172.16.0.0/12','nexthop':'10.0.0.5'},"
		"{'destination':'172.16.0.0/12','nexthop':'10.0.0.77'},"
		"{'destination':'192.168.0.0/16','nexthop':'10.0.0.6'}]}");
	sync_now();
}

#define SHARED "route 40000066666666 172.16.0.0/12 via "
#define ALONE "route 40000066666666 192.168.0.0/16 via "

static void next_hops_on_a_dead_host_are_passed_over(void **state)
{
	(void)state;
	snapshot();
	put_router();
	expect(SHARED, "10.0.0.6 7 10.0.0.5 7 10.0.0.77 7");
	judge("192.0.2.2");
	expect(SHARED, "10.0.0.5 7 10.0.0.77 7"); /* of the last nobody knows anything */
	expect(ALONE, "10.0.0.6 7");
	put_endpoint(FAR, ME, 6, "");
	sync_now();
	expect(SHARED, "10.0.0.6 7 10.0.0.5 7 10.0.0.77 7");
	put_endpoint(FAR, PEER, 6, "");
	sync_now();
	expect(SHARED, "10.0.0.5 7 10.0.0.77 7");
	judge(NULL);
	expect(SHARED, "10.0.0.6 7 10.0.0.5 7 10.0.0.77 7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			members_on_a_dead_host_get_nothing_new, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unless_nobody_else_is_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			backups_take_over_from_a_dead_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			next_hops_on_a_dead_host_are_passed_over, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
