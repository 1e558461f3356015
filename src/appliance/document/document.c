/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document.h"

#include <string.h>

#include "appliance/document/document_metadata.h"
#include "appliance/document/document_parts.h"

#define MTU_MIN 576
#define MTU_MAX 65535
#define INTERFACES_MAX 32

static const char *const roles[] = { "management", "public", "guest", NULL };

bool document_read_route(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "destination", "nexthop", NULL };
	struct document_route route = { 0 };

	if (!field_check(value, known, error) || !field_need(value, "destination", error) ||
		!field_need(value, "nexthop", error) ||
		!field_prefix(value, "destination", 0, &route.destination, error) ||
		!field_ip(value, "nexthop", route.destination.ip.family, &route.nexthop, error))
		return false;
	g_array_append_val(array, route);
	return true;
}

static void clear_interface(gpointer data)
{
	struct document_interface *interface = data;

	g_array_unref(interface->addresses);
	g_array_unref(interface->virtual_addresses);
}

/* Nothing that ip(8), nft(8) or dnsmasq(8) would read as something else. */
bool document_read_device(const json_t *value, char *ret, GError **error)
{
	if (!field_need(value, "name", error) ||
		!field_label(value, "name", ret, DEVICE_STRLEN, error))
		return false;
	return (g_ascii_isalpha(*ret) && strcmp(ret, "lo") && strcmp(ret, "all") &&
		       strcmp(ret, "default")) ||
	       weft_fail(error, INVALID_INPUT,
		       "name: \"%s\" must be a device's name such as guest0: a letter first, not one of the system's",
		       ret);
}

static bool fill_interface(const json_t *value, struct document_interface *ret, GError **error)
{
	static const char *const known[] = { "name", "role", "mac_address", "mtu", "addresses",
		"virtual_mac_address", "virtual_addresses", NULL };
	unsigned role = 0;
	u64 mtu = 0;

	if (!field_check(value, known, error) || !document_read_device(value, ret->name, error) ||
		!field_need(value, "role", error) ||
		!field_choice(value, "role", roles, &role, error) ||
		!field_need(value, "mac_address", error) ||
		!field_mac(value, "mac_address", &ret->mac, error) ||
		!field_mac(value, "virtual_mac_address", &ret->virtual_mac, error) ||
		!field_number(value, "mtu", MTU_MIN, MTU_MAX, &mtu, error))
		return false;
	ret->role = (enum document_role)role;
	ret->mtu = (u32)mtu;
	return field_list(value, "addresses", LIST_MAX, field_read_prefix, ret->addresses, error) &&
	       field_list(value, "virtual_addresses", LIST_MAX, field_read_prefix,
		       ret->virtual_addresses, error);
}

static bool read_interface(const json_t *value, GArray *array, GError **error)
{
	struct document_interface interface = {
		.addresses = g_array_new(FALSE, FALSE, sizeof(struct prefix)),
		.virtual_addresses = g_array_new(FALSE, FALSE, sizeof(struct prefix)),
	};

	if (!fill_interface(value, &interface, error)) {
		clear_interface(&interface);
		return false;
	}
	g_array_append_val(array, interface);
	return true;
}

static const struct document_interface *interface_of(
	const struct document *document, enum document_role role)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (interface->role == role)
			return interface;
	}
	return NULL;
}

const struct document_interface *document_interface_named(
	const struct document *document, const char *name)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (!strcmp(interface->name, name))
			return interface;
	}
	return NULL;
}

bool document_has_role(const struct document *document, enum document_role role)
{
	return interface_of(document, role) != NULL;
}

const struct document_interface *document_public(const struct document *document)
{
	return interface_of(document, ROLE_PUBLIC) ?: interface_of(document, ROLE_MANAGEMENT);
}

/* A device is found by either of its MAC addresses. */
static const struct mac *common_mac(
	const struct document_interface *a, const struct document_interface *b)
{
	const struct mac *const all[][2] = { { &a->mac, &b->mac }, { &a->mac, &b->virtual_mac },
		{ &a->virtual_mac, &b->mac }, { &a->virtual_mac, &b->virtual_mac } };

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (!mac_is_zero(all[i][0]) && !mac_compare(all[i][0], all[i][1]))
			return all[i][0];
	return NULL;
}

const GArray *document_addresses(const struct document *document, const char *device)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (!strcmp(interface->name, device))
			return interface->addresses;
	}
	for (guint i = 0; i < document->gre->len; i++) {
		const struct document_gre *gre =
			&g_array_index(document->gre, struct document_gre, i);

		if (!strcmp(gre->name, device))
			return gre->addresses;
	}
	return document->wireguard.enabled && !strcmp(WIREGUARD_DEVICE, device)
		       ? document->wireguard.addresses
		       : NULL;
}

void document_each_tunnel(
	const struct document *document, void (*visit)(const char *device, void *data), void *data)
{
	if (document->wireguard.enabled)
		visit(WIREGUARD_DEVICE, data);
	for (guint i = 0; i < document->gre->len; i++)
		visit(g_array_index(document->gre, struct document_gre, i).name, data);
}

static bool has_address(const GArray *addresses, const struct ip *ip)
{
	for (guint i = 0; i < addresses->len; i++)
		if (!ip_compare(&g_array_index(addresses, struct prefix, i).ip, ip))
			return true;
	return false;
}

bool document_is_public(const struct document *document, const struct ip *ip)
{
	const struct document_interface *public = document_public(document);

	return public &&
	       (has_address(public->addresses, ip) || has_address(public->virtual_addresses, ip));
}

static bool differ(
	const struct document_interface *a, const struct document_interface *b, GError **error)
{
	const struct mac *common = common_mac(a, b);
	char mac[MAC_STRLEN];

	if (!strcmp(a->name, b->name))
		return weft_fail(error, INVALID_INPUT, "interfaces: two have the name %s", a->name);
	if (common)
		return weft_fail(error, INVALID_INPUT, "interfaces: two have the MAC address %s",
			mac_format(common, mac));
	return a->role == ROLE_GUEST || a->role != b->role ||
	       weft_fail(error, INVALID_INPUT,
		       "interfaces: only one may be the %s NIC, not both %s and %s", roles[a->role],
		       a->name, b->name);
}

static bool check_interfaces(const struct document *document, GError **error)
{
	const GArray *interfaces = document->interfaces;

	for (guint i = 0; i < interfaces->len; i++)
		for (guint j = 0; j < i; j++)
			if (!differ(&g_array_index(interfaces, struct document_interface, j),
				    &g_array_index(interfaces, struct document_interface, i),
				    error))
				return false;
	return interface_of(document, ROLE_MANAGEMENT) ||
	       weft_fail(error, INVALID_INPUT,
		       "interfaces: one must be the management NIC (\"role\": \"management\")");
}

static bool check(struct document *document, GError **error)
{
	if (!check_interfaces(document, error) || !document_check_redundancy(document, error) ||
		!document_check_bgp(document, error) || !document_check_nat(document, error) ||
		!document_check_balancers(document, error) ||
		!document_check_guards(document, error) || !document_check_ipsec(document, error) ||
		!document_check_tunnels(document, error))
		return false;
	if ((document->dhcp.enabled || document->dns.enabled || document->metadata.enabled) &&
		!document_has_role(document, ROLE_GUEST))
		return weft_fail(error, INVALID_INPUT,
			"dhcp, dns, metadata: there is no NIC for guests (\"role\": \"guest\") to serve them on");
	return true;
}

static bool read_id(const json_t *root, char *ret, GError **error)
{
	const char *text = json_string_value(json_object_get(root, "id"));
	struct uuid id;

	if (!text || !uuid_parse(text, &id))
		return weft_fail(error, INVALID_INPUT, "id: must be the appliance's UUID");
	uuid_format(&id, ret);
	return true;
}

static bool read_all(const json_t *root, struct document *document, GError **error)
{
	static const char *const known[] = { "id", "revision", "interfaces", "routes", "dhcp",
		"dns", "metadata", "snat", "routed", "floating_ips", "port_forwardings", "firewall",
		"load_balancers", "redundancy", "ipsec", "wireguard", "gre", "bgp",
		"interface_firewalls", "log_limits", NULL };

	return field_check(root, known, error) && read_id(root, document->id, error) &&
	       field_need(root, "revision", error) &&
	       field_number(root, "revision", 1, G_MAXINT64, &document->revision, error) &&
	       field_list(root, "interfaces", INTERFACES_MAX, read_interface, document->interfaces,
		       error) &&
	       field_list(root, "routes", LIST_MAX, document_read_route, document->routes, error) &&
	       field_object(root, "dhcp", document_read_dhcp, &document->dhcp,
		       &document->dhcp.enabled, error) &&
	       field_object(root, "dns", document_read_dns, &document->dns, &document->dns.enabled,
		       error) &&
	       field_object(root, "metadata", document_read_metadata, &document->metadata,
		       &document->metadata.enabled, error) &&
	       document_read_nat(root, document, error) &&
	       document_read_balancers(root, document, error) &&
	       field_object(root, "firewall", document_read_firewall, &document->firewall,
		       &document->firewall.enabled, error) &&
	       field_list(root, "interface_firewalls", INTERFACES_MAX, document_read_guard,
		       document->guards, error) &&
	       field_object(root, "log_limits", document_read_log_limits, &document->log_limits,
		       &document->log_limits.given, error) &&
	       field_object(root, "redundancy", document_read_redundancy, &document->redundancy,
		       &document->redundancy.enabled, error) &&
	       field_object(root, "bgp", document_read_bgp, &document->bgp, &document->bgp.enabled,
		       error) &&
	       field_list(root, "ipsec", SMALL_LIST_MAX, document_read_ipsec, document->ipsec,
		       error) &&
	       field_object(root, "wireguard", document_read_wireguard, &document->wireguard,
		       &document->wireguard.enabled, error) &&
	       field_list(root, "gre", SMALL_LIST_MAX, document_read_gre, document->gre, error) &&
	       check(document, error);
}

static void clear_subnet(gpointer data)
{
	struct document_subnet *subnet = data;

	g_array_unref(subnet->nameservers);
	g_array_unref(subnet->routes);
}

static void clear_name(gpointer data)
{
	g_array_unref(((struct document_name *)data)->addresses);
}

static GArray *array_new(size_t size, GDestroyNotify clear)
{
	GArray *array = g_array_new(FALSE, FALSE, (guint)size);

	g_array_set_clear_func(array, clear);
	return array;
}

static struct document *document_new(void)
{
	struct document *document = g_new0(struct document, 1);

	document->interfaces = array_new(sizeof(struct document_interface), clear_interface);
	document->routes = array_new(sizeof(struct document_route), NULL);
	document->dhcp.subnets = array_new(sizeof(struct document_subnet), clear_subnet);
	document->dhcp.hosts = array_new(sizeof(struct document_host), NULL);
	document->dns.forwarders = array_new(sizeof(struct ip), NULL);
	document->dns.names = array_new(sizeof(struct document_name), clear_name);
	document_metadata_init(&document->metadata);
	document->snat = array_new(sizeof(struct document_snat), NULL);
	document->routed = array_new(sizeof(struct prefix), NULL);
	document->floating_ips = array_new(sizeof(struct document_floating_ip), NULL);
	document->port_forwardings = array_new(sizeof(struct document_port_forwarding), NULL);
	document->firewall.rules = array_new(sizeof(struct document_firewall_rule), NULL);
	document->guards = document_guards_new();
	document->load_balancers = document_balancers_new();
	document->ipsec = document_ipsec_new();
	document->bgp.neighbors = document_bgp_neighbors_new();
	document->bgp.networks = array_new(sizeof(struct prefix), NULL);
	document->wireguard.addresses = array_new(sizeof(struct prefix), NULL);
	document->wireguard.peers = document_wireguard_peers_new();
	document->gre = document_gre_new();
	return document;
}

void document_free(struct document *document)
{
	GArray *const arrays[] = { document->interfaces, document->routes, document->dhcp.subnets,
		document->dhcp.hosts, document->dns.forwarders, document->dns.names, document->snat,
		document->routed, document->floating_ips, document->port_forwardings,
		document->firewall.rules, document->load_balancers, document->ipsec,
		document->wireguard.addresses, document->wireguard.peers, document->gre,
		document->bgp.neighbors, document->bgp.networks, document->guards };

	for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
		g_array_unref(arrays[i]);
	document_metadata_clear(&document->metadata);
	g_free(document);
}

struct document *document_parse(const char *text, size_t len, GError **error)
{
	g_autoptr(document) document = document_new();
	json_error_t where;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	bool ok;

	if (!root) {
		weft_fail(error, INVALID_INPUT, "The configuration is no JSON: line %d: %s",
			where.line, where.text);
		return NULL;
	}
	ok = read_all(root, document, error);
	json_decref(root);
	if (ok)
		return g_steal_pointer(&document);
	g_prefix_error(error, "The configuration is refused: ");
	return NULL;
}
