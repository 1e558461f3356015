/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/helper/sip.h"
#include "base/addr.h"

#define INVITE                                                   \
	"INVITE sip:bob@198.51.100.7 SIP/2.0\r\n"                \
	"Via: SIP/2.0/UDP %s;branch=z9hG4bK1;rport\r\n"          \
	"From: <sip:alice@%s>;tag=1\r\n"                         \
	"To: <sip:bob@198.51.100.7>\r\n"                         \
	"Call-ID: 7@10.0.0.5\r\n"                                \
	"m: <sip:alice@%s;transport=udp>, <sip:x@110.0.0.5>\r\n" \
	"Subject: 10.0.0.5\r\n"                                  \
	"Content-Type: application/sdp\r\n"                      \
	"Content-Length: %zu\r\n"                                \
	"\r\n%s"
#define SDP                                                                      \
	"v=0\r\no=alice 1 1 IN IP4 %s\r\ns=10.0.0.5\r\nc=IN IP4 %s\r\nt=0 0\r\n" \
	"m=audio %u RTP/AVP 0\r\na=rtcp:%u\r\nm=video 0 RTP/AVP 31\r\n"          \
	"m=video 6000 RTP/AVP 31\r\nc=IN IP4 192.0.2.9\r\n"

static be32 address(const char *text)
{
	struct ip ip;
	be32 address;

	assert_true(ip_parse(text, &ip));
	memcpy(&address, ip.b, sizeof(address));
	return address;
}

static bool media(u16 port, u16 *ret_port, void *data)
{
	unsigned *n = data;

	(*n)++;
	*ret_port = (u16)(port + 100);
	return true;
}

static void expect_translated(const char *text, const struct sip_change *change, const char *wanted)
{
	GString *got = sip_translate(text, strlen(text), change);

	assert_string_equal(got ? got->str : text, wanted);
	if (got)
		g_string_free(got, TRUE);
}

/* What a guest at 10.0.0.5:5060 says reads as if 203.0.113.9:1024 had said it, and back. */
static void test_invites(void **state)
{
	unsigned n = 0;
	struct sip_change change = { .from = address("10.0.0.5"),
		.to = address("203.0.113.9"),
		.from_port = 5060,
		.to_port = 1024,
		.peer = address("198.51.100.7"),
		.media = media,
		.data = &n };
	g_autofree char *inner = g_strdup_printf(SDP, "10.0.0.5", "10.0.0.5", 4000, 4001);
	g_autofree char *outer = g_strdup_printf(SDP, "203.0.113.9", "203.0.113.9", 4100, 4101);
	g_autofree char *text = g_strdup_printf(
		INVITE, "10.0.0.5:5060", "10.0.0.5", "10.0.0.5", strlen(inner), inner);
	g_autofree char *wanted = g_strdup_printf(INVITE, "203.0.113.9:1024", "203.0.113.9",
		"203.0.113.9:1024", strlen(outer), outer);

	(void)state;
	expect_translated(text, &change, wanted);
	assert_int_equal(n, 1); /* the other streams are refused, and somebody else's */
	assert_int_equal(sip_registers(text, strlen(text)), 0);
}

static void test_answers(void **state)
{
	static const char text[] =
		"SIP/2.0 200 OK\r\n"
		"v: SIP/2.0/UDP 203.0.113.9:1024;received=203.0.113.9;rport=1024\r\n"
		"From: <sip:alice@203.0.113.9>;tag=1\r\n"
		"Contact: <sip:bob@198.51.100.7:5060>\r\n"
		"Content-Type: application/sdp\r\nl: 39\r\n\r\n"
		"c=IN IP4 198.51.100.7\nm=audio 9000 X 0\n";
	static const char wanted[] = "SIP/2.0 200 OK\r\n"
				     "v: SIP/2.0/UDP 10.0.0.5:5060;received=10.0.0.5;rport=5060\r\n"
				     "From: <sip:alice@10.0.0.5>;tag=1\r\n"
				     "Contact: <sip:bob@198.51.100.7:5060>\r\n"
				     "Content-Type: application/sdp\r\nContent-Length: 39\r\n\r\n"
				     "c=IN IP4 198.51.100.7\nm=audio 9000 X 0\n";
	unsigned n = 0;
	struct sip_change change = { .from = address("203.0.113.9"),
		.to = address("10.0.0.5"),
		.from_port = 1024,
		.to_port = 5060,
		.arriving = true,
		.peer = address("198.51.100.7"),
		.media = media,
		.data = &n };

	(void)state;
	expect_translated(text, &change, wanted);
	assert_int_equal(n, 1);
	change.peer = address("198.51.100.8"); /* streams of others are nobody's business here */
	expect_translated(text, &change, wanted);
	assert_int_equal(n, 1);
}

static void test_registers(void **state)
{
	static const struct {
		const char *text;
		unsigned seconds;
	} cases[] = {
		{ "REGISTER sip:x SIP/2.0\r\nContact: <sip:a@b>;expires=60\r\n\r\n", 60 },
		{ "REGISTER sip:x SIP/2.0\r\nExpires: 120\r\nm: <sip:a@b>\r\n\r\n", 120 },
		{ "REGISTER sip:x SIP/2.0\r\nm: <sip:a@b>\r\n\r\n", 3600 },
		{ "REGISTER sip:x SIP/2.0\r\nm: *\r\nExpires: 0\r\n\r\n", 0 },
		{ "OPTIONS sip:x SIP/2.0\r\nExpires: 120\r\n\r\n", 0 },
		{ "REGISTER sip:x SIP/2.0\r\nExpires: 120\r\n", 0 }, /* it does not end */
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(
			sip_registers(cases[i].text, strlen(cases[i].text)), cases[i].seconds);
}

static void test_leaves_alone(void **state)
{
	static const char *const others[] = {
		"",
		"\r\n\r\n", /* a keepalive */
		"GET http://10.0.0.5/ HTTP/1.1\r\nFrom: 10.0.0.5\r\n\r\n",
		"OPTIONS sip:x SIP/2.0\r\nFrom: <sip:a@10.0.0.5>\r\n", /* it does not end */
		"OPTIONS sip:x SIP/2.0\r\nFrom: <sip:a@10.0.0.50>\r\nTo: <sip:10.0.0.5.example>\r\n\r\n",
		"OPTIONS sip:x SIP/2.0\r\nVia: x110.0.0.5, 1.10.0.0.5\r\n\r\n",
		"OPTIONS sip:x SIP/2.0\r\nCall-ID: 10.0.0.5\r\n\r\n10.0.0.5",
	};
	const struct sip_change change = { .from = address("10.0.0.5"),
		.to = address("203.0.113.9"),
		.from_port = 5060,
		.to_port = 5060 };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		assert_null(sip_translate(others[i], strlen(others[i]), &change));
}

/* In a stream a message ends where its Content-Length says, and is none before. */
static void test_lengths(void **state)
{
	static const char two[] = "OPTIONS sip:x SIP/2.0\r\nl: 4\r\n\r\nbodySIP/2.0 200 OK\r\n\r\n";
	const size_t first = strlen("OPTIONS sip:x SIP/2.0\r\nl: 4\r\n\r\nbody");

	(void)state;
	assert_int_equal(sip_length(two, strlen(two)), first);
	assert_int_equal(sip_length(two + first, strlen(two) - first), strlen(two) - first);
	for (size_t len = 0; len < first; len++)
		assert_int_equal(sip_length(two, len), 0);
	for (size_t len = 1; len < first; len++)
		assert_true(sip_begins(two, len));
	assert_false(sip_begins("HELO there\r\n", 12));
	assert_false(sip_begins("\x16\x03\x01", 3));
	assert_int_equal(sip_length(two + 8, strlen(two) - 8), 0);
	assert_int_equal(sip_length("\r\n\r\n", 4), 0);
	assert_int_equal(
		sip_length("OPTIONS sip:x SIP/2.0\r\nContent-Length: 99999999\r\n\r\n", 52), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_invites),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_leaves_alone),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
