/* SPDX-License-Identifier: Apache-2.0 */
/* Between hosts: both encapsulations over both underlay families, replication, and what a guest is
 * told about the MTU. Proves B4, B11, B23, B26, B35. */
#include <net/ethernet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "bed.h"

#define IP4 0x0800
#define ARP 0x0806
#define IP6 0x86dd
#define VXLAN_PORT 4789
#define GENEVE_PORT 6081

/* Our option: class 0xff77, type 1, one word: the first of the port's UUID. */
static const u8 identity_option[8] = { 0xff, 0x77, 0x01, 0x01, 0xaa, 0xbb, 0xcc, 0x01 };
static const u8 unknown_option[4] = { 0x01, 0x02, 0x03, 0x00 };
static const u8 critical_option[4] = { 0x01, 0x02, 0x83, 0x00 };

struct underlay {
	const char *local, *remote;
	enum dp_encap encap;
};
static const struct underlay underlays[] = {
	{ "192.0.2.1", "192.0.2.2", DP_ENCAP_VXLAN },
	{ "192.0.2.1", "192.0.2.2", DP_ENCAP_GENEVE },
	{ "2001:db8::1", "2001:db8::2", DP_ENCAP_VXLAN },
	{ "2001:db8::1", "2001:db8::2", DP_ENCAP_GENEVE },
};

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

static struct frame tunnel_header(
	enum dp_encap encap, u32 vni, const u8 *options, size_t len, struct frame inner)
{
	return encap == DP_ENCAP_VXLAN ? frame_vxlan(vni, inner)
				       : frame_geneve(vni, options, len, inner);
}

/* An outer packet as we send them: no UDP checksum, DF, identification 0. */
static struct frame outer(const char *dst_mac, const char *src_mac, const char *src,
	const char *dst, u16 sport, u16 dport, struct frame payload)
{
	struct ip ip;
	struct frame packet = frame_ip(src, dst, IPPROTO_UDP, frame_udp(sport, dport, payload));

	assert_true(ip_parse(src, &ip));
	if (ip.family == 6) {
		packet.b[46] = packet.b[47] = 0;
		return frame_eth(dst_mac, src_mac, IP6, packet);
	}
	packet.b[26] = packet.b[27] = 0;
	packet.b[6] = 0x40; /* DF; the header's checksum follows */
	u32 sum = (u32)(packet.b[10] << 8 | packet.b[11]);

	sum = (~sum & 0xffff) + 0x4000;
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	packet.b[10] = (u8)(sum >> 8);
	packet.b[11] = (u8)sum;
	return frame_eth(dst_mac, src_mac, IP4, packet);
}

static u16 port_of(enum dp_encap encap)
{
	return encap == DP_ENCAP_VXLAN ? VXLAN_PORT : GENEVE_PORT;
}

/* What comes out on the wire must be @inner in the outer header, whose source port is any of the
 * dynamic range. */
static void expect_encapsulated(struct bed *bed, const struct underlay *u, const u8 *options,
	size_t len, struct frame inner)
{
	struct frame got = bed_receive(bed, BED_WIRE), want;
	size_t at = strchr(u->local, ':') ? 54 : 34;
	u16 sport = (u16)(got.b[at] << 8 | got.b[at + 1]);

	assert_true(sport >= 0xc000);
	want = outer(PEER_MAC, UNDERLAY_MAC, u->local, u->remote, sport, port_of(u->encap),
		tunnel_header(u->encap, VNI, options, len, inner));
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.b, want.b, want.len);
}

static struct frame from_peer(
	const struct underlay *u, u32 vni, const u8 *options, size_t len, struct frame inner)
{
	return outer(UNDERLAY_MAC, PEER_MAC, u->remote, u->local, 0xc123, port_of(u->encap),
		tunnel_header(u->encap, vni, options, len, inner));
}

static void test_encapsulates(void **state)
{
	struct bed *bed = *state;
	struct frame v4 = udp4(MAC3, MAC1, IP1, IP3), v6 = udp6(MAC3, MAC1, IP1_6, IP3_6);
	struct frame other = frame_eth(MAC3, MAC1, 0x88b5, frame_fill(60));

	for (size_t i = 0; i < G_N_ELEMENTS(underlays); i++) {
		const struct underlay *u = &underlays[i];

		bed_peer(bed, u->remote, u->encap);
		for (int n = 0; n < 3;
			n++) { /* by the kernel's neighbour, then by the remembered MACs */
			bed_send(bed, BED_GUEST1, v4);
			expect_encapsulated(bed, u, identity_option, 8, v4);
			bed_send(bed, BED_GUEST1, v6);
			expect_encapsulated(bed, u, identity_option, 8, v6);
			bed_send(bed, BED_GUEST1, other);
			expect_encapsulated(bed, u, identity_option, 8, other);
		}
		bed_no_peer(bed, u->remote);
		bed_expect_drop(bed, BED_GUEST1, v4, "unknown-unicast");
	}
}

static void test_decapsulates(void **state)
{
	struct bed *bed = *state;
	struct frame v4 = udp4(MAC1, MAC3, IP3, IP1), v6 = udp6(MAC1, MAC3, IP3_6, IP1_6);
	struct frame other = frame_eth(MAC1, MAC3, 0x88b5, frame_fill(60));

	for (size_t i = 0; i < G_N_ELEMENTS(underlays); i++) {
		const struct underlay *u = &underlays[i];

		bed_peer(bed, u->remote, u->encap);
		for (int n = 0; n < 3; n++) {
			bed_send(bed, BED_WIRE, from_peer(u, VNI, NULL, 0, v4));
			bed_expect(bed, BED_GUEST1, v4);
			bed_send(bed, BED_WIRE, from_peer(u, VNI, identity_option, 8, v6));
			bed_expect(bed, BED_GUEST1, v6);
			bed_send(bed, BED_WIRE, from_peer(u, VNI, unknown_option, 4, other));
			bed_expect(bed, BED_GUEST1, other);
		}
		bed_no_peer(bed, u->remote);
		bed_expect_drop(bed, BED_WIRE, from_peer(u, VNI, NULL, 0, v4), "unknown-vtep");
	}
}

/* Shorter than Ethernet's least, as others' VTEPs send them: delivered, perhaps padded with zeros
 * (B32). */
static void test_decapsulates_short_frames(void **state)
{
	struct bed *bed = *state;
	struct frame shorts[] = {
		frame_eth(BROADCAST, MAC3, ARP, frame_arp(1, MAC3, IP3, MAC1, IP1)),
		frame_eth(MAC1, MAC3, 0x88b5, frame_fill(21)),
		frame_eth(MAC1, MAC3, IP4,
			frame_ip(IP3, IP1, IPPROTO_UDP, frame_udp(1, 2, frame_fill(1)))),
	};
	static const u8 zeros[ETH_ZLEN];

	for (size_t i = 0; i < G_N_ELEMENTS(underlays); i++) {
		bed_peer(bed, underlays[i].remote, underlays[i].encap);
		for (size_t n = 0; n < G_N_ELEMENTS(shorts); n++) {
			bed_send(bed, BED_WIRE, from_peer(&underlays[i], VNI, NULL, 0, shorts[n]));
			struct frame got = bed_receive(bed, BED_GUEST1);

			assert_in_range(got.len, shorts[n].len, ETH_ZLEN);
			assert_memory_equal(got.b, shorts[n].b, shorts[n].len);
			assert_memory_equal(got.b + shorts[n].len, zeros, got.len - shorts[n].len);
			if (shorts[n].b[0] == 0xff) /* a broadcast */
				bed_receive(bed, BED_GUEST2);
		}
		bed_no_peer(bed, underlays[i].remote);
	}
}

static void test_refuses_bad_tunnel_packets(void **state)
{
	struct bed *bed = *state;
	const struct underlay *vxlan = &underlays[0], *geneve = &underlays[1];
	struct frame inner = udp4(MAC1, MAC3, IP3, IP1), bad;

	bed_peer(bed, "192.0.2.2", DP_ENCAP_GENEVE);
	bed_expect_drop(bed, BED_WIRE, from_peer(vxlan, 999, NULL, 0, inner), "unknown-vni");
	bed_expect_drop(bed, BED_WIRE, from_peer(geneve, VNI, critical_option, 4, inner),
		"critical-option");
	bed_expect_drop(bed, BED_WIRE,
		from_peer(vxlan, VNI, NULL, 0, udp4("02:00:00:00:00:77", MAC3, IP3, IP1)),
		"unknown-unicast");
	bed_expect_drop(bed, BED_WIRE, from_peer(vxlan, VNI, NULL, 0, udp4(MAC3, MAC3, IP3, IP1)),
		"unknown-unicast");
	bad = from_peer(vxlan, VNI, NULL, 0, inner);
	bad.b[42] = 0; /* no valid VNI */
	bed_expect_drop(bed, BED_WIRE, bad, "outer-malformed");
	bad = from_peer(geneve, VNI, NULL, 0, inner);
	bad.b[42] = 0x40; /* version 1 */
	bed_expect_drop(bed, BED_WIRE, bad, "outer-malformed");
	bad = from_peer(geneve, VNI, NULL, 0, inner);
	bad.b[44] = 0x08; /* carries no Ethernet */
	bad.b[45] = 0;
	bed_expect_drop(bed, BED_WIRE, bad, "outer-malformed");
	bad = from_peer(vxlan, VNI, NULL, 0, inner);
	bad.b[38] = 0xff; /* UDP length beyond the packet */
	bed_expect_drop(bed, BED_WIRE, bad, "outer-malformed");
	bad = from_peer(vxlan, VNI, NULL, 0, inner);
	bad.b[50 + 16] = 0xff; /* inner total length beyond the frame */
	bed_expect_drop(bed, BED_WIRE, bad, "malformed");
	bad = from_peer(vxlan, VNI, NULL, 0, inner);
	bad.len = 50 + 20; /* ends in the inner IP header; lengths of the outer corrected */
	bad.b[38] = 0, bad.b[39] = 36;
	bed_expect_drop(bed, BED_WIRE, bad, "truncated");
	bad = from_peer(vxlan, VNI, NULL, 0, inner);
	bad.b[20] = 0x20; /* a fragment */
	bed_expect_drop(bed, BED_WIRE, bad, "outer-fragment");
	bed_no_peer(bed, "192.0.2.2");
}

static void test_leaves_other_traffic_to_the_host(void **state)
{
	struct bed *bed = *state;

	/* a ping to the host's own address is answered by its own stack */
	struct frame ping = frame_ip(
		"192.0.2.2", "192.0.2.1", IPPROTO_ICMP, frame_icmp(8, 0, 1, frame_fill(40)));
	u64 before = bed_drops(bed, BED_WIRE, "outer-malformed");

	bed_send(bed, BED_WIRE, frame_eth(UNDERLAY_MAC, PEER_MAC, IP4, ping));
	bed_send(bed, BED_WIRE,
		outer(UNDERLAY_MAC, PEER_MAC, "192.0.2.2", "192.0.2.1", 4000, 4000,
			frame_fill(30)));
	bed_send(bed, BED_WIRE,
		outer(UNDERLAY_MAC, PEER_MAC, "192.0.2.2", "192.0.2.7", 4000, VXLAN_PORT,
			frame_fill(30)));
	assert_int_equal(bed_drops(bed, BED_WIRE, "outer-malformed"), before);
}

static void test_replicates(void **state)
{
	struct bed *bed = *state;
	struct frame v4 = udp4("ff:ff:ff:ff:ff:ff", MAC1, IP1, "10.0.0.255");
	struct frame other = frame_eth("ff:ff:ff:ff:ff:ff", MAC1, 0x88b5, frame_fill(60));

	for (size_t i = 0; i < G_N_ELEMENTS(underlays); i++) {
		const struct underlay *u = &underlays[i];

		bed_peer(bed, u->remote, u->encap);
		for (int n = 0; n < 2; n++) {
			bed_send(bed, BED_GUEST1, v4);
			bed_expect(bed, BED_GUEST2, v4);
			expect_encapsulated(bed, u, NULL, 0, v4);
			bed_send(bed, BED_GUEST1, other);
			bed_expect(bed, BED_GUEST2, other);
			expect_encapsulated(bed, u, NULL, 0, other);
		}
		/* and from there: to the local ports, never to a host again */
		bed_send(bed, BED_WIRE,
			from_peer(u, VNI, NULL, 0,
				udp4("ff:ff:ff:ff:ff:ff", MAC3, IP3, "10.0.0.255")));
		bed_expect(bed, BED_GUEST1, udp4("ff:ff:ff:ff:ff:ff", MAC3, IP3, "10.0.0.255"));
		bed_expect(bed, BED_GUEST2, udp4("ff:ff:ff:ff:ff:ff", MAC3, IP3, "10.0.0.255"));
		bed_expect_nothing(bed, BED_WIRE);
		bed_no_peer(bed, u->remote);
	}
}

static void test_replicates_to_both_families(void **state)
{
	struct bed *bed = *state;
	struct frame v4 = udp4("ff:ff:ff:ff:ff:ff", MAC1, IP1, "10.0.0.255");
	struct frame other = frame_eth("ff:ff:ff:ff:ff:ff", MAC1, 0x88b5, frame_fill(60));

	bed_peer(bed, "192.0.2.2", DP_ENCAP_GENEVE);
	bed_peer(bed, "2001:db8::2", DP_ENCAP_VXLAN);
	bed_send(bed, BED_GUEST1, v4);
	bed_expect(bed, BED_GUEST2, v4);
	expect_encapsulated(bed, &underlays[1], NULL, 0, v4);
	expect_encapsulated(bed, &underlays[2], NULL, 0, v4);
	bed_send(bed, BED_GUEST1, other);
	bed_expect(bed, BED_GUEST2, other);
	expect_encapsulated(bed, &underlays[1], NULL, 0, other);
	expect_encapsulated(bed, &underlays[2], NULL, 0, other);
	bed_no_peer(bed, "192.0.2.2");
	bed_no_peer(bed, "2001:db8::2");
}

static void test_replicates_to_many_hosts(void **state)
{
	enum { HOSTS = 1000 };
	struct bed *bed = *state;
	struct frame frame = udp4("ff:ff:ff:ff:ff:ff", MAC1, IP1, "10.0.0.255");
	struct dp_member member = { .vni = VNI, .encap = DP_ENCAP_VXLAN };
	g_autofree bool *seen = g_new0(bool, HOSTS);
	int received = 0;

	/* routed through one neighbour: no thousand of them need be resolved */
	assert_int_equal(system("ip route replace 198.18.0.0/16 via 192.0.2.2"), 0);
	for (int i = 0; i < HOSTS; i++) {
		member.vtep = (struct ip){ .family = 4, .b = { 198, 18, (u8)(i >> 8), (u8)i } };
		assert_true(dp_member_put(bed->dp, &member, NULL));
	}
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	for (; received < HOSTS; received++) {
		struct frame copy = bed_receive(bed, BED_WIRE);
		int host = copy.b[32] << 8 | copy.b[33];

		assert_int_equal(copy.len, frame.len + 50);
		assert_memory_equal(&copy.b[50], frame.b, frame.len);
		assert_true(host < HOSTS && !seen[host]);
		seen[host] = true;
	}
	for (int i = HOSTS - 1; i >= 0; i -= 2) { /* from the middle of the list too */
		member.vtep = (struct ip){ .family = 4, .b = { 198, 18, (u8)(i >> 8), (u8)i } };
		assert_true(dp_member_delete(bed->dp, VNI, &member.vtep, NULL));
	}
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	for (received = 0; received < HOSTS / 2; received++) {
		struct frame copy = bed_receive(bed, BED_WIRE);

		assert_int_equal(copy.b[33] & 1, 0);
	}
	bed_expect_nothing(bed, BED_WIRE);
	for (int i = 0; i < HOSTS; i += 2) {
		member.vtep = (struct ip){ .family = 4, .b = { 198, 18, (u8)(i >> 8), (u8)i } };
		assert_true(dp_member_delete(bed->dp, VNI, &member.vtep, NULL));
	}
}

static void test_says_too_big(void **state)
{
	struct bed *bed = *state;
	struct frame big = frame_ip(IP1, IP2, IPPROTO_UDP, frame_udp(1, 2, frame_fill(MTU - 27)));
	struct frame quote = frame_bytes(big.b, 548), fits;
	u64 before = bed_drops(bed, BED_GUEST1, "too-big");

	bed_send(bed, BED_GUEST1, frame_eth(MAC2, MAC1, IP4, big));
	bed_expect(bed, BED_GUEST1,
		frame_eth(MAC1, MAC2, IP4,
			frame_ip("10.0.0.100", IP1, IPPROTO_ICMP, frame_icmp(3, 4, MTU, quote))));
	assert_int_equal(bed_drops(bed, BED_GUEST1, "too-big"), before + 1);
	big = frame_ip(IP1_6, IP2_6, IPPROTO_UDP, frame_udp(1, 2, frame_fill(MTU - 47)));
	quote = frame_bytes(big.b, 1232);
	bed_send(bed, BED_GUEST1, frame_eth(MAC2, MAC1, IP6, big));
	fits = frame_ip("fd00::100", IP1_6, IPPROTO_ICMPV6, frame_icmp(2, 0, MTU, quote));
	fits.b[7] = 64; /* an error, not neighbour discovery */
	bed_expect(bed, BED_GUEST1, frame_eth(MAC1, MAC2, IP6, fits));
	fits = frame_eth(MAC2, MAC1, IP4,
		frame_ip(IP1, IP2, IPPROTO_UDP, frame_udp(1, 2, frame_fill(MTU - 28))));
	bed_send(bed, BED_GUEST1, fits);
	bed_expect(bed, BED_GUEST2, fits);
	/* on the connection's flow entry too, and not about a broadcast */
	bed_send(bed, BED_GUEST1,
		frame_eth(MAC2, MAC1, IP4,
			frame_ip(IP1, IP2, IPPROTO_UDP, frame_udp(1, 2, frame_fill(MTU - 27)))));
	assert_int_equal(bed_receive(bed, BED_GUEST1).b[34], 3);
	bed_expect_drop(bed, BED_GUEST1,
		frame_eth("ff:ff:ff:ff:ff:ff", MAC1, IP4,
			frame_ip(IP1, "10.0.0.255", IPPROTO_UDP, frame_udp(1, 2, frame_fill(MTU)))),
		"too-big");
}

/* The first broadcast after a host has joined reaches it: its MAC was asked for when it became
 * known. */
static void test_resolves_peers_early(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4("ff:ff:ff:ff:ff:ff", MAC1, IP1, "10.0.0.255"), request, copy;
	struct frame reply = frame_eth(UNDERLAY_MAC, PEER_MAC, ARP,
		frame_arp(2, PEER_MAC, "192.0.2.9", UNDERLAY_MAC, "192.0.2.1"));

	bed_peer(bed, "192.0.2.9", DP_ENCAP_VXLAN);
	request = bed_receive_arp(bed);
	assert_memory_equal(&request.b[38], "\xc0\x00\x02\x09", 4);
	bed_send(bed, BED_WIRE, reply);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	copy = bed_receive(bed, BED_WIRE);
	assert_int_equal(copy.b[33], 9);
	bed_no_peer(bed, "192.0.2.9");
}

#define MAC4 "02:00:00:00:00:04" /* of a VM behind a tap */

static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	assert_true(fd >= 0);
	g_strlcpy(request.ifr_name, name, sizeof(request.ifr_name));
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	assert_int_equal(system("ip link set t1 mtu 1400 up"), 0);
	return fd;
}

/* The next frame that the VM gets is @want; what the host itself says to the tap is skipped. */
static void expect_at_tap(int fd, const struct frame *want)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	u8 got[2048];

	while (poll(&poll_fd, 1, 2000) == 1) {
		ssize_t n = read(fd, got, sizeof(got));

		if (n == (ssize_t)want->len && !memcmp(got, want->b, want->len))
			return;
	}
	fail_msg("the VM did not get the frame");
}

/* To the VM and from it, over each underlay. */
static void exchange_with_tap(struct bed *bed, int fd)
{
	struct frame v4 = udp4(MAC4, MAC3, IP3, "10.0.0.4");
	struct frame v6 = udp6(MAC4, MAC3, IP3_6, "fd00::4"),
		     from_vm = udp4(MAC3, MAC4, "10.0.0.4", IP3);

	for (size_t i = 0; i < G_N_ELEMENTS(underlays); i++) {
		const struct underlay *u = &underlays[i];

		bed_peer(bed, u->remote, u->encap);
		for (int n = 0; n < 2; n++) {
			bed_send(bed, BED_WIRE, from_peer(u, VNI, identity_option, 8, v4));
			expect_at_tap(fd, &v4);
			bed_send(bed, BED_WIRE, from_peer(u, VNI, NULL, 0, v6));
			expect_at_tap(fd, &v6);
			assert_int_equal(write(fd, from_vm.b, from_vm.len), (ssize_t)from_vm.len);
			expect_encapsulated(bed, u, (const u8[8]){ 0xff, 0x77, 1, 1 }, 8, from_vm);
		}
		bed_no_peer(bed, u->remote);
	}
}

/* The kernel's own vxlan device decapsulates for a tap, Geneve too, from both underlays (L21); and
 * limits are no hindrance. */
static void test_delivers_to_a_tap(void **state)
{
	struct bed *bed = *state;
	int fd = open_tap("t1");
	struct dp_port port = { .ifindex = if_nametoindex("t1"), .kind = DP_PORT_TAP, .vni = VNI };
	struct dp_endpoint endpoint = { .vni = VNI, .ifindex = port.ifindex };

	assert_true(mac_parse(MAC4, &port.mac));
	endpoint.mac = port.mac;
	assert_true(dp_port_put(bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	exchange_with_tap(bed, fd);
	port.qos.egress.kbps = port.qos.ingress.kbps = 1000000;
	assert_true(dp_port_put(bed->dp, &port, NULL));
	exchange_with_tap(bed, fd);
	assert_true(dp_endpoint_delete(bed->dp, VNI, &endpoint.mac, NULL));
	assert_true(dp_port_delete(bed->dp, port.ifindex, NULL));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encapsulates),
		cmocka_unit_test(test_decapsulates),
		cmocka_unit_test(test_decapsulates_short_frames),
		cmocka_unit_test(test_refuses_bad_tunnel_packets),
		cmocka_unit_test(test_leaves_other_traffic_to_the_host),
		cmocka_unit_test(test_replicates),
		cmocka_unit_test(test_replicates_to_both_families),
		cmocka_unit_test(test_replicates_to_many_hosts),
		cmocka_unit_test(test_says_too_big),
		cmocka_unit_test(test_resolves_peers_early),
		cmocka_unit_test(test_delivers_to_a_tap),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
