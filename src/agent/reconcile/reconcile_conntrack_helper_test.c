/* SPDX-License-Identifier: Apache-2.0 */
/* Conntrack helpers, and what they may expect, on a fake datapath. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/helper/connections.h"
#include "agent/helper/expectations.h"
#include "agent/reconcile/reconcile_bed.h"

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
	bool stays;
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
	assert_true(expectations_fulfil(all, &arrival, &e, &stays));
	assert_false(stays);
	assert_int_equal(e.guest_port, 5001);
	assert_false(expectations_fulfil(all, &arrival, &e, &stays)); /* one connection each */
	arrival.dport = 5002;
	arrival.src = 9; /* of somebody else */
	assert_false(expectations_fulfil(all, &arrival, &e, &stays));
	arrival.src = 8;
	arrival.dport = 5000;
	for (int i = 0; i < 2; i++) {
		assert_true(expectations_fulfil(all, &arrival, &e, &stays));
		assert_true(stays); /* for a time, not for one */
	}
	expectations_expire(all, now + (EXPECTED_S - 1) * G_USEC_PER_SEC);
	assert_int_equal(expectations_count(all), EXPECTED_PER_GUEST);
	expectations_expire(all, now + (EXPECTED_S + 10) * G_USEC_PER_SEC);
	assert_int_equal(expectations_count(all), 1); /* asked for longer */
	e = of_guest(1, 6000);
	assert_true(expect(all, &e, 0));
	expectations_free(all);
}

/* A guest's stream leaves by the port that the peer was told to send the other one to. */
static void streams_share_a_port(void **state)
{
	struct expectations *all = expectations_new(NULL);
	struct dp_expectation in = of_guest(1, 4000), out = of_guest(1, 0), e;
	struct arrival arrival = { .router = 1,
		.out = true,
		.proto = IPPROTO_TCP,
		.src = 1,
		.dst = 8,
		.sport = 4000,
		.dport = 9000 };
	bool stays;

	(void)state;
	out.out = true;
	out.peer_port = 9000;
	assert_true(expect(all, &in, 0));
	assert_true(expect(all, &out, 0));
	assert_true(expectations_fulfil(all, &arrival, &e, &stays));
	assert_int_equal(expectations_count(all), 0); /* both have come */
	in = of_guest(1, 4000);
	assert_true(expect(all, &in, 0));
	in.outside = 77; /* by another address: another one */
	in.outside_port = 5;
	assert_true(expect(all, &in, 0));
	assert_int_equal(in.outside_port, 5);
	assert_int_equal(expectations_count(all), 2);
	expectations_free(all);
}

/* A segment of @text that begins at @seq. */
static bool begins_a_line(struct connections *all, const struct connection_key *key, u8 flags,
	u32 seq, const char *text)
{
	struct packet packet = {
		.frame = (const u8 *)text, .len = strlen(text), .flags = flags, .seq = seq
	};
	struct connection *connection = connections_see(all, key, SIDE_GUEST, &packet);

	return connection_in_step(connection, SIDE_GUEST, &packet);
}

/* What looks like a command in the middle of a line, or of a file, is none. */
static void only_lines_count(void **state)
{
	struct connections *all = connections_new();
	struct connection_key key = { .router = 1, .guest = 1, .peer = 2, .peer_port = 21 };

	(void)state;
	assert_false(begins_a_line(all, &key, PACKET_ACK, 50, "PORT")); /* of an earlier time */
	assert_false(begins_a_line(all, &key, PACKET_SYN, 99, ""));
	assert_true(begins_a_line(all, &key, PACKET_ACK, 100, "USER a\r\n"));
	assert_true(begins_a_line(all, &key, PACKET_ACK, 108, "NOOP x"));
	assert_false(begins_a_line(all, &key, PACKET_ACK, 114, "PORT\r\n"));
	assert_true(begins_a_line(all, &key, PACKET_ACK, 120, "NOOP\r\n"));
	assert_false(begins_a_line(all, &key, PACKET_ACK, 100, "USER a\r\n")); /* once more */
	assert_true(begins_a_line(all, &key, PACKET_ACK, 126, "QUIT\r\n"));
	connections_free(all);
}

static void connections_are_limited(void **state)
{
	struct connections *all = connections_new();
	struct packet packet = { .flags = PACKET_SYN };
	struct connection_key key = { .router = 1, .guest = 1 };

	(void)state;
	for (u32 i = 0; i < CONNECTIONS_PER_ROUTER; i++) {
		key.guest_port = (u16)i;
		assert_non_null(connections_see(all, &key, SIDE_GUEST, &packet));
	}
	key.guest_port = CONNECTIONS_PER_ROUTER;
	assert_null(connections_see(all, &key, SIDE_GUEST, &packet));
	key.router = 2;
	assert_non_null(connections_see(all, &key, SIDE_GUEST, &packet));
	packet.flags = PACKET_RST;
	assert_non_null(connections_see(all, &key, SIDE_GUEST, &packet));
	connections_expire(all, g_get_monotonic_time() + (s64)300 * G_USEC_PER_SEC);
	assert_int_equal(connections_count(all), CONNECTIONS_PER_ROUTER); /* the closed one went */
	connections_expire(all, g_get_monotonic_time() + (s64)7500 * G_USEC_PER_SEC);
	assert_int_equal(connections_count(all), 0);
	connections_free(all);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(they_come_change_and_go),
		cmocka_unit_test(expectations_are_limited),
		cmocka_unit_test(streams_share_a_port),
		cmocka_unit_test(only_lines_count),
		cmocka_unit_test(connections_are_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
