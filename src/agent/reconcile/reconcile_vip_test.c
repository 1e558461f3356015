/* SPDX-License-Identifier: Apache-2.0 */
/* VIPs on a wire: who answers for them there. On a fake datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

#define BALANCER "aaaaaaaa-0000-4000-8000-00000000000"
#define WIRE "'name':'lan','mtu':1500,'network_type':'flat','physical_network':'public'"
#define MINE "1" /* of these two balancers the first is this host's by its hash */
#define THEIRS "2"

static void put_member(const char *host, const char *tunnel, const char *more)
{
	g_autofree char *id = g_strdup_printf(NET "/%s", host);
	g_autofree char *data =
		g_strdup_printf("{'network_id':'" NET "','host_id':'%s','tunnel_ips':['%s'],"
				"'encapsulations':['geneve']%s}",
			host, tunnel, more);

	put("member", id, N_SCOPE, data);
}

static void put_balancer(const char *which, const char *vip)
{
	g_autofree char *id = g_strconcat(BALANCER, which, NULL);
	g_autofree char *data =
		g_strdup_printf("{'network_id':'" NET "','vip_address':'%s','additional_vips':[],"
				"'mac_address':'fa:16:3e:00:0a:0%s','admin_state_up':true,"
				"'listeners':[],'pools':[]}",
			vip, which);

	put("load_balancer", id, N_SCOPE, data);
}

static void begin(void)
{
	desired_map_wire(desired, "public", "ext0");
	desired_set_wire(desired, "ext0", 20);
	snapshot();
	put("network", NET, N_SCOPE, "{" WIRE "}");
	put_member(ME, "192.0.2.1", "");
	put_member(PEER, "192.0.2.2", "");
	put_balancer(MINE, "10.0.0.91");
	put_balancer(THEIRS, "10.0.0.92");
	sync_now();
}

/* The VIPs that this host answers the wire for. */
static void expect_here(const char *expected)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], "vip here"))
			g_string_append_printf(text, "%s ", strstr(lines[i], "10.0.0."));
	assert_string_equal(text->str, expected);
}

static void expect_said(const char *expected)
{
	assert_string_equal(outside_said->str, expected);
	g_string_truncate(outside_said, 0);
}

static void judge(const char *dead, const char *cut_off)
{
	dead_host = dead;
	cut_off_host = cut_off;
	desired_mark_gateways(desired);
	reconcile_flush(&reconcile);
}

#define MINE_LINE "10.0.0.91 fa:16:3e:00:0a:01 "
#define THEIR_LINE "10.0.0.92 fa:16:3e:00:0a:02 "

static void one_host_answers(void **state)
{
	(void)state;
	begin();
	expect_here(MINE_LINE);
	expect_said("placed 20.0 10.0.0.91\n");
	reconcile_all(&reconcile);
	expect_here(MINE_LINE);
	expect_said("");
}

static void the_next_host_takes_over(void **state)
{
	(void)state;
	begin();
	g_string_truncate(outside_said, 0);
	judge("192.0.2.2", NULL);
	expect_here(MINE_LINE THEIR_LINE);
	expect_said("placed 20.0 10.0.0.92\n");
	judge(NULL, NULL);
	expect_here(MINE_LINE);
	expect_said("withdrawn 20.0 10.0.0.92\n");
	judge(NULL, "self");
	expect_here("");
	judge("192.0.2.2", "self"); /* nobody is better */
	expect_here(MINE_LINE THEIR_LINE);
	judge(NULL, "192.0.2.2");
	expect_here(MINE_LINE THEIR_LINE);
	judge(NULL, NULL);
	expect_here(MINE_LINE);
}

static void who_is_not_connected_is_not_asked(void **state)
{
	(void)state;
	begin();
	put_member(PEER, "192.0.2.2", ",'connected':false");
	sync_now();
	expect_here(MINE_LINE THEIR_LINE);
	put_member(PEER, "192.0.2.2", "");
	sync_now();
	expect_here(MINE_LINE);
	/* nor is this one without its device */
	desired_set_wire(desired, "ext0", 0);
	reconcile_flush(&reconcile);
	expect_here("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_host_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_host_takes_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_is_not_connected_is_not_asked, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
