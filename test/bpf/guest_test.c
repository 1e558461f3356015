/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest sends: switching, port security, ARP and neighbour discovery, punts. Proves B22,
 * B23, B26, B4, B10. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bed.h"

#define IP4 0x0800
#define ARP 0x0806
#define IP6 0x86dd
#define SPOOFED_MAC "02:00:00:00:00:99"

static struct frame udp4(const char *dst_mac, const char *src_mac, const char *src, const char *dst)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(64))));
}

static struct frame udp6(const char *dst_mac, const char *src_mac, const char *src, const char *dst)
{
	return frame_eth(dst_mac, src_mac, IP6,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(64))));
}

static void test_switches_unicast(void **state)
{
	struct bed *bed = *state;
	struct frame v4 = udp4(MAC2, MAC1, IP1, IP2), v6 = udp6(MAC2, MAC1, IP1_6, IP2_6);

	for (int i = 0; i < 3; i++) { /* by the pipeline, then by the flow entry */
		bed_send(bed, BED_GUEST1, v4);
		bed_expect(bed, BED_GUEST2, v4);
		bed_send(bed, BED_GUEST1, v6);
		bed_expect(bed, BED_GUEST2, v6);
	}
	bed_expect_nothing(bed, BED_GUEST1);
	bed_expect_nothing(bed, BED_WIRE);
}

/* B43: who has a MAC is asked of the directory when a connection begins: one that it does not name
 * is sent nothing, and what moves is sent to where it is then. */
static void test_asks_the_directory(void **state)
{
	struct dp_endpoint endpoint = { .vni = VNI, .mac = mac(MAC3) };
	struct frame frame = udp4(MAC3, MAC1, IP1, IP3);
	struct bed *bed = *state;

	bed_expect_drop(bed, BED_GUEST1, frame, "unknown-unicast");
	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	bed_send(bed, BED_GUEST1, frame);
	assert_int_equal(bed_receive(bed, BED_WIRE).len, frame.len + 50);
	endpoint.ifindex = bed->ifindex[BED_GUEST2];
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	bed_expect_nothing(bed, BED_WIRE);
	assert_true(dp_endpoint_delete(bed->dp, VNI, &endpoint.mac, NULL));
	bed_expect_drop(bed, BED_GUEST1, frame, "unknown-unicast");
	bed_no_peer(bed, "192.0.2.2");
}

static void test_counts(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC2, MAC1, IP1, IP2);
	struct dp_counters from, to, from2, to2;

	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &from, NULL));
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST2], &to, NULL));
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &from2, NULL));
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST2], &to2, NULL));
	assert_int_equal(from2.rx_packets - from.rx_packets, 1);
	assert_int_equal(from2.rx_bytes - from.rx_bytes, frame.len);
	assert_int_equal(to2.tx_packets - to.tx_packets, 1);
	assert_int_equal(to2.tx_bytes - to.tx_bytes, frame.len);
	assert_int_equal(from2.drops, from.drops);
}

static void test_drops_unknown_unicast(void **state)
{
	bed_expect_drop(
		*state, BED_GUEST1, udp4("02:00:00:00:00:77", MAC1, IP1, IP2), "unknown-unicast");
	bed_expect_drop(*state, BED_GUEST1, udp4(MAC1, MAC1, IP1, IP1), "hairpin");
	bed_expect_drop(*state, BED_GUEST1,
		frame_eth("01:80:c2:00:00:0e", MAC1, 0x88cc, frame_fill(50)), "reserved-multicast");
}

static void test_drops_spoofed_sources(void **state)
{
	struct bed *bed = *state;

	bed_expect_drop(bed, BED_GUEST1, udp4(MAC2, SPOOFED_MAC, IP1, IP2), "spoofed-mac");
	bed_expect_drop(bed, BED_GUEST1, udp4(MAC2, MAC1, IP3, IP2), "spoofed-ip");
	bed_expect_drop(bed, BED_GUEST1, udp6(MAC2, MAC1, IP3_6, IP2_6), "spoofed-ip");
	bed_expect_drop(bed, BED_GUEST1, udp6(MAC2, MAC1, "fe80::99", IP2_6), "spoofed-ip");
	bed_expect_drop(bed, BED_GUEST1, udp6(MAC2, MAC1, "::", IP2_6), "spoofed-ip");
	bed_expect_drop(bed, BED_GUEST1, udp4(MAC2, MAC1, "0.0.0.0", IP2), "spoofed-ip");
	bed_expect_drop(bed, BED_GUEST1, frame_eth(MAC2, SPOOFED_MAC, 0x88b5, frame_fill(50)),
		"spoofed-mac");
}

static void test_does_not_ride_on_others_flow(void **state)
{
	struct bed *bed = *state;
	struct frame good = udp4(MAC2, MAC1, IP1, IP2), evil = udp4(MAC2, SPOOFED_MAC, IP1, IP2);

	bed_send(bed, BED_GUEST1, good);
	bed_expect(bed, BED_GUEST2, good);
	bed_expect_drop(bed, BED_GUEST1, evil, "spoofed-mac"); /* same connection, other MAC */
	bed_expect_drop(bed, BED_GUEST2, good, "spoofed-mac"); /* same frame, other port */
}

static void test_allows_link_local_and_pairs(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp6(MAC2, MAC1, "fe80::ff:fe00:1", IP2_6);

	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
}

static void test_no_security_allows_all(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC2, SPOOFED_MAC, "172.16.0.1", IP2);

	bed_port(bed, BED_GUEST1, 0);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	bed_port(bed, BED_GUEST1, DP_PORT_SECURITY);
	bed_expect_drop(
		bed, BED_GUEST1, frame, "spoofed-mac"); /* the flow entry is stale at once */
}

static void test_answers_arp(void **state)
{
	struct bed *bed = *state;

	bed_send(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, IP3)));
	bed_expect(bed, BED_GUEST1, frame_eth(MAC1, MAC3, ARP, frame_arp(2, MAC3, IP3, MAC1, IP1)));
	bed_send(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, SERVICE_IP)));
	bed_expect(bed, BED_GUEST1,
		frame_eth(
			MAC1, SERVICE_MAC, ARP, frame_arp(2, SERVICE_MAC, SERVICE_IP, MAC1, IP1)));
	/* a probe (RFC 5227) for an address that another port has is answered, for its own it is
	 * not */
	bed_send(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, "0.0.0.0", NULL, IP2)));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, MAC2, ARP, frame_arp(2, MAC2, IP2, MAC1, "0.0.0.0")));
	bed_send(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, "0.0.0.0", NULL, IP1)));
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, "10.0.0.9")),
		"unknown-target");
}

static void test_checks_arp(void **state)
{
	struct bed *bed = *state;
	struct frame bad = frame_arp(1, MAC1, IP1, NULL, IP2);

	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP2, NULL, IP3)), "spoofed-arp");
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC2, IP2, NULL, IP3)), "spoofed-arp");
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(MAC2, MAC1, ARP, frame_arp(2, MAC1, IP3, MAC2, IP2)), "spoofed-arp");
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(BROADCAST, SPOOFED_MAC, ARP, frame_arp(1, MAC1, IP1, NULL, IP3)),
		"spoofed-mac");
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, IP1)), "unsolicited");
	bad.b[4] = 7; /* hardware address length */
	bed_expect_drop(bed, BED_GUEST1, frame_eth(BROADCAST, MAC1, ARP, bad), "malformed");
	bad = frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, IP2));
	bad.len = 41;
	bed_expect_drop(bed, BED_GUEST1, bad, "truncated");
}

static struct frame nd(const char *dst_mac, const char *src, const char *dst, struct frame message)
{
	return frame_eth(dst_mac, MAC1, IP6, frame_ip(src, dst, IPPROTO_ICMPV6, message));
}

static void test_answers_neighbour_solicitation(void **state)
{
	struct bed *bed = *state;

	bed_send(bed, BED_GUEST1,
		nd("33:33:ff:00:00:03", IP1_6, "ff02::1:ff00:3", frame_nd(135, 0, IP3_6, 1, MAC1)));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, MAC3, IP6,
			frame_ip(IP3_6, IP1_6, IPPROTO_ICMPV6,
				frame_nd(136, 0x60000000, IP3_6, 2, MAC3))));
	/* duplicate address detection: another's address is defended, one's own is not */
	bed_send(bed, BED_GUEST1,
		nd("33:33:ff:00:00:02", "::", "ff02::1:ff00:2", frame_nd(135, 0, IP2_6, 0, NULL)));
	bed_expect(bed, BED_GUEST1,
		frame_eth("33:33:00:00:00:01", MAC2, IP6,
			frame_ip(IP2_6, "ff02::1", IPPROTO_ICMPV6,
				frame_nd(136, 0x20000000, IP2_6, 2, MAC2))));
	bed_send(bed, BED_GUEST1,
		nd("33:33:ff:00:00:01", "::", "ff02::1:ff00:1", frame_nd(135, 0, IP1_6, 0, NULL)));
	bed_expect_drop(bed, BED_GUEST1,
		nd("33:33:ff:00:00:09", IP1_6, "ff02::1:ff00:9",
			frame_nd(135, 0, "fd00::9", 1, MAC1)),
		"unknown-target");
}

/* Whether it is a router its owner alone knows (RFC 4861 section 7.2.5), so that one is asked. */
static void test_link_local_target_is_asked_itself(void **state)
{
	struct bed *bed = *state;
	struct frame message = frame_nd(135, 0, "fe80::ff:fe00:2", 1, MAC1);
	struct mac mac;
	struct ip ip;

	assert_true(mac_parse(MAC2, &mac) && ip_parse("fe80::ff:fe00:2", &ip));
	assert_true(dp_neighbour_put(bed->dp, VNI, &ip, &mac, NULL));
	bed_send(bed, BED_GUEST1, nd("33:33:ff:00:00:02", IP1_6, "ff02::1:ff00:2", message));
	bed_expect(bed, BED_GUEST2, nd(MAC2, IP1_6, "ff02::1:ff00:2", message));
	bed_send(bed, BED_GUEST1, nd(MAC2, IP1_6, "fe80::ff:fe00:2", message));
	bed_expect(bed, BED_GUEST2, nd(MAC2, IP1_6, "fe80::ff:fe00:2", message));
	assert_true(dp_neighbour_delete(bed->dp, VNI, &ip, NULL));
	bed_expect_drop(bed, BED_GUEST1, nd("33:33:ff:00:00:02", IP1_6, "ff02::1:ff00:2", message),
		"unknown-target");
}

static void test_checks_neighbour_discovery(void **state)
{
	struct bed *bed = *state;

	bed_expect_drop(bed, BED_GUEST1,
		nd("33:33:ff:00:00:03", IP1_6, "ff02::1:ff00:3", frame_nd(135, 0, IP3_6, 1, MAC2)),
		"spoofed-nd");
	bed_expect_drop(bed, BED_GUEST1,
		nd(MAC2, IP1_6, IP2_6, frame_nd(136, 0x60000000, IP3_6, 2, MAC1)), "spoofed-nd");
	bed_expect_drop(bed, BED_GUEST1,
		nd(MAC2, IP1_6, IP2_6, frame_nd(136, 0x60000000, IP1_6, 2, MAC3)), "spoofed-nd");
	bed_expect_drop(bed, BED_GUEST1,
		nd("33:33:00:00:00:01", IP1_6, "ff02::1",
			frame_nd(136, 0x20000000, IP1_6, 2, MAC1)),
		"unsolicited");
	bed_expect_drop(bed, BED_GUEST1,
		nd("33:33:00:00:00:01", IP1_6, "ff02::1", frame_icmp(134, 0, 0, frame_fill(8))),
		"router-advertisement");
	bed_expect_drop(bed, BED_GUEST1,
		nd(MAC2, IP1_6, IP2_6, frame_icmp(137, 0, 0, frame_fill(32))),
		"router-advertisement");
}

/* Whatever port it sends from: clients don't look at that. */
static void test_guards_dhcp_servers(void **state)
{
	static const u16 from[][2] = { { 67, 547 }, { 1067, 1547 } };
	struct bed *bed = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(from); i++) {
		struct frame v4 = frame_udp(from[i][0], 68, frame_fill(300)),
			     v6 = frame_udp(from[i][1], 546, frame_fill(100));

		bed_expect_drop(bed, BED_GUEST1,
			frame_eth(MAC2, MAC1, IP4, frame_ip(IP1, IP2, IPPROTO_UDP, v4)),
			"dhcp-server");
		bed_expect_drop(bed, BED_GUEST1,
			frame_eth(MAC2, MAC1, IP6, frame_ip(IP1_6, IP2_6, IPPROTO_UDP, v6)),
			"dhcp-server");
	}
}

struct punts {
	int n;
	u32 ifindex;
	enum dp_punt_reason reason;
	struct frame frame;
};

static void on_punt(
	u32 ifindex, enum dp_punt_reason reason, const u8 *frame, size_t len, void *data)
{
	struct punts *punts = data;

	punts->n++;
	punts->ifindex = ifindex;
	punts->reason = reason;
	punts->frame = frame_bytes(frame, len);
}

static void expect_punt(struct bed *bed, struct frame frame, enum dp_punt_reason reason)
{
	struct punts punts = { 0 };

	bed_send(bed, BED_GUEST1, frame);
	dp_punt_dispatch(bed->dp, on_punt, &punts);
	assert_int_equal(punts.n, 1);
	assert_int_equal(punts.ifindex, bed->ifindex[BED_GUEST1]);
	assert_int_equal(punts.reason, reason);
	assert_int_equal(punts.frame.len, frame.len);
	assert_memory_equal(punts.frame.b, frame.b, frame.len);
	for (int i = 0; i < N_BED_PLACES; i++)
		bed_expect_nothing(bed, (enum bed_place)i);
}

static void test_punts(void **state)
{
	struct bed *bed = *state;

	bed_port(bed, BED_GUEST1,
		DP_PORT_SECURITY | DP_PORT_PUNT_DHCP4 | DP_PORT_PUNT_DHCP6 | DP_PORT_PUNT_RS |
			DP_PORT_PUNT_DNS);
	expect_punt(bed,
		frame_eth(BROADCAST, MAC1, IP4,
			frame_ip("0.0.0.0", "255.255.255.255", IPPROTO_UDP,
				frame_udp(68, 67, frame_fill(300)))),
		DP_PUNT_DHCP4);
	expect_punt(bed,
		frame_eth("33:33:00:01:00:02", MAC1, IP6,
			frame_ip("fe80::ff:fe00:1", "ff02::1:2", IPPROTO_UDP,
				frame_udp(546, 547, frame_fill(60)))),
		DP_PUNT_DHCP6);
	expect_punt(bed,
		nd("33:33:00:00:00:02", "fe80::ff:fe00:1", "ff02::2",
			frame_icmp(133, 0, 0, frame_fill(0))),
		DP_PUNT_RS);
	expect_punt(bed,
		frame_eth(SERVICE_MAC, MAC1, IP4,
			frame_ip(
				IP1, SERVICE_IP, IPPROTO_UDP, frame_udp(5000, 53, frame_fill(40)))),
		DP_PUNT_DNS);
	expect_punt(bed,
		frame_eth(MAC2, MAC1, IP4,
			frame_ip(IP1, SERVICE_IP, IPPROTO_TCP, frame_tcp_syn(5000, 80))),
		DP_PUNT_METADATA);
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(BROADCAST, "02:00:00:00:00:99", IP4,
			frame_ip("0.0.0.0", "255.255.255.255", IPPROTO_UDP,
				frame_udp(68, 67, frame_fill(300)))),
		"spoofed-mac");
	bed_port(bed, BED_GUEST1, DP_PORT_SECURITY);
}

static void test_injects(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC1, SERVICE_MAC, SERVICE_IP, IP1);

	assert_true(dp_inject(bed->dp, bed->ifindex[BED_GUEST1], frame.b, frame.len, NULL));
	bed_expect(bed, BED_GUEST1, frame);
}

static void test_port_down(void **state)
{
	struct bed *bed = *state;
	struct frame to = udp4(MAC1, MAC2, IP2, IP1);

	bed_send(bed, BED_GUEST2, to);
	bed_expect(bed, BED_GUEST1, to);
	bed_port(bed, BED_GUEST1, DP_PORT_SECURITY | DP_PORT_DOWN);
	bed_expect_drop(bed, BED_GUEST1, udp4(MAC2, MAC1, IP1, IP2), "port-down");
	bed_expect_drop(bed, BED_GUEST2, to, "receiver-down");
	bed_port(bed, BED_GUEST1, DP_PORT_SECURITY);
	bed_send(bed, BED_GUEST2, to);
	bed_expect(bed, BED_GUEST1, to);
}

static void test_floods_locally(void **state)
{
	struct bed *bed = *state;
	struct frame v4 = udp4(BROADCAST, MAC1, IP1, "10.0.0.255"),
		     v6 = udp6("33:33:00:00:00:fb", MAC1, IP1_6, "ff02::fb");

	bed_send(bed, BED_GUEST1, v4);
	bed_expect(bed, BED_GUEST2, v4);
	bed_send(bed, BED_GUEST1, v6);
	bed_expect(bed, BED_GUEST2, v6);
	bed_expect_nothing(bed, BED_GUEST1);
	bed_expect_nothing(bed, BED_WIRE);
}

static void test_shared_addresses_flood(void **state)
{
	struct bed *bed = *state;
	struct dp_network network = { .vni = VNI, .mtu_bytes = MTU, .shared_addresses = true };
	struct frame request =
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, "10.0.0.9"));
	struct frame announcement =
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, IP1));

	assert_true(dp_network_put(bed->dp, &network, NULL));
	bed_send(bed, BED_GUEST1, request);
	bed_expect(bed, BED_GUEST2, request);
	bed_send(bed, BED_GUEST1, announcement);
	bed_expect(bed, BED_GUEST2, announcement);
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP2, NULL, IP2)), "spoofed-arp");
	bed_populate(bed);
}

static void test_malformed(void **state)
{
	struct bed *bed = *state;
	struct frame good = udp4(MAC2, MAC1, IP1, IP2), bad;

	bad = good;
	bad.b[14] = 0x44; /* header length below 20 */
	bed_expect_drop(bed, BED_GUEST1, bad, "malformed");
	bad = good;
	bad.b[14] = 0x65; /* version 6 in an IPv4 frame */
	bed_expect_drop(bed, BED_GUEST1, bad, "malformed");
	bad = good;
	bad.b[16] = 0x40; /* total length beyond the frame */
	bed_expect_drop(bed, BED_GUEST1, bad, "malformed");
	bad = good;
	bad.len = 30; /* ends in the IP header */
	bed_expect_drop(bed, BED_GUEST1, bad, "truncated");
	bad = frame_eth(MAC2, MAC1, IP4, frame_ip(IP1, IP2, IPPROTO_TCP, frame_fill(10)));
	bed_expect_drop(bed, BED_GUEST1, bad, "truncated");
	bad = udp6(MAC2, MAC1, IP1_6, IP2_6);
	bad.b[19] = 0xff; /* payload length beyond the frame */
	bed_expect_drop(bed, BED_GUEST1, bad, "malformed");
	bed_expect_drop(
		bed, BED_GUEST1, frame_eth(MAC2, MAC1, 0x8100, frame_fill(50)), "vlan-tagged");
	bed_expect_drop(
		bed, BED_GUEST1, frame_eth(MAC2, MAC1, 0x88a8, frame_fill(50)), "vlan-tagged");
}

static void test_fragments(void **state)
{
	struct bed *bed = *state;
	struct frame first = udp4(MAC2, MAC1, IP1, IP2), other = first, evil;

	first.b[20] = 0x20; /* more fragments; the checksum of the header is the guest's affair */
	other.b[21] = 0x10; /* an offset */
	bed_send(bed, BED_GUEST1, first);
	bed_expect(bed, BED_GUEST2, first);
	bed_send(bed, BED_GUEST1, other);
	bed_expect(bed, BED_GUEST2, other);
	/* a fragment must not carry past the guards what a whole packet may not */
	evil = frame_eth(MAC2, MAC1, IP4,
		frame_ip(IP1, IP2, IPPROTO_UDP, frame_udp(67, 68, frame_fill(64))));
	evil.b[20] = 0x20;
	bed_expect_drop(bed, BED_GUEST1, evil, "dhcp-server");
}

static void test_extension_headers(void **state)
{
	struct bed *bed = *state;
	static const u8 hop_by_hop[8] = { IPPROTO_ICMPV6, 0, 1, 4 };
	struct frame ra = frame_push(frame_icmp(134, 0, 0, frame_fill(8)), hop_by_hop, 8);
	struct frame endless = frame_fill(0);
	static const u8 more[8] = { 0 };

	bed_expect_drop(bed, BED_GUEST1, frame_eth(MAC2, MAC1, IP6, frame_ip(IP1_6, IP2_6, 0, ra)),
		"router-advertisement");
	for (int i = 0; i < 12; i++)
		endless = frame_push(endless, more, 8);
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth(MAC2, MAC1, IP6, frame_ip(IP1_6, IP2_6, 0, endless)), "malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switches_unicast),
		cmocka_unit_test(test_asks_the_directory),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_drops_unknown_unicast),
		cmocka_unit_test(test_drops_spoofed_sources),
		cmocka_unit_test(test_does_not_ride_on_others_flow),
		cmocka_unit_test(test_allows_link_local_and_pairs),
		cmocka_unit_test(test_no_security_allows_all),
		cmocka_unit_test(test_answers_arp),
		cmocka_unit_test(test_checks_arp),
		cmocka_unit_test(test_answers_neighbour_solicitation),
		cmocka_unit_test(test_link_local_target_is_asked_itself),
		cmocka_unit_test(test_checks_neighbour_discovery),
		cmocka_unit_test(test_guards_dhcp_servers),
		cmocka_unit_test(test_punts),
		cmocka_unit_test(test_injects),
		cmocka_unit_test(test_port_down),
		cmocka_unit_test(test_floods_locally),
		cmocka_unit_test(test_shared_addresses_flood),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_extension_headers),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
