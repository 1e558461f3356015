/* SPDX-License-Identifier: Apache-2.0 */
/* What this host's appliances count inside: drops, decisions of firewall groups, repairs. */
#include "agent/machine/machine.h"
#include "agent/ops/ops.h"

struct out {
	GString *text;
	void (*write)(GString *text, const char *id, const struct machine *machine);
};

static void write_drops(GString *text, const char *id, const struct machine *machine)
{
	json_t *drops = json_object_get(machine_counters(machine), "drops"), *drop;
	const char *reason;

	json_object_foreach(drops, reason, drop)
		g_string_append_printf(text,
			"weft_appliance_drops_total{appliance=\"%s\",reason=\"%s\"} %" JSON_INTEGER_FORMAT
			"\n",
			id, reason, json_integer_value(json_object_get(drop, "count")));
}

/* Without an id it is what no rule has matched. */
static void write_rules(GString *text, const char *id, const struct machine *machine)
{
	const json_t *rule, *rules = json_object_get(machine_counters(machine), "rules");
	size_t i;

	json_array_foreach(rules, i, rule) {
		const char *name = json_string_value(json_object_get(rule, "id"));
		const char *interface = json_string_value(json_object_get(rule, "interface"));
		const char *direction = json_string_value(json_object_get(rule, "direction"));

		g_string_append_printf(text,
			"weft_appliance_rule_hits_total{appliance=\"%s\",interface=\"%s\",direction=\"%s\",rule=\"%s\"} %" JSON_INTEGER_FORMAT
			"\n",
			id, interface ?: "", direction ?: "", name ?: "",
			json_integer_value(json_object_get(rule, "hits")));
	}
}

static void write_repairs(GString *text, const char *id, const struct machine *machine)
{
	json_t *repairs = (json_t *)machine_repairs(machine), *repair;
	const char *what;

	json_object_foreach(repairs, what, repair)
		g_string_append_printf(text,
			"weft_appliance_repairs_total{appliance=\"%s\",what=\"%s\"} %" JSON_INTEGER_FORMAT
			"\n",
			id, what, json_integer_value(json_object_get(repair, "count")));
}

static void write_one(const struct uuid *id, const struct machine *machine, void *data)
{
	const struct out *out = data;
	char text[UUID_STRLEN];

	out->write(out->text, uuid_format(id, text), machine);
}

static void family(GString *text, const struct agent *agent, const char *name, const char *help,
	void (*write)(GString *text, const char *id, const struct machine *machine))
{
	struct out out = { text, write };

	metrics_family(text, name, "counter", help);
	appliances_each_machine(agent->appliances, write_one, &out);
}

void appliance_metrics(GString *text, const struct agent *agent)
{
	family(text, agent, "weft_appliance_drops_total",
		"Packets that an appliance of this host has dropped, by reason", write_drops);
	family(text, agent, "weft_appliance_rule_hits_total",
		"Connections that a rule of an appliance's NIC has let through, packets that it has dropped",
		write_rules);
	family(text, agent, "weft_appliance_repairs_total",
		"What an appliance has put right that somebody had changed inside of it, or that had ended",
		write_repairs);
}
