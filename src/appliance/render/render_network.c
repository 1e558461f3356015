/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that are not here any more are taken away by link.c, which reads the kernel's; routes
 * of IPv6 by who runs this, since a batch knows one family. */
#include "appliance/render/render.h"

/* Whose address it is, is known: nobody has to be asked, and waited for (RFC 4862, 5.4). */
static void render_address(
	const struct prefix *prefix, const struct document_interface *interface, GString *text)
{
	char address[PREFIX_STRLEN];

	g_string_append_printf(text, "address replace %s dev %s%s\n",
		prefix_format(prefix, address), interface->name,
		prefix->ip.family == 6 ? " nodad" : "");
}

static void render_interface(const struct document_interface *interface, GString *text)
{
	char mac[MAC_STRLEN];

	/* A MAC that two have must not be heard of by who is not master. */
	if (!mac_is_zero(&interface->virtual_mac))
		g_string_append_printf(text,
			"link set dev %s addrgenmode none\nlink set dev %s address %s\n",
			interface->name, interface->name, mac_format(&interface->virtual_mac, mac));
	g_string_append_printf(text, "link set dev %s up", interface->name);
	if (interface->mtu)
		g_string_append_printf(text, " mtu %u", interface->mtu);
	g_string_append_c(text, '\n');
	for (guint i = 0; i < interface->addresses->len; i++)
		render_address(
			&g_array_index(interface->addresses, struct prefix, i), interface, text);
}

/* By which NIC a next hop is reached that is on every link. */
static void append_scope(const struct document *document, const struct ip *nexthop, GString *text)
{
	if (ip_is_link_local(nexthop) && nexthop->family == 6)
		g_string_append_printf(text, " dev %s", document_public(document)->name);
}

void render_network(
	const struct document *document, const struct render_place *place, GString *text)
{
	char destination[PREFIX_STRLEN], nexthop[IP_STRLEN];

	(void)place;
	g_string_append(text, "link set dev lo up\n");
	render_metadata_address(document, text);
	for (guint i = 0; i < document->interfaces->len; i++)
		render_interface(
			&g_array_index(document->interfaces, struct document_interface, i), text);
	g_string_append_printf(text, "route flush proto %d\n", RENDER_ROUTE_PROTOCOL);
	for (guint i = 0; i < document->routes->len; i++) {
		const struct document_route *route =
			&g_array_index(document->routes, struct document_route, i);

		if (!render_route_is_everybodys(document, route))
			continue;
		g_string_append_printf(text, "route replace %s via %s",
			prefix_format(&route->destination, destination),
			ip_format(&route->nexthop, nexthop));
		append_scope(document, &route->nexthop, text);
		g_string_append_printf(text, " proto %d\n", RENDER_ROUTE_PROTOCOL);
	}
}
