/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/files.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "appliance/document/test_document.h"

static void make(const char *folder, struct rendered *ret)
{
	const struct render_place place = { folder, 9797 };
	g_autoptr(document) document = document_parse(TEST_WHOLE, strlen(TEST_WHOLE), NULL);

	render(document, &place, ret);
}

static void assert_same_digests(const char *folder, const struct rendered *rendered)
{
	g_autofree char *here = files_digest_on_disk(folder);
	g_autofree char *wanted = files_digest(rendered);

	assert_string_equal(here, wanted);
}

static void remove_all(const char *folder)
{
	for (unsigned i = 0; i < RENDER_FILES; i++) {
		g_autofree char *path = g_build_filename(folder, render_kinds[i].name, NULL);

		assert_return_code(g_unlink(path), 0);
	}
	assert_return_code(g_rmdir(folder), 0);
}

/* A file that is edited, and one that is gone, are found and made anew; the others are left. */
static void test_drift(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("appliance-XXXXXX", NULL);
	g_autofree char *edited = g_build_filename(folder, "dhcp-hosts", NULL);
	g_autofree char *gone = g_build_filename(folder, "nftables.conf", NULL);
	g_autofree char *first = NULL, *second = NULL;
	struct rendered rendered;
	unsigned changed;

	(void)state;
	make(folder, &rendered);
	assert_true(files_write(folder, &rendered, &changed, NULL));
	assert_int_equal(changed, (1u << RENDER_FILES) - 1);
	assert_same_digests(folder, &rendered);
	first = files_digest_on_disk(folder);
	assert_true(files_write(folder, &rendered, &changed, NULL));
	assert_int_equal(changed, 0);
	assert_true(g_file_set_contents(edited, "x", -1, NULL));
	assert_return_code(g_unlink(gone), 0);
	assert_int_equal(
		files_drift(folder, &rendered), 1u << RENDER_DHCP_HOSTS | 1u << RENDER_NFTABLES);
	second = files_digest_on_disk(folder);
	assert_string_not_equal(first, second);
	assert_true(files_write(folder, &rendered, &changed, NULL));
	assert_int_equal(changed, 1u << RENDER_DHCP_HOSTS | 1u << RENDER_NFTABLES);
	assert_same_digests(folder, &rendered);
	remove_all(folder);
	rendered_clear(&rendered);
}

/* One that is edited is made anew, and one that nobody wants is removed: keys don't stay. */
static void test_certificates(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("appliance-XXXXXX", NULL);
	g_autofree char *own = g_build_filename(folder, RENDER_CERTIFICATES_FOLDER, NULL);
	g_autofree char *name = render_certificate_name("a");
	g_autofree char *path = g_build_filename(own, name, NULL);
	struct rendered rendered;
	GStatBuf info;
	unsigned changed;

	(void)state;
	make(folder, &rendered);
	g_tree_insert(rendered.certificates, g_strdup(name), g_strdup("a"));
	assert_true(files_write(folder, &rendered, &changed, NULL));
	assert_int_equal(changed, (1u << RENDER_THINGS) - 1);
	assert_same_digests(folder, &rendered);
	assert_return_code(g_stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_true(g_file_set_contents(path, "b", -1, NULL));
	assert_int_equal(files_drift(folder, &rendered), 1u << RENDER_CERTIFICATES);
	assert_true(files_write(folder, &rendered, &changed, NULL));
	assert_same_digests(folder, &rendered);
	g_tree_remove(rendered.certificates, name);
	assert_int_equal(files_drift(folder, &rendered), 1u << RENDER_CERTIFICATES);
	assert_true(files_write(folder, &rendered, &changed, NULL));
	assert_int_equal(g_access(own, F_OK), -1);
	remove_all(folder);
	rendered_clear(&rendered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
