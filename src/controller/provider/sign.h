/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of webhooks. */
#pragma once

#include <glib.h>

#include "base/types.h"

/* "sha256=" and, in hex, the HMAC-SHA256 of TIMESTAMP "." BODY with @secret; g_free. */
char *provider_sign(const char *secret, s64 timestamp, const char *body, size_t len);
