/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a QoS policy. Each type is a kind of its own, in the file of its name; all have
 * their attributes in the same slots.
 */
#pragma once

#include "model/txn.h"

enum qos_rule_slot {
	QOS_RULE_POLICY_ID = N_STANDARD_SLOTS,
	QOS_RULE_DIRECTION, /* enum qos_direction; a hole in DSCP marking */
	QOS_RULE_VALUE,	    /* max_kbps, min_kbps, max_kpps, min_kpps, dscp_mark */
	QOS_RULE_BURST,	    /* of limits */
	N_QOS_RULE_SLOTS
};

enum qos_rule_index {
	QOS_RULE_BY_POLICY,
	QOS_RULE_UNIQUE, /* unique: one of a type for each direction */
	N_QOS_RULE_INDEXES
};

enum qos_direction { QOS_EGRESS, QOS_INGRESS, QOS_ANY };

#define QOS_VALUE_MAX G_MAXINT32

extern const struct kind qos_bandwidth_limit_rule_kind;
extern const struct kind qos_dscp_marking_rule_kind;
extern const struct kind qos_minimum_bandwidth_rule_kind;
extern const struct kind qos_packet_rate_limit_rule_kind;
extern const struct kind qos_minimum_packet_rate_rule_kind;

/* What dscp_mark may be. */
#define N_QOS_DSCP_MARKS 21
extern const u8 qos_dscp_marks[N_QOS_DSCP_MARKS];

/* The types by their names in Networking; ended by one without a name. */
struct qos_rule_type {
	const char *name; /* "bandwidth_limit" */
	enum kind_id kind;
};
extern const struct qos_rule_type qos_rule_types[];

/* `rules` of a policy. */
void qos_rules_write(const struct model *model, const struct object *policy, struct json_writer *w);

/* The kinds' hooks: no contradiction with the policy's other rules. */
bool qos_rule_on_create(struct txn *txn, struct object *draft, GError **error);
bool qos_rule_on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error);
bool qos_rule_on_delete(struct txn *txn, const struct object *old, GError **error);

/* Writes `resource_request` of a port: what minimum rules ask of the placement service. */
void qos_write_resource_request(
	const struct model *model, const struct object *port, struct json_writer *w);
