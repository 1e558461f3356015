/* SPDX-License-Identifier: Apache-2.0 */
/* The firewall of the fake datapath. */
#include "agent/fake/fake_datapath.h"

static void append_rule(GString *text, const struct dp_rule *rule)
{
	char prefix[PREFIX_STRLEN];

	g_string_append_printf(text, " [%s%02x %s %u",
		rule->deny   ? "deny "
		: rule->pass ? "pass "
			     : "",
		rule->id[15], rule->direction == DP_EGRESS ? "out" : "in", rule->family);
	if (rule->proto >= 0)
		g_string_append_printf(
			text, " proto %d %d-%d", rule->proto, rule->port_min, rule->port_max);
	if (rule->remote == DP_REMOTE_PREFIX)
		g_string_append_printf(text, " %s", prefix_format(&rule->prefix, prefix));
	if (rule->remote == DP_REMOTE_GROUP)
		g_string_append_printf(text, " group %02x/%02x", rule->domain[0], rule->group[15]);
	g_string_append_c(text, ']');
}

bool dp_policy_put(struct dp *dp, const struct dp_policy *policy, GError **error)
{
	g_autoptr(GString) value = g_string_new(policy->stateless ? "stateless" : "stateful");

	(void)dp;
	for (size_t i = 0; i < policy->n_rules; i++)
		append_rule(value, &policy->rules[i]);
	return fake_put(g_strdup_printf("policy %02x", policy->id[0]), g_strdup(value->str), error);
}

bool dp_remote_is_in_use(struct dp *dp, const struct ip *ip)
{
	(void)dp;
	(void)ip;
	return false;
}

bool dp_policy_delete(struct dp *dp, const u8 id[16], GError **error)
{
	(void)dp;
	return fake_delete(g_strdup_printf("policy %02x", id[0]), error);
}

static char *membership_key(const u8 domain[16], const struct prefix *prefix)
{
	char buf[PREFIX_STRLEN];

	return g_strdup_printf("membership %02x %s", domain[0], prefix_format(prefix, buf));
}

bool dp_membership_put(struct dp *dp, const u8 domain[16], const struct prefix *prefix,
	const u8 (*groups)[16], size_t n_groups, GError **error)
{
	g_autoptr(GString) value = g_string_new(NULL);

	(void)dp;
	for (size_t i = 0; i < n_groups; i++)
		g_string_append_printf(value, "%s%02x", i ? " " : "", groups[i][15]);
	return fake_put(membership_key(domain, prefix), g_strdup(value->str), error);
}

bool dp_membership_delete(
	struct dp *dp, const u8 domain[16], const struct prefix *prefix, GError **error)
{
	(void)dp;
	return fake_delete(membership_key(domain, prefix), error);
}

static void append_guard_group(GString *text, const char *how, const u8 group[16])
{
	static const u8 none[16];

	if (memcmp(group, none, sizeof(none)) != 0)
		g_string_append_printf(text, "%s %02x", how, group[15]);
}

static void append_guard_rules(
	GString *text, const char *direction, const struct dp_guard_policy *policy)
{
	char prefix[PREFIX_STRLEN];

	g_string_append_printf(text, "%s", direction);
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct dp_guard_rule *rule = &policy->rules[i];

		g_string_append_printf(text, " [%s %02x v%u %d",
			rule->reject ? "reject"
			: rule->deny ? "deny"
				     : "allow",
			rule->id[15], rule->family, rule->proto);
		if (rule->source.ip.family)
			g_string_append_printf(
				text, " from %s", prefix_format(&rule->source, prefix));
		if (rule->destination.ip.family)
			g_string_append_printf(
				text, " to %s", prefix_format(&rule->destination, prefix));
		if (rule->destination_ports.last)
			g_string_append_printf(text, " %u-%u", rule->destination_ports.first,
				rule->destination_ports.last);
		append_guard_group(text, " in by", rule->source_group);
		append_guard_group(text, " out by", rule->destination_group);
		g_string_append_c(text, ']');
	}
}

static char *guard_key(u32 vni, const struct mac *mac)
{
	char text[MAC_STRLEN];

	return g_strdup_printf("guard %u %s", vni, mac_format(mac, text));
}

bool dp_guard_put(struct dp *dp, const struct dp_guard *guard, GError **error)
{
	g_autoptr(GString) value = g_string_new(NULL);

	(void)dp;
	append_guard_rules(value, "in", &guard->ingress);
	append_guard_rules(value, " out", &guard->egress);
	append_guard_group(value, " group", guard->group);
	if (guard->flags)
		g_string_append_printf(value, " log %u", guard->flags);
	return fake_put(guard_key(guard->vni, &guard->mac), g_strdup(value->str), error);
}

bool dp_guard_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error)
{
	(void)dp;
	return fake_delete(guard_key(vni, mac), error);
}
