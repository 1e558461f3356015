/* SPDX-License-Identifier: Apache-2.0 */
/* Leases of the guests of all sides whose network has its DHCP here. */
#include "providers/virtual_router/sections.h"

/* It is leased by the NIC that has an address of it. */
static bool is_served_here(const struct side *side, const json_t *subnet)
{
	return subnet && subnet_is_served(subnet) &&
	       address_on(side->nic_port, text_of(subnet, "id"));
}

/* One lease for each guest: DHCPv4 gives a NIC one address. */
static json_t *host_of(const struct side *side, const json_t *port)
{
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed)
		if (is_served_here(side, find_by(side->subnets, "id", text_of(fixed, "subnet_id"))))
			return json_pack("{s:O, s:O, s:s}", "mac_address",
				json_object_get(port, "mac_address"), "ip_address",
				json_object_get(fixed, "ip_address"), "hostname", label_of(port));
	return NULL;
}

static json_t *subnet_of(const struct side *side, const json_t *subnet)
{
	const json_t *servers = json_object_get(subnet, "dns_nameservers");
	const char *gateway = text_of(subnet, "gateway_ip");
	const char *address = address_on(side->nic_port, text_of(subnet, "id"));
	json_t *said = json_pack("{s:O, s:O}", "cidr", json_object_get(subnet, "cidr"),
		"host_routes", json_object_get(subnet, "host_routes"));

	if (gateway)
		json_object_set_new(said, "gateway_ip", json_string(gateway));
	if (json_array_size(servers))
		json_object_set(said, "dns_nameservers", (json_t *)servers);
	else if (side->dns && address)
		json_object_set_new(said, "dns_nameservers", json_pack("[s]", address));
	return said;
}

static void add_side(const struct side *side, json_t *subnets, json_t *hosts)
{
	const json_t *one;
	size_t i;

	json_array_foreach(side->subnets, i, one)
		if (is_served_here(side, one))
			json_array_append_new(subnets, subnet_of(side, one));
	json_array_foreach(side->ports, i, one) {
		json_t *host = port_is_guest(one) ? host_of(side, one) : NULL;

		if (host)
			json_array_append_new(hosts, host);
	}
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
