/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/security_tier.h"

#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const struct attr attrs[N_SECURITY_TIER_SLOTS] = {
	NAME_ATTR(NAME_ATTR_FLAGS | ATTR_REQUIRED),
	STANDARD_ATTRS_WITHOUT_NAME,
	[SECURITY_TIER_PRIORITY] = { .name = "priority",
		.type = TYPE_INT,
		.max = SECURITY_PRIORITY_MAX,
		.flags = GIVEN | ATTR_REQUIRED,
		.fallback = "0",
		.doc = "Lower ones are asked first; no two tiers have the same." },
	[SECURITY_TIER_BASELINE] = { .name = "baseline",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "false",
		.doc = "Asked behind the security groups, of what these do not let through; else before them." },
};

static const struct index indexes[N_SECURITY_TIER_INDEXES] = {
	[SECURITY_TIER_BY_NAME] = { .name = "name",
		.slots = { SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_SECURITY_TIER_EXISTS },
	[SECURITY_TIER_BY_PRIORITY] = { .name = "priority",
		.slots = { SECURITY_TIER_PRIORITY },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_SECURITY_TIER_EXISTS },
};

static bool check_name(const struct object *draft, GError **error)
{
	return *object_str(draft, SLOT_NAME) ||
	       weft_fail(error, INVALID_INPUT, "Invalid input for name: a tier must have one.");
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	return check_name(draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)txn;
	(void)old;
	return check_name(draft, error);
}

const struct kind security_tier_kind = {
	.id = KIND_SECURITY_TIER,
	.singular = "security_tier",
	.collection = "security_tiers",
	.path = "/v2.0/security-tiers",
	.doc = "A tier of the provider's firewall policies, asked before or behind the security groups.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_SECURITY_TIER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SECURITY_TIER_INDEXES,
	.not_found = WEFT_ERROR_SECURITY_TIER_NOT_FOUND,
	.in_use = WEFT_ERROR_SECURITY_TIER_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update },
};
