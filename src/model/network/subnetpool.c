/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/subnetpool.h"

#include <string.h>

#include "model/network/address_scope.h"
#include "model/standard.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool_space.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const struct attr prefix_attr = { .name = "prefix", .type = TYPE_CIDR };

static const struct attr attrs[N_SUBNETPOOL_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS | ATTR_REQUIRED),
	PROJECT_ATTR,
	[SUBNETPOOL_PREFIXES] = { .name = "prefixes",
		.type = TYPE_LIST,
		.item = &prefix_attr,
		.flags = GIVEN | ATTR_REQUIRED,
		.doc = "What subnets get their range from; an update only adds, remove_prefixes takes away." },
	[SUBNETPOOL_IP_VERSION] = { .name = "ip_version",
		.type = TYPE_INT,
		.doc = "4 or 6, as the prefixes say." },
	[SUBNETPOOL_DEFAULT_PREFIXLEN] = { .name = "default_prefixlen",
		.type = TYPE_INT,
		.max = 128,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "Bits of a subnet that asks for none; min_prefixlen by default." },
	[SUBNETPOOL_MIN_PREFIXLEN] = { .name = "min_prefixlen",
		.type = TYPE_INT,
		.max = 128,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "The largest subnet; 8 for IPv4 and 64 for IPv6 by default." },
	[SUBNETPOOL_MAX_PREFIXLEN] = { .name = "max_prefixlen",
		.type = TYPE_INT,
		.max = 128,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "The smallest subnet; 32 or 128 by default." },
	[SUBNETPOOL_DEFAULT_QUOTA] = { .name = "default_quota",
		.type = TYPE_INT,
		.max = G_MAXINT32,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "What one project may have of it: addresses, of IPv6 /64 networks; 0 or null: no limit." },
	[SUBNETPOOL_IS_DEFAULT] = { .name = "is_default",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_ADMIN_SET,
		.fallback = "false",
		.doc = "Taken by subnets that use the default pool; one of each IP version." },
	[SUBNETPOOL_SHARED] = { .name = "shared",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_ADMIN_SET,
		.fallback = "false",
		.doc = "Every project may have subnets of it." },
	[SUBNETPOOL_ADDRESS_SCOPE_ID] = { .name = "address_scope_id",
		.type = TYPE_UUID,
		.flags = GIVEN | ATTR_NULLABLE,
		.refers = KIND_ADDRESS_SCOPE,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = SUBNETPOOL_BY_ADDRESS_SCOPE,
		.doc = "Where its addresses are unique." },
};

static void default_keys(const struct object *pool, struct key_sink *sink)
{
	if (object_bool(pool, SUBNETPOOL_IS_DEFAULT))
		index_add(sink,
			(const char *const[]){
				object_int(pool, SUBNETPOOL_IP_VERSION) == 4 ? "4" : "6" },
			1);
}

static const struct index indexes[N_SUBNETPOOL_INDEXES] = {
	[SUBNETPOOL_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[SUBNETPOOL_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[SUBNETPOOL_BY_ADDRESS_SCOPE] = { .name = "address scope",
		.slots = { SUBNETPOOL_ADDRESS_SCOPE_ID } },
	[SUBNETPOOL_BY_DEFAULT] = { .name = "is_default",
		.keys = default_keys,
		.depends_on = SUBNETPOOL_IS_DEFAULT },
};

const struct object *subnetpool_default(const struct txn *txn, s64 version)
{
	struct txn_iter iter;

	txn_iter_init(
		&iter, txn, KIND_SUBNETPOOL, SUBNETPOOL_BY_DEFAULT, version == 4 ? "4" : "6", NULL);
	return txn_iter_next(&iter);
}

/* One IP version; written as few as possible. */
static bool check_prefixes(struct object *draft, GError **error)
{
	json_t *list = object_json(draft, SUBNETPOOL_PREFIXES);
	struct prefix_set *set = NULL;
	g_autofree char *text = NULL;
	u8 version = 0;
	bool ok = json_array_size(list) ||
		  weft_fail(error, SUBNETPOOL_NO_PREFIX,
			  "Empty subnet pool prefix list: give at least one as prefixes.");
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		struct prefix prefix;

		prefix_parse(json_string_value(item), &prefix);
		if (ok && version && version != prefix.ip.family)
			ok = weft_fail(error, PREFIX_VERSION,
				"Cannot mix IPv4 and IPv6 prefixes in a subnet pool: make a pool of each.");
		version = prefix.ip.family;
	}
	if (ok) {
		set = prefix_set_of_list(list);
		json_decref(list);
		list = prefix_set_list(set);
		prefix_set_free(set);
		text = json_dumps(list, JSON_COMPACT);
		object_set_str(draft, SUBNETPOOL_PREFIXES, text);
		object_set_int(draft, SUBNETPOOL_IP_VERSION, version);
	}
	json_decref(list);
	return ok;
}

static bool fail_bounds(const char *a, s64 x, const char *b, s64 y, GError **error)
{
	return weft_fail(error, PREFIX_BOUNDS,
		"Illegal prefix bounds: %s=%" G_GINT64_FORMAT ", %s=%" G_GINT64_FORMAT
		": give min_prefixlen ≤ default_prefixlen ≤ max_prefixlen.",
		a, x, b, y);
}

static bool check_bounds(struct object *draft, GError **error)
{
	s64 bits = object_int(draft, SUBNETPOOL_IP_VERSION) == 4 ? 32 : 128;
	s64 min, max, usual;

	if (object_is_null(draft, SUBNETPOOL_MIN_PREFIXLEN))
		object_set_int(draft, SUBNETPOOL_MIN_PREFIXLEN, bits == 32 ? 8 : 64);
	if (object_is_null(draft, SUBNETPOOL_MAX_PREFIXLEN))
		object_set_int(draft, SUBNETPOOL_MAX_PREFIXLEN, bits);
	min = object_int(draft, SUBNETPOOL_MIN_PREFIXLEN);
	max = object_int(draft, SUBNETPOOL_MAX_PREFIXLEN);
	if (object_is_null(draft, SUBNETPOOL_DEFAULT_PREFIXLEN))
		object_set_int(draft, SUBNETPOOL_DEFAULT_PREFIXLEN, min);
	usual = object_int(draft, SUBNETPOOL_DEFAULT_PREFIXLEN);
	if (max > bits)
		return fail_bounds("max_prefixlen", max, "ip_version_max", bits, error);
	if (min > max)
		return fail_bounds("min_prefixlen", min, "max_prefixlen", max, error);
	if (usual < min)
		return fail_bounds("default_prefixlen", usual, "min_prefixlen", min, error);
	if (usual > max)
		return fail_bounds("default_prefixlen", usual, "max_prefixlen", max, error);
	return true;
}

static bool check_default(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *other =
		subnetpool_default(txn, object_int(draft, SUBNETPOOL_IP_VERSION));
	char id[UUID_STRLEN];

	if (!object_bool(draft, SUBNETPOOL_IS_DEFAULT) || !other ||
		uuid_equal(object_id(other), object_id(draft)))
		return true;
	return weft_fail(error, INVALID_INPUT,
		"Invalid input for is_default: a default subnetpool for this IP family has already been set, %s; only one default may exist per IP family.",
		uuid_format(object_id(other), id));
}

struct overlap {
	const struct prefix_set *set;
	bool found;
};

static void find_overlap(const struct prefix *prefix, void *user)
{
	struct overlap *overlap = user;

	overlap->found |= prefix_set_overlaps(overlap->set, prefix);
}

static bool overlap(const struct object *a, const struct object *b)
{
	struct prefix_set *set = subnetpool_prefixes(a), *other = subnetpool_prefixes(b);
	struct overlap overlap = { set, false };

	prefix_set_each(other, find_overlap, &overlap);
	prefix_set_free(set);
	prefix_set_free(other);
	return overlap.found;
}

static bool check_scope_prefixes(struct txn *txn, const struct object *draft, GError **error)
{
	const char *scope = object_str(draft, SUBNETPOOL_ADDRESS_SCOPE_ID);
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_SUBNETPOOL, SUBNETPOOL_BY_ADDRESS_SCOPE, scope, NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(draft)) && overlap(draft, other))
			return weft_fail(error, ADDRESS_SCOPE_PREFIX,
				"Failed to associate address scope: subnetpools within an address scope must have unique prefixes; pool %s of scope %s has some of %s.",
				uuid_format(object_id(other), id), scope,
				object_str(draft, SUBNETPOOL_PREFIXES));
	return true;
}

static bool check_scope(struct txn *txn, const struct object *draft, GError **error)
{
	const char *id = object_str(draft, SUBNETPOOL_ADDRESS_SCOPE_ID);
	const struct object *scope;

	if (!id)
		return true;
	scope = txn_need(txn, KIND_ADDRESS_SCOPE, id, error);
	if (!scope)
		return false;
	if (object_int(scope, ADDRESS_SCOPE_IP_VERSION) != object_int(draft, SUBNETPOOL_IP_VERSION))
		return weft_fail(error, INVALID_INPUT,
			"Illegal subnetpool association: a pool of IPv%" G_GINT64_FORMAT
			" cannot associate with address scope %s, which is of IPv%" G_GINT64_FORMAT
			".",
			object_int(draft, SUBNETPOOL_IP_VERSION), id,
			object_int(scope, ADDRESS_SCOPE_IP_VERSION));
	return check_scope_prefixes(txn, draft, error);
}

static bool check(struct txn *txn, struct object *draft, GError **error)
{
	if (!*object_str(draft, SLOT_NAME))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for name: a subnet pool needs one that is not empty.");
	return check_prefixes(draft, error) && check_bounds(draft, error) &&
	       check_default(txn, draft, error) && check_scope(txn, draft, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return check(txn, draft, error);
}

/* Networks whose subnets are of several pools hold together by the scope that these are in. */
static bool check_rescope(struct txn *txn, const struct object *old, GError **error)
{
	const struct object *subnet, *other;
	struct txn_iter iter, others;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_SUBNETPOOL,
		uuid_format(object_id(old), id), NULL);
	while ((subnet = txn_iter_next(&iter))) {
		txn_iter_init(&others, txn, KIND_SUBNET, SUBNET_BY_NETWORK,
			object_str(subnet, SUBNET_NETWORK_ID), NULL);
		while ((other = txn_iter_next(&others)))
			if (object_equal(subnet, other, SUBNET_IP_VERSION) &&
				g_strcmp0(object_str(other, SUBNET_SUBNETPOOL_ID), id))
				return weft_fail(error, SCOPE_AFFINITY,
					"Subnets of the same address family hosted on the same network must all participate in the same address scope: network %s has some of another pool.",
					object_str(subnet, SUBNET_NETWORK_ID));
	}
	return true;
}

static bool check_superset(const struct object *old, const struct object *draft, GError **error)
{
	struct prefix_set *set = subnetpool_prefixes(draft);
	json_t *before = object_json(old, SUBNETPOOL_PREFIXES), *item;
	struct prefix prefix;
	bool ok = true;
	size_t i;

	json_array_foreach(before, i, item)
		ok = ok && prefix_parse(json_string_value(item), &prefix) &&
		     prefix_set_contains(set, &prefix);
	json_decref(before);
	prefix_set_free(set);
	return ok ||
	       weft_fail(error, PREFIX_UPDATE,
		       "Illegal update to prefixes: existing prefixes must be a subset of the new prefixes, and %s is not in %s; remove_prefixes takes prefixes away.",
		       object_str(old, SUBNETPOOL_PREFIXES),
		       object_str(draft, SUBNETPOOL_PREFIXES));
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	if (!check(txn, draft, error) || !check_superset(old, draft, error))
		return false;
	return object_equal(old, draft, SUBNETPOOL_ADDRESS_SCOPE_ID) ||
	       check_rescope(txn, old, error);
}

const struct kind subnetpool_kind = {
	.id = KIND_SUBNETPOOL,
	.singular = "subnetpool",
	.collection = "subnetpools",
	.command = "subnet pool",
	.path = "/v2.0/subnetpools",
	.doc = "Prefixes that subnets get their range from.",
	.actions = subnetpool_actions,
	.attrs = attrs,
	.n_slots = N_SUBNETPOOL_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SUBNETPOOL_INDEXES,
	.quota = { "subnetpool", QUOTA_UNLIMITED },
	.rbac = RBAC_SHARED,
	.shared_slot = SUBNETPOOL_SHARED,
	.not_found = WEFT_ERROR_SUBNETPOOL_NOT_FOUND,
	.in_use = WEFT_ERROR_SUBNETPOOL_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.observe = subnetpool_space_observe,
		.state_new = subnetpool_space_new,
		.state_free = subnetpool_space_free },
};
