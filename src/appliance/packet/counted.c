/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/packet/counted.h"

#include <string.h>

#include "appliance/program.h"
#include "appliance/render/render.h"
#include "base/log.h"

#define COMMANDS_MAX 100000 /* bytes; what is left is taken away the next time */

json_t *counted_read(GError **error)
{
	static const char *const argv[] = { "nft", "-j", "list", "counters", "table", "inet",
		"weft", NULL };
	g_autofree char *output = NULL;

	return program_run(argv, &output, error) ? json_loads(output, 0, NULL) : NULL;
}

static void want(GHashTable *wanted, const struct document_guard *guard, const char *direction,
	const GArray *rules)
{
	for (guint i = 0; i <= rules->len; i++)
		g_hash_table_add(wanted,
			render_guard_counter(guard->interface, direction,
				i < rules->len
					? &g_array_index(rules, struct document_guard_rule, i)
					: NULL,
				i));
}

static GHashTable *wanted_of(const struct document *document)
{
	GHashTable *wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < document->guards->len; i++) {
		const struct document_guard *guard =
			&g_array_index(document->guards, struct document_guard, i);

		want(wanted, guard, "ingress", guard->ingress);
		want(wanted, guard, "egress", guard->egress);
	}
	return wanted;
}

void counted_forget(const struct document *document)
{
	g_autoptr(GHashTable) wanted = wanted_of(document);
	g_autoptr(GString) commands = g_string_new(NULL);
	json_t *counters = counted_read(NULL);
	g_autoptr(GError) error = NULL;
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(counters, "nftables"), i, item) {
		const char *name = json_string_value(
			json_object_get(json_object_get(item, "counter"), "name"));

		if (name && g_str_has_prefix(name, "rule_") &&
			!g_hash_table_contains(wanted, name) && commands->len < COMMANDS_MAX)
			g_string_append_printf(commands, "delete counter inet weft %s; ", name);
	}
	json_decref(counters);
	if (commands->len &&
		!program_run((const char *const[]){ "nft", commands->str, NULL }, NULL, &error))
		log_limited(warning, "counters of rules that are gone: %s", error->message);
}

/* name → packets; the texts are borrowed. */
static GHashTable *by_name(const json_t *counters)
{
	GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(counters, "nftables"), i, item) {
		const json_t *counter = json_object_get(item, "counter");
		const char *name = json_string_value(json_object_get(counter, "name"));
		s64 packets = json_integer_value(json_object_get(counter, "packets"));

		if (name)
			g_hash_table_insert(
				table, (gpointer)name, g_memdup2(&packets, sizeof(packets)));
	}
	return table;
}

static s64 count_of(GHashTable *table, const char *name)
{
	const s64 *packets = g_hash_table_lookup(table, name);

	return packets ? *packets : 0;
}

static void append_rule(GHashTable *table, const struct document_guard *guard,
	const char *direction, const struct document_guard_rule *rule, guint n,
	struct json_writer *w)
{
	g_autofree char *name = render_guard_counter(guard->interface, direction, rule, n);

	jw_begin_object(w);
	jw_member_string(w, "interface", guard->interface);
	jw_member_string(w, "direction", direction);
	jw_member_string(w, "id", rule && *rule->id ? rule->id : NULL);
	jw_member_int(w, "hits", count_of(table, name));
	jw_end_object(w);
}

static void append_rules(GHashTable *table, const struct document_guard *guard,
	const char *direction, const GArray *rules, struct json_writer *w)
{
	for (guint i = 0; i < rules->len; i++)
		append_rule(table, guard, direction,
			&g_array_index(rules, struct document_guard_rule, i), i, w);
	append_rule(table, guard, direction, NULL, 0, w);
}

void counted_append_rules(
	const struct document *document, const json_t *counters, struct json_writer *w)
{
	g_autoptr(GHashTable) table = by_name(counters);

	jw_key(w, "rules");
	jw_begin_array(w);
	for (guint i = 0; i < document->guards->len; i++) {
		const struct document_guard *guard =
			&g_array_index(document->guards, struct document_guard, i);

		append_rules(table, guard, "ingress", guard->ingress, w);
		append_rules(table, guard, "egress", guard->egress, w);
	}
	jw_end_array(w);
}

void counted_append_suppressed(
	const struct document *document, const json_t *counters, struct json_writer *w)
{
	g_autoptr(GHashTable) table = by_name(counters);

	jw_key(w, "suppressed");
	jw_begin_object(w);
	for (guint i = 0; i < document->guards->len; i++) {
		const char *interface =
			g_array_index(document->guards, struct document_guard, i).interface;
		g_autofree char *name = render_guard_suppressed(interface);

		jw_member_int(w, interface, count_of(table, name));
	}
	jw_end_object(w);
}

static const struct {
	const char *reason, *counter, *doc;
} of_filter[] = {
	{ "denied-firewall", "firewall_dropped",
		"a rule of a firewall group denies it, or none allows it" },
	{ "no-connection", "invalid_dropped",
		"it belongs to no connection that is known here, and opens none" },
	{ "not-let-in", "outside_dropped",
		"it comes from outside, and nothing is translated or routed for its destination" },
	{ "management", "management_dropped",
		"it is from or to the management network, with which nothing is exchanged" },
	{ "outside-tunnel", "tunnel_dropped",
		"it belongs in a tunnel that is down, or would leave by the public NIC after one" },
	{ "input-refused", "input_dropped",
		"it is for the machine itself, which serves nothing like that" },
};

static const struct {
	const char *file, *line, *column, *reason, *doc;
} of_kernel[] = {
	{ "/proc/net/netstat", "IpExt:", "InNoRoutes", "no-route",
		"no route leads to its destination" },
	{ "/proc/net/snmp", "Ip:", "InHdrErrors", "header-error",
		"its TTL has come to its end, or its header is wrong" },
	{ "/proc/net/snmp", "Ip:", "InAddrErrors", "address-error",
		"its destination is no address that may be routed to" },
	{ "/proc/net/snmp", "Ip:", "FragFails", "too-big",
		"it is too big for the way, and may not be divided" },
	{ "/proc/net/netstat", "TcpExt:", "IPReversePathFilter", "reverse-path",
		"no route leads back to its source by the NIC that it came by" },
};

static void append_drop(const char *reason, s64 count, const char *doc, struct json_writer *w)
{
	jw_key(w, reason);
	jw_begin_object(w);
	jw_member_int(w, "count", count);
	jw_member_string(w, "doc", doc);
	jw_end_object(w);
}

/* Of a file whose lines come in pairs: names, then numbers. */
static s64 number_in(const char *text, const char *line, const char *column)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **at = lines; at[0] && at[1]; at++) {
		g_auto(GStrv) names = NULL, numbers = NULL;

		if (!g_str_has_prefix(at[0], line) || !g_str_has_prefix(at[1], line))
			continue;
		names = g_strsplit(at[0], " ", -1);
		numbers = g_strsplit(at[1], " ", -1);
		for (guint i = 0; names[i] && i < g_strv_length(numbers); i++)
			if (!strcmp(names[i], column))
				return g_ascii_strtoll(numbers[i], NULL, 10);
	}
	return 0;
}

static GPtrArray *words_of(char *line)
{
	GPtrArray *words = g_ptr_array_new();
	char *rest = NULL;

	for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
		g_ptr_array_add(words, word);
	return words;
}

/* /proc/net/stat/nf_conntrack: a line of names, then one of each processor, in hexadecimal. */
static s64 connections_refused(void)
{
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) names = NULL;
	g_auto(GStrv) lines = NULL;
	s64 sum = 0;

	if (!g_file_get_contents("/proc/net/stat/nf_conntrack", &text, NULL, NULL))
		return 0;
	lines = g_strsplit(text, "\n", -1);
	names = words_of(lines[0]);
	for (char **line = lines + 1; *line; line++) {
		g_autoptr(GPtrArray) numbers = words_of(*line);

		for (guint i = 0; i < MIN(names->len, numbers->len); i++)
			if (!strcmp(names->pdata[i], "drop"))
				sum += (s64)g_ascii_strtoull(numbers->pdata[i], NULL, 16);
	}
	return sum;
}

void counted_append_drops(const json_t *counters, struct json_writer *w)
{
	g_autoptr(GHashTable) table = by_name(counters);

	jw_key(w, "drops");
	jw_begin_object(w);
	for (size_t i = 0; i < G_N_ELEMENTS(of_filter); i++)
		append_drop(of_filter[i].reason, count_of(table, of_filter[i].counter),
			of_filter[i].doc, w);
	for (size_t i = 0; i < G_N_ELEMENTS(of_kernel); i++) {
		g_autofree char *text = NULL;

		if (g_file_get_contents(of_kernel[i].file, &text, NULL, NULL))
			append_drop(of_kernel[i].reason,
				number_in(text, of_kernel[i].line, of_kernel[i].column),
				of_kernel[i].doc, w);
	}
	append_drop("connection-table-full", connections_refused(),
		"its connection could not be remembered: the table is full", w);
	jw_end_object(w);
}
