/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_TOKEN_REVOCATION_SLOTS] = {
	STANDARD_ATTRS(0),
	[TOKEN_REVOCATION_EXPIRES_AT] = { .name = "expires_at", .type = TYPE_TIME },
};

const struct kind token_revocation_kind = {
	.id = KIND_TOKEN_REVOCATION,
	.singular = "token_revocation",
	.collection = "token_revocations",
	.path = "/v3/token_revocations",
	.doc = "A token that is not good any more; its id is the audit id.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_TOKEN_REVOCATION_SLOTS,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
