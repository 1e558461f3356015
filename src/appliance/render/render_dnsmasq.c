/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnsmasq(8) for DHCP, router advertisements and DNS. It serves leases that are written down in
 * dhcp-hosts and no other, so it has no state: no file of leases, and whoever takes its place says
 * the same.
 */
#include "appliance/render/render.h"

static void append_ips(const GArray *ips, GString *text)
{
	char ip[IP_STRLEN];

	for (guint i = 0; i < ips->len; i++)
		g_string_append_printf(text,
			g_array_index(ips, struct ip, i).family == 6 ? ",[%s]" : ",%s",
			ip_format(&g_array_index(ips, struct ip, i), ip));
}

static void append_option(
	guint tag, const char *space, const char *name, const char *value, GString *text)
{
	g_string_append_printf(text, "dhcp-option=tag:s%u,%s:%s%s\n", tag, space, name, value);
}

/* RFC 3442: who takes this option ignores the router, so it is in it too. */
static void append_routes(const struct document_subnet *subnet, guint tag, GString *text)
{
	g_autoptr(GString) list = g_string_new(NULL);
	char destination[PREFIX_STRLEN], nexthop[IP_STRLEN];

	for (guint i = 0; i < subnet->routes->len; i++) {
		const struct document_route *route =
			&g_array_index(subnet->routes, struct document_route, i);

		g_string_append_printf(list, ",%s,%s",
			prefix_format(&route->destination, destination),
			ip_format(&route->nexthop, nexthop));
	}
	if (list->len && subnet->gateway.family)
		g_string_append_printf(list, ",0.0.0.0/0,%s", ip_format(&subnet->gateway, nexthop));
	if (list->len)
		append_option(tag, "option", "classless-static-route", list->str, text);
}

static void append_subnet6(const struct document_dhcp *dhcp, const struct document_subnet *subnet,
	guint i, GString *text)
{
	static const char *const modes[] = {
		[IPV6_NONE] = "static",
		[IPV6_SLAAC] = "ra-only",
		[IPV6_STATEFUL] = "static", /* enable-ra has it advertised */
		[IPV6_STATELESS] = "ra-stateless",
	};
	g_autoptr(GString) value = g_string_new(NULL);
	char ip[IP_STRLEN];

	g_string_append_printf(text, "dhcp-range=set:s%u,%s,%s,%u,%u\n", i,
		ip_format(&subnet->cidr.ip, ip), modes[subnet->ra_mode], subnet->cidr.len,
		dhcp->lease_s);
	append_ips(subnet->nameservers, value);
	append_option(i, "option6", "dns-server", value->str, text);
}

/* An option without a value is not sent; without the line dnsmasq would name itself. */
static void append_subnet4(const struct document_dhcp *dhcp, const struct document_subnet *subnet,
	guint i, GString *text)
{
	g_autoptr(GString) value = g_string_new(NULL);
	char ip[IP_STRLEN];
	struct ip mask = { .family = 4 };

	for (unsigned bit = 0; bit < subnet->cidr.len; bit++)
		mask.b[bit / 8] = (u8)(mask.b[bit / 8] | (0x80 >> bit % 8));
	g_string_append_printf(
		text, "dhcp-range=set:s%u,%s,static", i, ip_format(&subnet->cidr.ip, ip));
	g_string_append_printf(text, ",%s,%u\n", ip_format(&mask, ip), dhcp->lease_s);
	if (subnet->gateway.family)
		g_string_append_printf(value, ",%s", ip_format(&subnet->gateway, ip));
	append_option(i, "option", "router", value->str, text);
	g_string_truncate(value, 0);
	append_ips(subnet->nameservers, value);
	append_option(i, "option", "dns-server", value->str, text);
	append_routes(subnet, i, text);
}

static bool has_address(const struct document_interface *interface, const struct ip *ip)
{
	const GArray *const all[] = { interface->addresses, interface->virtual_addresses };

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		for (guint n = 0; n < all[i]->len; n++)
			if (!ip_compare(&g_array_index(all[i], struct prefix, n).ip, ip))
				return true;
	return false;
}

/* Is it the gateway of a subnet that it advertises? */
static bool is_gateway(const struct document_dhcp *dhcp, const struct document_interface *interface)
{
	for (guint i = 0; i < dhcp->subnets->len; i++) {
		const struct document_subnet *subnet =
			&g_array_index(dhcp->subnets, struct document_subnet, i);

		if (subnet->ra_mode && has_address(interface, &subnet->gateway))
			return true;
	}
	return false;
}

/* Who is not the gateway says so by a lifetime of 0 (RFC 4861, 6.2.3). */
static void append_advertisements(const struct document *document, GString *text)
{
	const GArray *subnets = document->dhcp.subnets;
	bool some = false, stateful = false;

	for (guint i = 0; i < subnets->len; i++) {
		const struct document_subnet *subnet =
			&g_array_index(subnets, struct document_subnet, i);

		some |= subnet->ra_mode != IPV6_NONE;
		stateful |= subnet->ra_mode == IPV6_STATEFUL;
	}
	if (stateful)
		g_string_append(text, "enable-ra\n");
	if (*document->dns.domain && document_leases(document, 6))
		g_string_append_printf(
			text, "dhcp-option=option6:domain-search,%s\n", document->dns.domain);
	for (guint i = 0; some && i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (interface->role == ROLE_GUEST && !is_gateway(&document->dhcp, interface))
			g_string_append_printf(text, "ra-param=%s,0,0\n", interface->name);
	}
}

static void append_dhcp(const struct document_dhcp *dhcp, const char *folder, GString *text)
{
	g_string_append_printf(text,
		"dhcp-authoritative\n"
		"dhcp-no-override\n"
		"leasefile-ro\n"
		"dhcp-hostsfile=%s/%s\n",
		folder, render_kinds[RENDER_DHCP_HOSTS].name);
	if (dhcp->mtu)
		g_string_append_printf(text, "dhcp-option=option:mtu,%u\n", dhcp->mtu);
	for (guint i = 0; i < dhcp->subnets->len; i++) {
		const struct document_subnet *subnet =
			&g_array_index(dhcp->subnets, struct document_subnet, i);

		if (subnet->cidr.ip.family == 4)
			append_subnet4(dhcp, subnet, i, text);
		else
			append_subnet6(dhcp, subnet, i, text);
	}
}

static void append_dns(const struct document_dns *dns, const char *folder, GString *text)
{
	char ip[IP_STRLEN];

	g_string_append_printf(
		text, "addn-hosts=%s/%s\n", folder, render_kinds[RENDER_DNS_HOSTS].name);
	for (guint i = 0; i < dns->forwarders->len; i++)
		g_string_append_printf(text, "server=%s\n",
			ip_format(&g_array_index(dns->forwarders, struct ip, i), ip));
}

static void append_interfaces(const struct document *document, GString *text)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (interface->role == ROLE_GUEST)
			g_string_append_printf(text, "interface=%s\n", interface->name);
	}
}

void render_dnsmasq(
	const struct document *document, const struct render_place *place, GString *text)
{
	const char *domain = document->dns.domain;

	if (!document->dhcp.enabled && !document->dns.enabled)
		return;
	g_string_append(text, "no-resolv\n"
			      "no-hosts\n"
			      "no-poll\n"
			      "bind-dynamic\n"
			      "except-interface=lo\n");
	append_interfaces(document, text);
	if (*domain)
		g_string_append_printf(
			text, "domain=%s\nlocal=/%s/\nexpand-hosts\n", domain, domain);
	if (document->dhcp.enabled) {
		append_dhcp(&document->dhcp, place->folder, text);
		append_advertisements(document, text);
	}
	if (document->dns.enabled)
		append_dns(&document->dns, place->folder, text);
	else
		g_string_append(text, "port=0\n");
}

/* What dnsmasq takes for a client is one line: the first one of several is all that it looks at. */
static GHashTable *addresses_by_mac(const GArray *hosts)
{
	GHashTable *all = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
	char mac[MAC_STRLEN];

	for (guint i = 0; i < hosts->len; i++) {
		const struct document_host *host = &g_array_index(hosts, struct document_host, i);
		GArray *its = g_hash_table_lookup(all, mac_format(&host->mac, mac));

		if (!its) {
			its = g_array_new(FALSE, FALSE, sizeof(struct ip));
			g_hash_table_insert(all, g_strdup(mac), its);
		}
		g_array_append_val(its, host->ip);
	}
	return all;
}

void render_dhcp_hosts(
	const struct document *document, const struct render_place *place, GString *text)
{
	g_autoptr(GHashTable) all = addresses_by_mac(document->dhcp.hosts);
	char mac[MAC_STRLEN];

	(void)place;
	for (guint i = 0; i < document->dhcp.hosts->len; i++) {
		const struct document_host *host =
			&g_array_index(document->dhcp.hosts, struct document_host, i);
		const GArray *its = g_hash_table_lookup(all, mac_format(&host->mac, mac));

		if (!its)
			continue; /* written with the first of them */
		g_string_append(text, mac);
		append_ips(its, text);
		g_string_append_printf(text, "%s%s\n", *host->name ? "," : "", host->name);
		g_hash_table_remove(all, mac);
	}
}

void render_dns_hosts(
	const struct document *document, const struct render_place *place, GString *text)
{
	char ip[IP_STRLEN];

	(void)place;
	for (guint i = 0; i < document->dns.names->len; i++) {
		const struct document_name *name =
			&g_array_index(document->dns.names, struct document_name, i);

		for (guint j = 0; j < name->addresses->len; j++)
			g_string_append_printf(text, "%s %s\n",
				ip_format(&g_array_index(name->addresses, struct ip, j), ip),
				name->name);
	}
}
