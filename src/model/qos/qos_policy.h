/* SPDX-License-Identifier: Apache-2.0 */
/* A set of QoS rules (qos_rule.h) that networks, ports and floating IPs refer to. */
#pragma once

#include "model/txn.h"

enum qos_policy_slot {
	QOS_POLICY_SHARED = N_STANDARD_SLOTS,
	QOS_POLICY_IS_DEFAULT,
	QOS_POLICY_RULES, /* computed */
	N_QOS_POLICY_SLOTS
};

enum qos_policy_index {
	QOS_POLICY_BY_NAME,
	QOS_POLICY_BY_PROJECT,
	QOS_POLICY_DEFAULT, /* unique; text: the project of a default policy */
	N_QOS_POLICY_INDEXES
};

extern const struct kind qos_policy_kind;

/* The policy that @draft refers to by @slot, which is new there (@old: NULL, or what it was
 * before), must be visible to the caller; and so must the one that it replaces. */
bool qos_policy_check(struct txn *txn, const struct object *old, const struct object *draft,
	unsigned slot, GError **error);

/* A new network that names no policy has its project's default, if there is one. */
void qos_policy_fill_default(struct txn *txn, struct object *draft, unsigned slot);

/* Writes `qos_network_policy_id`: the policy of that network, or null. */
void qos_policy_write_networks(
	const struct model *model, const char *network_id, struct json_writer *w);

/* The policy in effect on a port: its own, or its network's; NULL: none. */
const char *qos_policy_of_port(const struct model *model, const struct object *port);
