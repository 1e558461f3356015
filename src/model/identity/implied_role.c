/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_IMPLIED_ROLE_SLOTS] = {
	STANDARD_ATTRS(0),
	[IMPLIED_ROLE_PRIOR_ID] = { .name = "prior_role_id",
		.type = TYPE_UUID,
		.refers = KIND_ROLE,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = IMPLIED_ROLE_BY_PRIOR,
		.doc = "Who has this role …" },
	[IMPLIED_ROLE_IMPLIED_ID] = { .name = "implied_role_id",
		.type = TYPE_UUID,
		.refers = KIND_ROLE,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = IMPLIED_ROLE_BY_IMPLIED,
		.doc = "… has this one too." },
};

static const struct index indexes[N_IMPLIED_ROLE_INDEXES] = {
	[IMPLIED_ROLE_BY_PRIOR] = { .name = "prior role", .slots = { IMPLIED_ROLE_PRIOR_ID } },
	[IMPLIED_ROLE_BY_IMPLIED] = { .name = "implied role",
		.slots = { IMPLIED_ROLE_IMPLIED_ID } },
	[IMPLIED_ROLE_BY_BOTH] = { .name = "pair of roles",
		.slots = { IMPLIED_ROLE_PRIOR_ID, IMPLIED_ROLE_IMPLIED_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind implied_role_kind = {
	.id = KIND_IMPLIED_ROLE,
	.singular = "implied_role",
	.collection = "implied_roles",
	.path = "/v3/implied_roles",
	.doc = "A role that comes with another.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_IMPLIED_ROLE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_IMPLIED_ROLE_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
