/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that are asked about what a port sends and gets, in the order in which they are: of the
 * firewall groups of routers' ports on the way, of the provider's tiers, of its security groups, of
 * baseline tiers; with what each has decided here. */
#include "agent/desired/appliance.h"
#include "agent/desired/firewall.h"
#include "agent/ops/ops.h"
#include "agent/desired/parts.h"
#include "agent/desired/tier.h"

static void set_given(json_t *json, const char *key, s32 value)
{
	if (value >= 0)
		json_object_set_new(json, key, json_integer(value));
}

static void set_remote(json_t *json, const struct record_security_group_rule *rule)
{
	char prefix[PREFIX_STRLEN], id[UUID_STRLEN];

	uuid_format(&rule->remote_id, id);
	if (rule->remote == REMOTE_PREFIX)
		json_object_set_new(json, "remote_ip_prefix",
			json_string(prefix_format(&rule->prefix, prefix)));
	else if (rule->remote == REMOTE_GROUP)
		json_object_set_new(json, "remote_group_id", json_string(id));
	else if (rule->remote == REMOTE_ADDRESS_GROUP)
		json_object_set_new(json, "remote_address_group_id", json_string(id));
}

/* What rules of all kinds have. */
static json_t *rule_json(struct agent *agent, const struct uuid *id, const char *of,
	const char *action, const char *direction, u8 family)
{
	char text[UUID_STRLEN];
	u64 hits = 0;

	dp_rule_hits(agent->dp, id->b, &hits, NULL);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "id", uuid_format(id, text), "of", of,
		"action", action, "direction", direction, "ethertype",
		family == 6 ? "IPv6" : "IPv4", "hits", (json_int_t)hits);
}

static void set_match(json_t *json, const struct record_security_group_rule *match)
{
	set_given(json, "protocol", match->proto);
	set_given(json, "port_range_min", match->port_min);
	set_given(json, "port_range_max", match->port_max);
	set_remote(json, match);
}

static void set_named(json_t *json, const char *key, const struct uuid *id, const char *name)
{
	g_autofree char *id_key = g_strdup_printf("%s_id", key);
	char text[UUID_STRLEN];

	json_object_set_new(json, id_key, json_string(uuid_format(id, text)));
	json_object_set_new(json, key, json_string(name ?: ""));
}

static json_t *group_rule_json(struct agent *agent, const struct group_rule *rule)
{
	g_autofree char *of = g_strdup_printf("security group %s", rule->group->name ?: "");
	json_t *json = rule_json(agent, &rule->id, of, "allow",
		rule->record.egress ? "egress" : "ingress", rule->record.family);

	set_named(json, "security_group", &rule->group->id, rule->group->name);
	set_match(json, &rule->record);
	return json;
}

static void add_groups(struct agent *agent, const struct port *port, json_t *rules)
{
	for (guint g = 0; port->policy && g < port->policy->groups->len; g++) {
		const struct security_group *group = port->policy->groups->pdata[g];

		for (guint r = 0; r < group->rules->len; r++)
			json_array_append_new(
				rules, group_rule_json(agent, group->rules->pdata[r]));
	}
}

static json_t *tier_rule_json(struct agent *agent, const struct tier_policy *policy,
	const struct tier *tier, const struct tier_rule *rule)
{
	static const char *const actions[] = {
		[ACTION_ALLOW] = "allow", [ACTION_DENY] = "deny", [ACTION_PASS] = "pass"
	};
	g_autofree char *of = g_strdup_printf(
		"tier %s, policy %s", tier->record.name ?: "", policy->record.name ?: "");
	const struct record_security_group_rule *match = &rule->record.match;
	json_t *json = rule_json(agent, &rule->id, of, actions[rule->record.action],
		match->egress ? "egress" : "ingress", match->family);

	set_named(json, "security_tier", &tier->id, tier->record.name);
	set_named(json, "security_policy", &policy->id, policy->record.name);
	set_match(json, match);
	if (rule->record.domain)
		json_object_set_new(json, "remote_domain", json_string(rule->record.domain));
	return json;
}

static void add_stage(struct agent *agent, const struct policy *stage, json_t *rules)
{
	const struct tiers *tiers = agent->desired->firewall->tiers;

	for (guint i = 0; i < stage->tier_policies->len; i++) {
		const struct uuid *id = &g_array_index(stage->tier_policies, struct uuid, i);
		const struct tier_policy *policy = g_hash_table_lookup(tiers->policies, id);
		const struct tier *tier = policy ? tier_of(tiers, policy) : NULL;
		g_autoptr(GPtrArray) sorted = tier ? tier_rules_of(tiers, id) : NULL;

		for (guint r = 0; sorted && r < sorted->len; r++)
			json_array_append_new(
				rules, tier_rule_json(agent, policy, tier, sorted->pdata[r]));
	}
}

static void set_ports(json_t *json, const char *key, u16 first, u16 last)
{
	if (last)
		json_object_set_new(json, key,
			first == last ? json_sprintf("%u", first)
				      : json_sprintf("%u:%u", first, last));
}

static void set_address(json_t *json, const char *key, const struct prefix *prefix)
{
	char text[PREFIX_STRLEN];

	if (prefix->ip.family)
		json_object_set_new(json, key, json_string(prefix_format(prefix, text)));
}

static void set_group(json_t *json, const char *key, const struct uuid *group)
{
	char text[UUID_STRLEN];

	if (!uuid_is_zero(group))
		json_object_set_new(json, key, json_string(uuid_format(group, text)));
}

static json_t *guard_rule_json(struct agent *agent, const struct router_firewall *firewall,
	const struct record_firewall_policy *policy, const char *direction,
	const struct record_router_firewall_rule *rule)
{
	g_autofree char *of = g_strdup_printf(
		"firewall group %s, policy %s", firewall->record.name ?: "", policy->name ?: "");
	json_t *json = rule_json(agent, &rule->id, of,
		rule->reject ? "reject"
		: rule->deny ? "deny"
			     : "allow",
		direction, rule->family);
	char text[UUID_STRLEN];

	set_named(json, "firewall_group", &firewall->record.group_id, firewall->record.name);
	set_named(json, "firewall_policy", &policy->id, policy->name);
	json_object_set_new(json, "router_port_id", json_string(uuid_format(&firewall->id, text)));
	json_object_set_new(json, "name", json_string(rule->name ?: ""));
	set_given(json, "protocol", rule->proto);
	set_ports(json, "source_port", rule->source_first, rule->source_last);
	set_ports(json, "destination_port", rule->destination_first, rule->destination_last);
	if (rule->destination_last) {
		set_given(json, "port_range_min", rule->destination_first);
		set_given(json, "port_range_max", rule->destination_last);
	}
	set_address(json, "source_ip_address", &rule->source);
	set_address(json, "destination_ip_address", &rule->destination);
	set_group(json, "source_firewall_group_id", &rule->source_group);
	set_group(json, "destination_firewall_group_id", &rule->destination_group);
	return json;
}

static void add_guard(struct agent *agent, const struct router_firewall *firewall,
	const struct record_firewall_policy *policy, const char *direction, const GArray *from,
	json_t *rules)
{
	for (guint i = 0; i < from->len; i++)
		json_array_append_new(rules,
			guard_rule_json(agent, firewall, policy, direction,
				&g_array_index(from, struct record_router_firewall_rule, i)));
}

static void add_guards(struct agent *agent, const struct port *port, json_t *rules)
{
	const struct router_firewall *firewall;
	GHashTableIter i;

	g_hash_table_iter_init(&i, agent->desired->router_firewalls);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&firewall)) {
		const struct record_router_firewall *record = &firewall->record;

		if (!port->network || !router_firewall_guards(firewall, port))
			continue;
		add_guard(agent, firewall, &record->ingress_policy, "ingress", record->ingress,
			rules);
		add_guard(agent, firewall, &record->egress_policy, "egress", record->egress, rules);
	}
}

/* What is shown of an appliance's rules when it has said how often each has decided. */
struct asked {
	struct agent *agent;
	struct control_request *request;
	struct uuid appliance, port; /* port zero: of all its NICs */
};

static void set_hits(json_t *rule, const char *nic, const json_t *answer)
{
	const char *id = json_string_value(json_object_get(rule, "id"));
	const char *direction = json_string_value(json_object_get(rule, "direction"));
	const json_t *counted;
	size_t i;

	json_array_foreach(json_object_get(answer, "rules"), i, counted)
		if (!g_strcmp0(id, json_string_value(json_object_get(counted, "id"))) &&
			!g_strcmp0(direction,
				json_string_value(json_object_get(counted, "direction"))) &&
			!g_strcmp0(nic, json_string_value(json_object_get(counted, "interface"))))
			json_object_set(rule, "hits", json_object_get(counted, "hits"));
}

static void add_appliance_rules(struct agent *agent, const struct router_firewall *firewall,
	const json_t *answer, json_t *rules)
{
	const struct record_router_firewall *record = &firewall->record;
	size_t first = json_array_size(rules);
	char id[UUID_STRLEN];

	add_guard(agent, firewall, &record->ingress_policy, "ingress", record->ingress, rules);
	add_guard(agent, firewall, &record->egress_policy, "egress", record->egress, rules);
	for (size_t i = first; i < json_array_size(rules); i++) {
		json_t *rule = json_array_get(rules, i);

		set_hits(rule, firewall->nic, answer);
		json_object_set_new(
			rule, "appliance_id", json_string(uuid_format(&firewall->appliance, id)));
	}
}

static void rules_answered(const json_t *answer, void *data)
{
	g_autofree struct asked *asked = data;
	const struct appliance *appliance =
		g_hash_table_lookup(asked->agent->desired->appliances, &asked->appliance);
	json_t *rules = json_array();
	GError *error = NULL;

	for (guint i = 0; answer && appliance && i < appliance->firewalls->len; i++) {
		const struct router_firewall *firewall = appliance->firewalls->pdata[i];

		if (uuid_is_zero(&asked->port) || uuid_equal(&firewall->id, &asked->port))
			add_appliance_rules(asked->agent, firewall, answer, rules);
	}
	if (answer)
		return control_answer(
			asked->request, json_pack("{s:b,s:o}", "filtered", 1, "rules", rules));
	json_decref(rules);
	weft_fail(&error, CONFLICT, "the appliance does not say what its rules have decided");
	control_fail(asked->request, error);
}

/* The firewall groups of a router that an appliance is: "whole" of all its ports, else of this. */
static void ask_appliance(struct agent *agent, const struct appliance *appliance,
	const struct uuid *port, const json_t *body, struct control_request *request)
{
	struct asked *asked = g_new0(struct asked, 1);

	asked->agent = agent;
	asked->request = request;
	asked->appliance = appliance->id;
	if (!json_is_true(json_object_get(body, "whole")))
		asked->port = *port;
	appliances_ask(agent->appliances, &appliance->id, "/v1/counters", rules_answered, asked);
}

bool op_rules(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	const struct appliance *appliance;
	json_t *rules;
	unsigned n_stages, own;
	struct port *port;
	const char *nic;

	if (!op_port(agent, body, &port, error))
		return false;
	appliance = appliance_with_port(agent->desired, &port->id, &nic);
	if (appliance && appliance->firewalls->len) {
		ask_appliance(agent, appliance, &port->id, body, request);
		return true;
	}
	rules = json_array();
	n_stages = port->stages ? port->stages->policies->len : 0;
	own = port->stages ? port->stages->n_before : 0;
	add_guards(agent, port, rules);
	for (unsigned i = 0; i < own; i++)
		add_stage(agent, port->stages->policies->pdata[i], rules);
	add_groups(agent, port, rules);
	for (unsigned i = own; i < n_stages; i++)
		add_stage(agent, port->stages->policies->pdata[i], rules);
	control_answer(
		request, json_pack("{s:b,s:o}", "filtered",
				 (int)port_is_filtered(agent->desired, port), "rules", rules));
	return true;
}
