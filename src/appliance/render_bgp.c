/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FRR's bgpd(8). It runs without zebra, which needs more of root's powers than there are in an
 * appliance: learnt.c takes what it has learnt to the kernel.
 */
#include "appliance/render.h"

static void append_neighbor(const struct document_bgp_neighbor *one, GString *text)
{
	char ip[IP_STRLEN];

	ip_format(&one->ip, ip);
	g_string_append_printf(text,
		" neighbor %s remote-as %u\n neighbor %s disable-connected-check\n"
		" neighbor %s timers %u %u\n neighbor %s timers connect 5\n",
		ip, one->as, ip, ip, one->keepalive_s, one->hold_s, ip);
	if (*one->password)
		g_string_append_printf(text, " neighbor %s password %s\n", ip, one->password);
}

static void append_family(const struct document_bgp *bgp, GString *text)
{
	char address[PREFIX_STRLEN];

	g_string_append(text, " address-family ipv4 unicast\n");
	for (guint i = 0; i < bgp->neighbors->len; i++) {
		ip_format(&g_array_index(bgp->neighbors, struct document_bgp_neighbor, i).ip,
			address);
		g_string_append_printf(text,
			"  neighbor %s activate\n  neighbor %s prefix-list weft-own out\n", address,
			address);
		if (!bgp->import)
			g_string_append_printf(
				text, "  neighbor %s prefix-list weft-nothing in\n", address);
	}
	for (guint i = 0; i < bgp->networks->len; i++)
		g_string_append_printf(text, "  network %s\n",
			prefix_format(&g_array_index(bgp->networks, struct prefix, i), address));
	g_string_append(text, " exit-address-family\n");
}

/* Its own networks and no other: it is no way from one neighbor to another. */
static void append_lists(const struct document_bgp *bgp, GString *text)
{
	char address[PREFIX_STRLEN];

	for (guint i = 0; i < bgp->networks->len; i++)
		g_string_append_printf(text, "ip prefix-list weft-own seq %u permit %s\n",
			5 * (i + 1),
			prefix_format(&g_array_index(bgp->networks, struct prefix, i), address));
	g_string_append_printf(text,
		"ip prefix-list weft-own seq %u deny any\nip prefix-list weft-nothing seq 5 deny any\n",
		5 * (bgp->networks->len + 1));
}

void render_bgpd(const struct document *document, const struct render_place *place, GString *text)
{
	const struct document_bgp *bgp = &document->bgp;
	char id[IP_STRLEN];

	(void)place;
	if (!bgp->enabled)
		return;
	append_lists(bgp, text);
	g_string_append_printf(text,
		"router bgp %u\n bgp router-id %s\n no bgp default ipv4-unicast\n"
		" no bgp ebgp-requires-policy\n no bgp network import-check\n"
		" bgp graceful-restart-disable\n",
		bgp->as, ip_format(&bgp->router_id, id));
	for (guint i = 0; i < bgp->neighbors->len; i++)
		append_neighbor(
			&g_array_index(bgp->neighbors, struct document_bgp_neighbor, i), text);
	append_family(bgp, text);
}
