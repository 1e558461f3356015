/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 prefixes that a router has others for outside (RFC 6296): external_gateway_info's
 * nptv6_prefixes. */
#include "model/network/network.h"
#include "model/router/router_parts.h"
#include "model/provider/service_map.h"
#include "model/network/subnet.h"

#define PREFIX_MIN 16 /* bits: what is wider is nobody's */
#define PREFIX_MAX 64

struct pair {
	struct prefix internal, external;
};

static struct prefix member(json_t *item, const char *name)
{
	struct prefix prefix = { 0 };

	prefix_parse(json_string_value(json_object_get(item, name)), &prefix);
	return prefix;
}

/* struct pair; g_array_unref(). */
static GArray *pairs_of(const struct object *router)
{
	GArray *pairs = g_array_new(FALSE, TRUE, sizeof(struct pair));
	json_t *list = object_json(router, ROUTER_NPTV6_PREFIXES), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		struct pair pair = { member(item, "internal_prefix"),
			member(item, "external_prefix") };

		g_array_append_val(pairs, pair);
	}
	json_decref(list);
	return pairs;
}

static const struct pair *pair_at(const GArray *pairs, guint i)
{
	return &g_array_index(pairs, struct pair, i);
}

static bool check_one(const struct prefix *prefix, GError **error)
{
	static const struct prefix reserved = { .ip = { .family = 6, .b = { 0 } }, .len = 8 };
	char text[PREFIX_STRLEN];

	return (prefix->ip.family == 6 && prefix->len >= PREFIX_MIN && prefix->len <= PREFIX_MAX &&
		       !ip_is_multicast(&prefix->ip) && !ip_is_link_local(&prefix->ip) &&
		       !prefix_contains(&reserved, &prefix->ip)) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for nptv6_prefixes: %s can't be translated; give IPv6 prefixes of %d to %d bits that are neither link-local nor multicast.",
		       prefix_format(prefix, text), PREFIX_MIN, PREFIX_MAX);
}

static bool check_pair(const GArray *pairs, guint i, GError **error)
{
	const struct pair *pair = pair_at(pairs, i);
	char a[PREFIX_STRLEN], b[PREFIX_STRLEN];

	if (!check_one(&pair->internal, error) || !check_one(&pair->external, error))
		return false;
	if (pair->internal.len != pair->external.len)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for nptv6_prefixes: %s and %s are of different lengths; each address inside has one outside, so give prefixes of one length.",
			prefix_format(&pair->internal, a), prefix_format(&pair->external, b));
	for (guint n = 0; n < pairs->len; n++) {
		const struct pair *other = pair_at(pairs, n);

		if (prefix_overlaps(&pair->external, &other->internal) ||
			(n != i && (prefix_overlaps(&pair->internal, &other->internal) ||
					   prefix_overlaps(&pair->external, &other->external))))
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for nptv6_prefixes: %s (to %s) overlaps with another prefix of the list.",
				prefix_format(&pair->internal, a),
				prefix_format(&pair->external, b));
	}
	return true;
}

/* On the external network itself somebody would have to answer neighbour discovery for each of the
 * addresses. */
static bool check_on_link(
	struct txn *txn, const struct object *router, const struct pair *pair, GError **error)
{
	char text[PREFIX_STRLEN];
	const struct object *subnet;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK,
		object_str(router, ROUTER_GATEWAY_NETWORK_ID), NULL);
	while ((subnet = txn_iter_next(&iter))) {
		struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

		if (prefix_overlaps(&cidr, &pair->external))
			return weft_fail(error, CONFLICT,
				"External prefix %s overlaps with subnet %s of the external network: it must be another one, that is routed to the router's address there.",
				prefix_format(&pair->external, text),
				object_str(subnet, SUBNET_CIDR));
	}
	return true;
}

static bool check_others(
	struct txn *txn, const struct object *router, const struct pair *pair, GError **error)
{
	char text[PREFIX_STRLEN], id[UUID_STRLEN];
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_ROUTER, ROUTER_BY_GATEWAY_NETWORK,
		object_str(router, ROUTER_GATEWAY_NETWORK_ID), NULL);
	while ((other = txn_iter_next(&iter))) {
		g_autoptr(GArray) theirs = pairs_of(other);

		if (uuid_equal(object_id(other), object_id(router)))
			continue;
		for (guint i = 0; i < theirs->len; i++)
			if (prefix_overlaps(&pair->external, &pair_at(theirs, i)->external))
				return weft_fail(error, CONFLICT,
					"External prefix %s overlaps with one of router %s on the same external network.",
					prefix_format(&pair->external, text),
					uuid_format(object_id(other), id));
	}
	return true;
}

bool router_prefixes_check(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GArray) pairs = pairs_of(draft);
	char id[UUID_STRLEN];

	if (pairs->len &&
		!(service_is_edges(draft, SERVICE_ROUTER) && service_is_edges(draft, SERVICE_SNAT)))
		return weft_fail(error, CONFLICT,
			"Router %s has nptv6_prefixes, which the provider edge alone does: its services router and snat must be edge's.",
			uuid_format(object_id(draft), id));
	for (guint i = 0; i < pairs->len; i++)
		if (!check_pair(pairs, i, error) ||
			!check_on_link(txn, draft, pair_at(pairs, i), error) ||
			!check_others(txn, draft, pair_at(pairs, i), error))
			return false;
	return true;
}

static bool is_translated(const GArray *pairs, const char *text)
{
	struct prefix prefix;

	for (guint i = 0; prefix_parse(text, &prefix) && i < pairs->len; i++)
		if (prefix_contains(&pair_at(pairs, i)->internal, &prefix.ip))
			return true;
	return false;
}

void router_prefixes_announce(const struct object *router, GPtrArray *prefixes)
{
	g_autoptr(GArray) pairs = pairs_of(router);
	char text[PREFIX_STRLEN];

	for (guint i = prefixes->len; i-- > 0;)
		if (is_translated(pairs, prefixes->pdata[i]))
			g_ptr_array_remove_index(prefixes, i);
	for (guint i = 0; i < pairs->len; i++)
		g_ptr_array_add(
			prefixes, g_strdup(prefix_format(&pair_at(pairs, i)->external, text)));
}
