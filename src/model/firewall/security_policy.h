/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy of the provider's firewall: rules (security_policy_rule.h) for the ports that it is
 * applied to. It is applied to every port, unless it names projects, networks, ports, tags of ports
 * or security groups: then to those that any of these names.
 */
#pragma once

#include "model/txn.h"

enum security_policy_slot {
	SECURITY_POLICY_TIER_ID = N_STANDARD_SLOTS,
	SECURITY_POLICY_PRIORITY,
	SECURITY_POLICY_ENABLED,
	SECURITY_POLICY_PROJECTS,
	SECURITY_POLICY_NETWORKS,
	SECURITY_POLICY_PORTS,
	SECURITY_POLICY_PORT_TAGS,
	SECURITY_POLICY_SECURITY_GROUPS,
	SECURITY_POLICY_RULES, /* computed */
	N_SECURITY_POLICY_SLOTS
};

enum security_policy_index {
	SECURITY_POLICY_BY_NAME,
	SECURITY_POLICY_BY_TIER,
	SECURITY_POLICY_BY_PRIORITY, /* unique: tier, priority */
	SECURITY_POLICY_BY_NETWORK,
	SECURITY_POLICY_BY_PORT,
	SECURITY_POLICY_BY_SECURITY_GROUP,
	N_SECURITY_POLICY_INDEXES
};

extern const struct kind security_policy_kind;

/* @gone, a network, port or security group, is named by no policy any more. One that named nothing
 * else would be applied to every port: it is switched off. */
bool security_policies_leave(struct txn *txn, const struct object *gone, GError **error);
