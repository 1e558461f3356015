/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/images.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void assert_has(const char *line, const char *part)
{
	if (!strstr(line, part))
		fail_msg("\"%s\" is not in: %s", part, line);
}

static void test_kvm_needs_a_processor(void **state)
{
	(void)state;
	assert_true(kvm_is_here("flags\t\t: fpu vmx sse\n", "/dev/null"));
	assert_true(kvm_is_here("x: 1\nflags\t: fpu sse svm\n", "/dev/null"));
	assert_false(kvm_is_here("flags\t\t: fpu svmx sse\nbugs\t: vmx\n", "/dev/null"));
	assert_false(kvm_is_here("flags\t\t: fpu vmx\n", "/nowhere"));
}

static void test_check(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("image-XXXXXX", NULL);
	g_autofree char *kernel = g_build_filename(folder, "vmlinuz", NULL);
	GError *error = NULL;

	(void)state;
	assert_false(image_check("/nowhere/a.qcow2", &error));
	assert_has(error->message, "is not there; tools/build-appliance");
	g_clear_error(&error);
	assert_true(g_file_set_contents(kernel, "", -1, NULL));
	assert_false(image_check(folder, &error));
	assert_has(error->message, "lacks initramfs");
	g_clear_error(&error);
	g_unlink(kernel);
	g_rmdir(folder);
}

static void put(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_return_code(g_mkdir_with_parents(parent, 0755), 0);
	assert_true(g_file_set_contents(path, "", -1, NULL));
}

/* Half of one is none, nor is what else lies there. */
static void test_list(void **state)
{
	static const char *const files[] = { "b/vmlinuz", "b/initramfs", "half/vmlinuz", "a.qcow2",
		"c.raw", "manifest.json", ".hidden.raw" };
	g_autofree char *folder = g_dir_make_tmp("images-XXXXXX", NULL), *line = NULL;
	g_auto(GStrv) names = NULL, none = images_list("/nowhere");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		put(folder, files[i]);
	names = images_list(folder);
	line = g_strjoinv(" ", names);
	assert_string_equal(line, "a.qcow2 b c.raw");
	assert_null(none[0]);
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(folder, files[i], NULL);

		g_unlink(path);
	}
	for (size_t i = 0; i < 2; i++) {
		g_autofree char *path = g_build_filename(folder, i ? "half" : "b", NULL);

		g_rmdir(path);
	}
	assert_return_code(g_rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kvm_needs_a_processor),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
