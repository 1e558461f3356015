/* SPDX-License-Identifier: Apache-2.0 */
/* Which packets through a router a metering label counts, or leaves out. Part of its label. */
#pragma once

#include "model/txn.h"

enum metering_label_rule_slot {
	METERING_LABEL_RULE_LABEL_ID = N_STANDARD_SLOTS,
	METERING_LABEL_RULE_DIRECTION,
	METERING_LABEL_RULE_EXCLUDED,
	METERING_LABEL_RULE_REMOTE, /* instead of both of the others */
	METERING_LABEL_RULE_SOURCE,
	METERING_LABEL_RULE_DESTINATION,
	N_METERING_LABEL_RULE_SLOTS
};

enum metering_label_rule_index { METERING_LABEL_RULE_BY_LABEL, N_METERING_LABEL_RULE_INDEXES };

extern const struct kind metering_label_rule_kind;
