/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keepalived(8) decides by VRRP (RFC 5798) who of the pair is master, and gives it the virtual
 * addresses and the routes that need them; conntrackd(8) tells the other one of every connection,
 * so that it can go on with them. Both talk to the peer's address alone.
 */
#include "appliance/render/render.h"

#define CONNECTIONS_MAX 262144

/* Is it by the virtual addresses that its next hop is reached? */
static bool is_virtual(const struct document *document, const struct document_route *route)
{
	return document->redundancy.enabled && !document_reaches(document, &route->nexthop);
}

bool render_route_is_everybodys(const struct document *document, const struct document_route *route)
{
	return !is_virtual(document, route);
}

static const struct document_interface *interface_at(const struct document *document, guint i)
{
	return &g_array_index(document->interfaces, struct document_interface, i);
}

static void append_address(
	const struct document_interface *interface, const struct prefix *prefix, GString *text)
{
	char address[PREFIX_STRLEN];

	g_string_append_printf(
		text, "        %s dev %s\n", prefix_format(prefix, address), interface->name);
}

/* A NIC with a MAC of two has none by itself. Without one nothing is advertised by it (RFC
 * 4861, 6.1.2), and who has an address that is shared has this one too. */
static void append_link_local(const struct document_interface *interface, GString *text)
{
	struct prefix prefix = { .ip = ip_link_local_from_mac(&interface->virtual_mac), .len = 64 };
	bool speaks_ip6 = false;

	if (mac_is_zero(&interface->virtual_mac))
		return;
	for (guint i = 0; i < interface->virtual_addresses->len; i++) {
		const struct prefix *given =
			&g_array_index(interface->virtual_addresses, struct prefix, i);

		if (!ip_compare(&given->ip, &prefix.ip))
			return;
		speaks_ip6 |= given->ip.family == 6;
	}
	if (speaks_ip6)
		append_address(interface, &prefix, text);
}

/* VRRP tells of one address, the first of IPv4: with all of them in it a new one would be an error
 * of the peer's until that has it too, and there would be room for 255. */
static void append_addresses(const struct document *document, GString *text)
{
	g_autoptr(GString) others = g_string_new(NULL);
	bool told = false;

	g_string_append(text, "    virtual_ipaddress {\n");
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface = interface_at(document, i);
		const GArray *addresses = interface->virtual_addresses;

		for (guint n = 0; n < addresses->len; n++) {
			const struct prefix *prefix = &g_array_index(addresses, struct prefix, n);
			bool is_first = !told && prefix->ip.family == 4;

			append_address(interface, prefix, is_first ? text : others);
			told |= is_first;
		}
		append_link_local(interface, others);
	}
	g_string_append_printf(
		text, "    }\n    virtual_ipaddress_excluded {\n%s    }\n", others->str);
}

static void append_routes(const struct document *document, GString *text)
{
	char destination[PREFIX_STRLEN], nexthop[IP_STRLEN];

	g_string_append(text, "    virtual_routes {\n");
	for (guint i = 0; i < document->routes->len; i++) {
		const struct document_route *route =
			&g_array_index(document->routes, struct document_route, i);

		if (is_virtual(document, route))
			g_string_append_printf(text, "        %s via %s no_track\n",
				prefix_format(&route->destination, destination),
				ip_format(&route->nexthop, nexthop));
	}
	g_string_append(text, "    }\n");
}

/* One whose NIC is down must not be master. */
static void append_tracked(const struct document *document, GString *text)
{
	g_string_append(text, "    track_interface {\n");
	for (guint i = 0; i < document->interfaces->len; i++)
		if (interface_at(document, i)->virtual_addresses->len)
			g_string_append_printf(
				text, "        %s\n", interface_at(document, i)->name);
	g_string_append(text, "    }\n");
}

void render_keepalived(
	const struct document *document, const struct render_place *place, GString *text)
{
	const struct document_redundancy *redundancy = &document->redundancy;
	char own[IP_STRLEN], peer[IP_STRLEN];

	if (!redundancy->enabled)
		return;
	g_string_append_printf(text,
		"global_defs {\n"
		"    vrrp_version 3\n"
		"    vrrp_check_unicast_src\n"
		"    vrrp_notify_fifo %s/" RENDER_REDUNDANCY_FIFO "\n"
		"    script_user root\n"
		"}\n"
		"vrrp_instance weft {\n"
		"    state BACKUP\n"
		"    interface %s\n"
		"    virtual_router_id %u\n"
		"    priority %u\n"
		"    advert_int %u.%02u\n"
		"%s"
		"    unicast_src_ip %s\n"
		"    unicast_peer {\n        %s\n    }\n"
		"    garp_master_delay 1\n"
		"    garp_master_refresh 1\n"
		"    garp_master_refresh_repeat 1\n",
		place->folder, redundancy->interface, redundancy->vrid, redundancy->priority,
		redundancy->advertisement_ms / 1000, redundancy->advertisement_ms % 1000 / 10,
		redundancy->preempt ? "" : "    nopreempt\n", ip_format(&redundancy->own, own),
		ip_format(&redundancy->peer, peer));
	append_tracked(document, text);
	append_addresses(document, text);
	append_routes(document, text);
	g_string_append(text, "}\n");
}

/* What the appliance itself talks with is nobody else's. */
void render_conntrackd(
	const struct document *document, const struct render_place *place, GString *text)
{
	const struct document_redundancy *redundancy = &document->redundancy;
	char own[IP_STRLEN], peer[IP_STRLEN];

	if (!redundancy->enabled)
		return;
	ip_format(&redundancy->own, own);
	ip_format(&redundancy->peer, peer);
	g_string_append_printf(text,
		"Sync {\n"
		"    Mode FTFW {\n        StartupResync yes\n    }\n"
		"    UDP {\n"
		"        IPv4_address %s\n"
		"        IPv4_Destination_Address %s\n"
		"        Port %d\n"
		"        Interface %s\n"
		"        Checksum on\n"
		"    }\n"
		"}\n"
		"General {\n"
		"    HashSize 32768\n"
		"    HashLimit %d\n"
		"    LogFile off\n"
		"    Syslog off\n"
		"    LockFile %s/conntrackd.lock\n"
		"    UNIX {\n        Path %s/conntrackd.ctl\n    }\n"
		"    NetlinkBufferSize 2097152\n"
		"    NetlinkBufferSizeMaxGrowth 8388608\n"
		"    Filter From Kernelspace {\n"
		"        Protocol Accept {\n            TCP\n            UDP\n            ICMP\n        }\n"
		"        Address Ignore {\n"
		"            IPv4_address 127.0.0.1\n"
		"            IPv4_address %s\n"
		"            IPv4_address %s\n"
		"        }\n"
		"    }\n"
		"}\n",
		own, peer, RENDER_SYNC_PORT, redundancy->interface, CONNECTIONS_MAX, place->folder,
		place->folder, own, peer);
}
