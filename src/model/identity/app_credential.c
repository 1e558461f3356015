/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/standard.h"

static const struct attr id_attr = { .name = "id", .type = TYPE_UUID };

static const struct attr attrs[N_APP_CREDENTIAL_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_REQUIRED),
	[APP_CREDENTIAL_USER_ID] = { .name = "user_id",
		.type = TYPE_UUID,
		.flags = 0,
		.refers = KIND_USER,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = APP_CREDENTIAL_BY_USER,
		.doc = "For whom it works." },
	[APP_CREDENTIAL_PROJECT_ID] = { .name = "project_id",
		.type = TYPE_UUID,
		.flags = 0,
		.refers = KIND_PROJECT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = APP_CREDENTIAL_BY_PROJECT,
		.doc = "Where." },
	[APP_CREDENTIAL_ROLE_IDS] = { .name = "role_ids",
		.type = TYPE_LIST,
		.item = &id_attr,
		.fallback = "[]",
		.doc = "Roles that it has, as far as the user has them." },
	[APP_CREDENTIAL_EXPIRES_AT] = { .name = "expires_at",
		.type = TYPE_TIME,
		.flags = ATTR_NULLABLE,
		.doc = "Null: never." },
	[APP_CREDENTIAL_UNRESTRICTED] = { .name = "unrestricted",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "false",
		.doc = "Whether it may make others." },
	[APP_CREDENTIAL_SECRET_HASH] = { .name = "secret_hash",
		.type = TYPE_STRING,
		.flags = ATTR_SECRET | ATTR_NULLABLE },
	[APP_CREDENTIAL_ACCESS_RULE_IDS] = { .name = "access_rule_ids",
		.type = TYPE_LIST,
		.item = &id_attr,
		.flags = ATTR_NULLABLE,
		.doc = "Rules for what it may be used; null: anything." },
};

static const struct index indexes[N_APP_CREDENTIAL_INDEXES] = {
	[APP_CREDENTIAL_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[APP_CREDENTIAL_BY_USER] = { .name = "user", .slots = { APP_CREDENTIAL_USER_ID } },
	[APP_CREDENTIAL_BY_PROJECT] = { .name = "project", .slots = { APP_CREDENTIAL_PROJECT_ID } },
	[APP_CREDENTIAL_BY_USER_NAME] = { .name = "name of its user",
		.slots = { APP_CREDENTIAL_USER_ID, SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind app_credential_kind = {
	.id = KIND_APP_CREDENTIAL,
	.singular = "application_credential",
	.collection = "application_credentials",
	.path = "/v3/application_credentials",
	.doc = "A secret of a program that works for a user in a project.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_APP_CREDENTIAL_SLOTS,
	.indexes = indexes,
	.n_indexes = N_APP_CREDENTIAL_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
