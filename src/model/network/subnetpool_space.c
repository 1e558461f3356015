/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For each pool, which of its addresses no subnet has. It is derived state, like the addresses of a
 * subnet (subnet_pools.c): built of the pool and its subnets at load and when the prefixes change,
 * and kept up by what happens to the subnets. While a transaction is open it also lacks what that
 * one has taken.
 */
#include "model/network/subnetpool_space.h"

#include <string.h>

#include "model/network/subnet.h"
#include "model/txn_impl.h"

struct space {
	struct prefix_set *all, *free;
};

static void free_space(gpointer data)
{
	struct space *space = data;

	prefix_set_free(space->all);
	prefix_set_free(space->free);
	g_free(space);
}

void *subnetpool_space_new(void)
{
	return g_hash_table_new_full(uuid_hash, uuid_equal, g_free, free_space);
}

void subnetpool_space_free(void *spaces)
{
	g_hash_table_destroy(spaces);
}

struct prefix_set *prefix_set_of_list(const json_t *list)
{
	struct prefix_set *set = prefix_set_new();
	struct prefix prefix;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (prefix_parse(json_string_value(item), &prefix))
			prefix_set_add(set, &prefix);
	return set;
}

static void append_text(const struct prefix *prefix, void *list)
{
	char text[PREFIX_STRLEN];

	json_array_append_new(list, json_string(prefix_format(prefix, text)));
}

json_t *prefix_set_list(const struct prefix_set *set)
{
	json_t *list = json_array();

	prefix_set_each(set, append_text, list);
	return list;
}

struct prefix_set *subnetpool_prefixes(const struct object *pool)
{
	json_t *list = object_json(pool, SUBNETPOOL_PREFIXES);
	struct prefix_set *set = prefix_set_of_list(list);

	json_decref(list);
	return set;
}

static void build(const struct model *model, const struct object *pool)
{
	struct space *space = g_new(struct space, 1);
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	*space = (struct space){ subnetpool_prefixes(pool), subnetpool_prefixes(pool) };
	model_iter_init(&iter, model, KIND_SUBNET, SUBNET_BY_SUBNETPOOL,
		uuid_format(object_id(pool), id), NULL);
	while ((subnet = model_iter_next(&iter))) {
		struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

		prefix_set_remove(space->free, &cidr);
	}
	g_hash_table_replace(model_state(model, KIND_SUBNETPOOL),
		g_memdup2(object_id(pool), sizeof(struct uuid)), space);
}

void subnetpool_space_observe(struct model *model, const struct object *old,
	const struct object *new, enum observe_phase phase)
{
	if (phase == OBSERVE_RELEASE && new &&
		(!old || !object_equal(old, new, SUBNETPOOL_PREFIXES)))
		build(model, new);
	if (phase == OBSERVE_CLAIM && !new)
		g_hash_table_remove(model_state(model, KIND_SUBNETPOOL), object_id(old));
}

void subnetpool_space_observe_subnet(struct model *model, const struct object *old,
	const struct object *new, enum observe_phase phase)
{
	const struct object *subnet = phase == OBSERVE_RELEASE ? old : new;
	struct prefix cidr;
	struct space *space;
	struct uuid id;

	if (!subnet || !object_uuid(subnet, SUBNET_SUBNETPOOL_ID, &id))
		return;
	space = g_hash_table_lookup(model_state(model, KIND_SUBNETPOOL), &id);
	if (!space)
		return;
	cidr = object_prefix(subnet, SUBNET_CIDR);
	if (phase == OBSERVE_CLAIM)
		prefix_set_remove(space->free, &cidr);
	else if (prefix_set_contains(space->all, &cidr)) /* the pool may have been cut meanwhile */
		prefix_set_add(space->free, &cidr);
}

struct taken {
	struct prefix_set *free;
	struct prefix prefix;
};

static void give_back(gpointer data)
{
	struct taken *taken = data;

	prefix_set_add(taken->free, &taken->prefix);
	g_free(taken);
}

static void reserve(struct txn *txn, struct prefix_set *free, const struct prefix *prefix)
{
	struct taken *taken = g_new(struct taken, 1);

	*taken = (struct taken){ free, *prefix };
	prefix_set_remove(free, prefix);
	txn_defer(txn, give_back, taken);
}

/* Addresses (of IPv6: /64 networks) that a prefix counts in a quota. */
static u64 quota_units(const struct prefix *prefix)
{
	unsigned unit = prefix->ip.family == 4 ? 32 : 64;

	if (prefix->len >= unit)
		return 1;
	return unit - prefix->len >= 63 ? G_MAXINT64 : 1ull << (unit - prefix->len);
}

static bool check_quota(struct txn *txn, const struct object *pool, const char *project,
	const struct prefix *asked, GError **error)
{
	u64 quota = (u64)object_int(pool, SUBNETPOOL_DEFAULT_QUOTA), used = 0;
	const struct object *subnet;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (object_is_null(pool, SUBNETPOOL_DEFAULT_QUOTA) || !quota)
		return true;
	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_SUBNETPOOL_PROJECT,
		uuid_format(object_id(pool), id), project, NULL);
	while ((subnet = txn_iter_next(&iter))) {
		struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

		used += quota_units(&cidr);
	}
	if (used <= quota && quota_units(asked) <= quota - used)
		return true;
	return weft_fail(error, SUBNETPOOL_QUOTA,
		"Per-tenant subnet pool prefix quota exceeded: the project has %" G_GUINT64_FORMAT
		" of %" G_GUINT64_FORMAT " %s of pool %s, and a /%u needs %" G_GUINT64_FORMAT ".",
		used, quota, asked->ip.family == 4 ? "addresses" : "/64 networks", id, asked->len,
		quota_units(asked));
}

static bool check_len(const struct object *pool, unsigned len, GError **error)
{
	s64 min = object_int(pool, SUBNETPOOL_MIN_PREFIXLEN);
	s64 max = object_int(pool, SUBNETPOOL_MAX_PREFIXLEN);

	if (len < min)
		return weft_fail(error, POOL_MIN_PREFIX,
			"Unable to allocate subnet with prefix length %u, minimum allowed prefix is %" G_GINT64_FORMAT
			".",
			len, min);
	if (len > max)
		return weft_fail(error, POOL_MAX_PREFIX,
			"Unable to allocate subnet with prefix length %u, maximum allowed prefix is %" G_GINT64_FORMAT
			".",
			len, max);
	return true;
}

static struct prefix_set *free_of(const struct txn *txn, const struct object *pool)
{
	struct space *space =
		g_hash_table_lookup(model_state(txn_model(txn), KIND_SUBNETPOOL), object_id(pool));

	return space->free;
}

bool subnetpool_take_next(struct txn *txn, const struct object *pool, const char *project, int len,
	struct prefix *ret, GError **error)
{
	unsigned bits =
		len < 0 ? (unsigned)object_int(pool, SUBNETPOOL_DEFAULT_PREFIXLEN) : (unsigned)len;
	struct prefix asked = { { .family = (u8)object_int(pool, SUBNETPOOL_IP_VERSION) },
		(u8)bits };
	char id[UUID_STRLEN];

	if (!check_len(pool, bits, error) || !check_quota(txn, pool, project, &asked, error))
		return false;
	if (!prefix_set_find(free_of(txn, pool), bits, ret))
		return weft_fail(error, SUBNETPOOL_EXHAUSTED,
			"Failed to allocate subnet: Insufficient prefix space to allocate subnet size /%u from pool %s; add prefixes to it or ask for less.",
			bits, uuid_format(object_id(pool), id));
	reserve(txn, free_of(txn, pool), ret);
	return true;
}

bool subnetpool_take(struct txn *txn, const struct object *pool, const char *project,
	const struct prefix *cidr, GError **error)
{
	char id[UUID_STRLEN], text[PREFIX_STRLEN];

	if (!check_len(pool, cidr->len, error) || !check_quota(txn, pool, project, cidr, error))
		return false;
	if (!prefix_set_contains(free_of(txn, pool), cidr))
		return weft_fail(error, SUBNETPOOL_EXHAUSTED,
			"Failed to allocate subnet: Cannot allocate requested subnet from the available set of prefixes: %s is not in pool %s (%s), or is in use there.",
			prefix_format(cidr, text), uuid_format(object_id(pool), id),
			object_str(pool, SUBNETPOOL_PREFIXES));
	reserve(txn, free_of(txn, pool), cidr);
	return true;
}
