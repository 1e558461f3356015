/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a log-in, and tokens: what is accepted is whole; nothing unsealed is a token. */
#include <string.h>

#include "controller/identity/auth_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	json_t *body = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	const struct token_key key = { "a key of the fuzzer" };
	g_autoptr(GError) error = NULL;
	struct auth_request request;
	struct token token;

	g_assert_false(token_open(text, &key, &token));
	if (body && auth_request_parse(body, &request, &error)) {
		g_assert_cmpuint(request.methods, !=, 0);
		g_assert_true(!(request.methods & TOKEN_METHOD_TOKEN) == !request.token);
		g_assert_true(!(request.methods & TOKEN_METHOD_PASSWORD) == !request.password);
		g_assert_true(!(request.methods & TOKEN_METHOD_APP_CREDENTIAL) == !request.secret);
		g_assert_true(!(request.methods & TOKEN_METHOD_TOTP) == !request.passcode);
		g_assert_true(!request.password || request.user.id || request.user.name);
		g_assert_true(request.scope == TOKEN_UNSCOPED || request.scope_given);
	} else if (body) {
		g_assert_nonnull(error);
	}
	json_decref(body);
	return 0;
}
