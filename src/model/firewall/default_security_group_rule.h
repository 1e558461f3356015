/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of the rules that a new security group begins with. */
#pragma once

#include "model/firewall/security_group_match.h"

enum default_security_group_rule_slot {
	DEFAULT_RULE_IN_DEFAULT = N_MATCH_SLOTS, /* used_in_default_sg */
	DEFAULT_RULE_IN_OTHERS,			 /* used_in_non_default_sg */
	N_DEFAULT_RULE_SLOTS
};

enum default_security_group_rule_index {
	DEFAULT_RULE_BY_GROUP,
	DEFAULT_RULE_BY_ADDRESS_GROUP,
	DEFAULT_RULE_BY_CONTENT, /* unique */
	N_DEFAULT_RULE_INDEXES
};

extern const struct kind default_security_group_rule_kind;

/* Stages the rules of a new @group. */
bool default_rules_apply(struct txn *txn, const struct object *group, GError **error);

/* A group that is about to be deleted must not be in a template. */
bool default_rules_check_unused(struct txn *txn, const struct object *group, GError **error);

/* Stages the templates of a new cloud, OpenStack's: everything may go out, and ports of a default
 * group reach each other. Nothing when @txn's model has templates or security groups. */
bool default_rules_seed(struct txn *txn, GError **error);
