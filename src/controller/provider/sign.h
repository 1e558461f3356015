/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of webhooks. */
#pragma once

#include <glib.h>

#include "base/types.h"

/* What a request asks for: another @event would make something else of the same body. */
struct provider_signed {
	s64 timestamp;
	const char *event, *digest; /* @digest NULL: none */
	const char *body;
};

/* "sha256=" and, in hex, the HMAC-SHA256 of TIMESTAMP "." EVENT "." DIGEST "." BODY with @secret;
 * g_free. */
char *provider_sign(const char *secret, const struct provider_signed *what);
