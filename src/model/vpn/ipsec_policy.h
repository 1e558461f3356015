/* SPDX-License-Identifier: Apache-2.0 */
/* What the second phase of IPsec, which carries packets, agrees on. */
#pragma once

#include "model/txn.h"

enum ipsec_policy_slot {
	IPSEC_POLICY_HASH = N_STANDARD_SLOTS,
	IPSEC_POLICY_ENCRYPTION,
	IPSEC_POLICY_PROTOCOL,
	IPSEC_POLICY_ENCAPSULATION,
	IPSEC_POLICY_LIFETIME, /* {units, value} */
	IPSEC_POLICY_PFS,
	N_IPSEC_POLICY_SLOTS
};

enum ipsec_policy_index { IPSEC_POLICY_BY_NAME, IPSEC_POLICY_BY_PROJECT, N_IPSEC_POLICY_INDEXES };

enum ipsec_protocol { IPSEC_ESP, IPSEC_AH, IPSEC_AH_ESP };
enum ipsec_encapsulation { IPSEC_TUNNEL, IPSEC_TRANSPORT };

extern const struct kind ipsec_policy_kind;
