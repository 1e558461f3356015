/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firewall groups on the way over a load balancer: a VIP on VNI 100, members on VNI 200, of which
 * guest 2 is one here, and 10.2.0.3 is behind the peer.
 *
 *   198.51.100.7 ── wire ── GATEWAY_MAC router INSIDE_MAC ── 100 ── VIP 10.0.0.50, guest 1
 *                                              ROUTER_MAC2 ── 200 ── guest 2 10.2.0.2
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guard_bed.h"
#include "outside_bed.h"

#define VIP "10.0.0.50"
#define VIP_MAC "02:00:00:00:0b:00"
#define MEMBER "10.2.0.2"
#define ELSEWHERE "10.2.0.3"
#define IP_SRC 26
#define IP_DST 30
#define UDP_SPORT 34

static void add_neighbour(struct bed *bed, u32 vni, const char *address, const char *hardware)
{
	struct ip of = ip(address);
	struct mac to = mac(hardware);

	assert_true(dp_neighbour_put(bed->dp, vni, &of, &to, NULL));
}

static void add_members_network(struct bed *bed)
{
	struct dp_network network = { .vni = VNI2, .mtu_bytes = 1300 };
	struct dp_interface interface = { .vni = VNI2, .mac = mac(ROUTER_MAC2), .router = ROUTER };
	struct dp_route route = { .router = ROUTER,
		.kind = DP_ROUTE_CONNECTED,
		.n_hops = 1,
		.hops = { { .vni = VNI2, .mac = mac(ROUTER_MAC2) } } };
	struct dp_port port = { .ifindex = bed->ifindex[BED_GUEST2],
		.kind = DP_PORT_VETH,
		.vni = VNI2,
		.flags = DP_PORT_GUARDED,
		.mac = mac(MAC2) };
	struct dp_endpoint here = { .vni = VNI2, .mac = port.mac, .ifindex = port.ifindex };
	struct dp_member peer = { .vni = VNI2, .vtep = ip("192.0.2.2"), .encap = DP_ENCAP_VXLAN };
	struct dp_endpoint there = { .vni = VNI2, .mac = mac(MAC3), .vtep = peer.vtep };

	there.encap = DP_ENCAP_VXLAN;
	assert_true(prefix_parse("10.2.0.0/24", &route.prefix));
	assert_true(dp_network_put(bed->dp, &network, NULL));
	assert_true(dp_member_put(bed->dp, &peer, NULL));
	assert_true(dp_interface_put(bed->dp, &interface, NULL));
	assert_true(dp_route_put(bed->dp, &route, NULL));
	assert_true(dp_port_put(bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(bed->dp, &here, NULL));
	assert_true(dp_endpoint_put(bed->dp, &there, NULL));
	add_neighbour(bed, VNI2, MEMBER, MAC2);
	add_neighbour(bed, VNI2, ELSEWHERE, MAC3);
	add_neighbour(bed, VNI, "10.0.0.100", INSIDE_MAC);
}

static void listen_by(struct bed *bed, u32 vni, const char *address, const char *hardware,
	const struct mac *router)
{
	struct dp_lb_member member = { .vni = vni,
		.mac = mac(hardware),
		.ip = ip(address),
		.port = 8080,
		.weight = 1,
		.router_mac = *router };
	struct dp_listener listener = { .vni = VNI,
		.vip = ip(VIP),
		.port = 80,
		.proto = IPPROTO_UDP,
		.members = &member,
		.n_members = 1 };

	assert_true(dp_listener_put(bed->dp, &listener, NULL));
}

static void listen_with(struct bed *bed, u32 vni, const char *address, const char *hardware)
{
	static const struct mac none;

	listen_by(bed, vni, address, hardware, &none);
}

static int setup(void **state)
{
	struct ip vip = ip(VIP);
	struct mac hardware = mac(VIP_MAC);
	struct bed *bed;

	outside_setup(state);
	bed = *state;
	add_members_network(bed);
	bed_port(bed, BED_GUEST1, DP_PORT_SECURITY | DP_PORT_GUARDED);
	assert_true(dp_vip_put(bed->dp, VNI, &vip, &hardware, NULL));
	put_floating_ip(bed, VIP);
	introduce(bed);
	return 0;
}

/* Nobody guards. */
static int clear(void **state)
{
	struct mac ports[] = { mac(GATEWAY_MAC), mac(INSIDE_MAC), mac(ROUTER_MAC2) };
	struct bed *bed = *state;
	u32 vnis[] = { wire(bed), VNI, VNI2 };

	guard_group = NULL;
	guard_flags = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(ports); i++)
		assert_true(dp_guard_delete(bed->dp, vnis[i], &ports[i], NULL));
	return 0;
}

/* To UDP port @port of @address. */
static struct dp_guard_rule to(u8 id, const char *address, u16 port)
{
	struct dp_guard_rule rule = { .id = { id }, .family = 4, .proto = IPPROTO_UDP };

	rule.destination = (struct prefix){ .ip = ip(address), .len = 32 };
	rule.destination_ports.first = rule.destination_ports.last = port;
	return rule;
}

static struct frame asked(u16 sport)
{
	return udp_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, sport, 80);
}

/* A connection from outside reaches guest 2, and its answer the outside. */
static void connects(struct bed *bed, u16 sport)
{
	for (int i = 0; i < 3; i++) {
		wire_sends(bed, asked(sport));
		bed_expect(bed, BED_GUEST2,
			frame_hop(udp_frame(MAC2, INSIDE_MAC, FAR_IP, MEMBER, sport, 8080)));
		bed_send(
			bed, BED_GUEST2, udp_frame(ROUTER_MAC2, MAC2, MEMBER, FAR_IP, 8080, sport));
		wire_gets(bed, frame_hop(udp_frame(
				       NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 80, sport)));
	}
}

static void refused(struct bed *bed, u16 sport)
{
	bed_expect_drop(bed, BED_WIRE, tagged(asked(sport)), DENIED);
}

/* Each of the router's three ports is asked, about the VIP before it and about the member behind
 * it, and one that refuses is enough; the answers are asked about nowhere. */
static void test_from_outside(void **state)
{
	struct dp_guard_rule vip = to(2, VIP, 80), member = to(3, MEMBER, 8080);
	struct bed *bed = *state;
	u64 hits;

	listen_with(bed, VNI2, MEMBER, MAC2);
	connects(bed, 1000);
	guard(bed, wire(bed), GATEWAY_MAC, &member, 1, NULL, 0);
	refused(bed, 1000); /* which was open */
	guard(bed, wire(bed), GATEWAY_MAC, &vip, 1, NULL, 0);
	connects(bed, 1000);
	guard(bed, VNI, INSIDE_MAC, &member, 1, &member, 1);
	refused(bed, 1001);
	guard(bed, VNI, INSIDE_MAC, &vip, 1, &vip, 1);
	refused(bed, 1001);
	guard(bed, VNI, INSIDE_MAC, &member, 1, &vip, 1);
	connects(bed, 1002);
	guard(bed, VNI2, ROUTER_MAC2, &member, 1, NULL, 0);
	refused(bed, 1002);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &vip, 1);
	refused(bed, 1002);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &member, 1);
	connects(bed, 1002);
	assert_true(dp_rule_hits(bed->dp, vip.id, &hits, NULL));
	assert_true(hits >= 2);
}

/* The same where the member is on another host, which is sent nothing that is refused. */
static void test_member_elsewhere(void **state)
{
	struct dp_guard_rule vip = to(2, VIP, 80), member = to(3, ELSEWHERE, 8080);
	struct frame inner = frame_hop(udp_frame(MAC3, INSIDE_MAC, FAR_IP, VIP, 1100, 80)), got;
	struct bed *bed = *state;

	listen_with(bed, VNI2, ELSEWHERE, MAC3);
	guard(bed, wire(bed), GATEWAY_MAC, &vip, 1, NULL, 0);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, NULL, 0);
	refused(bed, 1100);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &member, 1);
	wire_sends(bed, asked(1100));
	got = bed_receive(bed, BED_WIRE);
	assert_int_equal(got.len, 50 + inner.len);
	assert_memory_equal(got.b + 50, inner.b, inner.len);
	guard(bed, wire(bed), GATEWAY_MAC, NULL, 0, NULL, 0);
	refused(bed, 1100);
}

/* A member on the VIP's own network is behind no other port of a router, and its answers are not
 * asked about as its own address'. */
static void test_on_the_vips_network(void **state)
{
	struct dp_guard_rule vip = to(2, VIP, 80);
	struct bed *bed = *state;

	listen_with(bed, VNI, IP1, MAC1);
	guard(bed, wire(bed), GATEWAY_MAC, &vip, 1, NULL, 0);
	guard(bed, VNI, INSIDE_MAC, NULL, 0, &vip, 1);
	for (int i = 0; i < 3; i++) {
		wire_sends(bed, asked(1200));
		bed_expect(bed, BED_GUEST1,
			frame_hop(udp_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 1200, 8080)));
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 8080, 1200));
		wire_gets(bed, frame_hop(udp_frame(
				       NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 80, 1200)));
	}
	bed_expect_drop(
		bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 8080, 1201), DENIED);
}

/* Who is on the VIP's network gets to members on another by the router at the gateway of that. */
static void test_from_the_vips_network(void **state)
{
	struct dp_guard_rule vip = to(2, VIP, 80), member = to(3, MEMBER, 8080);
	struct frame asks = udp_frame(VIP_MAC, MAC1, IP1, VIP, 1300, 80);
	struct bed *bed = *state;

	listen_with(bed, VNI2, MEMBER, MAC2);
	guard(bed, VNI2, ROUTER_MAC2, &vip, 1, &vip, 1);
	bed_expect_drop(bed, BED_GUEST1, asks, DENIED);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &member, 1);
	guard(bed, VNI, INSIDE_MAC, &member, 1, NULL, 0);
	for (int i = 0; i < 3; i++) {
		bed_send(bed, BED_GUEST1, asks);
		bed_expect(bed, BED_GUEST2,
			frame_hop(udp_frame(MAC2, VIP_MAC, IP1, MEMBER, 1300, 8080)));
		bed_send(bed, BED_GUEST2, udp_frame(ROUTER_MAC2, MAC2, MEMBER, IP1, 8080, 1300));
		bed_expect(bed, BED_GUEST1,
			frame_hop(udp_frame(MAC1, INSIDE_MAC, VIP, IP1, 80, 1300)));
	}
	guard(bed, VNI, INSIDE_MAC, &vip, 1, &vip, 1);
	bed_expect_drop(bed, BED_GUEST1, asks, DENIED);
}

/* Where that network has no gateway, by the router that is said to lead to the member. */
static void test_without_a_gateway(void **state)
{
	struct dp_network network = { .vni = VNI, .mtu_bytes = MTU };
	struct frame asks = udp_frame(VIP_MAC, MAC1, IP1, VIP, 1600, 80);
	struct frame gets = frame_hop(udp_frame(MAC2, VIP_MAC, IP1, MEMBER, 1600, 8080));
	struct dp_guard_rule vip = to(2, VIP, 80), member = to(3, MEMBER, 8080);
	struct mac router = mac(INSIDE_MAC);
	struct bed *bed = *state;

	assert_true(dp_network_put(bed->dp, &network, NULL));
	listen_by(bed, VNI2, MEMBER, MAC2, &router);
	guard(bed, VNI2, ROUTER_MAC2, &vip, 1, &vip, 1);
	bed_expect_drop(bed, BED_GUEST1, asks, DENIED);
	guard(bed, VNI2, ROUTER_MAC2, NULL, 0, &member, 1);
	bed_send(bed, BED_GUEST1, asks);
	bed_expect(bed, BED_GUEST2, gets);
	guard(bed, VNI, INSIDE_MAC, &vip, 1, &vip, 1);
	bed_expect_drop(bed, BED_GUEST1, asks, DENIED);
	network.gateway4 = ip("10.0.0.100");
	network.gateway6 = ip("fd00::100");
	assert_true(dp_network_put(bed->dp, &network, NULL));
}

/* An error from outside is judged as the connection that it is about, and passes with it. */
static void test_errors(void **state)
{
	struct dp_guard_rule vip = to(2, VIP, 80);
	struct frame seen =
		frame_hop(udp_frame(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 80, 1400));
	struct frame error = frame_eth(FLOATING_MAC, NEXT_MAC, IP4,
		frame_ip("198.51.100.9", FLOATING_IP, IPPROTO_ICMP,
			frame_icmp(3, 3, 0, frame_bytes(seen.b + 14, 28))));
	struct bed *bed = *state;

	listen_with(bed, VNI2, MEMBER, MAC2);
	guard(bed, wire(bed), GATEWAY_MAC, &vip, 1, NULL, 0);
	connects(bed, 1400);
	wire_sends(bed, error);
	bed_receive(bed, BED_GUEST2);
	guard(bed, wire(bed), GATEWAY_MAC, NULL, 0, NULL, 0);
	bed_expect_drop(bed, BED_WIRE, tagged(error), DENIED);
}

/* Nobody outside gets round a group as one of the networks inside. */
static void test_spoofed_source(void **state)
{
	struct frame inside = udp_frame(FLOATING_MAC, NEXT_MAC, ELSEWHERE, FLOATING_IP, 1500, 80);
	struct bed *bed = *state;

	listen_with(bed, VNI2, MEMBER, MAC2);
	connects(bed, 1500);
	bed_expect_drop(bed, BED_WIRE, tagged(inside), "spoofed-inside");
	put_floating_ip(bed, IP1);
	bed_expect_drop(bed, BED_WIRE, tagged(inside), "spoofed-inside");
	inside = udp_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 1501, 80);
	wire_sends(bed, inside);
	bed_expect(bed, BED_GUEST1, frame_hop(udp_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 1501, 80)));
	put_floating_ip(bed, VIP);
}

static void expect_udp(
	struct bed *bed, const char *src, u16 sport, const char *dst, u16 dport, struct frame *ret)
{
	struct ip from = ip(src), to = ip(dst);

	*ret = bed_receive(bed, BED_GUEST1);
	assert_memory_equal(&ret->b[IP_SRC], from.b, 4);
	assert_memory_equal(&ret->b[IP_DST], to.b, 4);
	if (sport)
		assert_int_equal(port_at(ret, UDP_SPORT), sport);
	assert_int_equal(port_at(ret, UDP_SPORT + 2), dport);
}

/* A member that asks its own load balancer by the address outside is somebody outside to itself. */
static void test_member_asks_from_outside(void **state)
{
	struct bed *bed = *state;
	struct frame got;

	listen_with(bed, VNI, IP1, MAC1);
	for (u16 sport = 1600; sport < 1602; sport++)
		for (int again = 0; again < 2; again++) {
			bed_send(bed, BED_GUEST1,
				udp_frame(INSIDE_MAC, MAC1, IP1, FLOATING_IP, sport, 80));
			expect_udp(bed, GATEWAY_IP, 0, IP1, 8080, &got);
			bed_send(bed, BED_GUEST1,
				udp_frame(INSIDE_MAC, MAC1, IP1, GATEWAY_IP, 8080,
					port_at(&got, UDP_SPORT)));
			expect_udp(bed, FLOATING_IP, 80, IP1, sport, &got);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_from_outside, clear),
		cmocka_unit_test_setup(test_member_elsewhere, clear),
		cmocka_unit_test_setup(test_on_the_vips_network, clear),
		cmocka_unit_test_setup(test_from_the_vips_network, clear),
		cmocka_unit_test_setup(test_without_a_gateway, clear),
		cmocka_unit_test_setup(test_errors, clear),
		cmocka_unit_test_setup(test_spoofed_source, clear),
		cmocka_unit_test_setup(test_member_asks_from_outside, clear),
	};

	return cmocka_run_group_tests(tests, setup, bed_teardown);
}
