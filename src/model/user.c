/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_USER_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	[USER_DOMAIN_ID] = { .name = "domain_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_DOMAIN,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = USER_BY_DOMAIN,
		.doc = "The domain that it is in." },
	[USER_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether it may log in." },
	[USER_DEFAULT_PROJECT_ID] = { .name = "default_project_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE,
		.refers = KIND_PROJECT,
		.on_delete = ON_DELETE_CLEAR,
		.referrer_index = USER_BY_DEFAULT_PROJECT,
		.doc = "Where it works when it names no project." },
	[USER_EMAIL] = { .name = "email",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE,
		.doc = "For people." },
	[USER_PASSWORD_HASH] = { .name = "password_hash",
		.type = TYPE_STRING,
		.flags = ATTR_SECRET | ATTR_NULLABLE },
	[USER_GENERATION] = { .name = "generation",
		.type = TYPE_INT,
		.flags = ATTR_SECRET,
		.fallback = "0" },
};

static const struct index indexes[N_USER_INDEXES] = {
	[USER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[USER_BY_DOMAIN] = { .name = "domain", .slots = { USER_DOMAIN_ID } },
	[USER_BY_DOMAIN_NAME] = { .name = "name in its domain",
		.slots = { USER_DOMAIN_ID, SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[USER_BY_DEFAULT_PROJECT] = { .name = "default project",
		.slots = { USER_DEFAULT_PROJECT_ID } },
};

const struct kind user_kind = {
	.id = KIND_USER,
	.singular = "user",
	.collection = "users",
	.path = "/v3/users",
	.doc = "Somebody who may log in.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_USER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_USER_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
