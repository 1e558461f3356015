/* SPDX-License-Identifier: Apache-2.0 */
/* The port's tables; what it does is in port.c. */
#include "model/firewall/firewall_group.h"
#include "model/port/held_address.h"
#include "model/port/port_group.h"
#include "model/port/port_hooks.h"
#include "model/firewall/security_policy.h"
#include "model/port/service_port.h"
#include "model/standard.h"
#include "model/network/subnet_pools.h"

#include <string.h>

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define BINDING (GIVEN | ATTR_ADMIN_SET | ATTR_ADMIN_READ)

#define USER_DATA_MAX 65535 /* bytes */

static const char *const statuses[] = { "ACTIVE", "DOWN", "BUILD", "ERROR", NULL };
static const char *const up_down[] = { "ACTIVE", "DOWN", NULL };
static const char *const allocations[] = { "immediate", "deferred", "none", NULL };
static const char *const affinities[] = { "required", "preferred", "legacy", "socket", NULL };
const char *const port_vnic_types[] = { "normal", "direct", "direct-physical", "macvtap",
	"baremetal", "virtio-forwarder", "smart-nic", "vdpa", "accelerator-direct",
	"accelerator-direct-physical", "remote-managed", NULL };

static const struct attr address_fields[] = {
	{ .name = "subnet_id", .type = TYPE_UUID },
	{ .name = "ip_address", .type = TYPE_IP },
	{ 0 },
};
static const struct attr address_attr = {
	.name = "fixed_ip", .type = TYPE_OBJECT, .fields = address_fields
};
static const struct attr pair_fields[] = {
	{ .name = "ip_address", .type = TYPE_ADDRESS, .flags = ATTR_REQUIRED },
	{ .name = "mac_address", .type = TYPE_MAC },
	{ 0 },
};
static const struct attr pair_attr = {
	.name = "allowed_address_pair", .type = TYPE_OBJECT, .fields = pair_fields
};
static const struct attr option_fields[] = {
	{ .name = "opt_name", .type = TYPE_STRING, .max = 64, .flags = ATTR_REQUIRED },
	{ .name = "opt_value", .type = TYPE_STRING, .max = 255, .flags = ATTR_NULLABLE },
	{ .name = "ip_version", .type = TYPE_INT, .min = 4, .max = 6, .fallback = "4" },
	{ 0 },
};
static const struct attr option_attr = {
	.name = "extra_dhcp_opt", .type = TYPE_OBJECT, .fields = option_fields
};
static const struct attr held_attr = { .name = "held_address", .type = TYPE_IP };
static const struct attr group_attr = {
	.name = "security_group", .type = TYPE_UUID, .refers = KIND_SECURITY_GROUP
};

static const char *const steerings[] = { "thread", "hash", NULL };
static const struct attr other_config_fields[] = {
	{ .name = "tx-steering", .type = TYPE_ENUM, .choices = steerings },
	{ 0 },
};
static const struct attr openvswitch_fields[] = {
	{ .name = "other_config", .type = TYPE_OBJECT, .fields = other_config_fields },
	{ 0 },
};
static const struct attr public_key_fields[] = {
	{ .name = "name", .type = TYPE_STRING, .max = 255, .flags = ATTR_REQUIRED },
	{ .name = "public_key", .type = TYPE_STRING, .max = 16384, .flags = ATTR_REQUIRED },
	{ 0 },
};
static const struct attr public_key_attr = {
	.name = "public_key", .type = TYPE_OBJECT, .fields = public_key_fields
};
/* What cloud-init takes that is no text: compressed, say. */
static bool check_user_data(const struct attr *attr, const char *value, GError **error)
{
	g_autofree guchar *bytes = NULL, *again = NULL;
	gsize size = 0;

	bytes = g_base64_decode(value, &size);
	again = (guchar *)g_base64_encode(bytes, size);
	return (!strcmp((const char *)again, value) && size <= USER_DATA_MAX) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for %s: give at most %d bytes in base64 (RFC 4648, 4), in one line.",
		       attr->name, USER_DATA_MAX);
}

static const struct attr metadata_fields[] = {
	{ .name = "hostname", .type = TYPE_STRING, .max = 255, .flags = ATTR_NULLABLE },
	{ .name = "public_keys", .type = TYPE_LIST, .item = &public_key_attr, .max = 32 },
	{ .name = "user_data", .type = TYPE_STRING, .max = USER_DATA_MAX, .flags = ATTR_NULLABLE },
	{ .name = "user_data_base64",
		.type = TYPE_STRING,
		.max = (USER_DATA_MAX + 2) / 3 * 4,
		.flags = ATTR_NULLABLE,
		.check = check_user_data },
	{ .name = "vendor_data", .type = TYPE_OBJECT },
	{ .name = "meta", .type = TYPE_OBJECT },
	{ 0 },
};
static const struct attr hint_fields[] = {
	{ .name = "openvswitch", .type = TYPE_OBJECT, .fields = openvswitch_fields },
	{ 0 },
};

static const struct attr attrs[N_PORT_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[PORT_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = PORT_BY_NETWORK,
		.doc = "The network that it is on." },
	[PORT_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether it passes packets." },
	[PORT_MAC_ADDRESS] = { .name = "mac_address",
		.type = TYPE_MAC,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "Made by weft unless given; null makes another one." },
	[PORT_FIXED_IPS] = { .name = "fixed_ips",
		.type = TYPE_LIST,
		.item = &address_attr,
		.max = 48,
		.flags = GIVEN,
		.fallback = "[]",
		.doc = "Its addresses; by default one of each IP version that the network has." },
	[PORT_ALLOWED_ADDRESS_PAIRS] = { .name = "allowed_address_pairs",
		.type = TYPE_LIST,
		.item = &pair_attr,
		.max = 64,
		.flags = GIVEN | ATTR_UNIQUE_ITEMS,
		.fallback = "[]",
		.doc = "Other addresses that it may send from." },
	[PORT_EXTRA_DHCP_OPTS] = { .name = "extra_dhcp_opts",
		.type = TYPE_LIST,
		.item = &option_attr,
		.max = 64,
		.flags = GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "DHCP options told to the guest." },
	[PORT_DEVICE_ID] = { .name = "device_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = GIVEN,
		.fallback = "\"\"",
		.doc = "The guest that has it." },
	[PORT_DEVICE_OWNER] = { .name = "device_owner",
		.type = TYPE_STRING,
		.max = 255,
		.flags = GIVEN | ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "What has it, like compute:nova." },
	[PORT_HOST_ID] = { .name = "binding:host_id",
		.type = TYPE_STRING,
		.max = 255,
		.flags = BINDING | ATTR_INTERN | ATTR_NULL_IS_DEFAULT | ATTR_NO_DEFAULT,
		.fallback = "\"\"",
		.doc = "The host that it is bound to, by name or id; empty: none." },
	[PORT_VNIC_TYPE] = { .name = "binding:vnic_type",
		.type = TYPE_ENUM,
		.choices = port_vnic_types,
		.flags = GIVEN,
		.fallback = "\"normal\"",
		.doc = "What the guest sees." },
	[PORT_PROFILE] = { .name = "binding:profile",
		.type = TYPE_OBJECT,
		.flags = BINDING | ATTR_INTERN | ATTR_NULL_IS_DEFAULT,
		.fallback = "{}",
		.doc = "Kept for the caller." },
	[PORT_VIF_TYPE] = { .name = "binding:vif_type",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED | ATTR_ADMIN_READ,
		.doc = "How the hypervisor plugs it." },
	[PORT_VIF_DETAILS] = { .name = "binding:vif_details",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED | ATTR_ADMIN_READ,
		.doc = "How the hypervisor plugs it." },
	[PORT_PORT_SECURITY] = { .name = "port_security_enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether it may send from its own addresses only." },
	[PORT_SECURITY_GROUPS] = { .name = "security_groups",
		.type = TYPE_LIST,
		.item = &group_attr,
		.max = PORT_GROUPS_MAX,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = PORT_BY_SECURITY_GROUP,
		.flags = GIVEN | ATTR_NULLABLE | ATTR_UNIQUE_ITEMS | ATTR_INTERN,
		.fallback = "[]",
		.doc = "Ids of its security groups; by default its project's default group." },
	[PORT_DNS_NAME] = { .name = "dns_name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = GIVEN,
		.fallback = "\"\"",
		.check = check_dns_name,
		.doc = "Its name in the network's DNS." },
	[PORT_DNS_DOMAIN] = { .name = "dns_domain",
		.type = TYPE_STRING,
		.max = 255,
		.flags = GIVEN | ATTR_INTERN,
		.fallback = "\"\"",
		.check = check_dns_name,
		.doc = "Instead of the network's." },
	[PORT_DNS_ASSIGNMENT] = { .name = "dns_assignment",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Names of its addresses." },
	[PORT_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.fallback = "\"DOWN\"",
		.doc = "ACTIVE once its host has wired it." },
	[PORT_QOS_POLICY_ID] = { .name = "qos_policy_id",
		.type = TYPE_UUID,
		.flags = GIVEN | ATTR_NULLABLE,
		.refers = KIND_QOS_POLICY,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = PORT_BY_QOS_POLICY,
		.doc = "Its QoS policy, instead of its network's." },
	[PORT_QOS_NETWORK_POLICY_ID] = { .name = "qos_network_policy_id",
		.type = TYPE_UUID,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "Its network's QoS policy." },
	[PORT_PROPAGATE_UPLINK_STATUS] = { .name = "propagate_uplink_status",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether a virtual function's link follows its uplink's; kept for the caller." },
	[PORT_MAC_LEARNING] = { .name = "mac_learning_enabled",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "false",
		.doc = "Further MAC addresses behind it are learned." },
	[PORT_DATA_PLANE_STATUS] = { .name = "data_plane_status",
		.type = TYPE_ENUM,
		.choices = up_down,
		.flags = ATTR_UPDATE | ATTR_NULLABLE | ATTR_ADMIN_SET,
		.doc = "What somebody outside says of its datapath." },
	[PORT_RESOURCE_REQUEST] = { .name = "resource_request",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED | ATTR_ADMIN_READ | ATTR_NULLABLE },
	[PORT_IP_ALLOCATION] = { .name = "ip_allocation",
		.type = TYPE_ENUM,
		.choices = allocations,
		.fallback = "\"immediate\"" },
	[PORT_NUMA_AFFINITY] = { .name = "numa_affinity_policy",
		.type = TYPE_ENUM,
		.choices = affinities,
		.flags = GIVEN | ATTR_NULLABLE },
	[PORT_DEVICE_PROFILE] = { .name = "device_profile",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "The accelerator that it needs, as Cyborg calls it; kept for the caller." },
	[PORT_HINTS] = { .name = "hints",
		.type = TYPE_OBJECT,
		.flags = GIVEN | ATTR_NULLABLE | ATTR_ADMIN_SET | ATTR_ADMIN_READ,
		.fields = hint_fields,
		.doc = "For datapaths of other makers; kept for the caller." },
	[PORT_TRUNK_DETAILS] = { .name = "trunk_details",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "The trunk whose parent it is." },
	[PORT_METADATA] = { .name = "metadata",
		.type = TYPE_OBJECT,
		.fields = metadata_fields,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "What its guest is told at 169.254.169.254: hostname, public_keys, user_data (or user_data_base64), vendor_data, meta; null: its ids, addresses and name alone." },
	[PORT_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.max = 1024,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Why it is bound and yet not ACTIVE, as its host says." },
	[PORT_HELD_ADDRESSES] = { .name = "held_addresses",
		.type = TYPE_LIST,
		.item = &held_attr,
		.fallback = "[]",
		.doc = "Of the addresses that other ports may have too, those that its guest announced last." },
	[PORT_GATEWAY_HOST_ID] = { .name = "gateway_host_id",
		.type = TYPE_STRING,
		.max = 36,
		.flags = ATTR_SECRET | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "Of a router's gateway: the host that has it now." },
};

static void add_pair(struct key_sink *sink, const char *a, const char *b)
{
	index_add(sink, (const char *const[]){ a, b }, 2);
}

static void network_ip_keys(const struct object *port, struct key_sink *sink)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		add_pair(sink, object_str(port, PORT_NETWORK_ID), ips.ip_text);
}

static void ip_keys(const struct object *port, struct key_sink *sink)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		index_add(sink, (const char *const[]){ ips.ip_text }, 1);
}

static void subnet_keys(const struct object *port, struct key_sink *sink)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		index_add(sink, (const char *const[]){ ips.subnet_id }, 1);
}

static void group_keys(const struct object *port, struct key_sink *sink)
{
	struct port_groups groups = port_groups_of(port);

	while (port_groups_next(&groups))
		index_add(sink, (const char *const[]){ groups.id }, 1);
}

static void pair_keys(const struct object *port, struct key_sink *sink)
{
	json_t *pairs, *pair;
	size_t i;

	if (!strcmp(object_str(port, PORT_ALLOWED_ADDRESS_PAIRS), "[]"))
		return;
	pairs = object_json(port, PORT_ALLOWED_ADDRESS_PAIRS);
	json_array_foreach(pairs, i, pair) {
		char ip[IP_STRLEN];

		if (pair_address(pair, ip))
			add_pair(sink, object_str(port, PORT_NETWORK_ID), ip);
	}
	json_decref(pairs);
}

static void host_group_keys(const struct object *port, struct key_sink *sink)
{
	struct port_groups groups = port_groups_of(port);

	while (port_is_bound(port) && port_groups_next(&groups))
		add_pair(sink, object_str(port, PORT_HOST_ID), groups.id);
}

static const struct index indexes[N_PORT_INDEXES] = {
	[PORT_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[PORT_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[PORT_BY_NETWORK] = { .name = "network", .slots = { PORT_NETWORK_ID } },
	[PORT_BY_NETWORK_MAC] = { .name = "mac_address",
		.slots = { PORT_NETWORK_ID, PORT_MAC_ADDRESS },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_MAC_IN_USE },
	[PORT_BY_MAC] = { .name = "MAC address", .slots = { PORT_MAC_ADDRESS } },
	[PORT_BY_NETWORK_IP] = { .name = "IP address",
		.keys = network_ip_keys,
		.depends_on = PORT_FIXED_IPS,
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_IP_IN_USE },
	[PORT_BY_IP] = { .name = "IP address",
		.keys = ip_keys,
		.depends_on = PORT_FIXED_IPS,
		.field = "ip_address" },
	[PORT_BY_SUBNET] = { .name = "subnet",
		.keys = subnet_keys,
		.depends_on = PORT_FIXED_IPS,
		.field = "subnet_id" },
	[PORT_BY_DEVICE] = { .name = "device", .slots = { PORT_DEVICE_ID } },
	[PORT_BY_HOST] = { .name = "host", .slots = { PORT_HOST_ID } },
	[PORT_BY_HOST_NETWORK] = { .name = "host and network",
		.slots = { PORT_HOST_ID, PORT_NETWORK_ID } },
	[PORT_BY_ROUTER_SUBNET] = { .name = "subnet of a router",
		.keys = service_port_subnet_keys },
	[PORT_BY_QOS_POLICY] = { .name = "QoS policy", .slots = { PORT_QOS_POLICY_ID } },
	[PORT_BY_SECURITY_GROUP] = { .name = "security group",
		.keys = group_keys,
		.depends_on = PORT_SECURITY_GROUPS,
		.field = "" },
	[PORT_BY_HOST_GROUP] = { .name = "host and security group", .keys = host_group_keys },
	[PORT_BY_PAIR] = { .name = "allowed address",
		.keys = pair_keys,
		.depends_on = PORT_ALLOWED_ADDRESS_PAIRS },
};

#define NETWORK_OWNER "rule:admin_or_network_owner"
#define ADDRESSES "rule:admin_or_network_owner or rule:shared"
#define DEVICE "rule:admin_or_network_owner or not rule:network_device"
#define DATA_PLANE "rule:admin_or_data_plane_int"
#define DELETE "rule:admin_or_network_owner or rule:project_member"

static const struct kind_rule rules[] = {
	{ "delete_port", DELETE, "Delete a port." },
	{ "create_port:device_owner", DEVICE, "Give device_owner of a port." },
	{ "update_port:device_owner", DEVICE, "Change device_owner of a port." },
	{ "create_port:mac_address", NETWORK_OWNER, "Choose the MAC address of a port." },
	{ "update_port:mac_address", "rule:admin_only", "Change the MAC address of a port." },
	{ "create_port:fixed_ips", ADDRESSES, "Say what addresses a port gets." },
	{ "update_port:fixed_ips", ADDRESSES, "Change what addresses a port has." },
	{ "create_port:fixed_ips:ip_address", NETWORK_OWNER, "Choose addresses of a port." },
	{ "update_port:fixed_ips:ip_address", NETWORK_OWNER, "Choose other addresses of a port." },
	{ "create_port:fixed_ips:subnet_id", ADDRESSES, "Choose subnets of a port." },
	{ "update_port:fixed_ips:subnet_id", ADDRESSES, "Choose other subnets of a port." },
	{ "create_port:port_security_enabled", NETWORK_OWNER, "Switch anti-spoofing off." },
	{ "update_port:port_security_enabled", NETWORK_OWNER, "Switch anti-spoofing off or on." },
	{ "create_port:allowed_address_pairs", NETWORK_OWNER, "Let a port send from others." },
	{ "update_port:allowed_address_pairs", NETWORK_OWNER, "Let a port send from others." },
	{ "create_port:mac_learning_enabled", NETWORK_OWNER, "Let a port have further MACs." },
	{ "update_port:mac_learning_enabled", NETWORK_OWNER, "Let a port have further MACs." },
	{ "update_port:data_plane_status", DATA_PLANE, "Say how a port's datapath does." },
	{ 0 },
};

static bool on_delete(struct txn *txn, const struct object *port, GError **error)
{
	return service_port_check_delete(txn, port, error) &&
	       security_policies_leave(txn, port, error) &&
	       firewall_group_leave(txn, port, error) &&
	       stand_ins_follow_port(txn, port, NULL, error);
}

static bool goes_with(const struct object *port, const struct object *old)
{
	return object_kind(old)->id == KIND_NETWORK && port_has_owner(port, OWNER_DHCP);
}

const struct kind port_kind = {
	.id = KIND_PORT,
	.singular = "port",
	.collection = "ports",
	.path = "/v2.0/ports",
	.doc = "An attachment point on a network.",
	.attrs = attrs,
	.n_slots = N_PORT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_PORT_INDEXES,
	.seen_by_owner = PORT_NETWORK_ID,
	.rules = rules,
	.quota = { "port", 500 },
	.not_found = WEFT_ERROR_PORT_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = port_on_create,
		.on_update = port_on_update,
		.on_delete = on_delete,
		.goes_with = goes_with,
		.observe = subnet_pools_observe_port,
		.compute = port_compute },
};
