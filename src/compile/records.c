/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/records.h"
#include "compile/vip_holder.h"

#include <string.h>

#include "model/balancer/lb_vips.h"
#include "model/balancer/load_balancer.h"
#include "model/port/dhcp_binding.h"
#include "model/router/conntrack_helper.h"
#include "model/router/floating_ip.h"
#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/router/port_forwarding.h"
#include "model/network/provider.h"
#include "model/router/router.h"
#include "model/network/segment.h"
#include "model/provider/service_map.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool.h"

static void member_uuid(struct json_writer *w, const char *key, const struct uuid *uuid)
{
	char text[UUID_STRLEN];

	jw_member_string(w, key, uuid_format(uuid, text));
}

static void member_str(
	struct json_writer *w, const char *key, const struct object *object, unsigned slot)
{
	jw_member_string(w, key, object_str(object, slot));
}

/* A LIST or OBJECT, spliced in as it is. */
static void member_json(
	struct json_writer *w, const char *key, const struct object *object, unsigned slot)
{
	jw_member_raw(w, key, object_str(object, slot));
}

static void member_bool(
	struct json_writer *w, const char *key, const struct object *object, unsigned slot)
{
	jw_member_bool(w, key, object_bool(object, slot));
}

static void member_mac(struct json_writer *w, const struct object *port)
{
	struct mac mac = object_mac(port, PORT_MAC_ADDRESS);
	char text[MAC_STRLEN];

	jw_member_string(w, "mac_address", mac_format(&mac, text));
}

static void tunnels(struct json_writer *w, const struct object *host)
{
	member_json(w, "tunnel_ips", host, HOST_TUNNEL_IPS);
	member_json(w, "encapsulations", host, HOST_ENCAPSULATIONS);
}

void record_host(const struct object *host, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	member_str(&w, "name", host, SLOT_NAME);
	tunnels(&w, host);
	jw_end_object(&w);
}

void record_port(const struct object *port, const struct qos *qos, struct trunk_place place,
	bool active, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	member_str(&w, "name", port, SLOT_NAME);
	member_str(&w, "project_id", port, SLOT_PROJECT_ID);
	member_str(&w, "network_id", port, PORT_NETWORK_ID);
	member_mac(&w, port);
	member_json(&w, "fixed_ips", port, PORT_FIXED_IPS);
	member_json(&w, "allowed_address_pairs", port, PORT_ALLOWED_ADDRESS_PAIRS);
	/* who routes sends what has others' addresses */
	jw_member_bool(&w, "port_security_enabled",
		object_bool(port, PORT_PORT_SECURITY) && !port_is_router_interface(port));
	if (port_is_filtered(port))
		member_json(&w, "security_groups", port, PORT_SECURITY_GROUPS);
	if (strcmp(object_str(port, SLOT_TAGS), "[]"))
		member_json(&w, "tags", port, SLOT_TAGS);
	member_bool(&w, "admin_state_up", port, PORT_ADMIN_STATE_UP);
	member_str(&w, "device_id", port, PORT_DEVICE_ID);
	member_str(&w, "device_owner", port, PORT_DEVICE_OWNER);
	member_str(&w, "dns_name", port, PORT_DNS_NAME);
	member_json(&w, "extra_dhcp_opts", port, PORT_EXTRA_DHCP_OPTS);
	if (!object_is_null(port, PORT_METADATA))
		member_json(&w, "metadata", port, PORT_METADATA);
	if (!active)
		jw_member_bool(&w, "active", false);
	if (place.parent) {
		jw_member_string(&w, "parent_id", place.parent);
		jw_member_int(&w, "segmentation_id", place.vlan);
	}
	qos_write(qos, &w);
	jw_end_object(&w);
}

/* What carries a network that has one segment, a physical one. */
static void network_wire(struct json_writer *w, const struct object *network)
{
	member_str(w, "network_type", network, NETWORK_PROVIDER_TYPE);
	member_str(w, "physical_network", network, NETWORK_PROVIDER_PHYSICAL);
	if (!object_is_null(network, NETWORK_PROVIDER_SEGMENT))
		jw_member_int(w, "segmentation_id", object_int(network, NETWORK_PROVIDER_SEGMENT));
}

/* The same of a segment. */
static void segment_wire(struct json_writer *w, const struct object *segment)
{
	member_str(w, "network_type", segment, SEGMENT_TYPE);
	member_str(w, "physical_network", segment, SEGMENT_PHYSICAL);
	if (!object_is_null(segment, SEGMENT_NUMBER))
		jw_member_int(w, "segmentation_id", object_int(segment, SEGMENT_NUMBER));
}

static bool is_on_wire(const struct object *network)
{
	return network_has_datapath(network) && !provider_vni(network);
}

void record_network(const struct object *network, GString *text)
{
	struct json_writer w = json_writer_on(text);

	if (!network_has_datapath(network))
		return;
	jw_begin_object(&w);
	member_str(&w, "name", network, SLOT_NAME);
	if (is_on_wire(network))
		network_wire(&w, network);
	else
		jw_member_int(&w, "vni", provider_vni(network));
	jw_member_int(&w, "mtu", object_int(network, NETWORK_MTU));
	member_bool(&w, "admin_state_up", network, NETWORK_ADMIN_STATE_UP);
	if (object_bool(network, NETWORK_ROUTED))
		jw_member_bool(&w, "l2_adjacency", false);
	member_str(&w, "dns_domain", network, NETWORK_DNS_DOMAIN);
	if (!service_is_edges(network, SERVICE_DNS))
		jw_member_bool(&w, "dns", false);
	if (!service_is_edges(network, SERVICE_METADATA))
		jw_member_bool(&w, "metadata", false);
	jw_end_object(&w);
}

/* What the network's DHCP provider says of the subnet, or what the subnet says. */
static void said(struct json_writer *w, const struct subnet_service *service, const char *key,
	const char *otherwise)
{
	json_t *value = json_object_get(service->says, key);
	g_autofree char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	jw_member_raw(w, key, text ?: otherwise);
}

/* With DNS elsewhere, nobody is given the edge's address for it. */
static const char *name_servers(const struct object *subnet, const struct subnet_service *service)
{
	const char *own = object_str(subnet, SUBNET_DNS_NAMESERVERS);

	if (service->dns || strcmp(own, "[]") != 0)
		return own;
	return object_int(subnet, SUBNET_IP_VERSION) == 4 ? "[\"0.0.0.0\"]" : "[\"::\"]";
}

void record_subnet(const struct object *subnet, const struct subnet_service *service, GString *text)
{
	struct json_writer w = json_writer_on(text);
	const char *gateway = object_str(subnet, SUBNET_GATEWAY_IP);
	g_autofree char *quoted = gateway ? g_strdup_printf("\"%s\"", gateway) : g_strdup("null");
	bool served = service->dhcp && object_bool(subnet, SUBNET_ENABLE_DHCP);

	jw_begin_object(&w);
	member_str(&w, "network_id", subnet, SUBNET_NETWORK_ID);
	member_str(&w, "cidr", subnet, SUBNET_CIDR);
	jw_member_int(&w, "ip_version", object_int(subnet, SUBNET_IP_VERSION));
	said(&w, service, "gateway_ip", quoted);
	said(&w, service, "enable_dhcp", served ? "true" : "false");
	said(&w, service, "dns_nameservers", name_servers(subnet, service));
	said(&w, service, "host_routes", object_str(subnet, SUBNET_HOST_ROUTES));
	member_str(&w, "ipv6_ra_mode", subnet, SUBNET_IPV6_RA_MODE);
	member_str(&w, "ipv6_address_mode", subnet, SUBNET_IPV6_ADDRESS_MODE);
	if (service->scope)
		jw_member_string(&w, "address_scope_id", service->scope);
	jw_end_object(&w);
}

const char *subnet_scope(
	const struct model *model, const struct compilation *before, const struct object *subnet)
{
	const struct object *pool;
	struct uuid id;

	if (!object_uuid(subnet, SUBNET_SUBNETPOOL_ID, &id))
		return NULL;
	pool = before ? compile_old(before, KIND_SUBNETPOOL, &id)
		      : model_get(model, KIND_SUBNETPOOL, &id);
	return pool ? object_str(pool, SUBNETPOOL_ADDRESS_SCOPE_ID) : NULL;
}

void record_member(
	const struct uuid *network, const struct object *host, unsigned traits, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	member_uuid(&w, "network_id", network);
	member_uuid(&w, "host_id", object_id(host));
	if (traits & MEMBER_ROUTED)
		jw_member_bool(&w, "routed", true);
	if (traits & MEMBER_WITHOUT_DHCP)
		jw_member_bool(&w, "dhcp", false);
	if (traits & MEMBER_UNCONNECTED)
		jw_member_bool(&w, "connected", false);
	tunnels(&w, host);
	jw_end_object(&w);
}

unsigned member_unconnected(const struct object *network, const struct object *host)
{
	const char *physical = network && is_on_wire(network) ? network_physical(network) : NULL;

	return physical && host && !host_has_physical(host, physical) ? MEMBER_UNCONNECTED : 0;
}

bool member_dhcp(const struct model *model, const struct uuid *host, const struct uuid *network)
{
	char host_id[UUID_STRLEN], network_id[UUID_STRLEN];
	const struct object *binding = dhcp_binding_of(
		model, uuid_format(host, host_id), uuid_format(network, network_id));

	return !binding || object_bool(binding, DHCP_BINDING_SERVED);
}

void record_interface(const struct object *port, const struct object *router, GString *text)
{
	/* One that somebody else routes for joins its networks all the same: an address means one
	 * thing in both. The edge leaves it alone as one that is switched off. */
	bool edges = service_is_edges(router, SERVICE_ROUTER);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	member_str(&w, "network_id", port, PORT_NETWORK_ID);
	member_uuid(&w, "router_id", object_id(router));
	member_mac(&w, port);
	member_json(&w, "fixed_ips", port, PORT_FIXED_IPS);
	jw_member_bool(&w, "admin_state_up",
		edges && object_bool(port, PORT_ADMIN_STATE_UP) &&
			object_bool(router, ROUTER_ADMIN_STATE_UP));
	member_json(&w, "routes", router, ROUTER_ROUTES);
	jw_end_object(&w);
}

static void gateway_subnets(struct json_writer *w, const struct gateway_parts *parts)
{
	const GPtrArray *subnets = parts->subnets;

	jw_key(w, "subnets");
	jw_begin_array(w);
	for (guint i = 0; i < subnets->len; i++) {
		const struct object *subnet = subnets->pdata[i];
		const char *scope = subnet_scope(parts->model, parts->before, subnet);

		jw_begin_object(w);
		member_str(w, "cidr", subnet, SUBNET_CIDR);
		member_str(w, "gateway_ip", subnet, SUBNET_GATEWAY_IP);
		jw_member_int(w, "ip_version", object_int(subnet, SUBNET_IP_VERSION));
		if (scope)
			jw_member_string(w, "address_scope_id", scope);
		jw_end_object(w);
	}
	jw_end_array(w);
}

void record_gateway(const struct gateway_parts *parts, GString *text)
{
	const struct object *router = parts->router, *port = parts->port, *network = parts->network;
	struct json_writer w = json_writer_on(text);

	if (!parts->segment || !service_is_edges(router, SERVICE_ROUTER))
		return;
	jw_begin_object(&w);
	member_uuid(&w, "router_id", object_id(router));
	member_str(&w, "project_id", router, SLOT_PROJECT_ID);
	member_uuid(&w, "network_id", object_id(network));
	segment_wire(&w, parts->segment);
	jw_member_int(&w, "mtu", object_int(network, NETWORK_MTU));
	member_mac(&w, port);
	member_json(&w, "fixed_ips", port, PORT_FIXED_IPS);
	gateway_subnets(&w, parts);
	jw_member_bool(&w, "enable_snat",
		object_bool(router, ROUTER_ENABLE_SNAT) && service_is_edges(router, SERVICE_SNAT));
	jw_member_bool(&w, "admin_state_up",
		object_bool(port, PORT_ADMIN_STATE_UP) &&
			object_bool(router, ROUTER_ADMIN_STATE_UP) &&
			object_bool(network, NETWORK_ADMIN_STATE_UP));
	member_json(&w, "hosts", router, ROUTER_GATEWAY_HOSTS);
	/* One limit is kept by one host, and so by the one that has the gateway. */
	if (qos_limits(&parts->qos))
		jw_member_raw(&w, "snat_ranges", "[]");
	else
		member_json(&w, "snat_ranges", router, ROUTER_SNAT_RANGES);
	if (strcmp(object_str(router, ROUTER_NPTV6_PREFIXES), "[]") != 0)
		member_json(&w, "nptv6_prefixes", router, ROUTER_NPTV6_PREFIXES);
	qos_write_limits(&parts->qos, &w);
	jw_end_object(&w);
}

void record_floating_ip(const struct object *floating_ip, const struct object *port,
	const struct object *segment, const struct object *host, const struct qos *qos,
	GString *text)
{
	struct json_writer w = json_writer_on(text);

	if (!segment)
		return;
	jw_begin_object(&w);
	member_str(&w, "floating_ip_address", floating_ip, FLOATING_IP_ADDRESS);
	member_str(&w, "fixed_ip_address", floating_ip, FLOATING_IP_FIXED_IP);
	member_mac(&w, port);
	member_str(&w, "router_id", floating_ip, FLOATING_IP_ROUTER_ID);
	member_str(&w, "port_id", floating_ip, FLOATING_IP_PORT_ID);
	member_str(&w, "network_id", floating_ip, FLOATING_IP_NETWORK_ID);
	segment_wire(&w, segment);
	if (floating_ip_is_by_gateway(segment, host))
		jw_member_bool(&w, "by_gateway", true);
	qos_write_limits(qos, &w);
	jw_end_object(&w);
}

static void member_range(struct json_writer *w, const char *first, const char *last,
	const struct object *forwarding, unsigned slot)
{
	struct port_range range;

	if (!port_range_parse(object_str(forwarding, slot), &range))
		return;
	jw_member_int(w, first, range.first);
	jw_member_int(w, last, range.last);
}

void record_port_forwarding(const struct object *forwarding, const struct object *floating_ip,
	const struct qos *qos, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	member_str(&w, "router_id", floating_ip, FLOATING_IP_ROUTER_ID);
	member_uuid(&w, "floating_ip_id", object_id(floating_ip));
	member_str(&w, "floating_ip_address", floating_ip, FLOATING_IP_ADDRESS);
	member_str(&w, "protocol", forwarding, PORT_FORWARDING_PROTOCOL);
	member_range(&w, "external_port_first", "external_port_last", forwarding,
		PORT_FORWARDING_EXTERNAL_RANGE);
	member_str(&w, "internal_ip_address", forwarding, PORT_FORWARDING_INTERNAL_IP);
	member_range(&w, "internal_port_first", "internal_port_last", forwarding,
		PORT_FORWARDING_INTERNAL_RANGE);
	qos_write_limits(qos, &w);
	jw_end_object(&w);
}

void record_conntrack_helper(const struct object *helper, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	member_str(&w, "router_id", helper, CONNTRACK_HELPER_ROUTER_ID);
	member_str(&w, "helper", helper, CONNTRACK_HELPER_HELPER);
	member_str(&w, "protocol", helper, CONNTRACK_HELPER_PROTOCOL);
	jw_member_int(&w, "port", object_int(helper, CONNTRACK_HELPER_PORT));
	jw_end_object(&w);
}

/* What a virtual router has beside its own addresses: the VIPs that it balances. */
static void write_vips(struct json_writer *w, const struct model *model, const struct object *port)
{
	const char *network = object_str(port, PORT_NETWORK_ID);
	const struct object *balancer;
	struct model_iter iter;
	char ip[IP_STRLEN];

	if (!vip_holder_is(model, port))
		return;
	model_iter_init(&iter, model, KIND_LOAD_BALANCER, LOAD_BALANCER_BY_NETWORK, network, NULL);
	while ((balancer = model_iter_next(&iter))) {
		struct lb_vips vips = { .balancer = balancer };

		while (!lb_is_at_edge(balancer) && lb_vips_next(&vips))
			if (vip_holder_has(model, port, &vips.ip))
				jw_string(w, ip_format(&vips.ip, ip));
	}
}

void record_endpoint(const struct model *model, const struct object *port,
	const struct object *host, const GPtrArray *standby, GString *text)
{
	struct json_writer w = json_writer_on(text);
	struct port_ips ips = port_ips_of(port);

	jw_begin_object(&w);
	member_str(&w, "network_id", port, PORT_NETWORK_ID);
	member_uuid(&w, "host_id", object_id(host));
	member_mac(&w, port);
	jw_key(&w, "ips");
	jw_begin_array(&w);
	while (port_ips_next(&ips))
		jw_string(&w, ips.ip_text);
	write_vips(&w, model, port);
	jw_end_array(&w);
	member_json(&w, "allowed_address_pairs", port, PORT_ALLOWED_ADDRESS_PAIRS);
	if (strcmp(object_str(port, PORT_HELD_ADDRESSES), "[]"))
		member_json(&w, "held_addresses", port, PORT_HELD_ADDRESSES);
	member_str(&w, "dns_name", port, PORT_DNS_NAME);
	if (standby && standby->len) {
		jw_key(&w, "standby_hosts");
		jw_begin_array(&w);
		for (guint i = 0; i < standby->len; i++)
			jw_string(&w, standby->pdata[i]);
		jw_end_array(&w);
	}
	jw_end_object(&w);
}

const char *member_id(
	const struct uuid *of, const struct uuid *member, char buf[static RECORD_ID_STRLEN])
{
	uuid_format(of, buf);
	buf[UUID_STRLEN - 1] = '/';
	uuid_format(member, buf + UUID_STRLEN);
	return buf;
}
