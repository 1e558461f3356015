/* SPDX-License-Identifier: Apache-2.0 */
/* Room for connections in a flow table that verdicts alone have filled: they give way. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define VERDICTS 20
#define BATCH 1024

/* From a guest to who is behind the peer. */
static struct frame question(enum bed_place from, bool v6, u16 sport)
{
	bool first = from == BED_GUEST1;
	const char *src = first ? v6 ? IP1_6 : IP1 : v6 ? IP2_6 : IP2;

	return frame_eth(MAC3, first ? MAC1 : MAC2, v6 ? ETH_IP6 : ETH_IP4,
		frame_ip(src, v6 ? IP3_6 : IP3, IPPROTO_UDP, frame_udp(sport, 53, frame_fill(8))));
}

/* Guest 2, whom no firewall watches, leaves verdicts alone. */
static void leave_verdicts(struct bed *bed, bool v6)
{
	for (u16 n = 0; n < VERDICTS; n++) {
		bed_send(bed, BED_GUEST2, question(BED_GUEST2, v6, (u16)(1000 + n)));
		bed_receive(bed, BED_WIRE);
	}
}

/* With entries that nobody has lined up; how many. */
static u32 fill(struct bed *bed, bool v6, void *keys)
{
	int fd = bpf_map__fd(v6 ? bed->dp->edge->maps.flows6 : bed->dp->edge->maps.flows4);
	struct flow *flows = g_new0(struct flow, BATCH);
	u32 n = 0, count;

	for (u32 i = 0; i < BATCH; i++)
		flows[i].seen = ticks_now();
	do {
		for (u32 i = 0; i < BATCH; i++) {
			u32 kind = FLOW_KIND(0, (u32)FLOW_FROM_UNDERLAY);

			if (v6)
				((struct flow_key6 *)keys)[n + i] = (struct flow_key6){
					.scope = EDGE_PORTS_MAX, .kind = kind, .src.w[0] = n + i
				};
			else
				((struct flow_key4 *)keys)[n + i] = (struct flow_key4){
					.scope = EDGE_PORTS_MAX, .kind = kind, .src = n + i
				};
		}
		count = BATCH;
		bpf_map_update_batch(fd,
			(u8 *)keys + n * (v6 ? sizeof(struct flow_key6) : sizeof(struct flow_key4)),
			flows, &count, NULL);
		n += count;
	} while (count == BATCH);
	g_free(flows);
	return n;
}

static void verdicts_give_way(struct bed *bed, bool v6)
{
	struct bpf_map *map = v6 ? bed->dp->edge->maps.flows6 : bed->dp->edge->maps.flows4;
	g_autofree void *keys =
		g_malloc_n(bpf_map__max_entries(map) + BATCH, sizeof(struct flow_key6));
	struct dp_port_connections connections;
	u32 n;

	leave_verdicts(bed, v6);
	n = fill(bed, v6, keys);
	for (u16 port = 0; port < VERDICTS; port++) {
		bed_send(bed, BED_GUEST1, question(BED_GUEST1, v6, (u16)(2000 + port)));
		bed_receive(bed, BED_WIRE);
	}
	assert_true(dp_port_connections(bed->dp, bed->ifindex[BED_GUEST1], &connections, NULL));
	assert_int_equal(connections.connections, VERDICTS);
	assert_int_equal(connections.evicted, 0);
	bed_send(bed, BED_GUEST1, question(BED_GUEST1, v6, 3000)); /* nor is one of its own left */
	assert_true(dp_port_connections(bed->dp, bed->ifindex[BED_GUEST1], &connections, NULL));
	assert_int_equal(connections.evicted, 1);
	bed_receive(bed, BED_WIRE);
	bpf_map_delete_batch(bpf_map__fd(map), keys, &n, NULL);
}

static int begin(void **state)
{
	struct bed *bed = *state;

	firewall_begin(state);
	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	POLICY(bed, policy1, OUT1);
	put_port(bed, BED_GUEST2, NULL);
	return 0;
}

static void test_ipv4(void **state)
{
	verdicts_give_way(*state, false);
}

static void test_ipv6(void **state)
{
	struct bed *bed = *state;
	struct dp_rule out = rule(11, DP_EGRESS, -1, -1, -1);

	out.family = 6;
	put_policy(bed, policy1, &out, 1);
	verdicts_give_way(bed, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ipv4, begin),
		cmocka_unit_test_setup(test_ipv6, begin),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
