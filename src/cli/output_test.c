/* SPDX-License-Identifier: Apache-2.0 */
/* The four forms of a list and of an object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/output.h"

static const char *const columns[] = { "name", "ips.ip", NULL };

static json_t *rows(void)
{
	return json_loads(
		"[{\"name\":\"a\",\"ips\":[{\"ip\":\"10.0.0.1\"},{\"ip\":\"::1\"}],\"up\":true,\"n\":null},"
		"{\"name\":\"zwölf, \\\"b\\\"\",\"ips\":[],\"up\":false,\"n\":7}]",
		0, NULL);
}

static void expect_list(enum output_format format, const char *wanted_column, const char *text)
{
	g_autoptr(GPtrArray) wanted = wanted_column ? g_ptr_array_new() : NULL;
	json_t *list = rows();

	if (wanted)
		g_ptr_array_add(wanted, (gpointer)wanted_column);
	g_autofree char *printed = output_list_text(format, columns, wanted, list, NULL);

	assert_string_equal(printed, text);
	json_decref(list);
}

static void test_list_is_printed_in_each_format(void **state)
{
	(void)state;
	/* Columns are aligned by characters, not bytes, and nothing trails. */
	expect_list(
		OUTPUT_TABLE, NULL, "NAME        IPS\na           10.0.0.1, ::1\nzwölf, \"b\"  \n");
	expect_list(OUTPUT_VALUE, NULL, "a 10.0.0.1, ::1\nzwölf, \"b\" \n");
	expect_list(OUTPUT_CSV, NULL, "name,ips.ip\na,\"10.0.0.1, ::1\"\n\"zwölf, \"\"b\"\"\",\n");
}

static void test_column_is_chosen(void **state)
{
	(void)state;
	expect_list(OUTPUT_VALUE, "up", "true\nfalse\n");
	expect_list(OUTPUT_VALUE, "UP", "true\nfalse\n");
	expect_list(OUTPUT_VALUE, "n", "\n7\n");
	expect_list(OUTPUT_JSON, "n", "[\n  {\n    \"n\": null\n  },\n  {\n    \"n\": 7\n  }\n]\n");
}

static void test_unknown_column_is_refused_by_name(void **state)
{
	g_autoptr(GPtrArray) wanted = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	json_t *list = rows();

	(void)state;
	g_ptr_array_add(wanted, (gpointer) "colour");
	assert_null(output_list_text(OUTPUT_TABLE, columns, wanted, list, &error));
	assert_string_equal(
		error->message, "there is no column 'colour'; there are: name, ips, up, n");
	json_decref(list);
}

static void test_object_is_printed_in_each_format(void **state)
{
	json_t *object =
		json_pack("{s:s,s:{s:s},s:n}", "name", "a", "agent", "version", "1", "gone");
	g_autofree char *table = output_object_text(OUTPUT_TABLE, NULL, object, NULL);
	g_autofree char *value = output_object_text(OUTPUT_VALUE, NULL, object, NULL);
	g_autofree char *csv = output_object_text(OUTPUT_CSV, NULL, object, NULL);

	(void)state;
	assert_string_equal(table, "name   a\nagent  version=1\ngone   \n");
	assert_string_equal(value, "a\nversion=1\n\n");
	assert_string_equal(csv, "field,value\nname,a\nagent,version=1\ngone,\n");
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_is_printed_in_each_format),
		cmocka_unit_test(test_column_is_chosen),
		cmocka_unit_test(test_unknown_column_is_refused_by_name),
		cmocka_unit_test(test_object_is_printed_in_each_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
