/* SPDX-License-Identifier: Apache-2.0 */
/* A network without layer 2 between its ports: the router answers for all, and all goes through it.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_router_answers),
		cmocka_unit_test(test_all_goes_through_it),
	};

	return cmocka_run_group_tests(tests, setup, bed_teardown);
}
