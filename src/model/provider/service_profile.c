/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider/flavor.h"
#include "model/provider/service_provider.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const struct attr attrs[N_SERVICE_PROFILE_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	BOOKKEEPING_ATTRS,
	[SLOT_DESCRIPTION] = { .name = "description",
		.type = TYPE_STRING,
		.max = 1024,
		.flags = GIVEN | ATTR_NULLABLE,
		.fallback = "\"\"",
		.doc = "For people." },
	[SERVICE_PROFILE_DRIVER] = { .name = "driver",
		.type = TYPE_STRING,
		.max = 1024,
		.flags = GIVEN,
		.fallback = "\"\"",
		.doc = "The name of the service provider; empty: the default one." },
	[SERVICE_PROFILE_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "true",
		.doc = "Whether it may be used." },
	[SERVICE_PROFILE_METAINFO] = { .name = "metainfo",
		.type = TYPE_STRING,
		.max = 4096,
		.flags = GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "\"\"",
		.doc = "What the provider is told." },
};

static const struct index indexes[N_SERVICE_PROFILE_INDEXES] = {
	[SERVICE_PROFILE_BY_DRIVER] = { .name = "driver", .slots = { SERVICE_PROFILE_DRIVER } },
};

static bool check(struct txn *txn, const struct object *draft, GError **error)
{
	const char *driver = object_str(draft, SERVICE_PROFILE_DRIVER);

	if (!*driver && !*object_str(draft, SERVICE_PROFILE_METAINFO))
		return weft_fail(error, SERVICE_PROFILE_EMPTY,
			"A service profile needs a driver or metainfo; give at least one.");
	return !*driver || service_provider_find(txn_model(txn), driver) ||
	       weft_fail(error, SERVICE_PROFILE_DRIVER_NOT_FOUND,
		       "Service Profile driver %.255s could not be found: /v2.0/service-providers lists those that there are; leave it out for the default one.",
		       driver);
}

/* Flavors that have it may be in use. */
static bool check_unused(struct txn *txn, const struct object *profile, GError **error)
{
	const struct object *flavor;
	struct txn_iter iter;
	char id[UUID_STRLEN], user[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_FLAVOR, FLAVOR_BY_PROFILE,
		uuid_format(object_id(profile), id), NULL);
	flavor = txn_iter_next(&iter);
	return !flavor || weft_fail(error, SERVICE_PROFILE_IN_USE,
				  "Service profile %s is used by flavor %s; remove it there first.",
				  id, uuid_format(object_id(flavor), user));
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return check_unused(txn, old, error) && check(txn, draft, error);
}

const struct kind service_profile_kind = {
	.id = KIND_SERVICE_PROFILE,
	.singular = "service_profile",
	.collection = "service_profiles",
	.command = "network flavor profile",
	.path = "/v2.0/service_profiles",
	.doc = "How a flavor's service is provided.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_SERVICE_PROFILE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SERVICE_PROFILE_INDEXES,
	.not_found = WEFT_ERROR_SERVICE_PROFILE_NOT_FOUND,
	.in_use = WEFT_ERROR_SERVICE_PROFILE_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .on_delete = check_unused },
};
