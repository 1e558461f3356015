/* SPDX-License-Identifier: Apache-2.0 */
/* Frames against bytes whose checksums another program computed, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "agent/frame/bytes.h"
#include "agent/frame/frame.h"

/* 10.0.0.5:5353 -> 10.0.0.1:53, payload "hello" (odd: the checksum pads). */
static const u8 udp4[] = { 0xfa, 0x16, 0x3f, 0, 0, 1, 0xfa, 0x16, 0x3e, 0, 0, 5, 0x08, 0x00, //
	0x45, 0, 0, 33, 0, 0, 0x40, 0, 64, 17, 0x26, 0xc7, 10, 0, 0, 5, 10, 0, 0, 1,	     //
	0x14, 0xe9, 0, 53, 0, 13, 0x92, 0xde, 'h', 'e', 'l', 'l', 'o' };

static const struct frame_flow flow4 = {
	.src_mac = { { 0xfa, 0x16, 0x3e, 0, 0, 5 } },
	.dst_mac = { { 0xfa, 0x16, 0x3f, 0, 0, 1 } },
	.src = { .family = 4, .b = { 10, 0, 0, 5 } },
	.dst = { .family = 4, .b = { 10, 0, 0, 1 } },
	.src_port = 5353,
	.dst_port = 53,
};

static enum frame_error parse(const u8 *bytes, size_t len, struct frame_flow *flow, size_t *ret_len)
{
	const u8 *payload;

	return frame_parse_udp(bytes, len, flow, &payload, ret_len);
}

static void test_udp_is_built(void **state)
{
	struct frame frame;

	(void)state;
	assert_true(frame_build_udp(&frame, &flow4, (const u8 *)"hello", 5));
	assert_int_equal(frame.len, sizeof(udp4));
	assert_memory_equal(frame.data, udp4, sizeof(udp4));
}

static void test_udp_is_parsed(void **state)
{
	u8 padded[sizeof(udp4) + 18] = {
		0
	}; /* Ethernet's minimum adds bytes that are not payload */
	struct frame_flow flow;
	const u8 *payload;
	size_t len;

	(void)state;
	memcpy(padded, udp4, sizeof(udp4));
	assert_int_equal(frame_parse_udp(padded, sizeof(padded), &flow, &payload, &len), FRAME_OK);
	assert_memory_equal(&flow.src, &flow4.src, sizeof(flow.src));
	assert_memory_equal(&flow.dst_mac, &flow4.dst_mac, sizeof(flow.dst_mac));
	assert_int_equal(flow.src_port, 5353);
	assert_int_equal(flow.dst_port, 53);
	assert_int_equal(len, 5);
	assert_memory_equal(payload, "hello", 5);
}

static void test_every_truncation_is_refused(void **state)
{
	struct frame_flow flow;
	size_t len;

	(void)state;
	for (size_t n = 0; n < sizeof(udp4); n++) {
		g_autofree u8 *copy = g_memdup2(udp4, n);
		assert_int_not_equal(parse(copy, n, &flow, &len), FRAME_OK);
	}
}

static void test_refused(void **state)
{
	static const struct {
		size_t at;
		u8 value;
		enum frame_error error;
	} cases[] = {
		{ 12, 0x81, FRAME_PROTOCOL }, /* a VLAN tag */
		{ 14, 0x65, FRAME_LENGTH },   /* IP version 6 in an IPv4 packet */
		{ 14, 0x44, FRAME_LENGTH },   /* a header of 16 bytes */
		{ 14, 0x4f, FRAME_LENGTH },   /* a header longer than the packet */
		{ 17, 200, FRAME_TRUNCATED }, /* total length behind the end */
		{ 22, 63, FRAME_CHECKSUM },
		{ 39, 0xff, FRAME_LENGTH }, /* UDP length behind the end */
		{ 39, 7, FRAME_LENGTH },    /* shorter than its header */
	};
	struct frame_flow flow;
	size_t len;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		u8 copy[sizeof(udp4)];

		memcpy(copy, udp4, sizeof(copy));
		copy[cases[i].at] = cases[i].value;
		assert_int_equal(parse(copy, sizeof(copy), &flow, &len), cases[i].error);
	}
}

static void test_fragments_are_refused(void **state)
{
	u8 copy[sizeof(udp4)];
	struct frame_flow flow;
	size_t len;

	(void)state;
	memcpy(copy, udp4, sizeof(copy));
	copy[20] = 0x20; /* more fragments, instead of don't fragment; the checksum follows */
	copy[24] += 0x20;
	assert_int_equal(parse(copy, sizeof(copy), &flow, &len), FRAME_FRAGMENT);
}

static void test_icmp6_round_trip(void **state)
{
	static const u8 solicitation[] = { 133, 0, 0, 0, 0, 0, 0, 0 };
	struct frame_flow flow = flow4, parsed;
	struct frame frame;
	const u8 *message;
	size_t len;
	u8 hop_limit;

	(void)state;
	assert_true(ip_parse("fe80::1", &flow.src));
	assert_true(ip_parse("ff02::2", &flow.dst));
	assert_true(frame_build_icmp6(&frame, &flow, solicitation, sizeof(solicitation)));
	assert_int_equal(
		frame_parse_icmp6(frame.data, frame.len, &parsed, &hop_limit, &message, &len),
		FRAME_OK);
	assert_int_equal(hop_limit, 255);
	assert_int_equal(len, sizeof(solicitation));
	assert_int_equal(message[2] << 8 | message[3], 0x7d36);
	frame.data[14 + 6] = 0; /* hop-by-hop options in front */
	assert_int_equal(
		frame_parse_icmp6(frame.data, frame.len, &parsed, &hop_limit, &message, &len),
		FRAME_FRAGMENT);
}

static void test_limits(void **state)
{
	struct frame_flow mixed = flow4;
	static u8 big[FRAME_MAX];
	struct frame frame = { .len = 1 };

	(void)state;
	assert_int_equal(frame_udp_payload_max(4, 1500), 1472);
	assert_int_equal(frame_udp_payload_max(6, 1280), 1232);
	assert_int_equal(frame_udp_payload_max(4, 9000), FRAME_MAX - 14 - 28);
	assert_int_equal(frame_udp_payload_max(4, 20), 0);
	assert_true(frame_build_udp(&frame, &flow4, big, FRAME_MAX - 14 - 28));
	assert_int_equal(frame.len, FRAME_MAX);
	assert_false(frame_build_udp(&frame, &flow4, big, FRAME_MAX - 14 - 27));
	assert_true(ip_parse("::1", &mixed.src));
	assert_false(frame_build_udp(&frame, &mixed, big, 1));
	assert_int_equal(frame.len, 0);
}

static void test_reader_stops(void **state)
{
	struct reader r = reader_of((const u8[]){ 1, 2, 3 }, 3);

	(void)state;
	assert_int_equal(read_u16(&r), 0x102);
	assert_int_equal(read_u16(&r), 0);
	assert_true(r.failed);
	assert_int_equal(read_u8(&r), 0);
	struct reader part = read_part(&r, 1);
	assert_true(part.failed);
	assert_int_equal(reader_left(&part), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp_is_built),
		cmocka_unit_test(test_udp_is_parsed),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fragments_are_refused),
		cmocka_unit_test(test_icmp6_round_trip),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_reader_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
