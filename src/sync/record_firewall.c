/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/fields.h"

#define RULES_MAX 256

static bool rule_prefix(
	const json_t *data, const char *name, u8 family, struct prefix *ret, GError **error)
{
	if (!json_object_get(data, name))
		return true;
	return field_prefix(data, name, ret, error) &&
	       (ret->ip.family == family ||
		       weft_fail(error, BAD_REQUEST, "%s must be of the rule's ip_version", name));
}

static bool rule_ports(const json_t *data, const char *first, const char *last, u16 *ret_first,
	u16 *ret_last, GError **error)
{
	u32 from, to;

	if (!json_object_get(data, first))
		return true;
	if (!field_uint(data, first, 1, 65535, &from, error) ||
		!field_uint(data, last, from, 65535, &to, error))
		return false;
	*ret_first = (u16)from;
	*ret_last = (u16)to;
	return true;
}

static bool rule_group(const json_t *data, const char *name, struct uuid *ret, GError **error)
{
	return !json_object_get(data, name) || field_uuid(data, name, ret, error);
}

static void clear_rule(gpointer data)
{
	g_free(((struct record_router_firewall_rule *)data)->name);
}

static bool decode_rule(
	const json_t *data, struct record_router_firewall_rule *rule, GError **error)
{
	static const char *const actions[] = { "allow", "deny", "reject", NULL };
	const char *action = actions[1];
	u32 version, proto;

	rule->proto = -1;
	if (!field_uuid(data, "id", &rule->id, error) ||
		!field_optional_choice(data, "action", actions, &action, error) ||
		!field_uint(data, "ip_version", 4, 6, &version, error))
		return false;
	rule->reject = action == actions[2];
	rule->deny = rule->reject || action == actions[1];
	rule->family = version == 6 ? 6 : 4;
	if (json_object_get(data, "protocol")) {
		if (!field_uint(data, "protocol", 0, 255, &proto, error))
			return false;
		rule->proto = (s32)proto;
	}
	return field_optional_string(data, "name", &rule->name, error) &&
	       rule_group(data, "source_firewall_group_id", &rule->source_group, error) &&
	       rule_group(data, "destination_firewall_group_id", &rule->destination_group, error) &&
	       rule_prefix(data, "source_ip_address", rule->family, &rule->source, error) &&
	       rule_prefix(
		       data, "destination_ip_address", rule->family, &rule->destination, error) &&
	       rule_ports(data, "source_port_first", "source_port_last", &rule->source_first,
		       &rule->source_last, error) &&
	       rule_ports(data, "destination_port_first", "destination_port_last",
		       &rule->destination_first, &rule->destination_last, error);
}

static bool decode_rules(const json_t *data, const char *name, GArray **ret, GError **error)
{
	const json_t *list = json_object_get(data, name), *item;
	size_t i;

	*ret = g_array_new(FALSE, TRUE, sizeof(struct record_router_firewall_rule));
	g_array_set_clear_func(*ret, clear_rule);
	if (!json_is_array(list) || json_array_size(list) > RULES_MAX)
		return weft_fail(error, BAD_REQUEST, "%s must be a list of at most %d rules", name,
			RULES_MAX);
	json_array_foreach(list, i, item) {
		struct record_router_firewall_rule rule = { 0 };

		if (!decode_rule(item, &rule, error)) {
			clear_rule(&rule);
			return false;
		}
		g_array_append_val(*ret, rule);
	}
	return true;
}

static bool decode_policy(const json_t *data, const char *id, const char *name,
	struct record_firewall_policy *ret, GError **error)
{
	return (!json_object_get(data, id) || field_uuid(data, id, &ret->id, error)) &&
	       field_optional_string(data, name, &ret->name, error);
}

bool decode_router_firewall(const json_t *data, struct record *ret, GError **error)
{
	struct record_router_firewall *f = &ret->router_firewall;

	return field_uuid(data, "router_id", &f->router_id, error) &&
	       field_uuid(data, "firewall_group_id", &f->group_id, error) &&
	       field_optional_string(data, "name", &f->name, error) &&
	       field_optional_string(data, "project_id", &f->project_id, error) &&
	       decode_policy(data, "ingress_firewall_policy_id", "ingress_policy_name",
		       &f->ingress_policy, error) &&
	       decode_policy(data, "egress_firewall_policy_id", "egress_policy_name",
		       &f->egress_policy, error) &&
	       decode_rules(data, "ingress", &f->ingress, error) &&
	       decode_rules(data, "egress", &f->egress, error);
}

void clear_router_firewall(struct record *record)
{
	g_free(record->router_firewall.name);
	g_free(record->router_firewall.project_id);
	g_free(record->router_firewall.ingress_policy.name);
	g_free(record->router_firewall.egress_policy.name);
	g_clear_pointer(&record->router_firewall.ingress, g_array_unref);
	g_clear_pointer(&record->router_firewall.egress, g_array_unref);
}
