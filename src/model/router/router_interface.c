/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A router's interfaces: ports that have the gateway address of a subnet, or whichever address the
 * port has that is given. All IPv6 subnets of a network share one interface.
 */
#include <string.h>

#include "model/router/floating_ip.h"
#include "model/router/ndp_proxy.h"
#include "model/access/rbac.h"
#include "model/router/router_parts.h"
#include "model/router/snat_ranges.h"
#include "model/network/subnet.h"
#include "model/vpn/vpnservice.h"

struct request {
	const char *subnet_id, *port_id; /* NULL: not given */
};

static bool read_id(json_t *json, const char *name, GError **error)
{
	struct uuid id;

	if (json_is_string(json) && uuid_parse(json_string_value(json), &id))
		return true;
	return weft_fail(error, BAD_REQUEST, "Invalid input for %s: give a UUID.", name);
}

static bool read_request(json_t *body, struct request *ret, GError **error)
{
	const char *name;
	json_t *json;

	*ret = (struct request){ 0 };
	json_object_foreach(body, name, json) {
		bool is_port = !strcmp(name, "port_id");

		if (!is_port && strcmp(name, "subnet_id"))
			return weft_fail(error, BAD_REQUEST,
				"Unrecognized attribute(s) '%.64s': give subnet_id or port_id.",
				name);
		if (!read_id(json, name, error))
			return false;
		*(is_port ? &ret->port_id : &ret->subnet_id) = json_string_value(json);
	}
	return ret->subnet_id || ret->port_id ||
	       weft_fail(error, BAD_REQUEST, "Either subnet_id or port_id must be specified.");
}

static bool overlaps(const struct object *a, const struct object *b, GError **error)
{
	struct prefix one = object_prefix(a, SUBNET_CIDR), other = object_prefix(b, SUBNET_CIDR);
	char id_a[UUID_STRLEN], id_b[UUID_STRLEN];

	if (uuid_equal(object_id(a), object_id(b)))
		return !weft_fail(error, BAD_REQUEST, "Router already has a port on subnet %s.",
			uuid_format(object_id(a), id_a));
	if (!prefix_overlaps(&one, &other))
		return false;
	weft_fail(error, BAD_REQUEST,
		"Cidr %s of subnet %s overlaps with cidr %s of subnet %s, which the router is connected to: it could not tell them apart.",
		object_str(a, SUBNET_CIDR), uuid_format(object_id(a), id_a),
		object_str(b, SUBNET_CIDR), uuid_format(object_id(b), id_b));
	return true;
}

static bool overlaps_network(
	struct txn *txn, const struct object *subnet, const char *network_id, GError **error)
{
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, network_id, NULL);
	while ((other = txn_iter_next(&iter)))
		if (overlaps(subnet, other, error))
			return true;
	return false;
}

static bool overlaps_port(
	struct txn *txn, const struct object *subnet, const struct object *port, GError **error)
{
	struct port_ips ips = port_ips_of(port);

	if (port_has_owner(port, OWNER_ROUTER_GATEWAY))
		return overlaps_network(txn, subnet, object_str(port, PORT_NETWORK_ID), error);
	while (port_ips_next(&ips)) {
		const struct object *other = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);

		if (other && overlaps(subnet, other, error))
			return true;
	}
	return false;
}

bool router_check_overlap(struct txn *txn, const struct object *router, const struct object *subnet,
	const struct object *but, GError **error)
{
	g_autoptr(GPtrArray) ports = router_ports(txn, router);

	for (guint i = 0; i < ports->len; i++) {
		const struct object *port = ports->pdata[i];

		if ((!but || !uuid_equal(object_id(port), object_id(but))) &&
			overlaps_port(txn, subnet, port, error))
			return false;
	}
	return true;
}

/* On a subnet whose RAs are somebody else's there is another router. */
static bool check_subnet(
	struct txn *txn, const struct object *router, const struct object *subnet, GError **error)
{
	char id[UUID_STRLEN];

	if (object_is_null(subnet, SUBNET_IPV6_RA_MODE) &&
		!object_is_null(subnet, SUBNET_IPV6_ADDRESS_MODE))
		return weft_fail(error, BAD_REQUEST,
			"IPv6 subnet %s configured to receive RAs from an external router cannot be added to a router: its ipv6_ra_mode is not set.",
			uuid_format(object_id(subnet), id));
	return router_check_overlap(txn, router, subnet, NULL, error);
}

static bool has_ipv6(const struct object *port)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		if (strchr(ips.ip_text, ':'))
			return true;
	return false;
}

/* The router's interface with the IPv6 subnets of a network; a reference, or NULL. */
static struct object *ipv6_interface(
	const struct txn *txn, const struct object *router, const char *network_id)
{
	g_autoptr(GPtrArray) ports = router_ports(txn, router);

	for (guint i = 0; i < ports->len; i++) {
		const struct object *port = ports->pdata[i];

		if (port_is_router_interface(port) && has_ipv6(port) &&
			!strcmp(object_str(port, PORT_NETWORK_ID), network_id))
			return object_ref(port);
	}
	return NULL;
}

static json_t *addresses_with(const struct object *port, const char *subnet_id, const char *ip)
{
	json_t *addresses = port ? object_json(port, PORT_FIXED_IPS) : json_array();

	json_array_append_new(
		addresses, json_pack("{s:s, s:s}", "subnet_id", subnet_id, "ip_address", ip));
	return json_pack("{s:o}", "fixed_ips", addresses);
}

static const struct object *connect_subnet(
	struct txn *txn, const struct object *router, const struct object *subnet, GError **error)
{
	const char *network_id = object_str(subnet, SUBNET_NETWORK_ID);
	bool is_v6 = object_int(subnet, SUBNET_IP_VERSION) == 6;
	g_autoptr(object) shared = is_v6 ? ipv6_interface(txn, router, network_id) : NULL;
	char subnet_id[UUID_STRLEN], router_id[UUID_STRLEN];
	json_t *body = addresses_with(shared, uuid_format(object_id(subnet), subnet_id),
		object_str(subnet, SUBNET_GATEWAY_IP));

	if (shared)
		return txn_update_own(txn, shared, body, error);
	json_object_update_missing_new(
		body, json_pack("{s:s, s:s, s:s, s:s}", "network_id", network_id, "project_id",
			      object_str(router, SLOT_PROJECT_ID), "device_id",
			      uuid_format(object_id(router), router_id), "device_owner",
			      router_interface_owner(router)));
	return txn_create_own(txn, KIND_PORT, body, error);
}

/* What is shared to everybody is not for everybody to be the gateway of. */
static bool may_connect(const struct txn *txn, const struct object *subnet)
{
	const struct caller *caller = txn_caller(txn);
	const struct object *network =
		txn_get_text(txn, KIND_NETWORK, object_str(subnet, SUBNET_NETWORK_ID));

	return caller_is_admin(caller) ||
	       !strcmp(object_str(subnet, SLOT_PROJECT_ID), caller->project_id) ||
	       rbac_allows(txn_model(txn), network, caller->project_id, RBAC_SHARED);
}

static const struct object *add_subnet(
	struct txn *txn, const struct object *router, const char *subnet_id, GError **error)
{
	const struct object *subnet = txn_need(txn, KIND_SUBNET, subnet_id, error);

	if (!subnet)
		return NULL;
	if (object_is_null(subnet, SUBNET_GATEWAY_IP)) {
		weft_fail(error, BAD_REQUEST,
			"Subnet for router interface must have a gateway IP: %s has none; give it one, or add a port on it.",
			subnet_id);
		return NULL;
	}
	if (!may_connect(txn, subnet)) {
		weft_fail(error, BAD_REQUEST,
			"Cannot add interface to router because subnet %s is not owned by project making the request; add a port on it.",
			subnet_id);
		return NULL;
	}
	if (!check_subnet(txn, router, subnet, error))
		return NULL;
	return connect_subnet(txn, router, subnet, error);
}

static bool in_pools(const struct object *subnet, const char *text)
{
	json_t *pools = object_json(subnet, SUBNET_ALLOCATION_POOLS);
	struct ip ip, start, end;
	bool inside = false;
	json_t *pool;
	size_t i;

	ip_parse(text, &ip);
	json_array_foreach(pools, i, pool) {
		ip_parse(json_string_value(json_object_get(pool, "start")), &start);
		ip_parse(json_string_value(json_object_get(pool, "end")), &end);
		inside = inside || (ip_compare(&start, &ip) <= 0 && ip_compare(&ip, &end) <= 0);
	}
	json_decref(pools);
	return inside;
}

/* Nobody becomes the gateway of another project's subnet by choosing an address. */
static bool check_address(const struct txn *txn, const struct object *subnet,
	const struct port_ips *at, GError **error)
{
	const struct caller *caller = txn_caller(txn);

	if (caller_is_admin(caller) ||
		!strcmp(object_str(subnet, SLOT_PROJECT_ID), caller->project_id) ||
		in_pools(subnet, at->ip_text))
		return true;
	return weft_fail(error, BAD_REQUEST,
		"Cannot add interface to router because the port's IP address %s is out of the allocation pools of subnet %s, which is not owned by the project making the request.",
		at->ip_text, at->subnet_id);
}

static bool check_subnets(
	struct txn *txn, const struct object *router, const struct object *port, GError **error)
{
	struct port_ips ips = port_ips_of(port);
	unsigned v4 = 0;

	while (port_ips_next(&ips)) {
		const struct object *subnet = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);

		if (!check_subnet(txn, router, subnet, error) ||
			!check_address(txn, subnet, &ips, error))
			return false;
		v4 += object_int(subnet, SUBNET_IP_VERSION) == 4;
	}
	return v4 <= 1 ||
	       weft_fail(error, BAD_REQUEST, "Cannot have multiple IPv4 subnets on a router port.");
}

static bool check_free(struct txn *txn, const struct object *port, GError **error)
{
	char id[UUID_STRLEN];

	uuid_format(object_id(port), id);
	if (!model_changeable(txn_model(txn), port, txn_caller(txn)))
		return weft_fail(error, FORBIDDEN,
			"The port %s belongs to another project; only its members may give it to a router.",
			id);
	if (*object_str(port, PORT_DEVICE_ID) || port_is_service(port))
		return weft_fail(error, PORT_IN_USE,
			"Unable to complete operation on port %s for network %s. Port already has an attached device %s.",
			id, object_str(port, PORT_NETWORK_ID), object_str(port, PORT_DEVICE_ID));
	if (!strcmp(object_str(port, PORT_FIXED_IPS), "[]"))
		return weft_fail(error, BAD_REQUEST,
			"Router port must have at least one fixed IP: port %s has none.", id);
	return true;
}

static bool check_ipv6(
	struct txn *txn, const struct object *router, const struct object *port, GError **error)
{
	const char *network_id = object_str(port, PORT_NETWORK_ID);
	g_autoptr(object) other = has_ipv6(port) ? ipv6_interface(txn, router, network_id) : NULL;
	char id[UUID_STRLEN];

	return !other ||
	       weft_fail(error, BAD_REQUEST,
		       "Cannot have multiple router ports with the same network id if both contain IPv6 subnets. Existing port %s has IPv6 subnet(s) and network id %s.",
		       uuid_format(object_id(other), id), network_id);
}

static const struct object *add_port(
	struct txn *txn, const struct object *router, const char *port_id, GError **error)
{
	const struct object *port = txn_need(txn, KIND_PORT, port_id, error);
	char id[UUID_STRLEN];

	if (!port || !check_free(txn, port, error) || !check_ipv6(txn, router, port, error) ||
		!check_subnets(txn, router, port, error))
		return NULL;
	return txn_update_own(txn, port,
		json_pack("{s:s, s:s}", "device_id", uuid_format(object_id(router), id),
			"device_owner", router_interface_owner(router)),
		error);
}

/* What both actions answer; @subnets are the ids that came or went. */
static json_t *describe(const struct object *router, const struct object *port, json_t *subnets)
{
	const char *project = object_str(port, SLOT_PROJECT_ID);
	size_t n = json_array_size(subnets);
	char router_id[UUID_STRLEN], port_id[UUID_STRLEN];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:o}", "id",
		uuid_format(object_id(router), router_id), "tenant_id", project, "project_id",
		project, "port_id", uuid_format(object_id(port), port_id), "network_id",
		object_str(port, PORT_NETWORK_ID), "subnet_id", json_array_get(subnets, n - 1),
		"subnet_ids", subnets);
}

static json_t *subnets_of(const struct object *port)
{
	struct port_ips ips = port_ips_of(port);
	json_t *subnets = json_array();

	while (port_ips_next(&ips))
		json_array_append_new(subnets, json_string(ips.subnet_id));
	return subnets;
}

bool router_interface_add(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error)
{
	const struct object *port;
	struct request request;

	if (!read_request(body, &request, error))
		return false;
	if (request.subnet_id && request.port_id)
		return weft_fail(error, BAD_REQUEST,
			"Cannot specify both subnet_id and port_id: give one of them.");
	port = request.port_id ? add_port(txn, router, request.port_id, error)
			       : add_subnet(txn, router, request.subnet_id, error);
	if (!port)
		return false;
	txn_touch(txn, router);
	*ret_answer = describe(router, port,
		request.port_id ? subnets_of(port) : json_pack("[s]", request.subnet_id));
	return snat_ranges_follow_interface(txn, router, error);
}

/* What needs the router on the subnet. */
static bool check_unused(
	struct txn *txn, const struct object *router, const char *subnet_id, GError **error)
{
	const struct object *subnet = txn_get_text(txn, KIND_SUBNET, subnet_id);
	char id[UUID_STRLEN];

	uuid_format(object_id(router), id);
	if (floating_ip_needs(txn, router, subnet_id))
		return weft_fail(error, INTERFACE_HAS_FLOATING_IP,
			"Router interface for subnet %s on router %s cannot be deleted, as it is required by one or more floating IPs; disassociate them first.",
			subnet_id, id);
	if (ndp_proxy_needs(txn, router, subnet_id))
		return weft_fail(error, INTERFACE_HAS_NDP_PROXY,
			"Unable to remove subnet %s from router %s, There are one or more ndp proxies still in use on the subnet; delete them first.",
			subnet_id, id);
	if (subnet && router_routes_need(router, subnet))
		return weft_fail(error, INTERFACE_HAS_ROUTE,
			"Router interface for subnet %s on router %s cannot be deleted, as it is required by one or more routes; remove them first.",
			subnet_id, id);
	return vpn_may_lose_subnet(txn, router, subnet_id, error);
}

/* The router's interface by port or subnet; a reference, or NULL with @error set. */
static struct object *find(
	struct txn *txn, const struct object *router, const struct request *request, GError **error)
{
	g_autoptr(GPtrArray) ports = router_ports(txn, router);
	char id[UUID_STRLEN];

	for (guint i = 0; i < ports->len; i++) {
		const struct object *port = ports->pdata[i];

		if (!port_is_router_interface(port))
			continue;
		if (request->port_id ? !strcmp(uuid_format(object_id(port), id), request->port_id)
				     : port_has_subnet(port, request->subnet_id))
			return object_ref(port);
	}
	uuid_format(object_id(router), id);
	if (request->port_id)
		weft_fail(error, INTERFACE_NOT_FOUND,
			"Router %s does not have an interface with id %s.", id, request->port_id);
	else
		weft_fail(error, INTERFACE_NOT_FOUND_FOR_SUBNET,
			"Router %s has no interface on subnet %s.", id, request->subnet_id);
	return NULL;
}

/* Takes one subnet off an interface that has others, or the whole interface. */
static bool disconnect(
	struct txn *txn, const struct object *port, const char *subnet_id, GError **error)
{
	json_t *addresses = object_json(port, PORT_FIXED_IPS);

	for (size_t i = json_array_size(addresses); subnet_id && i-- > 0;) {
		json_t *id = json_object_get(json_array_get(addresses, i), "subnet_id");

		if (!strcmp(json_string_value(id), subnet_id))
			json_array_remove(addresses, i);
	}
	if (subnet_id && json_array_size(addresses))
		return txn_update_own(txn, port, json_pack("{s:o}", "fixed_ips", addresses), error);
	json_decref(addresses);
	return txn_remove_own(txn, port, error);
}

bool router_interface_remove(struct txn *txn, const struct object *router, json_t *body,
	json_t **ret_answer, GError **error)
{
	g_autoptr(object) port = NULL;
	struct request request;
	json_t *subnets, *subnet;
	bool ok = true;
	size_t i;

	if (!read_request(body, &request, error) ||
		(request.subnet_id && !txn_need(txn, KIND_SUBNET, request.subnet_id, error)))
		return false;
	port = find(txn, router, &request, error);
	if (!port)
		return false;
	if (request.port_id && request.subnet_id && !port_has_subnet(port, request.subnet_id))
		return weft_fail(error, SUBNET_MISMATCH,
			"Subnet on port %s does not match the requested subnet %s.",
			request.port_id, request.subnet_id);
	subnets = request.port_id ? subnets_of(port) : json_pack("[s]", request.subnet_id);
	json_array_foreach(subnets, i, subnet)
		ok = ok && check_unused(txn, router, json_string_value(subnet), error);
	ok = ok && disconnect(txn, port, request.port_id ? NULL : request.subnet_id, error);
	txn_touch(txn, router);
	*ret_answer = describe(router, port, subnets);
	return ok;
}
