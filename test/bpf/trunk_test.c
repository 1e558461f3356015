/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subports of trunks: by the tag, guest 1 and guest 2 are on a second network too.
 *
 *   BED_GUEST1 ── VLAN 10: SUB_MAC1, SUB_IP1 ┐ VNI 200
 *   BED_GUEST2 ── VLAN 20: SUB_MAC2, SUB_IP2 ┤
 *   the peer                SUB_MAC3, SUB_IP3 ┘
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/internal.h"
#include "firewall_bed.h"

#define VNI2 200
#define SUB_MAC1 "02:00:00:00:01:01"
#define SUB_MAC2 "02:00:00:00:01:02"
#define SUB_MAC3 "02:00:00:00:01:03"
#define SUB_IP1 "10.1.0.1"
#define SUB_IP2 "10.1.0.2"
#define SUB_IP3 "10.1.0.3"

static const u16 vlans[] = { [BED_GUEST1] = 10, [BED_GUEST2] = 20 };
static const char *const macs[] = { SUB_MAC1, SUB_MAC2 }, *const ips[] = { SUB_IP1, SUB_IP2 };

static struct frame tagged(struct frame frame, u16 vlan)
{
	struct frame out = frame;

	memmove(out.b + 16, frame.b + 12, frame.len - 12);
	memcpy(out.b + 12, (u8[]){ 0x81, 0, (u8)(vlan >> 8), (u8)vlan }, 4);
	out.len += 4;
	return out;
}

static u32 number(const struct bed *bed, enum bed_place place)
{
	return dp_subport(bed->ifindex[place], vlans[place]);
}

static void put_subport(struct bed *bed, enum bed_place place, const struct dp_port *more)
{
	struct mac m = mac(macs[place]);
	struct dp_pair pair = { m, { ip(ips[place]), 32 } };
	struct dp_port port = *more;
	struct dp_endpoint endpoint = { .vni = VNI2, .mac = m, .ifindex = number(bed, place) };
	struct ip address = ip(ips[place]);
	g_autoptr(GError) error = NULL;

	port.ifindex = endpoint.ifindex;
	port.kind = DP_PORT_OTHER;
	port.vni = VNI2;
	port.flags |= DP_PORT_SECURITY;
	port.mac = m;
	memcpy(port.uuid, (u8[16]){ 0xdd, (u8)(place + 1) }, 16);
	port.pairs = &pair;
	port.n_pairs = 1;
	if (!dp_port_put(bed->dp, &port, &error) || !dp_endpoint_put(bed->dp, &endpoint, &error) ||
		!dp_neighbour_put(bed->dp, VNI2, &address, &m, &error))
		fail_msg("%s", error->message);
}

static int begin(void **state)
{
	struct bed *bed = *state;
	struct dp_network network = { .vni = VNI2, .mtu_bytes = MTU };
	struct ip vtep = ip("192.0.2.2"), address = ip(SUB_IP3);
	struct dp_member member = { .vni = VNI2, .vtep = vtep };
	struct dp_endpoint endpoint = { .vni = VNI2, .mac = mac(SUB_MAC3), .vtep = vtep };
	struct mac m = mac(SUB_MAC3);

	assert_true(dp_network_put(bed->dp, &network, NULL));
	assert_true(dp_member_put(bed->dp, &member, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	assert_true(dp_neighbour_put(bed->dp, VNI2, &address, &m, NULL));
	put_subport(bed, BED_GUEST1, &(struct dp_port){ 0 });
	put_subport(bed, BED_GUEST2, &(struct dp_port){ 0 });
	return 0;
}

static struct frame udp_between(
	const char *dst_mac, const char *src_mac, const char *dst, const char *src, size_t len)
{
	return frame_eth(dst_mac, src_mac, ETH_IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(len))));
}

static u64 drops_of(struct bed *bed, enum bed_place place, const char *reason)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());

	assert_true(dp_drop_counts(bed->dp, number(bed, place), counts, NULL));
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		if (!strcmp(dp_drop_reason_name(i), reason))
			return counts[i];
	fail_msg("no reason %s", reason);
	return 0;
}

/* Dropped, and counted at the subport of guest 1. */
static void expect_subport_drop(struct bed *bed, struct frame frame, const char *reason)
{
	u64 before = drops_of(bed, BED_GUEST1, reason);

	bed_send(bed, BED_GUEST1, frame);
	for (int i = 0; i < 1000 && drops_of(bed, BED_GUEST1, reason) == before; i++)
		g_thread_yield();
	assert_int_equal(drops_of(bed, BED_GUEST1, reason), before + 1);
	for (int i = 0; i < N_BED_PLACES; i++)
		bed_expect_nothing(bed, (enum bed_place)i);
}

static void test_the_tag_is_the_port(void **state)
{
	struct bed *bed = *state;
	struct frame there = udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP1, 64);
	struct frame back = udp_between(SUB_MAC1, SUB_MAC2, SUB_IP1, SUB_IP2, 64);
	struct frame untagged = udp_between(MAC2, MAC1, IP2, IP1, 64);
	struct dp_counters before, parent, counters;

	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &before, NULL));
	for (int i = 0; i < 3; i++) { /* the first without a flow entry, the others by it */
		bed_send(bed, BED_GUEST1, tagged(there, 10));
		bed_expect(bed, BED_GUEST2, tagged(there, 20));
		bed_send(bed, BED_GUEST2, tagged(back, 20));
		bed_expect(bed, BED_GUEST1, tagged(back, 10));
	}
	assert_true(dp_port_counters(bed->dp, number(bed, BED_GUEST1), &counters, NULL));
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &parent, NULL));
	assert_int_equal(counters.rx_packets, 3);
	assert_int_equal(counters.tx_packets, 3);
	assert_int_equal(counters.rx_bytes, 3 * there.len);
	assert_memory_equal(&parent, &before, sizeof(parent));
	bed_send(bed, BED_GUEST1, untagged); /* the parents are as they were */
	bed_expect(bed, BED_GUEST2, untagged);
	bed_expect_drop(bed, BED_GUEST1, tagged(there, 11), "vlan-tagged");
	bed_expect_drop(bed, BED_GUEST1, tagged(there, 0), "vlan-tagged");
	expect_subport_drop(bed, tagged(tagged(there, 7), 10), "vlan-tagged");
	{ /* and no port is another one's */
		struct frame sub = tagged(untagged, 10);

		expect_subport_drop(bed, sub, "spoofed-mac");
		bed_expect_drop(bed, BED_GUEST1, there, "spoofed-mac");
	}
}

static void test_port_security(void **state)
{
	struct bed *bed = *state;

	expect_subport_drop(bed, tagged(udp_between(SUB_MAC2, SUB_MAC3, SUB_IP2, SUB_IP1, 64), 10),
		"spoofed-mac");
	expect_subport_drop(bed, tagged(udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP3, 64), 10),
		"spoofed-ip");
	put_subport(bed, BED_GUEST1, &(struct dp_port){ .flags = DP_PORT_DOWN });
	expect_subport_drop(bed, tagged(udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP1, 64), 10),
		"port-down");
	put_subport(bed, BED_GUEST1, &(struct dp_port){ 0 });
}

static void test_over_the_tunnel(void **state)
{
	struct bed *bed = *state;
	struct frame there = udp_between(SUB_MAC3, SUB_MAC1, SUB_IP3, SUB_IP1, 64), got;
	struct frame back = udp_between(SUB_MAC1, SUB_MAC3, SUB_IP1, SUB_IP3, 64);
	struct frame outer = frame_eth(UNDERLAY_MAC, PEER_MAC, ETH_IP4,
		frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
			frame_udp(50000, 4789, frame_vxlan(VNI2, back))));

	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST1, tagged(there, 10));
		got = bed_receive(bed, BED_WIRE);
		assert_int_equal(got.len, there.len + 50);
		assert_memory_equal(got.b + 50, there.b, there.len); /* without the tag */
		bed_send(bed, BED_WIRE, outer);
		bed_expect(bed, BED_GUEST1, tagged(back, 10));
	}
}

static void test_is_answered_with_the_tag(void **state)
{
	struct bed *bed = *state;
	struct frame big = udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP1, MTU), got;

	bed_send(bed, BED_GUEST1,
		tagged(frame_eth(BROADCAST, SUB_MAC1, 0x0806,
			       frame_arp(1, SUB_MAC1, SUB_IP1, NULL, SUB_IP3)),
			10));
	bed_expect(bed, BED_GUEST1,
		tagged(frame_eth(SUB_MAC1, SUB_MAC3, 0x0806,
			       frame_arp(2, SUB_MAC3, SUB_IP3, SUB_MAC1, SUB_IP1)),
			10));
	big.b[20] |= 0x40; /* may not be fragmented */
	big.b[24] = (u8)(big.b[24] - 0x40);
	bed_send(bed, BED_GUEST1, tagged(big, 10));
	got = bed_receive(bed, BED_GUEST1);
	assert_int_equal(got.b[15], 10);
	assert_int_equal(got.b[18 + 20], 3); /* too big */
	assert_int_equal(got.b[18 + 21], 4);
}

static void test_broadcast(void **state)
{
	struct bed *bed = *state;
	struct frame all = udp_between(BROADCAST, SUB_MAC1, "10.1.0.255", SUB_IP1, 64), got;
	struct frame back = udp_between(BROADCAST, SUB_MAC3, "10.1.0.255", SUB_IP3, 64);

	bed_send(bed, BED_GUEST1, tagged(all, 10));
	bed_expect(bed, BED_GUEST2, tagged(all, 20));
	got = bed_receive(bed, BED_WIRE);
	assert_int_equal(got.len, all.len + 50);
	assert_memory_equal(got.b + 50, all.b, all.len);
	bed_expect_nothing(bed, BED_GUEST1);
	bed_send(bed, BED_WIRE,
		frame_eth(UNDERLAY_MAC, PEER_MAC, ETH_IP4,
			frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
				frame_udp(50000, 4789, frame_vxlan(VNI2, back)))));
	bed_expect(bed, BED_GUEST1, tagged(back, 10));
	bed_expect(bed, BED_GUEST2, tagged(back, 20));
}

static void on_punt(
	u32 ifindex, enum dp_punt_reason reason, const u8 *frame, size_t len, void *data)
{
	(void)frame;
	assert_int_equal(reason, DP_PUNT_DHCP4);
	assert_int_equal(len, 14 + 20 + 8 + 240);
	*(u32 *)data = ifindex;
}

static void test_the_agent(void **state)
{
	struct bed *bed = *state;
	struct frame discover = frame_eth(BROADCAST, SUB_MAC1, ETH_IP4,
		frame_ip("0.0.0.0", "255.255.255.255", IPPROTO_UDP,
			frame_udp(68, 67, frame_fill(240))));
	struct frame offer = udp_between(SUB_MAC1, SERVICE_MAC, SUB_IP1, SERVICE_IP, 64);
	u32 ifindex = 0;

	put_subport(bed, BED_GUEST1, &(struct dp_port){ .flags = DP_PORT_PUNT_DHCP4 });
	bed_send(bed, BED_GUEST1, tagged(discover, 10));
	for (int ms = 0; !ifindex && ms < 2000; ms++) { /* an emulated machine may be late */
		dp_punt_dispatch(bed->dp, on_punt, &ifindex);
		g_usleep(1000);
	}
	assert_int_equal(ifindex, number(bed, BED_GUEST1));
	assert_true(dp_inject(bed->dp, ifindex, offer.b, offer.len, NULL));
	bed_expect(bed, BED_GUEST1, tagged(offer, 10));
	put_subport(bed, BED_GUEST1, &(struct dp_port){ 0 });
}

static void test_firewall(void **state)
{
	struct bed *bed = *state;
	struct frame there = udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP1, 64);
	struct frame back = frame_eth(SUB_MAC1, SUB_MAC2, ETH_IP4,
		frame_ip(SUB_IP2, SUB_IP1, IPPROTO_UDP, frame_udp(2000, 1000, frame_fill(64))));

	POLICY(bed, policy1, OUT1);
	put_subport(bed, BED_GUEST1, &(struct dp_port){ .policy = policy1 });
	expect_subport_drop(bed, tagged(frame_eth(SUB_MAC2, SUB_MAC1, 0x88b5, frame_fill(64)), 10),
		"denied-egress");
	bed_send(
		bed, BED_GUEST2, tagged(udp_between(SUB_MAC1, SUB_MAC2, SUB_IP1, SUB_IP2, 64), 20));
	bed_expect_nothing(bed, BED_GUEST1);
	assert_int_equal(drops_of(bed, BED_GUEST1, "denied-ingress"), 1);
	for (int i = 0; i < 2; i++) {
		bed_send(bed, BED_GUEST1, tagged(there, 10));
		bed_expect(bed, BED_GUEST2, tagged(there, 20));
		bed_send(bed, BED_GUEST2, tagged(back, 20));
		bed_expect(bed, BED_GUEST1, tagged(back, 10));
	}
	put_subport(bed, BED_GUEST1, &(struct dp_port){ 0 });
}

/* Through the shaper, in both directions. */
static void test_limits(void **state)
{
	struct bed *bed = *state;
	struct dp_rate rate = { .kbps = 10000, .burst_kbits = 1000 };
	struct frame there = udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP1, 64);
	struct frame out = udp_between(SUB_MAC3, SUB_MAC1, SUB_IP3, SUB_IP1, 64);

	put_subport(bed, BED_GUEST1, &(struct dp_port){ .qos.egress = rate });
	put_subport(bed, BED_GUEST2, &(struct dp_port){ .qos.ingress = rate });
	for (int i = 0; i < 3; i++) {
		bed_send(bed, BED_GUEST1, tagged(there, 10));
		bed_expect(bed, BED_GUEST2, tagged(there, 20));
		bed_send(bed, BED_GUEST1, tagged(out, 10));
		assert_int_equal(bed_receive(bed, BED_WIRE).len, out.len + 50);
	}
	put_subport(bed, BED_GUEST1, &(struct dp_port){ 0 });
	put_subport(bed, BED_GUEST2, &(struct dp_port){ 0 });
}

static void test_trace(void **state)
{
	struct bed *bed = *state;
	struct frame there = udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP1, 64);
	g_autoptr(GPtrArray) steps = NULL;
	g_autofree char *all = NULL;

	assert_true(dp_trace(bed->dp, number(bed, BED_GUEST1), there.b, there.len, &steps, NULL));
	g_ptr_array_add(steps, NULL);
	all = g_strjoinv("\n", (char **)steps->pdata);
	if (!strstr(all,
		    "from the guest at port dd010000-0000-0000-0000-000000000000 (device p1, VLAN 10), on VNI 200") ||
		!strstr(all,
			"delivered to port dd020000-0000-0000-0000-000000000000 (device p2, VLAN 20)"))
		fail_msg("%s", all);
	for (int i = 0; i < N_BED_PLACES; i++)
		bed_expect_nothing(bed, (enum bed_place)i);
}

/* One that goes takes nothing else along. */
static void test_comes_and_goes(void **state)
{
	struct bed *bed = *state;
	struct frame there = udp_between(SUB_MAC2, SUB_MAC1, SUB_IP2, SUB_IP1, 64);
	struct frame untagged = udp_between(MAC2, MAC1, IP2, IP1, 64);
	u32 gone = number(bed, BED_GUEST2);

	assert_true(dp_port_delete(bed->dp, gone, NULL));
	expect_subport_drop(bed, tagged(there, 10), "receiver-gone");
	bed_expect_drop(bed, BED_GUEST2, tagged(there, 20), "vlan-tagged");
	bed_send(bed, BED_GUEST1, untagged);
	bed_expect(bed, BED_GUEST2, untagged);
	put_subport(bed, BED_GUEST2, &(struct dp_port){ 0 });
	bed_send(bed, BED_GUEST1, tagged(there, 10));
	bed_expect(bed, BED_GUEST2, tagged(there, 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_tag_is_the_port, begin),
		cmocka_unit_test(test_port_security),
		cmocka_unit_test(test_over_the_tunnel),
		cmocka_unit_test(test_is_answered_with_the_tag),
		cmocka_unit_test(test_broadcast),
		cmocka_unit_test(test_the_agent),
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
