/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/service_port.h"

#include <string.h>

static const char *const interfaces[] = { OWNER_ROUTER_INTERFACE,
	OWNER_ROUTER_INTERFACE_DISTRIBUTED, OWNER_ROUTER_INTERFACE_HA, NULL };
static const char *const others[] = { OWNER_ROUTER_GATEWAY, OWNER_FLOATING_IP, OWNER_LOCAL_IP,
	OWNER_LOAD_BALANCER, NULL };

bool port_has_owner(const struct object *port, const char *owner)
{
	return !strcmp(object_str(port, PORT_DEVICE_OWNER), owner);
}

static bool is_interface(const char *owner)
{
	return g_strv_contains(interfaces, owner);
}

static bool is_service(const char *owner)
{
	return g_str_has_prefix(owner, "network:") &&
	       (is_interface(owner) || g_strv_contains(others, owner));
}

bool port_is_service(const struct object *port)
{
	return is_service(object_str(port, PORT_DEVICE_OWNER));
}

bool port_is_router_interface(const struct object *port)
{
	const char *owner = object_str(port, PORT_DEVICE_OWNER);

	return g_str_has_prefix(owner, "network:") && is_interface(owner);
}

bool port_may_be_shared(const struct object *port)
{
	static const char *const appliances[] = { OWNER_HA_APPLIANCE, OWNER_APPLIANCE, OWNER_DHCP,
		NULL };
	const char *owner = object_str(port, PORT_DEVICE_OWNER);

	return g_str_has_prefix(owner, "network:") &&
	       (is_interface(owner) || g_strv_contains(appliances, owner));
}

bool port_makes_addresses(const struct object *port)
{
	return !port_is_router_interface(port) && !port_has_owner(port, OWNER_FLOATING_IP);
}

static bool check_given_owner(const struct object *draft, GError **error)
{
	if (!port_is_service(draft))
		return true;
	return weft_fail(error, BAD_REQUEST,
		"Invalid input for device_owner: '%s' is given by weft, when a router, a floating IP, a local IP or a load balancer takes the port; give another, or leave it out.",
		object_str(draft, PORT_DEVICE_OWNER));
}

bool service_port_check(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	static const unsigned kept[] = { PORT_DEVICE_ID, PORT_DEVICE_OWNER, PORT_FIXED_IPS };
	char id[UUID_STRLEN];

	if (txn_caller(txn)->role == CALLER_SYSTEM)
		return true;
	if (!old || !port_is_service(old))
		return check_given_owner(draft, error);
	for (unsigned i = 0; i < G_N_ELEMENTS(kept); i++)
		if (!object_equal(old, draft, kept[i]))
			return weft_fail(error, SERVICE_PORT_IN_USE,
				"The %s of port %s can't be changed: it has the device owner %s; change %s instead.",
				kind_attr(&port_kind, kept[i])->name,
				uuid_format(object_id(old), id), object_str(old, PORT_DEVICE_OWNER),
				object_str(old, PORT_DEVICE_ID));
	return true;
}

bool service_port_check_delete(struct txn *txn, const struct object *port, GError **error)
{
	char id[UUID_STRLEN];

	if (txn_caller(txn)->role == CALLER_SYSTEM || !port_is_service(port))
		return true;
	return weft_fail(error, SERVICE_PORT_IN_USE,
		"Port %s cannot be deleted directly via the port API: it has device owner %s and goes with %s.",
		uuid_format(object_id(port), id), object_str(port, PORT_DEVICE_OWNER),
		object_str(port, PORT_DEVICE_ID));
}

void service_port_subnet_keys(const struct object *port, struct key_sink *sink)
{
	struct port_ips ips;

	if (!port_is_router_interface(port))
		return;
	ips = port_ips_of(port);
	while (port_ips_next(&ips))
		index_add(sink, (const char *const[]){ ips.subnet_id }, 1);
}

const struct object *router_interface_on(const struct txn *txn, const struct object *subnet)
{
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_ROUTER_SUBNET,
		uuid_format(object_id(subnet), id), NULL);
	return txn_iter_next(&iter);
}

const struct object *service_port_of(
	const struct txn *txn, const struct object *device, const char *owner)
{
	const struct object *port;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(
		&iter, txn, KIND_PORT, PORT_BY_DEVICE, uuid_format(object_id(device), id), NULL);
	while ((port = txn_iter_next(&iter)))
		if (port_has_owner(port, owner))
			return port;
	return NULL;
}
