/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that are not here any more are taken away by link.c, which reads the kernel's. */
#include "appliance/render.h"

#define ROUTE_PROTOCOL 157 /* ours: rtnetlink(7), "user assigned" */

static void render_interface(const struct document_interface *interface, GString *text)
{
	char address[PREFIX_STRLEN], mac[MAC_STRLEN];

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
		g_string_append_printf(text, "address replace %s dev %s\n",
			prefix_format(
				&g_array_index(interface->addresses, struct prefix, i), address),
			interface->name);
}

void render_network(
	const struct document *document, const struct render_place *place, GString *text)
{
	char destination[PREFIX_STRLEN], nexthop[IP_STRLEN];

	(void)place;
	g_string_append(text, "link set dev lo up\n");
	for (guint i = 0; i < document->interfaces->len; i++)
		render_interface(
			&g_array_index(document->interfaces, struct document_interface, i), text);
	g_string_append_printf(text, "route flush proto %d\n", ROUTE_PROTOCOL);
	for (guint i = 0; i < document->routes->len; i++) {
		const struct document_route *route =
			&g_array_index(document->routes, struct document_route, i);

		if (!render_route_is_everybodys(document, route))
			continue;
		g_string_append_printf(text, "route replace %s via %s proto %d\n",
			prefix_format(&route->destination, destination),
			ip_format(&route->nexthop, nexthop), ROUTE_PROTOCOL);
	}
}
