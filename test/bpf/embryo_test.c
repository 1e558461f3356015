/* SPDX-License-Identifier: Apache-2.0 */
/* The rings of half open connections, which lie in one array. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define PLACES 4

static u32 port_of(struct bed *bed, enum bed_place place)
{
	struct port port;

	assert_true(table_get(bed->dp, TABLE_PORTS, &bed->ifindex[place], &port));
	return port.id;
}

static struct embryo embryo_at(struct bed *bed, u32 port_id, u32 place)
{
	u32 index = EMBRYO_INDEX(port_id, place);
	struct embryo embryo;

	assert_int_equal(
		bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.embryos), &index, &embryo), 0);
	return embryo;
}

/* Guest 1 asks guest 2, who does not answer: all of both rings. */
static void fill_rings(struct bed *bed)
{
	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	bed->dp->host.half_open_max = PLACES;
	assert_true(host_write(bed->dp, NULL));
	for (u16 port = 1; port <= PLACES; port++)
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, port, 53));
}

static u64 evicted_at(struct bed *bed, enum bed_place place)
{
	struct dp_port_connections connections;

	assert_true(dp_port_connections(bed->dp, bed->ifindex[place], &connections, NULL));
	return connections.evicted;
}

/* A place that another port's ring has taken names nobody of this one's. */
static void test_overlapping_rings(void **state)
{
	struct bed *bed = *state;
	u32 mine, its;

	fill_rings(bed);
	mine = port_of(bed, BED_GUEST1);
	its = port_of(bed, BED_GUEST2);
	for (u32 place = 0; place < PLACES; place++) {
		struct embryo embryo = embryo_at(bed, its, place);
		u32 index = EMBRYO_INDEX(mine, place);

		assert_int_equal(embryo_at(bed, mine, place).port_id, mine);
		assert_int_equal(embryo.port_id, its);
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(bed->dp->edge->maps.embryos),
					 &index, &embryo, BPF_ANY),
			0);
	}
	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 1000, 53), "half-open-quota");
	assert_int_equal(evicted_at(bed, BED_GUEST1) + evicted_at(bed, BED_GUEST2), 0);
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1)); /* an answer makes room */
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
}

/* Its number is another port's soon. */
static void test_a_port_leaves_no_place(void **state)
{
	struct bed *bed = *state;
	u32 id, its;

	fill_rings(bed);
	id = port_of(bed, BED_GUEST1);
	its = port_of(bed, BED_GUEST2);
	assert_true(dp_port_delete(bed->dp, bed->ifindex[BED_GUEST1], NULL));
	for (u32 place = 0; place < PLACES; place++) {
		assert_int_equal(embryo_at(bed, id, place).port_id, 0);
		assert_int_equal(embryo_at(bed, its, place).port_id, its);
	}
	put_port(bed, BED_GUEST1, policy1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_overlapping_rings, firewall_begin),
		cmocka_unit_test_setup(test_a_port_leaves_no_place, firewall_begin),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
