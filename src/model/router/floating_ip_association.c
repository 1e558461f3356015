/* SPDX-License-Identifier: Apache-2.0 */
/* Which port's address a floating IP stands for, and by which router. */
#include <string.h>

#include "model/router/floating_ip_parts.h"
#include "model/router/gateway_segment.h"
#include "model/host/host.h"
#include "model/port/local_ip.h"
#include "model/router/ndp_proxy.h"
#include "model/router/port_forwarding.h"
#include "model/router/router.h"
#include "model/network/subnet.h"

void floating_ip_disassociate(struct object *draft)
{
	object_set_null(draft, FLOATING_IP_PORT_ID);
	object_set_null(draft, FLOATING_IP_FIXED_IP);
	object_set_null(draft, FLOATING_IP_ROUTER_ID);
	object_set_choice(draft, FLOATING_IP_STATUS, FLOATING_IP_DOWN);
}

static bool leads_to(struct txn *txn, const struct object *interface, const char *network_id,
	const struct object **ret)
{
	const struct object *router =
		txn_get_text(txn, KIND_ROUTER, object_str(interface, PORT_DEVICE_ID));

	*ret = router;
	return router && !g_strcmp0(object_str(router, ROUTER_GATEWAY_NETWORK_ID), network_id);
}

const struct object *floating_ip_router(struct txn *txn, const struct object *inside,
	const char *subnet_id, const char *external_network_id, GError **error)
{
	const struct object *subnet = txn_get_text(txn, KIND_SUBNET, subnet_id);
	const char *gateway = object_str(subnet, SUBNET_GATEWAY_IP);
	const struct object *interface, *router, *first = NULL;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_ROUTER_SUBNET, subnet_id, NULL);
	while ((interface = txn_iter_next(&iter))) {
		struct port_ips ips = port_ips_of(interface);

		if (!leads_to(txn, interface, external_network_id, &router))
			continue;
		while (port_ips_next(&ips))
			if (!g_strcmp0(ips.ip_text, gateway))
				return router;
		if (!first)
			first = router;
	}
	if (!first)
		weft_fail(error, NO_EXTERNAL_GATEWAY,
			"External network %s is not reachable from subnet %s. Therefore, cannot associate port %s with a floating IP: a router with an interface on the one and its gateway on the other is missing.",
			external_network_id, subnet_id, uuid_format(object_id(inside), id));
	return first;
}

/* The IPv4 address of the port that is meant: the one that the draft names, else the only one. */
static bool find_address(
	const struct object *port, const struct object *draft, struct port_ips *ret, GError **error)
{
	const char *asked = object_str(draft, FLOATING_IP_FIXED_IP);
	const char *port_id = object_str(draft, FLOATING_IP_PORT_ID);
	struct port_ips ips = port_ips_of(port);
	unsigned found = 0;

	if (asked && strchr(asked, ':'))
		return weft_fail(error, BAD_REQUEST,
			"Cannot process floating IP association with %s, since that is not an IPv4 address.",
			asked);
	while (port_ips_next(&ips)) {
		if (strchr(ips.ip_text, ':') || (asked && strcmp(ips.ip_text, asked)))
			continue;
		*ret = ips;
		found++;
	}
	if (found == 1)
		return true;
	if (found > 1)
		return weft_fail(error, BAD_REQUEST,
			"Port %s has multiple fixed IPv4 addresses. Must provide a specific IPv4 address when assigning a floating IP: give fixed_ip_address.",
			port_id);
	if (asked)
		return weft_fail(
			error, BAD_REQUEST, "Port %s does not have fixed ip %s.", port_id, asked);
	return weft_fail(error, BAD_REQUEST,
		"Cannot add floating IP to port %s that has no fixed IPv4 addresses.", port_id);
}

/* One address has one floating IP of a network. */
static bool check_single(
	struct txn *txn, const struct object *draft, const char *fixed_ip, GError **error)
{
	const char *port_id = object_str(draft, FLOATING_IP_PORT_ID);
	const struct object *other;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_FLOATING_IP, FLOATING_IP_BY_PORT, port_id, NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(draft)) &&
			!strcmp(object_str(other, FLOATING_IP_FIXED_IP), fixed_ip) &&
			!strcmp(object_str(other, FLOATING_IP_NETWORK_ID),
				object_str(draft, FLOATING_IP_NETWORK_ID)))
			return weft_fail(error, FLOATING_IP_ASSOCIATED,
				"Cannot associate floating IP %s with port %s using fixed IP %s, as that fixed IP already has a floating IP on external network %s: %s.",
				object_str(draft, FLOATING_IP_ADDRESS), port_id, fixed_ip,
				object_str(draft, FLOATING_IP_NETWORK_ID),
				object_str(other, FLOATING_IP_ADDRESS));
	return true;
}

static bool check_port(
	struct txn *txn, const struct object *port, const struct object *draft, GError **error)
{
	static const char *const unfit[] = { OWNER_ROUTER_GATEWAY, OWNER_FLOATING_IP,
		OWNER_LOCAL_IP, "network:dhcp", NULL };
	const char *id = object_str(draft, FLOATING_IP_PORT_ID);

	if (!caller_is_admin(txn_caller(txn)) &&
		strcmp(object_str(port, SLOT_PROJECT_ID), object_str(draft, SLOT_PROJECT_ID)))
		return weft_fail(error, BAD_REQUEST,
			"Cannot process floating IP association with Port %s, since that port is owned by a different project.",
			id);
	return !g_strv_contains(unfit, object_str(port, PORT_DEVICE_OWNER)) ||
	       weft_fail(error, BAD_REQUEST,
		       "Port %s is unable to be assigned a floating IP: it is a %s.", id,
		       object_str(port, PORT_DEVICE_OWNER));
}

/* As each host translates for its own ports, a port forwarding and a floating IP of the same port
 * would be in each other's way. */
static bool check_forwardings(
	struct txn *txn, const struct object *port, const struct object *draft, GError **error)
{
	char id[UUID_STRLEN];

	if (port_forwarding_of(txn, PORT_FORWARDING_BY_FLOATING_IP, draft))
		return weft_fail(error, FLOATING_IP_IN_USE,
			"Floating IP %s in use by Port Forwarding resources; delete them first.",
			uuid_format(object_id(draft), id));
	if (port_forwarding_of(txn, PORT_FORWARDING_BY_PORT, port))
		return weft_fail(error, PORT_HAS_FORWARDING,
			"Cannot associate floating IP to port %s because it already has a Port Forwarding binding.",
			uuid_format(object_id(port), id));
	return true;
}

bool floating_ip_check_segment(struct txn *txn, const struct object *floating_ip,
	const struct object *router, GError **error)
{
	const struct object *port = service_port_of(txn, floating_ip, OWNER_FLOATING_IP);
	struct port_ips ips;

	if (!port)
		return true;
	ips = port_ips_of(port);
	return !port_ips_next(&ips) ||
	       gateway_segment_check(txn, router, ips.subnet_id, ips.ip_text, error);
}

const char *floating_ip_subnet(
	struct txn *txn, const struct object *draft, char buf[static UUID_STRLEN])
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(draft, FLOATING_IP_PORT_ID));
	const struct object *router, *gateway;
	struct port_ips ips;
	struct port_ips at;

	if (!port || !find_address(port, draft, &at, NULL))
		return NULL; /* it is said when it is associated */
	router = floating_ip_router(
		txn, port, at.subnet_id, object_str(draft, FLOATING_IP_NETWORK_ID), NULL);
	gateway = router ? txn_get_text(txn, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID))
			 : NULL;
	if (!gateway)
		return NULL;
	ips = port_ips_of(gateway);
	while (port_ips_next(&ips)) {
		const struct object *subnet = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);

		if (subnet && object_int(subnet, SUBNET_IP_VERSION) == 4 &&
			!object_is_null(subnet, SUBNET_SEGMENT_ID))
			return uuid_format(object_id(subnet), buf);
	}
	return NULL;
}

static bool associate(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *port =
		txn_need(txn, KIND_PORT, object_str(draft, FLOATING_IP_PORT_ID), error);
	const struct object *router;
	char id[UUID_STRLEN];
	struct port_ips at;

	if (!port || !check_port(txn, port, draft, error) ||
		!find_address(port, draft, &at, error) ||
		!check_single(txn, draft, at.ip_text, error))
		return false;
	router = floating_ip_router(
		txn, port, at.subnet_id, object_str(draft, FLOATING_IP_NETWORK_ID), error);
	if (!router || !check_forwardings(txn, port, draft, error) ||
		!floating_ip_check_segment(txn, draft, router, error))
		return false;
	object_set_str(draft, FLOATING_IP_FIXED_IP, at.ip_text);
	object_set_str(draft, FLOATING_IP_ROUTER_ID, uuid_format(object_id(router), id));
	return true;
}

bool floating_ip_associate(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	u64 given = object_given(draft);
	bool port_given = given & SLOT_BIT(FLOATING_IP_PORT_ID);
	bool fixed_given = given & SLOT_BIT(FLOATING_IP_FIXED_IP);

	if (!port_given && fixed_given && !object_is_null(draft, FLOATING_IP_FIXED_IP))
		return weft_fail(error, BAD_REQUEST,
			"fixed_ip_address cannot be specified without a port_id.");
	if (!port_given && !fixed_given)
		return true;
	if (object_is_null(draft, FLOATING_IP_PORT_ID)) {
		if (fixed_given && !object_is_null(draft, FLOATING_IP_FIXED_IP))
			return weft_fail(error, BAD_REQUEST,
				"fixed_ip_address cannot be specified without a port_id.");
		/* One with port forwardings stands for no port, and stays on its router. */
		if (old && !object_is_null(old, FLOATING_IP_PORT_ID))
			floating_ip_disassociate(draft);
		return true;
	}
	if (!fixed_given)
		object_set_null(draft, FLOATING_IP_FIXED_IP);
	if (!associate(txn, draft, error))
		return false;
	if (!old || !object_equal(old, draft, FLOATING_IP_PORT_ID) ||
		!object_equal(old, draft, FLOATING_IP_FIXED_IP) ||
		!object_equal(old, draft, FLOATING_IP_ROUTER_ID))
		object_set_choice(draft, FLOATING_IP_STATUS, FLOATING_IP_DOWN);
	return true;
}

/* Those of a port or network; references, g_ptr_array_unref(). */
static GPtrArray *find_all(struct txn *txn, unsigned index, const struct object *of)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *object;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_FLOATING_IP, index, uuid_format(object_id(of), id), NULL);
	while ((object = txn_iter_next(&iter)))
		g_ptr_array_add(found, object_ref(object));
	return found;
}

const struct object *floating_ip_of_port(struct txn *txn, const struct object *port)
{
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_FLOATING_IP, FLOATING_IP_BY_PORT,
		uuid_format(object_id(port), id), NULL);
	return txn_iter_next(&iter);
}

bool floating_ip_is_by_gateway(const struct object *segment, const struct object *host)
{
	const char *physical = gateway_physical(segment);

	return !host || (physical && !host_has_physical(host, physical));
}

bool floating_ip_follow_port(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) associated = find_all(txn, FLOATING_IP_BY_PORT, draft);
	char id[UUID_STRLEN];

	for (guint i = 0; i < associated->len; i++) {
		struct object *change;

		if (port_subnet_of(
			    draft, object_str(associated->pdata[i], FLOATING_IP_FIXED_IP), id))
			continue;
		change = object_edit(associated->pdata[i]);
		floating_ip_disassociate(change);
		if (!txn_put(txn, change, error))
			return false;
	}
	return port_forwarding_follow_port(txn, draft, error) &&
	       local_ip_follow_port(txn, draft, error) && ndp_proxy_follow_port(txn, draft, error);
}

bool floating_ip_follow_binding(struct txn *txn, const struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) associated = find_all(txn, FLOATING_IP_BY_PORT, draft);

	for (guint i = 0; i < associated->len; i++) {
		struct object *change;

		if (object_choice(associated->pdata[i], FLOATING_IP_STATUS) != FLOATING_IP_ACTIVE)
			continue;
		change = object_edit(associated->pdata[i]);
		object_set_choice(change, FLOATING_IP_STATUS, FLOATING_IP_DOWN);
		if (!txn_put(txn, change, error))
			return false;
	}
	return true;
}

/* Does it, or a port forwarding of it, stand for an address on that subnet? */
static bool is_on(struct txn *txn, const struct object *object, const char *subnet_id)
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(object, FLOATING_IP_PORT_ID));
	char id[UUID_STRLEN];

	if (!port)
		return port_forwarding_needs(txn, object, subnet_id);
	return !g_strcmp0(
		port_subnet_of(port, object_str(object, FLOATING_IP_FIXED_IP), id), subnet_id);
}

bool floating_ip_needs(struct txn *txn, const struct object *router, const char *subnet_id)
{
	const struct object *object;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_FLOATING_IP, FLOATING_IP_BY_ROUTER,
		uuid_format(object_id(router), id), NULL);
	while ((object = txn_iter_next(&iter)))
		if (is_on(txn, object, subnet_id))
			return true;
	return false;
}

bool floating_ip_leave(struct txn *txn, const struct object *network, GError **error)
{
	g_autoptr(GPtrArray) found = find_all(txn, FLOATING_IP_BY_NETWORK, network);

	for (guint i = 0; i < found->len; i++)
		if (!txn_remove_own(txn, found->pdata[i], error))
			return false;
	return true;
}
