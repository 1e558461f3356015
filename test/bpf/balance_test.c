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

/* Later fragments have no ports, and become what their first became, both ways. */
static void test_fragments(void **state)
{
	struct frame asked = udp(VIP_MAC, MAC1, IP1, 1100, VIP, 80);
	struct frame got = frame_hop(udp(MAC2, VIP_MAC, IP1, 1100, IP2, 8080));
	struct frame answer = udp(MAC1, MAC2, IP2, 8080, IP1, 1100);
	struct frame seen = frame_hop(udp(MAC1, MAC2, VIP, 80, IP1, 1100));
	struct frame far =
		tunnelled(frame_fragment(udp(MAC2, VIP_MAC, IP3, 1100, VIP, 80), 3, false, 24));
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	bed_expect_drop(bed, BED_GUEST1, frame_fragment(asked, 3, false, 24), "fragment");
	for (int i = 0; i < AGAIN; i++) {
		bed_send(bed, BED_GUEST1, frame_fragment(asked, 0, true, 24));
		bed_expect(bed, BED_GUEST2, frame_fragment(got, 0, true, 24));
		bed_send(bed, BED_GUEST1, frame_fragment(asked, 3, false, 24));
		bed_expect(bed, BED_GUEST2, frame_fragment(got, 3, false, 24));
		bed_send(bed, BED_GUEST2, frame_fragment(answer, 0, true, 24));
		bed_expect(bed, BED_GUEST1, frame_fragment(seen, 0, true, 24));
		bed_send(bed, BED_GUEST2, frame_fragment(answer, 3, false, 24));
		bed_expect(bed, BED_GUEST1, frame_fragment(seen, 3, false, 24));
	}
	/* from another host: before its first one it is for an address that the guest does not have
	 */
	bed_send(bed, BED_WIRE, far);
	bed_expect(bed, BED_GUEST2,
		frame_fragment(udp(MAC2, VIP_MAC, IP3, 1100, VIP, 80), 3, false, 24));
	bed_send(bed, BED_WIRE,
		tunnelled(frame_fragment(udp(MAC2, VIP_MAC, IP3, 1100, VIP, 80), 0, true, 24)));
	bed_expect(bed, BED_GUEST2,
		frame_fragment(udp(MAC2, VIP_MAC, IP3, 1100, IP2, 8080), 0, true, 24));
	bed_send(bed, BED_WIRE, far);
	bed_expect(bed, BED_GUEST2,
		frame_fragment(udp(MAC2, VIP_MAC, IP3, 1100, IP2, 8080), 3, false, 24));
}

/* "Too big" about a packet of @about's sender. */
static struct frame error_about(const char *dst_mac, const char *src_mac, const char *src,
	const char *dst, struct frame about)
{
	bool v6 = strchr(src, ':') != NULL;

	return frame_eth(dst_mac, src_mac, v6 ? IP6 : IP4,
		frame_ip(src, dst, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
			frame_icmp(v6 ? 2 : 3, v6 ? 0 : 4, 1280,
				frame_bytes(about.b + 14, v6 ? 48 : 28))));
}

/* Errors about what was balanced, from either side, come to whom they are about, with what that one
 * had sent in them. */
static void test_errors(void **state)
{
	struct frame asked = udp(VIP_MAC, MAC1, IP1, 1200, VIP, 80);
	struct frame got = frame_hop(udp(MAC2, VIP_MAC, IP1, 1200, IP2, 8080));
	struct frame answer = udp(MAC1, MAC2, IP2, 8080, IP1, 1200);
	struct frame seen = frame_hop(udp(MAC1, MAC2, VIP, 80, IP1, 1200));
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	bed_send(bed, BED_GUEST1, asked);
	bed_expect(bed, BED_GUEST2, got);
	bed_send(bed, BED_GUEST2, error_about(MAC1, MAC2, IP2, IP1, got));
	bed_expect(bed, BED_GUEST1, frame_hop(error_about(MAC1, MAC2, VIP, IP1, frame_hop(asked))));
	bed_send(bed, BED_GUEST2, answer);
	bed_expect(bed, BED_GUEST1, seen);
	bed_send(bed, BED_GUEST1, error_about(VIP_MAC, MAC1, IP1, VIP, seen));
	bed_expect(bed, BED_GUEST2,
		frame_hop(error_about(MAC2, VIP_MAC, IP1, IP2, frame_hop(answer))));
	/* from another host */
	bed_send(bed, BED_WIRE, tunnelled(udp(MAC2, VIP_MAC, IP3, 1200, VIP, 80)));
	bed_receive(bed, BED_GUEST2);
	bed_send(bed, BED_WIRE,
		tunnelled(
			error_about(MAC2, VIP_MAC, IP3, VIP, udp(MAC3, MAC2, VIP, 80, IP3, 1200))));
	bed_expect(bed, BED_GUEST2,
		error_about(MAC2, VIP_MAC, IP3, IP2, udp(MAC3, MAC2, IP2, 8080, IP3, 1200)));
	/* about what nobody balances */
	bed_expect_drop(bed, BED_GUEST1,
		error_about(VIP_MAC, MAC1, IP1, VIP, udp(MAC1, MAC2, VIP, 81, IP1, 1200)),
		"no-listener");
}

static void test_errors6(void **state)
{
	struct frame asked = udp(VIP_MAC_6, MAC1, IP1_6, 1200, VIP_6, 80);
	struct frame got = frame_hop(udp(MAC2, VIP_MAC_6, IP1_6, 1200, IP2_6, 8080));
	struct frame wanted = frame_hop(error_about(MAC1, MAC2, VIP_6, IP1_6, frame_hop(asked)));
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	bed_send(bed, BED_GUEST1, asked);
	bed_expect(bed, BED_GUEST2, got);
	bed_send(bed, BED_GUEST2, error_about(MAC1, MAC2, IP2_6, IP1_6, got));
	bed_expect(bed, BED_GUEST1, wanted);
}

static void test_allowed_sources(void **state)
{
	struct dp_lb_member four = member(MAC2, IP2, 1);
	struct dp_listener listener = { .vni = VNI,
		.vip = ip(VIP),
		.port = 80,
		.proto = IPPROTO_UDP,
		.members = &four,
		.n_members = 1 };
	struct prefix allowed[2] = { { .ip = ip("192.0.2.0"), .len = 24 },
		{ .ip = ip(IP1), .len = 32 } };
	struct bed *bed = *state;

	listener.allowed = allowed;
	listener.n_allowed = 1;
	assert_true(dp_listener_put(bed->dp, &listener, NULL));
	bed_expect_drop(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 1300, VIP, 80), "not-allowed");
	bed_reopen(bed); /* what is taken away was learnt from the table */
	listener.n_allowed = 2;
	assert_true(dp_listener_put(bed->dp, &listener, NULL));
	bed_send(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 1300, VIP, 80));
	bed_expect(bed, BED_GUEST2, frame_hop(udp(MAC2, VIP_MAC, IP1, 1300, IP2, 8080)));
	listener.n_allowed = 1;
	assert_true(dp_listener_put(bed->dp, &listener, NULL)); /* cuts it */
	bed_expect_drop(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 1300, VIP, 80), "not-allowed");
	listener.n_allowed = 0;
	assert_true(dp_listener_put(bed->dp, &listener, NULL));
	bed_send(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 1300, VIP, 80));
	bed_receive(bed, BED_GUEST2);
}

static struct dp_listener_stats stats(struct bed *bed)
{
	struct dp_listener_stats stats;
	struct ip vip = ip(VIP);

	assert_true(dp_listener_stats(bed->dp, VNI, &vip, IPPROTO_UDP, 80, &stats));
	return stats;
}

/* What is counted, and that it goes on over changes of the listener and a new agent. */
static void test_statistics(void **state)
{
	struct frame asked = udp(VIP_MAC, MAC1, IP1, 1400, VIP, 80);
	struct dp_listener_stats before, after;
	struct bed *bed = *state;

	only(bed, MAC2, IP2, IP2_6);
	before = stats(bed);
	for (int i = 0; i < AGAIN; i++) {
		bed_send(bed, BED_GUEST1, asked);
		bed_receive(bed, BED_GUEST2);
		bed_send(bed, BED_GUEST2, udp(MAC1, MAC2, IP2, 8080, IP1, 1400));
		bed_receive(bed, BED_GUEST1);
	}
	listen_on(bed, VIP, NULL, 0);
	bed_expect_drop(bed, BED_GUEST1, udp(VIP_MAC, MAC1, IP1, 1401, VIP, 80), "no-member");
	bed_reopen(bed);
	after = stats(bed);
	assert_int_equal(after.number, before.number);
	assert_int_equal(after.total - before.total, 1);
	assert_int_equal(after.active - before.active, 1);
	assert_int_equal(after.bytes_in - before.bytes_in, AGAIN * (asked.len - 14));
	assert_int_equal(after.bytes_out - before.bytes_out, AGAIN * (asked.len - 14));
	assert_int_equal(after.errors - before.errors, 1);
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
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_errors6),
		cmocka_unit_test(test_allowed_sources),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests(tests, setup, bed_teardown);
}
