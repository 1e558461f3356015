/* SPDX-License-Identifier: Apache-2.0 */
/* A router's routes beside those to its own subnets. */
#include <string.h>

#include "model/router/router_parts.h"
#include "model/network/subnet.h"
#include "model/value.h"

#define ROUTE_HOPS_MAX 8 /* as many as share a destination's traffic at the edge */

struct hop {
	const char *text;
	struct ip ip;
	bool connected;
};

/* Is it on a subnet on which the port connects the router? */
static bool is_beside(struct txn *txn, const struct object *port, const struct hop *hop)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips)) {
		const struct object *subnet = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);
		struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

		if (prefix_contains(&cidr, &hop->ip))
			return true;
	}
	return false;
}

/* RFC 1812 section 5.3.7, RFC 3927 section 2.7, RFC 4291 section 2.5.6. */
static bool is_routed(const struct prefix *to)
{
	return !ip_is_multicast(&to->ip) && !ip_is_link_local(&to->ip) &&
	       (to->ip.family != 4 || to->ip.b[0] != 127);
}

static bool check_hop(struct txn *txn, const GPtrArray *ports, json_t *route, GError **error)
{
	struct hop hop = { .text = json_string_value(json_object_get(route, "nexthop")) };
	const char *to = json_string_value(json_object_get(route, "destination"));
	struct prefix destination;

	if (!ip_parse(hop.text, &hop.ip) || !prefix_parse(to, &destination) ||
		destination.ip.family != hop.ip.family)
		return weft_fail(error, INVALID_ROUTES,
			"Invalid format for routes: %s via %s, they are not of one IP version.", to,
			hop.text);
	if (!is_routed(&destination))
		return weft_fail(error, INVALID_ROUTES,
			"Invalid format for routes: %s via %s, routers pass nothing on to multicast, link-local and loopback addresses.",
			to, hop.text);
	for (guint i = 0; i < ports->len; i++) {
		if (port_has_ip(ports->pdata[i], hop.text))
			return weft_fail(error, INVALID_ROUTES,
				"Invalid format for routes: %s via %s, the nexthop is used by the router itself.",
				to, hop.text);
		hop.connected = hop.connected || is_beside(txn, ports->pdata[i], &hop);
	}
	return hop.connected ||
	       weft_fail(error, INVALID_ROUTES,
		       "Invalid format for routes: %s via %s, the nexthop is not connected with the router: it must be on one of its subnets.",
		       to, hop.text);
}

/* @hops counts those of each destination. */
static bool check_count(GHashTable *hops, const json_t *route, GError **error)
{
	const char *to = json_string_value(json_object_get(route, "destination"));
	guint n = GPOINTER_TO_UINT(g_hash_table_lookup(hops, to)) + 1;

	g_hash_table_insert(hops, (char *)to, GUINT_TO_POINTER(n));
	return n <= ROUTE_HOPS_MAX ||
	       weft_fail(error, INVALID_ROUTES,
		       "Invalid format for routes: %s has more than %d next hops; so many can share its traffic.",
		       to, ROUTE_HOPS_MAX);
}

bool router_routes_check(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GHashTable) hops = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) ports = router_ports(txn, draft);
	json_t *routes = object_json(draft, ROUTER_ROUTES);
	bool ok = true;
	json_t *route;
	size_t i;

	json_array_foreach(routes, i, route)
		ok = ok && check_hop(txn, ports, route, error) && check_count(hops, route, error);
	json_decref(routes);
	return ok;
}

bool router_routes_need(const struct object *router, const struct object *subnet)
{
	struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);
	json_t *routes = object_json(router, ROUTER_ROUTES);
	bool needed = false;
	struct ip hop;
	json_t *route;
	size_t i;

	json_array_foreach(routes, i, route) {
		ip_parse(json_string_value(json_object_get(route, "nexthop")), &hop);
		needed = needed || prefix_contains(&cidr, &hop);
	}
	json_decref(routes);
	return needed;
}

static bool same_route(json_t *a, json_t *b)
{
	return json_equal(json_object_get(a, "destination"), json_object_get(b, "destination")) &&
	       json_equal(json_object_get(a, "nexthop"), json_object_get(b, "nexthop"));
}

/* Place of the route in the list, or its size. */
static size_t find_route(json_t *routes, json_t *route)
{
	size_t at = 0;

	while (at < json_array_size(routes) && !same_route(json_array_get(routes, at), route))
		at++;
	return at;
}

/* The routes of {"router": {"routes": […]}} in canonical form; NULL with @error set. */
static json_t *read_routes(json_t *body, GError **error)
{
	json_t *given = json_object_get(json_object_get(body, "router"), "routes");
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	if (!json_is_array(given)) {
		weft_fail(error, BAD_REQUEST,
			"The request's body has no list of routes: send {\"router\": {\"routes\": [{\"destination\": …, \"nexthop\": …}]}}.");
		return NULL;
	}
	if (!value_parse_nested(kind_attr(&router_kind, ROUTER_ROUTES), given, "routes", &w, error))
		return NULL;
	return json_loads(text->str, 0, NULL);
}

enum edit { ADD, REMOVE };

static bool change_routes(
	struct txn *txn, const struct object *router, json_t *body, enum edit edit, GError **error)
{
	json_t *given = read_routes(body, error), *routes, *route;
	size_t i;

	if (!given)
		return false;
	routes = object_json(router, ROUTER_ROUTES);
	json_array_foreach(given, i, route) {
		size_t at = find_route(routes, route);

		if (edit == REMOVE)
			json_array_remove(routes, at); /* fails behind the end */
		else if (at == json_array_size(routes))
			json_array_append(routes, route);
	}
	json_decref(given);
	return txn_update_own(txn, router, json_pack("{s:o}", "routes", routes), error);
}

bool router_routes_add(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error)
{
	(void)ret_answer;
	return change_routes(txn, router, body, ADD, error);
}

bool router_routes_remove(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error)
{
	(void)ret_answer;
	return change_routes(txn, router, body, REMOVE, error);
}
