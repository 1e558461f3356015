/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "controller/identity/token.h"

static const struct token_key key = { "0123456789abcdef0123456789abcde" };

static struct token sample(void)
{
	return (struct token){ .methods = TOKEN_METHOD_PASSWORD | TOKEN_METHOD_TOKEN,
		.scope = TOKEN_PROJECT,
		.audit = uuid_random(),
		.user = uuid_random(),
		.scope_id = uuid_random(),
		.generation = 7,
		.issued_at = 1700000000,
		.expires_at = 1700003600 };
}

static void test_opens_what_was_sealed(void **state)
{
	struct token token = sample(), opened;
	g_autofree char *text = token_seal(&token, &key), *again = token_seal(&token, &key);

	(void)state;
	assert_string_not_equal(text, again);
	assert_true(token_open(text, &key, &opened));
	assert_int_equal(opened.methods, token.methods);
	assert_int_equal(opened.scope, TOKEN_PROJECT);
	assert_true(uuid_equal(&opened.user, &token.user));
	assert_true(uuid_equal(&opened.scope_id, &token.scope_id));
	assert_true(uuid_equal(&opened.audit, &token.audit));
	assert_true(uuid_is_zero(&opened.app_credential));
	assert_int_equal(opened.generation, 7);
	assert_int_equal(opened.issued_at, token.issued_at);
	assert_int_equal(opened.expires_at, token.expires_at);
}

static void test_refuses_all_else(void **state)
{
	struct token token = sample(), opened;
	struct token_key other = { "another" };
	g_autofree char *text = token_seal(&token, &key);
	size_t len = strlen(text);

	(void)state;
	assert_false(token_open(text, &other, &opened));
	assert_false(token_open("", &key, &opened));
	for (size_t i = 0; i < len; i++) {
		char kept = text[i];

		text[i] = kept == 'A' ? 'B' : 'A';
		assert_false(token_open(text, &key, &opened));
		text[i] = kept;
	}
	text[len - 1] = '\0';
	assert_false(token_open(text, &key, &opened));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_what_was_sealed),
		cmocka_unit_test(test_refuses_all_else),
	};

	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
