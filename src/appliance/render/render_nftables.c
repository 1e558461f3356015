/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table, made anew as a whole in one transaction of the kernel's, so there is no moment without
 * a filter. It is flushed, not deleted: the counters go on counting.
 *
 *   input    to the appliance: its API by the management NIC, DHCP and DNS by guests' NICs
 *   forward  what belongs to a connection; then what the firewall's rules allow; of that what
 * guests send, and what was translated for them (floating IPs, port forwardings). The management
 * network is nobody's way, unless there is no public NIC and something is to leave. dstnat floating
 * IPs and port forwardings, by maps: one lookup, however many there are (Linux 6.1 does not take a
 * map for the set of its keys, so there are both) srcnat   floating IPs, then SNAT by subnet, on
 * what leaves by the public NIC; and what a guest sends to another guest by its outer address, so
 * that the answer comes back this way. transport_in and transport_out, of IPsec in transport mode,
 * see addresses as they are outside.
 */
#include <netinet/in.h>

#include "appliance/render/render_nftables.h"

#define TABLE "inet weft"

/* Everything that nothing else is in; a table that is there already only gets what it lacks. */
static const char skeleton[] =
	"table " TABLE " {\n"
	"\tcounter connections_snat {\n\t}\n"
	"\tcounter connections_floating_ip {\n\t}\n"
	"\tcounter connections_port_forwarding {\n\t}\n"
	"\tcounter firewall_dropped {\n\t}\n"
	"\tcounter input_dropped {\n\t}\n"
	"\tcounter invalid_dropped {\n\t}\n"
	"\tcounter management_dropped {\n\t}\n"
	"\tcounter outside_dropped {\n\t}\n"
	"\tcounter tunnel_dropped {\n\t}\n"
	"\tset floating {\n\t\ttype ipv4_addr\n\t}\n"
	"\tset fixed {\n\t\ttype ipv4_addr\n\t}\n"
	"\tset forwarded_from {\n\t\ttype ipv4_addr . inet_proto . inet_service\n\t}\n"
	"\tmap floating_to_fixed {\n\t\ttype ipv4_addr : ipv4_addr\n\t}\n"
	"\tmap fixed_to_floating {\n\t\ttype ipv4_addr : ipv4_addr\n\t}\n"
	"\tmap forwarded {\n\t\ttype ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service\n\t}\n"
	"\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t}\n"
	"\tchain firewall {\n\t}\n"
	"\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n"
	"\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n"
	"\tchain dstnat {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t}\n"
	"\tchain srcnat {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n\t}\n"
	"\tchain transport_in {\n\t\ttype filter hook prerouting priority raw; policy accept;\n\t}\n"
	"\tchain transport_out {\n\t\ttype filter hook postrouting priority 200; policy accept;\n\t}\n"
	"}\n"
	"flush table " TABLE "\n"
	"flush set " TABLE " floating\n"
	"flush set " TABLE " fixed\n"
	"flush set " TABLE " forwarded_from\n"
	"flush map " TABLE " floating_to_fixed\n"
	"flush map " TABLE " fixed_to_floating\n"
	"flush map " TABLE " forwarded\n";

static const struct document_interface *interface_at(const struct document *document, guint i)
{
	return &g_array_index(document->interfaces, struct document_interface, i);
}

static void append_floating_ips(const struct document *document, GString *text)
{
	char floating[IP_STRLEN], fixed[IP_STRLEN];

	for (guint i = 0; i < document->floating_ips->len; i++) {
		const struct document_floating_ip *one =
			&g_array_index(document->floating_ips, struct document_floating_ip, i);

		ip_format(&one->floating, floating);
		ip_format(&one->fixed, fixed);
		g_string_append_printf(text,
			"add element " TABLE " floating { %s }\n"
			"add element " TABLE " fixed { %s }\n"
			"add element " TABLE " floating_to_fixed { %s : %s }\n"
			"add element " TABLE " fixed_to_floating { %s : %s }\n",
			floating, fixed, floating, fixed, fixed, floating);
	}
}

static void append_forwarding(const struct document_port_forwarding *one, unsigned n, GString *text)
{
	const char *protocol = one->protocol == IPPROTO_UDP ? "udp" : "tcp";
	char external[IP_STRLEN], internal[IP_STRLEN];

	ip_format(&one->external, external);
	ip_format(&one->internal, internal);
	g_string_append_printf(text,
		"add element " TABLE " forwarded_from { %s . %s . %u }\n"
		"add element " TABLE " forwarded { %s . %s . %u : %s . %u }\n",
		external, protocol, one->external_first + n, external, protocol,
		one->external_first + n, internal, one->internal_first + n);
}

static void append_forwardings(const struct document *document, GString *text)
{
	for (guint i = 0; i < document->port_forwardings->len; i++) {
		const struct document_port_forwarding *one = &g_array_index(
			document->port_forwardings, struct document_port_forwarding, i);

		for (unsigned n = 0; n <= (unsigned)(one->external_last - one->external_first); n++)
			append_forwarding(one, n, text);
	}
}

/* Who has the peer's address is the peer: nothing else authenticates VRRP (RFC 5798, 9). */
static void append_peer(const struct document_redundancy *redundancy, GString *text)
{
	char peer[IP_STRLEN];

	if (redundancy->enabled)
		g_string_append_printf(text,
			"\t\tiifname \"%s\" ip saddr %s ip protocol vrrp accept\n"
			"\t\tiifname \"%s\" ip saddr %s udp dport %d accept\n",
			redundancy->interface, ip_format(&redundancy->peer, peer),
			redundancy->interface, peer, RENDER_SYNC_PORT);
}

/* Either side may begin a session. */
static void append_bgp(const struct document_bgp *bgp, GString *text)
{
	char text_of[IP_STRLEN];

	for (guint i = 0; bgp->enabled && i < bgp->neighbors->len; i++) {
		const struct ip *ip =
			&g_array_index(bgp->neighbors, struct document_bgp_neighbor, i).ip;

		g_string_append_printf(text, "\t\t%s saddr %s tcp dport 179 accept\n",
			ip->family == 6 ? "ip6" : "ip", ip_format(ip, text_of));
	}
}

static void append_guest_services(const struct document *document, const char *nic, GString *text)
{
	if (document_leases(document, 4))
		g_string_append_printf(text, "\t\tiifname \"%s\" udp dport 67 accept\n", nic);
	if (document_leases(document, 6))
		g_string_append_printf(text,
			"\t\tiifname \"%s\" meta nfproto ipv6 udp dport 547 accept\n"
			"\t\tiifname \"%s\" icmpv6 type nd-router-solicit accept\n",
			nic, nic);
	render_metadata_input(document, nic, text);
	if (document->dns.enabled)
		g_string_append_printf(text,
			"\t\tiifname \"%s\" meta l4proto { tcp, udp } th dport 53 accept\n", nic);
}

static void append_input(const struct document *document, u16 api_port, GString *text)
{
	g_string_append(text, "\tchain input {\n"
			      "\t\tiifname \"lo\" accept\n");
	render_balancer_input(document, text);
	g_string_append(text,
		"\t\tct state established,related accept\n"
		"\t\tct state invalid counter name input_dropped drop\n"
		"\t\ticmp type { echo-request, destination-unreachable, time-exceeded } accept\n"
		"\t\ticmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept\n");
	append_peer(&document->redundancy, text);
	append_bgp(&document->bgp, text);
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface = interface_at(document, i);

		if (interface->role == ROLE_MANAGEMENT && api_port)
			g_string_append_printf(text, "\t\tiifname \"%s\" tcp dport %u accept\n",
				interface->name, api_port);
		if (interface->role == ROLE_GUEST)
			append_guest_services(document, interface->name, text);
	}
	render_balancer_openings(document, text);
	render_vpn_input(document, text);
	g_string_append(text, "\t\tcounter name input_dropped\n\t}\n");
}

static void append_rule(const struct document_firewall_rule *rule, GString *text)
{
	const char *version = rule->family == 6 ? "ip6" : "ip";
	char prefix[PREFIX_STRLEN];

	g_string_append(text, "\t\t");
	if (rule->source.ip.family)
		g_string_append_printf(
			text, "%s saddr %s ", version, prefix_format(&rule->source, prefix));
	if (rule->destination.ip.family)
		g_string_append_printf(
			text, "%s daddr %s ", version, prefix_format(&rule->destination, prefix));
	if (rule->protocol == IPPROTO_ICMP)
		g_string_append(text, "meta l4proto { icmp, ipv6-icmp } ");
	else if (rule->protocol)
		g_string_append_printf(
			text, "meta l4proto %s ", rule->protocol == IPPROTO_TCP ? "tcp" : "udp");
	if (rule->port_first)
		g_string_append_printf(text, "th dport %u-%u ", rule->port_first, rule->port_last);
	g_string_append(text, rule->allow ? "return\n" : "counter name firewall_dropped drop\n");
}

static void append_firewall(const struct document_firewall *firewall, GString *text)
{
	if (!firewall->enabled)
		return;
	g_string_append(text, "\tchain firewall {\n");
	for (guint i = 0; i < firewall->rules->len; i++)
		append_rule(
			&g_array_index(firewall->rules, struct document_firewall_rule, i), text);
	g_string_append(text, "\t\tcounter name firewall_dropped drop\n\t}\n");
}

/* Nothing of IPv6 is translated: what the outside has a route to, it reaches. */
static void append_forward6(const struct document *document, const char *public, GString *text)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface = interface_at(document, i);

		if (interface->role == ROLE_GUEST)
			g_string_append_printf(text,
				"\t\tiifname \"%s\" oifname \"%s\" meta nfproto ipv6 accept\n",
				public, interface->name);
	}
}

/* Nor are these. */
static void append_routed(const struct document *document, const char *public, GString *text)
{
	char cidr[PREFIX_STRLEN];

	for (guint i = 0; i < document->routed->len; i++)
		g_string_append_printf(text, "\t\tiifname \"%s\" ip daddr %s accept\n", public,
			prefix_format(&g_array_index(document->routed, struct prefix, i), cidr));
}

/* Is it the way out, for want of a public NIC? Not of guests for whom nothing is to leave: they
 * would reach the operator's machines. */
static bool management_leads_out(const struct document *document)
{
	return !document_has_role(document, ROLE_PUBLIC) &&
	       (document->snat->len || document->floating_ips->len ||
		       document->port_forwardings->len || document->routed->len ||
		       document->ipsec->len || document->bgp.enabled);
}

static void append_forward(const struct document *document, GString *text)
{
	const char *public = document_public(document)->name;

	g_string_append(text, "\tchain forward {\n");
	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface = interface_at(document, i);

		if (interface->role == ROLE_MANAGEMENT && !management_leads_out(document))
			g_string_append_printf(text,
				"\t\tiifname \"%s\" counter name management_dropped drop\n\t\toifname \"%s\" counter name management_dropped drop\n",
				interface->name, interface->name);
	}
	render_vpn_guard(document, text);
	render_guard_forward(document, text);
	g_string_append(text, "\t\tct state established,related accept\n"
			      "\t\tct state invalid counter name invalid_dropped drop\n");
	if (document->firewall.enabled)
		g_string_append(text, "\t\tjump firewall\n");
	render_vpn_accept(document, text);
	g_string_append_printf(text,
		"\t\tiifname != \"%s\" accept\n"
		"\t\tct status dnat accept\n",
		public);
	append_forward6(document, public, text);
	append_routed(document, public, text);
	render_bgp_forward(document, public, text);
	g_string_append(text, "\t\tcounter name outside_dropped\n\t}\n");
}

static void append_dstnat(GString *text)
{
	g_string_append(text,
		"\tchain dstnat {\n"
		"\t\tip daddr . meta l4proto . th dport @forwarded_from counter name connections_port_forwarding dnat ip to ip daddr . meta l4proto . th dport map @forwarded\n"
		"\t\tip daddr @floating counter name connections_floating_ip dnat ip to ip daddr map @floating_to_fixed\n"
		"\t}\n");
}

static void append_srcnat(const struct document *document, GString *text)
{
	const char *public = document_public(document)->name;
	char cidr[PREFIX_STRLEN], address[IP_STRLEN];

	g_string_append(text, "\tchain srcnat {\n");
	render_vpn_no_snat(document, text);
	g_string_append_printf(text,
		"\t\toifname != \"%s\" iifname != \"%s\" ct status dnat masquerade\n"
		"\t\toifname \"%s\" ip saddr @fixed snat ip to ip saddr map @fixed_to_floating\n",
		public, public, public);
	for (guint i = 0; i < document->snat->len; i++) {
		const struct document_snat *snat =
			&g_array_index(document->snat, struct document_snat, i);

		g_string_append_printf(text,
			"\t\toifname \"%s\" ip saddr %s counter name connections_snat snat ip to %s\n",
			public, prefix_format(&snat->cidr, cidr),
			ip_format(&snat->address, address));
	}
	g_string_append(text, "\t}\n");
}

void render_nftables(
	const struct document *document, const struct render_place *place, GString *text)
{
	g_string_append(text, skeleton);
	append_floating_ips(document, text);
	append_forwardings(document, text);
	render_balancer_counters(document, text);
	render_metadata_callers(document, text);
	render_guard_objects(document, text);
	g_string_append(text, "table " TABLE " {\n");
	append_input(document, place->api_port, text);
	render_balancer_output(document, text);
	append_firewall(&document->firewall, text);
	render_guard_chains(document, text);
	append_forward(document, text);
	append_dstnat(text);
	append_srcnat(document, text);
	render_vpn_transport(document, text);
	g_string_append(text, "}\n");
}
