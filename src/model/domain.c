/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_DOMAIN_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	[DOMAIN_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether its users may log in." },
};

static const struct index indexes[N_DOMAIN_INDEXES] = {
	[DOMAIN_BY_NAME] = { .name = "name",
		.slots = { SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind domain_kind = {
	.id = KIND_DOMAIN,
	.singular = "domain",
	.collection = "domains",
	.path = "/v3/domains",
	.doc = "A container of projects and users.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_DOMAIN_SLOTS,
	.indexes = indexes,
	.n_indexes = N_DOMAIN_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
