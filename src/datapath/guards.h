/* SPDX-License-Identifier: Apache-2.0 */
/* What guards.c and guard_compile.c have in common. */
#pragma once

#include "datapath/firewall.h"

/* The firewall groups that a rule is about. */
struct guard_groups {
	struct name names[2]; /* source and destination; zero: any */
	u32 numbers[2];
};

/* The sets of a policy's rules: struct guard_key → struct guard_set, both owned. @groups: struct
 * guard_groups by rule. */
GHashTable *guard_compile(u32 policy, const struct dp_guard_policy *wanted, const GArray *groups);
