/* SPDX-License-Identifier: Apache-2.0 */
/* A named set of address blocks that security group rules may refer to. */
#pragma once

#include "model/txn.h"

enum address_group_slot {
	ADDRESS_GROUP_ADDRESSES = N_STANDARD_SLOTS,
	ADDRESS_GROUP_SHARED,
	N_ADDRESS_GROUP_SLOTS
};

enum address_group_index {
	ADDRESS_GROUP_BY_NAME,
	ADDRESS_GROUP_BY_PROJECT,
	N_ADDRESS_GROUP_INDEXES
};

extern const struct kind address_group_kind;
