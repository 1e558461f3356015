/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/network.h"

#include <stdio.h>
#include <string.h>

#include "model/host/agent.h"
#include "model/host/availability_zone.h"
#include "model/bgp/bgp_speaker.h"
#include "model/router/floating_ip.h"
#include "model/network/network_hosts.h"
#include "model/port/port.h"
#include "model/network/provider.h"
#include "model/qos/qos_policy.h"
#include "model/access/rbac.h"
#include "model/router/router.h"
#include "model/firewall/security_group.h"
#include "model/firewall/security_policy.h"
#include "model/provider/service_map.h"
#include "model/standard.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool.h"
#include "model/txn_impl.h"
#include "model/value.h"

static const char *const statuses[] = { "ACTIVE", "DOWN", "BUILD", "ERROR", NULL };
static const struct attr zone_attr = {
	.name = "availability_zone_hint", .type = TYPE_STRING, .max = 255
};

static const struct attr segment_fields[] = {
	{ .name = "provider:network_type",
		.type = TYPE_ENUM,
		.choices = provider_types,
		.flags = ATTR_REQUIRED },
	{ .name = "provider:physical_network",
		.type = TYPE_STRING,
		.max = PHYSICAL_NETWORK_MAX,
		.flags = ATTR_NULLABLE },
	{ .name = "provider:segmentation_id",
		.type = TYPE_INT,
		.min = 1,
		.max = VNI_LAST,
		.flags = ATTR_NULLABLE },
	{ 0 },
};
static const struct attr segment_attr = {
	.name = "segment", .type = TYPE_OBJECT, .fields = segment_fields
};

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define PROVIDER (ATTR_CREATE | ATTR_ADMIN_SET | ATTR_ADMIN_READ)

static const struct attr attrs[N_NETWORK_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[NETWORK_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether it forwards packets." },
	[NETWORK_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.fallback = "\"ACTIVE\"",
		.doc = "Its state." },
	[NETWORK_SHARED] = { .name = "shared",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_ADMIN_SET,
		.fallback = "false",
		.doc = "Every project may use it." },
	[NETWORK_MTU] = { .name = "mtu",
		.type = TYPE_INT,
		.min = 68,
		.max = 65535,
		.flags = GIVEN,
		.fallback = NETWORK_MTU_DEFAULT,
		.doc = "Bytes of the largest IP packet." },
	[NETWORK_PROVIDER_TYPE] = { .name = "provider:network_type",
		.type = TYPE_ENUM,
		.choices = provider_types,
		.flags = PROVIDER | ATTR_NULLABLE,
		.fallback = "\"geneve\"",
		.listed_in = NETWORK_SEGMENTS,
		.doc = "geneve or vxlan: an overlay; which encapsulation carries it is decided per pair of hosts." },
	[NETWORK_PROVIDER_PHYSICAL] = { .name = "provider:physical_network",
		.type = TYPE_STRING,
		.max = PHYSICAL_NETWORK_MAX,
		.flags = PROVIDER | ATTR_NULLABLE,
		.listed_in = NETWORK_SEGMENTS,
		.doc = "Of a vlan or flat network; null: it is an overlay." },
	[NETWORK_PROVIDER_SEGMENT] = { .name = "provider:segmentation_id",
		.type = TYPE_INT,
		.min = 1,
		.max = VNI_LAST,
		.flags = PROVIDER | ATTR_UPDATE | ATTR_NULLABLE,
		.listed_in = NETWORK_SEGMENTS,
		.doc = "Its VNI, or its VLAN." },
	[NETWORK_SEGMENTS] = { .name = "segments",
		.type = TYPE_LIST,
		.item = &segment_attr,
		.max = PHYSICAL_NETWORK_MAX,
		.flags = PROVIDER | ATTR_NULLABLE,
		.doc = "What carries it, where there are several; null when one does." },
	[NETWORK_L2_ADJACENCY] = { .name = "l2_adjacency",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_COMPUTED,
		.doc = "Whether all of its ports reach each other on layer 2; false, given for an overlay: all between them goes through its router." },
	[NETWORK_ROUTED] = { .name = "routed",
		.type = TYPE_BOOL,
		.flags = ATTR_SECRET,
		.fallback = "false",
		.doc = "l2_adjacency was given as false." },
	[NETWORK_EXTERNAL] = { .name = "router:external",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_ADMIN_SET,
		.fallback = "false",
		.doc = "Routers may have their gateway on it." },
	[NETWORK_IS_DEFAULT] = { .name = "is_default",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_ADMIN_SET,
		.fallback = "false",
		.doc = "The external network that is taken when none is named." },
	[NETWORK_PORT_SECURITY] = { .name = "port_security_enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Default of its ports." },
	[NETWORK_DNS_DOMAIN] = { .name = "dns_domain",
		.type = TYPE_STRING,
		.max = 255,
		.flags = GIVEN | ATTR_INTERN,
		.fallback = "\"\"",
		.check = check_dns_name,
		.doc = "The domain of its ports' names." },
	[NETWORK_AZ_HINTS] = { .name = "availability_zone_hints",
		.type = TYPE_LIST,
		.item = &zone_attr,
		.flags = ATTR_CREATE | ATTR_INTERN,
		.fallback = "[]",
		.doc = "Where its services should run." },
	[NETWORK_AZS] = { .name = "availability_zones",
		.type = TYPE_LIST,
		.item = &zone_attr,
		.flags = ATTR_COMPUTED,
		.doc = "Where its services run." },
	[NETWORK_SUBNETS] = { .name = "subnets",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Ids of its subnets." },
	[NETWORK_IPV4_ADDRESS_SCOPE] = { .name = "ipv4_address_scope",
		.type = TYPE_UUID,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The scope of its IPv4 subnets' pools." },
	[NETWORK_IPV6_ADDRESS_SCOPE] = { .name = "ipv6_address_scope",
		.type = TYPE_UUID,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The scope of its IPv6 subnets' pools." },
	[NETWORK_QOS_POLICY_ID] = { .name = "qos_policy_id",
		.type = TYPE_UUID,
		.flags = GIVEN | ATTR_NULLABLE,
		.refers = KIND_QOS_POLICY,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = NETWORK_BY_QOS_POLICY,
		.doc = "The QoS policy of its ports that have none of their own." },
	[NETWORK_VLAN_TRANSPARENT] = { .name = "vlan_transparent",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "Guests may tag frames with VLANs of their own." },
	[NETWORK_SERVICE_PROVIDERS] = { .name = "service_providers",
		.type = TYPE_OBJECT,
		.fields = network_service_fields,
		.flags = GIVEN | ATTR_ADMIN_SET | ATTR_COMPUTED,
		.doc = "Which provider gives which service of it; null: the default one." },
	[NETWORK_SERVICE_MAP] = { .name = "service_map",
		.type = TYPE_OBJECT,
		.flags = ATTR_SECRET | ATTR_INTERN,
		.fallback = "{}",
		.doc = "Of service_providers, what is not weft's own." },
};

static void default_keys(const struct object *network, struct key_sink *sink)
{
	if (object_bool(network, NETWORK_IS_DEFAULT))
		index_add(sink, (const char *const[]){ "true" }, 1);
}

static void external_keys(const struct object *network, struct key_sink *sink)
{
	if (object_bool(network, NETWORK_EXTERNAL))
		index_add(sink, (const char *const[]){ "true" }, 1);
}

/* Its number, or those of its segments. */
static void segment_keys(const struct object *network, struct key_sink *sink)
{
	char buf[VALUE_TEXT];
	const char *text = object_text(network, NETWORK_PROVIDER_SEGMENT, buf);
	json_t *segments, *segment;
	size_t i;

	if (text)
		index_add(sink, &text, 1);
	if (object_is_null(network, NETWORK_SEGMENTS))
		return;
	segments = object_json(network, NETWORK_SEGMENTS);
	json_array_foreach(segments, i, segment) {
		text = value_json_text(json_object_get(segment, "provider:segmentation_id"), buf);
		if (*text)
			index_add(sink, &text, 1);
	}
	json_decref(segments);
}

static const struct index indexes[N_NETWORK_INDEXES] = {
	[NETWORK_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[NETWORK_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[NETWORK_BY_SEGMENT] = { .name = "segmentation id",
		.slots = { NETWORK_PROVIDER_SEGMENT },
		.keys = segment_keys },
	[NETWORK_BY_QOS_POLICY] = { .name = "QoS policy", .slots = { NETWORK_QOS_POLICY_ID } },
	[NETWORK_BY_DEFAULT] = { .name = "default",
		.keys = default_keys,
		.depends_on = NETWORK_IS_DEFAULT },
	[NETWORK_BY_EXTERNAL] = { .name = "external",
		.keys = external_keys,
		.depends_on = NETWORK_EXTERNAL },
};

const struct object *network_default(const struct txn *txn)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_NETWORK, NETWORK_BY_DEFAULT, "true", NULL);
	return txn_iter_next(&iter);
}

/* There is one default, and routers can use it. */
static bool check_default(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *other = network_default(txn);
	char id[UUID_STRLEN];

	if (!object_bool(draft, NETWORK_IS_DEFAULT))
		return true;
	if (!object_bool(draft, NETWORK_EXTERNAL))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for is_default: only an external network can be the default one; set router:external too.");
	return !other || uuid_equal(object_id(other), object_id(draft)) ||
	       weft_fail(error, DEFAULT_EXTERNAL_NETWORK_EXISTS,
		       "A default external network already exists: %s.",
		       uuid_format(object_id(other), id));
}

/* Without layer 2 between its ports, where the hosts are what is between them. */
static bool settle_adjacency(struct object *draft, GError **error)
{
	bool routed = object_given(draft) & SLOT_BIT(NETWORK_L2_ADJACENCY) &&
		      !object_bool(draft, NETWORK_L2_ADJACENCY);

	object_set_null(draft, NETWORK_L2_ADJACENCY);
	object_set_bool(draft, NETWORK_ROUTED, routed);
	return !routed || provider_vni(draft) ||
	       weft_fail(error, BAD_REQUEST,
		       "Invalid input for l2_adjacency: false is for a geneve or vxlan network; what a wire carries has a layer 2 of its own.");
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *group;

	if (!check_default(txn, draft, error) ||
		!availability_zones_check(txn, draft, NETWORK_AZ_HINTS, error) ||
		!qos_policy_check(txn, NULL, draft, NETWORK_QOS_POLICY_ID, error) ||
		!security_group_default(txn, object_str(draft, SLOT_PROJECT_ID), &group, error))
		return false;
	qos_policy_fill_default(txn, draft, NETWORK_QOS_POLICY_ID);
	if (!service_map_settle(txn, NULL, draft, error) || !provider_settle(txn, draft, error) ||
		!settle_adjacency(draft, error))
		return false;
	if (!network_has_datapath(draft))
		object_set_choice(draft, NETWORK_STATUS, NETWORK_DOWN);
	return true;
}

const char *network_physical(const struct object *network)
{
	return object_is_null(network, NETWORK_PROVIDER_TYPE) || provider_vni(network)
		       ? NULL
		       : object_str(network, NETWORK_PROVIDER_PHYSICAL);
}

GPtrArray *network_physicals(const struct object *network)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	json_t *segments, *item;
	size_t i;

	if (object_bool(network, NETWORK_VLAN_TRANSPARENT) || provider_vni(network))
		return names;
	if (network_physical(network)) {
		g_ptr_array_add(names, g_strdup(network_physical(network)));
		return names;
	}
	segments = object_json(network, NETWORK_SEGMENTS);
	json_array_foreach(segments, i, item)
		g_ptr_array_add(names, g_strdup(json_string_value(json_object_get(
					       item, attrs[NETWORK_PROVIDER_PHYSICAL].name))));
	json_decref(segments);
	return names;
}

bool network_has_datapath(const struct object *network)
{
	return (provider_vni(network) || network_physical(network)) &&
	       !object_bool(network, NETWORK_VLAN_TRANSPARENT);
}

/* One that ceases to be external has no floating IPs any more: those that are in use refuse. */
static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	struct txn_iter iter;
	char id[UUID_STRLEN], router[UUID_STRLEN];
	const struct object *user;

	if (!qos_policy_check(txn, old, draft, NETWORK_QOS_POLICY_ID, error) ||
		!service_map_settle(txn, old, draft, error) ||
		!provider_update(txn, old, draft, error))
		return false;
	if (!object_bool(old, NETWORK_EXTERNAL) || object_bool(draft, NETWORK_EXTERNAL))
		return check_default(txn, draft, error);
	if (!(object_given(draft) & SLOT_BIT(NETWORK_IS_DEFAULT)))
		object_set_bool(draft, NETWORK_IS_DEFAULT, false);
	txn_iter_init(&iter, txn, KIND_ROUTER, ROUTER_BY_GATEWAY_NETWORK,
		uuid_format(object_id(old), id), NULL);
	user = txn_iter_next(&iter);
	if (user)
		return weft_fail(error, EXTERNAL_NETWORK_IN_USE,
			"External network %s cannot be updated to be made non-external, since it has existing gateway ports: router %s has its gateway on it.",
			id, uuid_format(object_id(user), router));
	return check_default(txn, draft, error) && floating_ip_leave(txn, old, error);
}

/* All pools of a network's subnets of one IP version are in one scope, or in none. */
const char *network_address_scope(const struct model *model, const char *id, s64 version)
{
	const struct object *subnet, *pool;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_SUBNET, SUBNET_BY_NETWORK, id, NULL);
	while ((subnet = model_iter_next(&iter))) {
		pool = model_get_text(
			model, KIND_SUBNETPOOL, object_str(subnet, SUBNET_SUBNETPOOL_ID));
		if (pool && object_int(subnet, SUBNET_IP_VERSION) == version)
			return object_str(pool, SUBNETPOOL_ADDRESS_SCOPE_ID);
	}
	return NULL;
}

static void compute(const struct model *model, const struct object *network, unsigned slot,
	struct json_writer *w)
{
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	uuid_format(object_id(network), id);
	if (slot == NETWORK_IPV4_ADDRESS_SCOPE || slot == NETWORK_IPV6_ADDRESS_SCOPE)
		return jw_string(w, network_address_scope(
					    model, id, slot == NETWORK_IPV4_ADDRESS_SCOPE ? 4 : 6));
	if (slot == NETWORK_L2_ADJACENCY) {
		subnet = model_first(model, KIND_SUBNET, SUBNET_BY_NETWORK, id, NULL);
		return jw_bool(w, !object_bool(network, NETWORK_ROUTED) &&
					  (!subnet || object_is_null(subnet, SUBNET_SEGMENT_ID)));
	}
	if (slot == NETWORK_SERVICE_PROVIDERS)
		return service_map_write(model, network, w);
	if (slot == NETWORK_AZS)
		return availability_zones_write(network_hosts(model, network), w);
	jw_begin_array(w);
	if (slot == NETWORK_SUBNETS) {
		model_iter_init(&iter, model, KIND_SUBNET, SUBNET_BY_NETWORK, id, NULL);
		while ((subnet = model_iter_next(&iter)))
			jw_string(w, uuid_format(object_id(subnet), id));
	}
	jw_end_array(w);
}

bool network_usable(
	const struct model *model, const struct object *network, const struct caller *caller)
{
	return !object_bool(network, NETWORK_EXTERNAL) || caller_is_admin(caller) ||
	       !strcmp(object_str(network, SLOT_PROJECT_ID), caller->project_id) ||
	       rbac_shared_to(model, network, caller);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	return security_policies_leave(txn, old, error) &&
	       bgp_speakers_leave(txn, BGP_SPEAKER_NETWORKS, BGP_SPEAKER_BY_NETWORK, old, error);
}

const struct kind network_kind = {
	.id = KIND_NETWORK,
	.singular = "network",
	.collection = "networks",
	.path = "/v2.0/networks",
	.doc = "A virtual L2 network.",
	.actions = network_actions,
	.attrs = attrs,
	.n_slots = N_NETWORK_SLOTS,
	.indexes = indexes,
	.n_indexes = N_NETWORK_INDEXES,
	.quota = { "network", 100 },
	.rbac = RBAC_SHARED | RBAC_EXTERNAL,
	.shared_slot = NETWORK_SHARED,
	.external_slot = NETWORK_EXTERNAL,
	.not_found = WEFT_ERROR_NETWORK_NOT_FOUND,
	.in_use = WEFT_ERROR_NETWORK_IN_USE,
	.hooks = { .on_create = on_create,
		.on_created = provider_make_segments,
		.on_update = on_update,
		.on_delete = on_delete,
		.compute = compute },
};
