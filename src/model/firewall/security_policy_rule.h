/* SPDX-License-Identifier: Apache-2.0 */
/* A rule of the provider's firewall: the first of a policy that matches decides. */
#pragma once

#include "model/firewall/security_group_match.h"

enum security_policy_rule_slot {
	SECURITY_POLICY_RULE_POLICY_ID = N_MATCH_SLOTS,
	SECURITY_POLICY_RULE_PRIORITY,
	SECURITY_POLICY_RULE_ACTION,
	SECURITY_POLICY_RULE_DOMAIN,
	N_SECURITY_POLICY_RULE_SLOTS
};

enum security_policy_rule_index {
	SECURITY_POLICY_RULE_BY_POLICY,
	SECURITY_POLICY_RULE_BY_REMOTE_GROUP,
	SECURITY_POLICY_RULE_BY_ADDRESS_GROUP,
	SECURITY_POLICY_RULE_BY_PRIORITY, /* unique: policy, priority */
	N_SECURITY_POLICY_RULE_INDEXES
};

extern const struct kind security_policy_rule_kind;

/* Writes those of a policy, as the policy shows them. */
void security_policy_rules_write(
	const struct model *model, const struct object *policy, struct json_writer *w);
