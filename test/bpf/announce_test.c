/* SPDX-License-Identifier: Apache-2.0 */
/* Who may tell a network that an address is at a MAC. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bed.h"

#define ARP 0x0806
#define IP6 0x86dd

static struct frame advertisement_of(const char *ip)
{
	return frame_eth("33:33:00:00:00:01", MAC1, IP6,
		frame_ip(ip, "ff02::1", IPPROTO_ICMPV6, frame_nd(136, 0xa0000000, ip, 2, MAC1)));
}

static struct frame announcement_of(const char *ip)
{
	return frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, ip, NULL, ip));
}

/* A router that is a machine tells those who know its address by another one's MAC; what it has not
 * it tells nobody. */
static void test_router(void **state)
{
	struct bed *bed = *state;

	bed_port(bed, BED_GUEST1, 0);
	bed_send(bed, BED_GUEST1, announcement_of(IP1));
	bed_expect(bed, BED_GUEST2, announcement_of(IP1));
	bed_send(bed, BED_GUEST1, advertisement_of(IP1_6));
	bed_expect(bed, BED_GUEST2, advertisement_of(IP1_6));
	bed_expect_drop(bed, BED_GUEST1, announcement_of(IP3), "unsolicited");
	bed_expect_drop(bed, BED_GUEST1, advertisement_of(IP3_6), "unsolicited");
	bed_populate(bed);
}

/* What guests have the directory tells, and who asks. */
static void test_guest(void **state)
{
	struct bed *bed = *state;

	bed_expect_drop(bed, BED_GUEST1, announcement_of(IP1), "unsolicited");
	bed_expect_drop(bed, BED_GUEST1, advertisement_of(IP1_6), "unsolicited");
}

struct heard {
	unsigned n;
	u32 ifindex;
	struct dp_announcement said;
};

static void on_punt(
	u32 ifindex, enum dp_punt_reason reason, const u8 *frame, size_t len, void *data)
{
	struct heard *heard = data;

	assert_int_equal(reason, DP_PUNT_ANNOUNCED);
	assert_true(dp_punt_announced(frame, len, &heard->said));
	heard->ifindex = ifindex;
	heard->n++;
}

static void expect_heard(struct bed *bed, const char *of, bool solicited)
{
	struct heard heard = { 0 };
	struct mac sender = mac(MAC1);
	struct ip address = ip(of);

	dp_punt_dispatch(bed->dp, on_punt, &heard);
	assert_int_equal(heard.n, 1);
	assert_int_equal(heard.said.solicited, solicited);
	assert_int_equal(heard.ifindex, bed->ifindex[BED_GUEST1]);
	assert_int_equal(ip_compare(&heard.said.ip, &address), 0);
	assert_int_equal(mac_compare(&heard.said.mac, &sender), 0);
}

static void expect_nothing_heard(struct bed *bed)
{
	struct heard heard = { 0 };

	dp_punt_dispatch(bed->dp, on_punt, &heard);
	assert_int_equal(heard.n, 0);
}

static void announce(struct bed *bed, struct frame frame, const char *of)
{
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	expect_heard(bed, of, false);
}

static void answer(struct bed *bed, struct frame frame, const char *of)
{
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	expect_heard(bed, of, true);
}

static void share(struct bed *bed, bool shared)
{
	struct dp_network network = { .vni = VNI, .mtu_bytes = MTU, .shared_addresses = shared };

	assert_true(dp_network_put(bed->dp, &network, NULL));
}

/* Where addresses may be several ports', the agent hears what guests announce, as everybody does,
 * and what they answer; what they must not announce, and what they only ask, it does not. */
static void test_shared(void **state)
{
	struct frame question = frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, IP2));
	struct bed *bed = *state;

	expect_nothing_heard(bed); /* of the tests before */
	share(bed, true);
	announce(bed, announcement_of(IP1), IP1);
	announce(bed, frame_eth(BROADCAST, MAC1, ARP, frame_arp(2, MAC1, IP1, MAC1, IP1)), IP1);
	announce(bed, advertisement_of(IP1_6), IP1_6);
	bed_expect_drop(bed, BED_GUEST1, announcement_of(IP3), "spoofed-arp");
	bed_expect_drop(bed, BED_GUEST1, advertisement_of(IP3_6), "spoofed-ip");
	bed_send(bed, BED_GUEST1, question);
	bed_expect(bed, BED_GUEST1, frame_eth(MAC1, MAC2, ARP, frame_arp(2, MAC2, IP2, MAC1, IP1)));
	expect_nothing_heard(bed);
	answer(bed, frame_eth(MAC2, MAC1, ARP, frame_arp(2, MAC1, IP1, MAC2, IP2)), IP1);
	answer(bed,
		frame_eth(MAC2, MAC1, IP6,
			frame_ip(IP1_6, IP2_6, IPPROTO_ICMPV6,
				frame_nd(136, 0x60000000, IP1_6, 2, MAC1))),
		IP1_6);
	share(bed, false);
	bed_expect_drop(bed, BED_GUEST1, announcement_of(IP1), "unsolicited");
	expect_nothing_heard(bed);
	bed_populate(bed);
}

/* What is there for routers alone is no answer to guests. */
static void test_routed_neighbour(void **state)
{
	static const char *const vips[] = { "10.0.0.77", "fd00::77" };
	struct frame asked =
		frame_eth(BROADCAST, MAC1, ARP, frame_arp(1, MAC1, IP1, NULL, vips[0]));
	struct frame asked6 = frame_eth("33:33:ff:00:00:77", MAC1, IP6,
		frame_ip(IP1_6, "ff02::1:ff00:77", IPPROTO_ICMPV6,
			frame_nd(135, 0, vips[1], 1, MAC1)));
	struct bed *bed = *state;
	struct mac holder = mac(MAC2);

	share(bed, true);
	for (unsigned i = 0; i < 2; i++) {
		struct ip vip = ip(vips[i]);

		assert_true(dp_neighbour_put_routed(bed->dp, VNI, &vip, &holder, NULL));
	}
	bed_send(bed, BED_GUEST1, asked);
	bed_expect(bed, BED_GUEST2, asked);
	bed_send(bed, BED_GUEST1, asked6);
	bed_expect(bed, BED_GUEST2, asked6);
	bed_populate(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_router),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_routed_neighbour),
		cmocka_unit_test(test_guest),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
