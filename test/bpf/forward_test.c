/* SPDX-License-Identifier: Apache-2.0 */
/* Port forwardings: ports of an address on the wire that stand for ports of guests. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "outside_bed.h"

#define SHARED_IP "203.0.113.30"

static struct dp_port_forwarding forwarding(
	u8 proto, u16 first, u16 last, const char *internal, u16 internal_first)
{
	return (struct dp_port_forwarding){ .router = ROUTER,
		.proto = proto,
		.external = ip(SHARED_IP),
		.internal = ip(internal),
		.external_first = first,
		.external_last = last,
		.internal_first = internal_first };
}

static void put(struct bed *bed, struct dp_port_forwarding forwarding)
{
	g_autoptr(GError) error = NULL;

	forwarding.vni = wire(bed);
	if (!dp_port_forwarding_put(bed->dp, &forwarding, &error))
		fail_msg("%s", error->message);
}

static void take_away(struct bed *bed, struct dp_port_forwarding forwarding)
{
	forwarding.vni = wire(bed);
	assert_true(dp_port_forwarding_remove(bed->dp, &forwarding, NULL));
}

static void populate(struct bed *bed)
{
	struct dp_port_forwarding all_to_one = forwarding(IPPROTO_TCP, 7000, 7999, IP2, 22);
	struct mac gateway = mac(GATEWAY_MAC);
	struct ip shared = ip(SHARED_IP);
	static const u8 no_limits[16];

	all_to_one.many = true;
	assert_true(dp_forwarded_address_put(
		bed->dp, ROUTER, wire(bed), &shared, &gateway, no_limits, NULL));
	put(bed, forwarding(IPPROTO_UDP, 80, 80, IP2, 8080));
	put(bed, forwarding(IPPROTO_TCP, 80, 80, IP2, 8080));
	put(bed, forwarding(IPPROTO_UDP, 1001, 1999, IP2, 20001));
	put(bed, all_to_one);
	introduce(bed);
}

static struct frame from_far(u16 port, u16 to)
{
	return udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, SHARED_IP, port, to);
}

/* Goes in by the port @outside and arrives at @inside, and the answer goes back. */
static void expect_forwarded(struct bed *bed, u16 outside, u16 inside)
{
	for (int i = 0; i < 2; i++) { /* by the pipeline, then by the flow entry */
		wire_sends(bed, from_far(5000, outside));
		bed_expect(bed, BED_GUEST2,
			frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 5000, inside)));
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, inside, 5000));
		wire_gets(bed, frame_hop(udp_frame(
				       NEXT_MAC, GATEWAY_MAC, SHARED_IP, FAR_IP, outside, 5000)));
	}
}

static void test_answers_the_wire(void **state)
{
	struct bed *bed = *state;

	populate(bed);
	wire_sends(bed, frame_eth(BROADCAST, NEXT_MAC, ARP,
				frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", SHARED_IP)));
	wire_gets(bed, frame_eth(NEXT_MAC, GATEWAY_MAC, ARP,
			       frame_arp(2, GATEWAY_MAC, SHARED_IP, NEXT_MAC, NEXT_IP)));
	wire_sends(bed, echo_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, SHARED_IP, 8, 9));
	wire_gets(bed, echo_frame(NEXT_MAC, GATEWAY_MAC, SHARED_IP, FAR_IP, 0, 9));
}

static void test_ports_and_ranges(void **state)
{
	struct bed *bed = *state;

	expect_forwarded(bed, 80, 8080);
	expect_forwarded(bed, 1001, 20001);
	expect_forwarded(bed, 1512, 20512);
	expect_forwarded(bed, 1999, 20999);
	bed_expect_drop(bed, BED_WIRE, tagged(from_far(5000, 1000)), "not-forwarded");
	bed_expect_drop(bed, BED_WIRE, tagged(from_far(5000, 2000)), "not-forwarded");
	bed_expect_drop(bed, BED_WIRE,
		tagged(tcp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, SHARED_IP, 5000, 1512)),
		"not-forwarded");
	wire_sends(bed, tcp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, SHARED_IP, 5000, 80));
	bed_expect(
		bed, BED_GUEST2, frame_hop(tcp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 5000, 8080)));
	bed_send(bed, BED_GUEST2, tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8080, 5000));
	wire_gets(bed, frame_hop(tcp_frame(NEXT_MAC, GATEWAY_MAC, SHARED_IP, FAR_IP, 80, 5000)));
	/* what is not forwarded leaves as the router */
	bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8081, 5000));
	wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 8081, 5000)));
}

/* One port inside: the client gets its answer from the port that it asked. */
static void test_many_to_one(void **state)
{
	struct bed *bed = *state;

	/* the guest alone can't say which it was */
	bed_expect_drop(bed, BED_GUEST2, tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 22, 5002),
		"not-translated");
	for (u16 i = 0; i < 6; i++) {
		u16 outside = (u16)(7000 + i % 3 * 499), client = (u16)(5000 + i % 3);

		wire_sends(
			bed, tcp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, SHARED_IP, client, outside));
		bed_expect(bed, BED_GUEST2,
			frame_hop(tcp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, client, 22)));
		bed_send(bed, BED_GUEST2, tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 22, client));
		wire_gets(bed, frame_hop(tcp_frame(
				       NEXT_MAC, GATEWAY_MAC, SHARED_IP, FAR_IP, outside, client)));
	}
}

static void test_hairpin(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 4; i++) {
		if (i == 2) /* nor does it need a router that translates */
			put_gateway(bed, true, false);
		bed_send(bed, BED_GUEST1,
			udp_frame(INSIDE_MAC, MAC1, "10.0.0.1", SHARED_IP, 700, 80));
		bed_expect(bed, BED_GUEST2,
			frame_hop(frame_hop(
				udp_frame(MAC2, INSIDE_MAC, FLOATING_IP, IP2, 700, 8080))));
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FLOATING_IP, 8080, 700));
		bed_expect(bed, BED_GUEST1,
			frame_hop(frame_hop(udp_frame(MAC1, INSIDE_MAC, SHARED_IP, IP1, 80, 700))));
		/* a guest that asks itself */
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, SHARED_IP, 701, 80));
		bed_expect(bed, BED_GUEST2,
			frame_hop(frame_hop(
				udp_frame(MAC2, INSIDE_MAC, GATEWAY_IP, IP2, 701, 8080))));
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, GATEWAY_IP, 8080, 701));
		bed_expect(bed, BED_GUEST2,
			frame_hop(frame_hop(udp_frame(MAC2, INSIDE_MAC, SHARED_IP, IP2, 80, 701))));
	}
	put_gateway(bed, true, true);
	bed_expect_nothing(bed, BED_WIRE);
}

static struct frame error(const char *dst_mac, const char *src_mac, const char *src,
	const char *dst, struct frame about)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_ICMP,
			frame_icmp(3, 3, 0, frame_bytes(about.b + 14, 28))));
}

/* An error quotes what its receiver had sent, but for the transport checksum. */
static void expect_error(struct frame got, struct frame wanted)
{
	assert_memory_equal(got.b, wanted.b, 36);
	assert_memory_equal(got.b + 42, wanted.b + 42, 26);
}

static void test_errors(void **state)
{
	struct bed *bed = *state;
	struct frame sent = from_far(5000, 1512);
	struct frame was = frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 5000, 20512));

	wire_sends(bed, sent);
	bed_expect(bed, BED_GUEST2, was);
	bed_send(bed, BED_GUEST2, error(INSIDE_MAC, MAC2, IP2, FAR_IP, was));
	expect_error(wire_receives(bed),
		frame_hop(error(NEXT_MAC, GATEWAY_MAC, SHARED_IP, FAR_IP, frame_hop(sent))));
	was = udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8080, 5000);
	sent = frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, SHARED_IP, FAR_IP, 80, 5000));
	bed_send(bed, BED_GUEST2, was);
	wire_gets(bed, sent);
	wire_sends(bed, error(GATEWAY_MAC, NEXT_MAC, "192.0.2.99", SHARED_IP, sent));
	expect_error(bed_receive(bed, BED_GUEST2),
		frame_hop(error(MAC2, INSIDE_MAC, "192.0.2.99", IP2, frame_hop(was))));
}

/* Later fragments have no ports, and follow the first both ways. */
static void test_fragments(void **state)
{
	struct bed *bed = *state;
	struct frame first = from_far(5000, 80), later = first, got;

	first.b[20] = 0x20; /* more follow */
	later.b[21] = 9;
	wire_sends(bed, frame_hop(first));
	got = bed_receive(bed, BED_GUEST2);
	assert_memory_equal(&got.b[30], "\x0a\x00\x00\x02", 4);
	assert_memory_equal(&got.b[36], "\x1f\x90", 2);
	wire_sends(bed, frame_hop(later));
	got = bed_receive(bed, BED_GUEST2);
	assert_memory_equal(&got.b[30], "\x0a\x00\x00\x02", 4);
	assert_memory_equal(&got.b[34], &later.b[34], later.len - 34);
	first = later = udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8080, 5000);
	first.b[20] = 0x20;
	later.b[21] = 9;
	bed_send(bed, BED_GUEST2, frame_hop(first));
	got = wire_receives(bed);
	assert_memory_equal(&got.b[26], "\xcb\x00\x71\x1e", 4);
	assert_memory_equal(&got.b[34], "\x00\x50", 2);
	bed_send(bed, BED_GUEST2, frame_hop(later));
	got = wire_receives(bed);
	assert_memory_equal(&got.b[26], "\xcb\x00\x71\x1e", 4);
	assert_memory_equal(&got.b[34], &later.b[34], later.len - 34);
}

/* The frame goes through the tunnel to the gateway's host as it is. */
static void expect_handed_over(struct bed *bed, struct frame sent)
{
	struct frame got;

	bed_send(bed, BED_GUEST2, sent);
	got = bed_receive(bed, BED_WIRE);
	assert_int_equal(got.len, 50 + sent.len);
	assert_memory_equal(got.b + 50, sent.b, sent.len);
}

/* Hosts that share the router's address: answers leave from the guest's own, but where the
 * gateway's alone knows whom they are from. */
static void test_hosts_that_share(void **state)
{
	struct bed *bed = *state;
	struct frame was = udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 5000, 20512), many, later;

	share_gateway(bed, true, 2048, 0, 2048);
	wire_sends(bed, from_far(5000, 80)); /* no port of the router's address */
	bed_expect(
		bed, BED_GUEST2, frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 5000, 8080)));
	share_gateway(bed, false, 2048, 0, 2048);
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8080, 5000));
		wire_gets(
			bed, frame_hop(udp_frame(NEXT_MAC, WIRE_MAC, SHARED_IP, FAR_IP, 80, 5000)));
	}
	bed_send(bed, BED_GUEST2, error(INSIDE_MAC, MAC2, IP2, FAR_IP, was));
	expect_error(wire_receives(bed),
		frame_hop(error(NEXT_MAC, WIRE_MAC, SHARED_IP, FAR_IP, from_far(5000, 1512))));
	many = later = tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 22, 5999);
	expect_handed_over(bed, many);
	expect_handed_over(bed, error(INSIDE_MAC, MAC2, IP2, FAR_IP,
					tcp_frame(MAC2, INSIDE_MAC, FAR_IP, IP2, 5999, 22)));
	many.b[20] = 0x20;
	later.b[21] = 9;
	expect_handed_over(bed, frame_hop(many));
	expect_handed_over(bed, frame_hop(later));
	assert_true(dp_snat_owners_delete(bed->dp, ROUTER, NULL));
	put_gateway(bed, true, true);
}

/* One that goes takes its connections along, and not what another one has in its place. */
static void test_changes(void **state)
{
	struct bed *bed = *state;
	struct dp_port_forwarding one = forwarding(IPPROTO_UDP, 80, 80, IP2, 8080);
	struct ip shared = ip(SHARED_IP);

	expect_forwarded(bed, 80, 8080);
	put(bed, forwarding(IPPROTO_UDP, 80, 80, IP2, 8090));
	take_away(bed, one);
	expect_forwarded(bed, 80, 8090);
	take_away(bed, forwarding(IPPROTO_UDP, 80, 80, IP2, 8090));
	bed_expect_drop(bed, BED_WIRE, tagged(from_far(5000, 80)), "not-forwarded");
	bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 8090, 5000));
	wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 8090, 5000)));
	/* a floating IP of that address is left alone */
	assert_true(dp_forwarded_address_delete(bed->dp, wire(bed), &shared, NULL));
	shared = ip(FLOATING_IP);
	assert_true(dp_forwarded_address_delete(bed->dp, wire(bed), &shared, NULL));
	wire_sends(bed, frame_eth(BROADCAST, NEXT_MAC, ARP,
				frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", SHARED_IP)));
	bed_expect_nothing(bed, BED_WIRE);
	wire_sends(bed, udp_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 53, 99));
	bed_expect(bed, BED_GUEST1, frame_hop(udp_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 53, 99)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_the_wire),
		/* puts them there */ cmocka_unit_test(test_ports_and_ranges),
		cmocka_unit_test(test_many_to_one), cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_hosts_that_share),
		cmocka_unit_test(test_changes), /* takes some away */
	};

	return outside_run(tests);
}
