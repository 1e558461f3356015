/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/address_scope.h"

#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const struct attr attrs[N_ADDRESS_SCOPE_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[ADDRESS_SCOPE_SHARED] = { .name = "shared",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_ADMIN_SET,
		.fallback = "false",
		.doc = "Every project may have pools in it; for good." },
	[ADDRESS_SCOPE_IP_VERSION] = { .name = "ip_version",
		.type = TYPE_INT,
		.min = 4,
		.max = 6,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "4 or 6." },
};

static const struct index indexes[N_ADDRESS_SCOPE_INDEXES] = {
	[ADDRESS_SCOPE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[ADDRESS_SCOPE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
};

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	if (object_int(draft, ADDRESS_SCOPE_IP_VERSION) != 5)
		return true;
	return weft_fail(error, INVALID_INPUT, "Invalid input for ip_version: 5 is not 4 or 6.");
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	char id[UUID_STRLEN];

	(void)txn;
	if (!object_bool(old, ADDRESS_SCOPE_SHARED) || object_bool(draft, ADDRESS_SCOPE_SHARED))
		return true;
	return weft_fail(error, ADDRESS_SCOPE_UPDATE,
		"Unable to update address scope %s: a shared address scope can't be unshared, because other projects may have pools in it.",
		uuid_format(object_id(old), id));
}

const struct kind address_scope_kind = {
	.id = KIND_ADDRESS_SCOPE,
	.singular = "address_scope",
	.collection = "address_scopes",
	.path = "/v2.0/address-scopes",
	.doc = "Where addresses mean the same thing: the pools in it have no prefix in common.",
	.attrs = attrs,
	.n_slots = N_ADDRESS_SCOPE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ADDRESS_SCOPE_INDEXES,
	.rbac = RBAC_SHARED,
	.shared_slot = ADDRESS_SCOPE_SHARED,
	.not_found = WEFT_ERROR_ADDRESS_SCOPE_NOT_FOUND,
	.in_use = WEFT_ERROR_ADDRESS_SCOPE_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
