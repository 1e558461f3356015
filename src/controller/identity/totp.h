/* SPDX-License-Identifier: Apache-2.0 */
/* Passcodes by time, RFC 6238: HMAC-SHA-1, six digits, 30 s. */
#pragma once

#include <stdbool.h>

#include "base/types.h"

/* Is @passcode that of @secret (base32, RFC 4648, with or without padding) in the step of @now_s or
 * the one before? *@ret_step is the step's number. False for a secret that is none. */
bool totp_fits(const char *secret, const char *passcode, s64 now_s, s64 *ret_step);
