/* SPDX-License-Identifier: Apache-2.0 */
/* A router's gateway: a port on an external network, which goes and comes with it. */
#include <string.h>

#include "model/router/floating_ip.h"
#include "model/router/gateway_hosts.h"
#include "model/router/ndp_proxy.h"
#include "model/network/network.h"
#include "model/qos/qos_policy.h"
#include "model/router/router_parts.h"
#include "model/network/subnet.h"
#include "model/vpn/vpnservice.h"

/* What external_gateway_info asks for. */
struct request {
	const char *network_id; /* NULL: no gateway */
	json_t *addresses;	/* NULL: not given, or none named */
	bool enable_snat;
	json_t *qos_policy_id;	/* NULL: not given */
	json_t *nptv6_prefixes; /* the same */
};

static bool read_request(json_t *info, struct request *ret, GError **error)
{
	json_t *snat = json_object_get(info, "enable_snat");

	*ret = (struct request){ .network_id =
					 json_string_value(json_object_get(info, "network_id")),
		.addresses = json_object_get(info, "external_fixed_ips"),
		.enable_snat = !snat || json_is_true(snat),
		.qos_policy_id = json_object_get(info, "qos_policy_id"),
		.nptv6_prefixes = json_object_get(info, "nptv6_prefixes") };
	if (!json_array_size(ret->addresses))
		ret->addresses = NULL;
	return ret->network_id || !json_object_size(info) ||
	       weft_fail(error, BAD_REQUEST,
		       "Invalid input for external_gateway_info: 'network_id' is missing; name the external network, or give null for no gateway.");
}

static bool check_network(
	struct txn *txn, const struct request *request, const struct object **ret, GError **error)
{
	const struct object *network = txn_need(txn, KIND_NETWORK, request->network_id, error);

	*ret = network;
	if (!network)
		return false;
	return object_bool(network, NETWORK_EXTERNAL) ||
	       weft_fail(error, BAD_REQUEST,
		       "Network %s is not an external network: a router's gateway needs one with router:external.",
		       request->network_id);
}

/* The subnets' own gateway is somebody else. */
static bool check_addresses(
	const struct request *request, const struct object *subnet, GError **error)
{
	const char *gateway = object_str(subnet, SUBNET_GATEWAY_IP);
	json_t *item;
	size_t i;

	json_array_foreach(request->addresses, i, item) {
		const char *ip = json_string_value(json_object_get(item, "ip_address"));

		if (ip && !g_strcmp0(ip, gateway))
			return weft_fail(error, BAD_REQUEST,
				"External IP %s is the same as the gateway IP of subnet %s; choose another.",
				ip, object_str(subnet, SUBNET_CIDR));
	}
	return true;
}

static bool check_subnets(struct txn *txn, const struct object *router,
	const struct request *request, const struct object *old_port, GError **error)
{
	const struct object *subnet;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, request->network_id, NULL);
	while ((subnet = txn_iter_next(&iter)))
		if (!check_addresses(request, subnet, error) ||
			!router_check_overlap(txn, router, subnet, old_port, error))
			return false;
	return true;
}

static const struct object *make_port(
	struct txn *txn, const struct object *router, const struct request *request, GError **error)
{
	char id[UUID_STRLEN];
	json_t *body = json_pack("{s:s, s:s, s:s, s:s}", "network_id", request->network_id,
		"project_id", "", "device_id", uuid_format(object_id(router), id), "device_owner",
		OWNER_ROUTER_GATEWAY);

	if (request->addresses)
		json_object_set(body, "fixed_ips", request->addresses);
	return txn_create_own(txn, KIND_PORT, body, error);
}

static bool has_floating_ips(struct txn *txn, const struct object *router)
{
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_FLOATING_IP, FLOATING_IP_BY_ROUTER,
		uuid_format(object_id(router), id), NULL);
	return txn_iter_next(&iter);
}

bool router_gateway_remove(struct txn *txn, const struct object *router, GError **error)
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));
	char id[UUID_STRLEN];

	if (!port)
		return true;
	if (has_floating_ips(txn, router))
		return weft_fail(error, GATEWAY_HAS_FLOATING_IP,
			"Gateway cannot be updated for router %s, since a gateway to external network %s is required by one or more floating IPs; disassociate them first.",
			uuid_format(object_id(router), id), object_str(port, PORT_NETWORK_ID));
	if (ndp_proxy_needs(txn, router, NULL))
		return weft_fail(error, GATEWAY_HAS_NDP_PROXY,
			"Unable to unset external gateway of router %s, There are one or more ndp proxies still in use on the router; delete them first.",
			uuid_format(object_id(router), id));
	return vpn_may_lose_gateway(txn, router, error) && txn_remove_own(txn, port, error);
}

static bool replace(struct txn *txn, const struct object *old, struct object *draft,
	const struct request *request, GError **error)
{
	const struct object *port;
	char id[UUID_STRLEN];

	if (old && !router_gateway_remove(txn, old, error))
		return false;
	object_set_null(draft, ROUTER_GATEWAY_PORT_ID);
	object_set_str(draft, ROUTER_GATEWAY_NETWORK_ID, request->network_id);
	object_set_null(draft, ROUTER_GATEWAY_SEGMENT_ID);
	object_set_str(draft, ROUTER_GATEWAY_HOSTS, "[]");
	object_set_str(draft, ROUTER_SNAT_RANGES, "[]");
	if (!request->network_id)
		return true;
	port = make_port(txn, draft, request, error);
	if (!port)
		return false;
	object_set_str(draft, ROUTER_GATEWAY_PORT_ID, uuid_format(object_id(port), id));
	return gateway_hosts_choose(txn, draft, error);
}

/* Other addresses may be on another segment, where its floating IPs can't follow. */
static bool move(struct txn *txn, struct object *draft, const struct object *port,
	const struct request *request, GError **error)
{
	g_autofree char *was = g_strdup(object_str(draft, ROUTER_GATEWAY_SEGMENT_ID));
	char id[UUID_STRLEN];

	if (!txn_update_own(
		    txn, port, json_pack("{s:O}", "fixed_ips", request->addresses), error) ||
		!gateway_hosts_choose(txn, draft, error))
		return false;
	return !g_strcmp0(was, object_str(draft, ROUTER_GATEWAY_SEGMENT_ID)) ||
	       !has_floating_ips(txn, draft) ||
	       weft_fail(error, GATEWAY_HAS_FLOATING_IP,
		       "Gateway cannot be updated for router %s, since its addresses would be on another segment than its floating IPs; disassociate them first.",
		       uuid_format(object_id(draft), id));
}

/* A policy stays with the gateway until another one, or null, is given. */
static bool assign_policy(struct txn *txn, const struct object *old, struct object *draft,
	const struct request *request, GError **error)
{
	if (request->qos_policy_id || !request->network_id)
		object_set_str(
			draft, ROUTER_QOS_POLICY_ID, json_string_value(request->qos_policy_id));
	return qos_policy_check(txn, old, draft, ROUTER_QOS_POLICY_ID, error);
}

/* Prefixes stay with the gateway on its network until others, or null, are given. */
static void assign_prefixes(
	const struct object *old, struct object *draft, const struct request *request)
{
	const char *was = old ? object_str(old, ROUTER_GATEWAY_NETWORK_ID) : NULL;
	g_autofree char *text = NULL;

	if (json_array_size(request->nptv6_prefixes))
		text = json_dumps(request->nptv6_prefixes, JSON_COMPACT);
	if (request->nptv6_prefixes || g_strcmp0(was, request->network_id))
		object_set_str(draft, ROUTER_NPTV6_PREFIXES, text ?: "[]");
}

static bool apply(struct txn *txn, const struct object *old, struct object *draft,
	const struct request *request, GError **error)
{
	const struct object *port =
		txn_get_text(txn, KIND_PORT, old ? object_str(old, ROUTER_GATEWAY_PORT_ID) : NULL);
	const struct object *network;

	object_set_bool(draft, ROUTER_ENABLE_SNAT, request->enable_snat);
	if (request->network_id && (!check_network(txn, request, &network, error) ||
					   !check_subnets(txn, draft, request, port, error)))
		return false;
	if (!assign_policy(txn, old, draft, request, error))
		return false;
	assign_prefixes(old, draft, request);
	if (!port || g_strcmp0(request->network_id, object_str(port, PORT_NETWORK_ID)))
		return replace(txn, old, draft, request, error);
	return !request->addresses || move(txn, draft, port, request, error);
}

bool router_gateway_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	struct request request;
	json_t *info;
	bool ok;

	if (!(object_given(draft) & SLOT_BIT(ROUTER_GATEWAY_INFO)))
		return true;
	info = object_json(draft, ROUTER_GATEWAY_INFO);
	object_set_null(draft, ROUTER_GATEWAY_INFO);
	ok = read_request(info, &request, error) && apply(txn, old, draft, &request, error);
	json_decref(info);
	return ok;
}

void router_gateway_write(
	const struct model *model, const struct object *router, struct json_writer *w)
{
	const struct object *port =
		model_get_text(model, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));

	if (!port)
		return jw_null(w);
	jw_begin_object(w);
	jw_member_string(w, "network_id", object_str(port, PORT_NETWORK_ID));
	jw_member_raw(w, "external_fixed_ips", object_str(port, PORT_FIXED_IPS));
	jw_member_bool(w, "enable_snat", object_bool(router, ROUTER_ENABLE_SNAT));
	jw_member_string(w, "qos_policy_id", object_str(router, ROUTER_QOS_POLICY_ID));
	if (strcmp(object_str(router, ROUTER_NPTV6_PREFIXES), "[]") != 0)
		jw_member_raw(w, "nptv6_prefixes", object_str(router, ROUTER_NPTV6_PREFIXES));
	jw_end_object(w);
}
