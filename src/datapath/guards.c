/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firewall groups of routers' ports in the datapath (bpf/edge_guard.h). A policy is known by its
 * content: it never changes, ports with the same rules share it, and a port that gets other rules
 * gets another policy, in one write. It goes with the last port that has it. A firewall group is a
 * number (NAME_IDENTITY), which its ports here and the rules about it have in common.
 */
#include <string.h>

#include "datapath/guards.h"

struct guard_policy {
	struct name name;
	u32 number, users;
	GArray *keys;	/* struct guard_key */
	GArray *rules;	/* struct name: of the rule at each place */
	GArray *groups; /* struct guard_groups: the same */
};

struct guard_port {
	struct endpoint_key key;
	struct name group;
	struct name policies[2]; /* by direction */
};

static guint key_hash(gconstpointer data)
{
	const struct endpoint_key *key = data;
	guint tail;

	memcpy(&tail, &key->mac[2], sizeof(tail));
	return key->vni * 31 + tail;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct endpoint_key));
}

static void policy_free(gpointer data)
{
	struct guard_policy *policy = data;

	g_array_unref(policy->keys);
	g_array_unref(policy->rules);
	g_array_unref(policy->groups);
	g_free(policy);
}

void guards_open(struct dp *dp)
{
	dp->firewall.guard_policies =
		g_hash_table_new_full(name_hash, name_equal, NULL, policy_free);
	dp->firewall.guard_ports = g_hash_table_new_full(key_hash, key_equal, NULL, g_free);
}

void guards_close(struct dp *dp)
{
	g_clear_pointer(&dp->firewall.guard_ports, g_hash_table_unref);
	g_clear_pointer(&dp->firewall.guard_policies, g_hash_table_unref);
}

/* The number of the group that a rule at @place is about; 0: of none. */
static bool take_group(
	struct dp *dp, struct guard_groups *groups, unsigned which, const u8 id[16], GError **error)
{
	static const u8 none[16];

	memcpy(groups->names[which].b, id, sizeof(groups->names[which].b));
	return !memcmp(id, none, sizeof(none)) ||
	       name_take(dp, NAME_IDENTITY, &groups->names[which], &groups->numbers[which], error);
}

static bool take_groups(struct dp *dp, struct guard_policy *policy,
	const struct dp_guard_policy *wanted, GError **error)
{
	for (size_t i = policy->groups->len; i < wanted->n_rules; i++) {
		struct guard_groups groups = { 0 };
		bool ok = take_group(dp, &groups, 0, wanted->rules[i].source_group, error) &&
			  take_group(dp, &groups, 1, wanted->rules[i].destination_group, error);

		g_array_append_val(policy->groups, groups); /* what was taken is given back */
		if (!ok)
			return false;
	}
	return true;
}

static void release_groups(struct dp *dp, const struct guard_policy *policy)
{
	for (guint i = 0; i < policy->groups->len; i++) {
		const struct guard_groups *groups =
			&g_array_index(policy->groups, struct guard_groups, i);

		for (unsigned which = 0; which < 2; which++)
			if (groups->numbers[which])
				name_release(dp, NAME_IDENTITY, &groups->names[which]);
	}
}

static bool write_place(struct dp *dp, struct guard_policy *policy, u32 place,
	const struct dp_guard_rule *rule, GError **error)
{
	struct guard_place key = { policy->number, place };
	enum table_change change;
	struct name name;
	u32 slot;

	memcpy(name.b, rule->id, sizeof(name.b));
	if (policy->rules->len <= place) {
		if (!name_take(dp, NAME_RULE, &name, &slot, error))
			return false;
		g_array_append_val(policy->rules, name);
	}
	if (!name_number(dp, NAME_RULE, &name, &slot))
		return false;
	slot |= rule->deny ? RULE_DENY : 0;
	slot |= rule->deny && rule->reject ? RULE_REJECT : 0;
	return table_put(dp, TABLE_GUARD_RULES, &key, &slot, &change, error);
}

/* All of it, again too: in a sweep what is not put goes. */
static bool write_policy(struct dp *dp, struct guard_policy *policy,
	const struct dp_guard_policy *wanted, GError **error)
{
	g_autoptr(GHashTable) sets = NULL;
	enum table_change change;
	GHashTableIter iter;
	gpointer key, set;

	if (!take_groups(dp, policy, wanted, error))
		return false;
	sets = guard_compile(policy->number, wanted, policy->groups);
	for (size_t i = 0; i < wanted->n_rules; i++)
		if (!write_place(dp, policy, (u32)i, &wanted->rules[i], error))
			return false;
	g_array_set_size(policy->keys, 0);
	g_hash_table_iter_init(&iter, sets);
	while (g_hash_table_iter_next(&iter, &key, &set)) {
		g_array_append_vals(policy->keys, key, 1);
		if (!table_put(dp, TABLE_GUARD_SETS, key, set, &change, error))
			return false;
	}
	return true;
}

static struct name name_of_content(const struct dp_guard_policy *wanted)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize size = 32;
	struct name name;
	u8 digest[32];

	g_checksum_update(sum, (const guchar *)"guard", 5);
	if (wanted->n_rules)
		g_checksum_update(sum, (const guchar *)wanted->rules,
			(gssize)(wanted->n_rules * sizeof(*wanted->rules)));
	g_checksum_get_digest(sum, digest, &size);
	memcpy(name.b, digest, sizeof(name.b));
	return name;
}

static struct guard_policy *policy_use(
	struct dp *dp, const struct dp_guard_policy *wanted, GError **error)
{
	struct name name = name_of_content(wanted);
	struct guard_policy *policy = g_hash_table_lookup(dp->firewall.guard_policies, &name);
	u32 number;

	if (wanted->n_rules > GUARD_RULES_MAX) {
		weft_fail(error, TOO_LARGE,
			"Can't give a router's port a policy of %zu rules: it has at most %d.",
			wanted->n_rules, GUARD_RULES_MAX);
		return NULL;
	}
	if (!policy) {
		if (!name_take(dp, NAME_POLICY, &name, &number, error))
			return NULL;
		policy = g_new0(struct guard_policy, 1);
		policy->name = name;
		policy->number = number;
		policy->keys = g_array_new(FALSE, FALSE, sizeof(struct guard_key));
		policy->rules = g_array_new(FALSE, FALSE, sizeof(struct name));
		policy->groups = g_array_new(FALSE, FALSE, sizeof(struct guard_groups));
		g_hash_table_insert(dp->firewall.guard_policies, &policy->name, policy);
	}
	policy->users++;
	return write_policy(dp, policy, wanted, error) ? policy : NULL;
}

static bool policy_leave(struct dp *dp, const struct name *name, GError **error)
{
	struct guard_policy *policy = g_hash_table_lookup(dp->firewall.guard_policies, name);
	struct name own;
	bool ok = true;

	if (!policy || --policy->users)
		return true;
	for (guint i = 0; i < policy->keys->len; i++)
		ok = table_delete(dp, TABLE_GUARD_SETS,
			     &g_array_index(policy->keys, struct guard_key, i),
			     ok ? error : NULL) &&
		     ok;
	for (guint i = 0; i < policy->rules->len; i++) {
		struct guard_place key = { policy->number, i };

		ok = table_delete(dp, TABLE_GUARD_RULES, &key, ok ? error : NULL) && ok;
		name_release(dp, NAME_RULE, &g_array_index(policy->rules, struct name, i));
	}
	release_groups(dp, policy);
	own = policy->name;
	g_hash_table_remove(dp->firewall.guard_policies, &own);
	name_release(dp, NAME_POLICY, &own);
	return ok;
}

static struct endpoint_key key_of(u32 vni, const struct mac *mac)
{
	struct endpoint_key key = { .vni = vni };

	memcpy(key.mac, mac->b, sizeof(key.mac));
	return key;
}

/* What the port has, of the groups and policies; false: not all of it could be had. */
static bool port_use(struct dp *dp, const struct dp_guard *guard, struct guard_port *port,
	struct guard *ret_value, GError **error)
{
	const struct dp_guard_policy *wanted[] = {
		[RULE_INGRESS] = &guard->ingress, [RULE_EGRESS] = &guard->egress
	};

	memcpy(port->group.b, guard->group, sizeof(port->group.b));
	if (!name_take(dp, NAME_IDENTITY, &port->group, &ret_value->group, error))
		return false;
	for (int d = 0; d < 2; d++) {
		struct guard_policy *policy = policy_use(dp, wanted[d], error);

		if (!policy)
			return false;
		port->policies[d] = policy->name;
		ret_value->policies[d] = policy->number;
	}
	return true;
}

static bool port_leave(struct dp *dp, const struct guard_port *port, GError **error)
{
	name_release(dp, NAME_IDENTITY, &port->group);
	return policy_leave(dp, &port->policies[0], error) &&
	       policy_leave(dp, &port->policies[1], error);
}

bool dp_guard_put(struct dp *dp, const struct dp_guard *guard, GError **error)
{
	struct guard value = { .flags =
				       (guard->flags & DP_GUARD_LOG_ACCEPT ? GUARD_LOG_ACCEPT : 0) |
				       (guard->flags & DP_GUARD_LOG_DROP ? GUARD_LOG_DROP : 0) };
	struct guard_port *port = g_new0(struct guard_port, 1), *known, old;
	enum table_change change;
	bool was_here;

	port->key = key_of(guard->vni, &guard->mac);
	memcpy(value.port, guard->port, sizeof(value.port));
	if (!port_use(dp, guard, port, &value, error)) {
		g_free(port);
		return false;
	}
	known = g_hash_table_lookup(dp->firewall.guard_ports, &port->key);
	was_here = known != NULL;
	if (was_here)
		old = *known;
	g_hash_table_replace(dp->firewall.guard_ports, &port->key, port);
	if (!guard_log_put(dp, &port->key, value.flags, error) ||
		!table_put(dp, TABLE_GUARDS, &port->key, &value, &change, error) ||
		(change != TABLE_UNCHANGED && !host_raise_epoch(dp, error)))
		return false;
	return !was_here || port_leave(dp, &old, error);
}

bool dp_guard_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error)
{
	struct endpoint_key key = key_of(vni, mac);
	struct guard_port *port = g_hash_table_lookup(dp->firewall.guard_ports, &key), gone;

	if (!port)
		return true;
	gone = *port;
	g_hash_table_remove(dp->firewall.guard_ports, &key);
	return guard_drop(dp, &key, error) && port_leave(dp, &gone, error);
}

u64 dp_guard_suppressed(struct dp *dp, u32 vni, const struct mac *mac)
{
	struct endpoint_key key = key_of(vni, mac);

	return guard_log_suppressed(dp, &key);
}

/* What nobody has put in a sweep, a former process has. */
bool guard_drop(struct dp *dp, const void *key, GError **error)
{
	return guard_log_put(dp, key, 0, error) && table_delete(dp, TABLE_GUARDS, key, error) &&
	       host_raise_epoch(dp, error);
}

bool guard_set_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_GUARD_SETS, key, error);
}

bool guard_rule_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_GUARD_RULES, key, error);
}
