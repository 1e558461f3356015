/* SPDX-License-Identifier: Apache-2.0 */
#include "model/identity/identity.h"
#include "model/identity/identity_options.h"
#include "model/standard.h"

static const struct attr attrs[N_ROLE_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_UPDATE | ATTR_REQUIRED),
	[ROLE_DOMAIN_ID] = { .name = "domain_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_DOMAIN,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = ROLE_BY_DOMAIN,
		.doc = "The domain whose own it is; it is of use for what it implies." },
	[ROLE_OPTIONS] = OPTIONS_ATTR(options_of_resource),
};

static void domain_name_keys(const struct object *role, struct key_sink *sink)
{
	const char *texts[] = { object_str(role, ROLE_DOMAIN_ID) ?: "",
		object_str(role, SLOT_NAME) };

	index_add(sink, texts, G_N_ELEMENTS(texts));
}

static const struct index indexes[N_ROLE_INDEXES] = {
	[ROLE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[ROLE_BY_DOMAIN] = { .name = "domain", .slots = { ROLE_DOMAIN_ID } },
	[ROLE_BY_DOMAIN_NAME] = { .name = "name",
		.keys = domain_name_keys,
		.depends_on = SLOT_NAME,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	(void)error;
	options_merge(NULL, draft, ROLE_OPTIONS);
	return true;
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	options_merge(old, draft, ROLE_OPTIONS);
	return options_permit(old, draft, ROLE_OPTIONS, error);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	(void)txn;
	return options_permit(old, NULL, ROLE_OPTIONS, error);
}

const struct kind role_kind = {
	.id = KIND_ROLE,
	.singular = "role",
	.collection = "roles",
	.path = "/v3/roles",
	.doc = "What one may do; admin, member and reader mean something to weft.",
	.flags = KIND_ADMIN_ONLY | KIND_IDENTITY | KIND_COMMANDS,
	.attrs = attrs,
	.n_slots = N_ROLE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ROLE_INDEXES,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .on_update = on_update, .on_delete = on_delete },
};
