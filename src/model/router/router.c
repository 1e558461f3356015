/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/router.h"

#include <string.h>

#include "model/host/agent.h"
#include "model/host/availability_zone.h"
#include "model/router/conntrack_helper.h"
#include "model/firewall/firewall_provider.h"
#include "model/provider/flavor.h"
#include "model/router/gateway_hosts.h"
#include "model/router/ndp_proxy.h"
#include "model/network/network.h"
#include "model/network/network_hosts.h"
#include "model/provider/offering.h"
#include "model/router/router_parts.h"
#include "model/router/snat_ranges.h"
#include "model/provider/service_map.h"
#include "model/standard.h"
#include "model/vpn/vpnservice.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define ADMIN (ATTR_ADMIN_SET | ATTR_ADMIN_READ)

static const char *const statuses[] = { "ACTIVE", "DOWN", "ERROR", NULL };

static const struct attr address_fields[] = {
	{ .name = "subnet_id", .type = TYPE_UUID },
	{ .name = "ip_address", .type = TYPE_IP },
	{ 0 },
};
static const struct attr address_attr = {
	.name = "external_fixed_ip", .type = TYPE_OBJECT, .fields = address_fields
};
static const struct attr prefix_fields[] = {
	{ .name = "internal_prefix", .type = TYPE_CIDR, .flags = ATTR_REQUIRED },
	{ .name = "external_prefix", .type = TYPE_CIDR, .flags = ATTR_REQUIRED },
	{ 0 },
};
static const struct attr prefix_attr = {
	.name = "nptv6_prefix", .type = TYPE_OBJECT, .fields = prefix_fields
};
static const struct attr gateway_fields[] = {
	{ .name = "network_id", .type = TYPE_UUID },
	{ .name = "enable_snat", .type = TYPE_BOOL },
	{ .name = "external_fixed_ips", .type = TYPE_LIST, .item = &address_attr, .max = 48 },
	{ .name = "qos_policy_id", .type = TYPE_UUID, .flags = ATTR_NULLABLE },
	{ .name = "nptv6_prefixes",
		.type = TYPE_LIST,
		.item = &prefix_attr,
		.max = 16,
		.flags = ATTR_NULLABLE },
	{ 0 },
};
static const struct attr route_fields[] = {
	{ .name = "destination", .type = TYPE_CIDR, .flags = ATTR_REQUIRED },
	{ .name = "nexthop", .type = TYPE_IP, .flags = ATTR_REQUIRED },
	{ 0 },
};
static const struct attr route_attr = {
	.name = "route", .type = TYPE_OBJECT, .fields = route_fields
};
static const struct attr zone_attr = {
	.name = "availability_zone_hint", .type = TYPE_STRING, .max = 255
};

static const struct attr gateway_host_attr = { .name = "gw_host", .type = TYPE_UUID };
static const struct attr range_fields[] = {
	{ .name = "host_id", .type = TYPE_UUID },
	{ .name = "port_range_min", .type = TYPE_INT },
	{ .name = "port_range_max", .type = TYPE_INT },
	{ 0 },
};
static const struct attr range_attr = {
	.name = "snat_range", .type = TYPE_OBJECT, .fields = range_fields
};

static const struct attr attrs[N_ROUTER_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[ROUTER_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Whether it forwards packets." },
	[ROUTER_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.fallback = "\"ACTIVE\"",
		.doc = "ACTIVE: every host that needs it routes for it; `status` of its ports says how far they are." },
	[ROUTER_GATEWAY_INFO] = { .name = "external_gateway_info",
		.type = TYPE_OBJECT,
		.fields = gateway_fields,
		.flags = GIVEN | ATTR_NULLABLE | ATTR_COMPUTED,
		.doc = "The external network that it leads to, its addresses there, whether it hides its subnets behind them, the QoS policy of what passes there, and the IPv6 prefixes that are others outside (nptv6_prefixes); null or {}: none." },
	[ROUTER_GATEWAY_PORT_ID] = { .name = "gw_port_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET,
		.doc = "The port on the external network." },
	[ROUTER_GATEWAY_NETWORK_ID] = { .name = "gw_network_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET,
		.refers = KIND_NETWORK,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = ROUTER_BY_GATEWAY_NETWORK,
		.doc = "The external network." },
	[ROUTER_GATEWAY_SEGMENT_ID] = { .name = "gw_segment_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET | ATTR_NULLABLE,
		.refers = KIND_SEGMENT,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = ROUTER_BY_GATEWAY_SEGMENT,
		.doc = "The segment of the external network that it is on; null: the gateway leads nowhere." },
	[ROUTER_ENABLE_SNAT] = { .name = "enable_snat",
		.type = TYPE_BOOL,
		.flags = ATTR_SECRET,
		.fallback = "true",
		.doc = "Of external_gateway_info." },
	[ROUTER_QOS_POLICY_ID] = { .name = "gw_qos_policy_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET | ATTR_NULLABLE,
		.refers = KIND_QOS_POLICY,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = ROUTER_BY_QOS_POLICY,
		.doc = "Of external_gateway_info." },
	[ROUTER_HA] = { .name = "ha",
		.type = TYPE_BOOL,
		.flags = GIVEN | ADMIN | ATTR_NULL_IS_DEFAULT | ATTR_NO_DEFAULT,
		.fallback = "false",
		.doc = "Whether another host takes over when the one that serves its gateway fails; not given: as its offering says." },
	[ROUTER_DISTRIBUTED] = { .name = "distributed",
		.type = TYPE_BOOL,
		.flags = GIVEN | ADMIN | ATTR_NULL_IS_DEFAULT | ATTR_NO_DEFAULT,
		.fallback = "false",
		.doc = "Whether every host routes for its own ports." },
	[ROUTER_ROUTES] = { .name = "routes",
		.type = TYPE_LIST,
		.item = &route_attr,
		.flags = ATTR_UPDATE | ATTR_UNIQUE_ITEMS,
		.fallback = "[]",
		.doc = "Routes beside those to its own subnets; several next hops of one destination share the traffic." },
	[ROUTER_AZ_HINTS] = { .name = "availability_zone_hints",
		.type = TYPE_LIST,
		.item = &zone_attr,
		.flags = ATTR_CREATE | ATTR_INTERN,
		.fallback = "[]",
		.doc = "Zones in which its gateway should be." },
	[ROUTER_AZS] = { .name = "availability_zones",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Those of the hosts that have ports on its networks: each routes for its own." },
	[ROUTER_NDP_PROXY] = { .name = "enable_ndp_proxy",
		.type = TYPE_BOOL,
		.flags = GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "false",
		.doc = "Whether it may have NDP proxies; its external network and gateway have IPv6." },
	[ROUTER_FLAVOR_ID] = { .name = "flavor_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.refers = KIND_FLAVOR,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = ROUTER_BY_FLAVOR,
		.doc = "What it is offered as; the flavor's first service profile says how it is provided." },
	[ROUTER_CONNTRACK_HELPERS] = { .name = "conntrack_helpers",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "Its helpers for protocols that name addresses in their payload." },
	[ROUTER_GATEWAY_HOSTS] = { .name = "gw_hosts",
		.type = TYPE_LIST,
		.item = &gateway_host_attr,
		.flags = ATTR_SECRET | ATTR_INTERN,
		.fallback = "[]",
		.doc = "Ids of the hosts that may have its gateway, best first." },
	[ROUTER_SNAT_RANGES] = { .name = "snat_ranges",
		.type = TYPE_LIST,
		.item = &range_attr,
		.flags = ATTR_SECRET,
		.fallback = "[]",
		.doc = "Which ports of its gateway's address hosts give to connections." },
	[ROUTER_NPTV6_PREFIXES] = { .name = "nptv6_prefixes",
		.type = TYPE_LIST,
		.item = &prefix_attr,
		.flags = ATTR_SECRET,
		.fallback = "[]",
		.doc = "Of external_gateway_info." },
	[ROUTER_SERVICE_PROVIDERS] = { .name = "service_providers",
		.type = TYPE_OBJECT,
		.fields = router_service_fields,
		.flags = GIVEN | ATTR_ADMIN_SET | ATTR_COMPUTED,
		.doc = "Which provider gives which service of it; null: the default one." },
	[ROUTER_SERVICE_MAP] = { .name = "service_map",
		.type = TYPE_OBJECT,
		.flags = ATTR_SECRET | ATTR_INTERN,
		.fallback = "{}",
		.doc = "Of service_providers, what is not weft's own." },
};

static const struct index indexes[N_ROUTER_INDEXES] = {
	[ROUTER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[ROUTER_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[ROUTER_BY_GATEWAY_NETWORK] = { .name = "gateway network",
		.slots = { ROUTER_GATEWAY_NETWORK_ID } },
	[ROUTER_BY_GATEWAY_SEGMENT] = { .name = "gateway segment",
		.slots = { ROUTER_GATEWAY_SEGMENT_ID } },
	[ROUTER_BY_QOS_POLICY] = { .name = "QoS policy", .slots = { ROUTER_QOS_POLICY_ID } },
	[ROUTER_BY_FLAVOR] = { .name = "flavor", .slots = { ROUTER_FLAVOR_ID } },
	[ROUTER_BY_GATEWAY_HOST] = { .name = "gateway host",
		.keys = gateway_hosts_keys,
		.depends_on = ROUTER_GATEWAY_HOSTS },
	[ROUTER_BY_SNAT_HOST] = { .name = "SNAT host",
		.keys = snat_ranges_keys,
		.depends_on = ROUTER_SNAT_RANGES },
};

static const struct kind_action actions[] = {
	{ .name = "add_router_interface",
		.run = router_interface_add,
		.doc = "Connects a subnet, by `subnet_id` or by a port on it, `port_id`." },
	{ .name = "remove_router_interface",
		.run = router_interface_remove,
		.doc = "Takes a subnet off, by `subnet_id`, `port_id` or both." },
	{ .name = "add_extraroutes",
		.run = router_routes_add,
		.doc = "Adds to `routes` what is not there yet." },
	{ .name = "remove_extraroutes",
		.run = router_routes_remove,
		.doc = "Takes out of `routes` what is there." },
	{ .name = "l3-agents",
		.read = true,
		.run = router_agents,
		.item = "l3-agent",
		.doc = "Agents that route for it: those of the hosts that have ports on its networks or may have its gateway." },
	{ 0 },
};

const char *router_interface_owner(const struct object *router)
{
	if (object_bool(router, ROUTER_DISTRIBUTED))
		return OWNER_ROUTER_INTERFACE_DISTRIBUTED;
	return object_bool(router, ROUTER_HA) ? OWNER_ROUTER_INTERFACE_HA : OWNER_ROUTER_INTERFACE;
}

GPtrArray *router_ports(const struct txn *txn, const struct object *router)
{
	GPtrArray *ports = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *port;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(
		&iter, txn, KIND_PORT, PORT_BY_DEVICE, uuid_format(object_id(router), id), NULL);
	while ((port = txn_iter_next(&iter)))
		if (port_is_router_interface(port) || port_has_owner(port, OWNER_ROUTER_GATEWAY))
			g_ptr_array_add(ports, object_ref(port));
	return ports;
}

/* How a router is made is changed while it does nothing, and known from its interfaces' owner. */
static bool change_mode(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	unsigned changed = !object_equal(old, draft, ROUTER_DISTRIBUTED) ? ROUTER_DISTRIBUTED
			   : !object_equal(old, draft, ROUTER_HA)	 ? ROUTER_HA
									 : 0;
	g_autoptr(GPtrArray) ports = NULL;

	if (!changed)
		return true;
	if (object_bool(old, ROUTER_ADMIN_STATE_UP))
		return weft_fail(error, BAD_REQUEST,
			"Cannot change the '%s' attribute of an active router: set its admin_state_up to false first, in a request of its own.",
			attrs[changed].name);
	ports = router_ports(txn, old);
	for (guint i = 0; i < ports->len; i++)
		if (port_is_router_interface(ports->pdata[i]) &&
			!txn_update_own(txn, ports->pdata[i],
				json_pack("{s:s}", "device_owner", router_interface_owner(draft)),
				error))
			return false;
	return true;
}

/* Who does not say whether it is redundant leaves that to what it is offered as. */
static void settle_ha(const struct txn *txn, struct object *draft)
{
	char buf[PROVIDER_NAME_MAX + 1];
	const char *provider = service_other_provider(draft, SERVICE_ROUTER, buf);
	const struct object *offering =
		provider ? offering_of(txn_model(txn), provider, draft) : NULL;

	if (offering && !(object_given(draft) & SLOT_BIT(ROUTER_HA)))
		object_set_bool(draft, ROUTER_HA, offering_is_redundant(offering));
}

static bool settle_provider(struct txn *txn, struct object *draft, GError **error)
{
	if (!service_map_settle(txn, NULL, draft, error))
		return false;
	settle_ha(txn, draft);
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return flavor_check(txn, object_str(draft, ROUTER_FLAVOR_ID), "L3_ROUTER_NAT", error) &&
	       settle_provider(txn, draft, error) &&
	       availability_zones_check(txn, draft, ROUTER_AZ_HINTS, error) &&
	       router_gateway_update(txn, NULL, draft, error) &&
	       router_prefixes_check(txn, draft, error) &&
	       ndp_proxy_check_router(txn, NULL, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	u64 routed = SLOT_BIT(ROUTER_GATEWAY_INFO) | SLOT_BIT(ROUTER_ROUTES);

	if (!change_mode(txn, old, draft, error) || !service_map_settle(txn, old, draft, error) ||
		!vpn_may_change_map(txn, draft, error) ||
		!firewall_may_change_map(txn, draft, error) ||
		!router_gateway_update(txn, old, draft, error) ||
		!router_prefixes_check(txn, draft, error) ||
		(!(object_equal(old, draft, ROUTER_DISTRIBUTED) &&
			 object_equal(old, draft, ROUTER_SERVICE_MAP)) &&
			!gateway_hosts_choose(txn, draft, error)) ||
		!ndp_proxy_check_router(txn, old, draft, error))
		return false;
	return !(object_given(draft) & routed) || router_routes_check(txn, draft, error);
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	g_autoptr(GPtrArray) ports = router_ports(txn, old);
	char router[UUID_STRLEN], port[UUID_STRLEN];

	for (guint i = 0; i < ports->len; i++)
		if (port_is_router_interface(ports->pdata[i]))
			return weft_fail(error, ROUTER_IN_USE,
				"Router %s still has interfaces, one is port %s; remove them first.",
				uuid_format(object_id(old), router),
				uuid_format(object_id(ports->pdata[i]), port));
	return router_gateway_remove(txn, old, error);
}

static void compute(const struct model *model, const struct object *router, unsigned slot,
	struct json_writer *w)
{
	if (slot == ROUTER_GATEWAY_INFO)
		return router_gateway_write(model, router, w);
	if (slot == ROUTER_SERVICE_PROVIDERS)
		return service_map_write(model, router, w);
	if (slot == ROUTER_CONNTRACK_HELPERS)
		return conntrack_helper_write_all(model, router, w);
	availability_zones_write(router_hosts(model, router), w);
}

static const struct kind_rule rules[] = {
	{ "create_router:external_gateway_info:enable_snat", "rule:admin_only",
		"Choose whether a router hides its subnets." },
	{ "update_router:external_gateway_info:enable_snat", "rule:admin_only",
		"Change whether a router hides its subnets." },
	{ "create_router:external_gateway_info:external_fixed_ips", "rule:admin_only",
		"Choose the addresses of a router's gateway." },
	{ "update_router:external_gateway_info:external_fixed_ips", "rule:admin_only",
		"Choose other addresses of a router's gateway." },
	{ "create_router:external_gateway_info:nptv6_prefixes", "rule:admin_only",
		"Choose the prefixes that a router's IPv6 subnets have outside." },
	{ "update_router:external_gateway_info:nptv6_prefixes", "rule:admin_only",
		"Choose other prefixes that a router's IPv6 subnets have outside." },
	{ 0 },
};

const struct kind router_kind = {
	.id = KIND_ROUTER,
	.singular = "router",
	.collection = "routers",
	.path = "/v2.0/routers",
	.doc = "Connects subnets with each other and with an external network.",
	.actions = actions,
	.attrs = attrs,
	.n_slots = N_ROUTER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ROUTER_INDEXES,
	.rules = rules,
	.quota = { "router", 10 },
	.not_found = WEFT_ERROR_ROUTER_NOT_FOUND,
	.in_use = WEFT_ERROR_ROUTER_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.on_delete = on_delete,
		.compute = compute,
		.state_new = snat_state_new,
		.state_free = g_free },
};
