/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FRR's bgpd(8). It runs without zebra, which needs more of root's powers than there are in an
 * appliance: learnt.c takes what it has learnt to the kernel. What it announces is not in its file,
 * which it reads once: speaker.c tells it that while it runs, so that no session ends for a route.
 */
#include "appliance/render/render.h"
#include "appliance/render/render_nftables.h"

#define RESTART_S 20 /* for which neighbors of a pair keep what a silent one has announced */

/* Its address outside is the session's, and so the next hop. Nothing is known to be connected, so
 * a neighbor of another AS may be further away. */
static void append_neighbor(
	const struct document_bgp *bgp, const struct document_bgp_neighbor *one, GString *text)
{
	const struct ip *source = one->ip.family == 6 ? &bgp->source6 : &bgp->source;
	char ip[IP_STRLEN], own[IP_STRLEN];

	ip_format(&one->ip, ip);
	g_string_append_printf(text,
		" neighbor %s remote-as %u\n neighbor %s disable-connected-check\n"
		" neighbor %s timers %u %u\n neighbor %s timers connect 5\n",
		ip, one->as, ip, ip, one->keepalive_s, one->hold_s, ip);
	if (one->as != bgp->as)
		g_string_append_printf(text, " neighbor %s ebgp-multihop 255\n", ip);
	g_string_append_printf(text, " neighbor %s update-source %s\n", ip, ip_format(source, own));
	if (*one->password)
		g_string_append_printf(text, " neighbor %s password %s\n", ip, one->password);
}

static const struct document_bgp_neighbor *neighbor_at(const struct document_bgp *bgp, guint i)
{
	return &g_array_index(bgp->neighbors, struct document_bgp_neighbor, i);
}

static bool has_family(const struct document_bgp *bgp, u8 family)
{
	for (guint i = 0; i < bgp->neighbors->len; i++)
		if (neighbor_at(bgp, i)->ip.family == family)
			return true;
	return false;
}

/* A neighbor is told prefixes of its own family alone. */
static void append_family(const struct document_bgp *bgp, u8 family, GString *text)
{
	char address[IP_STRLEN];

	if (!has_family(bgp, family))
		return;
	g_string_append_printf(text, " address-family ipv%u unicast\n", family);
	for (guint i = 0; i < bgp->neighbors->len; i++) {
		if (neighbor_at(bgp, i)->ip.family != family)
			continue;
		ip_format(&neighbor_at(bgp, i)->ip, address);
		g_string_append_printf(text,
			"  neighbor %s activate\n  neighbor %s prefix-list " RENDER_BGP_OWN
			" out\n",
			address, address);
		if (!bgp->import)
			g_string_append_printf(
				text, "  neighbor %s prefix-list weft-nothing in\n", address);
	}
	g_string_append(text, " exit-address-family\n");
}

/* Its own networks and no other: it is no way from one neighbor to another. A list ends with
 * "deny", and one that is never empty is never taken for none. */
static void append_lists(const struct document_bgp *bgp, GString *text)
{
	g_string_append(text, "ip prefix-list " RENDER_BGP_OWN " seq 5 deny 0.0.0.0/32\n"
			      "ip prefix-list weft-nothing seq 5 deny any\n");
	if (has_family(bgp, 6))
		g_string_append(text, "ipv6 prefix-list " RENDER_BGP_OWN " seq 5 deny ::/128\n"
				      "ipv6 prefix-list weft-nothing seq 5 deny any\n");
}

/* Who takes over has the same addresses, so what leads to them is as good as before: neighbors keep
 * it until he has said it again (RFC 4724). Of one alone nothing is left that could forward. */
static void append_restart(const struct document *document, GString *text)
{
	if (!document->redundancy.enabled) {
		g_string_append(text, " bgp graceful-restart-disable\n");
		return;
	}
	g_string_append_printf(text,
		" bgp graceful-restart\n bgp graceful-restart preserve-fw-state\n"
		" bgp graceful-restart restart-time %d\n bgp graceful-restart select-defer-time 0\n",
		RESTART_S);
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
		" no bgp ebgp-requires-policy\n no bgp network import-check\n",
		bgp->as, ip_format(&bgp->router_id, id));
	append_restart(document, text);
	for (guint i = 0; i < bgp->neighbors->len; i++)
		append_neighbor(bgp, neighbor_at(bgp, i), text);
	append_family(bgp, 4, text);
	append_family(bgp, 6, text);
}

void render_bgp_networks(
	const struct document *document, const struct render_place *place, GString *text)
{
	const GArray *networks = document->bgp.networks;
	char prefix[PREFIX_STRLEN];

	(void)place;
	for (guint i = 0; document->bgp.enabled && i < networks->len; i++)
		g_string_append_printf(text, "%s\n",
			prefix_format(&g_array_index(networks, struct prefix, i), prefix));
}

static bool is_announced(const struct document_bgp *bgp, const struct prefix *prefix)
{
	struct ip network = prefix_network(prefix);

	for (guint i = 0; bgp->enabled && i < bgp->networks->len; i++) {
		const struct prefix *one = &g_array_index(bgp->networks, struct prefix, i);

		if (one->len == prefix->len && !ip_compare(&one->ip, &network))
			return true;
	}
	return false;
}

static void append_let_in(const struct document_bgp *bgp, const char *public, const char *nic,
	const GArray *addresses, GString *text)
{
	char network[IP_STRLEN];

	for (guint i = 0; i < addresses->len; i++) {
		const struct prefix *prefix = &g_array_index(addresses, struct prefix, i);
		struct ip ip = prefix_network(prefix);

		/* IPv6 is let in anyhow */
		if (ip.family == 4 && is_announced(bgp, prefix))
			g_string_append_printf(text,
				"\t\tiifname \"%s\" oifname \"%s\" ip daddr %s/%u accept\n", public,
				nic, ip_format(&ip, network), prefix->len);
	}
}

void render_bgp_forward(const struct document *document, const char *public, GString *text)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (interface->role != ROLE_GUEST)
			continue;
		append_let_in(&document->bgp, public, interface->name, interface->addresses, text);
		append_let_in(&document->bgp, public, interface->name, interface->virtual_addresses,
			text);
	}
}
