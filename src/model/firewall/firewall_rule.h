/* SPDX-License-Identifier: Apache-2.0 */
/* A rule for routed traffic, which policies (firewall_policy.h) put in an order. */
#pragma once

#include "model/txn.h"

enum firewall_rule_slot {
	FIREWALL_RULE_POLICIES = N_STANDARD_SLOTS, /* computed */
	FIREWALL_RULE_SHARED,
	FIREWALL_RULE_PROTOCOL, /* "tcp", "udp", "icmp" …, or a number; null: any */
	FIREWALL_RULE_IP_VERSION,
	FIREWALL_RULE_SOURCE_IP, /* an address or a block */
	FIREWALL_RULE_DESTINATION_IP,
	FIREWALL_RULE_SOURCE_PORT, /* "80" or "80:90" */
	FIREWALL_RULE_DESTINATION_PORT,
	FIREWALL_RULE_POSITION, /* always null: a rule may be in several policies */
	FIREWALL_RULE_ACTION,	/* enum firewall_action */
	FIREWALL_RULE_ENABLED,
	FIREWALL_RULE_SOURCE_GROUP, /* of the router's port that it comes in by; null: any */
	FIREWALL_RULE_DESTINATION_GROUP,
	N_FIREWALL_RULE_SLOTS
};

enum firewall_rule_index {
	FIREWALL_RULE_BY_NAME,
	FIREWALL_RULE_BY_PROJECT,
	FIREWALL_RULE_BY_SOURCE_GROUP,
	FIREWALL_RULE_BY_DESTINATION_GROUP,
	N_FIREWALL_RULE_INDEXES
};

enum firewall_action { FIREWALL_RULE_ALLOW, FIREWALL_RULE_DENY, FIREWALL_RULE_REJECT };

extern const struct kind firewall_rule_kind;

/* Its protocol's number; -1: any. */
int firewall_rule_protocol(const struct object *rule);

/* The range of FIREWALL_RULE_SOURCE_PORT or FIREWALL_RULE_DESTINATION_PORT; false: any port. */
bool firewall_rule_ports(const struct object *rule, unsigned slot, u16 *ret_first, u16 *ret_last);
