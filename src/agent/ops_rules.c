/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a port's security groups, with what each has decided here. */
#include "agent/firewall.h"
#include "agent/ops.h"

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

static json_t *rule_to_json(struct agent *agent, const struct group_rule *rule)
{
	char id[UUID_STRLEN], group[UUID_STRLEN];
	json_t *json;
	u64 hits = 0;

	dp_rule_hits(agent->dp, rule->id.b, &hits, NULL);
	json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "id", uuid_format(&rule->id, id),
		"security_group_id", uuid_format(&rule->group->id, group), "security_group",
		rule->group->name ?: "", "direction", rule->record.egress ? "egress" : "ingress",
		"ethertype", rule->record.family == 6 ? "IPv6" : "IPv4", "hits", (json_int_t)hits);
	set_given(json, "protocol", rule->record.proto);
	set_given(json, "port_range_min", rule->record.port_min);
	set_given(json, "port_range_max", rule->record.port_max);
	set_remote(json, &rule->record);
	return json;
}

bool op_rules(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	json_t *rules = json_array();
	struct port *port;

	if (!op_port(agent, body, &port, error)) {
		json_decref(rules);
		return false;
	}
	for (guint g = 0; port->policy && g < port->policy->groups->len; g++) {
		const struct security_group *group = port->policy->groups->pdata[g];

		for (guint r = 0; r < group->rules->len; r++)
			json_array_append_new(rules, rule_to_json(agent, group->rules->pdata[r]));
	}
	control_answer(
		request, json_pack("{s:b,s:o}", "filtered", port->policy != NULL, "rules", rules));
	return true;
}
