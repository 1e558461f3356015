/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/standard.h"

static const struct attr attrs[N_GROUP_MEMBER_SLOTS] = {
	STANDARD_ATTRS(0),
	[GROUP_MEMBER_GROUP_ID] = { .name = "group_id",
		.type = TYPE_UUID,
		.refers = KIND_GROUP,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = GROUP_MEMBER_BY_GROUP,
		.doc = "The group." },
	[GROUP_MEMBER_USER_ID] = { .name = "user_id",
		.type = TYPE_UUID,
		.refers = KIND_USER,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = GROUP_MEMBER_BY_USER,
		.doc = "Who is in it." },
};

static const struct index indexes[N_GROUP_MEMBER_INDEXES] = {
	[GROUP_MEMBER_BY_GROUP] = { .name = "group", .slots = { GROUP_MEMBER_GROUP_ID } },
	[GROUP_MEMBER_BY_USER] = { .name = "user", .slots = { GROUP_MEMBER_USER_ID } },
	[GROUP_MEMBER_BY_BOTH] = { .name = "user in the group",
		.slots = { GROUP_MEMBER_GROUP_ID, GROUP_MEMBER_USER_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct kind group_member_kind = {
	.id = KIND_GROUP_MEMBER,
	.singular = "group_member",
	.collection = "group_members",
	.path = "/v3/group_members",
	.doc = "That a user is in a group.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY,
	.attrs = attrs,
	.n_slots = N_GROUP_MEMBER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_GROUP_MEMBER_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
};
