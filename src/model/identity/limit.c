/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/catalog.h"
#include "model/standard.h"

static const struct attr attrs[N_LIMIT_SLOTS] = {
	STANDARD_ATTRS(0),
	[LIMIT_PROJECT_ID] = { .name = "project_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_PROJECT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = LIMIT_BY_PROJECT,
		.doc = "Whose it is: this project's." },
	[LIMIT_DOMAIN_ID] = { .name = "domain_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_DOMAIN,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = LIMIT_BY_DOMAIN,
		.doc = "Whose it is: this domain's." },
	[LIMIT_SERVICE_ID] = { .name = "service_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_SERVICE,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LIMIT_BY_SERVICE,
		.doc = "Whose resource it is." },
	[LIMIT_REGION_ID] = { .name = "region_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "The region that it is in." },
	[LIMIT_RESOURCE_NAME] = { .name = "resource_name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "What is limited." },
	[LIMIT_RESOURCE_LIMIT] = { .name = "resource_limit",
		.type = TYPE_INT,
		.min = -1,
		.max = LIMIT_MAX,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "How many it may have; -1: any number." },
};

static void resource_keys(const struct object *object, struct key_sink *sink)
{
	const char *project = object_str(object, LIMIT_PROJECT_ID);
	const char *texts[] = { project ?: object_str(object, LIMIT_DOMAIN_ID) ?: "",
		object_str(object, LIMIT_SERVICE_ID), object_str(object, LIMIT_REGION_ID) ?: "",
		object_str(object, LIMIT_RESOURCE_NAME) };

	index_add(sink, texts, G_N_ELEMENTS(texts));
}

static const struct index indexes[N_LIMIT_INDEXES] = {
	[LIMIT_BY_PROJECT] = { .name = "project", .slots = { LIMIT_PROJECT_ID } },
	[LIMIT_BY_DOMAIN] = { .name = "domain", .slots = { LIMIT_DOMAIN_ID } },
	[LIMIT_BY_SERVICE] = { .name = "service", .slots = { LIMIT_SERVICE_ID } },
	[LIMIT_BY_REGION] = { .name = "region", .slots = { LIMIT_REGION_ID } },
	/* Nothing of the key can be changed. */
	[LIMIT_BY_RESOURCE] = { .name = "resource of the service",
		.keys = resource_keys,
		.depends_on = LIMIT_RESOURCE_NAME,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	if (object_is_null(draft, LIMIT_PROJECT_ID) == object_is_null(draft, LIMIT_DOMAIN_ID))
		return weft_fail(error, INVALID_INPUT,
			"A limit is for a project or for a domain: give one of project_id and domain_id.");
	if (!region_check(txn, object_str(draft, LIMIT_REGION_ID), error))
		return false;
	if (registered_limit_find(txn, object_str(draft, LIMIT_SERVICE_ID),
		    object_str(draft, LIMIT_REGION_ID), object_str(draft, LIMIT_RESOURCE_NAME)))
		return true;
	return weft_fail(error, FORBIDDEN,
		"There is no registered limit of %s for that service and region; register it first.",
		object_str(draft, LIMIT_RESOURCE_NAME));
}

const struct kind limit_kind = {
	.id = KIND_LIMIT,
	.singular = "limit",
	.collection = "limits",
	.path = "/v3/limits",
	.doc = "What one project or domain may have of a resource.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS | KIND_BY_LIST,
	.attrs = attrs,
	.n_slots = N_LIMIT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LIMIT_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create },
};
