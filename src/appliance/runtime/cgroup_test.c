/* SPDX-License-Identifier: Apache-2.0 */
/* Against a folder that stands in for cgroup v2 as far as it is written to: that the kernel keeps
 * what is written is for test/system to see, where it has the controllers (Z28, Z40). */
#include "appliance/runtime/cgroup.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void put(const char *mount, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(mount, name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	assert_return_code(g_mkdir_with_parents(folder, 0755), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *get(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static char *make_mount(const char *controllers)
{
	char *mount = g_dir_make_tmp("cgroup-XXXXXX", NULL);

	put(mount, "cgroup.controllers", controllers);
	put(mount, "cgroup.subtree_control", "");
	put(mount, "weft-appliance/cgroup.subtree_control", "");
	put(mount, "weft-appliance/a/cpu.max", "");
	put(mount, "weft-appliance/a/memory.max", "");
	put(mount, "weft-appliance/a/memory.swap.max", "9");
	put(mount, "weft-appliance/a/pids.max", "max");
	return mount;
}

static void remove_mount(const char *mount)
{
	static const char *const names[] = { "weft-appliance/a/cpu.max",
		"weft-appliance/a/memory.max", "weft-appliance/a/memory.swap.max",
		"weft-appliance/a/pids.max", "weft-appliance/a",
		"weft-appliance/cgroup.subtree_control", "weft-appliance", "cgroup.subtree_control",
		"cgroup.controllers", "" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(mount, names[i], NULL);

		g_remove(path);
	}
}

static void assert_file(const char *folder, const char *name, const char *text)
{
	g_autofree char *found = get(folder, name);

	assert_string_equal(found, text);
}

static void test_limits(void **state)
{
	g_autofree char *mount = make_mount("cpuset cpu io memory pids\n");
	g_autofree char *folder = NULL;

	(void)state;
	assert_true(cgroup_make(mount, "a", 150, 128, &folder, NULL));
	assert_true(g_str_has_suffix(folder, "/weft-appliance/a"));
	assert_file(folder, "cpu.max", "150000 100000");
	assert_file(folder, "memory.max", "134217728");
	assert_file(folder, "memory.swap.max", "0");
	assert_file(folder, "pids.max", "1024");
	remove_mount(mount);
}

/* What is not limited is left as it is, and the controller that is needed is switched on all the
 * way down. */
static void test_one_limit(void **state)
{
	g_autofree char *mount = make_mount("cpu memory\n");
	g_autofree char *folder = NULL;

	(void)state;
	assert_true(cgroup_make(mount, "a", 25, 0, &folder, NULL));
	assert_file(folder, "cpu.max", "25000 100000");
	assert_file(folder, "memory.max", "");
	assert_file(folder, "pids.max", "max");
	assert_file(mount, "cgroup.subtree_control", "+cpu");
	assert_file(mount, "weft-appliance/cgroup.subtree_control", "+cpu");
	remove_mount(mount);
}

/* A limit that can't be kept is refused, not forgotten. */
static void test_no_controller(void **state)
{
	g_autofree char *mount = make_mount("cpuset cpu\n");
	g_autofree char *folder = NULL;
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_false(cgroup_make(mount, "a", 0, 128, &folder, &error));
	assert_non_null(strstr(error->message, "no controller \"memory\""));
	assert_int_equal(error->code, WEFT_ERROR_UNAVAILABLE);
	remove_mount(mount);
}

static void test_kills(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("cgroup-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "memory.events", NULL);

	(void)state;
	assert_int_equal(cgroup_kills(folder), 0);
	put(folder, "memory.events",
		"low 0\nhigh 0\nmax 71\noom 4\noom_kill 3\noom_group_kill 9\n");
	assert_int_equal(cgroup_kills(folder), 3);
	g_remove(path);
	g_remove(folder);
}

static void test_mount(void **state)
{
	const char *both =
		"24 1 0:22 / /proc rw,nosuid - proc proc rw\n"
		"30 23 0:26 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw,nsdelegate\n";
	g_autofree char *found = cgroup_mount(both);

	(void)state;
	assert_string_equal(found, "/sys/fs/cgroup/unified");
	assert_null(cgroup_mount("24 1 0:22 / /proc rw,nosuid - proc proc rw\n"));
	assert_null(cgroup_mount(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_one_limit),
		cmocka_unit_test(test_no_controller),
		cmocka_unit_test(test_kills),
		cmocka_unit_test(test_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
