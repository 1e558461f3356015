/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/standard.h"

#define BLOB_MAX 65535 /* bytes */

static const struct attr attrs[N_CREDENTIAL_SLOTS] = {
	STANDARD_ATTRS(0),
	[CREDENTIAL_USER_ID] = { .name = "user_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.refers = KIND_USER,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = CREDENTIAL_BY_USER,
		.doc = "Whose it is." },
	[CREDENTIAL_PROJECT_ID] = { .name = "project_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE,
		.refers = KIND_PROJECT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = CREDENTIAL_BY_PROJECT,
		.doc = "What it is for." },
	[CREDENTIAL_TYPE] = { .name = "type",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "What it is: cert …" },
	[CREDENTIAL_BLOB] = { .name = "blob",
		.type = TYPE_STRING,
		.max = BLOB_MAX,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "The credential itself." },
};

static const struct index indexes[N_CREDENTIAL_INDEXES] = {
	[CREDENTIAL_BY_USER] = { .name = "user", .slots = { CREDENTIAL_USER_ID } },
	[CREDENTIAL_BY_PROJECT] = { .name = "project", .slots = { CREDENTIAL_PROJECT_ID } },
};

const struct kind credential_kind = {
	.id = KIND_CREDENTIAL,
	.singular = "credential",
	.collection = "credentials",
	.path = "/v3/credentials",
	.doc = "Something secret that a user keeps for another service.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_CREDENTIAL_SLOTS,
	.indexes = indexes,
	.n_indexes = N_CREDENTIAL_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
