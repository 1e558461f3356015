/* SPDX-License-Identifier: Apache-2.0 */
/* A network without layer 2 between its ports: the router answers for all, and all goes through it;
 * and the verdicts of what is routed between two ports. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "firewall_bed.h"
#include "outside_bed.h"

#define INSIDE_IP "10.0.0.100"
#define INSIDE_IP6 "fd00::100"
#define NOBODY "00:00:00:00:00:00"

static int setup(void **state)
{
	struct dp_network network = { .vni = VNI,
		.mtu_bytes = MTU,
		.gateway4 = ip(INSIDE_IP),
		.gateway6 = ip(INSIDE_IP6),
		.shared_addresses = true,
		.routed = true };
	const struct mac router = mac(INSIDE_MAC);
	struct bed *bed;

	outside_setup(state);
	bed = *state;
	assert_true(dp_neighbour_put(bed->dp, VNI, &network.gateway4, &router, NULL));
	assert_true(dp_neighbour_put(bed->dp, VNI, &network.gateway6, &router, NULL));
	assert_true(dp_network_put(bed->dp, &network, NULL));
	return 0;
}

static struct frame arp_from_guest1(const char *sender, const char *target)
{
	return frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, sender, NOBODY, target));
}

static void test_the_router_answers(void **state)
{
	static const char *const targets[] = { IP2, INSIDE_IP, "10.0.0.77" };
	struct bed *bed = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
		bed_send(bed, BED_GUEST1, arp_from_guest1(IP1, targets[i]));
		bed_expect(bed, BED_GUEST1,
			frame_eth(MAC1, INSIDE_MAC, ARP,
				frame_arp(2, INSIDE_MAC, targets[i], MAC1, IP1)));
	}
	bed_send(bed, BED_GUEST1,
		frame_eth("33:33:ff:00:00:02", MAC1, IP6,
			frame_ip(IP1_6, "ff02::1:ff00:2", IPPROTO_ICMPV6,
				frame_nd(135, 0, IP2_6, 1, MAC1))));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, INSIDE_MAC, IP6,
			frame_ip(IP2_6, IP1_6, IPPROTO_ICMPV6,
				frame_nd(136, 0xe0000000, IP2_6, 2, INSIDE_MAC))));
	/* Who asks whether an address is free hears of no router that has it. */
	bed_send(bed, BED_GUEST1, arp_from_guest1(IP1, IP1));
	bed_expect_nothing(bed, BED_GUEST1);
	bed_expect_nothing(bed, BED_GUEST2);
}

static void test_all_goes_through_it(void **state)
{
	struct bed *bed = *state;

	for (int i = 0; i < 3; i++) { /* by the pipeline, then by the flow entry */
		bed_send(bed, BED_GUEST1, udp_frame(INSIDE_MAC, MAC1, IP1, IP2, 7, 8));
		bed_expect(bed, BED_GUEST2, frame_hop(udp_frame(MAC2, INSIDE_MAC, IP1, IP2, 7, 8)));
		bed_send(bed, BED_GUEST2, udp_frame(INSIDE_MAC, MAC2, IP2_6, IP1_6, 7, 8));
		bed_expect(bed, BED_GUEST1,
			frame_hop(udp_frame(MAC1, INSIDE_MAC, IP2_6, IP1_6, 7, 8)));
	}
	bed_expect_drop(bed, BED_GUEST1, udp_frame(MAC2, MAC1, IP1, IP2, 7, 9), "not-adjacent");
	bed_expect_drop(bed, BED_GUEST1, udp_frame(BROADCAST, MAC1, IP1, "255.255.255.255", 7, 9),
		"not-adjacent");
	bed_expect_drop(bed, BED_GUEST1,
		udp_frame("33:33:00:00:00:fb", MAC1, IP1_6, "ff02::fb", 7, 9), "not-adjacent");
	bed_expect_nothing(bed, BED_GUEST2);
	bed_expect_nothing(bed, BED_WIRE);
}

/* One of TCP between both guests, by the router. */
static struct frame segment(enum bed_place from, u16 client, u8 flags, u32 seq, u32 ack)
{
	struct frame data = frame_fill(flags & SYN ? 0 : 1);

	if (from == BED_GUEST1)
		return frame_eth(INSIDE_MAC, MAC1, IP4,
			frame_ip(IP1, IP2, IPPROTO_TCP,
				frame_tcp(client, 80, flags, seq, ack, data)));
	return frame_eth(INSIDE_MAC, MAC2, IP4,
		frame_ip(IP2, IP1, IPPROTO_TCP, frame_tcp(80, client, flags, seq, ack, data)));
}

/* As the router passes it on. */
static void expect_routed(struct bed *bed, enum bed_place from, struct frame sent)
{
	const struct mac to = mac(from == BED_GUEST1 ? MAC2 : MAC1), router = mac(INSIDE_MAC);
	struct frame frame = frame_hop(sent);

	memcpy(frame.b, to.b, 6);
	memcpy(frame.b + 6, router.b, 6);
	bed_send(bed, from, sent);
	bed_expect(bed, from == BED_GUEST1 ? BED_GUEST2 : BED_GUEST1, frame);
}

static struct flow_key4 key_of(struct bed *bed, enum bed_place from, u16 client)
{
	const u32 ips[] = { htonl(0x0a000001), htonl(0x0a000002) };
	bool first = from == BED_GUEST1;
	struct flow_key4 key = { .kind = FLOW_KIND(IPPROTO_TCP, (u32)FLOW_FROM_GUEST),
		.src = ips[!first],
		.dst = ips[first],
		.ports = first ? htons(client) | (u32)htons(80) << 16
			       : htons(80) | (u32)htons(client) << 16 };
	struct port port;

	assert_true(table_get(bed->dp, TABLE_PORTS, &bed->ifindex[from], &port));
	key.scope = port.id;
	return key;
}

static struct flow flow_of(struct bed *bed, enum bed_place from, u16 client)
{
	struct flow_key4 key = key_of(bed, from, client);
	struct flow flow = { 0 };

	bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.flows4), &key, &flow);
	return flow;
}

static bool has_rewrite(struct bed *bed, enum bed_place from, u16 client)
{
	struct flow_key4 key = key_of(bed, from, client);
	struct rewrite rewrite;

	return !bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.rewrites4), &key, &rewrite);
}

static int begin_filtered(void **state)
{
	struct bed *bed = *state;

	firewall_begin(state);
	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	return 0;
}

/* Both verdicts are there from the opening on, in the entries that have the states, and no other
 * entry is needed; the states see what follows. */
static void test_verdicts_from_the_opening_on(void **state)
{
	struct bed *bed = *state;

	expect_routed(bed, BED_GUEST1, segment(BED_GUEST1, 1000, SYN, 100, 0));
	for (enum bed_place from = BED_GUEST1; from <= BED_GUEST2; from++) {
		assert_int_equal(flow_of(bed, from, 1000).epoch, bed->dp->host.epoch);
		assert_true(flow_of(bed, from, 1000).has_router);
		assert_true(flow_of(bed, from, 1000).watched);
		assert_false(has_rewrite(bed, from, 1000));
	}
	assert_int_equal(flow_of(bed, BED_GUEST2, 1000).state, FLOW_NEW);
	expect_routed(bed, BED_GUEST2, segment(BED_GUEST2, 1000, SYN | ACK, 500, 101));
	expect_routed(bed, BED_GUEST1, segment(BED_GUEST1, 1000, ACK, 101, 501));
	assert_int_equal(flow_of(bed, BED_GUEST2, 1000).state, FLOW_CONNECTED);
	expect_routed(bed, BED_GUEST2, segment(BED_GUEST2, 1000, ACK, 501, 102));
	assert_false(flow_of(bed, BED_GUEST2, 1000).watched);
	expect_routed(bed, BED_GUEST1, segment(BED_GUEST1, 1000, FIN | ACK, 102, 502));
	assert_int_equal(flow_of(bed, BED_GUEST2, 1000).state, FLOW_HALF_CLOSED);
	expect_routed(bed, BED_GUEST2, segment(BED_GUEST2, 1000, FIN | ACK, 502, 104));
	assert_int_equal(flow_of(bed, BED_GUEST1, 1000).state, FLOW_CLOSING);
	assert_int_equal(flow_of(bed, BED_GUEST2, 1000).state, FLOW_CLOSING);
	expect_routed(bed, BED_GUEST1, segment(BED_GUEST1, 1001, SYN, 100, 0));
	POLICY(bed, policy2, TCP_IN2(81, 81));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, segment(BED_GUEST2, 1001, SYN | ACK, 500, 101),
		"denied-ingress");
}

/* The verdict of the answer is no way round what the router and the ports say of it. */
static void test_answers_go_by_routes(void **state)
{
	const struct mac router = mac(INSIDE_MAC);
	struct dp_route away = { .router = ROUTER,
		.prefix = prefix(IP1 "/32"),
		.kind = DP_ROUTE_VIA,
		.n_hops = 1,
		.hops = { { .vni = VNI, .mac = router, .via = ip(IP3) } } };
	struct bed *bed = *state;
	struct frame answer = segment(BED_GUEST2, 1002, SYN | ACK, 500, 101);

	expect_routed(bed, BED_GUEST1, segment(BED_GUEST1, 1002, SYN, 100, 0));
	memcpy(answer.b + 6, router.b, 6);
	expect_refused(bed, BED_GUEST2, BED_GUEST2, answer, "spoofed-mac");
	assert_true(dp_route_put(bed->dp, &away, NULL));
	expect_routed(bed, BED_GUEST1, segment(BED_GUEST1, 1003, SYN, 100, 0));
	assert_int_equal(flow_of(bed, BED_GUEST2, 1003).epoch, 0);
	bed_send(bed, BED_GUEST2, segment(BED_GUEST2, 1003, SYN | ACK, 500, 101));
	bed_receive(bed, BED_WIRE); /* to guest 3, behind the peer */
	bed_expect_nothing(bed, BED_GUEST1);
	assert_true(dp_route_delete(bed->dp, ROUTER, &away.prefix, NULL));
}

/* Who has an address with another MAC than its port's gets what is for it there. */
static void test_another_mac_than_the_port_s(void **state)
{
	struct bed *bed = *state;
	const struct mac other = mac(MAC3), own = mac(MAC2);
	const struct ip address = ip(IP2);
	struct dp_endpoint endpoint = {
		.vni = VNI, .mac = other, .ifindex = bed->ifindex[BED_GUEST2]
	};
	struct frame sent = segment(BED_GUEST1, 1004, SYN, 100, 0), frame = frame_hop(sent);

	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	assert_true(dp_neighbour_put(bed->dp, VNI, &address, &other, NULL));
	memcpy(frame.b, other.b, 6);
	memcpy(frame.b + 6, sent.b, 6);
	for (int i = 0; i < 2; i++) { /* the second one opens again */
		bed_send(bed, BED_GUEST1, sent);
		bed_expect(bed, BED_GUEST2, frame);
	}
	assert_false(flow_of(bed, BED_GUEST1, 1004).has_router);
	assert_true(has_rewrite(bed, BED_GUEST1, 1004));
	assert_int_equal(flow_of(bed, BED_GUEST2, 1004).epoch, 0);
	assert_true(dp_neighbour_put(bed->dp, VNI, &address, &own, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_router_answers),
		cmocka_unit_test(test_all_goes_through_it),
		cmocka_unit_test_setup(test_verdicts_from_the_opening_on, begin_filtered),
		cmocka_unit_test_setup(test_answers_go_by_routes, begin_filtered),
		cmocka_unit_test_setup(test_another_mac_than_the_port_s, begin_filtered),
	};

	return cmocka_run_group_tests(tests, setup, bed_teardown);
}
