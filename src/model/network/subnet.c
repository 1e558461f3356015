/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/subnet.h"

#include <string.h>

#include "model/network/network.h"
#include "model/port/port.h"
#include "model/port/port_address.h"
#include "model/port/port_segment.h"
#include "model/port/service_port.h"
#include "model/standard.h"
#include "model/network/subnet_pools.h"
#include "model/network/subnetpool_space.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const char *const modes[] = { "slaac", "dhcpv6-stateful", "dhcpv6-stateless", NULL };

static const struct attr pool_fields[] = {
	{ .name = "start", .type = TYPE_IP, .flags = ATTR_REQUIRED },
	{ .name = "end", .type = TYPE_IP, .flags = ATTR_REQUIRED },
	{ 0 },
};
static const struct attr pool_attr = { .name = "pool", .type = TYPE_OBJECT, .fields = pool_fields };
static const struct attr route_fields[] = {
	{ .name = "destination", .type = TYPE_CIDR, .flags = ATTR_REQUIRED },
	{ .name = "nexthop", .type = TYPE_IP, .flags = ATTR_REQUIRED },
	{ 0 },
};
static const struct attr route_attr = {
	.name = "route", .type = TYPE_OBJECT, .fields = route_fields
};
static const struct attr nameserver_attr = { .name = "dns_nameserver", .type = TYPE_IP };
/* What a device_owner may begin with. */
static bool check_service_type(const struct attr *attr, const char *value, GError **error)
{
	(void)attr;
	static const char *const prefixes[] = { "network:", "neutron:", "compute:", "baremetal:" };

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(value, prefixes[i]))
			return true;
	return weft_fail(error, INVALID_SERVICE_TYPE,
		"Subnet service type %.64s does not correspond to a valid device owner: it begins with network:, neutron:, compute: or baremetal:.",
		value);
}

static const struct attr service_type_attr = {
	.name = "service_type", .type = TYPE_STRING, .max = 255, .check = check_service_type
};

/* Prefix delegation is named like a pool. */
static bool convert_pool(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *text = json_string_value(value);
	char canonical[UUID_STRLEN];
	struct uuid id;

	(void)attr;
	if (text && !strcmp(text, "prefix_delegation"))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for %s: prefix delegation is not offered; name a subnet pool, or give the cidr.",
			path);
	if (text && uuid_parse(text, &id)) {
		*ret = g_strdup(uuid_format(&id, canonical));
		return true;
	}
	*ret = NULL;
	return json_is_null(value) ||
	       weft_fail(error, INVALID_INPUT, "Invalid input for %s: it is no UUID.", path);
}

static const struct attr attrs[N_SUBNET_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[SUBNET_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_REVISES,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = SUBNET_BY_NETWORK,
		.doc = "The network whose addresses it has." },
	[SUBNET_CIDR] = { .name = "cidr",
		.type = TYPE_CIDR,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "Its range; without one it is taken out of the pool." },
	[SUBNET_IP_VERSION] = { .name = "ip_version",
		.type = TYPE_INT,
		.min = 4,
		.max = 6,
		.flags = ATTR_CREATE,
		.doc = "4 or 6, as the cidr says." },
	[SUBNET_GATEWAY_IP] = { .name = "gateway_ip",
		.type = TYPE_IP,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "Where guests send what is not on it; the first address by default, null for none." },
	[SUBNET_ALLOCATION_POOLS] = { .name = "allocation_pools",
		.type = TYPE_LIST,
		.item = &pool_attr,
		.max = 64,
		.flags = GIVEN,
		.fallback = "[]",
		.doc = "What ports get their addresses from; all but the gateway by default." },
	[SUBNET_ENABLE_DHCP] = { .name = "enable_dhcp",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether guests are told their addresses by DHCP and RA." },
	[SUBNET_DNS_NAMESERVERS] = { .name = "dns_nameservers",
		.type = TYPE_LIST,
		.item = &nameserver_attr,
		.max = 20,
		.flags = GIVEN | ATTR_UNIQUE_ITEMS | ATTR_INTERN | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Told to guests." },
	[SUBNET_HOST_ROUTES] = { .name = "host_routes",
		.type = TYPE_LIST,
		.item = &route_attr,
		.max = 100,
		.flags = GIVEN | ATTR_UNIQUE_ITEMS | ATTR_INTERN | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Told to guests." },
	[SUBNET_IPV6_RA_MODE] = { .name = "ipv6_ra_mode",
		.type = TYPE_ENUM,
		.choices = modes,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "What router advertisements say." },
	[SUBNET_IPV6_ADDRESS_MODE] = { .name = "ipv6_address_mode",
		.type = TYPE_ENUM,
		.choices = modes,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.doc = "How guests come by their addresses." },
	[SUBNET_SUBNETPOOL_ID] = { .name = "subnetpool_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_INTERN,
		.refers = KIND_SUBNETPOOL,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = SUBNET_BY_SUBNETPOOL,
		.convert = convert_pool,
		.doc = "The pool that its range is of." },
	[SUBNET_SERVICE_TYPES] = { .name = "service_types",
		.type = TYPE_LIST,
		.item = &service_type_attr,
		.flags = GIVEN | ATTR_UNIQUE_ITEMS | ATTR_INTERN | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Device owners whose ports get addresses of it; all when empty." },
	[SUBNET_DNS_PUBLISH_FIXED_IP] = { .name = "dns_publish_fixed_ip",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "false" },
	[SUBNET_SEGMENT_ID] = { .name = "segment_id",
		.type = TYPE_UUID,
		.flags = GIVEN | ATTR_NULLABLE | ATTR_ADMIN_SET | ATTR_ADMIN_READ | ATTR_INTERN,
		.refers = KIND_SEGMENT,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = SUBNET_BY_SEGMENT,
		.doc = "The segment that it is on, if the network is routed between its segments." },
	[SUBNET_PREFIXLEN] = { .name = "prefixlen",
		.type = TYPE_INT,
		.max = 128,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_REQUEST,
		.doc = "Bits of the range that is taken out of the pool; its default_prefixlen by default." },
	[SUBNET_USE_DEFAULT_POOL] = { .name = "use_default_subnetpool",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE | ATTR_REQUEST,
		.fallback = "false",
		.doc = "Take the pool that is the default of the IP version." },
};

static const struct index indexes[N_SUBNET_INDEXES] = {
	[SUBNET_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[SUBNET_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[SUBNET_BY_NETWORK] = { .name = "network", .slots = { SUBNET_NETWORK_ID } },
	[SUBNET_BY_SUBNETPOOL] = { .name = "subnet pool", .slots = { SUBNET_SUBNETPOOL_ID } },
	[SUBNET_BY_SUBNETPOOL_PROJECT] = { .name = "subnet pool and project",
		.slots = { SUBNET_SUBNETPOOL_ID, SLOT_PROJECT_ID } },
	[SUBNET_BY_SEGMENT] = { .name = "segment", .slots = { SUBNET_SEGMENT_ID } },
};

bool subnet_is_slaac(const struct object *subnet)
{
	int mode = object_choice(subnet, SUBNET_IPV6_ADDRESS_MODE);

	return mode == IPV6_SLAAC || mode == IPV6_DHCPV6_STATELESS;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return txn_need(txn, KIND_NETWORK, object_str(draft, SUBNET_NETWORK_ID), error) &&
	       subnet_find_range(txn, draft, error) && subnet_check_create(txn, draft, error) &&
	       subnet_check_segment(txn, NULL, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return subnet_check_update(txn, old, draft, error) &&
	       subnet_check_segment(txn, old, draft, error);
}

/* The first of @ports whose address is in use: neither of DHCP's own, nor made by a guest. */
static const struct object *first_in_use(const struct object *subnet, const GPtrArray *ports)
{
	for (guint i = 0; i < ports->len && !subnet_is_slaac(subnet); i++)
		if (!port_has_owner(ports->pdata[i], OWNER_DHCP))
			return ports->pdata[i];
	return NULL;
}

/* Addresses that guests make themselves go with the subnet; any other is in use. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	g_autoptr(GPtrArray) ports = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *port;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_SUBNET, uuid_format(object_id(old), id), NULL);
	while ((port = txn_iter_next(&iter)))
		g_ptr_array_add(ports, object_ref(port));
	if (router_interface_on(txn, old))
		return weft_fail(error, SUBNET_IN_USE,
			"Unable to delete subnet %s: router %s has an interface on it; remove that first.",
			id, object_str(router_interface_on(txn, old), PORT_DEVICE_ID));
	port = first_in_use(old, ports);
	if (port)
		return weft_fail(error, SUBNET_IN_USE,
			"Unable to delete subnet %s: %u port(s) still have an address of it, the first is %s; delete them first.",
			id, ports->len, uuid_format(object_id(port), (char[UUID_STRLEN]){ 0 }));
	if (!subnet_leave_segment(txn, old, ports, error))
		return false;
	for (guint i = 0; i < ports->len; i++)
		if (!port_drop_subnet(txn, ports->pdata[i], id, error))
			return false;
	return true;
}

/* Ports that are there already get an address of a new subnet on which guests make their own. */
static bool on_created(struct txn *txn, const struct object *subnet, GError **error)
{
	g_autoptr(GPtrArray) ports = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *port;
	struct txn_iter iter;

	if (!subnet_tell_peers(txn, subnet, error))
		return false;
	if (!subnet_is_slaac(subnet))
		return true;
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_NETWORK, object_str(subnet, SUBNET_NETWORK_ID),
		NULL);
	while ((port = txn_iter_next(&iter)))
		if (port_makes_addresses(port) && port_is_on_segment(txn, port, subnet))
			g_ptr_array_add(ports, object_ref(port));
	for (guint i = 0; i < ports->len; i++)
		if (!port_add_slaac(txn, ports->pdata[i], subnet, error))
			return false;
	return true;
}

static void observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase)
{
	subnet_pools_observe(model, old, new, phase);
	subnetpool_space_observe_subnet(model, old, new, phase);
}

#define OWNERS "rule:admin_or_network_owner or rule:project_member"

static const struct kind_rule rules[] = {
	{ "create_subnet", "rule:admin_or_network_owner", "Create a subnet." },
	{ "update_subnet", OWNERS, "Change a subnet." },
	{ "delete_subnet", OWNERS, "Delete a subnet." },
	{ 0 },
};

const struct kind subnet_kind = {
	.id = KIND_SUBNET,
	.singular = "subnet",
	.collection = "subnets",
	.path = "/v2.0/subnets",
	.doc = "A range of addresses on a network.",
	.attrs = attrs,
	.n_slots = N_SUBNET_SLOTS,
	.indexes = indexes,
	.n_indexes = N_SUBNET_INDEXES,
	.seen_with = SUBNET_NETWORK_ID,
	.rules = rules,
	.quota = { "subnet", 100 },
	.not_found = WEFT_ERROR_SUBNET_NOT_FOUND,
	.in_use = WEFT_ERROR_SUBNET_IN_USE,
	.hooks = { .on_create = on_create,
		.on_created = on_created,
		.on_update = on_update,
		.on_delete = on_delete,
		.observe = observe,
		.state_new = subnet_pools_new,
		.state_free = subnet_pools_free },
};
