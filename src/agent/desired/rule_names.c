/* SPDX-License-Identifier: Apache-2.0 */
/* What people call what the firewall knows by its id. */
#include "agent/desired/rule_names.h"

#include <string.h>

#include "agent/desired/firewall.h"

static struct uuid uuid_from(const u8 bytes[16])
{
	struct uuid uuid;

	memcpy(uuid.b, bytes, sizeof(uuid.b));
	return uuid;
}

static const char *group_name(const struct security_group *group, char buf[static UUID_STRLEN])
{
	return group->name ? group->name : uuid_format(&group->id, buf);
}

static const char *name_or_id(const char *name, const struct uuid *id, char buf[static UUID_STRLEN])
{
	return name ? name : uuid_format(id, buf);
}

/* "the rule … of the policy … in the tier …", or NULL. */
static char *tier_rule_name(const struct tiers *tiers, const struct uuid *id)
{
	const struct tier_rule *rule = g_hash_table_lookup(tiers->rules, id);
	const struct tier_policy *policy =
		rule ? g_hash_table_lookup(tiers->policies, &rule->record.policy_id) : NULL;
	const struct tier *tier = policy ? tier_of(tiers, policy) : NULL;
	char text[UUID_STRLEN], of[UUID_STRLEN], in[UUID_STRLEN];

	if (!tier)
		return NULL;
	return g_strdup_printf("the rule %s of the policy %s in the provider's tier %s",
		uuid_format(id, text), name_or_id(policy->record.name, &policy->id, of),
		name_or_id(tier->record.name, &tier->id, in));
}

const struct record_router_firewall_rule *guard_rule_find(
	const GArray *rules, const struct uuid *id)
{
	for (guint i = 0; i < rules->len; i++)
		if (uuid_equal(&g_array_index(rules, struct record_router_firewall_rule, i).id, id))
			return &g_array_index(rules, struct record_router_firewall_rule, i);
	return NULL;
}

/* "the rule … of the policy … in the firewall group …", or NULL: it has no such rule. */
static char *rule_name_in(const struct router_firewall *firewall, const struct uuid *id)
{
	const struct record_firewall_policy *policy;
	char text[UUID_STRLEN], of[UUID_STRLEN], in[UUID_STRLEN];

	if (guard_rule_find(firewall->record.ingress, id))
		policy = &firewall->record.ingress_policy;
	else if (guard_rule_find(firewall->record.egress, id))
		policy = &firewall->record.egress_policy;
	else
		return NULL;
	return g_strdup_printf("the rule %s of the policy %s in the firewall group %s",
		uuid_format(id, text), name_or_id(policy->name, &policy->id, of),
		name_or_id(firewall->record.name, &firewall->record.group_id, in));
}

static char *appliance_rule_name(const struct appliance *appliance, const struct uuid *id)
{
	for (guint i = 0; i < appliance->firewalls->len; i++) {
		char *name = rule_name_in(appliance->firewalls->pdata[i], id);

		if (name)
			return name;
	}
	return NULL;
}

static char *firewall_rule_name(const struct desired *desired, const struct uuid *id)
{
	const struct router_firewall *firewall;
	const struct appliance *appliance;
	char *name = NULL;
	GHashTableIter i;

	g_hash_table_iter_init(&i, desired->router_firewalls);
	while (!name && g_hash_table_iter_next(&i, NULL, (gpointer *)&firewall))
		name = rule_name_in(firewall, id);
	g_hash_table_iter_init(&i, desired->appliances);
	while (!name && g_hash_table_iter_next(&i, NULL, (gpointer *)&appliance))
		name = appliance_rule_name(appliance, id);
	return name;
}

char *rule_name_of(const struct desired *desired, const struct uuid *id)
{
	const struct group_rule *rule = g_hash_table_lookup(desired->firewall->rules, id);
	char text[UUID_STRLEN], group[UUID_STRLEN];

	if (!rule)
		return tier_rule_name(desired->firewall->tiers, id)
			       ?: firewall_rule_name(desired, id);
	return g_strdup_printf("the rule %s of the security group %s", uuid_format(id, text),
		group_name(rule->group, group));
}

static char *rule_name(const u8 bytes[16], void *data)
{
	struct uuid id = uuid_from(bytes);

	return rule_name_of(data, &id);
}

static char *rules_of_port(const u8 bytes[16], void *data)
{
	const struct desired *desired = data;
	struct uuid id = uuid_from(bytes);
	const struct port *port = desired_port(desired, &id);
	g_autoptr(GString) text = g_string_new(NULL);
	char group[UUID_STRLEN];

	if (!port || !port->policy)
		return NULL;
	if (!port->policy->groups->len)
		return g_strdup("its security groups, of which it has none,");
	for (guint i = 0; i < port->policy->groups->len; i++)
		g_string_append_printf(text, "%s%s",
			i				? ", "
			: port->policy->groups->len > 1 ? "the security groups "
							: "the security group ",
			group_name(port->policy->groups->pdata[i], group));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

struct dp_names rule_names(struct desired *desired)
{
	return (struct dp_names){ rule_name, rules_of_port, desired };
}
