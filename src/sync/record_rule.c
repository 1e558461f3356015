/* SPDX-License-Identifier: Apache-2.0 */
/* The records of rules, and of the provider's tiers. */
#include <string.h>

#include "sync/fields.h"

static bool decode_remote(
	const json_t *data, struct record_security_group_rule *rule, GError **error)
{
	static const char *const members[] = { [REMOTE_PREFIX] = "remote_ip_prefix",
		[REMOTE_GROUP] = "remote_group_id",
		[REMOTE_ADDRESS_GROUP] = "remote_address_group_id" };

	for (enum record_remote remote = REMOTE_PREFIX; remote <= REMOTE_ADDRESS_GROUP; remote++) {
		const json_t *value = json_object_get(data, members[remote]);

		if (value && !json_is_null(value))
			rule->remote = remote;
	}
	switch (rule->remote) {
	case REMOTE_ANY:
		return true;
	case REMOTE_PREFIX:
		return field_prefix(data, members[REMOTE_PREFIX], &rule->prefix, error);
	default:
		return field_uuid(data, members[rule->remote], &rule->remote_id, error);
	}
}

bool field_match(const json_t *data, struct record_security_group_rule *rule, GError **error)
{
	static const char *const directions[] = { "ingress", "egress", NULL };
	static const char *const ethertypes[] = { "IPv4", "IPv6", NULL };
	const char *direction = directions[0], *ethertype = ethertypes[0];

	rule->proto = rule->port_min = rule->port_max = -1;
	if (!field_optional_choice(data, "direction", directions, &direction, error) ||
		!field_optional_choice(data, "ethertype", ethertypes, &ethertype, error) ||
		!field_optional_uint(data, "protocol", 0, 255, &rule->proto, error) ||
		!field_optional_uint(data, "port_range_min", 0, 65535, &rule->port_min, error) ||
		!field_optional_uint(data, "port_range_max", 0, 65535, &rule->port_max, error))
		return false;
	rule->egress = direction == directions[1];
	rule->family = ethertype == ethertypes[1] ? 6 : 4;
	return decode_remote(data, rule, error);
}

bool decode_security_tier(const json_t *data, struct record *ret, GError **error)
{
	struct record_security_tier *tier = &ret->security_tier;

	return field_optional_string(data, "name", &tier->name, error) &&
	       field_uint(data, "priority", 0, 65535, &tier->priority, error) &&
	       field_optional_bool(data, "baseline", &tier->baseline, error);
}

void clear_security_tier(struct record *record)
{
	g_free(record->security_tier.name);
}

bool decode_security_policy(const json_t *data, struct record *ret, GError **error)
{
	struct record_security_policy *policy = &ret->security_policy;

	policy->networks = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	policy->ports = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	policy->groups = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	policy->enabled = true;
	return field_optional_string(data, "name", &policy->name, error) &&
	       field_uuid(data, "security_tier_id", &policy->tier_id, error) &&
	       field_uint(data, "priority", 0, 65535, &policy->priority, error) &&
	       field_optional_bool(data, "enabled", &policy->enabled, error) &&
	       field_optional_strings(data, "projects", &policy->projects, error) &&
	       field_optional_strings(data, "port_tags", &policy->tags, error) &&
	       field_array(data, "networks", element_uuid, policy->networks, error) &&
	       field_array(data, "ports", element_uuid, policy->ports, error) &&
	       field_array(data, "security_groups", element_uuid, policy->groups, error);
}

void clear_security_policy(struct record *record)
{
	struct record_security_policy *policy = &record->security_policy;

	g_free(policy->name);
	g_clear_pointer(&policy->projects, g_ptr_array_unref);
	g_clear_pointer(&policy->tags, g_ptr_array_unref);
	g_clear_pointer(&policy->networks, g_array_unref);
	g_clear_pointer(&policy->ports, g_array_unref);
	g_clear_pointer(&policy->groups, g_array_unref);
}

bool decode_security_policy_rule(const json_t *data, struct record *ret, GError **error)
{
	static const char *const actions[] = { "allow", "deny", "pass", NULL };
	struct record_security_policy_rule *rule = &ret->security_policy_rule;
	const char *action = NULL;

	if (!field_uuid(data, "security_policy_id", &rule->policy_id, error) ||
		!field_uint(data, "priority", 0, 65535, &rule->priority, error) ||
		!field_optional_choice(data, "action", actions, &action, error) ||
		!field_match(data, &rule->match, error) ||
		!field_optional_string(data, "remote_domain", &rule->domain, error))
		return false;
	for (unsigned i = 0; actions[i]; i++)
		if (action == actions[i])
			rule->action = (enum record_action)i;
	return action || weft_fail(error, BAD_REQUEST, "action must be allow, deny or pass");
}

void clear_security_policy_rule(struct record *record)
{
	g_free(record->security_policy_rule.domain);
}
