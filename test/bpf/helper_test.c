/* SPDX-License-Identifier: Apache-2.0 */
/* Conntrack helpers: what is given to the agent and back, and connections that are expected. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "outside_bed.h"

#define SHARED_IP "203.0.113.30"
#define OTHER_IP "198.51.100.8"

static const struct dp_conntrack_helper tftp = {
	.router = ROUTER, .proto = IPPROTO_UDP, .port = 69, .helper = DP_HELPER_TFTP
};

struct taken {
	unsigned n;
	enum dp_punt_reason reason;
	struct dp_helped about;
	struct frame frame;
};

static be32 ip4(const char *text)
{
	be32 address;

	assert_int_equal(inet_pton(AF_INET, text, &address), 1);
	return address;
}

static void on_punt(
	u32 ifindex, enum dp_punt_reason reason, const u8 *bytes, size_t len, void *data)
{
	struct taken *taken = data;
	const u8 *frame;
	size_t frame_len;

	(void)ifindex;
	if (reason != DP_PUNT_HELPED && reason != DP_PUNT_EXPECTED)
		return;
	taken->n++;
	taken->reason = reason;
	assert_true(dp_punt_helped(bytes, len, &taken->about, &frame, &frame_len));
	taken->frame = frame_bytes(frame, frame_len);
}

/* What the agent has got of the only packet that it was given. */
static struct taken take(struct bed *bed, enum dp_punt_reason reason)
{
	struct taken taken = { 0 };

	dp_punt_dispatch(bed->dp, on_punt, &taken);
	assert_int_equal(taken.n, 1);
	assert_int_equal(taken.reason, reason);
	return taken;
}

static void expect_not_taken(struct bed *bed)
{
	struct taken taken = { 0 };

	dp_punt_dispatch(bed->dp, on_punt, &taken);
	assert_int_equal(taken.n, 0);
}

static void give_back(struct bed *bed, const struct taken *taken)
{
	g_autoptr(GError) error = NULL;

	if (!dp_helped_send(bed->dp, &taken->about, taken->frame.b, taken->frame.len, &error))
		fail_msg("%s", error->message);
}

static struct frame from_guest(u16 sport, u16 dport)
{
	return udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, sport, dport);
}

static struct frame leaves(const char *as, u16 sport, u16 dport)
{
	return frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, as, FAR_IP, sport, dport));
}

static struct frame from_far(const char *src, u16 sport, const char *dst, u16 dport)
{
	return udp_frame(GATEWAY_MAC, NEXT_MAC, src, dst, sport, dport);
}

static struct frame arrives(u16 sport, u16 dport)
{
	return frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, sport, dport));
}

static void ask(struct bed *bed, u16 sport)
{
	struct taken taken;

	bed_send(bed, BED_GUEST2, from_guest(sport, 69));
	bed_expect_nothing(bed, BED_WIRE);
	taken = take(bed, DP_PUNT_HELPED);
	assert_int_equal(taken.about.helper, DP_HELPER_TFTP);
	assert_true(taken.about.out && taken.about.to_server);
	assert_true(taken.about.router == ROUTER);
	assert_int_equal(taken.about.to, ip4(GATEWAY_IP));
	assert_int_equal(taken.about.to_port, sport);
	assert_int_equal(taken.frame.len, from_guest(sport, 69).len);
	give_back(bed, &taken);
	wire_gets(bed, leaves(GATEWAY_IP, sport, 69));
	expect_not_taken(bed);
}

/* Each packet is given, not only the first; and those of other ports are not. */
static void test_gives_and_takes_back(void **state)
{
	struct bed *bed = *state;
	struct taken taken;

	introduce(bed);
	assert_true(dp_conntrack_helper_put(bed->dp, &tftp, NULL));
	ask(bed, 4000);
	ask(bed, 4000);
	bed_send(bed, BED_GUEST2, from_guest(4000, 70));
	wire_gets(bed, leaves(GATEWAY_IP, 4000, 70));
	wire_sends(bed, from_far(FAR_IP, 69, GATEWAY_IP, 4000));
	bed_expect_nothing(bed, BED_GUEST2);
	taken = take(bed, DP_PUNT_HELPED);
	assert_false(taken.about.out || taken.about.to_server);
	assert_int_equal(taken.about.to, ip4(IP2));
	assert_int_equal(taken.about.to_port, 4000);
	give_back(bed, &taken);
	bed_expect(bed, BED_GUEST2, arrives(69, 4000));
	expect_not_taken(bed);
	/* one that stands for a guest: to and from it, ports stay */
	bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 4000, 69));
	taken = take(bed, DP_PUNT_HELPED);
	assert_int_equal(taken.about.to, ip4(FLOATING_IP));
	assert_int_equal(taken.about.to_port, 0);
	give_back(bed, &taken);
	wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 4000, 69)));
}

/* The server answers from another port than it was asked at. */
static void test_expected_from_outside(void **state)
{
	struct bed *bed = *state;
	struct dp_expectation expected = { .router = ROUTER,
		.helper = DP_HELPER_TFTP,
		.proto = IPPROTO_UDP,
		.guest = ip4(IP2),
		.outside = ip4(GATEWAY_IP),
		.peer = ip4(FAR_IP),
		.guest_port = 4100,
		.outside_port = 4100 };
	struct dp_expectation second = expected;
	struct taken taken;

	ask(bed, 4100);
	bed_expect_drop(
		bed, BED_WIRE, tagged(from_far(FAR_IP, 5555, GATEWAY_IP, 4100)), "not-translated");
	assert_true(dp_expectation_put(bed->dp, &expected, NULL));
	assert_int_equal(expected.outside_port, 4100);
	assert_true(dp_expectation_put(bed->dp, &second, NULL));
	assert_int_not_equal(second.outside_port, 4100); /* that one is taken */
	dp_expectation_remove(bed->dp, &second);
	bed_expect_drop(bed, BED_WIRE, tagged(from_far(OTHER_IP, 5555, GATEWAY_IP, 4100)),
		"not-translated");
	bed_expect_drop(
		bed, BED_WIRE, tagged(from_far(FAR_IP, 5555, GATEWAY_IP, 4101)), "not-translated");
	expect_not_taken(bed);
	wire_sends(bed, from_far(FAR_IP, 5555, GATEWAY_IP, 4100));
	bed_expect_nothing(bed, BED_GUEST2);
	taken = take(bed, DP_PUNT_EXPECTED);
	assert_false(taken.about.out);
	assert_true(dp_expectation_fulfil(bed->dp, &expected, 5555, NULL));
	dp_expectation_remove(bed->dp, &expected);
	give_back(bed, &taken);
	bed_expect(bed, BED_GUEST2, arrives(5555, 4100));
	for (int i = 0; i < 2; i++) { /* from now on a connection like any other */
		bed_send(bed, BED_GUEST2, from_guest(4100, 5555));
		wire_gets(bed, leaves(GATEWAY_IP, 4100, 5555));
		wire_sends(bed, from_far(FAR_IP, 5555, GATEWAY_IP, 4100));
		bed_expect(bed, BED_GUEST2, arrives(5555, 4100));
	}
	bed_expect_drop(
		bed, BED_WIRE, tagged(from_far(FAR_IP, 5556, GATEWAY_IP, 4100)), "not-translated");
	expect_not_taken(bed);
}

/* A server whose port is forwarded answers from another one: as the address that was asked. */
static void test_expected_from_a_forwarded_guest(void **state)
{
	struct bed *bed = *state;
	struct dp_port_forwarding forwarding = { .router = ROUTER,
		.vni = wire(bed),
		.proto = IPPROTO_UDP,
		.external = ip(SHARED_IP),
		.internal = ip(IP2),
		.external_first = 69,
		.external_last = 69,
		.internal_first = 6969 };
	struct dp_expectation expected = { .router = ROUTER,
		.helper = DP_HELPER_TFTP,
		.out = true,
		.proto = IPPROTO_UDP,
		.guest = ip4(IP2),
		.outside = ip4(SHARED_IP),
		.peer = ip4(FAR_IP),
		.peer_port = 5000 };
	struct mac gateway = mac(GATEWAY_MAC);
	struct ip shared = ip(SHARED_IP);
	static const u8 no_limits[16];
	struct taken taken;

	assert_true(dp_forwarded_address_put(
		bed->dp, ROUTER, wire(bed), &shared, &gateway, no_limits, NULL));
	assert_true(dp_port_forwarding_put(bed->dp, &forwarding, NULL));
	wire_sends(bed, from_far(FAR_IP, 5000, SHARED_IP, 69));
	taken = take(bed, DP_PUNT_HELPED);
	assert_true(!taken.about.out && taken.about.to_server);
	assert_int_equal(taken.about.to_port, 6969);
	give_back(bed, &taken);
	bed_expect(bed, BED_GUEST2, arrives(5000, 6969));
	bed_send(bed, BED_GUEST2, from_guest(6969, 5000)); /* from the forwarded port: helped too */
	taken = take(bed, DP_PUNT_HELPED);
	assert_true(taken.about.out && !taken.about.to_server);
	give_back(bed, &taken);
	wire_gets(bed, leaves(SHARED_IP, 69, 5000));
	assert_true(dp_expectation_put(bed->dp, &expected, NULL));
	bed_send(bed, BED_GUEST2, from_guest(40000, 5000));
	bed_expect_nothing(bed, BED_WIRE);
	taken = take(bed, DP_PUNT_EXPECTED);
	assert_true(taken.about.out);
	assert_true(dp_expectation_fulfil(bed->dp, &expected, 40000, NULL));
	dp_expectation_remove(bed->dp, &expected);
	give_back(bed, &taken);
	wire_gets(bed, leaves(SHARED_IP, 40000, 5000));
	for (int i = 0; i < 2; i++) {
		wire_sends(bed, from_far(FAR_IP, 5000, SHARED_IP, 40000));
		bed_expect(bed, BED_GUEST2, arrives(5000, 40000));
		bed_send(bed, BED_GUEST2, from_guest(40000, 5000));
		wire_gets(bed, leaves(SHARED_IP, 40000, 5000));
	}
	bed_send(bed, BED_GUEST2, from_guest(40001, 5000)); /* any other leaves as the router */
	wire_gets(bed, leaves(GATEWAY_IP, 40001, 5000));
	bed_expect_drop(
		bed, BED_WIRE, tagged(from_far(FAR_IP, 5000, SHARED_IP, 40001)), "not-forwarded");
}

static void test_goes(void **state)
{
	struct bed *bed = *state;
	struct dp_conntrack_helper other = tftp;

	other.helper = DP_HELPER_SIP; /* another one that was of the same port is not there */
	assert_true(dp_conntrack_helper_remove(bed->dp, &other, NULL));
	ask(bed, 4200);
	assert_true(dp_conntrack_helper_remove(bed->dp, &tftp, NULL));
	bed_send(bed, BED_GUEST2, from_guest(4200, 69));
	wire_gets(bed, leaves(GATEWAY_IP, 4200, 69));
	expect_not_taken(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gives_and_takes_back),
		cmocka_unit_test(test_expected_from_outside),
		cmocka_unit_test(test_expected_from_a_forwarded_guest),
		cmocka_unit_test(test_goes),
	};

	return outside_run(tests);
}
