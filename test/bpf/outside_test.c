/* SPDX-License-Identifier: Apache-2.0 */
/* Wires, gateways and floating IPs. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "outside_bed.h"
#include "qos_bed.h"

/* The frame with another type of service, and the checksum for it (RFC 1624). */
static struct frame frame_tos(struct frame frame, u8 tos)
{
	u32 sum = (u32)(frame.b[24] << 8 | frame.b[25]) + frame.b[15] + 0xffffu - tos;

	frame.b[15] = tos;
	sum = (sum & 0xffff) + (sum >> 16);
	frame.b[24] = (u8)(sum >> 8);
	frame.b[25] = (u8)sum;
	return frame;
}

static void test_answers_the_wire(void **state)
{
	struct bed *bed = *state;
	const char *const own[][2] = { { FLOATING_IP, FLOATING_MAC }, { GATEWAY_IP, GATEWAY_MAC } };

	for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
		wire_sends(bed,
			frame_eth(BROADCAST, NEXT_MAC, ARP,
				frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", own[i][0])));
		wire_gets(bed, frame_eth(NEXT_MAC, own[i][1], ARP,
				       frame_arp(2, own[i][1], own[i][0], NEXT_MAC, NEXT_IP)));
	}
	wire_sends(
		bed, frame_eth(BROADCAST, NEXT_MAC, ARP,
			     frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", "203.0.113.99")));
	bed_expect_nothing(bed, BED_WIRE);
	wire_sends(bed, frame_eth("33:33:ff:00:00:10", NEXT_MAC, IP6,
				frame_ip(NEXT_IP6, "ff02::1:ff00:10", IPPROTO_ICMPV6,
					frame_nd(135, 0, GATEWAY_IP6, 1, NEXT_MAC))));
	wire_gets(bed, frame_eth(NEXT_MAC, GATEWAY_MAC, IP6,
			       frame_ip(GATEWAY_IP6, NEXT_IP6, IPPROTO_ICMPV6,
				       frame_nd(136, 0xe0000000, GATEWAY_IP6, 2, GATEWAY_MAC))));
}

struct question {
	u32 vni;
	struct ip ip;
	int n;
};

static void on_punt(
	u32 ifindex, enum dp_punt_reason reason, const u8 *frame, size_t len, void *data)
{
	struct question *question = data;

	(void)ifindex;
	if (reason == DP_PUNT_NEIGHBOUR &&
		dp_punt_neighbour(frame, len, &question->vni, &question->ip))
		question->n++;
}

static void test_asks_for_neighbours(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp_frame(INSIDE_MAC, MAC1, IP1, "203.0.113.77", 1000, 2000);
	struct question question = { 0 };
	struct ip asked = ip("203.0.113.77");

	bed_expect_drop(bed, BED_GUEST1, frame, "unknown-neighbour");
	dp_punt_dispatch(bed->dp, on_punt, &question);
	assert_int_equal(question.n, 1);
	assert_int_equal(question.vni, wire(bed));
	assert_int_equal(ip_compare(&question.ip, &asked), 0);
	wire_sends(bed, frame_eth(UNDERLAY_MAC, "02:00:00:00:ee:77", ARP,
				frame_arp(2, "02:00:00:00:ee:77", "203.0.113.77", UNDERLAY_MAC,
					"0.0.0.0")));
	bed_send(bed, BED_GUEST1, frame);
	wire_gets(bed, frame_hop(udp_frame("02:00:00:00:ee:77", FLOATING_MAC, FLOATING_IP,
			       "203.0.113.77", 1000, 2000)));
}

static void test_floating_ip(void **state)
{
	struct bed *bed = *state;

	introduce(bed);
	for (int i = 0; i < 3; i++) {
		bed_send(bed, BED_GUEST1, tcp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 1000, 80));
		wire_gets(bed, frame_hop(tcp_frame(
				       NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 1000, 80)));
		wire_sends(bed, tcp_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 80, 1000));
		bed_expect(bed, BED_GUEST1,
			frame_hop(tcp_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 80, 1000)));
		wire_sends(bed, echo_frame(FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 8, 77));
		bed_expect(bed, BED_GUEST1,
			frame_hop(echo_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 8, 77)));
		bed_send(bed, BED_GUEST1, echo_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 0, 77));
		wire_gets(bed,
			frame_hop(echo_frame(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 0, 77)));
	}
}

/* From one guest to the other of the same host, and back: whoever has lost it is the router's
 * again. */
static void test_floating_ip_moves(void **state)
{
	static const char *const places[] = { IP2, IP1 };
	struct bed *bed = *state;
	struct frame got;

	introduce(bed);
	for (unsigned i = 0; i < 2; i++) {
		bool first = i == 1;
		u16 port = (u16)(1100 + i);

		put_floating_ip(bed, places[i]);
		bed_send(bed, first ? BED_GUEST1 : BED_GUEST2,
			udp_frame(INSIDE_MAC, first ? MAC1 : MAC2, places[i], FAR_IP, port, 80));
		wire_gets(bed, frame_hop(udp_frame(
				       NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, port, 80)));
		bed_send(bed, first ? BED_GUEST2 : BED_GUEST1,
			udp_frame(INSIDE_MAC, first ? MAC2 : MAC1, places[!i], FAR_IP, port, 80));
		got = wire_receives(bed);
		assert_memory_equal(got.b + 26, "\xcb\x00\x71\x0a", 4); /* GATEWAY_IP */
	}
}

/* Who has learnt a route to it by BGP sends to the host itself; what comes back is the guest's. */
static void test_floating_ip_by_route(void **state)
{
	struct bed *bed = *state;

	introduce(bed);
	for (int i = 0; i < 3; i++) {
		wire_sends(bed, udp_frame(UNDERLAY_MAC, NEXT_MAC, FAR_IP, FLOATING_IP, 80, 1001));
		bed_expect(bed, BED_GUEST1,
			frame_hop(udp_frame(MAC1, INSIDE_MAC, FAR_IP, IP1, 80, 1001)));
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 1001, 80));
		wire_gets(bed, frame_hop(udp_frame(
				       NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 1001, 80)));
	}
	/* not to another machine's, and not to another address */
	wire_sends(bed, udp_frame("02:00:00:00:ee:99", NEXT_MAC, FAR_IP, FLOATING_IP, 80, 1002));
	wire_sends(bed, udp_frame(UNDERLAY_MAC, NEXT_MAC, FAR_IP, "203.0.113.22", 80, 1002));
	bed_expect_nothing(bed, BED_GUEST1);
}

/* What leaves and enters by a wire has limits as all else, and its DSCP stays the guest's. */
static void test_limits(void **state)
{
	struct bed *bed = *state;
	struct frame out = frame_eth(INSIDE_MAC, MAC1, IP4,
		frame_ip(IP1, FAR_IP, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(958))));
	struct frame in = frame_eth(FLOATING_MAC, NEXT_MAC, IP4,
		frame_ip(FAR_IP, FLOATING_IP, IPPROTO_UDP, frame_udp(2000, 1000, frame_fill(958))));
	struct frame marked = frame_tos(out, 0xb8), got;
	gint64 start;
	u64 drops;

	introduce(bed);
	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .egress = slow });
	for (int i = 0; i < 3; i++) { /* by the pipeline, then by the flow entry */
		bed_send(bed, BED_GUEST1, marked);
		got = wire_receives(bed);
		assert_int_equal(got.len, marked.len);
		assert_int_equal(got.b[15], 0xb8);
	}
	drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");
	start = g_get_monotonic_time();
	send_many(bed, BED_GUEST1, &out, 200);
	assert_in_range(settle(bed, BED_WIRE, BED_GUEST1, "bandwidth-limit", drops, 200),
		SLOW_AT_ONCE - 5, SLOW_AT_MOST);
	assert_true(g_get_monotonic_time() - start > 200000); /* they were delayed too */
	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .ingress = slow });
	drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");
	for (int i = 0; i < 200; i++)
		wire_sends(bed, in);
	assert_in_range(settle(bed, BED_GUEST1, BED_GUEST1, "bandwidth-limit", drops, 200),
		SLOW_AT_ONCE, SLOW_AT_MOST);
	no_qos(bed);
}

/* Without the gateway, guests without a floating IP leave by the host that has it. */
static void test_hands_over(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, 5000, 53), got;

	introduce(bed);
	put_gateway(bed, false, true);
	bed_send(bed, BED_GUEST2, frame);
	got = bed_receive(bed, BED_WIRE);
	assert_int_equal(got.len, 50 + frame.len);
	assert_memory_equal(got.b + 50, frame.b, frame.len);
	bed_send(bed, BED_GUEST1, tcp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 1000, 80));
	wire_gets(bed, frame_hop(tcp_frame(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 1000, 80)));
	/* and the wire is not answered any more */
	wire_sends(bed, frame_eth(BROADCAST, NEXT_MAC, ARP,
				frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", GATEWAY_IP)));
	bed_expect_nothing(bed, BED_WIRE);
	put_gateway(bed, true, true);
}

/* A floating IP of a guest behind the peer, whose host is not connected: this host, the gateway's,
 * has it. */
static void test_floating_ip_of_another_host(void **state)
{
	struct bed *bed = *state;
	struct dp_floating_ip floating_ip = { .router = ROUTER,
		.vni = wire(bed),
		.floating = ip("203.0.113.33"),
		.fixed = ip(IP3),
		.mac = mac("02:00:00:00:ee:33") };
	struct dp_endpoint endpoint = {
		.vni = VNI, .mac = mac(MAC3), .vtep = ip("192.0.2.2"), .encap = DP_ENCAP_VXLAN
	};
	struct frame sent = udp_frame(INSIDE_MAC, MAC3, IP3, FAR_IP, 6000, 53), back, got;
	struct ip ip3 = ip(IP3);
	struct mac mac3 = mac(MAC3);

	introduce(bed);
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	assert_true(dp_neighbour_put(bed->dp, VNI, &ip3, &mac3, NULL));
	assert_true(dp_floating_ip_put(bed->dp, &floating_ip, NULL));
	bed_send(bed, BED_WIRE,
		frame_eth(UNDERLAY_MAC, PEER_MAC, IP4,
			frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
				frame_udp(40000, 4789, frame_vxlan(VNI, sent)))));
	wire_gets(bed, frame_hop(udp_frame(
			       NEXT_MAC, "02:00:00:00:ee:33", "203.0.113.33", FAR_IP, 6000, 53)));
	for (int i = 0; i < 2; i++) {
		wire_sends(bed,
			udp_frame("02:00:00:00:ee:33", NEXT_MAC, FAR_IP, "203.0.113.33", 53, 6000));
		back = frame_hop(udp_frame(MAC3, INSIDE_MAC, FAR_IP, IP3, 53, 6000));
		got = bed_receive(bed, BED_WIRE); /* over the tunnel */
		assert_int_equal(got.len, 50 + back.len);
		assert_memory_equal(got.b + 50, back.b, back.len);
	}
	assert_true(dp_floating_ip_delete(bed->dp, wire(bed), &floating_ip.floating, NULL));
}

/* The router's address and a floating IP of one host: all of it stays on the host. */
static void test_hairpin(void **state)
{
	struct bed *bed = *state;

	introduce(bed);
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2, FLOATING_IP, 700, 80));
		bed_expect(bed, BED_GUEST1,
			frame_hop(
				frame_hop(udp_frame(MAC1, INSIDE_MAC, GATEWAY_IP, IP1, 700, 80))));
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, GATEWAY_IP, 80, 700));
		bed_expect(bed, BED_GUEST2,
			frame_hop(
				frame_hop(udp_frame(MAC2, INSIDE_MAC, FLOATING_IP, IP2, 80, 700))));
	}
	bed_send(bed, BED_GUEST1, echo_frame(INSIDE_MAC, MAC1, IP1, GATEWAY_IP, 8, 3));
	bed_expect(bed, BED_GUEST1,
		frame_hop(frame_hop(echo_frame(MAC1, INSIDE_MAC, GATEWAY_IP, IP1, 0, 3))));
	bed_send(bed, BED_GUEST2, echo_frame(INSIDE_MAC, MAC2, IP2, GATEWAY_IP, 8, 4));
	bed_expect(bed, BED_GUEST2,
		frame_hop(frame_hop(echo_frame(MAC2, INSIDE_MAC, GATEWAY_IP, IP2, 0, 4))));
	bed_expect_nothing(bed, BED_WIRE);
}

static void test_router_answers(void **state)
{
	struct bed *bed = *state;

	wire_sends(bed, echo_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 8, 9));
	wire_gets(bed, echo_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 0, 9));
}

static void test_ipv6_is_routed(void **state)
{
	struct bed *bed = *state;

	wire_sends(bed, frame_eth(UNDERLAY_MAC, NEXT_MAC, IP6,
				frame_ip(NEXT_IP6, "2001:db8:1::99", IPPROTO_ICMPV6,
					frame_nd(136, 0x60000000, NEXT_IP6, 2, NEXT_MAC))));
	bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1_6, "2001:db8:9::1", 1, 2));
	wire_gets(bed, frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, IP1_6, "2001:db8:9::1", 1, 2)));
	wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, "2001:db8:9::1", IP1_6, 2, 1));
	bed_expect(bed, BED_GUEST1,
		frame_hop(udp_frame(MAC1, INSIDE_MAC, "2001:db8:9::1", IP1_6, 2, 1)));
}

/* Who can't be behind another router is not routed to guests, by floating IPs or without
 * translation; but what a router says that numbers its links so is. */
static void test_senders_of_the_link(void **state)
{
	static const char *const senders[] = { "127.0.0.1", "0.0.0.0", "169.254.3.3", "224.0.0.1",
		"255.255.255.255", "fe80::1", "::1", "::", "ff02::1" };
	struct bed *bed = *state;
	struct frame sent, was;

	introduce(bed);
	put_gateway(bed, true, false);
	for (size_t i = 0; i < G_N_ELEMENTS(senders); i++) {
		bool v6 = strchr(senders[i], ':');

		bed_expect_drop(bed, BED_WIRE,
			tagged(udp_frame(v6 ? GATEWAY_MAC : FLOATING_MAC, NEXT_MAC, senders[i],
				v6 ? IP1_6 : FLOATING_IP, 2, 1)),
			"not-routed");
	}
	sent = frame_hop(udp_frame(NEXT_MAC, FLOATING_MAC, FLOATING_IP, FAR_IP, 1000, 53));
	was = frame_hop(udp_frame(INSIDE_MAC, MAC1, IP1, FAR_IP, 1000, 53));
	wire_sends(bed, frame_eth(FLOATING_MAC, NEXT_MAC, IP4,
				frame_ip("169.254.3.3", FLOATING_IP, IPPROTO_ICMP,
					frame_icmp(3, 4, 1280, frame_bytes(sent.b + 14, 28)))));
	bed_expect(bed, BED_GUEST1,
		frame_hop(frame_eth(MAC1, INSIDE_MAC, IP4,
			frame_ip("169.254.3.3", IP1, IPPROTO_ICMP,
				frame_icmp(3, 4, 1280, frame_bytes(was.b + 14, 28))))));
	put_gateway(bed, true, true);
}

/* A guest on the wire itself. */
static void test_guest_on_the_wire(void **state)
{
	struct bed *bed = *state;
	struct dp_network network = {
		.vni = wire(bed), .mtu_bytes = 1500, .shared_addresses = true
	};
	struct dp_pair pair = { mac(MAC2), { ip("203.0.113.50"), 32 } };
	struct dp_port port = { .ifindex = bed->ifindex[BED_GUEST2],
		.kind = DP_PORT_VETH,
		.vni = wire(bed),
		.flags = DP_PORT_SECURITY,
		.mac = mac(MAC2),
		.uuid = { 0xaa, 0xbb, 0xcc, 2 },
		.pairs = &pair,
		.n_pairs = 1 };
	struct dp_endpoint endpoint = { .vni = port.vni, .mac = port.mac, .ifindex = port.ifindex };
	struct frame arp = frame_eth(BROADCAST, MAC2, ARP,
		frame_arp(1, MAC2, "203.0.113.50", "00:00:00:00:00:00", NEXT_IP));
	struct frame asked = frame_eth(BROADCAST, NEXT_MAC, ARP,
		frame_arp(1, NEXT_MAC, NEXT_IP, "00:00:00:00:00:00", "203.0.113.50"));
	struct frame there = udp_frame(NEXT_MAC, MAC2, "203.0.113.50", FAR_IP, 1, 2);
	struct frame back = udp_frame(MAC2, NEXT_MAC, FAR_IP, "203.0.113.50", 2, 1);

	assert_true(dp_network_put(bed->dp, &network, NULL));
	assert_true(dp_port_put(bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	bed_send(bed, BED_GUEST2, arp);
	wire_gets(bed, arp);
	wire_sends(bed, asked);
	bed_expect(bed, BED_GUEST2, asked);
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST2, there);
		wire_gets(bed, there);
		wire_sends(bed, back);
		bed_expect(bed, BED_GUEST2, back);
	}
	bed_send(bed, BED_GUEST2, udp_frame(FLOATING_MAC, MAC2, "203.0.113.50", FLOATING_IP, 1, 2));
	bed_expect(
		bed, BED_GUEST1, frame_hop(udp_frame(MAC1, INSIDE_MAC, "203.0.113.50", IP1, 1, 2)));
	bed_expect_nothing(bed, BED_WIRE);
}

#define SUB_VLAN 40
#define SUB_MAC "02:00:00:00:00:04"
#define SUB_IP "10.0.0.4"

/* With the tag of the subport at guest 2. */
static struct frame at_subport(struct frame frame)
{
	struct frame out = frame;

	memcpy(out.b + 12, (u8[]){ 0x81, 0, 0, SUB_VLAN }, 4);
	memcpy(out.b + 16, frame.b + 12, frame.len - 12);
	out.len += 4;
	return out;
}

/* A subport's packets go out, around and to another host's gateway without its tag, and come back
 * with it; the router's errors have it too. */
static void test_of_a_subport(void **state)
{
	struct bed *bed = *state;
	struct mac m = mac(SUB_MAC);
	struct ip address = ip(SUB_IP);
	struct dp_port port = { .ifindex = dp_subport(bed->ifindex[BED_GUEST2], SUB_VLAN),
		.kind = DP_PORT_OTHER,
		.vni = VNI,
		.mac = m,
		.uuid = { 4 } };
	struct dp_endpoint endpoint = { .vni = VNI, .mac = m, .ifindex = port.ifindex };
	struct frame out = udp_frame(INSIDE_MAC, SUB_MAC, SUB_IP, FAR_IP, 900, 53), got;

	introduce(bed);
	assert_true(dp_port_put(bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	assert_true(dp_neighbour_put(bed->dp, VNI, &address, &m, NULL));
	for (int i = 0; i < 3; i++) {
		bed_send(bed, BED_GUEST2, at_subport(out));
		wire_gets(bed,
			frame_hop(udp_frame(NEXT_MAC, GATEWAY_MAC, GATEWAY_IP, FAR_IP, 900, 53)));
		wire_sends(bed, udp_frame(GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP, 53, 900));
		bed_expect(bed, BED_GUEST2,
			at_subport(frame_hop(
				udp_frame(SUB_MAC, INSIDE_MAC, FAR_IP, SUB_IP, 53, 900))));
	}
	for (int i = 0; i < 2; i++) { /* to a floating IP of this host and back */
		bed_send(bed, BED_GUEST2,
			at_subport(udp_frame(INSIDE_MAC, SUB_MAC, SUB_IP, FLOATING_IP, 901, 80)));
		got = bed_receive(bed, BED_GUEST1);
		assert_int_equal(got.b[12] << 8 | got.b[13], IP4); /* untagged */
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, GATEWAY_IP, 80, 901));
		got = bed_receive(bed, BED_GUEST2);
		assert_int_equal(got.b[12] << 8 | got.b[13], 0x8100);
		assert_int_equal(got.b[15], SUB_VLAN);
	}
	bed_send(bed, BED_GUEST2,
		at_subport(echo_frame(INSIDE_MAC, SUB_MAC, SUB_IP, "10.0.0.99", 8, 9)));
	got = bed_receive(bed, BED_GUEST2); /* nobody has the address */
	assert_int_equal(got.b[15], SUB_VLAN);
	assert_int_equal(got.b[38] << 8 | got.b[39], 3 << 8 | 1);
	put_gateway(bed, false, true);
	out = udp_frame(INSIDE_MAC, SUB_MAC, SUB_IP, FAR_IP, 902, 53);
	bed_send(bed, BED_GUEST2, at_subport(out));
	got = bed_receive(bed, BED_WIRE);
	assert_int_equal(got.len, 50 + out.len);
	assert_memory_equal(got.b + 50, out.b, out.len);
	put_gateway(bed, true, true);
	assert_true(dp_port_delete(bed->dp, port.ifindex, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_the_wire),
		cmocka_unit_test(test_asks_for_neighbours),
		cmocka_unit_test(test_floating_ip),
		cmocka_unit_test(test_floating_ip_moves),
		cmocka_unit_test(test_floating_ip_by_route),
		cmocka_unit_test(test_hands_over),
		cmocka_unit_test(test_floating_ip_of_another_host),
		cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_of_a_subport),
		cmocka_unit_test(test_router_answers),
		cmocka_unit_test(test_ipv6_is_routed),
		cmocka_unit_test(test_senders_of_the_link),
		cmocka_unit_test(test_guest_on_the_wire),
		cmocka_unit_test(test_limits),
	};

	return outside_run(tests);
}
