/* SPDX-License-Identifier: Apache-2.0 */
/* Conntrack helpers, and what they may expect, on a fake datapath. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/helper/expectations.h"
#include "agent/reconcile_bed.h"

#define ROUTER "66666666-0000-4000-8000-000000000001"
#define ROUTER_KEY "40000066666666"
#define FTP "aaaaaaaa-0000-4000-8000-000000000001"
#define TFTP "aaaaaaaa-0000-4000-8000-000000000002"
#define ODD "aaaaaaaa-0000-4000-8000-000000000003"
#define R_SCOPE "router/" ROUTER

static void put_helper(const char *id, const char *helper, const char *protocol, unsigned port)
{
	g_autofree char *data = g_strdup_printf("{'router_id':'" ROUTER
						"','helper':'%s','protocol':'%s','port':%u}",
		helper, protocol, port);

	put("conntrack_helper", id, R_SCOPE, data);
}

static void take_away(const char *id)
{
	g_autofree char *text = g_strdup_printf(
		"{\"op\":\"delete\",\"kind\":\"conntrack_helper\",\"id\":\"%s\",\"scope\":\"" R_SCOPE
		"\",\"rev\":9}",
		id);

	line(text);
}

static void expect_helpers(const char *wanted)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], "helper"))
			g_string_append_printf(text, "%s\n", lines[i]);
	assert_string_equal(text->str, wanted);
}

static void they_come_change_and_go(void **state)
{
	(void)state;
	snapshot();
	put_helper(FTP, "ftp", "tcp", 21);
	put_helper(TFTP, "tftp", "udp", 69);
	put_helper(ODD, "h323", "tcp", 1720); /* of a later weftd: this host has none */
	sync_now();
	expect_helpers("helper " ROUTER_KEY " tcp 21 ftp\nhelper " ROUTER_KEY " udp 69 tftp\n");
	put_helper(FTP, "ftp", "tcp", 2121);
	sync_now();
	expect_helpers("helper " ROUTER_KEY " tcp 2121 ftp\nhelper " ROUTER_KEY " udp 69 tftp\n");
	reconcile_all(&reconcile);
	expect_helpers("helper " ROUTER_KEY " tcp 2121 ftp\nhelper " ROUTER_KEY " udp 69 tftp\n");
	take_away(FTP);
	take_away(TFTP);
	take_away(ODD);
	sync_now();
	expect_helpers("");
	assert_int_equal(g_hash_table_size(desired->conntrack_helpers), 0);
	assert_int_equal(g_hash_table_size(desired->routers), 0);
}

static struct dp_expectation of_guest(u32 guest, u16 port)
{
	return (struct dp_expectation){ .router = 1,
		.helper = DP_HELPER_FTP,
		.proto = IPPROTO_TCP,
		.guest = guest,
		.outside = 7,
		.peer = 8,
		.guest_port = port,
		.outside_port = port };
}

/* A guest has a share of them and no more; they end, and make room. */
static void expectations_are_limited(void **state)
{
	struct expectations *all = expectations_new(NULL);
	s64 now = g_get_monotonic_time();
	struct dp_expectation e;
	struct arrival arrival = { .router = 1, .proto = IPPROTO_TCP, .src = 8, .dst = 7 };

	(void)state;
	for (u16 i = 0; i < EXPECTED_PER_GUEST; i++) {
		e = of_guest(1, (u16)(5000 + i));
		assert_true(expect(all, &e, 0));
	}
	e = of_guest(1, 6000);
	assert_false(expect(all, &e, 0));
	e = of_guest(2, 6000); /* another guest's */
	assert_true(expect(all, &e, 0));
	e = of_guest(1, 5000); /* the same once more */
	assert_true(expect(all, &e, 2 * EXPECTED_S));
	assert_int_equal(expectations_count(all), EXPECTED_PER_GUEST + 1);
	arrival.dport = 5001;
	assert_true(expectations_fulfil(all, &arrival));
	assert_false(expectations_fulfil(all, &arrival)); /* one connection each */
	arrival.dport = 5002;
	arrival.src = 9; /* of somebody else */
	assert_false(expectations_fulfil(all, &arrival));
	expectations_expire(all, now + (EXPECTED_S - 1) * G_USEC_PER_SEC);
	assert_int_equal(expectations_count(all), EXPECTED_PER_GUEST);
	expectations_expire(all, now + (EXPECTED_S + 10) * G_USEC_PER_SEC);
	assert_int_equal(expectations_count(all), 1); /* asked for longer */
	e = of_guest(1, 6000);
	assert_true(expect(all, &e, 0));
	expectations_free(all);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(they_come_change_and_go),
		cmocka_unit_test(expectations_are_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
