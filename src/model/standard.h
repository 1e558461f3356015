/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes that every kind has, for the head of its table. Inside of src/model. */
#pragma once

#include "model/object_impl.h"

extern const struct attr tag_attr;

#define NAME_ATTR_FLAGS (ATTR_CREATE | ATTR_UPDATE)

/* What the model itself writes into every object: no kind is without. */
#define BOOKKEEPING_ATTRS                                                                  \
	[SLOT_REVISION_NUMBER] = { .name = "revision_number",                              \
		.type = TYPE_INT,                                                          \
		.fallback = "0",                                                           \
		.doc = "Counts its changes." },                                            \
	[SLOT_CREATED_AT] = { .name = "created_at", .type = TYPE_TIME, .doc = "In UTC." }, \
	[SLOT_UPDATED_AT] = { .name = "updated_at", .type = TYPE_TIME, .doc = "In UTC." }

#define STANDARD_ATTRS(name_flags) NAME_ATTR(name_flags), STANDARD_ATTRS_WITHOUT_NAME

#define NAME_ATTR(name_flags)           \
	[SLOT_NAME] = { .name = "name", \
		.type = TYPE_STRING,    \
		.max = 255,             \
		.flags = (name_flags),  \
		.fallback = "\"\"",     \
		.doc = "For people." }

/* Of what has no name. */
#define DESCRIPTION_MAX 255
#define STANDARD_ATTRS_WITHOUT_NAME DESCRIBED_ATTRS(DESCRIPTION_MAX)

/* Of what may be described at greater length. */
#define LONG_DESCRIPTION_MAX 1024
#define DESCRIBED_ATTRS(description_max)                                              \
	UNTAGGED_ATTRS(description_max), [SLOT_TAGS] = { .name = "tags",              \
		.type = TYPE_LIST,                                                    \
		.item = &tag_attr,                                                    \
		.max = 50,                                                            \
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_UNIQUE_ITEMS | ATTR_INTERN, \
		.fallback = "[]",                                                     \
		.doc = "Words to find it by." }

/* Of what has tags of another kind, or none. */
#define UNTAGGED_ATTRS(description_max)                                          \
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." }, \
	[SLOT_DESCRIPTION] = { .name = "description",                            \
		.type = TYPE_STRING,                                             \
		.max = (description_max),                                        \
		.flags = ATTR_CREATE | ATTR_UPDATE,                              \
		.fallback = "\"\"",                                              \
		.doc = "For people." },                                          \
	BOOKKEEPING_ATTRS

/* Of what is part of another object, and its project's with that. */
#define PART_ATTRS                                                                        \
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },          \
	[SLOT_PROJECT_ID] = { .name = "project_id",                                       \
		.alias = "tenant_id",                                                     \
		.type = TYPE_STRING,                                                      \
		.max = 255,                                                               \
		.flags = ATTR_CREATE | ATTR_REQUEST | ATTR_INTERN,                        \
		.fallback = "\"\"",                                                       \
		.doc = "Whose it is: the project of what it is part of, and no other." }, \
	BOOKKEEPING_ATTRS

/* The description where OpenStack's may be longer. */
#define LONG_DESCRIPTION_ATTR                         \
	[SLOT_DESCRIPTION] = { .name = "description", \
		.type = TYPE_STRING,                  \
		.max = 1024,                          \
		.flags = ATTR_CREATE | ATTR_UPDATE,   \
		.fallback = "\"\"",                   \
		.doc = "For people." }

/* Refuses a project that is not that of @whole, which the draft is part of. */
bool part_check_project(struct object *draft, const struct object *whole, GError **error);

#define PROJECT_ATTR                                                                               \
	[SLOT_PROJECT_ID] = {                                                                      \
		.name = "project_id",                                                              \
		.alias = "tenant_id",                                                              \
		.type = TYPE_STRING,                                                               \
		.max = 255,                                                                        \
		.flags = ATTR_CREATE | ATTR_ADMIN_SET | ATTR_INTERN,                               \
		.fallback = "\"\"",                                                                \
		.doc = "Whose it is; the caller's project unless an administrator says otherwise." \
	}

/* Of a kind with RBAC_SHARED, at its shared_slot. */
#define SHARED_ATTR(given)                                                                  \
	{                                                                                   \
		.name = "shared", .type = TYPE_BOOL, .flags = (given), .fallback = "false", \
		.doc = "Other projects may use it too."                                     \
	}

/* Refuses every value: of references to what this version does not have. */
bool check_nothing_exists(const struct attr *attr, const char *value, GError **error);
/* For attr.convert of a TYPE_CIDR: an address ("10.0.0.1" is 10.0.0.1/32) or any block, as a
 * network. */
bool convert_to_network(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error);
/* The same, but the address keeps its host bits, and null or "" is null. */
bool convert_to_prefix(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error);
/* kind_hooks.visible of what every project sees. */
bool visible_to_all(
	const struct model *model, const struct object *object, const struct caller *caller);
/* A host name of RFC 1123, or "". */
bool check_dns_name(const struct attr *attr, const char *value, GError **error);
