/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/identity/identity.h"
#include "model/identity/identity_options.h"
#include "model/standard.h"

#define DEPTH_MAX 16

static bool check_tag(const struct attr *attr, const char *value, GError **error)
{
	(void)attr;
	return (*value && !strpbrk(value, ",/")) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for tags: '%s' is no tag: give 1 to 255 characters without ',' and '/'.",
		       value);
}

static const struct attr project_tag_attr = {
	.name = "tag", .type = TYPE_STRING, .max = 255, .check = check_tag
};

static const struct attr attrs[N_PROJECT_SLOTS] = {
	NAME_ATTR(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	UNTAGGED_ATTRS(DESCRIPTION_MAX),
	[SLOT_TAGS] = { .name = "tags",
		.type = TYPE_LIST,
		.item = &project_tag_attr,
		.max = 80,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_UNIQUE_ITEMS | ATTR_INTERN,
		.fallback = "[]",
		.doc = "Words to find it by." },
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
	[PROJECT_PARENT_ID] = { .name = "parent_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_PROJECT,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = PROJECT_BY_PARENT,
		.doc = "The project that it is below." },
	[PROJECT_OPTIONS] = OPTIONS_ATTR(options_of_resource),
};

static const struct index indexes[N_PROJECT_INDEXES] = {
	[PROJECT_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[PROJECT_BY_DOMAIN] = { .name = "domain", .slots = { PROJECT_DOMAIN_ID } },
	[PROJECT_BY_DOMAIN_NAME] = { .name = "name in its domain",
		.slots = { PROJECT_DOMAIN_ID, SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[PROJECT_BY_PARENT] = { .name = "parent", .slots = { PROJECT_PARENT_ID } },
};

static const struct object *parent_of(const struct txn *txn, const struct object *project)
{
	return txn_get_text(txn, KIND_PROJECT, object_str(project, PROJECT_PARENT_ID));
}

static bool check_parent_is_enabled(
	const struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *parent = parent_of(txn, draft);

	if (!parent || !object_bool(draft, PROJECT_ENABLED) || object_bool(parent, PROJECT_ENABLED))
		return true;
	return weft_fail(error, FORBIDDEN,
		"Project %s can't be enabled below project %s, which is disabled; enable that first.",
		object_str(draft, SLOT_NAME), object_str(parent, SLOT_NAME));
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *parent = parent_of(txn, draft);
	unsigned depth = 1;

	options_merge(NULL, draft, PROJECT_OPTIONS);
	if (parent &&
		strcmp(object_str(parent, PROJECT_DOMAIN_ID), object_str(draft, PROJECT_DOMAIN_ID)))
		return weft_fail(error, INVALID_INPUT,
			"The parent %s is in another domain; a project is in the domain of its parent.",
			object_str(draft, PROJECT_PARENT_ID));
	for (; parent; parent = parent_of(txn, parent))
		depth++;
	if (depth > DEPTH_MAX)
		return weft_fail(error, FORBIDDEN,
			"Projects can be nested %d deep at most; choose a parent nearer to the top.",
			DEPTH_MAX);
	return check_parent_is_enabled(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	const struct object *child;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	options_merge(old, draft, PROJECT_OPTIONS);
	if (!options_permit(old, draft, PROJECT_OPTIONS, error))
		return false;
	if (object_bool(old, PROJECT_ENABLED) && !object_bool(draft, PROJECT_ENABLED)) {
		txn_iter_init(&iter, txn, KIND_PROJECT, PROJECT_BY_PARENT,
			uuid_format(object_id(old), id), NULL);
		while ((child = txn_iter_next(&iter)))
			if (object_bool(child, PROJECT_ENABLED))
				return weft_fail(error, FORBIDDEN,
					"Project %s can't be disabled while project %s below it is enabled; disable that first.",
					object_str(old, SLOT_NAME), object_str(child, SLOT_NAME));
	}
	return check_parent_is_enabled(txn, draft, error);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	(void)txn;
	return options_permit(old, NULL, PROJECT_OPTIONS, error);
}

const struct kind project_kind = {
	.id = KIND_PROJECT,
	.singular = "project",
	.collection = "projects",
	.path = "/v3/projects",
	.doc = "What owns resources.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_PROJECT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_PROJECT_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .on_delete = on_delete },
};
