/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/ndp_proxy.h"

#include <string.h>

#include "model/network/network.h"
#include "model/router/router_parts.h"
#include "model/standard.h"

static const struct attr attrs[N_NDP_PROXY_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	NAME_ATTR(NAME_ATTR_FLAGS),
	LONG_DESCRIPTION_ATTR,
	BOOKKEEPING_ATTRS,
	PROJECT_ATTR,
	[NDP_PROXY_ROUTER_ID] = { .name = "router_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_ROUTER,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = NDP_PROXY_BY_ROUTER,
		.doc = "The router that answers for the address; its enable_ndp_proxy is true." },
	[NDP_PROXY_PORT_ID] = { .name = "port_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = NDP_PROXY_BY_PORT,
		.doc = "The port that has the address." },
	[NDP_PROXY_IP] = { .name = "ip_address",
		.type = TYPE_IP,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "The address; its first IPv6 address behind the router by default." },
};

static const struct index indexes[N_NDP_PROXY_INDEXES] = {
	[NDP_PROXY_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[NDP_PROXY_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[NDP_PROXY_BY_ROUTER] = { .name = "router", .slots = { NDP_PROXY_ROUTER_ID } },
	[NDP_PROXY_BY_PORT] = { .name = "port", .slots = { NDP_PROXY_PORT_ID } },
	[NDP_PROXY_BY_BOTH] = { .name = "ip_address",
		.slots = { NDP_PROXY_ROUTER_ID, NDP_PROXY_IP },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

/* Has the router an interface on the subnet? */
static bool is_behind(struct txn *txn, const struct object *router, const char *subnet_id)
{
	const struct object *port;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	uuid_format(object_id(router), id);
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_ROUTER_SUBNET, subnet_id, NULL);
	while ((port = txn_iter_next(&iter)))
		if (!strcmp(object_str(port, PORT_DEVICE_ID), id))
			return true;
	return false;
}

static bool check_asked(struct txn *txn, const struct object *router, const struct object *port,
	const char *asked, GError **error)
{
	char subnet[UUID_STRLEN], id[UUID_STRLEN];

	if (!strchr(asked, ':') || !port_subnet_of(port, asked, subnet))
		return weft_fail(error, INVALID_ADDRESS,
			"The address %s is invalid, reason: it is no IPv6 address of the port %s.",
			asked, uuid_format(object_id(port), id));
	return is_behind(txn, router, subnet) ||
	       weft_fail(error, INVALID_ADDRESS,
		       "The address %s is invalid, reason: the router %s has no interface on its subnet %s.",
		       asked, uuid_format(object_id(router), id), subnet);
}

static bool set_address(struct txn *txn, const struct object *router, const struct object *port,
	struct object *draft, GError **error)
{
	struct port_ips ips = port_ips_of(port);
	char port_id[UUID_STRLEN], router_id[UUID_STRLEN];

	if (!object_is_null(draft, NDP_PROXY_IP))
		return check_asked(txn, router, port, object_str(draft, NDP_PROXY_IP), error);
	while (port_ips_next(&ips)) {
		if (!strchr(ips.ip_text, ':') || !is_behind(txn, router, ips.subnet_id))
			continue;
		object_set_str(draft, NDP_PROXY_IP, ips.ip_text);
		return true;
	}
	return weft_fail(error, PORT_UNREACHABLE,
		"The port %s cannot reach the router %s by IPv6 subnet: it has no address of one that the router is connected to.",
		uuid_format(object_id(port), port_id), uuid_format(object_id(router), router_id));
}

static bool check_scopes(
	struct txn *txn, const struct object *router, const struct object *port, GError **error)
{
	const struct model *model = txn_model(txn);
	const char *outside =
		network_address_scope(model, object_str(router, ROUTER_GATEWAY_NETWORK_ID), 6);
	const char *inside = network_address_scope(model, object_str(port, PORT_NETWORK_ID), 6);

	return !g_strcmp0(outside, inside) ||
	       weft_fail(error, ADDRESS_SCOPE_CONFLICT,
		       "The IPv6 address scope %s of external network conflict with internal network's IPv6 address scope %s.",
		       outside ?: "none", inside ?: "none");
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *router =
		txn_need(txn, KIND_ROUTER, object_str(draft, NDP_PROXY_ROUTER_ID), error);
	const struct object *port =
		router ? txn_need(txn, KIND_PORT, object_str(draft, NDP_PROXY_PORT_ID), error)
		       : NULL;

	if (!port)
		return false;
	if (!object_bool(router, ROUTER_NDP_PROXY))
		return weft_fail(error, ROUTER_NDP_PROXY_NOT_ENABLED,
			"The enable_ndp_proxy parameter of router %s must be set as True while create ndp proxy entry on it.",
			object_str(draft, NDP_PROXY_ROUTER_ID));
	return set_address(txn, router, port, draft, error) &&
	       check_scopes(txn, router, port, error);
}

bool ndp_proxy_needs(const struct txn *txn, const struct object *router, const char *subnet_id)
{
	const struct object *proxy, *port;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_NDP_PROXY, NDP_PROXY_BY_ROUTER,
		uuid_format(object_id(router), id), NULL);
	while ((proxy = txn_iter_next(&iter))) {
		port = txn_get_text(txn, KIND_PORT, object_str(proxy, NDP_PROXY_PORT_ID));
		if (!subnet_id || (port && !g_strcmp0(subnet_id,
						   port_subnet_of(port,
							   object_str(proxy, NDP_PROXY_IP), id))))
			return true;
	}
	return false;
}

bool ndp_proxy_follow_port(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) lost = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *proxy;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_NDP_PROXY, NDP_PROXY_BY_PORT,
		uuid_format(object_id(draft), id), NULL);
	while ((proxy = txn_iter_next(&iter)))
		if (!port_subnet_of(draft, object_str(proxy, NDP_PROXY_IP), id))
			g_ptr_array_add(lost, object_ref(proxy));
	for (guint i = 0; i < lost->len; i++)
		if (!txn_remove(txn, lost->pdata[i], error))
			return false;
	return true;
}

const struct kind ndp_proxy_kind = {
	.id = KIND_NDP_PROXY,
	.singular = "ndp_proxy",
	.collection = "ndp_proxies",
	.path = "/v2.0/ndp_proxies",
	.doc = "An IPv6 address that a router answers for on its external network.",
	.attrs = attrs,
	.n_slots = N_NDP_PROXY_SLOTS,
	.indexes = indexes,
	.n_indexes = N_NDP_PROXY_INDEXES,
	.not_found = WEFT_ERROR_NDP_PROXY_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create },
};
