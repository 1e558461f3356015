/* SPDX-License-Identifier: Apache-2.0 */
#include "metadata/network_data.h"

#include <string.h>

#define LINK "tap0"

static json_t *ip_text(const struct ip *ip)
{
	char text[IP_STRLEN];

	return json_string(ip_format(ip, text));
}

/* 255.255.255.0, ffff:: … */
static json_t *netmask(const struct prefix *prefix)
{
	struct ip mask = { .family = prefix->ip.family };

	for (unsigned bit = 0; bit < prefix->len; bit++)
		mask.b[bit / 8] |= (u8)(0x80 >> bit % 8);
	return ip_text(&mask);
}

static void add_route(json_t *routes, const struct prefix *destination, const struct ip *gateway)
{
	json_array_append_new(
		routes, json_pack("{s:o, s:o, s:o}", "network", ip_text(&destination->ip),
				"netmask", netmask(destination), "gateway", ip_text(gateway)));
}

static json_t *routes_of(const struct service_subnet *subnet)
{
	const struct prefix everywhere = { .ip = { .family = subnet->cidr.ip.family } };
	json_t *routes = json_array();

	if (subnet->gateway.family)
		add_route(routes, &everywhere, &subnet->gateway);
	for (size_t i = 0; i < subnet->n_routes; i++)
		add_route(routes, &subnet->routes[i].destination, &subnet->routes[i].nexthop);
	return routes;
}

static const char *type_of(const struct service_subnet *subnet)
{
	if (subnet->cidr.ip.family == 4)
		return subnet->enable_dhcp ? "ipv4_dhcp" : "ipv4";
	switch (subnet->address_mode) {
	case SERVICE_IP6_SLAAC:
		return "ipv6_slaac";
	case SERVICE_IP6_STATELESS:
		return "ipv6_dhcpv6-stateless";
	case SERVICE_IP6_STATEFUL:
		return "ipv6_dhcpv6-stateful";
	default:
		return "ipv6";
	}
}

/* 0.0.0.0 says that there are none (dhcp4_offer.c). */
static json_t *services_of(const struct service_subnet *subnet)
{
	const struct ip none = { .family = subnet->cidr.ip.family };
	json_t *services = json_array();

	for (size_t i = 0; i < subnet->n_dns_servers; i++)
		if (ip_compare(&subnet->dns_servers[i], &none))
			json_array_append_new(
				services, json_pack("{s:s, s:o}", "type", "dns", "address",
						  ip_text(&subnet->dns_servers[i])));
	return services;
}

static json_t *network_of(
	const struct service_port *port, const struct service_address *address, size_t number)
{
	g_autofree char *id = g_strdup_printf("network%zu", number);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", id, "type",
		type_of(address->subnet), "link", LINK, "network_id", port->network_id,
		"ip_address", ip_text(&address->ip), "netmask", netmask(&address->subnet->cidr),
		"routes", routes_of(address->subnet), "services", services_of(address->subnet));
}

json_t *metadata_network_data(const struct service_port *port)
{
	json_t *networks = json_array(), *services = json_array(), *service;
	char mac[MAC_STRLEN];
	size_t at;

	for (size_t i = 0; i < port->n_addresses; i++) {
		json_t *network = network_of(port, &port->addresses[i], i);

		json_array_append_new(networks, network);
		json_array_foreach(json_object_get(network, "services"), at, service)
			json_array_append(services, service);
	}
	return json_pack("{s:[{s:s, s:s, s:s, s:i, s:s}], s:o, s:o}", "links", "id", LINK, "type",
		"ovs", "ethernet_mac_address", mac_format(&port->mac, mac), "mtu",
		(int)port->mtu_bytes, "vif_id", port->id, "networks", networks, "services",
		services);
}
