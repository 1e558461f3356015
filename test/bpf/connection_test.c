/* SPDX-License-Identifier: Apache-2.0 */
/* The state of connections at the guests' ports: TCP, ICMP, fragments, quotas, aging. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

static void test_tcp_states(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, SYN | FIN, 100, 0),
		"tcp-flags");
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, 0, 100, 0), "tcp-flags");
	expect_refused(bed, BED_GUEST1, BED_GUEST1, tcp(BED_GUEST1, 80, 1000, SYN | ACK, 100, 1),
		"no-connection");
	handshake(bed, 1000, 80);
	/* an opening against the direction is no answer */
	expect_refused(
		bed, BED_GUEST2, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, SYN, 1, 0), "denied-egress");
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, FIN | ACK, 101, 501));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 102));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, FIN | ACK, 501, 102));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 102, 502));
	handshake(bed, 1000, 80); /* the same ports again */
}

/* A guess of a reset does not reach the guest, and a right one that the guest does not believe
 * leaves the connection open. */
static void test_resets(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	handshake(bed, 1000, 80);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, RST, 101u - 1, 0),
		"tcp-reset");
	handshake(bed, 1001, 80);
	expect_refused(bed, BED_GUEST1, BED_GUEST2,
		tcp(BED_GUEST1, 1001, 80, RST, 101 + (64u << 20), 0), "tcp-reset");
	handshake(bed, 1002, 80);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1002, 80, RST, 101, 0));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1002, ACK, 501, 101));
}

static void test_icmp(void **state)
{
	struct bed *bed = *state;
	struct frame request =
		frame_of(BED_GUEST1, IPPROTO_ICMP, frame_icmp(8, 0, 0x00070001, frame_fill(8)));
	struct frame answer =
		frame_of(BED_GUEST2, IPPROTO_ICMP, frame_icmp(0, 0, 0x00070001, frame_fill(8)));
	struct frame back =
		frame_of(BED_GUEST2, IPPROTO_ICMP, frame_icmp(8, 0, 0x00070001, frame_fill(8)));

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, rule(23, DP_INGRESS, IPPROTO_ICMP, 8, 0));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, answer, "denied-egress");
	expect_passes(bed, BED_GUEST1, request);
	expect_passes(bed, BED_GUEST2, answer);
	/* with the same identifier a request is no answer */
	expect_refused(bed, BED_GUEST2, BED_GUEST2, back, "denied-egress");
	POLICY(bed, policy2, rule(23, DP_INGRESS, IPPROTO_ICMP, 3, -1));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, request, "denied-ingress");
}

/* Port unreachable about @about, from the other guest. */
static struct frame unreachable(enum bed_place from, struct frame about)
{
	return frame_of(from, IPPROTO_ICMP, frame_icmp(3, 3, 0, frame_bytes(about.b + 14, 28)));
}

static void test_errors_are_related(void **state)
{
	struct bed *bed = *state;
	struct frame query = udp(BED_GUEST1, 1000, 53);

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53));
	expect_refused(
		bed, BED_GUEST2, BED_GUEST2, unreachable(BED_GUEST2, query), "denied-egress");
	expect_passes(bed, BED_GUEST1, query);
	expect_passes(bed, BED_GUEST2, unreachable(BED_GUEST2, query));
	expect_refused(bed, BED_GUEST2, BED_GUEST2,
		unreachable(BED_GUEST2, udp(BED_GUEST1, 1001, 53)), "denied-egress");
	POLICY(bed, policy2, TCP_IN2(53, 53));
	expect_refused(
		bed, BED_GUEST2, BED_GUEST2, unreachable(BED_GUEST2, query), "denied-ingress");
}

static struct frame fragment(struct frame whole, u16 offset, bool more, size_t at, size_t len)
{
	struct frame frame = frame_bytes(whole.b + 34 + at, len), header;
	u32 sum = 0;

	header = frame_push(frame, whole.b, 34);
	header.b[16] = (u8)((20 + len) >> 8);
	header.b[17] = (u8)(20 + len);
	header.b[18] = 0x12;
	header.b[20] = (u8)((more ? 0x20 : 0) | offset >> 8);
	header.b[21] = (u8)offset;
	header.b[24] = header.b[25] = 0;
	for (int i = 14; i < 34; i += 2)
		sum += (u32)header.b[i] << 8 | header.b[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	header.b[24] = (u8)(~sum >> 8);
	header.b[25] = (u8)~sum;
	return header;
}

static void test_fragments_follow_the_first(void **state)
{
	struct bed *bed = *state;
	struct frame whole = udp(BED_GUEST1, 1000, 53), segment;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53), TCP_IN2(80, 80));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, fragment(whole, 2, false, 16, 24), "fragment");
	expect_passes(bed, BED_GUEST1, fragment(whole, 0, true, 0, 16));
	expect_passes(bed, BED_GUEST1, fragment(whole, 2, false, 16, 24));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000)); /* it opened the connection */
	segment =
		frame_of(BED_GUEST1, IPPROTO_TCP, frame_tcp(1000, 80, SYN, 100, 0, frame_fill(64)));
	segment.b[19] = 1; /* another packet */
	expect_passes(bed, BED_GUEST1, fragment(segment, 0, true, 0, 24));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, fragment(segment, 1, false, 8, 56), "fragment");
}

/* A state that has aged away takes the verdict of the other direction with it, within a tick. */
static void test_a_lost_state_takes_the_verdict(void **state)
{
	struct bed *bed = *state;
	int fd = bpf_map__fd(bed->dp->edge->maps.flows4);
	struct flow_key4 key, keys[512];
	struct flow flow;
	u32 n = 0;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000));
	for (int rc = bpf_map_get_next_key(fd, NULL, &key); !rc && n < 512;
		rc = bpf_map_get_next_key(fd, &key, &key))
		keys[n++] = key;
	for (u32 i = 0; i < n; i++) { /* guest 1's goes; guest 2's looks a tick old */
		assert_int_equal(bpf_map_lookup_elem(fd, &keys[i], &flow), 0);
		flow.seen--;
		if (keys[i].src == htonl(0x0a000001))
			bpf_map_delete_elem(fd, &keys[i]);
		else
			bpf_map_update_elem(fd, &keys[i], &flow, BPF_EXIST);
	}
	expect_refused(bed, BED_GUEST2, BED_GUEST1, udp(BED_GUEST2, 53, 1000), "denied-ingress");
}

static void test_quotas(void **state)
{
	struct bed *bed = *state;
	u32 half = bed->dp->host.half_open_max, all = bed->dp->host.connections_max;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	bed->dp->host.half_open_max = 4;
	assert_true(host_write(bed->dp, NULL));
	for (u16 port = 1; port <= 4; port++)
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, port, 53));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 5, 53), "half-open-quota");
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1)); /* an answer makes room */
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 5, 53));
	bed->dp->host.half_open_max = half;
	bed->dp->host.connections_max = 5;
	assert_true(host_write(bed->dp, NULL));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 6, 53), "connection-quota");
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 5, 53));
	bed->dp->host.connections_max = all;
	assert_true(host_write(bed->dp, NULL));
}

/* Aged connections are counted out, so that the quota is of what there is. */
static void test_aging_gives_quota_back(void **state)
{
	struct bed *bed = *state;
	int fd = bpf_map__fd(bed->dp->edge->maps.flows4);
	u32 all = bed->dp->host.connections_max;
	struct flow_key4 key, *previous = NULL;
	struct flow flow;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	bed->dp->host.connections_max = 1;
	assert_true(host_write(bed->dp, NULL));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1, 53));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 2, 53), "connection-quota");
	while (!bpf_map_get_next_key(fd, previous, &key)) {
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &flow), 0);
		flow.seen -= 10000;
		bpf_map_update_elem(fd, &key, &flow, BPF_EXIST);
		previous = &key;
	}
	dp_flows_expire(bed->dp);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 2, 53));
	bed->dp->host.connections_max = all;
	assert_true(host_write(bed->dp, NULL));
}

#define TEST(name) cmocka_unit_test_setup(name, firewall_begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tcp_states),
		TEST(test_resets),
		TEST(test_icmp),
		TEST(test_errors_are_related),
		TEST(test_fragments_follow_the_first),
		TEST(test_a_lost_state_takes_the_verdict),
		TEST(test_quotas),
		TEST(test_aging_gives_quota_back),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
