/* SPDX-License-Identifier: Apache-2.0 */
/* What is translated for guests. */
#include <string.h>

#include "providers/virtual_router/sections.h"

static bool is_interface(const json_t *port)
{
	const char *owner = text_of(port, "device_owner");

	return owner && (g_str_has_prefix(owner, "network:router_interface") ||
				!strcmp(owner, "network:ha_router_replicated_interface"));
}

/* An interface of a router may have another address than the gateway's, and routes all the same. */
static bool is_gateway(const struct side *side, const json_t *subnet)
{
	const char *address = address_on(side->nic_port, text_of(subnet, "id"));

	return address &&
	       (!g_strcmp0(address, text_of(subnet, "gateway_ip")) || is_interface(side->nic_port));
}

/* The subnets that the side is the gateway of leave by the first IPv4 address outside. */
static void add_snat(const struct side *side, const char *outside, json_t *list)
{
	const json_t *subnet;
	size_t i;

	json_array_foreach(side->subnets, i, subnet)
		if (side->routes && subnet_is_ipv4(subnet) && is_gateway(side, subnet))
			json_array_append_new(
				list, json_pack("{s:O, s:s}", "cidr",
					      json_object_get(subnet, "cidr"), "address", outside));
}

/* A network's own, where it has a way out; a router's where its gateway does it. */
static bool is_translated(const struct facts *facts)
{
	const json_t *router = json_object_get(facts->document, "router");
	const json_t *info = json_object_get(router, "external_gateway_info");

	return !facts->is_router || (facts_has_service(facts, "snat") &&
					    json_is_true(json_object_get(info, "enable_snat")));
}

json_t *section_snat(const struct facts *facts)
{
	const char *outside = is_translated(facts) ? facts_outside(facts) : NULL;
	json_t *list = json_array();

	for (unsigned i = 0; outside && i < facts->n_sides; i++)
		add_snat(&facts->sides[i], outside, list);
	return list;
}

/* The subnets that the outside reaches as they are. */
json_t *section_routed(const struct facts *facts)
{
	json_t *list;

	if (!facts->public_network || !facts_routes_ipv4(facts))
		return NULL;
	list = json_array();
	for (unsigned i = 0; i < facts->n_sides; i++) {
		const struct side *side = &facts->sides[i];
		const json_t *subnet;
		size_t n;

		json_array_foreach(side->subnets, n, subnet)
			if (subnet_is_ipv4(subnet) &&
				address_on(side->nic_port, text_of(subnet, "id")))
				json_array_append(list, json_object_get(subnet, "cidr"));
	}
	return list;
}

/* Those that stand for a port. */
json_t *section_floating_ips(const struct facts *facts)
{
	json_t *list = json_array();
	const json_t *one;
	size_t i;

	if (!facts_has_service(facts, "floating-ip"))
		return list;
	json_array_foreach(json_object_get(facts->document, "floating_ips"), i, one)
		if (text_of(one, "fixed_ip_address"))
			json_array_append_new(list,
				json_pack("{s:s, s:s}", "floating_ip_address",
					text_of(one, "floating_ip_address"), "fixed_ip_address",
					text_of(one, "fixed_ip_address")));
	return list;
}

static void add_forwardings(const json_t *floating_ip, json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(floating_ip, "port_forwardings"), i, one)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "protocol", text_of(one, "protocol"),
				"external_ip_address", text_of(floating_ip, "floating_ip_address"),
				"external_port", text_of(one, "external_port_range"),
				"internal_ip_address", text_of(one, "internal_ip_address"),
				"internal_port", text_of(one, "internal_port_range")));
}

json_t *section_port_forwardings(const struct facts *facts)
{
	json_t *list = json_array();
	const json_t *one;
	size_t i;

	if (!facts_has_service(facts, "port-forwarding"))
		return list;
	json_array_foreach(json_object_get(facts->document, "floating_ips"), i, one)
		add_forwardings(one, list);
	return list;
}
