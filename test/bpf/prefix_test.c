/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 prefixes that are others outside (bpf/prefix.h). */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "outside_bed.h"

#define FAR6 "2001:db8:9::1"
/* IP1_6 and IP2_6 as fd00::/48 becomes 2001:db8:5::/48: fd00 - (2001 + db8 + 5) is cf42. */
#define OUTER1 "2001:db8:5:cf42::1"
#define OUTER2 "2001:db8:5:cf42::2"

static void translate(struct bed *bed, const char *inside, const char *outside)
{
	struct dp_prefix_translation translation = { .router = ROUTER };
	g_autoptr(GError) error = NULL;

	assert_true(prefix_parse(inside, &translation.inside));
	assert_true(prefix_parse(outside, &translation.outside));
	if (!dp_prefix_translation_put(bed->dp, &translation, &error))
		fail_msg("%s", error->message);
}

static void forget(struct bed *bed, const char *inside, const char *outside)
{
	struct dp_prefix_translation translation = { .router = ROUTER };

	assert_true(prefix_parse(inside, &translation.inside));
	assert_true(prefix_parse(outside, &translation.outside));
	assert_true(dp_prefix_translation_delete(bed->dp, &translation, NULL));
}

/* The wire says who its router is. */
static void introduce6(struct bed *bed)
{
	wire_sends(bed, frame_eth(UNDERLAY_MAC, NEXT_MAC, IP6,
				frame_ip(NEXT_IP6, "2001:db8:1::99", IPPROTO_ICMPV6,
					frame_nd(136, 0x60000000, NEXT_IP6, 2, NEXT_MAC))));
}

static int begin(void **state)
{
	introduce6(*state);
	translate(*state, "fd00::/48", "2001:db8:5::/48");
	return 0;
}

static int end(void **state)
{
	forget(*state, "fd00::/48", "2001:db8:5::/48");
	return 0;
}

static struct frame tcp6_frame(const char *dst_mac, const char *src_mac, const char *src,
	const char *dst, u16 sport, u16 dport, u8 flags)
{
	return frame_eth(dst_mac, src_mac, IP6,
		frame_ip(src, dst, IPPROTO_TCP,
			frame_tcp(sport, dport, flags, 7, 9, frame_fill(50))));
}

static struct frame echo6_frame(
	const char *dst_mac, const char *src_mac, const char *src, const char *dst, u8 type)
{
	return frame_eth(dst_mac, src_mac, IP6,
		frame_ip(src, dst, IPPROTO_ICMPV6,
			frame_icmp(type, 0, 77u << 16 | 1, frame_fill(56))));
}

/* All checksums are those of the addresses that are seen: frame_ip() says so. The verdicts that are
 * written down do the same as the first packets. */
static void test_both_ways(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 3; i++) {
		bed_send(
			bed, BED_GUEST1, tcp6_frame(INSIDE_MAC, MAC1, IP1_6, FAR6, 1000, 80, 0x10));
		wire_gets(bed,
			frame_hop(tcp6_frame(NEXT_MAC, GATEWAY_MAC, OUTER1, FAR6, 1000, 80, 0x10)));
		wire_sends(bed, tcp6_frame(GATEWAY_MAC, NEXT_MAC, FAR6, OUTER1, 80, 1000, 0x10));
		bed_expect(bed, BED_GUEST1,
			frame_hop(tcp6_frame(MAC1, INSIDE_MAC, FAR6, IP1_6, 80, 1000, 0x10)));
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1_6, FAR6, 1, 2));
		wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, OUTER1, FAR6, 1, 2)));
		bed_send(bed, BED_GUEST2, echo6_frame(INSIDE_MAC, MAC2, IP2_6, FAR6, 128));
		wire_gets(bed, frame_hop(echo6_frame(NEXT_MAC, GATEWAY_MAC, OUTER2, FAR6, 128)));
		wire_sends(bed, echo6_frame(GATEWAY_MAC, NEXT_MAC, FAR6, OUTER2, 129));
		bed_expect(bed, BED_GUEST2,
			frame_hop(echo6_frame(MAC2, INSIDE_MAC, FAR6, IP2_6, 129)));
	}
}

/* Who is outside may begin: there is no state. */
static void test_begun_outside(void **state)
{
	struct bed *bed = *state;

	wire_sends(bed, tcp6_frame(GATEWAY_MAC, NEXT_MAC, FAR6, OUTER2, 4000, 22, 0x02));
	bed_expect(bed, BED_GUEST2,
		frame_hop(tcp6_frame(MAC2, INSIDE_MAC, FAR6, IP2_6, 4000, 22, 0x02)));
	bed_send(bed, BED_GUEST2, tcp6_frame(INSIDE_MAC, MAC2, IP2_6, FAR6, 22, 4000, 0x12));
	wire_gets(bed, frame_hop(tcp6_frame(NEXT_MAC, GATEWAY_MAC, OUTER2, FAR6, 22, 4000, 0x12)));
}

/* What is inside of another prefix is routed as it is, and all is when there is none. */
static void test_others_are_routed(void **state)
{
	struct bed *bed = *state;

	forget(bed, "fd00::/48", "2001:db8:5::/48");
	translate(bed, "fd00:0:0:1::/64", "2001:db8:5:1::/64");
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1_6, FAR6, 1, 2));
		wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, IP1_6, FAR6, 1, 2)));
	}
	forget(bed, "fd00:0:0:1::/64", "2001:db8:5:1::/64");
	translate(bed, "fd00::/48", "2001:db8:5::/48");
}

/* RFC 6296 section 3.3's own, and one longer than 48 bits: there the interface id takes the
 * difference up, its first word that is not all ones. */
static void test_addresses(void **state)
{
	static const struct {
		const char *inside, *outside, *guest, *seen;
	} cases[] = {
		{ "fd01:203:405::/48", "2001:db8:1::/48", "fd01:203:405:1::1234",
			"2001:db8:1:d550::1234" },
		/* fd00 - (2001 + db8 + 6 + 7) is cf3a */
		{ "fd00::/64", "2001:db8:6:7::/64", "fd00::1", "2001:db8:6:7:cf3a::1" },
		{ "fd00::/64", "2001:db8:6:7::/64", "fd00::ffff:1:2:3",
			"2001:db8:6:7:ffff:cf3b:2:3" },
		/* fd00 + 1200 - (2001 + db8 + 6 + 3400) is ad41 */
		{ "fd00:0:0:1200::/56", "2001:db8:6:3400::/56", "fd00:0:0:12ab::9",
			"2001:db8:6:34ab:ad41::9" },
	};
	struct bed *bed = *state;

	forget(bed, "fd00::/48", "2001:db8:5::/48");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct ip guest = ip(cases[i].guest);
		struct mac hardware = mac(MAC2);
		struct dp_route route = { .router = ROUTER,
			.prefix = { .ip = guest, .len = 128 },
			.kind = DP_ROUTE_CONNECTED,
			.n_hops = 1,
			.hops = { { .vni = VNI, .mac = mac(INSIDE_MAC) } } };

		translate(bed, cases[i].inside, cases[i].outside);
		assert_true(dp_neighbour_put(bed->dp, VNI, &guest, &hardware, NULL));
		assert_true(dp_route_put(bed->dp, &route, NULL));
		wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR6, cases[i].seen, 2, 1));
		bed_expect(bed, BED_GUEST2,
			frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR6, cases[i].guest, 2, 1)));
		assert_true(dp_route_delete(bed->dp, ROUTER, &route.prefix, NULL));
		if (strcmp(cases[i].guest, IP1_6))
			assert_true(dp_neighbour_delete(bed->dp, VNI, &guest, NULL));
		else
			bed_populate(bed);
		forget(bed, cases[i].inside, cases[i].outside);
	}
	translate(bed, "fd00::/48", "2001:db8:5::/48");
}

static void test_what_has_no_outer_address(void **state)
{
	struct bed *bed = *state;

	bed_expect_drop(bed, BED_WIRE,
		tagged(udp_frame(GATEWAY_MAC, NEXT_MAC, FAR6, "2001:db8:5:ffff::1", 2, 1)),
		"untranslatable");
}

/* An error about what a guest sent quotes that, and one of a guest's what it got. */
static void test_errors(void **state)
{
	struct bed *bed = *state;
	struct frame quote = udp_frame(NEXT_MAC, GATEWAY_MAC, OUTER1, FAR6, 1, 2),
		     seen = udp_frame(NEXT_MAC, GATEWAY_MAC, IP1_6, FAR6, 1, 2);
	struct frame got = udp_frame(MAC2, INSIDE_MAC, FAR6, IP2_6, 9, 53),
		     sent = udp_frame(MAC2, INSIDE_MAC, FAR6, OUTER2, 9, 53);

	wire_sends(bed,
		frame_eth(GATEWAY_MAC, NEXT_MAC, IP6,
			frame_ip("2001:db8:7::1", OUTER1, IPPROTO_ICMPV6,
				frame_icmp(3, 0, 0, frame_bytes(quote.b + 14, quote.len - 14)))));
	bed_expect(bed, BED_GUEST1,
		frame_hop(frame_eth(MAC1, INSIDE_MAC, IP6,
			frame_ip("2001:db8:7::1", IP1_6, IPPROTO_ICMPV6,
				frame_icmp(3, 0, 0, frame_bytes(seen.b + 14, seen.len - 14))))));
	bed_send(bed, BED_GUEST2,
		frame_eth(INSIDE_MAC, MAC2, IP6,
			frame_ip(IP2_6, FAR6, IPPROTO_ICMPV6,
				frame_icmp(1, 4, 0, frame_bytes(got.b + 14, got.len - 14)))));
	wire_gets(bed,
		frame_hop(frame_eth(NEXT_MAC, GATEWAY_MAC, IP6,
			frame_ip(OUTER2, FAR6, IPPROTO_ICMPV6,
				frame_icmp(1, 4, 0, frame_bytes(sent.b + 14, sent.len - 14))))));
}

/* The last part of a datagram: it has no ports, and needs none. */
static void test_fragments(void **state)
{
	static const u8 header[8] = { IPPROTO_UDP, 0, 0x01, 0x00, 1, 2, 3, 4 };
	struct bed *bed = *state;
	struct frame part = frame_push(frame_fill(64), header, sizeof(header));

	bed_send(
		bed, BED_GUEST1, frame_eth(INSIDE_MAC, MAC1, IP6, frame_ip(IP1_6, FAR6, 44, part)));
	wire_gets(bed,
		frame_hop(frame_eth(NEXT_MAC, GATEWAY_MAC, IP6, frame_ip(OUTER1, FAR6, 44, part))));
	wire_sends(bed, frame_eth(GATEWAY_MAC, NEXT_MAC, IP6, frame_ip(FAR6, OUTER1, 44, part)));
	bed_expect(bed, BED_GUEST1,
		frame_hop(frame_eth(MAC1, INSIDE_MAC, IP6, frame_ip(FAR6, IP1_6, 44, part))));
}

/* To the outer address of another guest of the router (RFC 6296 section 3.2's hairpin). */
static void test_turned_round(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1_6, OUTER2, 5, 6));
		bed_expect(bed, BED_GUEST2,
			frame_hop(frame_hop(udp_frame(MAC2, INSIDE_MAC, OUTER1, IP2_6, 5, 6))));
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2_6, OUTER1, 6, 5));
		bed_expect(bed, BED_GUEST1,
			frame_hop(frame_hop(udp_frame(MAC1, INSIDE_MAC, OUTER2, IP1_6, 6, 5))));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_ways, begin, end),
		cmocka_unit_test_setup_teardown(test_begun_outside, begin, end),
		cmocka_unit_test_setup_teardown(test_others_are_routed, begin, end),
		cmocka_unit_test_setup_teardown(test_addresses, begin, end),
		cmocka_unit_test_setup_teardown(test_what_has_no_outer_address, begin, end),
		cmocka_unit_test_setup_teardown(test_errors, begin, end),
		cmocka_unit_test_setup_teardown(test_fragments, begin, end),
		cmocka_unit_test_setup_teardown(test_turned_round, begin, end),
	};

	return outside_run(tests);
}
