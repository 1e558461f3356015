/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts of connections that only begin: what goes by them, and what does not. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

/* The state at guest 2's port of its connection with guest 1. */
static struct flow flow_at2(struct bed *bed, u16 own, u16 remote)
{
	struct flow_key4 key = { .kind = FLOW_KIND(IPPROTO_TCP, (u32)FLOW_FROM_GUEST),
		.src = htonl(0x0a000002),
		.dst = htonl(0x0a000001),
		.ports = htons(own) | (u32)htons(remote) << 16 };
	struct flow flow = { 0 };
	struct port port;

	assert_true(table_get(bed->dp, TABLE_PORTS, &bed->ifindex[BED_GUEST2], &port));
	key.scope = port.id;
	bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.flows4), &key, &flow);
	return flow;
}

/* A verdict is there from the opening on, for the answer too; each segment is seen until both ends
 * are connected, and after the end. Rules that change meanwhile are asked again. */
static void test_verdicts_from_the_opening_on(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, SYN, 100, 0));
	assert_int_equal(flow_at2(bed, 80, 1000).epoch, bed->dp->host.epoch);
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_NEW);
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, SYN | ACK, 500, 101));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	assert_int_equal(flow_at2(bed, 80, 1000).watched, 1);
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
	assert_int_equal(flow_at2(bed, 80, 1000).watched, 0);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, FIN | ACK, 101, 501));
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_HALF_CLOSED);
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, FIN | ACK, 501, 102));
	assert_int_equal(flow_at2(bed, 80, 1000).watched, 1);
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_CLOSING);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1001, 80, SYN, 100, 0));
	POLICY(bed, policy2, TCP_IN2(81, 81));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, tcp(BED_GUEST2, 80, 1001, SYN | ACK, 500, 101),
		"denied-ingress");
}

/* The verdict of the answer is no way round the checks of who answers. */
static void test_answers_are_checked(void **state)
{
	struct bed *bed = *state;
	struct frame opening = frame_eth(MAC2, MAC1, ETH_IP4,
		frame_ip(IP1, IP3, IPPROTO_UDP, frame_udp(1000, 53, frame_fill(32))));
	struct frame answer = frame_eth(MAC1, MAC2, ETH_IP4,
		frame_ip(IP3, IP1, IPPROTO_UDP, frame_udp(53, 1000, frame_fill(32))));

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	expect_passes(bed, BED_GUEST1, opening);
	expect_refused(bed, BED_GUEST2, BED_GUEST2, answer, "spoofed-ip");
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 67));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, udp(BED_GUEST2, 67, 1000), "dhcp-server");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_verdicts_from_the_opening_on, firewall_begin),
		cmocka_unit_test_setup(test_answers_are_checked, firewall_begin),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
