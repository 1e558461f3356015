/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered list of firewall rules, for one direction of firewall groups (firewall_group.h). */
#pragma once

#include "model/txn.h"

/* Of enabled and disabled ones. */
#define FIREWALL_POLICY_RULES_MAX 256

enum firewall_policy_slot {
	FIREWALL_POLICY_SHARED = N_STANDARD_SLOTS,
	FIREWALL_POLICY_RULES, /* ids, in their order */
	FIREWALL_POLICY_AUDITED,
	N_FIREWALL_POLICY_SLOTS
};

enum firewall_policy_index {
	FIREWALL_POLICY_BY_NAME,
	FIREWALL_POLICY_BY_PROJECT,
	FIREWALL_POLICY_BY_RULE, /* text: the rule's id */
	N_FIREWALL_POLICY_INDEXES
};

extern const struct kind firewall_policy_kind;

/* The policies that @rule is in are not audited any more. */
bool firewall_policies_changed(struct txn *txn, const struct object *rule, GError **error);
