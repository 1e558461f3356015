/* SPDX-License-Identifier: Apache-2.0 */
#include "model/qos/qos_rule_parts.h"

/* 0, CS1 to CS7, AF11 to AF43 and EF (RFC 4594). */
const u8 qos_dscp_marks[N_QOS_DSCP_MARKS] = { 0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32,
	34, 36, 38, 40, 46, 48, 56 };

static bool check_mark(const struct object *draft, GError **error)
{
	s64 mark = object_int(draft, QOS_RULE_VALUE);

	for (size_t i = 0; i < N_QOS_DSCP_MARKS; i++)
		if (qos_dscp_marks[i] == mark)
			return true;
	return weft_fail(error, INVALID_INPUT,
		"Invalid input for dscp_mark: %" G_GINT64_FORMAT
		" is none; give an even number from 8 to 40, or 0, 46, 48 or 56.",
		mark);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check_mark(draft, error) && qos_rule_on_create(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return check_mark(draft, error) && qos_rule_on_update(txn, old, draft, error);
}

static const struct attr attrs[N_QOS_RULE_SLOTS] = {
	QOS_RULE_ATTRS,
	[QOS_RULE_VALUE] = { .name = "dscp_mark",
		.type = TYPE_INT,
		.max = 56,
		.flags = QOS_GIVEN | ATTR_REQUIRED,
		.fallback = "0",
		.doc = "0, or a code point of AF, CS or EF." },
};

const struct kind qos_dscp_marking_rule_kind = {
	QOS_RULE_KIND(KIND_QOS_DSCP_MARKING_RULE, "dscp_marking", "dscp marking"),
	.doc = "Packets that a port sends have this DSCP.",
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.on_delete = qos_rule_on_delete },
};
