/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document_parts.h"

#define LEASE_DEFAULT_S 86400
#define LEASE_MIN_S 120 /* less is more to dnsmasq */
#define LEASE_MAX_S 604800

static bool read_mode(
	const json_t *value, const char *key, enum document_ipv6_mode *ret, GError **error)
{
	static const char *const modes[] = { "slaac", "dhcpv6-stateful", "dhcpv6-stateless", NULL };
	unsigned mode = 0;

	if (!json_object_get(value, key))
		return true;
	if (!field_choice(value, key, modes, &mode, error))
		return false;
	*ret = (enum document_ipv6_mode)(IPV6_SLAAC + mode);
	return true;
}

static bool fill_subnet(const json_t *value, struct document_subnet *ret, GError **error)
{
	static const char *const known[] = { "cidr", "gateway_ip", "dns_nameservers", "host_routes",
		"ipv6_ra_mode", "ipv6_address_mode", NULL };

	return field_check(value, known, error) && field_need(value, "cidr", error) &&
	       field_prefix(value, "cidr", 0, &ret->cidr, error) &&
	       field_ip(value, "gateway_ip", ret->cidr.ip.family, &ret->gateway, error) &&
	       field_list(value, "dns_nameservers", SMALL_LIST_MAX, field_read_ip, ret->nameservers,
		       error) &&
	       field_list(value, "host_routes", SMALL_LIST_MAX, document_read_route, ret->routes,
		       error) &&
	       read_mode(value, "ipv6_ra_mode", &ret->ra_mode, error) &&
	       read_mode(value, "ipv6_address_mode", &ret->address_mode, error);
}

static bool all_of_family(const struct document_subnet *subnet, GError **error)
{
	for (guint i = 0; i < subnet->nameservers->len; i++)
		if (g_array_index(subnet->nameservers, struct ip, i).family !=
			subnet->cidr.ip.family)
			return weft_fail(error, INVALID_INPUT,
				"dns_nameservers: must be IPv%u addresses, as the subnet is",
				subnet->cidr.ip.family);
	for (guint i = 0; i < subnet->routes->len; i++)
		if (g_array_index(subnet->routes, struct document_route, i).nexthop.family != 4 ||
			subnet->cidr.ip.family != 4)
			return weft_fail(error, INVALID_INPUT,
				"host_routes: must be IPv4 routes of an IPv4 subnet; DHCPv6 has none");
	return true;
}

/* dnsmasq leases of prefixes of 64 bits and longer, and advertises those of 64 (RFC 4862). */
static bool check_modes(const struct document_subnet *subnet, GError **error)
{
	bool told = subnet->ra_mode || subnet->address_mode;

	if (subnet->cidr.ip.family == 4)
		return !told || weft_fail(error, INVALID_INPUT,
					"ipv6_ra_mode, ipv6_address_mode: an IPv4 subnet has none");
	if (!told || (!subnet->ra_mode && subnet->address_mode == IPV6_SLAAC))
		return weft_fail(error, INVALID_INPUT,
			"ipv6_ra_mode, ipv6_address_mode: say nothing that is to be done for an IPv6 subnet; leave it out, or set one");
	if (subnet->ra_mode && subnet->address_mode && subnet->ra_mode != subnet->address_mode)
		return weft_fail(error, INVALID_INPUT,
			"ipv6_ra_mode, ipv6_address_mode: must be the same when both are there");
	return subnet->cidr.len == 64 ||
	       (subnet->cidr.len > 64 &&
		       (subnet->ra_mode ?: subnet->address_mode) == IPV6_STATEFUL) ||
	       weft_fail(error, INVALID_INPUT,
		       "cidr: must have 64 bits, or more with dhcpv6-stateful, for advertisements and leases");
}

static bool read_subnet(const json_t *value, GArray *array, GError **error)
{
	struct document_subnet subnet = {
		.nameservers = g_array_new(FALSE, FALSE, sizeof(struct ip)),
		.routes = g_array_new(FALSE, FALSE, sizeof(struct document_route)),
	};

	if (!fill_subnet(value, &subnet, error) || !all_of_family(&subnet, error) ||
		!check_modes(&subnet, error)) {
		g_array_unref(subnet.nameservers);
		g_array_unref(subnet.routes);
		return false;
	}
	g_array_append_val(array, subnet);
	return true;
}

static bool read_host(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "mac_address", "ip_address", "hostname", NULL };
	struct document_host host = { 0 };

	if (!field_check(value, known, error) || !field_need(value, "mac_address", error) ||
		!field_need(value, "ip_address", error) ||
		!field_mac(value, "mac_address", &host.mac, error) ||
		!field_ip(value, "ip_address", 0, &host.ip, error) ||
		!field_label(value, "hostname", host.name, sizeof(host.name), error))
		return false;
	g_array_append_val(array, host);
	return true;
}

static bool in_a_subnet(const struct document_dhcp *dhcp, const struct ip *ip)
{
	for (guint i = 0; i < dhcp->subnets->len; i++)
		if (prefix_contains(
			    &g_array_index(dhcp->subnets, struct document_subnet, i).cidr, ip))
			return true;
	return false;
}

bool document_leases(const struct document *document, u8 family)
{
	for (guint i = 0; i < document->dhcp.subnets->len; i++)
		if (g_array_index(document->dhcp.subnets, struct document_subnet, i)
				.cidr.ip.family == family)
			return true;
	return false;
}

static bool subnets_apart(const struct document_dhcp *dhcp, GError **error)
{
	const struct document_subnet *subnets = (const struct document_subnet *)dhcp->subnets->data;
	char a[PREFIX_STRLEN], b[PREFIX_STRLEN];

	for (guint i = 0; i < dhcp->subnets->len; i++)
		for (guint j = 0; j < i; j++)
			if (prefix_overlaps(&subnets[i].cidr, &subnets[j].cidr))
				return weft_fail(error, INVALID_INPUT, "subnets: %s and %s overlap",
					prefix_format(&subnets[j].cidr, a),
					prefix_format(&subnets[i].cidr, b));
	return true;
}

/* One IPv4 lease for a MAC address, and one MAC address for a lease. */
static bool check_hosts(const struct document_dhcp *dhcp, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	char ip[IP_STRLEN], mac[MAC_STRLEN];

	for (guint i = 0; i < dhcp->hosts->len; i++) {
		const struct document_host *host =
			&g_array_index(dhcp->hosts, struct document_host, i);

		ip_format(&host->ip, ip);
		if (!in_a_subnet(dhcp, &host->ip))
			return weft_fail(error, INVALID_INPUT,
				"hosts[%u].ip_address: %s is in none of the subnets", i, ip);
		if (!g_hash_table_add(seen, g_strdup(ip)) ||
			(host->ip.family == 4 &&
				!g_hash_table_add(seen, g_strdup(mac_format(&host->mac, mac)))))
			return weft_fail(error, INVALID_INPUT,
				"hosts[%u]: its ip_address %s or mac_address %s is another's too",
				i, ip, mac_format(&host->mac, mac));
	}
	return true;
}

bool document_read_dhcp(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "lease_s", "mtu", "subnets", "hosts", NULL };
	struct document_dhcp *dhcp = data;
	u64 lease_s = LEASE_DEFAULT_S, mtu = 0;

	if (!field_check(object, known, error) ||
		!field_number(object, "lease_s", LEASE_MIN_S, LEASE_MAX_S, &lease_s, error) ||
		!field_number(object, "mtu", 68, UINT16_MAX, &mtu, error) ||
		!field_need(object, "subnets", error) ||
		!field_list(object, "subnets", SMALL_LIST_MAX, read_subnet, dhcp->subnets, error) ||
		!field_list(object, "hosts", LIST_MAX, read_host, dhcp->hosts, error))
		return false;
	dhcp->lease_s = (u32)lease_s;
	dhcp->mtu = (u32)mtu;
	return subnets_apart(dhcp, error) && check_hosts(dhcp, error);
}

static bool fill_name(const json_t *value, struct document_name *ret, GError **error)
{
	static const char *const known[] = { "name", "addresses", NULL };

	return field_check(value, known, error) && field_need(value, "name", error) &&
	       field_domain(value, "name", ret->name, sizeof(ret->name), error) &&
	       (*ret->name || weft_fail(error, INVALID_INPUT, "name: must not be empty")) &&
	       field_list(value, "addresses", SMALL_LIST_MAX, field_read_ip, ret->addresses, error);
}

static bool read_name(const json_t *value, GArray *array, GError **error)
{
	struct document_name name = { .addresses = g_array_new(FALSE, FALSE, sizeof(struct ip)) };

	if (!fill_name(value, &name, error)) {
		g_array_unref(name.addresses);
		return false;
	}
	g_array_append_val(array, name);
	return true;
}

bool document_read_dns(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "domain", "forwarders", "names", NULL };
	struct document_dns *dns = data;

	return field_check(object, known, error) &&
	       field_domain(object, "domain", dns->domain, sizeof(dns->domain), error) &&
	       field_list(object, "forwarders", SMALL_LIST_MAX, field_read_ip, dns->forwarders,
		       error) &&
	       field_list(object, "names", LIST_MAX, read_name, dns->names, error);
}
