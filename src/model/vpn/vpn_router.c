/* SPDX-License-Identifier: Apache-2.0 */
/* What VPN services need of their router. */
#include <string.h>

#include "model/vpn/gre_tunnel.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/router/router.h"
#include "model/provider/service_map.h"
#include "model/provider/service_provider.h"
#include "model/vpn/vpn_endpoint_group.h"
#include "model/vpn/vpn_parts.h"
#include "model/vpn/vpnservice.h"
#include "model/vpn/wireguard_interface.h"

static bool group_has(const struct txn *txn, const char *group_id, const char *subnet_id)
{
	const struct object *group = txn_get_text(txn, KIND_VPN_ENDPOINT_GROUP, group_id);
	json_t *subnets = group ? object_json(group, VPN_ENDPOINT_GROUP_SUBNETS) : NULL, *id;
	bool has = false;
	size_t i;

	json_array_foreach(subnets, i, id)
		has = has || !strcmp(json_string_value(id), subnet_id);
	json_decref(subnets);
	return has;
}

static bool service_needs(
	const struct txn *txn, const struct object *service, const char *subnet_id)
{
	const struct object *connection;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (!g_strcmp0(object_str(service, VPNSERVICE_SUBNET_ID), subnet_id))
		return true;
	txn_iter_init(&iter, txn, KIND_IPSEC_SITE_CONNECTION, IPSEC_SITE_CONNECTION_BY_SERVICE,
		uuid_format(object_id(service), id), NULL);
	while ((connection = txn_iter_next(&iter))) {
		const char *group = object_str(connection, IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID);

		if (group && group_has(txn, group, subnet_id))
			return true;
	}
	return false;
}

/* What tunnels of a router are by. */
static const struct user {
	enum kind_id kind;
	unsigned index;
	enum network_service service;
	const char *name;
} users[] = {
	{ KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER, SERVICE_VPN, "VPNService" },
	{ KIND_WIREGUARD_INTERFACE, WIREGUARD_INTERFACE_BY_ROUTER, SERVICE_VPN,
		"WireGuard interface" },
	{ KIND_GRE_TUNNEL, GRE_TUNNEL_BY_ROUTER, SERVICE_GRE, "GRE tunnel" },
};

static bool refuse(const struct txn *txn, const struct object *router, const struct user *user,
	const char *what, GError **error)
{
	char router_id[UUID_STRLEN], id[UUID_STRLEN];
	const struct object *object;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, user->kind, user->index,
		uuid_format(object_id(router), router_id), NULL);
	object = txn_iter_next(&iter);
	return !object ||
	       weft_fail(error, ROUTER_HAS_VPN,
		       "Router %s is used by %s %s, so its %s can't be taken away; delete that first.",
		       router_id, user->name, uuid_format(object_id(object), id), what);
}

bool vpn_may_lose_subnet(
	const struct txn *txn, const struct object *router, const char *subnet_id, GError **error)
{
	const struct object *service;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER,
		uuid_format(object_id(router), id), NULL);
	while ((service = txn_iter_next(&iter)))
		if (service_needs(txn, service, subnet_id))
			return weft_fail(error, SUBNET_HAS_VPN,
				"Subnet %s is used by VPNService %s, so it can't be taken off the router; delete that, or its connections, first.",
				subnet_id, uuid_format(object_id(service), id));
	return true;
}

bool vpn_may_lose_gateway(const struct txn *txn, const struct object *router, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++)
		if (!refuse(txn, router, &users[i], "external gateway", error))
			return false;
	return true;
}

bool vpn_may_change_map(const struct txn *txn, const struct object *router, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		g_autofree char *what = g_strdup_printf(
			"provider of the service %s", service_name(users[i].service));

		if (service_is_edges(router, users[i].service) &&
			!refuse(txn, router, &users[i], what, error))
			return false;
	}
	return true;
}

bool vpn_check_provider(const struct txn *txn, const struct object *router,
	enum network_service service, GError **error)
{
	char buf[PROVIDER_NAME_MAX + 1], id[UUID_STRLEN];
	g_autofree char *names = NULL;

	if (service_other_provider(router, service, buf))
		return true;
	names = service_provider_names_with(txn_model(txn), service);
	return weft_fail(error, SERVICE_NOT_PROVIDED,
		"Router %s has no provider of the service %s; %s%s: map it first, by the router's service_providers or by its flavor.",
		uuid_format(object_id(router), id), service_name(service),
		*names ? "there is " : "there is none", names);
}
