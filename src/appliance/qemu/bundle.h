/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a machine the one that it is: settings, credential, certificates, as a tar (ustar,
 * POSIX 1003.1-1988) that is a whole disk. It is in memory and goes with who has it open. */
#pragma once

#include "base/error.h"

struct certificates;

/* A descriptor for reading alone, or -1. */
int bundle_open(const char *credential, const struct certificates *certificates, GError **error);
