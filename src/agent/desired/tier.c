/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/tier.h"

#include <string.h>

#include "agent/desired/domain.h"
#include "agent/desired/firewall.h"
#include "agent/desired/parts.h"
#include "datapath/datapath.h"

static void tier_free(gpointer data)
{
	struct tier *tier = data;
	struct record record = { .kind = RECORD_SECURITY_TIER, .security_tier = tier->record };

	record_clear(&record);
	g_free(tier);
}

static void tier_policy_free(gpointer data)
{
	struct tier_policy *policy = data;
	struct record record = { .kind = RECORD_SECURITY_POLICY,
		.security_policy = policy->record };

	record_clear(&record);
	g_free(policy);
}

static void tier_rule_free(gpointer data)
{
	struct tier_rule *rule = data;
	struct record record = { .kind = RECORD_SECURITY_POLICY_RULE,
		.security_policy_rule = rule->record };

	record_clear(&record);
	g_free(rule);
}

struct tiers *tiers_new(void)
{
	struct tiers *tiers = g_new0(struct tiers, 1);

	tiers->tiers = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, tier_free);
	tiers->policies = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, tier_policy_free);
	tiers->rules = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, tier_rule_free);
	tiers->ordered = g_ptr_array_new();
	return tiers;
}

void tiers_free(struct tiers *tiers)
{
	g_ptr_array_unref(tiers->ordered);
	g_hash_table_unref(tiers->rules);
	g_hash_table_unref(tiers->policies);
	g_hash_table_unref(tiers->tiers);
	g_free(tiers);
}

static void put_tier(struct tiers *tiers, const struct uuid *id, struct record *record)
{
	struct tier *tier = g_new0(struct tier, 1);

	tier->id = *id;
	tier->record = record->security_tier;
	g_hash_table_replace(tiers->tiers, &tier->id, tier);
}

static void put_policy(struct tiers *tiers, const struct uuid *id, struct record *record)
{
	struct tier_policy *policy = g_new0(struct tier_policy, 1);

	policy->id = *id;
	policy->record = record->security_policy;
	g_hash_table_replace(tiers->policies, &policy->id, policy);
}

static void put_rule(struct tiers *tiers, const struct uuid *id, struct record *record)
{
	struct tier_rule *rule = g_new0(struct tier_rule, 1);

	rule->id = *id;
	rule->record = record->security_policy_rule;
	g_hash_table_replace(tiers->rules, &rule->id, rule);
}

void tier_pended(struct tiers *tiers, const struct record_key *key, struct record *record)
{
	static void (*const put[])(struct tiers *, const struct uuid *, struct record *) = {
		[RECORD_SECURITY_TIER] = put_tier,
		[RECORD_SECURITY_POLICY] = put_policy,
		[RECORD_SECURITY_POLICY_RULE] = put_rule,
	};
	GHashTable *tables[] = { [RECORD_SECURITY_TIER] = tiers->tiers,
		[RECORD_SECURITY_POLICY] = tiers->policies,
		[RECORD_SECURITY_POLICY_RULE] = tiers->rules };

	g_ptr_array_set_size(tiers->ordered, 0); /* it may be of what goes */
	tiers->changed = true;
	if (record) {
		put[key->kind](tiers, &key->id, record);
		*record = (struct record){ .kind = RECORD_HOST }; /* taken over */
	} else {
		g_hash_table_remove(tables[key->kind], &key->id);
	}
}

const struct tier *tier_of(const struct tiers *tiers, const struct tier_policy *policy)
{
	return g_hash_table_lookup(tiers->tiers, &policy->record.tier_id);
}

/* Baselines last; then by the priorities of tiers and of their policies. */
static gint compare_policies(gconstpointer a, gconstpointer b, gpointer data)
{
	const struct tier_policy *x = *(const struct tier_policy *const *)a,
				 *y = *(const struct tier_policy *const *)b;
	const struct tier *p = tier_of(data, x), *q = tier_of(data, y);

	if (p->record.baseline != q->record.baseline)
		return p->record.baseline ? 1 : -1;
	if (p->record.priority != q->record.priority)
		return p->record.priority < q->record.priority ? -1 : 1;
	if (p != q)
		return memcmp(&p->id, &q->id, sizeof(p->id));
	if (x->record.priority != y->record.priority)
		return x->record.priority < y->record.priority ? -1 : 1;
	return memcmp(&x->id, &y->id, sizeof(x->id));
}

static void order_policies(struct tiers *tiers)
{
	struct tier_policy *policy;
	GHashTableIter iter;

	g_ptr_array_set_size(tiers->ordered, 0);
	g_hash_table_iter_init(&iter, tiers->policies);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&policy))
		if (policy->record.enabled && tier_of(tiers, policy))
			g_ptr_array_add(tiers->ordered, policy);
	g_ptr_array_sort_with_data(tiers->ordered, compare_policies, tiers);
}

/* Names that rules are about are learnt from now on; others no longer. */
static void use_domains(struct desired *desired)
{
	const struct tier_rule *rule;
	GHashTableIter iter;

	domains_use_begin(desired->firewall->domains);
	g_hash_table_iter_init(&iter, desired->firewall->tiers->rules);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&rule))
		if (rule->record.domain)
			domains_use(desired->firewall->domains, rule->record.domain);
	domains_use_end(desired->firewall);
}

void tiers_commit(struct desired *desired)
{
	struct firewall *firewall = desired->firewall;
	struct policy *policy;
	struct port *port;
	GHashTableIter iter;

	if (!firewall->tiers->changed)
		return;
	firewall->tiers->changed = false;
	order_policies(firewall->tiers);
	use_domains(desired);
	g_hash_table_iter_init(&iter, desired->ports);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&port))
		if (port->known)
			port_choose_stages(desired, port);
	g_hash_table_iter_init(&iter, firewall->policies);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&policy))
		if (policy->tier_policies)
			g_hash_table_add(firewall->dirty_policies, policy);
}

static gint compare_rules(gconstpointer a, gconstpointer b)
{
	const struct tier_rule *x = *(const struct tier_rule *const *)a,
			       *y = *(const struct tier_rule *const *)b;

	if (x->record.priority != y->record.priority)
		return x->record.priority < y->record.priority ? -1 : 1;
	return memcmp(&x->id, &y->id, sizeof(x->id));
}

static void add_rule(struct desired *desired, const struct policy *stage,
	const struct tier_rule *from, GArray *rules)
{
	struct dp_rule rule = { .deny = from->record.action == ACTION_DENY,
		.pass = from->record.action == ACTION_PASS };

	memcpy(rule.id, from->id.b, sizeof(rule.id));
	if (!firewall_fill_rule(desired->firewall, stage, &from->record.match, &rule))
		return;
	if (from->record.domain) {
		struct uuid group = domain_group(from->record.domain);

		rule.remote = DP_REMOTE_GROUP;
		memcpy(rule.domain, domains_domain.b, sizeof(rule.domain));
		memcpy(rule.group, group.b, sizeof(rule.group));
	}
	g_array_append_val(rules, rule);
}

GPtrArray *tier_rules_of(const struct tiers *tiers, const struct uuid *policy)
{
	GPtrArray *sorted = g_ptr_array_new();
	struct tier_rule *rule;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, tiers->rules);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&rule))
		if (uuid_equal(&rule->record.policy_id, policy))
			g_ptr_array_add(sorted, rule);
	g_ptr_array_sort(sorted, compare_rules);
	return sorted;
}

void stage_rules(struct desired *desired, const struct policy *stage, GArray *ret_rules)
{
	for (guint i = 0; i < stage->tier_policies->len; i++) {
		g_autoptr(GPtrArray) sorted = tier_rules_of(desired->firewall->tiers,
			&g_array_index(stage->tier_policies, struct uuid, i));

		for (guint r = 0; r < sorted->len; r++)
			add_rule(desired, stage, sorted->pdata[r], ret_rules);
	}
}
