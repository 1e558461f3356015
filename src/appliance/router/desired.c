/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/router/desired.h"

#include <string.h>

#define GUEST_OWNER "compute:"
#define DEVICE_ID_LEN 8 /* characters of the attachment's id in a device's name */

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool is_guest(const json_t *port)
{
	const char *owner = text_of(port, "device_owner");

	return owner && g_str_has_prefix(owner, GUEST_OWNER);
}

bool desired_has_guest(const json_t *document)
{
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(document, "ports"), i, port)
		if (is_guest(port))
			return true;
	return false;
}

static bool has_service(const json_t *document, const char *name)
{
	const json_t *service;
	size_t i;

	json_array_foreach(json_object_get(document, "services"), i, service)
		if (!strcmp(json_string_value(service), name))
			return true;
	return false;
}

static bool is_served(const json_t *subnet)
{
	return json_integer_value(json_object_get(subnet, "ip_version")) == 4 &&
	       json_is_true(json_object_get(subnet, "enable_dhcp"));
}

static const json_t *find(const json_t *list, const char *key, const char *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (value && !g_strcmp0(text_of(one, key), value))
			return one;
	return NULL;
}

/* The first address on the subnet, or NULL. */
static const char *address_on(const json_t *port, const char *subnet)
{
	return text_of(find(json_object_get(port, "fixed_ips"), "subnet_id", subnet), "ip_address");
}

static bool is_taken(const json_t *document, const char *subnet, const char *address)
{
	const json_t *port;
	size_t i;

	json_array_foreach(json_object_get(document, "ports"), i, port)
		if (!g_strcmp0(address_on(port, subnet), address))
			return true;
	return false;
}

/* It keeps what it has; a new one is the gateway where it may be. */
static json_t *wish_on(const json_t *document, const json_t *guest0, const json_t *subnet,
	const struct router_settings *settings)
{
	const char *id = text_of(subnet, "id"), *gateway = text_of(subnet, "gateway_ip");
	const char *has = address_on(guest0, id);
	json_t *wish = json_pack("{s:s}", "subnet_id", id);

	if (has)
		json_object_set_new(wish, "ip_address", json_string(has));
	else if (gateway && settings->public_network && !is_taken(document, id, gateway))
		json_object_set_new(wish, "ip_address", json_string(gateway));
	return wish;
}

static json_t *guest_wishes(
	const json_t *document, const json_t *own, const struct router_settings *settings)
{
	const json_t *guest0 = find(own, "name", "guest0"), *subnet;
	json_t *wishes = json_array();
	size_t i;

	json_array_foreach(json_object_get(document, "subnets"), i, subnet)
		if (is_served(subnet))
			json_array_append_new(wishes, wish_on(document, guest0, subnet, settings));
	return wishes;
}

json_t *desired_ports(const json_t *document, const json_t *own,
	const struct router_settings *settings, GError **error)
{
	json_t *wishes, *ports;

	if (g_strcmp0(text_of(document, "object_type"), "network")) {
		weft_fail(error, INVALID_INPUT, "it gives services of networks, not of routers");
		return NULL;
	}
	wishes = guest_wishes(document, own, settings);
	if (!json_array_size(wishes)) {
		json_decref(wishes);
		weft_fail(error, INVALID_INPUT,
			"the network has no IPv4 subnet with enable_dhcp, which its virtual router would need an address of");
		return NULL;
	}
	ports = json_pack(
		"[{s:s, s:s}]", "name", "mgmt", "network_id", settings->management_network);
	if (settings->public_network)
		json_array_append_new(ports, json_pack("{s:s, s:s}", "name", "public", "network_id",
						     settings->public_network));
	json_array_append_new(ports, json_pack("{s:s, s:s, s:o}", "name", "guest0", "network_id",
					     text_of(document, "object_id"), "fixed_ips", wishes));
	return ports;
}

/* "10.0.0.1/24" of an address and its subnet's range. */
static json_t *with_length(const char *address, const char *cidr)
{
	const char *slash = cidr ? strchr(cidr, '/') : NULL;
	g_autofree char *text = g_strconcat(address, slash, NULL);

	return json_string(text);
}

static json_t *addresses_of(const json_t *port, const json_t *subnets)
{
	json_t *list = json_array();
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed) {
		const json_t *subnet = find(subnets, "id", text_of(fixed, "subnet_id"));

		if (subnet)
			json_array_append_new(list,
				with_length(text_of(fixed, "ip_address"), text_of(subnet, "cidr")));
	}
	return list;
}

static json_t *interface_of(
	const char *name, const char *role, const json_t *own, const json_t *subnets)
{
	const json_t *port = find(own, "name", name);

	return json_pack("{s:s, s:s, s:O, s:o}", "name", name, "role", role, "mac_address",
		json_object_get(port, "mac_address"), "addresses", addresses_of(port, subnets));
}

static json_t *interfaces(const json_t *document, const json_t *own, const json_t *outer,
	const struct router_settings *settings)
{
	json_t *list = json_array(), *guest0;

	json_array_append_new(list, interface_of("mgmt", "management", own, outer));
	if (settings->public_network)
		json_array_append_new(list, interface_of("public", "public", own, outer));
	guest0 = interface_of("guest0", "guest", own, json_object_get(document, "subnets"));
	json_object_set(
		guest0, "mtu", json_object_get(json_object_get(document, "network"), "mtu"));
	json_array_append_new(list, guest0);
	return list;
}

/* By its public NIC alone: without one, guests do not get out. */
static json_t *routes(const json_t *own, const json_t *outer)
{
	const json_t *port = find(own, "name", "public"), *fixed;
	json_t *list = json_array();
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed) {
		const json_t *subnet = find(outer, "id", text_of(fixed, "subnet_id"));
		const char *gateway = text_of(subnet, "gateway_ip");

		if (gateway)
			json_array_append_new(
				list, json_pack("{s:s, s:s}", "destination",
					      strchr(gateway, ':') ? "::/0" : "0.0.0.0/0",
					      "nexthop", gateway));
	}
	return list;
}

/* A name of one label, as it was given to the port; "": none that DHCP could tell. */
static const char *label_of(const json_t *port)
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

/* One lease for each guest: DHCPv4 gives a NIC one address. */
static json_t *host_of(const json_t *document, const json_t *port)
{
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed)
		if (is_served(find(json_object_get(document, "subnets"), "id",
			    text_of(fixed, "subnet_id"))))
			return json_pack("{s:O, s:O, s:s}", "mac_address",
				json_object_get(port, "mac_address"), "ip_address",
				json_object_get(fixed, "ip_address"), "hostname", label_of(port));
	return NULL;
}

static json_t *subnet_of(const json_t *document, const json_t *subnet, const json_t *guest0)
{
	const json_t *servers = json_object_get(subnet, "dns_nameservers");
	const char *gateway = text_of(subnet, "gateway_ip");
	const char *address = address_on(guest0, text_of(subnet, "id"));
	json_t *said = json_pack("{s:O, s:O}", "cidr", json_object_get(subnet, "cidr"),
		"host_routes", json_object_get(subnet, "host_routes"));

	if (gateway)
		json_object_set_new(said, "gateway_ip", json_string(gateway));
	if (json_array_size(servers))
		json_object_set(said, "dns_nameservers", (json_t *)servers);
	else if (has_service(document, "dns") && address)
		json_object_set_new(said, "dns_nameservers", json_pack("[s]", address));
	return said;
}

static json_t *dhcp(const json_t *document, const json_t *own)
{
	json_t *subnets = json_array(), *hosts = json_array();
	const json_t *guest0 = find(own, "name", "guest0"), *one;
	size_t i;

	json_array_foreach(json_object_get(document, "subnets"), i, one)
		if (is_served(one))
			json_array_append_new(subnets, subnet_of(document, one, guest0));
	json_array_foreach(json_object_get(document, "ports"), i, one) {
		json_t *host = is_guest(one) ? host_of(document, one) : NULL;

		if (host)
			json_array_append_new(hosts, host);
	}
	return json_pack("{s:O, s:o, s:o}", "mtu",
		json_object_get(json_object_get(document, "network"), "mtu"), "subnets", subnets,
		"hosts", hosts);
}

static json_t *name_of(const json_t *port)
{
	json_t *addresses = json_array();
	const json_t *fixed;
	size_t i;

	json_array_foreach(json_object_get(port, "fixed_ips"), i, fixed)
		json_array_append(addresses, json_object_get(fixed, "ip_address"));
	return json_pack("{s:s, s:o}", "name", label_of(port), "addresses", addresses);
}

static json_t *dns(const json_t *document, const struct router_settings *settings)
{
	const char *domain = text_of(json_object_get(document, "network"), "dns_domain");
	g_autofree char *bare = g_strdup(domain ?: "");
	json_t *names = json_array(), *forwarders = json_array();
	const json_t *port;
	char ip[IP_STRLEN];
	size_t i;

	if (g_str_has_suffix(bare, "."))
		bare[strlen(bare) - 1] = '\0';
	json_array_foreach(json_object_get(document, "ports"), i, port)
		if (is_guest(port) && *label_of(port))
			json_array_append_new(names, name_of(port));
	for (guint n = 0; n < settings->forwarders->len; n++)
		json_array_append_new(forwarders,
			json_string(
				ip_format(&g_array_index(settings->forwarders, struct ip, n), ip)));
	return json_pack(
		"{s:s, s:o, s:o}", "domain", bare, "names", names, "forwarders", forwarders);
}

/* The subnets that it is the gateway of leave by its first IPv4 address outside. */
static json_t *snat(const json_t *document, const json_t *own)
{
	const json_t *guest0 = find(own, "name", "guest0"), *public = find(own, "name", "public");
	const json_t *fixed, *subnet;
	const char *outside = NULL;
	json_t *list = json_array();
	size_t i;

	json_array_foreach(json_object_get(public, "fixed_ips"), i, fixed)
		if (!outside && !strchr(text_of(fixed, "ip_address"), ':'))
			outside = text_of(fixed, "ip_address");
	json_array_foreach(json_object_get(document, "subnets"), i, subnet)
		if (outside && is_served(subnet) && text_of(subnet, "gateway_ip") &&
			!g_strcmp0(address_on(guest0, text_of(subnet, "id")),
				text_of(subnet, "gateway_ip")))
			json_array_append_new(
				list, json_pack("{s:O, s:s}", "cidr",
					      json_object_get(subnet, "cidr"), "address", outside));
	return list;
}

static json_t *config(const json_t *document, const json_t *own, const json_t *outer,
	const struct router_settings *settings)
{
	json_t *config = json_pack("{s:O, s:i, s:o, s:o, s:o}", "id",
		json_object_get(document, "attachment"), "revision", 1, "interfaces",
		interfaces(document, own, outer, settings), "routes", routes(own, outer), "snat",
		snat(document, own));

	if (has_service(document, "dhcp"))
		json_object_set_new(config, "dhcp", dhcp(document, own));
	if (has_service(document, "dns"))
		json_object_set_new(config, "dns", dns(document, settings));
	return config;
}

/* "a1b2c3d4e-g": of the host's devices, no other router has it. */
static json_t *nic_of(const json_t *document, const json_t *port)
{
	g_autofree char *device = g_strdup_printf("a%.*s-%.1s", DEVICE_ID_LEN,
		text_of(document, "attachment"), text_of(port, "name"));

	return json_pack("{s:O, s:s, s:O}", "name", json_object_get(port, "name"), "device", device,
		"port_id", json_object_get(port, "id"));
}

json_t *desired_description(const json_t *document, const json_t *own, const json_t *outer,
	const struct router_settings *settings)
{
	static const char *const names[] = { "mgmt", "public", "guest0" };
	json_t *description = json_object(), *nics = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const json_t *port = find(own, "name", names[i]);

		if (port && (settings->public_network || strcmp(names[i], "public")))
			json_array_append_new(nics, nic_of(document, port));
	}
	if (settings->cpu_percent)
		json_object_set_new(
			description, "cpu_percent", json_integer(settings->cpu_percent));
	if (settings->memory_mib)
		json_object_set_new(description, "memory_mib", json_integer(settings->memory_mib));
	json_object_set_new(description, "nics", nics);
	json_object_set_new(description, "config", config(document, own, outer, settings));
	return description;
}
