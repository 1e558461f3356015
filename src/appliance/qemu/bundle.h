/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a machine the one that it is: settings, credential, certificate, as a tar (ustar,
 * POSIX 1003.1-1988) that is a whole disk. It is in memory and goes with who has it open. */
#pragma once

#include "base/error.h"

/* A descriptor for reading alone, or -1. */
int bundle_open(const char *credential, const char *certificate, const char *key, GError **error);
