/* SPDX-License-Identifier: Apache-2.0 */
/* How full the edge switch's tables are, and what becomes of connections when there is no room. */
#include <inttypes.h>

#include "agent/ops/ops.h"
#include "agent/desired/parts.h"

static void add_table(const char *name, u32 entries, u32 max, void *data)
{
	GString *const *out = data;

	g_string_append_printf(
		out[0], "weft_table_entries{table=\"%s\"} %" PRIu32 "\n", name, entries);
	g_string_append_printf(out[1], "weft_table_max{table=\"%s\"} %" PRIu32 "\n", name, max);
}

static void table_metrics(GString *out, const struct agent *agent)
{
	g_autoptr(GString) max = g_string_new(NULL);
	GString *parts[] = { out, max };

	metrics_family(out, "weft_table_entries", "gauge",
		"Entries in a table of the edge switch, of tables of flows as of their last round");
	dp_tables_each(agent->dp, add_table, parts);
	metrics_family(out, "weft_table_max", "gauge", "How many entries that table takes");
	g_string_append_len(out, max->str, (gssize)max->len);
}

static const struct {
	const char *name, *type, *help;
	size_t offset;
} connection_counts[] = {
#define COUNT(member) offsetof(struct dp_port_connections, member)
	{ "weft_port_connections", "gauge", "Tracked connections of the port", COUNT(connections) },
	{ "weft_port_half_open_connections", "gauge", "Of these, those that nobody has answered",
		COUNT(half_open) },
	{ "weft_port_connections_evicted_total", "counter",
		"Half open connections that gave way to newer ones, because a quota or the table was full",
		COUNT(evicted) },
#undef COUNT
};

static void port_metrics(GString *out, const struct agent *agent)
{
	for (size_t c = 0; c < G_N_ELEMENTS(connection_counts); c++) {
		const struct port *port;
		GHashTableIter i;

		metrics_family(out, connection_counts[c].name, connection_counts[c].type,
			connection_counts[c].help);
		g_hash_table_iter_init(&i, agent->desired->attached);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port)) {
			struct dp_port_connections counts;
			char id[UUID_STRLEN];

			if (!port_is_filtered(agent->desired, port) ||
				!dp_port_connections(
					agent->dp, port->applied_ifindex, &counts, NULL))
				continue;
			g_string_append_printf(out, "%s{port=\"%s\",device=\"%s\"} %" PRIu64 "\n",
				connection_counts[c].name, uuid_format(&port->id, id),
				port->applied_name,
				*(const u64 *)((const char *)&counts +
					       connection_counts[c].offset));
		}
	}
}

static const struct {
	const char *name, *type, *help;
	size_t offset;
} listener_counts[] = {
#define COUNT(member) offsetof(struct dp_listener_stats, member)
	{ "weft_listener_connections", "gauge",
		"Connections of a load balancer's listener to its members on this host",
		COUNT(active) },
	{ "weft_listener_connections_total", "counter", "The same, since the listener is here",
		COUNT(total) },
	{ "weft_listener_in_bytes_total", "counter", "Bytes to these members", COUNT(bytes_in) },
	{ "weft_listener_out_bytes_total", "counter", "Bytes from these members",
		COUNT(bytes_out) },
	{ "weft_listener_errors_total", "counter",
		"Packets from this host that no member could get", COUNT(errors) },
#undef COUNT
};

struct listener_line {
	GString *out;
	size_t which;
};

static void add_listener(
	const struct uuid *listener, const struct dp_listener_stats *stats, void *data)
{
	const struct listener_line *line = data;
	char id[UUID_STRLEN];

	g_string_append_printf(line->out,
		"%s{listener=\"%s\",counters=\"%08" PRIx32 "\"} %" PRIu64 "\n",
		listener_counts[line->which].name, uuid_format(listener, id), stats->number,
		*(const u64 *)((const char *)stats + listener_counts[line->which].offset));
}

static void listener_metrics(GString *out, const struct agent *agent)
{
	struct listener_line line = { out, 0 };

	for (; line.which < G_N_ELEMENTS(listener_counts); line.which++) {
		metrics_family(out, listener_counts[line.which].name,
			listener_counts[line.which].type, listener_counts[line.which].help);
		listener_stats_each(agent->dp, agent->desired, add_listener, &line);
	}
}

/* Drops with one of these reasons are openings that found no room. */
static const struct {
	const char *reason, *by;
} refusals[] = {
	{ "connection-quota", "port" },
	{ "half-open-quota", "port-half-open" },
	{ "project-connection-quota", "project" },
	{ "connection-table", "table" },
	{ "nat-quota", "router" },
};

static void refusal_metrics(GString *out, const struct agent *agent)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());

	metrics_family(out, "weft_connections_refused_total", "counter",
		"Packets that would have begun a connection, by whose quota was full");
	if (!dp_drop_counts(agent->dp, 0, counts, NULL))
		return;
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		for (size_t r = 0; r < G_N_ELEMENTS(refusals); r++)
			if (g_str_equal(dp_drop_reason_name(i), refusals[r].reason))
				g_string_append_printf(out,
					"weft_connections_refused_total{quota=\"%s\"} %" PRIu64
					"\n",
					refusals[r].by, counts[i]);
}

void connection_metrics(GString *out, const struct agent *agent)
{
	table_metrics(out, agent);
	port_metrics(out, agent);
	listener_metrics(out, agent);
	refusal_metrics(out, agent);
}
