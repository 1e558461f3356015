/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments at the guests' ports: what follows the first, and what would make another packet of it
 * at the receiver than the one that was judged. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"

#define ETH 14
#define MORE 1

/* The IPv4 fragment of @whole at @offset (in 8 bytes), with @len bytes from @at behind its header.
 */
static struct frame fragment4(struct frame whole, u16 offset, bool more, size_t at, size_t len)
{
	struct frame frame = frame_bytes(whole.b + 34 + at, len), header;
	u32 sum = 0;

	header = frame_push(frame, whole.b, 34);
	header.b[16] = (u8)((20 + len) >> 8);
	header.b[17] = (u8)(20 + len);
	header.b[18] = 0x12;
	header.b[20] = (u8)((more ? 0x20 : 0) | offset >> 8);
	header.b[21] = (u8)offset;
	header.b[24] = header.b[25] = 0;
	for (int i = 14; i < 34; i += 2)
		sum += (u32)header.b[i] << 8 | header.b[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	header.b[24] = (u8)(~sum >> 8);
	header.b[25] = (u8)~sum;
	return header;
}

/* An IPv6 fragment of guest 1's; @next: what is said to be in it. */
static struct frame fragment6(u8 id, u8 next, u16 offset, bool more, struct frame payload)
{
	const u8 header[8] = { next, 0, (u8)(offset >> 5), (u8)(offset << 3 | more), 0, 0, 0, id };

	return frame_eth(MAC2, MAC1, ETH_IP6,
		frame_ip(IP1_6, IP2_6, IPPROTO_FRAGMENT, frame_push(payload, header, 8)));
}

/* Behind destination options of 8 bytes. */
static struct frame options(u8 next, struct frame payload)
{
	const u8 header[8] = { next, 0, 1, 4 };

	return frame_push(payload, header, 8);
}

/* The frame as it is, but its IPv6 header says that the last @bytes are no part of the packet. */
static struct frame padded(struct frame frame, size_t bytes)
{
	size_t len = frame.len - ETH - 40 - bytes;

	frame.b[ETH + 4] = (u8)(len >> 8);
	frame.b[ETH + 5] = (u8)len;
	return frame;
}

static struct dp_rule rule6(struct dp_rule rule)
{
	rule.family = 6;
	return rule;
}

static void test_follow_the_first(void **state)
{
	struct bed *bed = *state;
	struct frame whole = udp(BED_GUEST1, 1000, 53), segment;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53), TCP_IN2(80, 80));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, fragment4(whole, 2, false, 16, 24), "fragment");
	expect_passes(bed, BED_GUEST1, fragment4(whole, 0, MORE, 0, 16));
	expect_passes(bed, BED_GUEST1, fragment4(whole, 2, false, 16, 24));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000)); /* it opened the connection */
	segment =
		frame_of(BED_GUEST1, IPPROTO_TCP, frame_tcp(1000, 80, SYN, 100, 0, frame_fill(64)));
	segment.b[19] = 1; /* another packet */
	expect_passes(bed, BED_GUEST1, fragment4(segment, 0, MORE, 0, 24));
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, fragment4(segment, 1, false, 8, 56), "fragment");
	expect_passes(bed, BED_GUEST1, fragment4(segment, 3, false, 24, 40));
}

/* Headers of TCP are as long as they say: nothing may begin in its options. */
static void test_none_begins_in_the_headers(void **state)
{
	struct bed *bed = *state;
	struct frame segment =
		frame_of(BED_GUEST1, IPPROTO_TCP, frame_tcp(1000, 80, SYN, 100, 0, frame_fill(64)));

	POLICY(bed, policy1, OUT1, rule6(OUT1));
	POLICY(bed, policy2, TCP_IN2(80, 80), rule6(UDP_IN2(53, 53)));
	segment.b[34 + 12] = 8 << 4; /* 12 bytes of options */
	expect_passes(bed, BED_GUEST1, fragment4(segment, 0, MORE, 0, 32));
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, fragment4(segment, 3, MORE, 24, 16), "fragment");
	expect_passes(bed, BED_GUEST1, fragment4(segment, 4, false, 32, 32));

	expect_passes(bed, BED_GUEST1,
		fragment6(1, IPPROTO_DSTOPTS, 0, MORE,
			options(IPPROTO_UDP, frame_udp(1000, 53, frame_fill(32)))));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, /* another UDP header in place of that */
		fragment6(1, IPPROTO_DSTOPTS, 1, MORE, frame_udp(1000, 22, frame_fill(32))),
		"fragment");
	expect_passes(bed, BED_GUEST1, fragment6(1, IPPROTO_DSTOPTS, 6, false, frame_fill(32)));
}

/* Ports in what the frame has behind the packet are not the packet's: those come later. */
static void test_headers_are_no_padding(void **state)
{
	struct bed *bed = *state;
	struct frame real = frame_udp(1000, 22, frame_fill(24)), whole = udp(BED_GUEST1, 1000, 53);

	POLICY(bed, policy1, OUT1, rule6(OUT1));
	POLICY(bed, policy2, UDP_IN2(53, 53), rule6(UDP_IN2(53, 53)));
	expect_refused(bed, BED_GUEST1, BED_GUEST1,
		padded(fragment6(2, IPPROTO_DSTOPTS, 0, MORE,
			       options(IPPROTO_UDP, frame_udp(1000, 53, frame_fill(0)))),
			8),
		"truncated");
	expect_refused(bed, BED_GUEST1, BED_GUEST1, fragment6(2, IPPROTO_DSTOPTS, 1, false, real),
		"fragment");
	expect_refused(bed, BED_GUEST1, BED_GUEST1,
		padded(fragment6(3, IPPROTO_DSTOPTS, 0, MORE,
			       options(IPPROTO_ICMPV6, frame_icmp(128, 0, 0, frame_fill(0)))),
			8),
		"truncated");
	whole.b[17] = 20 + 4; /* four bytes of UDP */
	expect_refused(bed, BED_GUEST1, BED_GUEST1, whole, "truncated");
}

static void test_fragments_of_fragments(void **state)
{
	struct bed *bed = *state;
	static const u8 inner[8] = { IPPROTO_UDP, 0, 0, 0, 0, 0, 0, 9 };

	POLICY(bed, policy1, OUT1, rule6(OUT1));
	POLICY(bed, policy2, rule6(UDP_IN2(53, 53)));
	expect_refused(bed, BED_GUEST1, BED_GUEST1,
		fragment6(4, IPPROTO_FRAGMENT, 0, MORE,
			frame_push(frame_udp(1000, 53, frame_fill(32)), inner, 8)),
		"malformed");
}

/* RFC 6980: what a guest claims must be seen at once. */
static void test_no_neighbour_discovery(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1, rule6(OUT1));
	POLICY(bed, policy2, rule6(UDP_IN2(53, 53)));
	for (u8 type = 133; type <= 136; type++)
		if (type != 134)
			expect_refused(bed, BED_GUEST1, BED_GUEST1,
				fragment6(type, IPPROTO_ICMPV6, 0, MORE,
					frame_nd(type, 0x20000000, IP1_6, 0, NULL)),
				"fragment");
	/* one that may say what it likes is asked for a rule at its receiver's */
	put_port_with(bed, BED_GUEST1, policy1, 0);
	expect_refused(bed, BED_GUEST1, BED_GUEST2,
		fragment6(7, IPPROTO_ICMPV6, 0, MORE, frame_icmp(134, 0, 0, frame_fill(16))),
		"denied-ingress");
}

/* No error is of the other family's ICMP: no rule is about it. */
static void test_the_other_icmp(void **state)
{
	struct bed *bed = *state;
	struct frame question = udp(BED_GUEST1, 1000, 53), error;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53));
	expect_passes(bed, BED_GUEST1, question);
	error = frame_of(
		BED_GUEST2, IPPROTO_ICMP, frame_icmp(3, 3, 0, frame_bytes(question.b + ETH, 28)));
	expect_passes(bed, BED_GUEST2, error);
	error = frame_of(
		BED_GUEST2, IPPROTO_ICMPV6, frame_icmp(3, 3, 0, frame_bytes(question.b + ETH, 28)));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, error, "denied-egress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_follow_the_first, firewall_begin),
		cmocka_unit_test_setup(test_none_begins_in_the_headers, firewall_begin),
		cmocka_unit_test_setup(test_headers_are_no_padding, firewall_begin),
		cmocka_unit_test_setup(test_fragments_of_fragments, firewall_begin),
		cmocka_unit_test_setup(test_no_neighbour_discovery, firewall_begin),
		cmocka_unit_test_setup(test_the_other_icmp, firewall_begin),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
