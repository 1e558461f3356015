/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus text exposition format 0.0.4.
 */
#include <inttypes.h>

#include "agent/desired/firewall.h"
#include "agent/helper/helpers.h"
#include "agent/ops/ops.h"

void metrics_family(GString *out, const char *name, const char *type, const char *help)
{
	g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(GString *out, const char *name, const char *help, u64 value)
{
	metrics_family(out, name, "gauge", help);
	g_string_append_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void agent_metrics(GString *out, const struct agent *agent)
{
	struct dp_usage usage = { 0 };

	gauge(out, "weft_agent_connected", "1 while the view stream is up",
		stream_state(agent->stream) == STREAM_CONNECTED);
	gauge(out, "weft_agent_revision", "Revision that the host's view is complete up to",
		agent->view->revision);
	gauge(out, "weft_agent_view_records", "Records in the view",
		g_hash_table_size(agent->view->entries));
	gauge(out, "weft_agent_ports", "Ports bound to this host",
		g_hash_table_size(agent->desired->ports));
	gauge(out, "weft_agent_ports_wired", "Ports that forward", count_wired(agent));
	gauge(out, "weft_agent_resident_bytes", "Resident memory of the agent", resident_bytes());
	if (!dp_usage(agent->dp, &usage, NULL))
		return;
	gauge(out, "weft_flows", "Entries in the flow table", usage.flows);
	gauge(out, "weft_flows_max", "Size of the flow table", usage.flows_max);
	gauge(out, "weft_endpoints", "Entries in the directory", usage.endpoints);
	gauge(out, "weft_translations", "Connections translated to routers' own addresses",
		usage.translations);
	gauge(out, "weft_translations_max", "How many of these there may be",
		usage.translations_max);
	metrics_family(
		out, "weft_flow_table_full_total", "counter", "Verdicts that could not be cached");
	g_string_append_printf(
		out, "weft_flow_table_full_total %" PRIu64 "\n", usage.flow_table_full);
}

static const struct {
	const char *name, *help;
	size_t offset;
} port_counters[] = {
#define COUNTER(member) offsetof(struct dp_counters, member)
	{ "weft_port_rx_packets_total", "Packets from the guest", COUNTER(rx_packets) },
	{ "weft_port_rx_bytes_total", "Bytes from the guest", COUNTER(rx_bytes) },
	{ "weft_port_tx_packets_total", "Packets to the guest", COUNTER(tx_packets) },
	{ "weft_port_tx_bytes_total", "Bytes to the guest", COUNTER(tx_bytes) },
	{ "weft_port_drops_total", "Packets of the port that were dropped", COUNTER(drops) },
#undef COUNTER
};

static void port_metrics(GString *out, const struct agent *agent)
{
	for (size_t c = 0; c < G_N_ELEMENTS(port_counters); c++) {
		const struct port *port;
		GHashTableIter i;

		metrics_family(out, port_counters[c].name, "counter", port_counters[c].help);
		g_hash_table_iter_init(&i, agent->desired->attached);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port)) {
			struct dp_counters counters = { 0 };
			char id[UUID_STRLEN];
			u64 value;

			if (!dp_port_counters(agent->dp, port->applied_ifindex, &counters, NULL))
				continue;
			value = *(const u64 *)((const char *)&counters + port_counters[c].offset);
			g_string_append_printf(out, "%s{port=\"%s\",device=\"%s\"} %" PRIu64 "\n",
				port_counters[c].name, uuid_format(&port->id, id),
				port->applied_name, value);
		}
	}
}

static bool is_limit(const char *reason)
{
	return g_str_equal(reason, "bandwidth-limit") || g_str_equal(reason, "packet-rate-limit");
}

/* What the ports' own limits drop, of ports that have met theirs. */
static void limit_metrics(GString *out, const struct agent *agent)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());
	const struct port *port;
	char id[UUID_STRLEN];
	GHashTableIter iter;

	metrics_family(out, "weft_port_limited_total", "counter",
		"Packets dropped by the limits of a port's QoS policy");
	g_hash_table_iter_init(&iter, agent->desired->attached);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&port)) {
		if (!dp_drop_counts(agent->dp, port->applied_ifindex, counts, NULL))
			continue;
		for (size_t i = 0; i < dp_n_drop_reasons(); i++)
			if (counts[i] && is_limit(dp_drop_reason_name(i)))
				g_string_append_printf(out,
					"weft_port_limited_total{port=\"%s\",device=\"%s\",limit=\"%s\"} %" PRIu64
					"\n",
					uuid_format(&port->id, id), port->applied_name,
					dp_drop_reason_name(i), counts[i]);
	}
}

static void drop_metrics(GString *out, const struct agent *agent)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());

	metrics_family(
		out, "weft_drops_total", "counter", "Packets dropped on this host, by reason");
	if (!dp_drop_counts(agent->dp, 0, counts, NULL))
		return;
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		g_string_append_printf(out, "weft_drops_total{reason=\"%s\"} %" PRIu64 "\n",
			dp_drop_reason_name(i), counts[i]);
}

static void service_metrics(GString *out, const struct agent *agent)
{
	metrics_family(out, "weft_service_requests_total", "counter",
		"Frames of guests to DHCP, RA and DNS, by what became of them");
	for (int i = 0; i < SERVICE_N_OUTCOMES; i++)
		g_string_append_printf(out,
			"weft_service_requests_total{service=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
			service_outcome_service(i), service_outcome_name(i),
			punt_count(agent->punt, i));
}

static void helper_metrics(GString *out, const struct agent *agent)
{
	const struct helpers *helpers = punt_helpers(agent->punt);

	metrics_family(out, "weft_conntrack_helper_total", "counter",
		"Packets of connections with a conntrack helper, and connections announced in them");
	for (int i = 0; i < N_HELPERS_COUNTS; i++)
		g_string_append_printf(out,
			"weft_conntrack_helper_total{outcome=\"%s\"} %" PRIu64 "\n",
			helpers_count_names[i], helpers_count(helpers, i));
	gauge(out, "weft_conntrack_helper_connections", "TCP connections with a conntrack helper",
		helpers_connections(helpers));
	gauge(out, "weft_conntrack_helper_expected", "Connections announced that have not come yet",
		helpers_waiting(helpers));
}

/* A rule is told once, though it may be in several groups. */
static void guard_metrics(GString *out, const struct agent *agent, GHashTable *told,
	const struct router_firewall *firewall, const GArray *rules)
{
	char id[UUID_STRLEN], group[UUID_STRLEN];
	u64 hits;

	for (guint i = 0; i < rules->len; i++) {
		const struct uuid *rule =
			&g_array_index(rules, struct record_router_firewall_rule, i).id;

		if (!g_hash_table_add(told, (gpointer)rule) ||
			!dp_rule_hits(agent->dp, rule->b, &hits, NULL) || !hits)
			continue;
		g_string_append_printf(out,
			"weft_rule_hits_total{rule=\"%s\",firewall_group=\"%s\"} %" PRIu64 "\n",
			uuid_format(rule, id), uuid_format(&firewall->record.group_id, group),
			hits);
	}
}

static void guards_metrics(GString *out, const struct agent *agent)
{
	g_autoptr(GHashTable) told = g_hash_table_new(uuid_hash, uuid_equal);
	const struct router_firewall *firewall;
	GHashTableIter i;

	g_hash_table_iter_init(&i, agent->desired->router_firewalls);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&firewall)) {
		guard_metrics(out, agent, told, firewall, firewall->record.ingress);
		guard_metrics(out, agent, told, firewall, firewall->record.egress);
	}
}

static void tiers_metrics(GString *out, const struct agent *agent)
{
	const struct tier_rule *rule;
	char id[UUID_STRLEN], policy[UUID_STRLEN];
	GHashTableIter i;
	u64 hits;

	g_hash_table_iter_init(&i, agent->desired->firewall->tiers->rules);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&rule))
		if (dp_rule_hits(agent->dp, rule->id.b, &hits, NULL) && hits)
			g_string_append_printf(out,
				"weft_rule_hits_total{rule=\"%s\",security_policy=\"%s\"} %" PRIu64
				"\n",
				uuid_format(&rule->id, id),
				uuid_format(&rule->record.policy_id, policy), hits);
}

/* Of the rules that have decided anything: most never do. */
static void rule_metrics(GString *out, const struct agent *agent)
{
	const struct group_rule *rule;
	char id[UUID_STRLEN], group[UUID_STRLEN];
	GHashTableIter i;
	u64 hits;

	metrics_family(out, "weft_rule_hits_total", "counter",
		"Connections that a rule of a security group, firewall group or tier has decided about on this host");
	g_hash_table_iter_init(&i, agent->desired->firewall->rules);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&rule))
		if (dp_rule_hits(agent->dp, rule->id.b, &hits, NULL) && hits)
			g_string_append_printf(out,
				"weft_rule_hits_total{rule=\"%s\",security_group=\"%s\"} %" PRIu64
				"\n",
				uuid_format(&rule->id, id), uuid_format(&rule->group->id, group),
				hits);
	tiers_metrics(out, agent);
	guards_metrics(out, agent);
}

static void log_metrics(GString *out, const struct agent *agent)
{
	struct logs_counts counts = logs_counts(agent->logs);

	metrics_family(out, "weft_firewall_log_events_total", "counter",
		"Decisions of the firewall that were written down");
	g_string_append_printf(out, "weft_firewall_log_events_total %" PRIu64 "\n", counts.told);
	metrics_family(out, "weft_firewall_log_suppressed_total", "counter",
		"Decisions that a port's rate limit has suppressed");
	g_string_append_printf(
		out, "weft_firewall_log_suppressed_total %" PRIu64 "\n", counts.suppressed);
	metrics_family(out, "weft_firewall_log_lost_total", "counter",
		"Decisions that the file or a follower could not take");
	g_string_append_printf(out, "weft_firewall_log_lost_total %" PRIu64 "\n", counts.lost);
}

char *metrics_text(const struct agent *agent)
{
	GString *out = g_string_new(NULL);

	agent_metrics(out, agent);
	port_metrics(out, agent);
	limit_metrics(out, agent);
	limited_metrics(out, agent);
	connection_metrics(out, agent);
	if (agent->bfd)
		liveness_metrics(agent->bfd, out);
	drop_metrics(out, agent);
	rule_metrics(out, agent);
	log_metrics(out, agent);
	service_metrics(out, agent);
	helper_metrics(out, agent);
	if (agent->appliances)
		appliance_metrics(out, agent);
	return g_string_free(out, FALSE);
}

bool op_metrics(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	g_autofree char *text = metrics_text(agent);

	(void)body;
	(void)error;
	control_answer(request, json_pack("{s:s}", "text", text));
	return true;
}
