/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages: questions that are refused, and what of a resolver's reply reaches the guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib.h>

#include "agent/dns/wire.h"

#define HEADER(flags, qd, an, ns, ar) \
	0x12, 0x34, (u8)((flags) >> 8), (u8)(flags), 0, qd, 0, an, 0, ns, 0, ar
#define QUESTION 1, 'A', 0, 0, 1, 0, 1
#define RECORD(last) 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last
#define OPT 0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0
#define OPT_EXTENDED_RCODE 0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0
#define BYTES(...) (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ })

static enum dns_parsed parse(const u8 *bytes, size_t len, struct dns_query *ret)
{
	g_autofree u8 *exact = g_memdup2(bytes, len);

	return dns_parse_query(exact, len, ret);
}

static void test_query(void **state)
{
	struct dns_query query;

	(void)state;
	assert_int_equal(parse(BYTES(HEADER(0x100, 1, 0, 0, 0), QUESTION), &query), DNS_PARSED);
	assert_string_equal(query.name, "a");
	assert_int_equal(query.type, DNS_A);
	assert_int_equal(query.size_max, 512);
	assert_false(query.has_edns);
	assert_int_equal(
		parse(BYTES(HEADER(0x110, 1, 0, 0, 1), QUESTION, OPT), &query), DNS_PARSED);
	assert_true(query.has_edns && query.dnssec_ok);
	assert_int_equal(query.size_max, 1232);
}

static void test_bad_queries(void **state)
{
	const struct {
		const u8 *bytes;
		size_t len;
		enum dns_parsed parsed;
	} cases[] = {
		{ BYTES(0x12, 0x34, 1, 0), DNS_IGNORE },
		{ BYTES(HEADER(0x8180, 1, 0, 0, 0), QUESTION), DNS_IGNORE },
		{ BYTES(HEADER(0x100, 0, 0, 0, 0)), DNS_MALFORMED },
		{ BYTES(HEADER(0x100, 2, 0, 0, 0), QUESTION, QUESTION), DNS_MALFORMED },
		{ BYTES(HEADER(0x100, 1, 1, 0, 0), QUESTION, RECORD(1)), DNS_MALFORMED },
		{ BYTES(HEADER(0x100, 1, 0, 0, 0), 1, 'A', 0, 0, 1), DNS_MALFORMED },
		{ BYTES(HEADER(0x100, 1, 0, 0, 0), 0xc0, 12, 0, 1, 0, 1), DNS_MALFORMED },
		{ BYTES(HEADER(0x100, 1, 0, 0, 1), QUESTION), DNS_MALFORMED },
		{ BYTES(HEADER(0x100, 1, 0, 0, 2), QUESTION, OPT, OPT), DNS_MALFORMED },
	};
	struct dns_query query;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(parse(cases[i].bytes, cases[i].len, &query), cases[i].parsed);
}

/* A query on to a resolver has the question, its flags and our EDNS, and nothing else. */
static void test_query_is_rewritten(void **state)
{
	u8 room[64];
	struct writer w = writer_of(room, sizeof(room));
	struct dns_query query;

	(void)state;
	assert_int_equal(parse(BYTES(HEADER(0x0130, 1, 0, 0, 2), QUESTION, RECORD(9), OPT), &query),
		DNS_PARSED);
	dns_write_query(&w, &query, 0xabcd);
	const u8 expected[] = { 0xab, 0xcd, 0x01, 0x30, 0, 1, 0, 0, 0, 0, 0, 1, QUESTION, OPT };
	assert_int_equal(w.len, sizeof(expected));
	assert_memory_equal(room, expected, sizeof(expected));
}

static void assert_relayed(const struct dns_query *query, const u8 *reply, size_t len,
	const u8 *expected, size_t expected_len)
{
	g_autofree u8 *exact = g_memdup2(reply, len);
	u8 room[1500];
	size_t n = dns_relay(exact, len, query, room, sizeof(room));

	assert_int_equal(n, expected_len);
	if (n)
		assert_memory_equal(room, expected, n);
}

static void test_relay(void **state)
{
	struct dns_query plain, edns;

	(void)state;
	assert_int_equal(parse(BYTES(HEADER(0x100, 1, 0, 0, 0), QUESTION), &plain), DNS_PARSED);
	assert_int_equal(parse(BYTES(HEADER(0x100, 1, 0, 0, 1), QUESTION, OPT), &edns), DNS_PARSED);
	/* The resolver's OPT, and what it has put behind it, is not the guest's; its id and case
	 * are the guest's. */
#define REPLY(an, ns, ar, ...) \
	BYTES(HEADER(0x8580, 1, an, ns, ar), 1, 'a', 0, 0, 1, 0, 1, ##__VA_ARGS__)
#define RELAYED(an, ns, ar, ...) BYTES(HEADER(0x8580, 1, an, ns, ar), QUESTION, ##__VA_ARGS__)
	assert_relayed(&plain, REPLY(1, 1, 3, RECORD(1), RECORD(2), RECORD(3), OPT, RECORD(4)),
		RELAYED(1, 1, 1, RECORD(1), RECORD(2), RECORD(3)));
	assert_relayed(&edns, REPLY(1, 0, 1, RECORD(1), OPT), RELAYED(1, 0, 1, RECORD(1), OPT));
	assert_relayed(&edns, REPLY(0, 0, 0), RELAYED(0, 0, 1, OPT));
	/* Malformed, or an error that the guest can't be told. */
	assert_relayed(&plain, REPLY(2, 0, 0, RECORD(1)), NULL, 0);
	assert_relayed(&plain, REPLY(0, 0, 1, OPT_EXTENDED_RCODE), NULL, 0);
	assert_relayed(&plain, BYTES(HEADER(0x8180, 0, 0, 0, 0), QUESTION), NULL, 0);
	assert_relayed(&plain, BYTES(HEADER(0x8180, 1, 0, 0, 0)), NULL, 0);
}

/* Sections that need not be there go before the answer is cut. */
static void test_relay_sizes(void **state)
{
	static const u8 record[] = { RECORD(1) };
	u8 reply[1500] = { HEADER(0x8180, 1, 20, 20, 20), QUESTION }, room[1500];
	struct writer w = writer_of(reply, sizeof(reply));
	struct dns_query query;

	(void)state;
	assert_int_equal(parse(BYTES(HEADER(0x100, 1, 0, 0, 0), QUESTION), &query), DNS_PARSED);
	w.len = 19;
	for (size_t i = 0; i < 60; i++)
		write_bytes(&w, record, sizeof(record));
	const struct {
		size_t size_max, len;
		u16 flags, answers, authority, additional;
	} cases[] = {
		{ 1232, 19 + 60 * 16, 0x8180, 20, 20, 20 },
		{ 19 + 59 * 16, 19 + 40 * 16, 0x8180, 20, 20, 0 },
		{ 19 + 39 * 16, 19 + 20 * 16, 0x8180, 20, 0, 0 },
		{ 19 + 19 * 16 + 15, 19 + 19 * 16, 0x8380, 19, 0, 0 },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		query.size_max = cases[i].size_max;
		assert_int_equal(dns_relay(reply, w.len, &query, room, sizeof(room)), cases[i].len);
		const u8 header[] = { HEADER(cases[i].flags, 1, (u8)cases[i].answers,
			(u8)cases[i].authority, (u8)cases[i].additional) };
		assert_memory_equal(room, header, sizeof(header));
	}
}

static void test_reply_too_large(void **state)
{
	u8 address[16] = { 0 }, room[1500];
	struct dns_query query;
	struct dns_reply reply;

	(void)state;
	assert_int_equal(
		parse(BYTES(HEADER(0x100, 1, 0, 0, 1), QUESTION, OPT), &query), DNS_PARSED);
	query.size_max = 512;
	dns_reply_begin(&reply, &query, room, sizeof(room));
	for (size_t i = 0; i < 32; i++)
		dns_reply_answer(&reply, DNS_AAAA, 30, address, sizeof(address));
	assert_int_equal(dns_reply_end(&reply), 19 + 17 * 28 + 11);
	assert_true(room[2] & DNS_TRUNCATED >> 8);
	assert_int_equal(room[7], 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_bad_queries),
		cmocka_unit_test(test_query_is_rewritten),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_relay_sizes),
		cmocka_unit_test(test_reply_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
