/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnsmasq(8) for DHCPv4 and DNS. It serves leases that are written down in dhcp-hosts and no other,
 * so it has no state: no file of leases, and whoever takes its place says the same.
 */
#include "appliance/render.h"

static void append_ips(const GArray *ips, GString *text)
{
	char ip[IP_STRLEN];

	for (guint i = 0; i < ips->len; i++)
		g_string_append_printf(
			text, ",%s", ip_format(&g_array_index(ips, struct ip, i), ip));
}

static void append_option(guint tag, const char *name, const char *value, GString *text)
{
	g_string_append_printf(text, "dhcp-option=tag:s%u,option:%s%s\n", tag, name, value);
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
		append_option(tag, "classless-static-route", list->str, text);
}

/* An option without a value is not sent; without the line dnsmasq would name itself. */
static void append_subnet(const struct document_dhcp *dhcp, guint i, GString *text)
{
	const struct document_subnet *subnet =
		&g_array_index(dhcp->subnets, struct document_subnet, i);
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
	append_option(i, "router", value->str, text);
	g_string_truncate(value, 0);
	append_ips(subnet->nameservers, value);
	append_option(i, "dns-server", value->str, text);
	append_routes(subnet, i, text);
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
	for (guint i = 0; i < dhcp->subnets->len; i++)
		append_subnet(dhcp, i, text);
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
	if (document->dhcp.enabled)
		append_dhcp(&document->dhcp, place->folder, text);
	if (document->dns.enabled)
		append_dns(&document->dns, place->folder, text);
	else
		g_string_append(text, "port=0\n");
}

void render_dhcp_hosts(
	const struct document *document, const struct render_place *place, GString *text)
{
	char mac[MAC_STRLEN], ip[IP_STRLEN];

	(void)place;
	for (guint i = 0; i < document->dhcp.hosts->len; i++) {
		const struct document_host *host =
			&g_array_index(document->dhcp.hosts, struct document_host, i);

		g_string_append_printf(text, "%s,%s%s%s\n", mac_format(&host->mac, mac),
			ip_format(&host->ip, ip), *host->name ? "," : "", host->name);
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
