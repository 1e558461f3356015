/* SPDX-License-Identifier: Apache-2.0 */
#include "model/vpn/vpn_endpoint_group.h"

#include "model/vpn/vpn_parts.h"

#define ENDPOINTS_MAX 64
#define VLAN_MAX 4094

static const char *const types[] = { "cidr", "network", "router", "subnet", "vlan", NULL };
static const struct attr endpoint_attr = { .name = "endpoint", .type = TYPE_STRING, .max = 64 };
static const struct attr subnet_attr = {
	.name = "subnet", .type = TYPE_UUID, .refers = KIND_SUBNET
};

static const struct attr attrs[N_VPN_ENDPOINT_GROUP_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[VPN_ENDPOINT_GROUP_TYPE] = { .name = "type",
		.type = TYPE_ENUM,
		.choices = types,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "What its endpoints are. A connection has a group of subnets at this end, and one of prefixes at the peer's." },
	[VPN_ENDPOINT_GROUP_ENDPOINTS] = { .name = "endpoints",
		.type = TYPE_LIST,
		.item = &endpoint_attr,
		.max = ENDPOINTS_MAX,
		.flags = ATTR_CREATE | ATTR_UNIQUE_ITEMS | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Prefixes, ids of networks, routers or subnets, or numbers of VLANs." },
	[VPN_ENDPOINT_GROUP_SUBNETS] = { .name = "subnets",
		.type = TYPE_LIST,
		.item = &subnet_attr,
		.flags = ATTR_SECRET,
		.on_delete = ON_DELETE_REFUSE,
		.in_use = WEFT_ERROR_SUBNET_IN_ENDPOINT_GROUP,
		.referrer_index = VPN_ENDPOINT_GROUP_BY_SUBNET,
		.fallback = "[]",
		.doc = "Those of them that are subnets." },
};

static void subnet_keys(const struct object *group, struct key_sink *sink)
{
	json_t *subnets = object_json(group, VPN_ENDPOINT_GROUP_SUBNETS), *id;
	size_t i;

	json_array_foreach(subnets, i, id)
		index_add(sink, (const char *const[]){ json_string_value(id) }, 1);
	json_decref(subnets);
}

static const struct index indexes[N_VPN_ENDPOINT_GROUP_INDEXES] = {
	[VPN_ENDPOINT_GROUP_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[VPN_ENDPOINT_GROUP_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[VPN_ENDPOINT_GROUP_BY_SUBNET] = { .name = "subnet",
		.keys = subnet_keys,
		.depends_on = VPN_ENDPOINT_GROUP_SUBNETS,
		.field = "" },
};

static bool refuse(const char *endpoint, const char *type, const char *why, GError **error)
{
	return weft_fail(error, ENDPOINT_INVALID,
		"Endpoint '%s' is invalid for group type '%s': %s.", endpoint, type, why);
}

static bool check_object(
	struct txn *txn, enum kind_id kind, const char *endpoint, const char *type, GError **error)
{
	struct uuid id;

	if (!uuid_parse(endpoint, &id))
		return refuse(endpoint, type, "it must be a UUID", error);
	return txn_need(txn, kind, endpoint, error) != NULL;
}

static bool check_cidr(const char *endpoint, const char *type, GError **error)
{
	struct prefix prefix;
	struct ip network;

	if (!prefix_parse(endpoint, &prefix))
		return refuse(endpoint, type, "it must be a prefix such as 10.0.0.0/24", error);
	network = prefix_network(&prefix);
	return !ip_compare(&network, &prefix.ip) ||
	       refuse(endpoint, type, "it has bits beyond its length", error);
}

static bool check_endpoint(
	struct txn *txn, const struct object *draft, const char *endpoint, GError **error)
{
	static const enum kind_id kinds[] = { [VPN_ENDPOINT_NETWORK] = KIND_NETWORK,
		[VPN_ENDPOINT_ROUTER] = KIND_ROUTER,
		[VPN_ENDPOINT_SUBNET] = KIND_SUBNET };
	int type = object_choice(draft, VPN_ENDPOINT_GROUP_TYPE);
	guint64 vlan;

	if (type == VPN_ENDPOINT_CIDR)
		return check_cidr(endpoint, types[type], error);
	if (type != VPN_ENDPOINT_VLAN)
		return check_object(txn, kinds[type], endpoint, types[type], error);
	return g_ascii_string_to_unsigned(endpoint, 10, 1, VLAN_MAX, &vlan, NULL) ||
	       refuse(endpoint, types[type], "it must be a number from 1 to 4094", error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	json_t *endpoints = object_json(draft, VPN_ENDPOINT_GROUP_ENDPOINTS), *endpoint;
	bool ok = json_array_size(endpoints) ||
		  weft_fail(error, ENDPOINTS_MISSING,
			  "No endpoints specified for endpoint group '%s': give one at least.",
			  object_str(draft, SLOT_NAME));
	size_t i;

	json_array_foreach(endpoints, i, endpoint)
		ok = ok && check_endpoint(txn, draft, json_string_value(endpoint), error);
	json_decref(endpoints);
	if (ok && object_choice(draft, VPN_ENDPOINT_GROUP_TYPE) == VPN_ENDPOINT_SUBNET)
		object_set_str(draft, VPN_ENDPOINT_GROUP_SUBNETS,
			object_str(draft, VPN_ENDPOINT_GROUP_ENDPOINTS));
	return ok;
}

const struct kind vpn_endpoint_group_kind = {
	.id = KIND_VPN_ENDPOINT_GROUP,
	.singular = "endpoint_group",
	.collection = "endpoint_groups",
	.name = "vpn_endpoint_group",
	.command = "vpn endpoint group",
	.path = "/v2.0/vpn/endpoint-groups",
	.doc = "What is reached at one end of a tunnel.",
	.quota = { "endpoint_group", QUOTA_UNLIMITED },
	.attrs = attrs,
	.n_slots = N_VPN_ENDPOINT_GROUP_SLOTS,
	.indexes = indexes,
	.n_indexes = N_VPN_ENDPOINT_GROUP_INDEXES,
	.not_found = WEFT_ERROR_ENDPOINT_GROUP_NOT_FOUND,
	.in_use = WEFT_ERROR_ENDPOINT_GROUP_IN_USE,
	.hooks = { .on_create = on_create },
};
