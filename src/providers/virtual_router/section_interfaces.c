/* SPDX-License-Identifier: Apache-2.0 */
/* The NICs and the routes by them. */
#include <string.h>

#include "providers/virtual_router/sections.h"

/* Addresses of @port, each with its subnet's length. */
static json_t *addresses_of(const json_t *port, const json_t *subnets)
{
	json_t *list = json_array();
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed) {
		const json_t *subnet = find_by(subnets, "id", text_of(fixed, "subnet_id"));

		if (subnet)
			json_array_append_new(list,
				with_length(text_of(fixed, "ip_address"), text_of(subnet, "cidr")));
	}
	return list;
}

/* Of a pair the master alone has them. */
static const char *addresses_key(const struct facts *facts)
{
	return facts->is_pair ? "virtual_addresses" : "addresses";
}

static json_t *addresses_in(const struct facts *facts, const json_t *interface)
{
	return json_object_get(interface, addresses_key(facts));
}

/* @addresses is taken over. */
static json_t *interface_of(
	const char *name, const char *role, const json_t *port, const char *key, json_t *addresses)
{
	return json_pack("{s:s, s:s, s:O, s:o}", "name", name, "role", role, "mac_address",
		json_object_get(port, "mac_address"), key, addresses);
}

/* One that serves: of a pair both have it, so its MAC address is whose the addresses are. */
static json_t *serving(const struct facts *facts, const char *name, const char *role,
	const json_t *port, json_t *addresses)
{
	json_t *one = interface_of(name, role, port, addresses_key(facts), addresses);

	if (facts->is_pair)
		json_object_set(one, "virtual_mac_address", json_object_get(port, "mac_address"));
	return one;
}

/* Floating IPs are addresses of the public NIC too. */
static void add_floating_ips(const struct facts *facts, json_t *interface)
{
	json_t *addresses = addresses_in(facts, interface);
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(facts->document, "floating_ips"), i, one)
		json_array_append_new(
			addresses, with_length(text_of(one, "floating_ip_address"), "/32"));
}

/* Routes that the router's user has given. */
static void add_extra_routes(const struct facts *facts, json_t *list)
{
	const json_t *router = json_object_get(facts->document, "router"), *route;
	size_t i;

	json_array_foreach(json_object_get(router, "routes"), i, route)
		json_array_append_new(list, json_pack("{s:O, s:O}", "destination",
						    json_object_get(route, "destination"),
						    "nexthop", json_object_get(route, "nexthop")));
}

json_t *section_interfaces(const struct facts *facts)
{
	const json_t *mgmt = facts_own_port(facts, NIC_MGMT),
		     *public = facts_own_port(facts, NIC_PUBLIC);
	json_t *list = json_array();

	json_array_append_new(list, interface_of(NIC_MGMT, "management", mgmt, "addresses",
					    addresses_of(mgmt, facts->subnets)));
	if (facts->public_network) {
		json_t *outer = serving(facts, NIC_PUBLIC, "public", public,
			addresses_of(facts->public_port, facts->subnets));

		add_floating_ips(facts, outer);
		json_array_append_new(list, outer);
	}
	for (unsigned i = 0; i < facts->n_sides; i++) {
		const struct side *side = &facts->sides[i];
		json_t *guest = serving(facts, side->nic, "guest", side->nic_port,
			addresses_of(side->nic_port, side->subnets));

		add_vips(facts, side, addresses_in(facts, guest));
		json_object_set(guest, "mtu", json_object_get(side->network, "mtu"));
		json_array_append_new(list, guest);
	}
	return list;
}

/* By its public NIC alone: without one, guests do not get out. */
json_t *section_routes(const struct facts *facts)
{
	json_t *list = json_array();
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(facts->public_port, "fixed_ips"), i, fixed) {
		const json_t *subnet = find_by(facts->subnets, "id", text_of(fixed, "subnet_id"));
		const char *gateway = text_of(subnet, "gateway_ip");

		if (gateway)
			json_array_append_new(
				list, json_pack("{s:s, s:s}", "destination",
					      strchr(gateway, ':') ? "::/0" : "0.0.0.0/0",
					      "nexthop", gateway));
	}
	add_extra_routes(facts, list);
	return list;
}
