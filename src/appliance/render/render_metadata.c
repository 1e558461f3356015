/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata service: weft-appliance --metadata answers at 169.254.169.254, an address of the
 * machine's own, so whoever takes its place has it too. Who asks is known by where the answer goes:
 * an address of a port, at its MAC address, both of which the edge switch has checked.
 */
#include <stdlib.h>

#include "appliance/document/document_metadata.h"
#include "appliance/render/render.h"
#include "appliance/render/render_nftables.h"

void render_metadata(
	const struct document *document, const struct render_place *place, GString *text)
{
	char *section = document->metadata.enabled
				? json_dumps(document->metadata.json, JSON_COMPACT | JSON_SORT_KEYS)
				: NULL;

	(void)place;
	if (section)
		g_string_append_printf(text, "%s\n", section);
	free(section);
}

void render_metadata_address(const struct document *document, GString *text)
{
	if (document->metadata.enabled)
		g_string_append(text, "address replace " METADATA_ADDRESS "/32 dev lo\n");
}

static void append_callers(const struct document_metadata_port *port, GString *text)
{
	char mac[MAC_STRLEN], ip[IP_STRLEN];

	mac_format(&port->mac, mac);
	for (guint i = 0; i < port->addresses->len; i++)
		if (g_array_index(port->addresses, struct ip, i).family == 4)
			g_string_append_printf(text,
				"add element inet weft metadata_callers { %s . %s }\n", mac,
				ip_format(&g_array_index(port->addresses, struct ip, i), ip));
}

void render_metadata_callers(const struct document *document, GString *text)
{
	const GArray *networks = document->metadata.networks;

	if (!document->metadata.enabled)
		return;
	g_string_append(text,
		"table inet weft {\n\tset metadata_callers {\n\t\ttype ether_addr . ipv4_addr\n\t}\n}\n"
		"flush set inet weft metadata_callers\n");
	for (guint n = 0; n < networks->len; n++) {
		const GArray *ports =
			g_array_index(networks, struct document_metadata_network, n).ports;

		for (guint i = 0; i < ports->len; i++)
			append_callers(
				&g_array_index(ports, struct document_metadata_port, i), text);
	}
}

void render_metadata_input(const struct document *document, const char *nic, GString *text)
{
	if (document->metadata.enabled)
		g_string_append_printf(text,
			"\t\tiifname \"%s\" ip daddr " METADATA_ADDRESS
			" tcp dport 80 ether saddr . ip saddr @metadata_callers accept\n",
			nic);
}
