/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load balancing at the edge: guest 1 is the client, guest 2 and what is behind the peer (MAC3) are
 * members, the VIP is on their network. Every packet comes twice or more: by the pipeline, then by
 * the flow entry. Whole frames are compared, so all checksums are.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bed.h"
#include "bpf/edge.h"

#define IP4 0x0800
#define ARP 0x0806
#define IP6 0x86dd
#define VIP "10.0.0.50"
#define VIP_6 "fd00::50"
#define VIP_MAC "02:00:00:00:0b:00"
#define VIP_MAC_6 "02:00:00:00:0b:06"
#define AGAIN 3

static struct dp_lb_member member(const char *hardware, const char *address, u32 weight)
{
	return (struct dp_lb_member){
		.vni = VNI, .mac = mac(hardware), .ip = ip(address), .port = 8080, .weight = weight
	};
}

static void listen_on(
	struct bed *bed, const char *vip, const struct dp_lb_member *members, size_t n)
{
	struct dp_listener listener = { .vni = VNI,
		.vip = ip(vip),
		.port = 80,
		.proto = IPPROTO_UDP,
		.members = members,
		.n_members = n };

	assert_true(dp_listener_put(bed->dp, &listener, NULL));
}

static void only(struct bed *bed, const char *hardware, const char *v4, const char *v6)
{
	struct dp_lb_member four = member(hardware, v4, 1), six = member(hardware, v6, 1);

	listen_on(bed, VIP, &four, 1);
	listen_on(bed, VIP_6, &six, 1);
}

static int setup(void **state)
{
	struct ip vip = ip(VIP), vip6 = ip(VIP_6);
	struct mac first = mac(VIP_MAC), second = mac(VIP_MAC_6);
	struct bed *bed;

	bed_setup(state);
	bed = *state;
	assert_true(dp_vip_put(bed->dp, VNI, &vip, &first, NULL));
	assert_true(dp_vip_put(bed->dp, VNI, &vip6, &second, NULL));
	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	return 0;
}

static struct frame udp(const char *dst_mac, const char *src_mac, const char *src, u16 sport,
	const char *dst, u16 dport)
{
	return frame_eth(dst_mac, src_mac, strchr(src, ':') ? IP6 : IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(sport, dport, frame_fill(40))));
}

static void test_answers_arp(void **state)
{
	struct bed *bed = *state;

	bed_send(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, "00:00:00:00:00:00", VIP)));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, VIP_MAC, ARP, frame_arp(2, VIP_MAC, VIP, MAC1, IP1)));
}

/* There and back on one host; the client's address stays, and it sees the VIP alone. */
static void test_member_here(void **state)
{
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	for (int i = 0; i < AGAIN; i++) {
		bed_send(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 1000, VIP, 80));
		bed_expect(bed, BED_GUEST2, frame_hop(udp(MAC2, VIP_MAC, IP1, 1000, IP2, 8080)));
		bed_send(bed, BED_GUEST2, udp(MAC1, MAC2, IP2, 8080, IP1, 1000));
		bed_expect(bed, BED_GUEST1, frame_hop(udp(MAC1, MAC2, VIP, 80, IP1, 1000)));
		bed_send(bed, BED_GUEST1, udp(VIP_MAC_6, MAC1, IP1_6, 1000, VIP_6, 80));
		bed_expect(
			bed, BED_GUEST2, frame_hop(udp(MAC2, VIP_MAC_6, IP1_6, 1000, IP2_6, 8080)));
		bed_send(bed, BED_GUEST2, udp(MAC1, MAC2, IP2_6, 8080, IP1_6, 1000));
		bed_expect(bed, BED_GUEST1, frame_hop(udp(MAC1, MAC2, VIP_6, 80, IP1_6, 1000)));
	}
	/* what the member says to others, or from another port, is its own */
	bed_send(bed, BED_GUEST2, udp(MAC1, MAC2, IP2, 8081, IP1, 1000));
	bed_expect(bed, BED_GUEST1, udp(MAC1, MAC2, IP2, 8081, IP1, 1000));
}

/* A member gets its own connection from the VIP: its own address it would not believe. */
static void test_hairpin(void **state)
{
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	for (int i = 0; i < AGAIN; i++) {
		bed_send(bed, BED_GUEST2, udp(VIP_MAC, MAC2, IP2, 2000, VIP, 80));
		bed_expect(bed, BED_GUEST2, frame_hop(udp(MAC2, VIP_MAC, VIP, 2000, IP2, 8080)));
		bed_send(bed, BED_GUEST2, udp(VIP_MAC, MAC2, IP2, 8080, VIP, 2000));
		bed_expect(bed, BED_GUEST2, frame_hop(udp(MAC2, VIP_MAC, VIP, 80, IP2, 2000)));
	}
}

static void expect_inner(struct bed *bed, struct frame inner)
{
	struct frame got = bed_receive(bed, BED_WIRE);

	assert_int_equal(got.len, 50 + inner.len);
	assert_memory_equal(got.b + 50, inner.b, inner.len);
}

/* To another host goes what the client sent, to the member's MAC. */
static void test_member_elsewhere(void **state)
{
	struct bed *bed = *state;

	only(bed, MAC3, IP3, IP3_6);
	for (int i = 0; i < AGAIN; i++) {
		bed_send(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 1001, VIP, 80));
		expect_inner(bed, frame_hop(udp(MAC3, VIP_MAC, IP1, 1001, VIP, 80)));
	}
}

static struct frame tunnelled(struct frame inner)
{
	return frame_eth(UNDERLAY_MAC, PEER_MAC, IP4,
		frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
			frame_udp(50000, 4789, frame_vxlan(VNI, inner))));
}

/* Which is here the member's, and whose answers leave as the VIP's. */
static void test_client_elsewhere(void **state)
{
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	for (int i = 0; i < AGAIN; i++) {
		bed_send(bed, BED_WIRE, tunnelled(udp(MAC2, VIP_MAC, IP3, 1002, VIP, 80)));
		bed_expect(bed, BED_GUEST2, udp(MAC2, VIP_MAC, IP3, 1002, IP2, 8080));
		bed_send(bed, BED_GUEST2, udp(MAC3, MAC2, IP2, 8080, IP3, 1002));
		expect_inner(bed, frame_hop(udp(MAC3, MAC2, VIP, 80, IP3, 1002)));
		bed_send(bed, BED_WIRE, tunnelled(udp(MAC2, VIP_MAC_6, IP3_6, 1002, VIP_6, 80)));
		bed_expect(bed, BED_GUEST2, udp(MAC2, VIP_MAC_6, IP3_6, 1002, IP2_6, 8080));
	}
}

/* A drained member keeps what it has; one that is gone has nothing. */
static void test_keeps_its_member(void **state)
{
	struct dp_lb_member members[] = { member(MAC2, IP2, 1), member(MAC3, IP3, 1) };
	struct frame sent, at_member;
	struct bed *bed = *state;
	u16 port = 3000;

	listen_on(bed, VIP, members, 2);
	for (;; port++) { /* one that guest 2 gets */
		assert_int_not_equal(port, 3100);
		sent = udp(VIP_MAC, MAC1, IP1, port, VIP, 80);
		bed_send(bed, BED_GUEST1, sent);
		if (bed_has(bed, BED_GUEST2))
			break;
		bed_receive(bed, BED_WIRE);
	}
	at_member = frame_hop(udp(MAC2, VIP_MAC, IP1, port, IP2, 8080));
	bed_receive(bed, BED_GUEST2);
	members[0].weight = 0;
	listen_on(bed, VIP, members, 2);
	bed_send(bed, BED_GUEST1, sent);
	bed_expect(bed, BED_GUEST2, at_member);
	for (u16 other = 4000; other < 4020; other++) {
		bed_send(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, other, VIP, 80));
		bed_receive(bed, BED_WIRE);
	}
	listen_on(bed, VIP, members + 1, 1);
	bed_send(bed, BED_GUEST1, sent);
	expect_inner(bed, frame_hop(udp(MAC3, VIP_MAC, IP1, port, VIP, 80)));
	bed_expect_nothing(bed, BED_GUEST2);
}

static void test_drops(void **state)
{
	struct bed *bed = *state;

	listen_on(bed, VIP, NULL, 0);
	bed_expect_drop(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 5000, VIP, 80), "no-member");
	bed_expect_drop(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 5000, VIP, 81), "no-listener");
}

/* Who restarts and states the same changes nothing; who does not state it takes it away. */
static void test_sweep(void **state)
{
	struct ip vip = ip(VIP), vip6 = ip(VIP_6);
	struct mac first = mac(VIP_MAC), second = mac(VIP_MAC_6);
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	bed_reopen(bed);
	dp_sweep_begin(bed->dp);
	bed_populate(bed);
	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	assert_true(dp_vip_put(bed->dp, VNI, &vip, &first, NULL));
	assert_true(dp_vip_put(bed->dp, VNI, &vip6, &second, NULL));
	only(bed, MAC2, IP2, IP2_6);
	assert_true(dp_sweep_end(bed->dp, NULL));
	bed_send(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 6000, VIP, 80));
	bed_expect(bed, BED_GUEST2, frame_hop(udp(MAC2, VIP_MAC, IP1, 6000, IP2, 8080)));
	assert_true(dp_listener_delete(bed->dp, VNI, &vip, IPPROTO_UDP, 80, NULL));
	bed_expect_drop(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 6000, VIP, 80), "no-listener");
	assert_true(dp_vip_delete(bed->dp, VNI, &vip, &first, NULL));
	bed_expect_drop(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 6000, VIP, 80), "unknown-unicast");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_arp),
		cmocka_unit_test(test_member_here),
		cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_member_elsewhere),
		cmocka_unit_test(test_client_elsewhere),
		cmocka_unit_test(test_keeps_its_member),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests(tests, setup, bed_teardown);
}
