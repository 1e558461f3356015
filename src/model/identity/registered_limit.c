/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/identity/catalog.h"
#include "model/standard.h"

static const struct attr attrs[N_REGISTERED_LIMIT_SLOTS] = {
	STANDARD_ATTRS(0),
	[REGISTERED_LIMIT_SERVICE_ID] = { .name = "service_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_SERVICE,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = REGISTERED_LIMIT_BY_SERVICE,
		.doc = "Whose resource it is." },
	[REGISTERED_LIMIT_REGION_ID] = { .name = "region_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "The region that it is in." },
	[REGISTERED_LIMIT_RESOURCE_NAME] = { .name = "resource_name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "What is limited." },
	[REGISTERED_LIMIT_DEFAULT_LIMIT] = { .name = "default_limit",
		.type = TYPE_INT,
		.min = -1,
		.max = LIMIT_MAX,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "How many a project may have; -1: any number." },
};

static void resource_keys(const struct object *object, struct key_sink *sink)
{
	const char *texts[] = { object_str(object, REGISTERED_LIMIT_SERVICE_ID),
		object_str(object, REGISTERED_LIMIT_REGION_ID) ?: "",
		object_str(object, REGISTERED_LIMIT_RESOURCE_NAME) };

	index_add(sink, texts, G_N_ELEMENTS(texts));
}

static const struct index indexes[N_REGISTERED_LIMIT_INDEXES] = {
	[REGISTERED_LIMIT_BY_SERVICE] = { .name = "service",
		.slots = { REGISTERED_LIMIT_SERVICE_ID } },
	[REGISTERED_LIMIT_BY_REGION] = { .name = "region",
		.slots = { REGISTERED_LIMIT_REGION_ID } },
	/* None of the three can be changed. */
	[REGISTERED_LIMIT_BY_RESOURCE] = { .name = "resource of the service in the region",
		.keys = resource_keys,
		.depends_on = REGISTERED_LIMIT_RESOURCE_NAME,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

const struct object *registered_limit_find(
	const struct txn *txn, const char *service, const char *region, const char *resource)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_REGISTERED_LIMIT, REGISTERED_LIMIT_BY_RESOURCE, service,
		region ?: "", resource, NULL);
	return txn_iter_next(&iter);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return region_check(txn, object_str(draft, REGISTERED_LIMIT_REGION_ID), error);
}

/* Projects' limits of the same resource stand in its way. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const struct object *limit;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_LIMIT, LIMIT_BY_SERVICE,
		object_str(old, REGISTERED_LIMIT_SERVICE_ID), NULL);
	while ((limit = txn_iter_next(&iter)))
		if (!g_strcmp0(object_str(limit, LIMIT_REGION_ID),
			    object_str(old, REGISTERED_LIMIT_REGION_ID)) &&
			!strcmp(object_str(limit, LIMIT_RESOURCE_NAME),
				object_str(old, REGISTERED_LIMIT_RESOURCE_NAME)))
			return weft_fail(error, FORBIDDEN,
				"Unable to delete the registered limit of %s: projects or domains have limits of their own; delete them first.",
				object_str(old, REGISTERED_LIMIT_RESOURCE_NAME));
	return true;
}

const struct kind registered_limit_kind = {
	.id = KIND_REGISTERED_LIMIT,
	.singular = "registered_limit",
	.collection = "registered_limits",
	.path = "/v3/registered_limits",
	.doc = "What a project may have of a resource when it has no limit of its own.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS | KIND_BY_LIST,
	.attrs = attrs,
	.n_slots = N_REGISTERED_LIMIT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_REGISTERED_LIMIT_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_delete = on_delete },
};
