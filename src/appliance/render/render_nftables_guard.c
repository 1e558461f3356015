/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may pass the NICs (firewall groups): a chain of what comes in by each, "egress" as seen from
 * its network, and one of what goes out by it, "ingress". Each packet of who has opened a
 * connection is judged, so a change is in force for connections that there are too; answers pass.
 * Tunnels are behind the public NIC.
 *
 * Each rule has a counter: of connections that it has let through, of packets that it has dropped.
 * Where that is written down, what is within the NIC's limit goes to the log group, with the
 * words of render_guard_prefix(); the rest is counted.
 */
#include "appliance/render/render_nftables.h"

#include <string.h>

#define REJECTS_PER_S 100
#define LOG_RATE_DEFAULT 100 /* of each NIC, in a second, and at once */
#define LOG_BURST_DEFAULT 25

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

/* One rule, or what becomes of what none matches. */
struct decision {
	const struct document *document;
	const struct document_guard *guard;
	guint nic;
	const char *direction;
	const struct document_guard_rule *rule; /* NULL: none matches */
	guint n;
	GString *text;
};

static enum guard_action action_of(const struct decision *decision)
{
	return decision->rule ? decision->rule->action : GUARD_DENY;
}

static bool is_logged(const struct decision *decision)
{
	return action_of(decision) == GUARD_ALLOW ? decision->guard->log_accept
						  : decision->guard->log_drop;
}

char *render_guard_counter(const char *interface, const char *direction,
	const struct document_guard_rule *rule, guint n)
{
	g_autofree char *number = g_strdup_printf("%u", n);

	return g_strdup_printf("rule_%s_%s_%s", interface, direction,
		!rule	    ? "none"
		: *rule->id ? rule->id
			    : number);
}

char *render_guard_suppressed(const char *interface)
{
	return g_strdup_printf("suppressed_%s", interface);
}

static void log_limits_of(const struct document *document, u64 *ret_rate, u64 *ret_burst)
{
	const struct document_log_limits *limits = &document->log_limits;

	*ret_rate = limits->given ? limits->rate : LOG_RATE_DEFAULT;
	*ret_burst = limits->given ? limits->burst : LOG_BURST_DEFAULT;
}

/* Other limits are another object: one that there is can't be changed. */
static char *limit_name(const struct document *document, const char *interface)
{
	u64 rate, burst;

	log_limits_of(document, &rate, &burst);
	return g_strdup_printf(
		"log_%s_%" G_GUINT64_FORMAT "_%" G_GUINT64_FORMAT, interface, rate, burst);
}

static void append_logged(const struct decision *decision, const char *when, const char *then)
{
	const char *interface = decision->guard->interface;
	g_autofree char *limit = limit_name(decision->document, interface);
	g_autofree char *suppressed = render_guard_suppressed(interface);

	g_string_append_printf(decision->text,
		"\t\t%slimit name \"%s\" log prefix \"%s %s %s %s\" group %d snaplen %d %s\n"
		"\t\t%scounter name %s\n",
		when, limit, action_of(decision) == GUARD_ALLOW ? "ACCEPT" : "DROP",
		decision->direction, interface,
		decision->rule && *decision->rule->id ? decision->rule->id : "-", RENDER_LOG_GROUP,
		RENDER_LOG_BYTES, then, when, suppressed);
}

/* What is done once it is decided. */
static void append_decision(const struct decision *decision)
{
	static const char *const verdicts[] = { [GUARD_ALLOW] = "return", [GUARD_DENY] = "drop" };
	enum guard_action action = action_of(decision);
	const char *when = action == GUARD_ALLOW ? "ct state new " : "";
	g_autofree char *counter = render_guard_counter(
		decision->guard->interface, decision->direction, decision->rule, decision->n);
	g_autofree char *reject = g_strdup_printf("goto reject_%u", decision->nic);
	const char *then = action == GUARD_REJECT ? reject : verdicts[action];

	g_string_append_printf(decision->text, "\t\t%scounter name %s%s\n", when, counter,
		action == GUARD_ALLOW ? "" : " counter name firewall_dropped");
	if (is_logged(decision))
		append_logged(decision, when, then);
	g_string_append_printf(decision->text, "\t\t%s\n", then);
}

static void append_decision_chain(const struct decision *decision)
{
	g_string_append_printf(decision->text, "\tchain %s_%u_%u {\n", decision->direction,
		decision->nic, decision->n);
	append_decision(decision);
	g_string_append(decision->text, "\t}\n");
}

static void append_counter(const struct decision *decision)
{
	g_autofree char *counter = render_guard_counter(
		decision->guard->interface, decision->direction, decision->rule, decision->n);

	g_string_append_printf(decision->text, "add counter inet weft %s\n", counter);
}

static void append_jump(const struct decision *decision)
{
	append_match(decision->document, decision->rule, decision->text);
	g_string_append_printf(
		decision->text, "goto %s_%u_%u\n", decision->direction, decision->nic, decision->n);
}

/* Calls @each for the rules, then for what none matches. */
static void each_decision(struct decision decision, const GArray *rules,
	void (*each)(const struct decision *decision),
	void (*last)(const struct decision *decision))
{
	for (guint i = 0; i < rules->len; i++) {
		decision.rule = &g_array_index(rules, struct document_guard_rule, i);
		decision.n = i;
		each(&decision);
	}
	decision.rule = NULL;
	if (last)
		last(&decision);
}

static void append_chain(struct decision decision, const GArray *rules)
{
	each_decision(decision, rules, append_decision_chain, NULL);
	g_string_append_printf(
		decision.text, "\tchain %s_%u {\n", decision.direction, decision.nic);
	each_decision(decision, rules, append_jump, append_decision);
	g_string_append(decision.text, "\t}\n");
}

/* Who sends from outside is told nothing. */
static void append_reject(const struct document *document, guint nic, GString *text)
{
	g_string_append_printf(text, "\tchain reject_%u {\n\t\tiifname != { ", nic);
	append_devices(document, document_public(document)->name, text);
	g_string_append_printf(text,
		" } limit rate %d/second reject with icmpx port-unreachable\n\t\tdrop\n\t}\n",
		REJECTS_PER_S);
}

static struct decision decision_at(
	const struct document *document, guint nic, const char *direction, GString *text)
{
	return (struct decision){ .document = document,
		.guard = &g_array_index(document->guards, struct document_guard, nic),
		.nic = nic,
		.direction = direction,
		.text = text };
}

static void append_log_objects(
	const struct document *document, const struct document_guard *guard, GString *text)
{
	g_autofree char *limit = limit_name(document, guard->interface);
	g_autofree char *suppressed = render_guard_suppressed(guard->interface);
	u64 rate, burst;

	log_limits_of(document, &rate, &burst);
	if (guard->log_accept || guard->log_drop)
		g_string_append_printf(text,
			"add counter inet weft %s\n"
			"add limit inet weft %s { rate %" G_GUINT64_FORMAT
			"/second burst %" G_GUINT64_FORMAT " packets ; }\n",
			suppressed, limit, rate, burst);
}

void render_guard_objects(const struct document *document, GString *text)
{
	for (guint i = 0; i < document->guards->len; i++) {
		const struct document_guard *guard =
			&g_array_index(document->guards, struct document_guard, i);

		append_log_objects(document, guard, text);
		each_decision(decision_at(document, i, "ingress", text), guard->ingress,
			append_counter, append_counter);
		each_decision(decision_at(document, i, "egress", text), guard->egress,
			append_counter, append_counter);
	}
}

void render_guard_chains(const struct document *document, GString *text)
{
	for (guint i = 0; i < document->guards->len; i++) {
		const struct document_guard *guard =
			&g_array_index(document->guards, struct document_guard, i);

		append_reject(document, i, text);
		append_chain(decision_at(document, i, "ingress", text), guard->ingress);
		append_chain(decision_at(document, i, "egress", text), guard->egress);
	}
}

void render_guard_forward(const struct document *document, GString *text)
{
	const struct document_guard *all = (const void *)document->guards->data;

	if (!document->guards->len)
		return;
	g_string_append(text, "\t\tct state invalid counter name invalid_dropped drop\n"
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
