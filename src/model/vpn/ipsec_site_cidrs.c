/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection's two ends reach, and that no two connections of a router are after the same
 * packets: the router would not know which is meant. */
#include <string.h>

#include "model/vpn/ipsec_policy.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/network/subnet.h"
#include "model/vpn/vpn_endpoint_group.h"
#include "model/vpn/vpn_parts.h"
#include "model/vpn/vpnservice.h"

static json_t *endpoints_of(const struct model *model, const char *group_id)
{
	const struct object *group =
		group_id ? model_get_text(model, KIND_VPN_ENDPOINT_GROUP, group_id) : NULL;

	return group ? object_json(group, VPN_ENDPOINT_GROUP_ENDPOINTS) : json_array();
}

static void add_subnet(const struct model *model, const char *id, json_t *list)
{
	const struct object *subnet = id ? model_get_text(model, KIND_SUBNET, id) : NULL;

	if (subnet)
		json_array_append_new(list, json_string(object_str(subnet, SUBNET_CIDR)));
}

bool ipsec_site_is_transport(const struct model *model, const struct object *connection)
{
	const struct object *policy = model_get_text(model, KIND_IPSEC_POLICY,
		object_str(connection, IPSEC_SITE_CONNECTION_IPSEC_POLICY_ID));

	return policy && object_choice(policy, IPSEC_POLICY_ENCAPSULATION) == IPSEC_TRANSPORT;
}

static json_t *router_alone(const struct model *model, const struct object *service)
{
	char ip[IP_STRLEN];

	if (!service || !vpn_outside(model, object_str(service, VPNSERVICE_ROUTER_ID), 4, ip))
		return json_array();
	return json_pack("[o]", json_sprintf("%s/32", ip));
}

json_t *ipsec_site_local_cidrs(const struct model *model, const struct object *connection)
{
	const struct object *service = model_get_text(
		model, KIND_VPNSERVICE, object_str(connection, IPSEC_SITE_CONNECTION_SERVICE_ID));
	json_t *list, *group, *id;
	size_t i;

	if (ipsec_site_is_transport(model, connection))
		return router_alone(model, service);
	list = json_array();
	if (service)
		add_subnet(model, object_str(service, VPNSERVICE_SUBNET_ID), list);
	group = endpoints_of(model, object_str(connection, IPSEC_SITE_CONNECTION_LOCAL_GROUP_ID));
	json_array_foreach(group, i, id)
		add_subnet(model, json_string_value(id), list);
	json_decref(group);
	return list;
}

json_t *ipsec_site_peer_cidrs(const struct model *model, const struct object *connection)
{
	json_t *list = object_json(connection, IPSEC_SITE_CONNECTION_PEER_CIDRS);
	json_t *group =
		endpoints_of(model, object_str(connection, IPSEC_SITE_CONNECTION_PEER_GROUP_ID));

	json_array_extend(list, group);
	json_decref(group);
	return list;
}

static bool overlap(json_t *a, json_t *b)
{
	bool found = false;
	json_t *x, *y;
	size_t i, j;

	json_array_foreach(a, i, x)
		json_array_foreach(b, j, y) {
			struct prefix p, q;

			found = found || (prefix_parse(json_string_value(x), &p) &&
						 prefix_parse(json_string_value(y), &q) &&
						 prefix_overlaps(&p, &q));
		}
	json_decref(a);
	json_decref(b);
	return found;
}

static bool same_packets(const struct model *model, const struct object *a, const struct object *b)
{
	return overlap(ipsec_site_local_cidrs(model, a), ipsec_site_local_cidrs(model, b)) &&
	       overlap(ipsec_site_peer_cidrs(model, a), ipsec_site_peer_cidrs(model, b));
}

/* A secret is found by what the two ends call themselves. */
static bool same_ends(const struct object *a, const struct object *b)
{
	return !strcmp(object_str(a, IPSEC_SITE_CONNECTION_LOCAL_ID),
		       object_str(b, IPSEC_SITE_CONNECTION_LOCAL_ID)) &&
	       !strcmp(object_str(a, IPSEC_SITE_CONNECTION_PEER_ID),
		       object_str(b, IPSEC_SITE_CONNECTION_PEER_ID));
}

static bool check_two(const struct txn *txn, const struct object *draft, const struct object *other,
	GError **error)
{
	char id[UUID_STRLEN];

	uuid_format(object_id(other), id);
	if (same_packets(txn_model(txn), draft, other))
		return weft_fail(error, IPSEC_NOT_SERVED,
			"IPsecSiteConnection %s of the same router is between the same prefixes, or some of them: give others, or change that one.",
			id);
	return !same_ends(draft, other) ||
	       !strcmp(object_str(draft, IPSEC_SITE_CONNECTION_PSK),
		       object_str(other, IPSEC_SITE_CONNECTION_PSK)) ||
	       weft_fail(error, IPSEC_NOT_SERVED,
		       "IPsecSiteConnection %s of the same router has the same local_id and peer_id, and another psk, so the peer can't be told apart: give the same psk, or other ids.",
		       id);
}

static bool check_service(const struct txn *txn, const struct object *draft,
	const struct object *service, unsigned *n, GError **error)
{
	const struct object *other;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_IPSEC_SITE_CONNECTION, IPSEC_SITE_CONNECTION_BY_SERVICE,
		uuid_format(object_id(service), id), NULL);
	while ((other = txn_iter_next(&iter))) {
		if (uuid_equal(object_id(other), object_id(draft)))
			continue;
		++*n;
		if (!check_two(txn, draft, other, error))
			return false;
	}
	return true;
}

bool ipsec_site_check_others(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *own = txn_get_text(
		txn, KIND_VPNSERVICE, object_str(draft, IPSEC_SITE_CONNECTION_SERVICE_ID));
	const char *router = object_str(own, VPNSERVICE_ROUTER_ID);
	const struct object *service;
	struct txn_iter iter;
	unsigned n = 0;

	txn_iter_init(&iter, txn, KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER, router, NULL);
	while ((service = txn_iter_next(&iter)))
		if (!check_service(txn, draft, service, &n, error))
			return false;
	return n < IPSEC_SITES_MAX ||
	       weft_fail(error, IPSEC_NOT_SERVED,
		       "Router %s has %u connections, and can have no more.", router, n);
}
