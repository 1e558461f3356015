/* SPDX-License-Identifier: Apache-2.0 */
/* What the firewall tells of its decisions at ports that have a log. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "datapath/internal.h"

static GArray *events; /* struct dp_log_event, since the last take() */

static void on_event(const struct dp_log_event *event, void *data)
{
	(void)data;
	g_array_append_val(events, *event);
}

/* How many there were; those of the last are in @events. */
static guint take(struct bed *bed)
{
	if (!events)
		events = g_array_new(FALSE, FALSE, sizeof(struct dp_log_event));
	g_array_set_size(events, 0);
	dp_log_dispatch(bed->dp, on_event, NULL);
	return events->len;
}

static const struct dp_log_event *only(struct bed *bed)
{
	assert_int_equal(take(bed), 1);
	return &g_array_index(events, struct dp_log_event, 0);
}

/* Guest 2's port, logged as @flags say. */
static void log_port2(struct bed *bed, u32 flags)
{
	put_port_with(bed, BED_GUEST2, policy2, DP_PORT_SECURITY | flags);
}

static int begin(void **state)
{
	struct bed *bed = *state;

	dp_set_log_rate(bed->dp, DP_LOG_RATE, DP_LOG_BURST);
	firewall_begin(state);
	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 60), TCP_IN2(80, 80));
	take(bed);
	return 0;
}

static void test_accepts_once_a_connection(void **state)
{
	struct bed *bed = *state;
	const struct dp_log_event *event;
	struct ip src = ip(IP1), dst = ip(IP2);

	log_port2(bed, DP_PORT_LOG_ACCEPT);
	for (int i = 0; i < 3; i++) {
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
		expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000));
	}
	event = only(bed);
	assert_null(event->dropped);
	assert_int_equal(event->direction, DP_INGRESS);
	assert_int_equal(event->port[3], BED_GUEST2 + 1);
	assert_true(event->has_rule);
	assert_int_equal(event->rule[0], 20);
	assert_int_equal(event->family, 4);
	assert_int_equal(event->proto, IPPROTO_UDP);
	assert_int_equal(event->sport, 1000);
	assert_int_equal(event->dport, 53);
	assert_true(ip_compare(&event->src, &src) == 0 && ip_compare(&event->dst, &dst) == 0);
	handshake(bed, 1000, 80);
	assert_int_equal(only(bed)->rule[0], 21);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 61), "denied-ingress");
	assert_int_equal(take(bed), 0); /* only what it accepts */
}

static void test_drops(void **state)
{
	struct bed *bed = *state;
	struct dp_rule deny = rule(30, DP_INGRESS, IPPROTO_UDP, 70, 70);

	log_port2(bed, DP_PORT_LOG_DROP);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	assert_int_equal(take(bed), 0);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 61), "denied-ingress");
	assert_string_equal(only(bed)->dropped, "denied-ingress");
	assert_false(g_array_index(events, struct dp_log_event, 0).has_rule);
	expect_refused(bed, BED_GUEST2, BED_GUEST2, udp(BED_GUEST2, 61, 1001), "denied-egress");
	assert_int_equal(only(bed)->direction, DP_EGRESS);
	deny.deny = true;
	POLICY(bed, policy2, deny);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 70), "denied-ingress");
	assert_int_equal(only(bed)->rule[0], 30); /* the one that denies */
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 53), "denied-ingress");
	assert_int_equal(only(bed)->dport, 53); /* of a connection that its rule no longer allows */
	put_port(bed, BED_GUEST1, NULL);	/* which would refuse it first */
	expect_refused(bed, BED_GUEST1, BED_GUEST2,
		frame_of(BED_GUEST1, IPPROTO_TCP, frame_tcp(1, 80, SYN | FIN, 0, 0, frame_fill(0))),
		"tcp-flags");
	assert_string_equal(only(bed)->dropped, "tcp-flags"); /* no rule was asked */
	assert_int_equal(g_array_index(events, struct dp_log_event, 0).tcp_flags, SYN | FIN);
}

/* A rule lets them through; what drops them is something else, and no rule's doing. */
static void test_drops_that_no_rule_decides(void **state)
{
	struct bed *bed = *state;

	log_port2(bed, DP_PORT_LOG_DROP);
	handshake(bed, 1000, 80);
	expect_refused(
		bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, RST, 100, 0), "tcp-reset");
	assert_string_equal(only(bed)->dropped, "tcp-reset");
	assert_false(g_array_index(events, struct dp_log_event, 0).has_rule);
	bed->dp->host.connections_max = 1;
	assert_true(host_write(bed->dp, NULL));
	put_port(bed, BED_GUEST1, NULL); /* which would refuse it first */
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 53), "connection-quota");
	assert_string_equal(only(bed)->dropped, "connection-quota");
	assert_false(g_array_index(events, struct dp_log_event, 0).has_rule);
}

static void test_others_tell_nothing(void **state)
{
	struct bed *bed = *state;

	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 61), "denied-ingress");
	assert_int_equal(take(bed), 0);
	log_port2(bed, DP_PORT_LOG_ACCEPT | DP_PORT_LOG_DROP);
	{
		g_autoptr(GPtrArray) steps = NULL;
		struct frame frame = udp(BED_GUEST1, 1000, 61);

		assert_true(dp_trace(
			bed->dp, bed->ifindex[BED_GUEST1], frame.b, frame.len, &steps, NULL));
	}
	assert_int_equal(take(bed), 0); /* nor does a trace */
	log_port2(bed, 0);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 61), "denied-ingress");
	assert_int_equal(take(bed), 0);
}

/* What is above the rate is counted, per port; and is dropped or accepted as ever. */
static void test_rate(void **state)
{
	struct bed *bed = *state;
	u64 told, suppressed;

	dp_set_log_rate(bed->dp, 1, 5);
	log_port2(bed, DP_PORT_LOG_DROP);
	for (int i = 0; i < 50; i++)
		expect_refused(
			bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 61), "denied-ingress");
	told = take(bed);
	suppressed = dp_log_suppressed(bed->dp, bed->ifindex[BED_GUEST2]);
	assert_in_range(told, 6, 10); /* the burst, and what the time of the test adds */
	assert_int_equal(told + suppressed, 50);
	assert_int_equal(dp_log_suppressed(bed->dp, bed->ifindex[BED_GUEST1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_accepts_once_a_connection, begin),
		cmocka_unit_test_setup(test_drops, begin),
		cmocka_unit_test_setup(test_drops_that_no_rule_decides, begin),
		cmocka_unit_test_setup(test_others_tell_nothing, begin),
		cmocka_unit_test_setup(test_rate, begin),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
