/* SPDX-License-Identifier: Apache-2.0 */
#include "qos_bed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

const struct dp_rate slow = { .kbps = 800, .burst_kbits = 80 };

void put_qos(struct bed *bed, enum bed_place place, const struct dp_qos *qos)
{
	bool first = place == BED_GUEST1;
	struct dp_port port = { .ifindex = bed->ifindex[place],
		.kind = DP_PORT_VETH,
		.vni = VNI,
		.uuid = { 0xaa, 0xbb, 0xcc, (u8)(place + 1) },
		.qos = *qos };
	g_autoptr(GError) error = NULL;

	assert_true(mac_parse(first ? MAC1 : MAC2, &port.mac));
	if (!dp_port_put(bed->dp, &port, &error))
		fail_msg("%s", error->message);
}

void no_qos(struct bed *bed)
{
	static const struct dp_qos none;

	put_qos(bed, BED_GUEST1, &none);
	put_qos(bed, BED_GUEST2, &none);
}

void send_many(struct bed *bed, enum bed_place place, const struct frame *frame, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		bed_send(bed, place, *frame);
}

unsigned settle(struct bed *bed, enum bed_place to, enum bed_place dropper, const char *reason,
	u64 drops_before, unsigned sent)
{
	gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	unsigned passed = 0;

	while (passed + bed_drops(bed, dropper, reason) - drops_before < sent) {
		if (g_get_monotonic_time() > end)
			fail_msg("of %u frames %u came out and %lu were dropped", sent, passed,
				bed_drops(bed, dropper, reason) - drops_before);
		if (bed_has(bed, to)) {
			bed_receive(bed, to);
			passed++;
		} else {
			g_usleep(1000);
		}
	}
	bed_expect_nothing(bed, to);
	return passed;
}
