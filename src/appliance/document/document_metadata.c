/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document_metadata.h"

#include "appliance/document/document_parts.h"

static bool read_service_route(const json_t *value, GArray *array, GError **error)
{
	g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(struct document_route));
	struct service_route route;

	if (!document_read_route(value, one, error))
		return false;
	route.destination = g_array_index(one, struct document_route, 0).destination;
	route.nexthop = g_array_index(one, struct document_route, 0).nexthop;
	g_array_append_val(array, route);
	return true;
}

static bool read_mode(const json_t *value, enum service_ip6_mode *ret, GError **error)
{
	static const char *const modes[] = { "slaac", "dhcpv6-stateful", "dhcpv6-stateless", NULL };
	unsigned mode = 0;

	if (!json_object_get(value, "ipv6_address_mode"))
		return true;
	if (!field_choice(value, "ipv6_address_mode", modes, &mode, error))
		return false;
	*ret = (enum service_ip6_mode)(SERVICE_IP6_SLAAC + mode);
	return true;
}

static bool fill_subnet(const json_t *value, struct document_metadata_subnet *ret, GError **error)
{
	static const char *const known[] = { "cidr", "gateway_ip", "enable_dhcp", "dns_nameservers",
		"host_routes", "ipv6_address_mode", NULL };
	struct service_subnet *subnet = &ret->subnet;

	return field_check(value, known, error) && field_need(value, "cidr", error) &&
	       field_prefix(value, "cidr", 0, &subnet->cidr, error) &&
	       field_ip(value, "gateway_ip", subnet->cidr.ip.family, &subnet->gateway, error) &&
	       field_bool(value, "enable_dhcp", &subnet->enable_dhcp, error) &&
	       read_mode(value, &subnet->address_mode, error) &&
	       field_list(value, "dns_nameservers", SMALL_LIST_MAX, field_read_ip, ret->nameservers,
		       error) &&
	       field_list(value, "host_routes", SMALL_LIST_MAX, read_service_route, ret->routes,
		       error);
}

static void clear_subnet(gpointer data)
{
	struct document_metadata_subnet *subnet = data;

	g_array_unref(subnet->nameservers);
	g_array_unref(subnet->routes);
}

static bool read_subnet(const json_t *value, GArray *array, GError **error)
{
	struct document_metadata_subnet one = {
		.nameservers = g_array_new(FALSE, FALSE, sizeof(struct ip)),
		.routes = g_array_new(FALSE, FALSE, sizeof(struct service_route)),
	};

	if (!fill_subnet(value, &one, error)) {
		clear_subnet(&one);
		return false;
	}
	one.subnet.dns_servers = (const struct ip *)(void *)one.nameservers->data;
	one.subnet.n_dns_servers = one.nameservers->len;
	one.subnet.routes = (const struct service_route *)(void *)one.routes->data;
	one.subnet.n_routes = one.routes->len;
	g_array_append_val(array, one);
	return true;
}

/* What is said of a port in words; there or not. */
static bool check_texts(const json_t *value, GError **error)
{
	static const char *const texts[] = { "device_id", "project_id", "name", "dns_name" };
	const json_t *given = json_object_get(value, "given");

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		const json_t *text = json_object_get(value, texts[i]);

		if (text && !json_is_string(text))
			return weft_fail(error, INVALID_INPUT, "%s: must be a text", texts[i]);
	}
	return !given || json_is_object(given) ||
	       weft_fail(error, INVALID_INPUT, "given: must be an object");
}

static void clear_port(gpointer data)
{
	g_array_unref(((struct document_metadata_port *)data)->addresses);
}

static bool read_port(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "port_id", "mac_address", "ip_addresses", "device_id",
		"project_id", "name", "dns_name", "given", NULL };
	struct document_metadata_port port = {
		.addresses = g_array_new(FALSE, FALSE, sizeof(struct ip)), .json = value
	};

	if (field_check(value, known, error) && field_need(value, "port_id", error) &&
		field_uuid(value, "port_id", port.id, error) &&
		field_need(value, "mac_address", error) &&
		field_mac(value, "mac_address", &port.mac, error) &&
		field_list(value, "ip_addresses", SMALL_LIST_MAX, field_read_ip, port.addresses,
			error) &&
		check_texts(value, error)) {
		g_array_append_val(array, port);
		return true;
	}
	clear_port(&port);
	return false;
}

static GArray *array_of(size_t size, GDestroyNotify clear)
{
	GArray *array = g_array_new(FALSE, FALSE, (guint)size);

	g_array_set_clear_func(array, clear);
	return array;
}

static void clear_network(gpointer data)
{
	struct document_metadata_network *network = data;

	g_array_unref(network->subnets);
	g_array_unref(network->ports);
}

static bool read_network(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "network_id", "mtu", "subnets", "ports", NULL };
	struct document_metadata_network network = {
		.subnets = array_of(sizeof(struct document_metadata_subnet), clear_subnet),
		.ports = array_of(sizeof(struct document_metadata_port), clear_port),
	};
	u64 mtu = 0;

	if (field_check(value, known, error) && field_need(value, "network_id", error) &&
		field_uuid(value, "network_id", network.id, error) &&
		field_number(value, "mtu", 0, G_MAXUINT16, &mtu, error) &&
		field_list(value, "subnets", SMALL_LIST_MAX, read_subnet, network.subnets, error) &&
		field_list(value, "ports", LIST_MAX, read_port, network.ports, error)) {
		network.mtu = (u32)mtu;
		g_array_append_val(array, network);
		return true;
	}
	clear_network(&network);
	return false;
}

void document_metadata_init(struct document_metadata *ret)
{
	*ret = (struct document_metadata){
		.networks = array_of(sizeof(struct document_metadata_network), clear_network)
	};
}

void document_metadata_clear(struct document_metadata *metadata)
{
	g_array_unref(metadata->networks);
	json_decref(metadata->json);
}

/* Who asks is known by the address alone, once the filter has let it in: it must be one port's. */
static bool check_addresses(const struct document_metadata *metadata, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(ip_hash, ip_equal);
	char text[IP_STRLEN];

	for (guint n = 0; n < metadata->networks->len; n++) {
		const GArray *ports =
			g_array_index(metadata->networks, struct document_metadata_network, n)
				.ports;

		for (guint p = 0; p < ports->len; p++) {
			const GArray *addresses =
				g_array_index(ports, struct document_metadata_port, p).addresses;

			for (guint i = 0; i < addresses->len; i++)
				if (!g_hash_table_add(
					    seen, &g_array_index(addresses, struct ip, i)))
					return weft_fail(error, INVALID_INPUT,
						"networks: two ports have the address %s",
						ip_format(&g_array_index(addresses, struct ip, i),
							text));
		}
	}
	return true;
}

bool document_read_metadata(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "networks", NULL };
	struct document_metadata *metadata = data;

	metadata->json = json_incref((json_t *)object);
	return field_check(object, known, error) &&
	       field_list(object, "networks", SMALL_LIST_MAX, read_network, metadata->networks,
		       error) &&
	       check_addresses(metadata, error);
}
