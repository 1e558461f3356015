/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of a pool: prefixes come and go, and the subnets of a network are taken into it. */
#include <stdlib.h>
#include <string.h>

#include "model/network/subnet.h"
#include "model/network/subnetpool_space.h"

/* The list of prefixes in the body of a verb, or NULL. */
static json_t *need_prefixes(json_t *body, GError **error)
{
	json_t *list = json_object_get(body, "prefixes"), *item;
	struct prefix prefix;
	size_t i;

	if (json_object_size(body) != 1 || !json_array_size(list)) {
		weft_fail(error, BAD_REQUEST,
			"Send {\"prefixes\": [\"10.0.0.0/16\", …]} and nothing else.");
		return NULL;
	}
	json_array_foreach(list, i, item)
		if (!json_is_string(item) || !prefix_parse(json_string_value(item), &prefix)) {
			weft_fail(error, INVALID_INPUT,
				"Invalid input for prefixes[%zu]: it is no prefix like 10.0.0.0/16 or fd00::/48.",
				i);
			return NULL;
		}
	return list;
}

static json_t *prefixes_of(const struct object *pool)
{
	return json_pack("{s:o}", "prefixes", object_json(pool, SUBNETPOOL_PREFIXES));
}

static bool update_prefixes(struct txn *txn, const struct object *pool, json_t *more,
	const struct object **ret, GError **error)
{
	json_t *all = object_json(pool, SUBNETPOOL_PREFIXES);
	json_t *body = json_pack("{s:o}", "prefixes", all);
	char id[UUID_STRLEN];

	json_array_extend(all, more);
	*ret = txn_update(txn, KIND_SUBNETPOOL, uuid_format(object_id(pool), id), body, error);
	json_decref(body);
	return *ret;
}

static bool add_prefixes(struct txn *txn, const struct object *pool, json_t *body,
	json_t **ret_answer, GError **error)
{
	json_t *more = need_prefixes(body, error);
	const struct object *after;

	if (!more || !update_prefixes(txn, pool, more, &after, error))
		return false;
	*ret_answer = prefixes_of(after);
	return true;
}

/* Is any part of the pool that a subnet has in @set? */
static bool check_unused(
	struct txn *txn, const struct object *pool, const struct prefix_set *set, GError **error)
{
	const struct object *subnet;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_SUBNETPOOL,
		uuid_format(object_id(pool), id), NULL);
	while ((subnet = txn_iter_next(&iter))) {
		struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

		if (prefix_set_overlaps(set, &cidr))
			return weft_fail(error, PREFIX_UPDATE,
				"Illegal update to prefixes: one or more of the prefixes to be removed is in use by a subnet: %s has %s.",
				uuid_format(object_id(subnet), id),
				object_str(subnet, SUBNET_CIDR));
	}
	return true;
}

static void subtract(const struct prefix *prefix, void *set)
{
	prefix_set_remove(set, prefix);
}

static bool stage_without(struct txn *txn, const struct object *pool, const struct prefix_set *less,
	json_t **ret_answer, GError **error)
{
	struct prefix_set *set = subnetpool_prefixes(pool);
	struct object *draft;
	const struct object *after;
	json_t *list;
	char *text;

	prefix_set_each(less, subtract, set);
	list = prefix_set_list(set);
	prefix_set_free(set);
	text = json_dumps(list, JSON_COMPACT);
	draft = object_edit(pool);
	object_set_str(draft, SUBNETPOOL_PREFIXES, text);
	free(text);
	json_decref(list);
	after = txn_put(txn, draft, error);
	if (after)
		*ret_answer = prefixes_of(after);
	return after;
}

static bool remove_prefixes(struct txn *txn, const struct object *pool, json_t *body,
	json_t **ret_answer, GError **error)
{
	json_t *list = need_prefixes(body, error);
	struct prefix_set *less;
	bool ok;

	if (!list)
		return false;
	less = prefix_set_of_list(list);
	ok = check_unused(txn, pool, less, error) &&
	     stage_without(txn, pool, less, ret_answer, error);
	prefix_set_free(less);
	return ok;
}

/* Subnets of the pool's IP version on the network that are not of it yet; refused when one has what
 * another subnet has of the pool. */
static GPtrArray *to_onboard(
	struct txn *txn, const struct object *pool, const char *network, GError **error)
{
	g_autoptr(GPtrArray) subnets = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	struct prefix_set *set = prefix_set_new();
	const struct object *subnet;
	struct txn_iter iter;
	char id[UUID_STRLEN];
	bool ok;

	uuid_format(object_id(pool), id);
	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = txn_iter_next(&iter))) {
		struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

		if (cidr.ip.family != object_int(pool, SUBNETPOOL_IP_VERSION) ||
			!g_strcmp0(object_str(subnet, SUBNET_SUBNETPOOL_ID), id))
			continue;
		prefix_set_add(set, &cidr);
		g_ptr_array_add(subnets, object_ref(subnet));
	}
	ok = check_unused(txn, pool, set, error);
	prefix_set_free(set);
	return ok ? g_steal_pointer(&subnets) : NULL;
}

static bool stage_onboard(struct txn *txn, const struct object *pool, const GPtrArray *subnets,
	json_t *answer, GError **error)
{
	char id[UUID_STRLEN], subnet_id[UUID_STRLEN];
	const struct object *after;

	for (guint i = 0; i < subnets->len; i++) {
		struct object *draft = object_edit(subnets->pdata[i]);

		object_set_str(draft, SUBNET_SUBNETPOOL_ID, uuid_format(object_id(pool), id));
		after = txn_put(txn, draft, error);
		if (!after)
			return false;
		json_array_append_new(answer,
			json_pack("{s:s, s:s}", "id", uuid_format(object_id(after), subnet_id),
				"cidr", object_str(after, SUBNET_CIDR)));
	}
	return true;
}

/* The pool gets the prefixes of the subnets first. */
static bool extend(
	struct txn *txn, const struct object *pool, const GPtrArray *subnets, GError **error)
{
	json_t *more = json_array();
	const struct object *after;
	bool ok;

	for (guint i = 0; i < subnets->len; i++)
		json_array_append_new(
			more, json_string(object_str(subnets->pdata[i], SUBNET_CIDR)));
	ok = !subnets->len || update_prefixes(txn, pool, more, &after, error);
	json_decref(more);
	return ok;
}

static bool onboard(struct txn *txn, const struct object *pool, json_t *body, json_t **ret_answer,
	GError **error)
{
	const char *network = json_string_value(json_object_get(body, "network_id"));
	const struct object *object;
	g_autoptr(GPtrArray) subnets = NULL;

	if (!network)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for network_id: send {\"network_id\": \"ID\"}.");
	object = txn_need(txn, KIND_NETWORK, network, error);
	if (!object)
		return false;
	if (!model_changeable(txn_model(txn), object, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"Network %s belongs to another project; only its members may onboard its subnets.",
			network);
	subnets = to_onboard(txn, pool, network, error);
	if (!subnets || !extend(txn, pool, subnets, error))
		return false;
	*ret_answer = json_array();
	return stage_onboard(txn, pool, subnets, *ret_answer, error);
}

const struct kind_action subnetpool_actions[] = {
	{ "add_prefixes", .run = add_prefixes, .doc = "Adds prefixes." },
	{ "remove_prefixes", .run = remove_prefixes,
		.doc = "Takes prefixes away that no subnet is of." },
	{ "onboard_network_subnets", .run = onboard,
		.doc = "Makes the subnets of a network subnets of the pool, with their ranges." },
	{ 0 },
};
