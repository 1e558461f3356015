/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/virtual_router/facts.h"

#include <stdlib.h>
#include <string.h>

#define GUEST_OWNER "compute:"

const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const json_t *find_by(const json_t *list, const char *key, const char *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (value && !g_strcmp0(text_of(one, key), value))
			return one;
	return NULL;
}

bool port_is_guest(const json_t *port)
{
	const char *owner = text_of(port, "device_owner");

	return owner && g_str_has_prefix(owner, GUEST_OWNER);
}

bool subnet_is_ipv4(const json_t *subnet)
{
	return json_integer_value(json_object_get(subnet, "ip_version")) == 4;
}

/* Guests make their own addresses there, and so does an appliance's port. */
bool subnet_is_automatic(const json_t *subnet)
{
	const char *mode = text_of(subnet, "ipv6_address_mode");

	return !g_strcmp0(mode, "slaac") || !g_strcmp0(mode, "dhcpv6-stateless");
}

/* Of IPv6 what somebody else advertises, and guests do by themselves, needs nobody. */
bool subnet_is_served(const json_t *subnet)
{
	const char *address = text_of(subnet, "ipv6_address_mode");

	return json_is_true(json_object_get(subnet, "enable_dhcp")) &&
	       (subnet_is_ipv4(subnet) || text_of(subnet, "ipv6_ra_mode") ||
		       (address && strcmp(address, "slaac") != 0));
}

/* What dnsmasq can: leases of prefixes of 64 bits and longer, autoconfiguration of 64. */
static bool fits(const json_t *subnet)
{
	const char *slash = strchr(text_of(subnet, "cidr"), '/');
	const char *mode = text_of(subnet, "ipv6_ra_mode") ?: text_of(subnet, "ipv6_address_mode");
	guint64 len = g_ascii_strtoull(slash + 1, NULL, 10);

	return subnet_is_ipv4(subnet) || !subnet_is_served(subnet) || len == 64 ||
	       (len > 64 && !g_strcmp0(mode, "dhcpv6-stateful"));
}

static bool subnets_fit(const struct facts *facts, char **ret_reason)
{
	const json_t *subnet;
	size_t i;

	for (unsigned n = 0; n < facts->n_sides; n++)
		json_array_foreach(facts->sides[n].subnets, i, subnet)
			if (facts->sides[n].dhcp && !fits(subnet)) {
				*ret_reason = g_strdup_printf(
					"subnet %s is %s: a virtual router advertises and leases IPv6 of /64 (dhcpv6-stateful: or longer)",
					text_of(subnet, "id"), text_of(subnet, "cidr"));
				return false;
			}
	return true;
}

const char *address_on(const json_t *port, const char *subnet)
{
	return text_of(
		find_by(json_object_get(port, "fixed_ips"), "subnet_id", subnet), "ip_address");
}

bool side_has_address(const struct side *side, const char *subnet, const char *address)
{
	const json_t *port;
	size_t i;

	json_array_foreach(side->ports, i, port)
		if (!g_strcmp0(address_on(port, subnet), address))
			return true;
	return false;
}

json_t *with_length(const char *address, const char *cidr)
{
	const char *slash = cidr ? strchr(cidr, '/') : NULL;
	g_autofree char *text = g_strconcat(address, slash, NULL);

	return json_string(text);
}

const char *label_of(const json_t *port)
{
	const char *name = text_of(port, "dns_name");
	size_t len = name ? strlen(name) : 0;

	if (!len || len > 63 || name[0] == '-' || name[len - 1] == '-')
		return "";
	for (size_t i = 0; i < len; i++)
		if (!g_ascii_isalnum(name[i]) && name[i] != '-')
			return "";
	return name;
}

static bool has_text(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!g_strcmp0(json_string_value(one), text))
			return true;
	return false;
}

bool facts_announces(const struct facts *facts, const char *cidr)
{
	return has_text(
		json_object_get(json_object_get(facts->document, "bgp_speaker"), "prefixes"), cidr);
}

bool facts_has_service(const struct facts *facts, const char *name)
{
	return has_text(json_object_get(facts->document, "services"), name);
}

bool facts_has_guest(const struct facts *facts)
{
	const json_t *port;
	size_t i;

	for (unsigned n = 0; n < facts->n_sides; n++)
		json_array_foreach(facts->sides[n].ports, i, port)
			if (port_is_guest(port))
				return true;
	return false;
}

bool facts_is_another(const struct facts *facts, unsigned i)
{
	for (unsigned n = 0; n < i; n++)
		if (facts->sides[n].network == facts->sides[i].network)
			return true;
	return false;
}

bool facts_has_balancer(const struct facts *facts)
{
	for (unsigned n = 0; n < facts->n_sides; n++)
		if (json_array_size(facts->sides[n].balancers))
			return true;
	return false;
}

const json_t *facts_own_port(const struct facts *facts, const char *nic)
{
	return find_by(facts->own, "name", nic);
}

static const json_t *member_of(const struct facts *facts, unsigned member)
{
	return find_by(json_object_get(facts->document, "appliances"), "name", member_name(member));
}

const json_t *facts_peer_port(const struct facts *facts, const char *nic)
{
	const json_t *peer = member_of(facts, !facts->member);

	return find_by(json_object_get(peer, "ports"), "name", nic);
}

void facts_choose(struct facts *facts, unsigned member)
{
	const json_t *appliance = member_of(facts, member);

	facts->member = member;
	facts->own = json_object_get(appliance, "ports");
	facts->subnets = json_object_get(appliance, "subnets");
}

const char *member_name(unsigned member)
{
	static const char *const names[PAIR] = { "router", "router-2" };

	return names[member];
}

static const char *first_of(const json_t *port, bool ipv6)
{
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed)
		if ((strchr(text_of(fixed, "ip_address"), ':') != NULL) == ipv6)
			return text_of(fixed, "ip_address");
	return NULL;
}

const char *ipv4_of(const json_t *port)
{
	return first_of(port, false);
}

const char *ipv6_of(const json_t *port)
{
	return first_of(port, true);
}

const char *facts_outside(const struct facts *facts)
{
	return ipv4_of(facts->public_port);
}

bool facts_routes_ipv4(const struct facts *facts)
{
	const json_t *router = json_object_get(facts->document, "router");
	const json_t *info = json_object_get(router, "external_gateway_info");

	return facts->is_router && json_is_false(json_object_get(info, "enable_snat"));
}

/* DHCP is what tells guests the way to it. */
static bool metadata_is_found(const struct facts *facts, char **ret_reason)
{
	for (unsigned n = 0; n < facts->n_sides; n++)
		if (facts->sides[n].metadata && !facts->sides[n].dhcp) {
			*ret_reason = g_strdup_printf(
				"metadata of network %s is mapped to virtual-router and its dhcp is not: DHCP tells guests the way to it, so map both",
				text_of(facts->sides[n].network, "id"));
			return false;
		}
	return true;
}

/* A NIC of its appliances, by a member of it. */
static const json_t *nic_with(const struct facts *facts, const char *key, const char *value)
{
	const json_t *appliance, *nic = NULL;
	size_t i;

	json_array_foreach(json_object_get(facts->document, "appliances"), i, appliance)
		nic = nic ?: find_by(json_object_get(appliance, "nics"), key, value);
	return nic;
}

static bool is_taken(const struct facts *facts, const char *name)
{
	for (unsigned i = 0; i < facts->n_sides; i++)
		if (!strcmp(facts->sides[i].nic, name))
			return true;
	return nic_with(facts, "name", name);
}

/* An interface keeps its name as long as it is there, whatever becomes of others: so these can come
 * and go while the machine runs. @port: NULL: it is the only one. */
static struct side *add_side(struct facts *facts, const json_t *port)
{
	struct side *side = &facts->sides[facts->n_sides];
	const char *name = text_of(nic_with(facts, "port_id", text_of(port, "id")), "name");

	g_strlcpy(side->nic, name ?: "guest0", sizeof(side->nic));
	for (unsigned n = 1; port && !name && is_taken(facts, side->nic); n++)
		g_snprintf(side->nic, sizeof(side->nic), "guest%u", n);
	facts->n_sides++;
	return side;
}

static int compare_sides(const void *a, const void *b)
{
	const struct side *one = a, *other = b;
	size_t len = strlen(one->nic), its = strlen(other->nic);

	return len == its ? strcmp(one->nic, other->nic) : len < its ? -1 : 1;
}

/* An offering whose two networks are one has the management NIC lead out too. */
static bool read_outside(struct facts *facts, char **ret_reason)
{
	const struct offering *offering = &facts->offering;

	if (g_strcmp0(offering->public_network, offering->management_network)) {
		facts->public_network = offering->public_network;
		facts->public_port = facts_own_port(facts, NIC_PUBLIC);
		return true;
	}
	facts->public_port = facts_own_port(facts, NIC_MGMT);
	if (!offering->ha)
		return true;
	*ret_reason = g_strdup(
		"its offering is of a pair, whose two have a management NIC each, so that can't be the public one too: give another network as public_network");
	return false;
}

static bool read_network(struct facts *facts, char **ret_reason)
{
	struct side *side = add_side(facts, NULL);

	side->network = json_object_get(facts->document, "network");
	side->subnets = json_object_get(facts->document, "subnets");
	side->ports = json_object_get(facts->document, "ports");
	side->balancers = json_object_get(facts->document, "load_balancers");
	side->nic_port = facts_own_port(facts, side->nic);
	side->dhcp = facts_has_service(facts, "dhcp");
	side->dns = facts_has_service(facts, "dns");
	side->metadata = facts_has_service(facts, "metadata");
	side->routes = facts->offering.public_network != NULL;
	facts->is_wanted = !json_object_get(facts->document, "router_id");
	facts->is_pair = facts->offering.ha;
	return read_outside(facts, ret_reason);
}

/* An interface is a side of its own, with the subnets that it has addresses of. */
static bool add_interface(struct facts *facts, const json_t *port, char **ret_reason)
{
	const json_t *networks = json_object_get(facts->document, "networks"), *joined;
	struct side *side;
	size_t i;

	if (facts->n_sides == SIDES_MAX) {
		*ret_reason = g_strdup_printf(
			"the router has more than %d interfaces, which one virtual router can't have",
			SIDES_MAX);
		return false;
	}
	side = add_side(facts, port);
	side->nic_port = port;
	side->routes = true;
	json_array_foreach(networks, i, joined) {
		const json_t *network = json_object_get(joined, "network");

		if (g_strcmp0(text_of(network, "id"), text_of(port, "network_id")))
			continue;
		side->network = network;
		side->subnets = json_object_get(joined, "subnets");
		side->ports = json_object_get(joined, "ports");
		side->balancers = json_object_get(joined, "load_balancers");
		side->dhcp = has_text(json_object_get(joined, "services"), "dhcp");
		side->dns = has_text(json_object_get(joined, "services"), "dns");
		side->metadata = has_text(json_object_get(joined, "services"), "metadata");
	}
	return true;
}

static bool read_router(struct facts *facts, char **ret_reason)
{
	const json_t *router = json_object_get(facts->document, "router"), *port;
	const json_t *info = json_object_get(router, "external_gateway_info");
	size_t i;

	if (!facts_has_service(facts, "router")) {
		*ret_reason = g_strdup(
			"what a virtual router translates it routes too: map router to it as well");
		return false;
	}
	facts->is_wanted = json_is_true(json_object_get(router, "admin_state_up"));
	facts->is_pair = json_is_true(json_object_get(router, "ha"));
	facts->public_network = text_of(info, "network_id");
	json_array_foreach(json_object_get(facts->document, "ports"), i, port) {
		const char *owner = text_of(port, "device_owner");

		if (!g_strcmp0(owner, "network:router_gateway"))
			facts->public_port = port;
		else if (!add_interface(facts, port, ret_reason))
			return false;
	}
	qsort(facts->sides, facts->n_sides, sizeof(facts->sides[0]), compare_sides);
	return true;
}

bool facts_read(const json_t *document, struct facts *ret, char **ret_reason)
{
	*ret = (struct facts){ .document = document,
		.is_router = !g_strcmp0(text_of(document, "object_type"), "router"),
		.id = text_of(document, "attachment"),
		.is_made = json_array_size(json_object_get(document, "appliances")) > 0 };
	facts_choose(ret, 0);
	if (!offering_parse(text_of(document, "options") ?: "", &ret->offering, ret_reason))
		return false;
	if (ret->is_router && !read_router(ret, ret_reason))
		return false;
	if (!ret->is_router && !read_network(ret, ret_reason))
		return false;
	return subnets_fit(ret, ret_reason) && metadata_is_found(ret, ret_reason);
}

void facts_clear(struct facts *facts)
{
	offering_clear(&facts->offering);
}
