/* SPDX-License-Identifier: Apache-2.0 */
/* What VPN services need of their router. */
#include <string.h>

#include "model/ipsec_site_connection.h"
#include "model/router.h"
#include "model/service_map.h"
#include "model/vpn_endpoint_group.h"
#include "model/vpn_parts.h"
#include "model/vpnservice.h"

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

/* The first VPN service of the router, of those that need the subnet if one is given; or NULL. */
static const struct object *user_of(
	const struct txn *txn, const struct object *router, const char *subnet_id)
{
	const struct object *service;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER,
		uuid_format(object_id(router), id), NULL);
	while ((service = txn_iter_next(&iter)))
		if (!subnet_id || service_needs(txn, service, subnet_id))
			return service;
	return NULL;
}

bool vpn_may_lose_subnet(
	const struct txn *txn, const struct object *router, const char *subnet_id, GError **error)
{
	const struct object *service = user_of(txn, router, subnet_id);
	char id[UUID_STRLEN];

	return !service ||
	       weft_fail(error, SUBNET_HAS_VPN,
		       "Subnet %s is used by VPNService %s, so it can't be taken off the router; delete that, or its connections, first.",
		       subnet_id, uuid_format(object_id(service), id));
}

static bool refuse(
	const struct object *router, const struct object *service, const char *what, GError **error)
{
	char router_id[UUID_STRLEN], id[UUID_STRLEN];

	return weft_fail(error, ROUTER_HAS_VPN,
		"Router %s is used by VPNService %s, so its %s can't be taken away; delete that first.",
		uuid_format(object_id(router), router_id), uuid_format(object_id(service), id),
		what);
}

bool vpn_may_lose_gateway(const struct txn *txn, const struct object *router, GError **error)
{
	const struct object *service = user_of(txn, router, NULL);

	return !service || refuse(router, service, "external gateway", error);
}

bool vpn_may_change_map(const struct txn *txn, const struct object *router, GError **error)
{
	const struct object *service;

	if (!service_is_edges(router, SERVICE_VPN))
		return true;
	service = user_of(txn, router, NULL);
	return !service || refuse(router, service, "provider of the service vpn", error);
}
