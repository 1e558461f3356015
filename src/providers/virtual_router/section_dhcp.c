/* SPDX-License-Identifier: Apache-2.0 */
/* Leases and advertisements for the guests of all sides whose network has its DHCP here. */
#include <string.h>

#include "providers/virtual_router/sections.h"

#define METADATA_ROUTE "169.254.169.254/32"

/* It is leased by the NIC that has an address of it. */
static bool is_served_here(const struct side *side, const json_t *subnet)
{
	return subnet && subnet_is_served(subnet) &&
	       address_on(side->nic_port, text_of(subnet, "id"));
}

static bool is_leased(const json_t *subnet)
{
	return subnet_is_ipv4(subnet) ||
	       !g_strcmp0(text_of(subnet, "ipv6_address_mode"), "dhcpv6-stateful");
}

/* DHCPv4 gives a NIC one address, DHCPv6 all that it has. */
static void add_leases(const struct side *side, const json_t *port, json_t *hosts)
{
	bool has_ipv4 = false;
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed) {
		const json_t *subnet = find_by(side->subnets, "id", text_of(fixed, "subnet_id"));

		if (!is_served_here(side, subnet) || !is_leased(subnet) ||
			(subnet_is_ipv4(subnet) && has_ipv4))
			continue;
		has_ipv4 |= subnet_is_ipv4(subnet);
		json_array_append_new(hosts,
			json_pack("{s:O, s:O, s:s}", "mac_address",
				json_object_get(port, "mac_address"), "ip_address",
				json_object_get(fixed, "ip_address"), "hostname", label_of(port)));
	}
}

/* Where guests make their own addresses the NIC does too, and is the router all the same: guests
 * know it by its advertisements. */
static const char *gateway_of(const struct side *side, const json_t *subnet)
{
	const char *gateway = text_of(subnet, "gateway_ip"), *id = text_of(subnet, "id");
	const char *owner = text_of(side->nic_port, "device_owner");

	if (gateway && side->routes && subnet_is_automatic(subnet) &&
		!side_has_address(side, id, gateway) && !g_strcmp0(owner, "network:dhcp"))
		return address_on(side->nic_port, id);
	return gateway;
}

/* The API's unspecified address among them says that there are none (0.0.0.0, ::). */
static json_t *nameservers_of(const struct side *side, const json_t *subnet)
{
	const char *address = address_on(side->nic_port, text_of(subnet, "id"));
	const json_t *given = json_object_get(subnet, "dns_nameservers"), *one;
	json_t *servers = json_array();
	size_t i;

	json_array_foreach(given, i, one) {
		const char *server = json_string_value(one);

		if (strcmp(server, "0.0.0.0") != 0 && strcmp(server, "::") != 0)
			json_array_append_new(servers, json_string(server));
	}
	if (!json_array_size(given) && side->dns && address)
		json_array_append_new(servers, json_string(address));
	return servers;
}

/* The metadata service is behind the NIC, whoever the gateway is. */
static json_t *routes_of(const struct side *side, const json_t *subnet)
{
	const char *address = address_on(side->nic_port, text_of(subnet, "id"));
	json_t *routes = json_copy(json_object_get(subnet, "host_routes"));

	if (side->metadata && address)
		json_array_append_new(routes,
			json_pack("{s:s, s:s}", "destination", METADATA_ROUTE, "nexthop", address));
	return routes;
}

static json_t *subnet_of(const struct side *side, const json_t *subnet)
{
	static const char *const modes[] = { "ipv6_ra_mode", "ipv6_address_mode" };
	const char *gateway = gateway_of(side, subnet);
	json_t *said = json_pack("{s:O, s:o}", "cidr", json_object_get(subnet, "cidr"),
		"dns_nameservers", nameservers_of(side, subnet));

	if (gateway)
		json_object_set_new(said, "gateway_ip", json_string(gateway));
	if (subnet_is_ipv4(subnet))
		json_object_set_new(said, "host_routes", routes_of(side, subnet));
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
		if (text_of(subnet, modes[i]))
			json_object_set(said, modes[i], json_object_get(subnet, modes[i]));
	return said;
}

static void add_side(const struct side *side, json_t *subnets, json_t *hosts)
{
	const json_t *one;
	size_t i;

	json_array_foreach(side->subnets, i, one)
		if (is_served_here(side, one))
			json_array_append_new(subnets, subnet_of(side, one));
	json_array_foreach(side->ports, i, one)
		if (port_is_guest(one))
			add_leases(side, one, hosts);
}

json_t *section_dhcp(const struct facts *facts)
{
	json_t *subnets = json_array(), *hosts = json_array();
	json_int_t mtu = 0;

	for (unsigned i = 0; i < facts->n_sides; i++) {
		const struct side *side = &facts->sides[i];
		json_int_t its = json_integer_value(json_object_get(side->network, "mtu"));

		if (!side->dhcp)
			continue;
		add_side(side, subnets, hosts);
		mtu = mtu ? MIN(mtu, its) : its;
	}
	if (json_array_size(subnets))
		return json_pack("{s:I, s:o, s:o}", "mtu", mtu, "subnets", subnets, "hosts", hosts);
	json_decref(subnets);
	json_decref(hosts);
	return NULL;
}
