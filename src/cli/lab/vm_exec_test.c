/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtual machine's serial port gives is told apart, however it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lab/vm.h"

static const char stream[] =
	"left over\nWEFT-END old 9\n\nWEFT-BEGIN n1\nhello\nWEFT-END n2 3\nworld\nWEFT-END n1 42\n";

static void test_output_is_found_in_any_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < sizeof(stream); piece++) {
		g_autoptr(GString) text = g_string_new(NULL);
		struct vm_output output;

		vm_output_init(&output, "n1");
		for (size_t at = 0; at < strlen(stream); at += piece) {
			assert_false(output.done);
			vm_output_feed(&output, stream + at, MIN(piece, strlen(stream) - at), text);
		}
		assert_true(output.done);
		assert_int_equal(output.status, 42);
		assert_string_equal(text->str, "hello\nWEFT-END n2 3\nworld");
		vm_output_clear(&output);
	}
}

static void test_output_may_be_empty(void **state)
{
	static const char empty[] = "\nWEFT-BEGIN x\n\nWEFT-END x 0\n";
	g_autoptr(GString) text = g_string_new(NULL);
	struct vm_output output;

	(void)state;
	vm_output_init(&output, "x");
	vm_output_feed(&output, empty, strlen(empty), text);
	assert_true(output.done);
	assert_int_equal(output.status, 0);
	assert_string_equal(text->str, "");
	vm_output_clear(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_is_found_in_any_pieces),
		cmocka_unit_test(test_output_may_be_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
