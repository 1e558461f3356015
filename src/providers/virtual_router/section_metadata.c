/* SPDX-License-Identifier: Apache-2.0 */
/* What guests of all sides whose network has its metadata here are told of themselves. */
#include "providers/virtual_router/sections.h"

static void copy(const json_t *from, const char *key, const char *as, json_t *to)
{
	json_t *value = json_object_get(from, key);

	if (value && !json_is_null(value))
		json_object_set(to, as, value);
}

static json_t *subnet_of(const json_t *subnet)
{
	static const char *const said[] = { "cidr", "gateway_ip", "enable_dhcp", "dns_nameservers",
		"host_routes", "ipv6_address_mode" };
	json_t *one = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
		copy(subnet, said[i], said[i], one);
	return one;
}

static json_t *addresses_of(const json_t *port)
{
	json_t *addresses = json_array();
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed)
		json_array_append(addresses, json_object_get(fixed, "ip_address"));
	return addresses;
}

static json_t *port_of(const json_t *port)
{
	static const char *const said[][2] = { { "id", "port_id" },
		{ "mac_address", "mac_address" }, { "device_id", "device_id" },
		{ "project_id", "project_id" }, { "name", "name" }, { "dns_name", "dns_name" },
		{ "metadata", "given" } };
	json_t *one = json_pack("{s:o}", "ip_addresses", addresses_of(port));

	for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
		copy(port, said[i][0], said[i][1], one);
	return one;
}

static json_t *network_of(const struct side *side)
{
	json_t *subnets = json_array(), *ports = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(side->subnets, i, one)
		json_array_append_new(subnets, subnet_of(one));
	json_array_foreach(side->ports, i, one)
		if (port_is_guest(one))
			json_array_append_new(ports, port_of(one));
	return json_pack("{s:O, s:O, s:o, s:o}", "network_id", json_object_get(side->network, "id"),
		"mtu", json_object_get(side->network, "mtu"), "subnets", subnets, "ports", ports);
}

json_t *section_metadata(const struct facts *facts)
{
	json_t *networks = json_array();

	for (unsigned i = 0; i < facts->n_sides; i++)
		if (facts->sides[i].metadata && !facts_is_another(facts, i))
			json_array_append_new(networks, network_of(&facts->sides[i]));
	if (json_array_size(networks))
		return json_pack("{s:o}", "networks", networks);
	json_decref(networks);
	return NULL;
}
