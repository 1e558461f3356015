/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/vpnservice.h"

#include <string.h>

#include "model/provider/flavor.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/vpn/vpn_parts.h"

static const struct attr attrs[N_VPNSERVICE_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[VPNSERVICE_ROUTER_ID] = { .name = "router_id",
		.type = TYPE_UUID,
		.refers = KIND_ROUTER,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_ROUTER_HAS_VPN,
		.referrer_index = VPNSERVICE_BY_ROUTER,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The router; it must have an external gateway." },
	[VPNSERVICE_SUBNET_ID] = { .name = "subnet_id",
		.type = TYPE_UUID,
		.refers = KIND_SUBNET,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_SUBNET_HAS_VPN,
		.referrer_index = VPNSERVICE_BY_SUBNET,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "The subnet of the router's that other sites reach; null: the endpoint groups of each connection say which." },
	[VPNSERVICE_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = VPN_GIVEN,
		.fallback = "true",
		.doc = "While it is down none of its connections is there." },
	[VPNSERVICE_IPV4] = { .name = "external_v4_ip",
		.type = TYPE_IP,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The router's IPv4 address outside, to which peers connect." },
	[VPNSERVICE_IPV6] = { .name = "external_v6_ip",
		.type = TYPE_IP,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The router's IPv6 address outside." },
	[VPNSERVICE_STATUS] = { .name = "status",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "ACTIVE: one of its connections is; else DOWN." },
	[VPNSERVICE_FLAVOR_ID] = { .name = "flavor_id",
		.type = TYPE_UUID,
		.refers = KIND_FLAVOR,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = VPNSERVICE_BY_FLAVOR,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "What it is offered as: the flavor's first service profile says who provides it." },
};

static const struct index indexes[N_VPNSERVICE_INDEXES] = {
	[VPNSERVICE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[VPNSERVICE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[VPNSERVICE_BY_ROUTER] = { .name = "router", .slots = { VPNSERVICE_ROUTER_ID } },
	[VPNSERVICE_BY_SUBNET] = { .name = "subnet", .slots = { VPNSERVICE_SUBNET_ID } },
	[VPNSERVICE_BY_FLAVOR] = { .name = "flavor", .slots = { VPNSERVICE_FLAVOR_ID } },
};

bool vpn_router_has_subnet(const struct txn *txn, const char *router_id, const char *subnet_id)
{
	const struct object *port;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_DEVICE, router_id, NULL);
	while ((port = txn_iter_next(&iter)))
		if (strcmp(object_str(port, PORT_DEVICE_OWNER), OWNER_ROUTER_GATEWAY) != 0 &&
			port_has_subnet(port, subnet_id))
			return true;
	return false;
}

const char *vpn_outside(
	const struct model *model, const char *router_id, u8 family, char buf[static IP_STRLEN])
{
	const struct object *router = model_get_text(model, KIND_ROUTER, router_id);
	const char *port_id = router ? object_str(router, ROUTER_GATEWAY_PORT_ID) : NULL;
	const struct object *port = port_id ? model_get_text(model, KIND_PORT, port_id) : NULL;
	struct port_ips ips;

	if (!port)
		return NULL;
	ips = port_ips_of(port);
	while (port_ips_next(&ips))
		if ((strchr(ips.ip_text, ':') ? 6 : 4) == family) {
			g_strlcpy(buf, ips.ip_text, IP_STRLEN);
			return buf;
		}
	return NULL;
}

/* A router's vpn that nobody has is the flavor's provider's from now on. */
static bool take_flavor(
	struct txn *txn, const struct object *draft, const struct object *router, GError **error)
{
	const char *flavor = object_str(draft, VPNSERVICE_FLAVOR_ID);
	const char *driver = flavor ? flavor_driver(txn, flavor) : NULL;
	char buf[PROVIDER_NAME_MAX + 1], id[UUID_STRLEN];
	const char *provider;

	if (!flavor_check(txn, flavor, "VPN", error))
		return false;
	provider = service_other_provider(router, SERVICE_VPN, buf);
	if (driver && !provider)
		return service_map_assign(txn, router, SERVICE_VPN, driver, error);
	return !driver || !strcmp(driver, provider) ||
	       weft_fail(error, SERVICE_NOT_PROVIDED,
		       "Flavor %s is provided by %s, and the service vpn of router %s by %s: choose a flavor of that, or another router.",
		       flavor, driver, uuid_format(object_id(router), id), provider);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const char *router_id = object_str(draft, VPNSERVICE_ROUTER_ID);
	const char *subnet_id = object_str(draft, VPNSERVICE_SUBNET_ID);
	const struct object *router = txn_need(txn, KIND_ROUTER, router_id, error);

	if (!router || (subnet_id && !txn_need(txn, KIND_SUBNET, subnet_id, error)) ||
		!take_flavor(txn, draft, router, error))
		return false;
	router = txn_need(txn, KIND_ROUTER, router_id, error);
	if (!vpn_check_provider(txn, router, SERVICE_VPN, error))
		return false;
	if (object_is_null(router, ROUTER_GATEWAY_PORT_ID))
		return weft_fail(error, ROUTER_NOT_EXTERNAL,
			"Router %s has no external network gateway set, to which peers could connect: set one first.",
			router_id);
	return !subnet_id || vpn_router_has_subnet(txn, router_id, subnet_id) ||
	       weft_fail(error, SUBNET_NOT_CONNECTED,
		       "Subnet %s is not connected to Router %s: add the subnet to the router first.",
		       subnet_id, router_id);
}

/* Each connection says whether it is up. */
static const char *status_of(const struct model *model, const struct object *service)
{
	const struct object *connection;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_IPSEC_SITE_CONNECTION, IPSEC_SITE_CONNECTION_BY_SERVICE,
		uuid_format(object_id(service), id), NULL);
	while ((connection = model_iter_next(&iter))) {
		g_autofree char *reason = NULL;

		if (ipsec_site_status(model, connection, &reason) == TUNNEL_ACTIVE)
			return "ACTIVE";
	}
	return "DOWN";
}

static void compute(const struct model *model, const struct object *service, unsigned slot,
	struct json_writer *w)
{
	const char *router = object_str(service, VPNSERVICE_ROUTER_ID);
	char ip[IP_STRLEN];

	if (slot == VPNSERVICE_STATUS)
		jw_string(w, status_of(model, service));
	else
		jw_string(w, vpn_outside(model, router, slot == VPNSERVICE_IPV4 ? 4 : 6, ip));
}

const struct kind vpnservice_kind = {
	.id = KIND_VPNSERVICE,
	.singular = "vpnservice",
	.collection = "vpnservices",
	.command = "vpn service",
	.path = "/v2.0/vpn/vpnservices",
	.doc = "A router as the end of tunnels to other sites.",
	.quota = { "vpnservice", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_VPNSERVICE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_VPNSERVICE_INDEXES,
	.not_found = WEFT_ERROR_VPNSERVICE_NOT_FOUND,
	.in_use = WEFT_ERROR_VPNSERVICE_IN_USE,
	.hooks = { .on_create = on_create, .compute = compute },
};
