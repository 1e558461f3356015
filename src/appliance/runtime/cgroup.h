/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of an appliance: a group of cgroup v2 (cgroups(7)) of its own. */
#pragma once

#include "base/error.h"
#include "base/types.h"

/* Where cgroup v2 is mounted, from the text of /proc/self/mountinfo; NULL: it is not. g_free(). */
char *cgroup_mount(const char *mountinfo);

/* Makes @mount/weft-appliance/@name with the limits (0: none), and at most 1024 processes where the
 * kernel can count them; the folder in *ret, g_free().
 * UNAVAILABLE when the kernel lacks what a limit needs: no appliance runs without the limits that
 * it was given. */
bool cgroup_make(const char *mount, const char *name, u32 cpu_percent, u32 memory_mib, char **ret,
	GError **error);

/* How many of its processes the kernel has killed because they needed more memory than its limit.
 */
u64 cgroup_kills(const char *folder);

/* Ends all that is in it, and removes it. */
void cgroup_remove(const char *folder);
