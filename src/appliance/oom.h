/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the machine that the kernel has killed for want of memory. It counts them where
 * nobody is told: memory.events of the machine's control group, or /proc/vmstat of a machine with
 * a kernel of its own, both with a line "oom_kill N". */
#pragma once

#include "base/types.h"

/* Where that is: a path, or "fd:N" of an open file; NULL: nowhere, so nothing is known. Kept. */
void oom_set_source(const char *source);
/* How many there were up to now; 0: none, or it is not known. */
u64 oom_kills(void);
