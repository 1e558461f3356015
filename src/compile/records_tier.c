/* SPDX-License-Identifier: Apache-2.0 */
/* The records that are about the provider's tiers. */
#include "compile/records.h"

#include "model/firewall/security_policy.h"
#include "model/firewall/security_policy_rule.h"
#include "model/firewall/security_tier.h"

void record_security_tier(const struct object *tier, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(&w, "name", object_str(tier, SLOT_NAME));
	jw_member_int(&w, "priority", object_int(tier, SECURITY_TIER_PRIORITY));
	jw_member_bool(&w, "baseline", object_bool(tier, SECURITY_TIER_BASELINE));
	jw_end_object(&w);
}

void record_security_policy(const struct object *policy, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(&w, "name", object_str(policy, SLOT_NAME));
	jw_member_string(&w, "security_tier_id", object_str(policy, SECURITY_POLICY_TIER_ID));
	jw_member_int(&w, "priority", object_int(policy, SECURITY_POLICY_PRIORITY));
	jw_member_bool(&w, "enabled", object_bool(policy, SECURITY_POLICY_ENABLED));
	jw_member_raw(&w, "projects", object_str(policy, SECURITY_POLICY_PROJECTS));
	jw_member_raw(&w, "networks", object_str(policy, SECURITY_POLICY_NETWORKS));
	jw_member_raw(&w, "ports", object_str(policy, SECURITY_POLICY_PORTS));
	jw_member_raw(&w, "port_tags", object_str(policy, SECURITY_POLICY_PORT_TAGS));
	jw_member_raw(&w, "security_groups", object_str(policy, SECURITY_POLICY_SECURITY_GROUPS));
	jw_end_object(&w);
}

/* The network that a prefix with host bits means. */
static void member_prefix(struct json_writer *w, const struct object *rule)
{
	struct prefix prefix = object_prefix(rule, MATCH_IP_PREFIX);
	char text[PREFIX_STRLEN];

	prefix.ip = prefix_network(&prefix);
	jw_member_string(w, "remote_ip_prefix", prefix_format(&prefix, text));
}

void record_security_policy_rule(const struct object *rule, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_string(
		&w, "security_policy_id", object_str(rule, SECURITY_POLICY_RULE_POLICY_ID));
	jw_member_int(&w, "priority", object_int(rule, SECURITY_POLICY_RULE_PRIORITY));
	jw_member_string(&w, "action", object_str(rule, SECURITY_POLICY_RULE_ACTION));
	record_match(rule, &w);
	if (!object_is_null(rule, MATCH_IP_PREFIX))
		member_prefix(&w, rule);
	if (!object_is_null(rule, SECURITY_POLICY_RULE_DOMAIN))
		jw_member_string(
			&w, "remote_domain", object_str(rule, SECURITY_POLICY_RULE_DOMAIN));
	jw_end_object(&w);
}
