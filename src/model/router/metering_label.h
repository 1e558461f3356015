/* SPDX-License-Identifier: Apache-2.0 */
/* What of the traffic through routers is counted together; its rules say which. */
#pragma once

#include "model/txn.h"

enum metering_label_slot { METERING_LABEL_SHARED = N_STANDARD_SLOTS, N_METERING_LABEL_SLOTS };

enum metering_label_index {
	METERING_LABEL_BY_NAME,
	METERING_LABEL_BY_PROJECT,
	N_METERING_LABEL_INDEXES
};

extern const struct kind metering_label_kind;
