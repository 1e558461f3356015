/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may pass the NICs (firewall groups): a chain of what comes in by each, "egress" as seen from
 * its network, and one of what goes out by it, "ingress". Each packet of who has opened a
 * connection is judged, so a change is in force for connections that there are too; answers pass.
 * Tunnels are behind the public NIC.
 */
#include "appliance/render_nftables.h"

#include <string.h>

#define REJECTS_PER_S 100

static void add_device(const char *device, void *data)
{
	g_string_append_printf(data, ", \"%s\"", device);
}

/* The names of packets' devices that stand for the NIC. */
static void append_devices(const struct document *document, const char *interface, GString *text)
{
	g_string_append_printf(text, "\"%s\"", interface);
	if (strcmp(interface, document_public(document)->name) != 0)
		return;
	if (document->ipsec->len)
		add_device(IPSEC_DEVICE, text);
	document_each_tunnel(document, add_device, text);
}

static void append_names(
	const struct document *document, const char *match, const GArray *names, GString *text)
{
	if (!names)
		return;
	g_string_append_printf(text, "%s { ", match);
	for (guint i = 0; i < names->len; i++) {
		g_string_append(text, i ? ", " : "");
		append_devices(
			document, g_array_index(names, struct document_device, i).name, text);
	}
	g_string_append(text, " } ");
}

static void append_match(
	const struct document *document, const struct document_guard_rule *rule, GString *text)
{
	const char *version = rule->family == 6 ? "ip6" : "ip";
	char prefix[PREFIX_STRLEN];

	g_string_append_printf(text, "\t\tmeta nfproto ipv%d ", rule->family);
	if (rule->source.ip.family)
		g_string_append_printf(
			text, "%s saddr %s ", version, prefix_format(&rule->source, prefix));
	if (rule->destination.ip.family)
		g_string_append_printf(
			text, "%s daddr %s ", version, prefix_format(&rule->destination, prefix));
	if (rule->has_protocol)
		g_string_append_printf(text, "meta l4proto %u ", rule->protocol);
	if (rule->source_first)
		g_string_append_printf(
			text, "th sport %u-%u ", rule->source_first, rule->source_last);
	if (rule->destination_first)
		g_string_append_printf(
			text, "th dport %u-%u ", rule->destination_first, rule->destination_last);
	append_names(document, "iifname", rule->from, text);
	append_names(document, "oifname", rule->to, text);
}

static void append_rule(
	const struct document *document, const struct document_guard_rule *rule, GString *text)
{
	if (rule->action == GUARD_REJECT) { /* who sends from outside is told nothing */
		append_match(document, rule, text);
		g_string_append(text, "iifname != { ");
		append_devices(document, document_public(document)->name, text);
		g_string_append_printf(text,
			" } limit rate %d/second counter name firewall_dropped reject with icmpx port-unreachable\n",
			REJECTS_PER_S);
	}
	append_match(document, rule, text);
	g_string_append(text,
		rule->action == GUARD_ALLOW ? "return\n" : "counter name firewall_dropped drop\n");
}

static void append_chain(const struct document *document, const char *direction, guint n,
	const GArray *rules, GString *text)
{
	g_string_append_printf(text, "\tchain %s_%u {\n", direction, n);
	for (guint i = 0; i < rules->len; i++)
		append_rule(document, &g_array_index(rules, struct document_guard_rule, i), text);
	g_string_append(text, "\t\tcounter name firewall_dropped drop\n\t}\n");
}

void render_guard_chains(const struct document *document, GString *text)
{
	const struct document_guard *all = (const void *)document->guards->data;

	for (guint i = 0; i < document->guards->len; i++) {
		append_chain(document, "ingress", i, all[i].ingress, text);
		append_chain(document, "egress", i, all[i].egress, text);
	}
}

void render_guard_forward(const struct document *document, GString *text)
{
	const struct document_guard *all = (const void *)document->guards->data;

	if (!document->guards->len)
		return;
	g_string_append(text, "\t\tct state invalid drop\n"
			      "\t\tct state established ct direction reply accept\n"
			      "\t\tct state related accept\n");
	for (guint i = 0; i < document->guards->len; i++) {
		g_string_append(text, "\t\tiifname { ");
		append_devices(document, all[i].interface, text);
		g_string_append_printf(text, " } jump egress_%u\n\t\toifname { ", i);
		append_devices(document, all[i].interface, text);
		g_string_append_printf(text, " } jump ingress_%u\n", i);
	}
}
