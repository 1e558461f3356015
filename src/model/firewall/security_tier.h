/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiers of the provider's firewall, which no project can override: each holds policies
 * (security_policy.h), and is asked before or behind the security groups. Lower priorities first.
 */
#pragma once

#include "model/txn.h"

enum security_tier_slot {
	SECURITY_TIER_PRIORITY = N_STANDARD_SLOTS,
	SECURITY_TIER_BASELINE,
	N_SECURITY_TIER_SLOTS
};

enum security_tier_index {
	SECURITY_TIER_BY_NAME,	   /* unique */
	SECURITY_TIER_BY_PRIORITY, /* unique */
	N_SECURITY_TIER_INDEXES
};

#define SECURITY_TIERS_MAX 8 /* as many as the edge asks at a port */
#define SECURITY_PRIORITY_MAX 65535

extern const struct kind security_tier_kind;
