/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firewall in the datapath, around the ports: before them come the addresses that are new in
 * groups, then the rules; behind them go the policies that no port has any more, then the addresses
 * that have left groups. In between, what is in a group by the old or by the new state is in it: so
 * what both let through is let through at any moment.
 */
#include <string.h>

#include "agent/desired/firewall.h"
#include "agent/reconcile/reconcile.h"

static void add_once(GArray *set, const GArray *groups)
{
	for (guint i = 0; groups && i < groups->len; i++) {
		const struct uuid *group = &g_array_index(groups, struct uuid, i);
		bool has = false;

		for (guint n = 0; n < set->len && !has; n++)
			has = uuid_equal(&g_array_index(set, struct uuid, n), group);
		if (!has)
			g_array_append_val(set, *group);
	}
}

/* Takes over @groups. */
static void put_membership(
	struct reconcile *reconcile, struct membership *membership, GArray *groups)
{
	const u8(*ids)[16] = (const void *)groups->data;
	GError *error = NULL;

	if (!dp_membership_put(reconcile->dp, membership->key.domain.b, &membership->key.prefix,
		    ids, groups->len, &error))
		reconcile_failed(reconcile, error);
	g_clear_pointer(&membership->applied, g_array_unref);
	membership->applied = groups;
}

static void join_groups(struct reconcile *reconcile, struct membership *membership)
{
	GArray *groups;

	if (!membership->groups->len)
		return;
	groups = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	add_once(groups, membership->groups);
	add_once(groups, membership->applied);
	put_membership(reconcile, membership, groups);
}

static void leave_groups(struct reconcile *reconcile, struct membership *membership)
{
	GArray *groups;
	GError *error = NULL;

	if (membership->groups->len) {
		groups = g_array_new(FALSE, FALSE, sizeof(struct uuid));
		add_once(groups, membership->groups);
		if (membership->applied->len != groups->len)
			put_membership(reconcile, membership, groups);
		else
			g_array_unref(groups);
		return;
	}
	if (membership->applied && !dp_membership_delete(reconcile->dp, membership->key.domain.b,
					   &membership->key.prefix, &error))
		reconcile_failed(reconcile, error);
	g_hash_table_remove(reconcile->desired->firewall->memberships, membership);
}

static bool fill_remote(const struct firewall *firewall, const struct policy *policy,
	const struct record_security_group_rule *record, struct dp_rule *rule)
{
	const struct address_group *addresses;

	switch (record->remote) {
	case REMOTE_ANY:
		return true;
	case REMOTE_PREFIX:
		rule->remote = DP_REMOTE_PREFIX;
		rule->prefix = record->prefix;
		return true;
	case REMOTE_GROUP:
		rule->remote = DP_REMOTE_GROUP;
		memcpy(rule->domain, policy->part.b, sizeof(rule->domain));
		memcpy(rule->group, record->remote_id.b, sizeof(rule->group));
		return true;
	case REMOTE_ADDRESS_GROUP:
		addresses = g_hash_table_lookup(firewall->address_groups, &record->remote_id);
		if (!addresses)
			return false;
		rule->remote = DP_REMOTE_GROUP;
		memcpy(rule->domain, addresses->domain.b, sizeof(rule->domain));
		memcpy(rule->group, addresses->id.b, sizeof(rule->group));
		return true;
	}
	return false;
}

/* A rule about an address group that is not there is about nobody. */
bool firewall_fill_rule(const struct firewall *firewall, const struct policy *policy,
	const struct record_security_group_rule *record, struct dp_rule *rule)
{
	rule->direction = record->egress ? DP_EGRESS : DP_INGRESS;
	rule->family = record->family;
	rule->proto = record->proto;
	rule->port_min = record->port_min;
	rule->port_max = record->port_max;
	return fill_remote(firewall, policy, record, rule);
}

static void add_rule(const struct firewall *firewall, const struct policy *policy,
	const struct group_rule *from, GArray *rules)
{
	struct dp_rule *rule;

	g_array_set_size(rules, rules->len + 1);
	rule = &g_array_index(rules, struct dp_rule, rules->len - 1);
	memcpy(rule->id, from->id.b, sizeof(rule->id));
	if (!firewall_fill_rule(firewall, policy, &from->record, rule))
		g_array_set_size(rules, rules->len - 1);
}

static gint compare_rules(gconstpointer a, gconstpointer b)
{
	return memcmp(((const struct dp_rule *)a)->id, ((const struct dp_rule *)b)->id, 16);
}

/* True: its groups are stateless. */
static bool group_rules(
	const struct firewall *firewall, const struct policy *policy, GArray *ret_rules)
{
	bool stateless = policy->groups->len > 0;

	for (guint g = 0; g < policy->groups->len; g++) {
		const struct security_group *group = policy->groups->pdata[g];

		stateless &= !group->stateful;
		for (guint r = 0; r < group->rules->len; r++)
			add_rule(firewall, policy, group->rules->pdata[r], ret_rules);
	}
	g_array_sort(ret_rules, compare_rules);
	return stateless;
}

static void put_policy(struct reconcile *reconcile, struct policy *policy)
{
	g_autoptr(GArray) rules = g_array_new(FALSE, TRUE, sizeof(struct dp_rule));
	struct dp_policy wanted = { 0 };
	GError *error = NULL;

	if (!policy_is_complete(policy) && !policy->applied)
		return;
	if (policy->tier_policies)
		stage_rules(reconcile->desired, policy, rules);
	else
		wanted.stateless = group_rules(reconcile->desired->firewall, policy, rules);
	memcpy(wanted.id, policy->id.b, sizeof(wanted.id));
	wanted.rules = (const struct dp_rule *)rules->data;
	wanted.n_rules = rules->len;
	g_clear_pointer(&policy->reason, g_free);
	if (dp_policy_put(reconcile->dp, &wanted, &error)) {
		policy->applied = true;
		return;
	}
	policy->reason = g_strdup(error->message);
	reconcile_failed(reconcile, error);
}

static void withdraw_policy(struct reconcile *reconcile, struct policy *policy)
{
	GError *error = NULL;

	if (policy->applied && !dp_policy_delete(reconcile->dp, policy->id.b, &error)) {
		reconcile_failed(reconcile, error);
		return; /* to be tried again when all is stated */
	}
	policy_remove(reconcile->desired, policy);
}

void reconcile_firewall_begin(struct reconcile *reconcile)
{
	struct firewall *firewall = reconcile->desired->firewall;
	GHashTableIter iter;
	gpointer data;

	if (firewall->incomplete)
		return;
	firewall_update_parts(reconcile->desired);
	g_hash_table_iter_init(&iter, firewall->dirty_memberships);
	while (g_hash_table_iter_next(&iter, &data, NULL))
		join_groups(reconcile, data);
	g_hash_table_iter_init(&iter, firewall->dirty_policies);
	while (g_hash_table_iter_next(&iter, &data, NULL))
		if (((struct policy *)data)->n_ports)
			put_policy(reconcile, data);
}

void reconcile_firewall_end(struct reconcile *reconcile)
{
	struct firewall *firewall = reconcile->desired->firewall;
	g_autofree gpointer *policies =
		g_hash_table_get_keys_as_array(firewall->dirty_policies, NULL);
	GHashTableIter iter;
	gpointer membership;

	if (firewall->incomplete)
		return;
	g_hash_table_remove_all(firewall->dirty_policies);
	for (guint i = 0; policies[i]; i++)
		if (!((struct policy *)policies[i])->n_ports)
			withdraw_policy(reconcile, policies[i]);
	g_hash_table_iter_init(&iter, firewall->dirty_memberships);
	while (g_hash_table_iter_next(&iter, &membership, NULL))
		leave_groups(reconcile, membership);
	g_hash_table_remove_all(firewall->dirty_memberships);
}
