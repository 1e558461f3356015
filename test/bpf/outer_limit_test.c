/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of floating IPs and gateways: what passes them, what does not, and what is not theirs.
 * Proves B27. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "outside_bed.h"
#include "qos_bed.h"

#define SENT 200
#define UNLIMITED 60	  /* more than any limit here lets through at once */
#define GATEWAY_PORT 1025 /* of guest 2's connection, which keeps it */

static const u8 floating_id[16] = { 1 }, gateway_id[16] = { 2 };

static void put_limits(struct bed *bed, const u8 id[16], struct dp_limits limits, bool held)
{
	g_autoptr(GError) error = NULL;

	if (!dp_limits_put(bed->dp, id, &limits, held, &error))
		fail_msg("%s", error->message);
}

/* NULL: without. */
static void limit_floating_ip(struct bed *bed, const u8 *id)
{
	struct dp_floating_ip floating_ip = { .router = ROUTER,
		.vni = wire(bed),
		.floating = ip(FLOATING_IP),
		.fixed = ip(IP1),
		.mac = mac(FLOATING_MAC) };

	if (id)
		memcpy(floating_ip.limits, id, sizeof(floating_ip.limits));
	assert_true(dp_floating_ip_put(bed->dp, &floating_ip, NULL));
}

static void limit_gateway(struct bed *bed, const u8 *id)
{
	struct dp_gateway gateway = { .router = ROUTER,
		.vni = wire(bed),
		.mtu_bytes = 1400,
		.here = true,
		.mac = mac(GATEWAY_MAC),
		.ip4 = ip(GATEWAY_IP),
		.ip6 = ip(GATEWAY_IP6),
		.snat = true,
		.port_first = DP_SNAT_PORT_FIRST,
		.n_ports = DP_SNAT_PORTS_ALL };

	if (id)
		memcpy(gateway.limits, id, sizeof(gateway.limits));
	assert_true(dp_gateway_put(bed->dp, &gateway, NULL));
}

/* What has passed in one direction. */
static struct dp_limit_count count_of(struct bed *bed, const u8 id[16], bool out)
{
	struct dp_limit_counts counts;

	assert_true(dp_limit_counts(bed->dp, id, &counts, NULL));
	return out ? counts.egress : counts.ingress;
}

static struct frame udp(const char *dst_mac, const char *src_mac, const char *src, const char *dst,
	u16 sport, u16 dport)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(sport, dport, frame_fill(958))));
}

static struct frame to_far(const char *src_mac, const char *src)
{
	return udp(INSIDE_MAC, src_mac, src, FAR_IP, GATEWAY_PORT, 2000);
}

static struct frame from_far(const char *dst_mac, const char *dst)
{
	return udp(dst_mac, NEXT_MAC, FAR_IP, dst, 2000, GATEWAY_PORT);
}

/* Sends SENT of the frame, and waits until each has come out at @to or was dropped by the limit;
 * how many came out. All are counted. */
static unsigned pass(struct bed *bed, enum bed_place from, struct frame frame, enum bed_place to,
	const u8 id[16], bool out)
{
	struct dp_limit_count before = count_of(bed, id, out), now;
	u64 host = bed_drops(bed, BED_WIRE, "bandwidth-limit") +
		   bed_drops(bed, BED_WIRE, "packet-rate-limit");
	gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	unsigned passed = 0;

	if (from == BED_WIRE)
		frame = tagged(frame);
	send_many(bed, from, &frame, SENT);
	for (;;) {
		now = count_of(bed, id, out);
		if (passed + now.dropped - before.dropped == SENT)
			break;
		if (g_get_monotonic_time() > end)
			fail_msg("of %u frames %u came out and %lu were dropped", SENT, passed,
				now.dropped - before.dropped);
		if (bed_has(bed, to)) {
			bed_receive(bed, to);
			passed++;
		} else {
			g_usleep(1000);
		}
	}
	assert_int_equal(now.packets - before.packets, passed);
	assert_int_equal(now.bytes - before.bytes, passed * 1000);
	assert_int_equal(bed_drops(bed, BED_WIRE, "bandwidth-limit") +
				 bed_drops(bed, BED_WIRE, "packet-rate-limit") - host,
		SENT - passed);
	bed_expect_nothing(bed, to);
	return passed;
}

/* The same at the rate of `slow`, which delays what it does not drop. */
static void pass_slowly(struct bed *bed, enum bed_place from, struct frame frame, enum bed_place to,
	const u8 id[16], bool out)
{
	gint64 start = g_get_monotonic_time();

	assert_in_range(pass(bed, from, frame, to, id, out), SLOW_AT_ONCE, SLOW_AT_MOST);
	assert_in_range(g_get_monotonic_time() - start, 200000, 5000000);
}

/* As many as are sent: there is no limit. */
static void all_pass(struct bed *bed, enum bed_place from, struct frame frame, enum bed_place to)
{
	if (from == BED_WIRE)
		frame = tagged(frame);
	for (int i = 0; i < UNLIMITED; i++) {
		bed_send(bed, from, frame);
		bed_receive(bed, to);
	}
}

/* The limit is in time, and nothing else tells that it has forgotten what it let through. */
static void forget(void)
{
	g_usleep(500000);
}

static void test_floating_ip(void **state)
{
	struct bed *bed = *state;
	g_autoptr(GPtrArray) steps = NULL;
	struct frame frame = to_far(MAC1, IP1);
	bool said = false;

	introduce(bed);
	all_pass(bed, BED_GUEST1, frame, BED_WIRE); /* there is a flow entry before the limit */
	put_limits(bed, floating_id, (struct dp_limits){ .egress = slow }, false);
	limit_floating_ip(bed, floating_id);
	pass_slowly(bed, BED_GUEST1, frame, BED_WIRE, floating_id, true);
	/* the other direction, another guest's way out, and what stays inside are not its */
	all_pass(bed, BED_WIRE, from_far(FLOATING_MAC, FLOATING_IP), BED_GUEST1);
	all_pass(bed, BED_GUEST2, to_far(MAC2, IP2), BED_WIRE);
	all_pass(bed, BED_GUEST1, udp(MAC2, MAC1, IP1, IP2, 1000, 2000), BED_GUEST2);
	assert_true(dp_trace(bed->dp, bed->ifindex[BED_GUEST1], frame.b, frame.len, &steps, NULL));
	for (guint i = 0; i < steps->len; i++)
		said |= strstr(steps->pdata[i],
				"what leaves by this address outside is limited to 800 kbit/s") !=
			NULL;
	assert_true(said);
	/* another rate, in the other direction */
	put_limits(bed, floating_id, (struct dp_limits){ .ingress = slow }, true);
	all_pass(bed, BED_GUEST1, frame, BED_WIRE);
	frame = from_far(FLOATING_MAC, FLOATING_IP);
	pass_slowly(bed, BED_WIRE, frame, BED_GUEST1, floating_id, false);
	limit_floating_ip(bed, NULL);
	all_pass(bed, BED_WIRE, from_far(FLOATING_MAC, FLOATING_IP), BED_GUEST1);
	dp_limits_release(bed->dp, floating_id);
}

/* Behind it are the guests without a floating IP, and what comes through the tunnel. */
static void test_gateway(void **state)
{
	struct bed *bed = *state;
	struct dp_limits both = { .egress = slow, .ingress = { .kpps = 1 } };

	introduce(bed);
	put_limits(bed, gateway_id, both, false);
	limit_gateway(bed, gateway_id);
	pass_slowly(bed, BED_GUEST2, to_far(MAC2, IP2), BED_WIRE, gateway_id, true);
	all_pass(bed, BED_GUEST1, to_far(MAC1, IP1), BED_WIRE); /* it has a floating IP */
	/* 250 at once, which are all */
	assert_int_equal(pass(bed, BED_WIRE, from_far(GATEWAY_MAC, GATEWAY_IP), BED_GUEST2,
				 gateway_id, false),
		SENT);
	put_limits(bed, gateway_id,
		(struct dp_limits){ .ingress = { .kpps = 1, .kbps = 800, .burst_kbits = 80 } },
		true);
	pass_slowly(
		bed, BED_WIRE, from_far(GATEWAY_MAC, GATEWAY_IP), BED_GUEST2, gateway_id, false);
	limit_gateway(bed, NULL);
	dp_limits_release(bed->dp, gateway_id);
}

/* From a guest behind the gateway to another's floating IP: both count it, the slower holds. */
static void test_hairpin(void **state)
{
	struct bed *bed = *state;
	struct dp_limits fast = { .egress = { .kbps = 8000000 } };
	struct dp_limit_count before;

	introduce(bed);
	put_limits(bed, gateway_id, fast, false);
	limit_gateway(bed, gateway_id);
	put_limits(bed, floating_id, (struct dp_limits){ .ingress = slow }, false);
	limit_floating_ip(bed, floating_id);
	before = count_of(bed, gateway_id, true);
	pass_slowly(bed, BED_GUEST2, udp(INSIDE_MAC, MAC2, IP2, FLOATING_IP, 1000, 2000),
		BED_GUEST1, floating_id, false);
	assert_int_equal(count_of(bed, gateway_id, true).packets - before.packets, SENT);
	/* the limit of the way out is what is slower: it shapes too, where no other does */
	put_limits(bed, gateway_id, (struct dp_limits){ .egress = slow }, true);
	put_limits(bed, floating_id, fast, true);
	forget();
	pass_slowly(bed, BED_GUEST2, udp(INSIDE_MAC, MAC2, IP2, FLOATING_IP, 1000, 2000),
		BED_GUEST1, gateway_id, true);
	limit_floating_ip(bed, NULL);
	limit_gateway(bed, NULL);
	dp_limits_release(bed->dp, floating_id);
	dp_limits_release(bed->dp, gateway_id);
}

static u32 number_of(struct bed *bed, const u8 id[16])
{
	u16 number;

	assert_true(limits_number(bed->dp, id, &number, NULL));
	return number;
}

static struct rate_limit limit_of(struct bed *bed, u32 number)
{
	u32 id = RATE_LIMIT_OUTER(number, EDGE_EGRESS);
	struct rate_limit limit;

	assert_int_equal(
		bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.rate_limits), &id, &limit), 0);
	return limit;
}

/* What a new agent states again it finds, and goes on counting; what it does not is gone. */
static void test_outlives_the_agent(void **state)
{
	struct bed *bed = *state;
	struct dp_limits limits = { .egress = { .kbps = 8000000 } };
	u32 number, other;

	introduce(bed);
	put_limits(bed, gateway_id, limits, false);
	put_limits(bed, floating_id, limits, false);
	limit_floating_ip(bed, floating_id);
	all_pass(bed, BED_GUEST1, to_far(MAC1, IP1), BED_WIRE);
	assert_int_equal(count_of(bed, floating_id, true).packets, UNLIMITED);
	number = number_of(bed, floating_id);
	other = number_of(bed, gateway_id);
	assert_int_not_equal(number, other);
	bed_reopen(bed);
	all_pass(bed, BED_GUEST1, to_far(MAC1, IP1), BED_WIRE);
	dp_sweep_begin(bed->dp);
	put_limits(bed, floating_id, limits, false);
	limit_floating_ip(bed, floating_id);
	assert_int_equal(number_of(bed, floating_id), number);
	assert_int_equal(count_of(bed, floating_id, true).packets, 2 * UNLIMITED);
	assert_int_not_equal(limit_of(bed, other).byte_ps, 0);
	assert_true(dp_sweep_end(bed->dp, NULL));
	assert_int_equal(limit_of(bed, other).byte_ps, 0);
	assert_false(dp_limit_counts(bed->dp, gateway_id, &(struct dp_limit_counts){ 0 }, NULL));
	assert_int_not_equal(limit_of(bed, number).byte_ps, 0);
	limit_floating_ip(bed, NULL);
	dp_limits_release(bed->dp, floating_id);
	assert_int_equal(limit_of(bed, number).byte_ps, 0);
	/* who comes next begins at 0 */
	put_limits(bed, floating_id, limits, false);
	assert_int_equal(count_of(bed, floating_id, true).packets, 0);
	dp_limits_release(bed->dp, floating_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floating_ip), cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_outlives_the_agent), /* last: its sweep takes away the bed */
	};

	/* on a VLAN, as what is limited leaves by another way than all else */
	return cmocka_run_group_tests(tests, outside_setup_vlan, bed_teardown);
}
