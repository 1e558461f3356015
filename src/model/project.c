/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_PROJECT_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	[PROJECT_DOMAIN_ID] = { .name = "domain_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_DOMAIN,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = PROJECT_BY_DOMAIN,
		.doc = "The domain that it is in." },
	[PROJECT_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether anybody may work in it." },
};

static const struct index indexes[N_PROJECT_INDEXES] = {
	[PROJECT_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[PROJECT_BY_DOMAIN] = { .name = "domain", .slots = { PROJECT_DOMAIN_ID } },
	[PROJECT_BY_DOMAIN_NAME] = { .name = "name in its domain",
		.slots = { PROJECT_DOMAIN_ID, SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind project_kind = {
	.id = KIND_PROJECT,
	.singular = "project",
	.collection = "projects",
	.path = "/v3/projects",
	.doc = "What owns resources.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_PROJECT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_PROJECT_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
