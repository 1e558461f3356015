/* SPDX-License-Identifier: Apache-2.0 */
/* What a listener of HTTP does with requests that rules (lb_l7rule.h) match, instead of giving them
 * to its default pool. */
#pragma once

#include "model/balancer/load_balancer.h"

#define LB_L7RULES_MAX 32 /* of a policy */

enum lb_l7policy_slot {
	LB_L7POLICY_LISTENER_ID = N_STANDARD_SLOTS,
	LB_L7POLICY_ACTION,
	LB_L7POLICY_POSITION,
	LB_L7POLICY_POOL_ID,
	LB_L7POLICY_URL,
	LB_L7POLICY_PREFIX,
	LB_L7POLICY_CODE,
	LB_L7POLICY_ADMIN_STATE_UP,
	LB_L7POLICY_RULES, /* computed, and what follows */
	LB_L7POLICY_PROVISIONING,
	LB_L7POLICY_OPERATING,
	N_LB_L7POLICY_SLOTS
};

enum lb_l7policy_index {
	LB_L7POLICY_BY_NAME,
	LB_L7POLICY_BY_PROJECT,
	LB_L7POLICY_BY_LISTENER,
	LB_L7POLICY_BY_POOL,
	N_LB_L7POLICY_INDEXES
};

extern const struct kind lb_l7policy_kind;
