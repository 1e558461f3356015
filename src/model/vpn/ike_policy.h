/* SPDX-License-Identifier: Apache-2.0 */
/* What the first phase of IPsec, which makes keys, agrees on. */
#pragma once

#include "model/txn.h"

enum ike_policy_slot {
	IKE_POLICY_HASH = N_STANDARD_SLOTS,
	IKE_POLICY_ENCRYPTION,
	IKE_POLICY_MODE,
	IKE_POLICY_VERSION,
	IKE_POLICY_LIFETIME, /* {units, value} */
	IKE_POLICY_PFS,
	N_IKE_POLICY_SLOTS
};

enum ike_policy_index { IKE_POLICY_BY_NAME, IKE_POLICY_BY_PROJECT, N_IKE_POLICY_INDEXES };

enum ike_mode { IKE_MAIN, IKE_AGGRESSIVE };

extern const struct kind ike_policy_kind;
