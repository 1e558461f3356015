/* SPDX-License-Identifier: Apache-2.0 */
/* What a process makes of the maps that another left, and how big they may be: no matter of the
 * kernel's version. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "datapath/internal.h"
#include "edge.skel.h"
#include "outside_bed.h"

/* Another layout's maps: the running programs stay until the new ones have been told everything. */
static void test_switches_layouts(void **state)
{
	struct bed *bed = *state;
	g_autofree char *old = g_build_filename(bed->pin_dir, "maps-0", NULL);
	struct frame frame = udp_frame(MAC2, MAC1, IP1, IP2, 1000, 2000);

	assert_int_equal(g_mkdir(old, 0700), 0);
	bed_reopen(bed);
	assert_true(bed->dp->switching);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	dp_sweep_begin(bed->dp);
	bed_populate(bed);
	assert_true(dp_sweep_end(bed->dp, NULL));
	assert_int_not_equal(access(old, F_OK), 0);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
}

static u32 program_id(const struct bed *bed)
{
	struct bpf_prog_info info = { 0 };
	u32 size = sizeof(info);
	int fd = program_fd(bed->dp, bed->dp->edge->progs.from_guest);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info.id;
}

static char *maps_dir(const struct bed *bed)
{
	return g_strdup_printf("%s/maps-%d", bed->pin_dir, EDGE_LAYOUT);
}

/* The only pin whose name begins with @prefix. */
static char *only_pin(const struct bed *bed, const char *prefix)
{
	g_autofree char *path = maps_dir(bed);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	char *found = NULL;
	const char *name;

	assert_non_null(dir);
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_prefix(name, prefix)) {
			assert_null(found);
			found = g_build_filename(path, name, NULL);
		}
	assert_non_null(found);
	return found;
}

/* Opens anew: are the programs the ones that were there? Whichever they are, they forward. */
static void expect_programs(struct bed *bed, bool adopted)
{
	struct frame frame = udp_frame(MAC2, MAC1, IP1, IP2, 1000, 2000);
	g_autofree char *build = NULL, *stages = NULL;
	u32 before = program_id(bed);

	bed_reopen(bed);
	if (adopted)
		assert_int_equal(program_id(bed), before);
	else
		assert_int_not_equal(program_id(bed), before);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	build = only_pin(bed, "build-");
	stages = only_pin(bed, "stages-");
}

/* Programs of the same build are not loaded again. */
static void test_adopts_programs(void **state)
{
	struct bed *bed = *state;
	g_autofree char *dir = maps_dir(bed), *events = g_build_filename(dir, "events", NULL);
	g_autofree char *other = g_build_filename(dir, "build-0", NULL), *build = NULL;

	expect_programs(bed, true);
	expect_programs(bed, true);
	build = only_pin(bed, "build-");
	assert_int_equal(rename(build, other), 0); /* of another object */
	expect_programs(bed, false);
	expect_programs(bed, true);
	assert_int_equal(unlink(events), 0); /* a map that is made anew */
	expect_programs(bed, false);
	expect_programs(bed, true);
}

/* What was not switched to the end is not taken for it. */
static void test_adopts_no_half_switch(void **state)
{
	struct bed *bed = *state;
	g_autofree char *build = only_pin(bed, "build-");

	assert_int_equal(unlink(build), 0);
	expect_programs(bed, false);
}

/* One byte of the object is another build. */
static void test_digest(void **state)
{
	struct bed *bed = *state;
	const struct bpf_object_skeleton *skeleton = bed->dp->edge->skeleton;
	g_autofree char *dir = maps_dir(bed);
	g_autofree u8 *object = g_memdup2(skeleton->data, skeleton->data_sz);
	g_autofree char *ours = programs_digest(bed->dp, dir, object, skeleton->data_sz);
	g_autofree char *changed = NULL, *pin = only_pin(bed, "build-");

	assert_non_null(ours);
	assert_true(g_str_has_suffix(pin, ours));
	object[skeleton->data_sz / 2] ^= 1;
	changed = programs_digest(bed->dp, dir, object, skeleton->data_sz);
	assert_string_not_equal(ours, changed);
}

/* A process that ended between two writes leaves a receiver of broadcasts that nobody knows, or one
 * twice; the next one mends it. */
static void test_mends_flood_lists(void **state)
{
	struct bed *bed = *state;
	struct frame frame = udp_frame("ff:ff:ff:ff:ff:ff", MAC1, IP1, "10.0.0.255", 1000, 2000);
	u32 index;

	assert_true(flood_add(bed->dp, VNI, FLOOD_PORT, bed->ifindex[BED_GUEST2], &index, NULL));
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	bed_expect(bed, BED_GUEST2, frame);
	bed_reopen(bed);
	bed_send(bed, BED_GUEST1, frame);
	bed_expect(bed, BED_GUEST2, frame);
	bed_expect_nothing(bed, BED_GUEST2);
}

/* The project of the two guests has its number again. */
static void expect_project(const struct bed *bed)
{
	static const u8 project[16] = { 0xdd };
	u32 number = GPOINTER_TO_UINT(g_hash_table_lookup(bed->dp->project_numbers, project));

	assert_int_not_equal(number, 0);
	assert_int_equal(bed->dp->projects[number].n_ports, 2);
}

/* A route within another that leads to the same place is there when the other goes. */
static void test_routes_within_routes(void **state)
{
	struct bed *bed = *state;
	struct dp_route route = { .router = 1, .kind = DP_ROUTE_BLACKHOLE };
	static const char *const prefixes[] = { "172.16.0.0/12", "172.21.0.0/16" };

	for (int i = 0; i < 2; i++) {
		assert_true(prefix_parse(prefixes[i], &route.prefix));
		assert_true(dp_route_put(bed->dp, &route, NULL));
	}
	assert_int_equal(bed->dp->n_entries[TABLE_ROUTES], 2);
	assert_true(prefix_parse(prefixes[0], &route.prefix));
	assert_true(dp_route_delete(bed->dp, route.router, &route.prefix, NULL));
	bed_reopen(bed); /* counts what the kernel has */
	expect_project(bed);
	assert_int_equal(bed->dp->n_entries[TABLE_ROUTES], 1);
	assert_true(prefix_parse(prefixes[1], &route.prefix));
	assert_true(dp_route_delete(bed->dp, route.router, &route.prefix, NULL));
	assert_int_equal(bed->dp->n_entries[TABLE_ROUTES], 0);
}

/* A full table costs speed, not packets. */
static void test_forwards_with_a_full_flow_table(void **state)
{
	enum { ENTRIES = 16 };
	struct bed *bed = *state;
	struct dp_options options = { .pin_dir = bed->pin_dir, .flow_entries = ENTRIES };
	struct dp_usage usage;

	dp_close(bed->dp);
	assert_true(dp_destroy(bed->pin_dir, NULL));
	assert_true(dp_open(&options, &bed->dp, NULL));
	bed_populate(bed);
	for (u16 port = 1; port <= 4 * ENTRIES; port++) {
		struct frame frame = udp_frame(MAC2, MAC1, IP1, IP2, port, 2000);

		bed_send(bed, BED_GUEST1, frame);
		bed_expect(bed, BED_GUEST2, frame);
	}
	assert_true(dp_usage(bed->dp, &usage, NULL));
	assert_int_equal(usage.flows_max, 2 * ENTRIES);
	assert_in_range(usage.flow_table_full, 1, 3 * ENTRIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_switches_layouts),
		cmocka_unit_test(test_adopts_programs),
		cmocka_unit_test(test_adopts_no_half_switch),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_mends_flood_lists),
		cmocka_unit_test(test_routes_within_routes),
		cmocka_unit_test(test_forwards_with_a_full_flow_table),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
