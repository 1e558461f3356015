/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies. A put compiles the policy anew and writes the difference: additions first, so that no
 * packet meets less than both the old and the new rules allow.
 */
#include "datapath/firewall.h"

#include <string.h>

static void policy_free(gpointer data)
{
	struct fw_policy *policy = data;

	g_array_unref(policy->rules);
	g_hash_table_unref(policy->nodes);
	g_ptr_array_unref(policy->domains);
	g_free(policy);
}

void firewall_open(struct dp *dp)
{
	names_open(dp);
	tiers_open(dp);
	guards_open(dp);
	dp->firewall.policies = g_hash_table_new_full(name_hash, name_equal, NULL, policy_free);
	dp->firewall.domains = g_hash_table_new_full(name_hash, name_equal, NULL, domain_free);
}

void firewall_close(struct dp *dp)
{
	g_clear_pointer(&dp->firewall.policies, g_hash_table_unref);
	g_clear_pointer(&dp->firewall.domains, g_hash_table_unref);
	g_clear_pointer(&dp->firewall.tiers, g_hash_table_unref);
	guards_close(dp);
	names_close(dp);
}

static struct name name_from(const u8 bytes[16])
{
	struct name name;

	memcpy(name.b, bytes, sizeof(name.b));
	return name;
}

/* A name that is made of another and something else. */
static struct name derived(const struct name *name, const void *data, size_t len)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	u8 digest[32];
	gsize size = sizeof(digest);

	g_checksum_update(sum, name->b, sizeof(name->b));
	g_checksum_update(sum, data, (gssize)len);
	g_checksum_get_digest(sum, digest, &size);
	return name_from(digest);
}

/* The domain of a policy's own prefixes, and the group that such a prefix stands for. */
static struct name own_domain(const struct name *policy)
{
	return derived(policy, "prefixes", 8);
}

static struct name prefix_group(const struct name *domain, const struct prefix *prefix)
{
	u8 bytes[18] = { prefix->ip.family, prefix->len };
	struct ip network = prefix_network(prefix);

	memcpy(&bytes[2], network.b, 16);
	return derived(domain, bytes, sizeof(bytes));
}

static bool release_rules(struct dp *dp, GArray *rules)
{
	for (guint i = 0; i < rules->len; i++) {
		struct name name = name_from(g_array_index(rules, struct fw_rule, i).rule.id);

		name_release(dp, NAME_RULE, &name);
	}
	g_array_unref(rules);
	return false;
}

/* The rules with what they are looked up by; NULL with @error. Where none denies, the order does
 * not matter, and is the same for all: a new rule in front then changes no other's entry. */
static GArray *prepare_rules(struct dp *dp, const struct dp_policy *policy, GError **error)
{
	GArray *rules =
		g_array_sized_new(FALSE, TRUE, sizeof(struct fw_rule), (guint)policy->n_rules);
	struct name id = name_from(policy->id), own = own_domain(&id);
	u16 order = 0;

	for (size_t i = 0; i < policy->n_rules; i++) {
		struct fw_rule rule = { .given = policy->rules[i], .rule = policy->rules[i] };
		struct name name = name_from(rule.rule.id);

		if (i && (rule.rule.deny != policy->rules[i - 1].deny ||
				 rule.rule.pass != policy->rules[i - 1].pass))
			order++;
		rule.order = order;
		if (rule.rule.remote == DP_REMOTE_PREFIX && !rule.rule.prefix.len)
			rule.rule.remote = DP_REMOTE_ANY;
		if (rule.rule.remote == DP_REMOTE_PREFIX) {
			rule.domain = own;
			rule.group = prefix_group(&own, &rule.rule.prefix);
		} else if (rule.rule.remote == DP_REMOTE_GROUP) {
			rule.domain = name_from(rule.rule.domain);
			rule.group = name_from(rule.rule.group);
		}
		if (!name_take(dp, NAME_RULE, &name, &rule.slot, error)) {
			release_rules(dp, rules);
			return NULL;
		}
		g_array_append_val(rules, rule);
	}
	return rules;
}

static bool put_node(
	struct dp *dp, const struct rule_key *key, const struct rule *value, GError **error)
{
	enum table_change change;

	return table_put(dp, TABLE_RULES, key, value, &change, error);
}

/* Entries about another set; nobody has its identity yet, so nothing that was decided changes. */
bool policy_add_identity(struct dp *dp, struct fw_policy *policy, const struct fw_domain *domain,
	const struct fw_set *set, GError **error)
{
	g_autoptr(GHashTable) nodes = rules_nodes_new();
	GHashTableIter iter;
	gpointer key, value;

	rules_compile(
		policy->rules, policy->number, set->number, &domain->name, set->groups, nodes);
	g_hash_table_iter_init(&iter, nodes);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		if (!put_node(dp, key, value, error))
			return false;
		g_hash_table_insert(policy->nodes, g_memdup2(key, sizeof(struct rule_key)),
			g_memdup2(value, sizeof(struct rule)));
	}
	return true;
}

bool policy_remove_identity(
	struct dp *dp, struct fw_policy *policy, const struct fw_set *set, GError **error)
{
	GHashTableIter iter;
	gpointer key;
	bool ok = true;

	g_hash_table_iter_init(&iter, policy->nodes);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		if (((struct rule_key *)key)->identity != set->number)
			continue;
		ok = table_delete(dp, TABLE_RULES, key, ok ? error : NULL) && ok;
		g_hash_table_iter_remove(&iter);
	}
	return ok;
}

static GHashTable *compile(const struct fw_policy *policy)
{
	GHashTable *nodes = rules_nodes_new();
	GHashTableIter iter;
	gpointer set;

	rules_compile(policy->rules, policy->number, IDENTITY_ANY, NULL, NULL, nodes);
	for (guint i = 0; i < policy->domains->len; i++) {
		const struct fw_domain *domain = policy->domains->pdata[i];

		g_hash_table_iter_init(&iter, domain->sets);
		while (g_hash_table_iter_next(&iter, NULL, &set))
			rules_compile(policy->rules, policy->number, ((struct fw_set *)set)->number,
				&domain->name, ((struct fw_set *)set)->groups, nodes);
	}
	return nodes;
}

/* Writes the policy's entries; *ret_less: something that was there has changed or gone. */
static bool write_nodes(struct dp *dp, struct fw_policy *policy, bool *ret_less, GError **error)
{
	g_autoptr(GHashTable) wanted = compile(policy);
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, wanted);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct rule *old = g_hash_table_lookup(policy->nodes, key);

		if (old && !memcmp(old, value, sizeof(*old)))
			continue;
		*ret_less |= old != NULL;
		if (!put_node(dp, key, value, error))
			return false;
	}
	g_hash_table_iter_init(&iter, policy->nodes);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		if (g_hash_table_contains(wanted, key))
			continue;
		*ret_less = true;
		if (!table_delete(dp, TABLE_RULES, key, error))
			return false;
	}
	g_hash_table_unref(policy->nodes);
	policy->nodes = g_steal_pointer(&wanted);
	return true;
}

static bool use_domains(struct dp *dp, struct fw_policy *policy, GError **error)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const struct fw_rule *rule = &g_array_index(policy->rules, struct fw_rule, i);
		struct fw_domain *domain;

		if (rule->rule.remote == DP_REMOTE_ANY)
			continue;
		domain = domain_use(dp, &rule->domain, policy, error);
		if (!domain)
			return false;
		if (!g_ptr_array_find(policy->domains, domain, NULL))
			g_ptr_array_add(policy->domains, domain);
		if (rule->rule.remote == DP_REMOTE_PREFIX &&
			!membership_put(dp, &rule->domain, &rule->group, &rule->rule.prefix, error))
			return false;
	}
	if (policy->domains->len <= POLICY_DOMAINS_MAX)
		return true;
	return weft_fail(error, TOO_LARGE,
		"Can't use rules with remote groups of %u projects at one port: it can tell those of %d.",
		policy->domains->len, POLICY_DOMAINS_MAX);
}

static bool uses(const GArray *rules, const struct name *domain, const struct name *group)
{
	for (guint i = 0; i < rules->len; i++) {
		const struct fw_rule *rule = &g_array_index(rules, struct fw_rule, i);

		if (rule->rule.remote != DP_REMOTE_ANY && name_equal(&rule->domain, domain) &&
			(!group || name_equal(&rule->group, group)))
			return true;
	}
	return false;
}

/* Prefixes and domains that only the old rules were about. */
static bool leave_domains(
	struct dp *dp, struct fw_policy *policy, const GArray *old, GError **error)
{
	for (guint i = 0; i < old->len; i++) {
		const struct fw_rule *rule = &g_array_index(old, struct fw_rule, i);

		if (rule->rule.remote == DP_REMOTE_PREFIX &&
			!uses(policy->rules, &rule->domain, &rule->group) &&
			!membership_delete(dp, &rule->domain, &rule->rule.prefix, error))
			return false;
	}
	for (guint i = policy->domains->len; i-- > 0;) {
		struct fw_domain *domain = policy->domains->pdata[i];

		if (uses(policy->rules, &domain->name, NULL))
			continue;
		g_ptr_array_remove_index(policy->domains, i);
		domain_leave(dp, domain, policy);
	}
	return true;
}

/* What holds of the rules, and of @before, which are there as well. */
static void summarize(const GArray *rules, const GArray *before, struct policy *ret)
{
	struct policy old = { 0 };

	rules_summary(rules, ret);
	rules_summary(before, &old);
	ret->any_kinds |= old.any_kinds;
	for (unsigned i = 0; i < POLICY_KINDS; i++)
		if (ret->always[i] != old.always[i])
			ret->always[i] = 0;
}

/* Whether connections that one let through must be judged again by the other. */
static bool judges_otherwise(const struct policy *old, const struct policy *new)
{
	return old->stateless != new->stateless || old->n_domains != new->n_domains ||
	       memcmp(old->domains, new->domains, sizeof(old->domains));
}

/* While the entries of the rules that were there @before are changed to those of the policy's. */
static bool write_policy(
	struct dp *dp, const struct fw_policy *policy, const GArray *before, GError **error)
{
	struct policy value = { .stateless = policy->stateless,
		.n_domains = (u8)MIN(policy->domains->len, (guint)POLICY_DOMAINS_MAX) };
	struct policy old;
	bool known = table_get(dp, TABLE_POLICIES, &policy->number, &old);
	enum table_change change;

	summarize(policy->rules, before, &value);
	for (u32 i = 0; i < value.n_domains; i++)
		value.domains[i] = ((struct fw_domain *)policy->domains->pdata[i])->number;
	if (!table_put(dp, TABLE_POLICIES, &policy->number, &value, &change, error))
		return false;
	return !known || !judges_otherwise(&old, &value) || host_raise_epoch(dp, error);
}

/* Another rule can then mean that less is let through. */
static bool denies(const GArray *rules)
{
	for (guint i = 0; i < rules->len; i++)
		if (g_array_index(rules, struct fw_rule, i).rule.deny ||
			g_array_index(rules, struct fw_rule, i).rule.pass)
			return true;
	return false;
}

static bool replace_rules(struct dp *dp, struct fw_policy *policy, GArray *rules, GError **error)
{
	GArray *old = policy->rules;
	bool less = denies(rules) || denies(old), ok;

	policy->rules = rules;
	/* write_policy() twice: what may have rules is looked up before it has, and as long as it
	 * has */
	ok = use_domains(dp, policy, error) && write_policy(dp, policy, old, error) &&
	     write_nodes(dp, policy, &less, error) && leave_domains(dp, policy, old, error) &&
	     write_policy(dp, policy, rules, error);
	release_rules(dp, old);
	return ok && (!less || host_raise_epoch(dp, error));
}

static struct fw_policy *policy_get(struct dp *dp, const struct name *name, GError **error)
{
	struct fw_policy *policy = g_hash_table_lookup(dp->firewall.policies, name);
	u32 number;

	if (policy)
		return policy;
	if (!name_take(dp, NAME_POLICY, name, &number, error))
		return NULL;
	policy = g_new0(struct fw_policy, 1);
	policy->name = *name;
	policy->number = number;
	policy->rules = g_array_new(FALSE, FALSE, sizeof(struct fw_rule));
	policy->nodes = rules_nodes_new();
	policy->domains = g_ptr_array_new();
	g_hash_table_insert(dp->firewall.policies, &policy->name, policy);
	return policy;
}

static bool same_rules(const struct fw_policy *policy, const struct dp_policy *wanted)
{
	if (policy->rules->len != wanted->n_rules || policy->stateless != wanted->stateless)
		return false;
	for (guint i = 0; i < policy->rules->len; i++)
		if (memcmp(&g_array_index(policy->rules, struct fw_rule, i).given,
			    &wanted->rules[i], sizeof(struct dp_rule)))
			return false;
	return true;
}

static void keep_prefixes(struct dp *dp, const struct fw_policy *policy)
{
	for (guint i = 0; i < policy->rules->len; i++) {
		const struct fw_rule *rule = &g_array_index(policy->rules, struct fw_rule, i);

		if (rule->rule.remote == DP_REMOTE_PREFIX)
			membership_put(dp, &rule->domain, &rule->group, &rule->rule.prefix, NULL);
	}
}

bool dp_policy_put(struct dp *dp, const struct dp_policy *wanted, GError **error)
{
	struct name name = name_from(wanted->id);
	struct fw_policy *policy = policy_get(dp, &name, error);
	GArray *rules;

	if (!policy)
		return false;
	policy->stale = false;
	if (policy->written && same_rules(policy, wanted)) {
		keep_prefixes(dp, policy);
		return true;
	}
	rules = prepare_rules(dp, wanted, error);
	if (!rules)
		return false;
	policy->stateless = wanted->stateless;
	policy->written = replace_rules(dp, policy, rules, error);
	return policy->written;
}

static bool policy_delete(struct dp *dp, struct fw_policy *policy, GError **error)
{
	struct name name = policy->name;
	GArray *none = g_array_new(FALSE, FALSE, sizeof(struct fw_rule));

	if (!replace_rules(dp, policy, none, error) ||
		!table_delete(dp, TABLE_POLICIES, &policy->number, error))
		return false;
	g_hash_table_remove(dp->firewall.policies, &name);
	name_release(dp, NAME_POLICY, &name);
	return true;
}

static bool is_used(const struct dp *dp, u32 number)
{
	for (u32 id = 0; id < EDGE_PORTS_MAX; id++)
		if (dp->port_ifindex[id] && dp->port_policy[id] == number)
			return true;
	return tiers_use(dp, number);
}

bool dp_policy_delete(struct dp *dp, const u8 id[16], GError **error)
{
	struct name name = name_from(id);
	struct fw_policy *policy = g_hash_table_lookup(dp->firewall.policies, &name);

	if (!policy)
		return true;
	if (is_used(dp, policy->number))
		return weft_fail(error, IN_USE,
			"Can't remove a policy of the firewall: a port has it. Give the port another first.");
	return policy_delete(dp, policy, error);
}

bool firewall_policy_number(struct dp *dp, const u8 *id, u32 *ret, GError **error)
{
	struct fw_policy *policy;
	struct name name;

	*ret = 0;
	if (!id)
		return true;
	name = name_from(id);
	policy = g_hash_table_lookup(dp->firewall.policies, &name);
	if (!policy)
		return weft_fail(error, NOT_FOUND,
			"Can't give a port a policy that has not been stated: put it first.");
	*ret = policy->number;
	return true;
}

void firewall_sweep_begin(struct dp *dp)
{
	GHashTableIter iter;
	gpointer policy;

	g_hash_table_iter_init(&iter, dp->firewall.policies);
	while (g_hash_table_iter_next(&iter, NULL, &policy))
		((struct fw_policy *)policy)->stale = true;
	memberships_mark_stale(dp);
}

/* When the ports that were not put again have gone. */
bool firewall_sweep_end(struct dp *dp, GError **error)
{
	g_autoptr(GPtrArray) stale = g_ptr_array_new();
	GHashTableIter iter;
	gpointer data;

	g_hash_table_iter_init(&iter, dp->firewall.policies);
	while (g_hash_table_iter_next(&iter, NULL, &data))
		if (((struct fw_policy *)data)->stale)
			g_ptr_array_add(stale, data);
	for (guint i = 0; i < stale->len; i++)
		if (!policy_delete(dp, stale->pdata[i], error))
			return false;
	return memberships_sweep(dp, error);
}

static const struct fw_policy *policy_by_number(struct dp *dp, u32 number)
{
	struct name name;

	return name_of(dp, NAME_POLICY, number, &name)
		       ? g_hash_table_lookup(dp->firewall.policies, &name)
		       : NULL;
}

/* At the end of a sweep: what a former process left. */
bool rule_drop(struct dp *dp, const void *key, GError **error)
{
	const struct fw_policy *policy =
		policy_by_number(dp, ((const struct rule_key *)key)->policy);

	if (policy && g_hash_table_contains(policy->nodes, key))
		return true;
	return table_delete(dp, TABLE_RULES, key, error) && host_raise_epoch(dp, error);
}

bool policy_drop(struct dp *dp, const void *key, GError **error)
{
	if (policy_by_number(dp, *(const u32 *)key))
		return true;
	return table_delete(dp, TABLE_POLICIES, key, error);
}
