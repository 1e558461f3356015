/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks that are routed between their segments: every subnet is on one, the provider's routers
 * connect them, and guests are told the routes to the subnets of the other segments. Subnets for
 * what the provider routes to the network (service type network:routed) are on no segment.
 */
#include <string.h>

#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/segment.h"
#include "model/network/subnet_pools.h"

static const char *segment_of(const struct object *subnet)
{
	return object_str(subnet, SUBNET_SEGMENT_ID);
}

static bool is_for_routes(const struct object *subnet)
{
	return strstr(object_str(subnet, SUBNET_SERVICE_TYPES), "\"network:routed\"");
}

static bool check_network(struct txn *txn, const struct object *draft, GError **error)
{
	const char *id = segment_of(draft);
	const struct object *segment = id ? txn_get_text(txn, KIND_SEGMENT, id) : NULL;

	if (!id)
		return true;
	if (!segment)
		return kind_fail_not_found(KIND_SEGMENT, id, error);
	return !strcmp(object_str(segment, SEGMENT_NETWORK_ID),
		       object_str(draft, SUBNET_NETWORK_ID)) ||
	       weft_fail(error, SEGMENT_OF_OTHER_NETWORK,
		       "The subnet's network id, '%s', doesn't match the network_id of segment '%s', which is %s.",
		       object_str(draft, SUBNET_NETWORK_ID), id,
		       object_str(segment, SEGMENT_NETWORK_ID));
}

static bool fail_not_all(const struct object *draft, GError **error)
{
	return weft_fail(error, SEGMENT_FOR_ALL,
		"All of the subnets on network '%s' must either all be associated with segments or all not associated with any segment.",
		object_str(draft, SUBNET_NETWORK_ID));
}

/* Subnets of the draft's network beside it that are on segments or could be; g_ptr_array_unref. */
static GPtrArray *others(struct txn *txn, const struct object *draft)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *subnet;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK,
		object_str(draft, SUBNET_NETWORK_ID), NULL);
	while ((subnet = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(subnet), object_id(draft)))
			g_ptr_array_add(found, object_ref(subnet));
	return found;
}

static bool check_others(const struct object *draft, const GPtrArray *subnets, GError **error)
{
	for (guint i = 0; i < subnets->len && !is_for_routes(draft); i++)
		if (!is_for_routes(subnets->pdata[i]) &&
			!segment_of(subnets->pdata[i]) != !segment_of(draft))
			return fail_not_all(draft, error);
	return true;
}

/* A network with one subnet and one segment may become a routed one. */
static bool check_change(struct txn *txn, const struct object *old, const struct object *draft,
	const GPtrArray *subnets, GError **error)
{
	const char *network = object_str(draft, SUBNET_NETWORK_ID);

	for (guint i = 0; i < subnets->len; i++)
		if (!is_for_routes(subnets->pdata[i]))
			return fail_not_all(draft, error);
	if (segment_of(old))
		return weft_fail(error, SEGMENT_FOR_GOOD,
			"A subnet that is already associated with a segment cannot have its segment association changed.");
	return model_count(txn_model(txn), KIND_SEGMENT, SEGMENT_BY_NETWORK, network, NULL) < 2 ||
	       weft_fail(error, SEGMENT_OF_SEVERAL,
		       "The network '%s' has multiple segments, it is only possible to associate an existing subnet with a segment on networks with a single segment.",
		       network);
}

static bool is_route(json_t *route, const char *destination, const char *nexthop)
{
	return !g_strcmp0(json_string_value(json_object_get(route, "destination")), destination) &&
	       !g_strcmp0(json_string_value(json_object_get(route, "nexthop")), nexthop);
}

static void drop_route(json_t *routes, const char *destination, const char *nexthop)
{
	for (size_t i = json_array_size(routes); i-- > 0;)
		if (is_route(json_array_get(routes, i), destination, nexthop))
			json_array_remove(routes, i);
}

/* Is there a route to all of @range? */
static bool is_covered(json_t *routes, const struct prefix *range)
{
	struct prefix destination;
	json_t *route;
	size_t i;

	json_array_foreach(routes, i, route)
		if (prefix_parse(json_string_value(json_object_get(route, "destination")),
			    &destination) &&
			destination.len <= range->len && prefix_contains(&destination, &range->ip))
			return true;
	return false;
}

/* Are guests of @subnet told a route to @peer? */
static bool is_peer(const struct object *subnet, const struct object *peer)
{
	return g_strcmp0(segment_of(subnet), segment_of(peer)) &&
	       object_int(subnet, SUBNET_IP_VERSION) == object_int(peer, SUBNET_IP_VERSION);
}

static void set_routes(struct object *draft, json_t *routes)
{
	g_autofree char *text = json_dumps(routes, JSON_COMPACT);

	object_set_str(draft, SUBNET_HOST_ROUTES, text);
}

/* Makes host_routes lead to the peers, by the gateway; @old_gateway, if not NULL, is where they led
 * before. */
static void fill_routes(struct object *draft, const GPtrArray *subnets, const char *old_gateway)
{
	json_t *routes = object_json(draft, SUBNET_HOST_ROUTES);
	const char *gateway = object_str(draft, SUBNET_GATEWAY_IP);

	for (guint i = 0; i < subnets->len; i++) {
		const struct object *peer = subnets->pdata[i];
		const char *cidr = object_str(peer, SUBNET_CIDR);
		struct prefix range = object_prefix(peer, SUBNET_CIDR);

		if (!is_peer(draft, peer))
			continue;
		if (old_gateway)
			drop_route(routes, cidr, old_gateway);
		if (gateway && !is_covered(routes, &range))
			json_array_append_new(routes,
				json_pack("{s:s, s:s}", "destination", cidr, "nexthop", gateway));
	}
	set_routes(draft, routes);
	json_decref(routes);
}

bool subnet_check_segment(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) subnets = NULL;
	bool changed = !old || !object_equal(old, draft, SUBNET_SEGMENT_ID);
	bool told = old && object_equal(old, draft, SUBNET_HOST_ROUTES) &&
		    object_equal(old, draft, SUBNET_GATEWAY_IP);

	if (!changed && (told || !segment_of(draft)))
		return true;
	subnets = others(txn, draft);
	if (changed && (!check_network(txn, draft, error) ||
			       (old ? !check_change(txn, old, draft, subnets, error)
				    : !check_others(draft, subnets, error))))
		return false;
	if (segment_of(draft))
		fill_routes(draft, subnets,
			old && !object_equal(old, draft, SUBNET_GATEWAY_IP)
				? object_str(old, SUBNET_GATEWAY_IP)
				: NULL);
	return true;
}

bool subnet_tell_peers(struct txn *txn, const struct object *subnet, GError **error)
{
	g_autoptr(GPtrArray) subnets = NULL, one = NULL;

	if (!segment_of(subnet))
		return true;
	one = g_ptr_array_new();
	g_ptr_array_add(one, (gpointer)subnet);
	subnets = others(txn, subnet);
	for (guint i = 0; i < subnets->len; i++) {
		struct object *draft = object_edit(subnets->pdata[i]);

		fill_routes(draft, one, NULL);
		if (!txn_put(txn, draft, error))
			return false;
	}
	return true;
}

/* A port that would be left without any address. */
static const struct object *left_bare(const struct object *old, const GPtrArray *ports)
{
	char id[UUID_STRLEN];

	uuid_format(object_id(old), id);
	for (guint i = 0; i < ports->len; i++) {
		struct port_ips ips = port_ips_of(ports->pdata[i]);
		bool bare = true;

		while (port_ips_next(&ips))
			bare = bare && !strcmp(ips.subnet_id, id);
		if (bare)
			return ports->pdata[i];
	}
	return NULL;
}

bool subnet_leave_segment(
	struct txn *txn, const struct object *old, const GPtrArray *ports, GError **error)
{
	g_autoptr(GPtrArray) subnets = NULL;
	const struct object *port;
	char id[UUID_STRLEN], port_id[UUID_STRLEN];

	if (!segment_of(old) ||
		!txn_get_text(txn, KIND_NETWORK, object_str(old, SUBNET_NETWORK_ID)))
		return true;
	port = left_bare(old, ports);
	if (port)
		return weft_fail(error, SUBNET_IN_USE,
			"Unable to delete subnet %s: port %s has no other addresses, and none by itself on another segment; delete it first.",
			uuid_format(object_id(old), id), uuid_format(object_id(port), port_id));
	subnets = others(txn, old);
	for (guint i = 0; i < subnets->len; i++) {
		struct object *draft = object_edit(subnets->pdata[i]);
		json_t *routes = object_json(draft, SUBNET_HOST_ROUTES);

		if (is_peer(draft, old))
			drop_route(routes, object_str(old, SUBNET_CIDR),
				object_str(draft, SUBNET_GATEWAY_IP));
		set_routes(draft, routes);
		json_decref(routes);
		if (!txn_put(txn, draft, error))
			return false;
	}
	return true;
}
