/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "model/identity/catalog.h"
#include "model/standard.h"

static const char *const interfaces[] = { "public", "internal", "admin", NULL };

/* "$(weft_url)s/v3" is one too (docs/api.md). */
static bool check_url(const struct attr *attr, const char *value, GError **error)
{
	return g_str_has_prefix(value, "http://") || g_str_has_prefix(value, "https://") ||
	       g_str_has_prefix(value, "$(weft_url)s") ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: '%.128s' is no URL; it begins with http:// or https://.",
		       attr->name, value);
}

static const struct attr attrs[N_ENDPOINT_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE),
	[ENDPOINT_SERVICE_ID] = { .name = "service_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.refers = KIND_SERVICE,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = ENDPOINT_BY_SERVICE,
		.doc = "The service that is there." },
	[ENDPOINT_INTERFACE] = { .name = "interface",
		.type = TYPE_ENUM,
		.choices = interfaces,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.doc = "For whom." },
	[ENDPOINT_URL] = { .name = "url",
		.type = TYPE_STRING,
		.max = 2048,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED,
		.check = check_url,
		.doc = "Where." },
	[ENDPOINT_REGION_ID] = { .name = "region_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "The region that it is in." },
	[ENDPOINT_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether it is in catalogues." },
};

static const struct index indexes[N_ENDPOINT_INDEXES] = {
	[ENDPOINT_BY_SERVICE] = { .name = "service", .slots = { ENDPOINT_SERVICE_ID } },
	[ENDPOINT_BY_REGION] = { .name = "region", .slots = { ENDPOINT_REGION_ID } },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return region_check(txn, object_str(draft, ENDPOINT_REGION_ID), error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return on_create(txn, draft, error);
}

const struct kind endpoint_kind = {
	.id = KIND_ENDPOINT,
	.singular = "endpoint",
	.collection = "endpoints",
	.path = "/v3/endpoints",
	.doc = "Where a service is.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_ENDPOINT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ENDPOINT_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
