/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of all types of QoS rules have in common. Inside of src/model. */
#pragma once

#include "model/qos/qos_rule.h"
#include "model/standard.h"

#define QOS_GIVEN (ATTR_CREATE | ATTR_UPDATE)

extern const char *const qos_directions[];     /* by enum qos_direction */
extern const char *const qos_directions_any[]; /* the same, and "any" */
extern const struct index qos_rule_indexes[N_QOS_RULE_INDEXES];

#define QOS_RULE_ATTRS                                                           \
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." }, \
	BOOKKEEPING_ATTRS,                                                       \
	[QOS_RULE_POLICY_ID] = { .name = "qos_policy_id",                        \
		.type = TYPE_UUID,                                               \
		.flags = ATTR_REVISES,                                           \
		.refers = KIND_QOS_POLICY,                                       \
		.on_delete = ON_DELETE_CASCADE,                                  \
		.referrer_index = QOS_RULE_BY_POLICY,                            \
		.doc = "The policy that it is part of." }

#define QOS_DIRECTION_ATTR(directions)                \
	[QOS_RULE_DIRECTION] = { .name = "direction", \
		.type = TYPE_ENUM,                    \
		.choices = (directions),              \
		.flags = QOS_GIVEN,                   \
		.fallback = "\"egress\"",             \
		.doc = "As seen from the port: egress is what it sends." }

/* A number that is given when created: a rate. */
#define QOS_VALUE_ATTR(attr_name, sentence)         \
	[QOS_RULE_VALUE] = { .name = (attr_name),   \
		.type = TYPE_INT,                   \
		.max = QOS_VALUE_MAX,               \
		.flags = QOS_GIVEN | ATTR_REQUIRED, \
		.fallback = "0",                    \
		.doc = (sentence) }

#define QOS_BURST_ATTR(attr_name, sentence)       \
	[QOS_RULE_BURST] = { .name = (attr_name), \
		.type = TYPE_INT,                 \
		.max = QOS_VALUE_MAX,             \
		.flags = QOS_GIVEN,               \
		.fallback = "0",                  \
		.doc = (sentence) }

#define QOS_RULE_KIND(kind_id, type, words)                                                        \
	.id = (kind_id), .singular = type "_rule", .collection = type "_rules",                    \
	.name = "qos_" type "_rule", .command = "network qos " words " rule",                      \
	.path = "/v2.0/qos/policies/{parent}/" type "_rules",                                      \
	.alias_path = "/v2.0/qos/alias_" type "_rules", .alias_singular = "alias_" type "_rule",   \
	.parent_slot = QOS_RULE_POLICY_ID, .flags = KIND_ADMIN_WRITE, .attrs = attrs,              \
	.n_slots = N_QOS_RULE_SLOTS, .indexes = qos_rule_indexes, .n_indexes = N_QOS_RULE_INDEXES, \
	.not_found = WEFT_ERROR_QOS_RULE_NOT_FOUND, .in_use = WEFT_ERROR_IN_USE
