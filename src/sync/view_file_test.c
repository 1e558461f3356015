/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <cmocka.h>

#include "sync/view_file.h"

static char *folder, *path;
static GArray *places; /* struct view_place of what was read at the last open */
static bool needs_snapshot;

static int set_up(void **state)
{
	(void)state;
	folder = g_dir_make_tmp("view-XXXXXX", NULL);
	path = g_build_filename(folder, "view", NULL);
	places = g_array_new(FALSE, FALSE, sizeof(struct view_place));
	return folder ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	rmdir(folder);
	g_free(path);
	g_free(folder);
	g_array_unref(places);
	return 0;
}

static void seen(const struct sync_message *message, struct view_place place, void *data)
{
	(void)message;
	(void)data;
	g_array_append_val(places, place);
}

static struct view_file *open_ok(void)
{
	g_autoptr(GError) error = NULL;
	struct view_file *file;

	g_array_set_size(places, 0);
	if (!view_file_open(path, seen, NULL, &file, &needs_snapshot, &error))
		fail_msg("%s", error->message);
	return file;
}

static struct view_place append_sync(struct view_file *file, u64 rev)
{
	g_autoptr(GString) line = g_string_new(NULL);

	sync_write_sync(line, rev);
	return view_file_append(file, line->str, line->len - 1);
}

static void fill(u64 n)
{
	struct view_file *file = open_ok();

	for (u64 rev = 1; rev <= n; rev++)
		append_sync(file, rev);
	assert_true(view_file_flush(file, NULL));
	view_file_free(file);
}

static void change_file(void (*change)(GString *text))
{
	g_autofree char *bytes = NULL;
	gsize len;

	assert_true(g_file_get_contents(path, &bytes, &len, NULL));
	g_autoptr(GString) text = g_string_new_len(bytes, (gssize)len);
	change(text);
	assert_true(g_file_set_contents(path, text->str, (gssize)text->len, NULL));
}

static void what_is_appended_is_there_again(void **state)
{
	(void)state;
	fill(3);
	struct view_file *file = open_ok();
	assert_false(needs_snapshot);
	assert_int_equal(places->len, 3);
	g_autofree char *line =
		view_file_read(file, g_array_index(places, struct view_place, 1), NULL);
	assert_string_equal(line, "{\"op\":\"sync\",\"rev\":2}");
	struct view_place pending = append_sync(file, 77);
	g_autofree char *unwritten = view_file_read(file, pending, NULL);
	assert_string_equal(unwritten, "{\"op\":\"sync\",\"rev\":77}");
	view_file_free(file);
}

static void tear(GString *text)
{
	g_string_truncate(text, text->len - 5);
}

static void a_torn_tail_is_cut(void **state)
{
	(void)state;
	fill(3);
	change_file(tear);
	view_file_free(open_ok());
	assert_int_equal(places->len, 2);
	assert_false(needs_snapshot);
	fill(1); /* appends behind the cut */
	view_file_free(open_ok());
	assert_int_equal(places->len, 3);
}

static void corrupt_middle(GString *text)
{
	strstr(text->str, "\"rev\":2")[6] = '9';
}

static void a_bad_middle_keeps_the_rest_and_asks_for_a_snapshot(void **state)
{
	(void)state;
	fill(3);
	change_file(corrupt_middle);
	view_file_free(open_ok());
	assert_int_equal(places->len, 2);
	assert_true(needs_snapshot);
}

static void make_future(GString *text)
{
	strstr(text->str, "weft-view 1")[10] = '2';
}

static void a_newer_version_is_refused_and_left_alone(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *before = NULL, *after = NULL;
	struct view_file *file;

	(void)state;
	fill(2);
	change_file(make_future);
	assert_true(g_file_get_contents(path, &before, NULL, NULL));
	assert_false(view_file_open(path, seen, NULL, &file, &needs_snapshot, &error));
	assert_true(g_error_matches(error, WEFT_ERROR, WEFT_ERROR_STORE_VERSION));
	assert_true(g_file_get_contents(path, &after, NULL, NULL));
	assert_string_equal(before, after);
}

static void make_garbage(GString *text)
{
	g_string_assign(text, "\x7f"
			      "ELF\n\n\n");
}

static void garbage_becomes_an_empty_view(void **state)
{
	(void)state;
	fill(2);
	change_file(make_garbage);
	view_file_free(open_ok());
	assert_int_equal(places->len, 0);
	assert_true(needs_snapshot);
	view_file_free(open_ok());
	assert_false(needs_snapshot);
}

static void compaction_keeps_what_is_named_and_the_trailer(void **state)
{
	struct view_file *file = open_ok();
	struct view_place kept[2], *pointers[2] = { &kept[0], &kept[1] };

	(void)state;
	for (u64 rev = 0; rev < 20000; rev++) {
		struct view_place place = append_sync(file, rev);

		if (rev == 7 || rev == 19999)
			kept[rev != 7] = place;
		if (rev == 10000)
			assert_true(view_file_flush(file, NULL));
	}
	assert_true(view_file_flush(file, NULL));
	assert_true(view_file_is_bloated(file));
	assert_true(view_file_compact(file, pointers, 2, "{\"op\":\"ping\"}\n", NULL));
	assert_false(view_file_is_bloated(file));
	g_autofree char *line = view_file_read(file, kept[1], NULL);
	assert_string_equal(line, "{\"op\":\"sync\",\"rev\":19999}");
	append_sync(file, 1);
	view_file_free(file);
	view_file_free(open_ok());
	assert_int_equal(places->len, 4);
	assert_false(needs_snapshot);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_appended_is_there_again),
		TEST(a_torn_tail_is_cut),
		TEST(a_bad_middle_keeps_the_rest_and_asks_for_a_snapshot),
		TEST(a_newer_version_is_refused_and_left_alone),
		TEST(garbage_becomes_an_empty_view),
		TEST(compaction_keeps_what_is_named_and_the_trailer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
