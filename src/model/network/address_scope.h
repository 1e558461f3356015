/* SPDX-License-Identifier: Apache-2.0 */
/* Where addresses mean the same thing: the pools in it have no prefix in common. */
#pragma once

#include "model/txn.h"

enum address_scope_slot {
	ADDRESS_SCOPE_SHARED = N_STANDARD_SLOTS,
	ADDRESS_SCOPE_IP_VERSION,
	N_ADDRESS_SCOPE_SLOTS
};

enum address_scope_index {
	ADDRESS_SCOPE_BY_NAME,
	ADDRESS_SCOPE_BY_PROJECT,
	N_ADDRESS_SCOPE_INDEXES
};

extern const struct kind address_scope_kind;
