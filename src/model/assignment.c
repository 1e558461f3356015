/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_ASSIGNMENT_SLOTS] = {
	STANDARD_ATTRS(0),
	[ASSIGNMENT_USER_ID] = { .name = "user_id",
		.type = TYPE_UUID,
		.refers = KIND_USER,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = ASSIGNMENT_BY_USER,
		.doc = "Who has it." },
	[ASSIGNMENT_ROLE_ID] = { .name = "role_id",
		.type = TYPE_UUID,
		.refers = KIND_ROLE,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = ASSIGNMENT_BY_ROLE,
		.doc = "What." },
	[ASSIGNMENT_PROJECT_ID] = { .name = "project_id",
		.type = TYPE_UUID,
		.flags = ATTR_NULLABLE,
		.refers = KIND_PROJECT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = ASSIGNMENT_BY_PROJECT,
		.doc = "Where: this project." },
	[ASSIGNMENT_DOMAIN_ID] = { .name = "domain_id",
		.type = TYPE_UUID,
		.flags = ATTR_NULLABLE,
		.refers = KIND_DOMAIN,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = ASSIGNMENT_BY_DOMAIN,
		.doc = "Where: this domain." },
};

static const struct index indexes[N_ASSIGNMENT_INDEXES] = {
	[ASSIGNMENT_BY_USER] = { .name = "user", .slots = { ASSIGNMENT_USER_ID } },
	[ASSIGNMENT_BY_ROLE] = { .name = "role", .slots = { ASSIGNMENT_ROLE_ID } },
	[ASSIGNMENT_BY_PROJECT] = { .name = "project", .slots = { ASSIGNMENT_PROJECT_ID } },
	[ASSIGNMENT_BY_DOMAIN] = { .name = "domain", .slots = { ASSIGNMENT_DOMAIN_ID } },
};

const struct kind assignment_kind = {
	.id = KIND_ASSIGNMENT,
	.singular = "role_assignment",
	.collection = "role_assignments",
	.path = "/v3/role_assignments",
	.doc = "A role of a user on a project, on a domain, or (neither) on the system.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_ASSIGNMENT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ASSIGNMENT_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
