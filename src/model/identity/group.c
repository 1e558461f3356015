/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_GROUP_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	[GROUP_DOMAIN_ID] = { .name = "domain_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_DOMAIN,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = GROUP_BY_DOMAIN,
		.doc = "The domain that it is in." },
};

static const struct index indexes[N_GROUP_INDEXES] = {
	[GROUP_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[GROUP_BY_DOMAIN] = { .name = "domain", .slots = { GROUP_DOMAIN_ID } },
	[GROUP_BY_DOMAIN_NAME] = { .name = "name in its domain",
		.slots = { GROUP_DOMAIN_ID, SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind group_kind = {
	.id = KIND_GROUP,
	.singular = "group",
	.collection = "groups",
	.path = "/v3/groups",
	.doc = "Users that have roles together.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_GROUP_SLOTS,
	.indexes = indexes,
	.n_indexes = N_GROUP_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
