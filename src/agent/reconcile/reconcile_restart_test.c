/* SPDX-License-Identifier: Apache-2.0 */
/* What restarts, snapshots and lost files change in the datapath. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/reconcile/reconcile_bed.h"

static void a_restart_changes_nothing(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	close_view(); /* the process ends; the datapath stays */
	open_view();
	assert_int_equal(view->revision, 1);
	assert_string_equal(view->store, "s");
	struct uuid port;
	struct link device = { .ifindex = 12,
		.name = "weft-none12",
		.kind = "veth",
		.mtu_bytes = 1442,
		.flags = IFF_UP };
	assert_true(uuid_parse(PORT, &port));
	desired_set_device(desired, &port, &device);
	g_free(fake_take());
	reconcile_all(&reconcile);
	g_autofree char *calls = fake_take();
	assert_null(strstr(calls, "del"));
	expect_content(WHOLE);
}

static void a_snapshot_sweeps_what_it_does_not_name(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put_endpoint(FAR2, PEER, 9, "");
	sync_now();
	g_free(fake_take());
	snapshot();
	g_autofree char *calls = fake_take();
	assert_non_null(strstr(calls, "del endpoint 7 fa:16:3e:00:00:09\n"));
	assert_non_null(strstr(calls, "del neighbour 7 10.0.0.9\n"));
	expect_content(WHOLE);
	close_view();
	open_view(); /* the file has forgotten it too */
	assert_int_equal(g_hash_table_size(desired->endpoints), 2);
}

static void a_broken_off_snapshot_sweeps_nothing(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	hello("snapshot");
	put_host();
	hello("snapshot"); /* a new connection; the first never said sync */
	assert_int_equal(view->revision, 1);
	expect_content(WHOLE);
	assert_int_equal(g_hash_table_size(desired->endpoints), 2);
}

static void a_lost_view_costs_nothing(void **state)
{
	g_autofree char *path = g_build_filename(folder, "view", NULL);
	g_autofree char *before = NULL, *after = NULL;

	(void)state;
	snapshot();
	plug(12);
	put_endpoint(FAR2, PEER, 9, "");
	sync_now();
	before = fake_content();
	close_view();
	unlink(path);
	open_view();
	reconcile.partial = true;
	reconcile_all(&reconcile);
	plug(12);
	reconcile_all(&reconcile);
	after = fake_content();
	assert_string_equal(after, before);
	snapshot(); /* which no longer names the endpoint */
	expect_content(WHOLE);
}

static void lost_interest_leaves_no_trace(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	line("{\"op\":\"delete\",\"kind\":\"port\",\"id\":\"" PORT "\",\"scope\":\"host/" ME
	     "\",\"rev\":2}");
	line("{\"op\":\"drop\",\"scope\":\"" N_SCOPE "\",\"rev\":2}");
	assert_int_equal(n_deleted, 0);
	sync_now();
	assert_int_equal(n_deleted, 1);
	expect_content("uplinks eth0 192.0.2.1 2001:db8::1\n");
	assert_int_equal(g_hash_table_size(desired->networks), 0);
	assert_int_equal(g_hash_table_size(desired->endpoints), 0);
	plug(0);
	assert_int_equal(g_hash_table_size(desired->ports), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_restart_changes_nothing),
		TEST(a_snapshot_sweeps_what_it_does_not_name),
		TEST(a_broken_off_snapshot_sweeps_nothing),
		TEST(a_lost_view_costs_nothing),
		TEST(lost_interest_leaves_no_trace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
