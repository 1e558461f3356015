/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "sync/line.h"

static struct sync_message parse(const char *line)
{
	g_autoptr(GError) error = NULL;
	struct sync_message message;

	if (!sync_line_parse(line, strlen(line), &message, &error))
		fail_msg("%s: %s", line, error->message);
	return message;
}

static void what_is_written_parses_back(void **state)
{
	g_autoptr(GString) out = g_string_new(NULL);

	(void)state;
	sync_write_put(out, "network", "n\"1\n", "network/n1", 12, "{\"vni\":7}");
	assert_int_equal(out->str[out->len - 1], '\n');
	g_string_truncate(out, out->len - 1);
	struct sync_message message = parse(out->str);
	assert_int_equal(message.op, SYNC_PUT);
	assert_string_equal(message.kind, "network");
	assert_string_equal(message.id, "n\"1\n");
	assert_string_equal(message.scope, "network/n1");
	assert_int_equal(message.rev, 12);
	assert_int_equal(json_integer_value(json_object_get(message.data, "vni")), 7);
	sync_message_clear(&message);

	g_string_truncate(out, 0);
	sync_write_hello(out, "id", "h1", "store", 9, SYNC_SNAPSHOT);
	message = parse(out->str);
	assert_int_equal(message.op, SYNC_HELLO);
	assert_int_equal(message.mode, SYNC_SNAPSHOT);
	assert_string_equal(message.store, "store");
	assert_int_equal(message.rev, 9);
	sync_message_clear(&message);
}

static void every_op_round_trips(void **state)
{
	g_autoptr(GString) out = g_string_new(NULL);
	static const enum sync_op expected[] = { SYNC_HELLO, SYNC_PUT, SYNC_DELETE, SYNC_DROP,
		SYNC_SYNC, SYNC_PING };

	(void)state;
	sync_write_hello(out, "id", "h1", "s", 1, SYNC_RESUME);
	sync_write_put(out, "port", "p", "host/h", 2, "{}");
	sync_write_delete(out, "port", "p", "host/h", 3);
	sync_write_drop(out, "network/n", 4);
	sync_write_sync(out, 5);
	sync_write_ping(out);
	g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		struct sync_message message = parse(lines[i]);

		assert_int_equal(message.op, expected[i]);
		sync_message_clear(&message);
	}
}

static void refuses_what_is_wrong(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{", "{\"op\":1}", "{\"op\":\"sync\"}", "{\"op\":\"sync\",\"rev\":-1}",
		"{\"op\":\"sync\",\"rev\":\"1\"}", "{\"op\":\"sync\",\"rev\":1}x",
		"{\"op\":\"sync\",\"rev\":1,\"rev\":2}",
		"{\"op\":\"put\",\"kind\":\"a\",\"id\":\"b\",\"scope\":\"c\",\"rev\":1}",
		"{\"op\":\"put\",\"kind\":\"a\",\"id\":\"\",\"scope\":\"c\",\"rev\":1,\"data\":{}}",
		"{\"op\":\"delete\",\"kind\":\"a\",\"id\":\"b\",\"rev\":1}",
		"{\"op\":\"hello\",\"host\":\"a\",\"name\":\"b\",\"store\":\"c\",\"revision\":1,\"mode\":\"x\"}"
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		struct sync_message message;

		if (sync_line_parse(bad[i], strlen(bad[i]), &message, &error))
			fail_msg("accepted: %s", bad[i]);
		assert_true(g_error_matches(error, WEFT_ERROR, WEFT_ERROR_BAD_REQUEST));
	}
}

static void a_newer_op_is_told_apart(void **state)
{
	g_autoptr(GError) error = NULL;
	struct sync_message message;
	const char *line = "{\"op\":\"fold\",\"rev\":1}";

	(void)state;
	assert_false(sync_line_parse(line, strlen(line), &message, &error));
	assert_true(g_error_matches(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND));
}

static bool collect(const char *line, size_t len, void *data, GError **error)
{
	(void)error;
	g_ptr_array_add(data, g_strndup(line, len));
	return true;
}

static void splits_at_every_cut(void **state)
{
	const char *text = "one\ntwo\n\nthree\nrest";

	(void)state;
	for (size_t cut = 0; cut <= strlen(text); cut++) {
		g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
		struct sync_splitter splitter;

		sync_splitter_init(&splitter);
		assert_true(sync_splitter_feed(&splitter, text, cut, collect, lines, NULL));
		assert_true(sync_splitter_feed(
			&splitter, text + cut, strlen(text) - cut, collect, lines, NULL));
		assert_int_equal(lines->len, 4);
		assert_string_equal(lines->pdata[1], "two");
		assert_string_equal(lines->pdata[2], "");
		assert_string_equal(lines->pdata[3], "three");
		sync_splitter_clear(&splitter);
	}
}

static void bounds_the_line(void **state)
{
	g_autofree char *long_text = g_strnfill(SYNC_LINE_MAX + 1, 'x');
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	struct sync_splitter splitter;

	(void)state;
	sync_splitter_init(&splitter);
	assert_false(sync_splitter_feed(
		&splitter, long_text, SYNC_LINE_MAX + 1, collect, lines, &error));
	assert_true(g_error_matches(error, WEFT_ERROR, WEFT_ERROR_TOO_LARGE));
	sync_splitter_clear(&splitter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_parses_back),
		cmocka_unit_test(every_op_round_trips),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(a_newer_op_is_told_apart),
		cmocka_unit_test(splits_at_every_cut),
		cmocka_unit_test(bounds_the_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
