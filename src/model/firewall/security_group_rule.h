/* SPDX-License-Identifier: Apache-2.0 */
/* What a security group lets through. A rule never changes but for its description and tags. */
#pragma once

#include "model/firewall/security_group_match.h"

enum security_group_rule_slot {
	SECURITY_GROUP_RULE_GROUP_ID = N_MATCH_SLOTS,
	SECURITY_GROUP_RULE_NORMALIZED_CIDR,
	SECURITY_GROUP_RULE_OF_DEFAULT, /* computed: belongs_to_default_sg */
	N_SECURITY_GROUP_RULE_SLOTS
};

enum security_group_rule_index {
	SECURITY_GROUP_RULE_BY_PROJECT,
	SECURITY_GROUP_RULE_BY_GROUP,
	SECURITY_GROUP_RULE_BY_REMOTE_GROUP,
	SECURITY_GROUP_RULE_BY_ADDRESS_GROUP,
	SECURITY_GROUP_RULE_BY_CONTENT, /* unique */
	N_SECURITY_GROUP_RULE_INDEXES
};

extern const struct kind security_group_rule_kind;

/* Fills in what follows from the prefix. */
void security_group_rule_normalize(struct object *draft);
