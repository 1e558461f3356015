/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/settings.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct bed {
	char *folder, *config, *credential;
};

static int make_bed(void **state)
{
	struct bed *bed = g_new0(struct bed, 1);

	bed->folder = g_dir_make_tmp("settings-XXXXXX", NULL);
	bed->config = g_build_filename(bed->folder, "appliance.conf", NULL);
	bed->credential = g_build_filename(bed->folder, "credential", NULL);
	g_file_set_contents_full(
		bed->credential, "0123456789abcdef\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
	*state = bed;
	return 0;
}

static int remove_bed(void **state)
{
	struct bed *bed = *state;

	g_unlink(bed->config);
	g_unlink(bed->credential);
	g_rmdir(bed->folder);
	g_free(bed->folder);
	g_free(bed->config);
	g_free(bed->credential);
	g_free(bed);
	return 0;
}

static struct settings *load(const struct bed *bed, const char *lines, GError **error)
{
	g_autofree char *text =
		g_strdup_printf("[appliance]\ncredential-file = %s\n%s", bed->credential, lines);

	assert_true(g_file_set_contents(bed->config, text, -1, NULL));
	return settings_load(bed->config, error);
}

static void test_good(void **state)
{
	g_autoptr(settings) settings = load(*state, "listen = 127.0.0.1:9797\n", NULL);

	assert_non_null(settings);
	assert_string_equal(settings->credential, "0123456789abcdef");
	assert_string_equal(settings->folder, "/run/weft-appliance");
}

static void assert_refused(const struct bed *bed, const char *lines, const char *says)
{
	g_autoptr(GError) error = NULL;

	assert_null(load(bed, lines, &error));
	if (!strstr(error->message, says))
		fail_msg("\"%s\" does not say \"%s\"", error->message, says);
}

static void test_refused(void **state)
{
	const struct bed *bed = *state;

	assert_refused(bed, "", "listen: must be");
	assert_refused(bed, "listen = 192.0.2.5:9797\n", "in clear");
	assert_refused(bed, "listen = 127.0.0.1:1\ntls-cert = /x\n", "only one is given");
	assert_refused(bed, "listen = 127.0.0.1:1\nfolder = a\n", "absolute path");
	assert_refused(bed, "listen = 127.0.0.1:1\nfolder = /a,b\n", "without spaces");
	assert_refused(bed, "port = 1\n", "\"port\" is not a known key");
	assert_return_code(g_chmod(bed->credential, 0644), 0);
	assert_refused(bed, "listen = 127.0.0.1:1\n", "chmod 600");
	assert_true(g_file_set_contents_full(
		bed->credential, "short", -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
	assert_return_code(g_chmod(bed->credential, 0600), 0);
	assert_refused(bed, "listen = 127.0.0.1:1\n", "at least 16");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, make_bed, remove_bed),
		cmocka_unit_test_setup_teardown(test_refused, make_bed, remove_bed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
