/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as text (PEM). Inside of lb_certificate.c. */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "base/types.h"

/* Both anew, as HAProxy takes them: the key is the certificate's, not encrypted, and neither is too
 * weak for it. g_free() both. BAD_REQUEST says what is wrong. */
bool lb_pem_check(
	const char *chain, const char *key, char **ret_chain, char **ret_key, GError **error);

/* The names that the first one is for; json_decref(). */
json_t *lb_pem_names(const char *chain);
/* Seconds since the epoch; 0: not known. */
s64 lb_pem_not_after(const char *chain);
