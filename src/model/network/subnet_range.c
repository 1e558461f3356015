/* SPDX-License-Identifier: Apache-2.0 */
/* Where a subnet's range comes from: its cidr, or a pool with a prefix length or the cidr. */
#include <string.h>

#include "model/network/subnet_pools.h"
#include "model/network/subnetpool.h"

static bool given(const struct object *draft, unsigned slot)
{
	return object_given(draft) & SLOT_BIT(slot) && !object_is_null(draft, slot);
}

static bool use_default(struct txn *txn, struct object *draft, GError **error)
{
	s64 version = object_int(draft, SUBNET_IP_VERSION);
	const struct object *pool;
	char id[UUID_STRLEN];

	if (given(draft, SUBNET_SUBNETPOOL_ID))
		return weft_fail(error, BAD_REQUEST,
			"subnetpool_id and use_default_subnetpool cannot both be specified.");
	if (given(draft, SUBNET_CIDR))
		version = object_prefix(draft, SUBNET_CIDR).ip.family;
	if (!version)
		return weft_fail(error, BAD_REQUEST,
			"ip_version must be specified in the absence of cidr and subnetpool_id.");
	pool = subnetpool_default(txn, version);
	if (!pool || !model_visible(txn_model(txn), pool, txn_caller(txn)))
		return weft_fail(error, BAD_REQUEST,
			"No default subnetpool found for IPv%" G_GINT64_FORMAT
			": an administrator may set is_default of one.",
			version);
	object_set_str(draft, SUBNET_SUBNETPOOL_ID, uuid_format(object_id(pool), id));
	return true;
}

/* What another subnet of the network and IP version says of where this one may come from. */
static bool check_beside(struct txn *txn, const struct object *other, const struct object *pool,
	const char *pool_id, GError **error)
{
	const char *other_id = object_str(other, SUBNET_SUBNETPOOL_ID);
	const struct object *other_pool = txn_get_text(txn, KIND_SUBNETPOOL, other_id);
	const char *scope = other_pool ? object_str(other_pool, SUBNETPOOL_ADDRESS_SCOPE_ID) : NULL;
	char id[UUID_STRLEN];

	if (!g_strcmp0(other_id, pool_id))
		return true;
	uuid_format(object_id(other), id);
	if (scope && pool && !g_strcmp0(scope, object_str(pool, SUBNETPOOL_ADDRESS_SCOPE_ID)))
		return true;
	if (scope && pool)
		return weft_fail(error, SCOPE_AFFINITY,
			"Subnets of the same address family hosted on the same network must all participate in the same address scope: subnet %s is in %s.",
			id, scope);
	return weft_fail(error, SUBNETPOOL_AFFINITY,
		"Subnets hosted on the same network must be allocated from the same subnet pool: subnet %s is of pool %s.",
		id, other_id ?: "none");
}

static bool check_affinity(
	struct txn *txn, const struct object *draft, const struct object *pool, GError **error)
{
	s64 version = object_prefix(draft, SUBNET_CIDR).ip.family;
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK,
		object_str(draft, SUBNET_NETWORK_ID), NULL);
	while ((other = txn_iter_next(&iter)))
		if (object_int(other, SUBNET_IP_VERSION) == version &&
			!check_beside(
				txn, other, pool, object_str(draft, SUBNET_SUBNETPOOL_ID), error))
			return false;
	return true;
}

static bool check_version(const struct object *draft, const struct object *pool, GError **error)
{
	s64 asked = object_int(draft, SUBNET_IP_VERSION);
	s64 offered = object_int(pool, SUBNETPOOL_IP_VERSION);

	if (given(draft, SUBNET_CIDR))
		asked = object_prefix(draft, SUBNET_CIDR).ip.family;
	if (!asked || asked == offered)
		return true;
	return weft_fail(error, BAD_REQUEST,
		"Cannot allocate IPv%" G_GINT64_FORMAT " subnet from IPv%" G_GINT64_FORMAT
		" subnet pool %s.",
		asked, offered, object_str(draft, SUBNET_SUBNETPOOL_ID));
}

static bool take(struct txn *txn, struct object *draft, const struct object *pool, GError **error)
{
	const char *project = object_str(draft, SLOT_PROJECT_ID);
	struct prefix cidr;
	char text[PREFIX_STRLEN];
	int len = -1;

	if (given(draft, SUBNET_CIDR)) {
		cidr = object_prefix(draft, SUBNET_CIDR);
		return subnetpool_take(txn, pool, project, &cidr, error);
	}
	if (object_given(draft) & SLOT_BIT(SUBNET_ALLOCATION_POOLS))
		return weft_fail(error, BAD_REQUEST,
			"allocation_pools allowed only for specific subnet requests: give the cidr too, or leave them out.");
	if (given(draft, SUBNET_PREFIXLEN))
		len = (int)object_int(draft, SUBNET_PREFIXLEN);
	if (!subnetpool_take_next(txn, pool, project, len, &cidr, error))
		return false;
	object_set_str(draft, SUBNET_CIDR, prefix_format(&cidr, text));
	return true;
}

bool subnet_find_range(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *pool = NULL;

	if (given(draft, SUBNET_CIDR) && given(draft, SUBNET_PREFIXLEN))
		return weft_fail(
			error, BAD_REQUEST, "cidr and prefixlen must not be supplied together.");
	if (object_bool(draft, SUBNET_USE_DEFAULT_POOL) && !use_default(txn, draft, error))
		return false;
	if (object_is_null(draft, SUBNET_SUBNETPOOL_ID))
		return given(draft, SUBNET_CIDR)
			       ? check_affinity(txn, draft, NULL, error)
			       : weft_fail(error, BAD_REQUEST,
					 "A subnet needs a cidr, or a subnetpool_id (or use_default_subnetpool) to get one from.");
	pool = txn_need(txn, KIND_SUBNETPOOL, object_str(draft, SUBNET_SUBNETPOOL_ID), error);
	return pool && check_version(draft, pool, error) && take(txn, draft, pool, error) &&
	       check_affinity(txn, draft, pool, error);
}
