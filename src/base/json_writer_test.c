/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/json_writer.h"

static void commas_and_nesting(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	(void)state;
	jw_begin_object(&w);
	jw_member_int(&w, "a", -9223372036854775807 - 1);
	jw_key(&w, "b");
	jw_begin_array(&w);
	jw_bool(&w, true);
	jw_null(&w);
	jw_begin_object(&w);
	jw_end_object(&w);
	jw_begin_array(&w);
	jw_end_array(&w);
	jw_end_array(&w);
	jw_member_raw(&w, "c", "[1]");
	jw_member_string(&w, "d", NULL);
	jw_raw_key(&w, "\"e\":", 4);
	jw_int(&w, 0);
	jw_end_object(&w);
	assert_string_equal(text->str,
		"{\"a\":-9223372036854775808,\"b\":[true,null,{},[]],\"c\":[1],\"d\":null,\"e\":0}");
}

/* What is written is read back equal by jansson, whatever the bytes. */
static void escaping_round_trip(void **state)
{
	static const char *const values[] = { "", "plain", "\"\\/\b\f\n\r\t", "\x01\x1f\x7f",
		"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "</script>", "a\xc3\xa9\"b" };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		struct json_writer w = json_writer_on(text);

		jw_string(&w, values[i]);
		json_t *back = json_loads(text->str, JSON_DECODE_ANY, NULL);

		assert_non_null(back);
		assert_string_equal(json_string_value(back), values[i]);
		json_decref(back);
	}
}

static void invalid_utf8_is_replaced(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	(void)state;
	jw_string(&w, "a\xff"
		      "b\xe2\x82");
	assert_string_equal(text->str, "\"a\xef\xbf\xbd"
				       "b\xef\xbf\xbd\xef\xbf\xbd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_and_nesting),
		cmocka_unit_test(escaping_round_trip),
		cmocka_unit_test(invalid_utf8_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
