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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_router),
		cmocka_unit_test(test_guest),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
