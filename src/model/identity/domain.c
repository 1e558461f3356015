/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/identity/identity_options.h"
#include "model/standard.h"

static const struct attr attrs[N_DOMAIN_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	[DOMAIN_ENABLED] = { .name = "enabled",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether its users may log in." },
	[DOMAIN_OPTIONS] = OPTIONS_ATTR(options_of_resource),
};

static const struct index indexes[N_DOMAIN_INDEXES] = {
	[DOMAIN_BY_NAME] = { .name = "name",
		.slots = { SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	(void)error;
	options_merge(NULL, draft, DOMAIN_OPTIONS);
	return true;
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	options_merge(old, draft, DOMAIN_OPTIONS);
	return options_permit(old, draft, DOMAIN_OPTIONS, error);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	(void)txn;
	return options_permit(old, NULL, DOMAIN_OPTIONS, error);
}

const struct kind domain_kind = {
	.id = KIND_DOMAIN,
	.singular = "domain",
	.collection = "domains",
	.path = "/v3/domains",
	.doc = "A container of projects and users.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_DOMAIN_SLOTS,
	.indexes = indexes,
	.n_indexes = N_DOMAIN_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .on_delete = on_delete },
};
