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

#define STANDARD_ATTRS(name_flags)      \
	[SLOT_NAME] = { .name = "name", \
		.type = TYPE_STRING,    \
		.max = 255,             \
		.flags = (name_flags),  \
		.fallback = "\"\"",     \
		.doc = "For people." }, \
	STANDARD_ATTRS_WITHOUT_NAME

#define STANDARD_ATTRS_WITHOUT_NAME                                                   \
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },      \
	[SLOT_DESCRIPTION] = { .name = "description",                                 \
		.type = TYPE_STRING,                                                  \
		.max = 255,                                                           \
		.flags = ATTR_CREATE | ATTR_UPDATE,                                   \
		.fallback = "\"\"",                                                   \
		.doc = "For people." },                                               \
	[SLOT_TAGS] = { .name = "tags",                                               \
		.type = TYPE_LIST,                                                    \
		.item = &tag_attr,                                                    \
		.max = 50,                                                            \
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_UNIQUE_ITEMS | ATTR_INTERN, \
		.fallback = "[]",                                                     \
		.doc = "Words to find it by." },                                      \
	BOOKKEEPING_ATTRS

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

/* Refuses every value: of references to what this version does not have. */
bool check_nothing_exists(const struct attr *attr, const char *value, GError **error);
/* A host name of RFC 1123, or "". */
bool check_dns_name(const struct attr *attr, const char *value, GError **error);
