/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_ROLE_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
};

static const struct index indexes[N_ROLE_INDEXES] = {
	[ROLE_BY_NAME] = { .name = "name",
		.slots = { SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind role_kind = {
	.id = KIND_ROLE,
	.singular = "role",
	.collection = "roles",
	.path = "/v3/roles",
	.doc = "What one may do; admin, member and reader mean something to weft.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_ROLE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ROLE_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
