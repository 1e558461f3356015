/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_TOKEN_KEY_SLOTS] = {
	STANDARD_ATTRS(0),
	[TOKEN_KEY_KEY] = { .name = "key", .type = TYPE_STRING, .flags = ATTR_SECRET },
};

const struct kind token_key_kind = {
	.id = KIND_TOKEN_KEY,
	.singular = "token_key",
	.collection = "token_keys",
	.path = "/v3/token_keys",
	.doc = "What seals the tokens.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_TOKEN_KEY_SLOTS,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
