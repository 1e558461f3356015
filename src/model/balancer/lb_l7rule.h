/* SPDX-License-Identifier: Apache-2.0 */
/* What a request must be for a policy (lb_l7policy.h) to apply: all of its rules. */
#pragma once

#include "model/balancer/load_balancer.h"

enum lb_l7rule_slot {
	LB_L7RULE_POLICY_ID = N_STANDARD_SLOTS, /* what it is part of */
	LB_L7RULE_TYPE,
	LB_L7RULE_COMPARE_TYPE,
	LB_L7RULE_KEY,
	LB_L7RULE_VALUE,
	LB_L7RULE_INVERT,
	LB_L7RULE_ADMIN_STATE_UP,
	LB_L7RULE_PROVISIONING,
	LB_L7RULE_OPERATING,
	N_LB_L7RULE_SLOTS
};

enum lb_l7rule_index { LB_L7RULE_BY_PROJECT, LB_L7RULE_BY_POLICY, N_LB_L7RULE_INDEXES };

extern const struct kind lb_l7rule_kind;
