/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/identity/catalog.h"
#include "model/standard.h"

static const struct attr attrs[N_REGION_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_REQUIRED),
	[REGION_PARENT_ID] = { .name = "parent_region_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE,
		.doc = "The region that it is part of." },
};

static const struct index indexes[N_REGION_INDEXES] = {
	[REGION_BY_NAME] = { .name = "id",
		.slots = { SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[REGION_BY_PARENT] = { .name = "parent", .slots = { REGION_PARENT_ID } },
};

static const struct object *find(const struct txn *txn, const char *region)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_REGION, REGION_BY_NAME, region, NULL);
	return txn_iter_next(&iter);
}

bool region_check(const struct txn *txn, const char *region, GError **error)
{
	return !region || find(txn, region) || kind_fail_not_found(KIND_REGION, region, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return region_check(txn, object_str(draft, REGION_PARENT_ID), error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	const char *parent = object_str(draft, REGION_PARENT_ID);

	if (!region_check(txn, parent, error))
		return false;
	for (; parent; parent = object_str(find(txn, parent), REGION_PARENT_ID))
		if (!strcmp(parent, object_str(old, SLOT_NAME)))
			return weft_fail(error, INVALID_INPUT,
				"Region %s can't be part of itself; choose another parent.",
				parent);
	return true;
}

/* What names it by its text stands in its way. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	static const struct {
		enum kind_id kind;
		unsigned index;
	} users[] = {
		{ KIND_REGION, REGION_BY_PARENT },
		{ KIND_ENDPOINT, ENDPOINT_BY_REGION },
		{ KIND_REGISTERED_LIMIT, REGISTERED_LIMIT_BY_REGION },
		{ KIND_LIMIT, LIMIT_BY_REGION },
	};
	struct txn_iter iter;

	for (unsigned i = 0; i < G_N_ELEMENTS(users); i++) {
		txn_iter_init(&iter, txn, users[i].kind, users[i].index, object_str(old, SLOT_NAME),
			NULL);
		if (txn_iter_next(&iter))
			return weft_fail(error, CONFLICT,
				"Unable to delete region %s: there are %s in it; delete them first.",
				object_str(old, SLOT_NAME), kind_by_id(users[i].kind)->collection);
	}
	return true;
}

const struct kind region_kind = {
	.id = KIND_REGION,
	.singular = "region",
	.collection = "regions",
	.path = "/v3/regions",
	.doc = "A part of the cloud that has endpoints of its own.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS | KIND_ID_IS_NAME,
	.attrs = attrs,
	.n_slots = N_REGION_SLOTS,
	.indexes = indexes,
	.n_indexes = N_REGION_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .on_delete = on_delete },
};
