/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives the agent, what a sweep leaves, what a trace says, and what the programs cost the
 * verifier. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define IP4 0x0800

static struct frame udp4(const char *dst_mac, const char *src_mac, const char *src, const char *dst)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(1000, 2000, frame_fill(64))));
}

static void expect_forwards(struct bed *bed)
{
	struct frame local = udp4(MAC2, MAC1, IP1, IP2), remote = udp4(MAC3, MAC1, IP1, IP3);

	bed_send(bed, BED_GUEST1, local);
	bed_expect(bed, BED_GUEST2, local);
	bed_send(bed, BED_GUEST1, remote);
	assert_int_equal(bed_receive(bed, BED_WIRE).len, remote.len + 50);
}

/* Forwarding goes on with no agent, and a new one adopts what is there. */
static void test_outlives_the_agent(void **state)
{
	struct bed *bed = *state;
	struct dp_counters before, after;
	struct dp_usage usage;

	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	expect_forwards(bed);
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &before, NULL));
	dp_close(bed->dp);
	bed->dp = NULL;
	expect_forwards(bed);
	bed_reopen(bed);
	expect_forwards(bed);
	assert_true(dp_usage(bed->dp, &usage, NULL));
	assert_int_equal(usage.ports, 2);
	assert_int_equal(usage.networks, 1);
	assert_int_equal(usage.endpoints, 3);
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &after, NULL));
	assert_int_equal(after.rx_packets - before.rx_packets, 4);
}

static u32 epoch(struct bed *bed)
{
	return bed->dp->host.epoch;
}

/* An agent that states the same again changes nothing; what it leaves out of a sweep goes. */
static void test_sweeps(void **state)
{
	struct bed *bed = *state;
	struct dp_usage usage;
	u32 before;

	bed_reopen(bed);
	before = epoch(bed);
	dp_sweep_begin(bed->dp);
	bed_populate(bed);
	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	assert_true(dp_sweep_end(bed->dp, NULL));
	assert_int_equal(epoch(bed), before);
	expect_forwards(bed);
	dp_sweep_begin(bed->dp);
	bed_populate(bed);
	assert_true(dp_sweep_end(bed->dp, NULL));
	assert_int_equal(g_hash_table_size(bed->dp->vteps), 0);
	assert_true(dp_usage(bed->dp, &usage, NULL));
	assert_int_equal(usage.endpoints, 2);
	bed_expect_drop(bed, BED_GUEST1, udp4(MAC3, MAC1, IP1, IP3), "unknown-unicast");
	dp_sweep_begin(bed->dp);
	assert_true(dp_sweep_end(bed->dp, NULL));
	assert_true(dp_usage(bed->dp, &usage, NULL));
	assert_int_equal(usage.ports + usage.networks + usage.endpoints, 0);
	bed_populate(bed);
}

static GPtrArray *trace(struct bed *bed, enum bed_place place, struct frame frame)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *steps = NULL;

	if (!dp_trace(bed->dp, bed->ifindex[place], frame.b, frame.len, &steps, &error))
		fail_msg("%s", error->message);
	return steps;
}

static void assert_says(GPtrArray *steps, const char *part)
{
	for (guint i = 0; i < steps->len; i++)
		if (strstr(steps->pdata[i], part))
			return;
	for (guint i = 0; i < steps->len; i++)
		print_message("  %s\n", (char *)steps->pdata[i]);
	fail_msg("no step says: %s", part);
}

static void test_traces_without_effect(void **state)
{
	struct bed *bed = *state;
	struct frame broadcast = udp4("ff:ff:ff:ff:ff:ff", MAC1, IP1, "10.0.0.255");
	struct dp_counters before, after;
	u64 drops = bed_drops(bed, BED_GUEST1, "spoofed-ip");

	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &before, NULL));
	{
		g_autoptr(GPtrArray) local = trace(bed, BED_GUEST1, udp4(MAC2, MAC1, IP1, IP2));
		g_autoptr(GPtrArray) remote = trace(bed, BED_GUEST1, udp4(MAC3, MAC1, IP1, IP3));
		g_autoptr(GPtrArray) spoofed = trace(bed, BED_GUEST1, udp4(MAC2, MAC1, IP3, IP2));
		g_autoptr(GPtrArray) flooded = trace(bed, BED_GUEST1, broadcast);
		g_autoptr(GPtrArray) arp = trace(bed, BED_GUEST1,
			frame_eth("ff:ff:ff:ff:ff:ff", MAC1, 0x0806,
				frame_arp(1, MAC1, IP1, NULL, IP3)));
		g_autoptr(GPtrArray) received = trace(bed, BED_WIRE,
			frame_eth(UNDERLAY_MAC, PEER_MAC, IP4,
				frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
					frame_udp(50000, 4789,
						frame_vxlan(VNI, udp4(MAC1, MAC3, IP3, IP1))))));

		assert_says(local, "aabbcc01-0000-0000-0000-000000000000 (device p1)");
		assert_says(local, "delivered to port aabbcc02");
		assert_says(remote, "VXLAN with VNI 100 for the host at 192.0.2.2");
		assert_says(spoofed, "spoofed-ip");
		assert_says(flooded, "copied to 1 ports");
		assert_says(arp, "answered here: 10.0.0.3 is at 02:00:00:00:00:03");
		assert_says(received, "from the host at 192.0.2.2 by VXLAN, VNI 100");
		assert_says(received, "delivered to port aabbcc01");
	}
	for (int i = 0; i < N_BED_PLACES; i++)
		bed_expect_nothing(bed, (enum bed_place)i);
	assert_true(dp_port_counters(bed->dp, bed->ifindex[BED_GUEST1], &after, NULL));
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(bed_drops(bed, BED_GUEST1, "spoofed-ip"), drops);
	bed_no_peer(bed, "192.0.2.2");
}

static void test_flows_expire(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp4(MAC2, MAC1, IP1, IP2);
	int fd = bpf_map__fd(bed->dp->edge->maps.flows4);
	struct flow_key4 key;
	struct flow flow;
	struct dp_usage usage;

	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	dp_flows_expire(bed->dp);
	assert_true(dp_usage(bed->dp, &usage, NULL));
	assert_true(usage.flows > 0);
	while (!bpf_map_get_next_key(fd, NULL, &key)) { /* make each look old */
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &flow), 0);
		flow.seen -= 1000;
		assert_int_equal(bpf_map_update_elem(fd, &key, &flow, BPF_EXIST), 0);
		dp_flows_expire(bed->dp);
		assert_int_not_equal(bpf_map_lookup_elem(fd, &key, &flow), 0);
	}
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
}

/* Instructions that the verifier walked, with room for growth; each start of an agent waits for all
 * of them. See bpf/README.md for what keeps them few. */
static void test_verifier_budget(void **state)
{
	static const struct {
		const char *name;
		u32 budget;
	} budgets[] = {
		{ "from_guest", 25000 },
		{ "guest_tagged", 25000 },
		{ "guest_slow", 32000 },
		{ "guest_arp", 6000 },
		{ "guest_nd", 7000 },
		{ "guest_unicast", 30000 },
		{ "guest_balance", 32000 },
		{ "too_big", 9000 },
		{ "guest_route", 34000 },
		{ "icmp_error", 6000 },
		{ "flood_ports", 24000 },
		{ "flood_hosts", 4000 },
		{ "from_underlay", 15000 },
		{ "underlay_slow", 32000 },
		{ "from_vxlan", 10000 },
		{ "from_shaper", 500 },
		{ "from_wire", 12000 },
		{ "wire_switch", 24000 },
		{ "wire_neighbour_frame", 9000 },
		{ "wire_balance", 32000 },
		{ "tcp_reset", 10000 },
		{ "outside", 32000 },
		{ "inside", 42000 },
	};
	struct bed *bed = *state;
	bool within = true;
	u32 sum = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(budgets); i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(bed->dp->edge->obj, budgets[i].name);
		struct bpf_prog_info info = { 0 };
		u32 size = sizeof(info);

		assert_non_null(program);
		assert_int_equal(
			bpf_obj_get_info_by_fd(program_fd(bed->dp, program), &info, &size), 0);
		print_message("%-20s %6u instructions verified, %5u bytes jited\n", budgets[i].name,
			info.verified_insns, info.jited_prog_len);
		within &= info.verified_insns && info.verified_insns <= budgets[i].budget;
		sum += info.verified_insns;
	}
	print_message("%u in all\n", sum);
	assert_true(within && sum <= 395000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outlives_the_agent),
		cmocka_unit_test(test_sweeps),
		cmocka_unit_test(test_traces_without_effect),
		cmocka_unit_test(test_flows_expire),
		cmocka_unit_test(test_verifier_budget),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
