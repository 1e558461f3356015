/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing at the edge. Guest 1 stays on VNI 100; guest 2 is put on VNI 200, and a router joins the
 * two:
 *
 *   guest 1 10.0.0.1, fd00::1 ── 100 ── router 10.0.0.100, fd00::100
 *                                          │   10.2.0.100, fd02::100 ── 200 ── guest 2 10.2.0.2,
 * fd02::2 └── 172.16.0.0/12 via 10.2.0.3 ──── 200 ── a port behind the peer
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bed.h"

#define IP4 0x0800
#define ARP 0x0806
#define IP6 0x86dd
#define VNI2 200
#define ROUTER 0x1122334455667788ull
#define ROUTER_MAC1 "02:00:00:00:01:00"
#define ROUTER_MAC2 "02:00:00:00:02:00"
#define GATEWAY1 "10.0.0.100"
#define GATEWAY1_6 "fd00::100"
#define GATEWAY2 "10.2.0.100"
#define FAR "10.2.0.2"
#define FAR_6 "fd02::2"
#define BEYOND "10.2.0.3" /* behind the peer */

static struct prefix prefix(const char *text)
{
	struct prefix prefix = { 0 };

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

static void add_route(
	struct bed *bed, const char *destination, enum dp_route_kind kind, u32 vni, const char *via)
{
	struct dp_route route = { .router = ROUTER,
		.prefix = prefix(destination),
		.kind = kind,
		.n_hops = kind == DP_ROUTE_CONNECTED || kind == DP_ROUTE_VIA,
		.hops = { { .vni = vni, .mac = mac(vni == VNI ? ROUTER_MAC1 : ROUTER_MAC2) } } };

	if (via)
		route.hops[0].via = ip(via);
	assert_true(dp_route_put(bed->dp, &route, NULL));
}

static void add_neighbour(struct bed *bed, u32 vni, const char *address, const char *hardware)
{
	struct ip a = ip(address);
	struct mac m = mac(hardware);

	assert_true(dp_neighbour_put(bed->dp, vni, &a, &m, NULL));
}

static void add_interface(
	struct bed *bed, u32 vni, const char *hardware, const char *v4, const char *v6)
{
	struct dp_interface interface = {
		.vni = vni, .mac = mac(hardware), .router = ROUTER, .ip4 = ip(v4), .ip6 = ip(v6)
	};

	assert_true(dp_interface_put(bed->dp, &interface, NULL));
	add_neighbour(bed, vni, v4, hardware);
	add_neighbour(bed, vni, v6, hardware);
}

static void put_guest2_on(struct bed *bed, u32 vni)
{
	struct dp_pair pairs[] = {
		{ mac(MAC2), { ip(FAR), 32 } },
		{ mac(MAC2), { ip(FAR_6), 128 } },
	};
	struct dp_port port = { .ifindex = bed->ifindex[BED_GUEST2],
		.kind = DP_PORT_VETH,
		.vni = vni,
		.flags = DP_PORT_SECURITY,
		.mac = mac(MAC2),
		.uuid = { 0xaa, 0xbb, 0xcc, 2 },
		.pairs = pairs,
		.n_pairs = G_N_ELEMENTS(pairs) };
	struct dp_endpoint endpoint = { .vni = vni, .mac = port.mac, .ifindex = port.ifindex };

	assert_true(dp_port_put(bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
}

static int setup(void **state)
{
	struct dp_network network = { .vni = VNI2, .mtu_bytes = 1300 };
	struct bed *bed;

	bed_setup(state);
	bed = *state;
	assert_true(dp_network_put(bed->dp, &network, NULL));
	put_guest2_on(bed, VNI2);
	add_interface(bed, VNI, ROUTER_MAC1, GATEWAY1, GATEWAY1_6);
	add_interface(bed, VNI2, ROUTER_MAC2, GATEWAY2, "fd02::100");
	add_neighbour(bed, VNI2, FAR, MAC2);
	add_neighbour(bed, VNI2, FAR_6, MAC2);
	add_route(bed, "10.0.0.0/24", DP_ROUTE_CONNECTED, VNI, NULL);
	add_route(bed, "10.2.0.0/24", DP_ROUTE_CONNECTED, VNI2, NULL);
	add_route(bed, "fd00::/64", DP_ROUTE_CONNECTED, VNI, NULL);
	add_route(bed, "fd02::/64", DP_ROUTE_CONNECTED, VNI2, NULL);
	add_route(bed, GATEWAY1 "/32", DP_ROUTE_LOCAL, VNI, NULL);
	add_route(bed, GATEWAY2 "/32", DP_ROUTE_LOCAL, VNI, NULL);
	add_route(bed, GATEWAY1_6 "/128", DP_ROUTE_LOCAL, VNI, NULL);
	add_route(bed, "172.16.0.0/12", DP_ROUTE_VIA, VNI2, BEYOND);
	add_route(bed, "10.9.0.0/16", DP_ROUTE_BLACKHOLE, 0, NULL);
	return 0;
}

static struct frame udp(
	const char *dst_mac, const char *src_mac, const char *src, const char *dst, size_t payload)
{
	return frame_eth(dst_mac, src_mac, strchr(src, ':') ? IP6 : IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(payload))));
}

/* The frame as a router passes it on: one hop less, other MACs, the IPv4 checksum right. */
static struct frame routed(struct frame frame, const char *dst_mac, const char *src_mac)
{
	struct mac dst = mac(dst_mac), src = mac(src_mac);

	memcpy(frame.b, dst.b, 6);
	memcpy(frame.b + 6, src.b, 6);
	return frame_hop(frame);
}

static struct frame with_ttl(struct frame frame, u8 ttl)
{
	if (frame.b[12] == 0x86) {
		frame.b[21] = ttl;
		return frame;
	}
	frame.b[22] = (u8)(ttl + 1);
	return routed(frame, ROUTER_MAC1, MAC1);
}

static void test_routes_on_one_host(void **state)
{
	struct bed *bed = *state;
	struct frame v4 = udp(ROUTER_MAC1, MAC1, IP1, FAR, 64);
	struct frame v6 = udp(ROUTER_MAC1, MAC1, IP1_6, FAR_6, 64);
	struct frame back = udp(ROUTER_MAC2, MAC2, FAR, IP1, 64);

	for (int i = 0; i < 3; i++) { /* by the pipeline, then by the flow entry */
		bed_send(bed, BED_GUEST1, v4);
		bed_expect(bed, BED_GUEST2, routed(v4, MAC2, ROUTER_MAC2));
		bed_send(bed, BED_GUEST1, v6);
		bed_expect(bed, BED_GUEST2, routed(v6, MAC2, ROUTER_MAC2));
		bed_send(bed, BED_GUEST2, back);
		bed_expect(bed, BED_GUEST1, routed(back, MAC1, ROUTER_MAC1));
	}
	bed_expect_nothing(bed, BED_WIRE);
}

/* Straight to the host of the destination, on the destination's network. */
static void test_routes_to_another_host(void **state)
{
	struct bed *bed = *state;
	struct dp_member member = { .vni = VNI2, .vtep = ip("192.0.2.2"), .encap = DP_ENCAP_VXLAN };
	struct dp_endpoint endpoint = {
		.vni = VNI2, .mac = mac(MAC3), .vtep = member.vtep, .encap = DP_ENCAP_VXLAN
	};
	struct frame frame = udp(ROUTER_MAC1, MAC1, IP1, "172.20.1.1", 64), got, inner;

	assert_true(dp_member_put(bed->dp, &member, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	add_neighbour(bed, VNI2, BEYOND, MAC3);
	inner = routed(frame, MAC3, ROUTER_MAC2);
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST1, frame);
		got = bed_receive(bed, BED_WIRE);
		assert_int_equal(got.len, 50 + inner.len);
		assert_memory_equal(got.b + 50, inner.b, inner.len);
		assert_int_equal(got.b[46] << 16 | got.b[47] << 8 | got.b[48], VNI2);
	}
}

/* What a guest asks of its router says that it is one (RFC 4861 section 4.4). */
static void test_is_a_router_to_neighbours(void **state)
{
	struct bed *bed = *state;

	bed_send(bed, BED_GUEST1,
		frame_eth(ROUTER_MAC1, MAC1, IP6,
			frame_ip(IP1_6, GATEWAY1_6, IPPROTO_ICMPV6,
				frame_nd(135, 0, GATEWAY1_6, 1, MAC1))));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, ROUTER_MAC1, IP6,
			frame_ip(GATEWAY1_6, IP1_6, IPPROTO_ICMPV6,
				frame_nd(136, 0xe0000000, GATEWAY1_6, 2, ROUTER_MAC1))));
}

/* A host that has the network only over routers may send there, and gets no broadcast; and becomes
 * one that does. */
static void test_routed_members(void **state)
{
	struct bed *bed = *state;
	struct dp_member member = { .vni = VNI, .vtep = ip("192.0.2.2"), .routed = true };
	struct frame broadcast = frame_eth("ff:ff:ff:ff:ff:ff", MAC1, IP4,
		frame_ip(IP1, "255.255.255.255", IPPROTO_UDP, frame_udp(1, 2, frame_fill(8))));

	for (int round = 0; round < 3; round++) {
		member.routed = round != 1;
		assert_true(dp_member_put(bed->dp, &member, NULL));
		bed_send(bed, BED_GUEST1, broadcast);
		if (member.routed)
			bed_expect_nothing(bed, BED_WIRE);
		else
			assert_int_equal(bed_receive(bed, BED_WIRE).len, 50 + broadcast.len);
	}
}

/* Where each of 64 connections goes: bit n, to guest 2 of VNI 200 or to guest 3 behind the peer. */
static u64 spread(struct bed *bed, const char *src, const char *dst)
{
	u64 local = 0;

	for (u16 n = 0; n < 64; n++) {
		struct frame frame = frame_eth(ROUTER_MAC1, MAC1, strchr(dst, ':') ? IP6 : IP4,
			frame_ip(src, dst, IPPROTO_UDP,
				frame_udp((u16)(3000 + n), 53, frame_fill(8))));

		bed_send(bed, BED_GUEST1, frame);
		if (bed_has(bed, BED_GUEST2)) {
			bed_receive(bed, BED_GUEST2);
			local |= 1ull << n;
		} else {
			assert_int_equal(bed_receive(bed, BED_WIRE).len, 50 + frame.len);
		}
	}
	return local;
}

/* Several next hops share the connections; one that comes or goes moves only its own. */
static void test_next_hops_share(void **state)
{
	struct bed *bed = *state;
	struct dp_member member = { .vni = VNI2, .vtep = ip("192.0.2.2"), .encap = DP_ENCAP_VXLAN };
	struct dp_endpoint endpoint = {
		.vni = VNI2, .mac = mac(MAC3), .vtep = member.vtep, .encap = DP_ENCAP_VXLAN
	};
	const struct dp_route_hop near = { VNI2, mac(ROUTER_MAC2), ip(FAR) },
				  far = { VNI2, mac(ROUTER_MAC2), ip(BEYOND) };
	struct dp_route route = { .router = ROUTER,
		.prefix = prefix("172.21.0.0/16"),
		.kind = DP_ROUTE_VIA,
		.n_hops = 2,
		.hops = { near, far } };
	u64 first;

	assert_true(dp_member_put(bed->dp, &member, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	add_neighbour(bed, VNI2, BEYOND, MAC3);
	assert_true(dp_route_put(bed->dp, &route, NULL));
	first = spread(bed, IP1, "172.21.0.1");
	assert_in_range(__builtin_popcountll(first), 16, 48);
	assert_true(spread(bed, IP1, "172.21.0.1") == first);
	route.n_hops = 1;
	assert_true(dp_route_put(bed->dp, &route, NULL));
	assert_true(spread(bed, IP1, "172.21.0.1") == UINT64_MAX);
	route.n_hops = 2;
	route.hops[0] = far;
	route.hops[1] = near;
	assert_true(dp_route_put(bed->dp, &route, NULL));
	assert_true(spread(bed, IP1, "172.21.0.1") == first);
	/* of IPv6 they may end alike */
	add_neighbour(bed, VNI2, "fd02::5:0:77", MAC2);
	add_neighbour(bed, VNI2, "fd02::6:0:77", MAC3);
	route.hops[0].via = ip("fd02::5:0:77");
	route.hops[1].via = ip("fd02::6:0:77");
	route.prefix = prefix("fd88::/64");
	assert_true(dp_route_put(bed->dp, &route, NULL));
	assert_in_range(__builtin_popcountll(spread(bed, IP1_6, "fd88::1")), 16, 48);
}

/* A change of the route is felt by a flow that was decided before it. */
static void test_changes_are_felt(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp(ROUTER_MAC1, MAC1, IP1, FAR, 64);
	struct prefix host = prefix(FAR "/32");

	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, routed(frame, MAC2, ROUTER_MAC2));
	add_route(bed, FAR "/32", DP_ROUTE_BLACKHOLE, 0, NULL);
	bed_send(bed, BED_GUEST1, frame);
	assert_int_equal(bed_receive(bed, BED_GUEST1).b[34], 3); /* destination unreachable */
	assert_true(dp_route_delete(bed->dp, ROUTER, &host, NULL));
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, routed(frame, MAC2, ROUTER_MAC2));
}

/* An error about @frame comes back from @source with @type and @code, and quotes it. */
static void expect_error(struct bed *bed, struct frame frame, const char *source, u8 type, u8 code,
	const char *reason)
{
	bool v6 = frame.b[12] == 0x86;
	size_t header = v6 ? 40 : 20, quote = header + 20;
	u64 before = bed_drops(bed, BED_GUEST1, reason);
	struct frame expected = frame_bytes(frame.b + 14, quote);

	bed_send(bed, BED_GUEST1, frame);
	expected = frame_eth(MAC1, ROUTER_MAC1, v6 ? IP6 : IP4,
		frame_ip(source, v6 ? IP1_6 : IP1, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
			frame_icmp(type, code, 0, expected)));
	if (v6)
		expected.b[21] = 64;
	bed_expect(bed, BED_GUEST1, expected);
	assert_int_equal(bed_drops(bed, BED_GUEST1, reason) - before, 1);
	bed_expect_nothing(bed, BED_GUEST2);
}

static void test_traceroute(void **state)
{
	struct bed *bed = *state;

	expect_error(bed, with_ttl(udp(ROUTER_MAC1, MAC1, IP1, FAR, 64), 1), GATEWAY1, 11, 0,
		"ttl-expired");
	expect_error(bed, with_ttl(udp(ROUTER_MAC1, MAC1, IP1_6, FAR_6, 64), 1), GATEWAY1_6, 3, 0,
		"ttl-expired");
}

/* The TTL of a later packet of a known flow is looked at too. */
static void test_ttl_of_a_known_flow(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp(ROUTER_MAC1, MAC1, IP1, FAR, 64);

	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, routed(frame, MAC2, ROUTER_MAC2));
	expect_error(bed, with_ttl(frame, 1), GATEWAY1, 11, 0, "ttl-expired");
}

static void test_unreachable(void **state)
{
	struct bed *bed = *state;

	expect_error(
		bed, udp(ROUTER_MAC1, MAC1, IP1, "192.0.2.77", 64), GATEWAY1, 3, 0, "no-route");
	expect_error(bed, udp(ROUTER_MAC1, MAC1, IP1, "10.9.1.1", 64), GATEWAY1, 3, 0, "no-route");
	expect_error(
		bed, udp(ROUTER_MAC1, MAC1, IP1_6, "fd09::1", 64), GATEWAY1_6, 1, 0, "no-route");
	expect_error(bed, udp(ROUTER_MAC1, MAC1, IP1, "10.2.0.77", 64), GATEWAY1, 3, 1,
		"unknown-neighbour");
	expect_error(bed, udp(ROUTER_MAC1, MAC1, IP1_6, "fd02::77", 64), GATEWAY1_6, 1, 3,
		"unknown-neighbour");
	/* what traceroute to the router itself ends by */
	expect_error(
		bed, udp(ROUTER_MAC1, MAC1, IP1, GATEWAY1, 64), GATEWAY1, 3, 3, "router-local");
	expect_error(bed, udp(ROUTER_MAC1, MAC1, IP1_6, GATEWAY1_6, 64), GATEWAY1_6, 1, 4,
		"router-local");
}

/* Not a word about errors, later fragments, or what stays on its link. */
static void test_no_errors_about(void **state)
{
	struct bed *bed = *state;
	struct frame error = frame_eth(ROUTER_MAC1, MAC1, IP4,
		frame_ip(IP1, "192.0.2.77", IPPROTO_ICMP, frame_icmp(3, 1, 0, frame_fill(64))));

	bed_expect_drop(bed, BED_GUEST1, error, "no-route");
	bed_expect_drop(
		bed, BED_GUEST1, udp(ROUTER_MAC1, MAC1, IP1, "169.254.1.1", 64), "not-routed");
	bed_expect_drop(
		bed, BED_GUEST1, udp(ROUTER_MAC1, MAC1, IP1_6, "fe80::77", 64), "not-routed");
	bed_expect_drop(
		bed, BED_GUEST1, udp(ROUTER_MAC1, MAC1, IP1, "224.0.0.9", 64), "not-routed");
	bed_expect_drop(bed, BED_GUEST1, frame_eth(ROUTER_MAC1, MAC1, 0x88b5, frame_fill(50)),
		"not-routed");
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(ROUTER_MAC1, MAC1, IP4,
			frame_ip(IP1, GATEWAY1, IPPROTO_TCP, frame_tcp_syn(1000, 80))),
		"router-local");
}

static void expect_echo(struct bed *bed, const char *from, const char *to)
{
	bool v6 = strchr(to, ':');
	struct frame data = frame_fill(56);
	u8 proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	bed_send(bed, BED_GUEST1,
		frame_eth(ROUTER_MAC1, MAC1, v6 ? IP6 : IP4,
			frame_ip(from, to, proto, frame_icmp(v6 ? 128 : 8, 0, 0x12340001, data))));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, ROUTER_MAC1, v6 ? IP6 : IP4,
			frame_ip(to, from, proto, frame_icmp(v6 ? 129 : 0, 0, 0x12340001, data))));
}

static void test_answers_pings(void **state)
{
	struct bed *bed = *state;

	expect_echo(bed, IP1, GATEWAY1);
	expect_echo(bed, IP1, GATEWAY2); /* on its other side */
	expect_echo(bed, IP1_6, GATEWAY1_6);
}

/* The other network's MTU is smaller. */
static void test_too_big_for_the_other_network(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp(ROUTER_MAC1, MAC1, IP1, FAR, 1320), got;

	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST1, frame);
		got = bed_receive(bed, BED_GUEST1);
		assert_int_equal(got.b[34], 3);
		assert_int_equal(got.b[35], 4); /* fragmentation needed */
		assert_int_equal(got.b[40] << 8 | got.b[41], 1300);
		bed_expect_nothing(bed, BED_GUEST2);
	}
}

static void test_arp_and_spoofing(void **state)
{
	struct bed *bed = *state;

	bed_send(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, GATEWAY1)));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, ROUTER_MAC1, ARP, frame_arp(2, ROUTER_MAC1, GATEWAY1, MAC1, IP1)));
	bed_expect_drop(bed, BED_GUEST1, udp(ROUTER_MAC1, MAC1, IP3, FAR, 64), "spoofed-ip");
}

static void test_an_interface_that_goes(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp(ROUTER_MAC1, MAC1, IP1, FAR, 64);
	struct mac m = mac(ROUTER_MAC1);

	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, routed(frame, MAC2, ROUTER_MAC2));
	assert_true(dp_interface_delete(bed->dp, VNI, &m, NULL));
	bed_expect_drop(bed, BED_GUEST1, frame, "unknown-unicast");
	add_interface(bed, VNI, ROUTER_MAC1, GATEWAY1, GATEWAY1_6);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, routed(frame, MAC2, ROUTER_MAC2));
}

static void test_survives_the_agent(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp(ROUTER_MAC1, MAC1, IP1, FAR, 64);

	bed_reopen(bed);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, routed(frame, MAC2, ROUTER_MAC2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes_on_one_host),
		cmocka_unit_test(test_routes_to_another_host),
		cmocka_unit_test(test_is_a_router_to_neighbours),
		cmocka_unit_test(test_routed_members),
		cmocka_unit_test(test_next_hops_share),
		cmocka_unit_test(test_changes_are_felt),
		cmocka_unit_test(test_traceroute),
		cmocka_unit_test(test_ttl_of_a_known_flow),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_no_errors_about),
		cmocka_unit_test(test_answers_pings),
		cmocka_unit_test(test_too_big_for_the_other_network),
		cmocka_unit_test(test_arp_and_spoofing),
		cmocka_unit_test(test_an_interface_that_goes),
		cmocka_unit_test(test_survives_the_agent),
	};

	return cmocka_run_group_tests(tests, setup, bed_teardown);
}
