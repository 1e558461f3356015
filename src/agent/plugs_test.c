/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/plugs.h"

#define A "11111111-0000-4000-8000-000000000001"
#define B "11111111-0000-4000-8000-000000000002"

static char *folder, *path;
static struct plugs *plugs;
static GString *story;

static struct uuid id(const char *text)
{
	struct uuid uuid;

	assert_true(uuid_parse(text, &uuid));
	return uuid;
}

static void changed(const struct uuid *port, const struct link *device, void *data)
{
	struct uuid a = id(A);

	(void)data;
	g_string_append_printf(
		story, "%s:%s ", uuid_equal(port, &a) ? "A" : "B", device ? device->name : "-");
}

static void open_plugs(void)
{
	assert_true(plugs_new(path, changed, NULL, &plugs, NULL));
}

static int set_up(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("plugs-XXXXXX", NULL);
	path = g_build_filename(folder, "plugs", NULL);
	story = g_string_new(NULL);
	open_plugs();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	plugs_free(plugs);
	unlink(path);
	rmdir(folder);
	g_free(path);
	g_free(folder);
	g_string_free(story, TRUE);
	return 0;
}

static struct link device(u32 ifindex, const char *name)
{
	struct link link = { .ifindex = ifindex };

	g_strlcpy(link.name, name, sizeof(link.name));
	return link;
}

static void appears(u32 ifindex, const char *name, const char *alias)
{
	struct link link = device(ifindex, name);

	plugs_link(plugs, &link, alias);
}

static void goes(u32 ifindex, const char *name)
{
	struct link link = device(ifindex, name);

	plugs_link_gone(plugs, &link);
}

static void expect_story(const char *expected)
{
	assert_string_equal(story->str, expected);
	g_string_truncate(story, 0);
}

static bool plug(const char *port, const char *name, GError **error)
{
	struct uuid uuid = id(port);

	return plugs_plug(plugs, &uuid, name, error);
}

static void aliases_are_understood(void **state)
{
	static const char *const good[] = { "iface-id=" A, "iface-id:" A, A, "vm7 iface-id=" A,
		"iface-id=" A ";mac=x" };
	static const char *const bad[] = { "", "iface-id=", "iface-id=x", "x" A };
	struct uuid port;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		assert_true(plugs_parse_alias(good[i], &port));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_false(plugs_parse_alias(bad[i], &port));
}

static void what_was_plugged_comes_back(void **state)
{
	(void)state;
	appears(5, "tap0", "");
	assert_true(plug(A, "tap0", NULL));
	expect_story("A:tap0 ");
	assert_true(plug(A, "tap0", NULL)); /* the same again is fine */
	goes(5, "tap0");
	expect_story("A:- ");
	appears(6, "tap0", "");
	expect_story("A:tap0 ");
	plugs_free(plugs); /* the agent starts again */
	open_plugs();
	appears(6, "tap0", "");
	expect_story("A:tap0 ");
}

static size_t file_size(void)
{
	g_autofree char *text = NULL;
	gsize len;

	assert_true(g_file_get_contents(path, &text, &len, NULL));
	return len;
}

static void the_file_holds_what_counts(void **state)
{
	struct uuid a;

	(void)state;
	uuid_parse(A, &a);
	appears(5, "tap0", "");
	appears(6, "tap1", "");
	assert_true(plug(B, "tap1", NULL));
	for (int i = 0; i < 1000; i++) {
		assert_true(plug(A, "tap0", NULL));
		assert_true(plugs_unplug(plugs, &a, NULL));
	}
	assert_true(file_size() < 10000); /* and not a line for each */
	plugs_free(plugs);
	open_plugs();
	appears(5, "tap0", "");
	appears(6, "tap1", "");
	assert_null(plugs_port(plugs, "tap0"));
	assert_non_null(plugs_port(plugs, "tap1"));
	uuid_parse(B, &a);
	plugs_forget(plugs, &a);
	assert_int_equal(file_size(), 0); /* nothing is plugged: no trace */
	g_string_truncate(story, 0);
}

static void refusals_name_the_cause(void **state)
{
	static const struct {
		const char *port, *device, *says;
		enum weft_error code;
	} cases[] = {
		{ B, "tap0", "into port " A, WEFT_ERROR_DEVICE_BUSY },
		{ A, "tap1", "has device tap0", WEFT_ERROR_IN_USE },
		{ B, "tap9", "no device \"tap9\"", WEFT_ERROR_DEVICE_NOT_FOUND },
	};

	(void)state;
	appears(5, "tap0", "");
	appears(6, "tap1", "");
	assert_true(plug(A, "tap0", NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_false(plug(cases[i].port, cases[i].device, &error));
		assert_int_equal(error->code, cases[i].code);
		assert_non_null(strstr(error->message, cases[i].says));
	}
	expect_story("A:tap0 ");
}

static void an_alias_plugs_and_unplugs(void **state)
{
	(void)state;
	appears(5, "tap0", "");
	expect_story("");
	appears(5, "tap0", "iface-id=" A);
	expect_story("A:tap0 ");
	appears(5, "tap0", "iface-id=" B);
	expect_story("A:- B:tap0 ");
	appears(5, "tap0", "");
	expect_story("B:- ");
}

static void of_two_with_one_alias_the_first_has_the_port(void **state)
{
	(void)state;
	appears(5, "tap0", A);
	appears(6, "tap1", A);
	expect_story("A:tap0 ");
	goes(5, "tap0");
	expect_story("A:- A:tap1 ");
}

static void what_was_said_goes_before_an_alias(void **state)
{
	struct uuid a = id(A);

	(void)state;
	appears(5, "tap0", A);
	appears(6, "tap1", "");
	g_string_truncate(story, 0);
	assert_true(plug(A, "tap1", NULL));
	expect_story("A:- A:tap1 ");
	assert_true(plugs_unplug(plugs, &a, NULL));
	expect_story("A:- A:tap0 "); /* the alias counts again */
}

static void an_alias_is_not_unplugged_by_a_command(void **state)
{
	g_autoptr(GError) error = NULL;
	struct uuid a = id(A), b = id(B);

	(void)state;
	appears(5, "tap0", A);
	assert_false(plugs_unplug(plugs, &a, &error));
	assert_non_null(strstr(error->message, "alias"));
	g_clear_error(&error);
	assert_false(plugs_unplug(plugs, &b, &error));
	assert_int_equal(error->code, WEFT_ERROR_NOT_FOUND);
}

static void a_device_outlives_the_port_it_was_plugged_into(void **state)
{
	struct uuid a = id(A);

	(void)state;
	appears(5, "tap0", "");
	assert_true(plug(A, "tap0", NULL));
	plugs_forget(plugs, &a);
	expect_story("A:tap0 A:- ");
	assert_true(plug(B, "tap0", NULL));
	plugs_free(plugs);
	open_plugs();
	g_string_truncate(story, 0);
	appears(5, "tap0", "");
	expect_story("B:tap0 ");
}

static void a_renamed_device_is_another_one(void **state)
{
	(void)state;
	appears(5, "tap0", "");
	assert_true(plug(A, "tap0", NULL));
	appears(5, "tap7", "");
	expect_story("A:tap0 A:- ");
}

static void listing_again_finds_what_events_lost(void **state)
{
	(void)state;
	appears(5, "tap0", A);
	g_string_truncate(story, 0);
	plugs_scan_begin(plugs);
	appears(6, "tap1", B);
	plugs_scan_end(plugs);
	expect_story("B:tap1 A:- ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aliases_are_understood),
		TEST(what_was_plugged_comes_back),
		TEST(the_file_holds_what_counts),
		TEST(refusals_name_the_cause),
		TEST(an_alias_plugs_and_unplugs),
		TEST(of_two_with_one_alias_the_first_has_the_port),
		TEST(what_was_said_goes_before_an_alias),
		TEST(an_alias_is_not_unplugged_by_a_command),
		TEST(a_device_outlives_the_port_it_was_plugged_into),
		TEST(a_renamed_device_is_another_one),
		TEST(listing_again_finds_what_events_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
