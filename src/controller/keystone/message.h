/* SPDX-License-Identifier: Apache-2.0 */
/* What Keystone is sent, and what its answers mean. */
#pragma once

#include "controller/keystone/keystone.h"

/* The body of a log-in by the configuration's password; g_free. */
char *keystone_login_body(const struct config_keystone *config);

/* When the token that the answer's body describes expires. False: it describes none. */
bool keystone_read_expiry(const char *body, size_t len, s64 *ret);

/* A VALID verdict from the body of a token's description; NULL: it is none. */
struct keystone_verdict *keystone_read_verdict(
	const char *body, size_t len, const struct policy *policy);
struct keystone_verdict *keystone_verdict_new(enum keystone_result result);
