/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/virtual_router/nics.h"

/* It keeps what it has; a new one is the gateway where it may be. */
static json_t *wish_on(const struct side *side, const json_t *subnet)
{
	const char *id = text_of(subnet, "id"), *gateway = text_of(subnet, "gateway_ip");
	const char *has = address_on(side->nic_port, id);
	json_t *wish = json_pack("{s:s}", "subnet_id", id);

	if (has)
		json_object_set_new(wish, "ip_address", json_string(has));
	else if (gateway && side->routes && !subnet_is_automatic(subnet) &&
		 !side_has_address(side, id, gateway))
		json_object_set_new(wish, "ip_address", json_string(gateway));
	return wish;
}

/* What it has it keeps: DHCP may be switched off, while it goes on routing or answering questions.
 */
static bool is_wished(const struct side *side, const json_t *subnet)
{
	return subnet_is_served(subnet) || subnet_is_automatic(subnet) ||
	       address_on(side->nic_port, text_of(subnet, "id"));
}

static json_t *wishes_of(const struct side *side)
{
	json_t *wishes = json_array();
	const json_t *subnet;
	size_t i;

	json_array_foreach(side->subnets, i, subnet)
		if (is_wished(side, subnet))
			json_array_append_new(wishes, wish_on(side, subnet));
	return wishes;
}

static json_t *on_network(const char *name, const char *network)
{
	return json_pack("{s:s, s:s}", "name", name, "network_id", network);
}

/* The two of a pair have one port of it. */
static json_t *shared(const struct facts *facts, json_t *nic)
{
	if (facts->is_pair)
		json_object_set_new(nic, "shared", json_true());
	return nic;
}

static bool add_guests(const struct facts *facts, json_t *nics, char **ret_reason)
{
	const struct side *side = &facts->sides[0];
	json_t *wishes = wishes_of(side), *nic;

	if (!json_array_size(wishes)) {
		json_decref(wishes);
		*ret_reason = g_strdup(
			"the network has no subnet with enable_dhcp (of IPv6: and a mode), which its virtual router would need an address of");
		return false;
	}
	nic = shared(facts, on_network(side->nic, text_of(side->network, "id")));
	json_object_set_new(nic, "fixed_ips", wishes);
	json_array_append_new(nics, nic);
	return true;
}

/* The router's interfaces are NICs themselves. */
static void add_interfaces(const struct facts *facts, json_t *nics)
{
	for (unsigned i = 0; i < facts->n_sides; i++) {
		const struct side *side = &facts->sides[i];

		json_array_append_new(nics, json_pack("{s:s, s:s}", "name", side->nic, "port_id",
						    text_of(side->nic_port, "id")));
	}
}

static void add_address(json_t *list, const char *address)
{
	json_array_append_new(list, json_pack("{s:s}", "ip_address", address));
}

/* What leaves with addresses of guests: IPv6, which is not translated, IPv4 where it is not, and
 * what is announced. */
static void add_ranges(const struct facts *facts, const struct side *side, json_t *list)
{
	const json_t *subnet;
	size_t i;

	json_array_foreach(side->subnets, i, subnet)
		if ((!subnet_is_ipv4(subnet) || facts_routes_ipv4(facts) ||
			    facts_announces(facts, text_of(subnet, "cidr"))) &&
			address_on(side->nic_port, text_of(subnet, "id")))
			add_address(list, text_of(subnet, "cidr"));
}

static json_t *outer_addresses(const struct facts *facts)
{
	json_t *list = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(facts->public_port, "fixed_ips"), i, one)
		add_address(list, text_of(one, "ip_address"));
	json_array_foreach(json_object_get(facts->document, "floating_ips"), i, one)
		add_address(list, text_of(one, "floating_ip_address"));
	for (unsigned n = 0; n < facts->n_sides; n++)
		add_ranges(facts, &facts->sides[n], list);
	return list;
}

/* Of a router it has no address of its own there: the gateway's and the floating IPs are its. With
 * port security, so what guests send by it is theirs. */
static json_t *public_nic(const struct facts *facts)
{
	json_t *nic = shared(facts, on_network(NIC_PUBLIC, facts->public_network));

	if (!facts->is_router)
		return nic;
	json_object_set_new(nic, "fixed_ips", json_array());
	json_object_set_new(nic, "allowed_address_pairs", outer_addresses(facts));
	return nic;
}

json_t *nics_of(const struct facts *facts, char **ret_reason)
{
	json_t *nics = json_array();

	json_array_append_new(nics, on_network(NIC_MGMT, facts->offering.management_network));
	if (facts->public_network)
		json_array_append_new(nics, public_nic(facts));
	if (facts->is_router)
		add_interfaces(facts, nics);
	else if (!add_guests(facts, nics, ret_reason))
		g_clear_pointer(&nics, json_decref);
	return nics;
}

bool nics_are_made(const struct facts *facts)
{
	if (!facts_own_port(facts, NIC_MGMT) ||
		(facts->is_pair && !facts_peer_port(facts, NIC_MGMT)) ||
		(facts->public_network && !facts_own_port(facts, NIC_PUBLIC)))
		return false;
	for (unsigned i = 0; i < facts->n_sides; i++)
		if (!facts->sides[i].nic_port)
			return false;
	return true;
}
