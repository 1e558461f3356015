/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of bandwidth and packet rates, what passes them and how fast, and DSCP marks. Proves B27.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <cmocka.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "qos_bed.h"

#define IP4 0x0800
#define IP6 0x86dd
#define EF 46
#define TOS4 15 /* of a frame: where its IPv4 type of service is */

static struct frame udp4(
	const char *dst_mac, const char *src_mac, const char *src, const char *dst, size_t payload)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(payload))));
}

static void test_limits_what_a_guest_sends(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC2, MAC1, IP1, IP2, 958);
	u64 drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");
	gint64 start;

	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .egress = slow });
	start = g_get_monotonic_time();
	send_many(bed, BED_GUEST1, &frame, 200);
	assert_in_range(settle(bed, BED_GUEST2, BED_GUEST1, "bandwidth-limit", drops, 200),
		SLOW_AT_ONCE, SLOW_AT_MOST);
	/* ten at once, and the others one by one: they were delayed, and not only counted */
	assert_in_range(g_get_monotonic_time() - start, 200000, 5000000);
	/* what others send to it has no limit */
	frame = udp4(MAC1, MAC2, IP2, IP1, 958);
	for (int i = 0; i < 200; i++) {
		bed_send(bed, BED_GUEST2, frame);
		bed_expect(bed, BED_GUEST1, frame);
	}
	no_qos(bed);
}

static void test_limits_what_a_guest_receives(void **state)
{
	struct bed *bed = *state;
	struct frame local = udp4(MAC1, MAC2, IP2, IP1, 958);
	struct frame inner = udp4(MAC1, MAC3, IP3, IP1, 958);
	struct frame remote = frame_eth(UNDERLAY_MAC, PEER_MAC, IP4,
		frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
			frame_udp(50000, 4789, frame_vxlan(VNI, inner))));
	u64 drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");

	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .ingress = slow });
	send_many(bed, BED_GUEST2, &local, 200);
	assert_in_range(settle(bed, BED_GUEST1, BED_GUEST1, "bandwidth-limit", drops, 200),
		SLOW_AT_ONCE, SLOW_AT_MOST);
	g_usleep(500000); /* the limit is in time: nothing else tells that it has forgotten */
	drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");
	send_many(bed, BED_WIRE, &remote, 200);
	assert_in_range(settle(bed, BED_GUEST1, BED_GUEST1, "bandwidth-limit", drops, 200),
		SLOW_AT_ONCE, SLOW_AT_MOST);
	bed_no_peer(bed, "192.0.2.2");
	no_qos(bed);
}

static void test_limits_what_leaves_the_host(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC3, MAC1, IP1, IP3, 958), outer;
	u64 drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");

	bed_peer(bed, "192.0.2.2", DP_ENCAP_GENEVE);
	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .egress = slow });
	bed_send(bed, BED_GUEST1, frame);
	outer = bed_receive(bed, BED_WIRE);
	assert_memory_equal(&outer.b[outer.len - frame.len], frame.b, frame.len);
	send_many(bed, BED_GUEST1, &frame, 200);
	assert_in_range(settle(bed, BED_WIRE, BED_GUEST1, "bandwidth-limit", drops, 200),
		SLOW_AT_ONCE - 2, SLOW_AT_MOST);
	bed_no_peer(bed, "192.0.2.2");
	no_qos(bed);
}

static void test_limits_copies(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(BROADCAST, MAC2, IP2, "10.0.0.255", 958);
	u64 drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");

	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .ingress = slow });
	send_many(bed, BED_GUEST2, &frame, 200);
	assert_in_range(settle(bed, BED_GUEST1, BED_GUEST1, "bandwidth-limit", drops, 200),
		SLOW_AT_ONCE, SLOW_AT_MOST);
	no_qos(bed);
}

/* A thousand a second, 20 of them at once: the smallest burst that can be asked for is 1000. */
static void test_limits_packets(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC2, MAC1, IP1, IP2, 10);
	struct dp_qos qos = { .egress = { .kpps = 1 } };
	u64 drops = bed_drops(bed, BED_GUEST1, "packet-rate-limit");

	put_qos(bed, BED_GUEST1, &qos);
	send_many(bed, BED_GUEST1, &frame, 2000);
	assert_in_range(
		settle(bed, BED_GUEST2, BED_GUEST1, "packet-rate-limit", drops, 2000), 250, 1500);
	drops = bed_drops(bed, BED_GUEST1, "packet-rate-limit");
	qos.egress.burst_kpackets = 5;
	put_qos(bed, BED_GUEST1, &qos);
	send_many(bed, BED_GUEST1, &frame, 2000);
	assert_int_equal(
		settle(bed, BED_GUEST2, BED_GUEST1, "packet-rate-limit", drops, 2000), 2000);
	no_qos(bed);
}

#define SEGMENTS 40
#define SEGMENT_BYTES 100
#define HEADER_BYTES 54

/* One frame that becomes many. */
static void send_gso(struct bed *bed)
{
	struct virtio_net_hdr header = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = HEADER_BYTES,
		.gso_size = SEGMENT_BYTES,
		.csum_start = 34,
		.csum_offset = 16 };
	struct frame frame = frame_eth(MAC2, MAC1, IP4,
		frame_ip(IP1, IP2, IPPROTO_TCP,
			frame_tcp(1, 2, 0x10, 1, 1, frame_fill(SEGMENTS * SEGMENT_BYTES))));
	struct iovec parts[] = { { &header, sizeof(header) }, { frame.b, frame.len } };
	int fd = bed->socket[BED_GUEST1], on = 1, off = 0;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	assert_int_equal(writev(fd, parts, 2), (ssize_t)(sizeof(header) + frame.len));
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &off, sizeof(off)), 0);
}

static struct rate_limit limit_of_guest1(struct bed *bed)
{
	struct rate_limit limit;
	struct port port;
	u32 id;

	assert_true(table_get(bed->dp, TABLE_PORTS, &bed->ifindex[BED_GUEST1], &port));
	id = RATE_LIMIT_OF_PORT(port.id, EDGE_EGRESS);
	assert_int_equal(
		bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.rate_limits), &id, &limit), 0);
	return limit;
}

/* 80 kbit/s are 0.1 ms a byte, 1000 packets a second 1 ms a packet. */
static void test_counts_segments(void **state)
{
	struct bed *bed = *state;
	const u64 bytes_ns = SEGMENTS * (SEGMENT_BYTES + HEADER_BYTES) * 100000ull;
	const u64 packets_ns = SEGMENTS * 1000000ull;
	u64 before, elapsed;
	struct rate_limit limit;

	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .egress = { .kbps = 80, .kpps = 1 } });
	before = (u64)g_get_monotonic_time() * 1000;
	send_gso(bed);
	elapsed = (u64)g_get_monotonic_time() * 1000 + 1000 - before;
	limit = limit_of_guest1(bed);
	assert_in_range(limit.bytes_at_ns - before, bytes_ns, bytes_ns + elapsed);
	assert_in_range(limit.packets_at_ns - before, packets_ns, packets_ns + elapsed);
	bed_receive(bed, BED_GUEST2);
	no_qos(bed);
}

/* What is changed under traffic: the rate at once, with no verdict thrown away. */
static void test_changes_live(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC2, MAC1, IP1, IP2, 958);
	struct dp_qos qos = { .egress = slow };
	u64 drops;
	u32 epoch;

	put_qos(bed, BED_GUEST1, &qos);
	epoch = bed->dp->host.epoch;
	qos.egress.kbps = 8000000;
	put_qos(bed, BED_GUEST1, &qos);
	assert_int_equal(bed->dp->host.epoch, epoch);
	drops = bed_drops(bed, BED_GUEST1, "bandwidth-limit");
	send_many(bed, BED_GUEST1, &frame, 200);
	assert_int_equal(settle(bed, BED_GUEST2, BED_GUEST1, "bandwidth-limit", drops, 200), 200);
	/* a new process finds the limits as they are */
	bed_reopen(bed);
	put_qos(bed, BED_GUEST1, &qos);
	epoch = bed->dp->host.epoch;
	put_qos(bed, BED_GUEST1, &qos);
	assert_int_equal(bed->dp->host.epoch, epoch);
	no_qos(bed);
	for (int i = 0; i < 200; i++) {
		bed_send(bed, BED_GUEST1, frame);
		bed_expect(bed, BED_GUEST2, frame);
	}
}

/* The type of service changed, and the checksum with it. */
static struct frame with_tos4(struct frame frame, u8 tos)
{
	u32 sum = 0;

	frame.b[TOS4] = tos;
	frame.b[24] = frame.b[25] = 0;
	for (int i = 14; i < 34; i += 2)
		sum += (u32)(frame.b[i] << 8 | frame.b[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	frame.b[24] = (u8)(sum >> 8);
	frame.b[25] = (u8)sum;
	return frame;
}

static struct frame with_class6(struct frame frame, u8 class)
{
	frame.b[14] = (u8)(0x60 | class >> 4);
	frame.b[15] = (u8)(class << 4 | (frame.b[15] & 15));
	return frame;
}

static void test_marks(void **state)
{
	struct bed *bed = *state;
	struct frame plain = udp4(MAC2, MAC1, IP1, IP2, 64);
	struct frame v6 = frame_eth(MAC2, MAC1, IP6,
		frame_ip(IP1_6, IP2_6, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(64))));

	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .marks = true, .dscp = EF });
	for (int i = 0; i < 2; i++) { /* the pipeline, and the flow entry */
		bed_send(bed, BED_GUEST1, with_tos4(plain, 0x03)); /* ECN is the guest's */
		bed_expect(bed, BED_GUEST2, with_tos4(plain, EF << 2 | 0x03));
		bed_send(bed, BED_GUEST1, with_class6(v6, 0x21));
		bed_expect(bed, BED_GUEST2, with_class6(v6, EF << 2 | 0x01));
	}
	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .marks = true, .dscp = 0 });
	bed_send(bed, BED_GUEST1, with_tos4(plain, 0xb8));
	bed_expect(bed, BED_GUEST2, plain);
	no_qos(bed);
	bed_send(bed, BED_GUEST1, with_tos4(plain, 0xb8));
	bed_expect(bed, BED_GUEST2, with_tos4(plain, 0xb8));
}

/* RFC 2983: the operator's mark is the tunnel's, the guest's own is not. */
static void test_marks_the_outer_header(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC3, MAC1, IP1, IP3, 64), outer;
	static const struct dp_qos mark = { .marks = true, .dscp = EF };

	for (int v6 = 0; v6 < 2; v6++) {
		const char *vtep = v6 ? "2001:db8::2" : "192.0.2.2";

		bed_peer(bed, vtep, DP_ENCAP_GENEVE);
		put_qos(bed, BED_GUEST1, &mark);
		for (int i = 0; i < 2; i++) {
			bed_send(bed, BED_GUEST1, frame);
			outer = bed_receive(bed, BED_WIRE);
			assert_int_equal(
				v6 ? (outer.b[14] & 15) << 4 | outer.b[15] >> 4 : outer.b[TOS4],
				EF << 2);
			assert_memory_equal(&outer.b[outer.len - frame.len],
				with_tos4(frame, EF << 2).b, frame.len);
			if (!v6)
				assert_memory_equal(outer.b, with_tos4(outer, EF << 2).b, 34);
		}
		no_qos(bed);
		bed_send(bed, BED_GUEST1, with_tos4(frame, 0xb8));
		outer = bed_receive(bed, BED_WIRE);
		assert_int_equal(
			v6 ? (outer.b[14] & 15) << 4 | outer.b[15] >> 4 : outer.b[TOS4], 0);
		bed_no_peer(bed, vtep);
	}
}

static bool says(GPtrArray *steps, const char *part)
{
	for (guint i = 0; i < steps->len; i++)
		if (strstr(steps->pdata[i], part))
			return true;
	return false;
}

static void set_capacity(struct bed *bed, u32 kbps)
{
	static const char *const uplinks[] = { "u0", NULL };
	g_autoptr(GError) error = NULL;

	if (!dp_set_guarantees(bed->dp, uplinks, kbps, &error))
		fail_msg("%s", error->message);
}

/* How many frames of guest 2 come out on the wire before the fifth of guest 1. */
static unsigned others_first(struct bed *bed)
{
	struct frame one = udp4(MAC3, MAC1, IP1, IP3, 958), other = udp4(MAC3, MAC2, IP2, IP3, 958);
	unsigned ones = 0, others = 0, before = 0;

	send_many(bed, BED_GUEST2, &other, 100);
	send_many(bed, BED_GUEST1, &one, 5);
	while (ones + others < 105) {
		struct frame outer = bed_receive(bed, BED_WIRE);
		bool is_one = !memcmp(&outer.b[outer.len - one.len], one.b, 12);

		ones += is_one;
		others += !is_one;
		if (is_one)
			before = others;
	}
	return before;
}

/* 1000 bytes at 1600 kbit/s: one in 5 ms. Half of that is guest 1's, so it does not stand in the
 * line. */
static void test_guarantees(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC3, MAC1, IP1, IP3, 64);
	g_autoptr(GPtrArray) steps = NULL;

	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	set_capacity(bed, 1600);
	assert_int_equal(others_first(bed), 100); /* one line for all */
	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .min_kbps = 800, .egress = { .kbps = 1200 } });
	assert_in_range(others_first(bed), 0, 80);
	assert_true(dp_trace(bed->dp, bed->ifindex[BED_GUEST1], frame.b, frame.len, &steps, NULL));
	assert_true(says(steps, "800 kbit/s are guaranteed to it on the uplink"));
	/* another capacity, a new process, none */
	bed_reopen(bed);
	set_capacity(bed, 2000);
	put_qos(bed, BED_GUEST1, &(struct dp_qos){ .min_kbps = 800 });
	assert_in_range(others_first(bed), 0, 80);
	no_qos(bed);
	assert_int_equal(others_first(bed), 100);
	set_capacity(bed, 0);
	others_first(bed);
	bed_no_peer(bed, "192.0.2.2");
}

static void test_traces(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC2, MAC1, IP1, IP2, 64);
	g_autoptr(GPtrArray) steps = NULL;

	put_qos(bed, BED_GUEST1,
		&(struct dp_qos){
			.egress = { .kbps = 12345, .kpps = 7 }, .marks = true, .dscp = EF });
	put_qos(bed, BED_GUEST2, &(struct dp_qos){ .ingress = { .kbps = 10000000 } });
	assert_true(dp_trace(bed->dp, bed->ifindex[BED_GUEST1], frame.b, frame.len, &steps, NULL));
	assert_true(says(steps, "sends is limited to 12345 kbit/s and 7 kpackets/s"));
	assert_true(says(steps, "receives is limited to 10000000 kbit/s"));
	assert_true(says(steps, "marked with DSCP 46"));
	bed_expect_nothing(bed, BED_GUEST2);
	no_qos(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_what_a_guest_sends),
		cmocka_unit_test(test_limits_what_a_guest_receives),
		cmocka_unit_test(test_limits_what_leaves_the_host),
		cmocka_unit_test(test_limits_copies),
		cmocka_unit_test(test_limits_packets),
		cmocka_unit_test(test_counts_segments),
		cmocka_unit_test(test_changes_live),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_marks_the_outer_header),
		cmocka_unit_test(test_guarantees),
		cmocka_unit_test(test_traces),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
