/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firewall groups of routers' ports in the datapath (bpf/edge_guard.h). A policy is known by its
 * content: it never changes, ports with the same rules share it, and a port that gets other rules
 * gets another policy, in one write. It goes with the last port that has it.
 */
#include <arpa/inet.h>
#include <string.h>

#include "datapath/firewall.h"

#define PORT_BITS 16
#define MAPPED_BITS 96 /* before an IPv4 address */

struct guard_policy {
	struct name name;
	u32 number, users;
	GArray *keys;  /* struct guard_key */
	GArray *rules; /* struct name: of the rule at each place */
};

struct guard_port {
	struct endpoint_key key;
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

/* What is compiled: the rules, and the sets that they make. */
struct compilation {
	u32 policy;
	const struct dp_guard_policy *wanted;
	GHashTable *sets; /* struct guard_key → struct guard_set, both owned */
};

static guint set_hash(gconstpointer data)
{
	const struct guard_key *key = data;
	guint hash = key->prefix_bits * 31 + key->dimension * 7 + key->family;

	for (u32 i = 0; i < 4; i++)
		hash = hash * 31 + key->what.w[i];
	return hash;
}

static gboolean set_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct guard_key));
}

/* Does the rule match all that the key covers, in the key's dimension? */
typedef bool (*matches_fn)(const struct dp_guard_rule *rule, const struct guard_key *key);

static void add_set(struct compilation *c, const struct guard_key *key, matches_fn matches)
{
	struct guard_set *set;

	if (g_hash_table_contains(c->sets, key))
		return;
	set = g_new0(struct guard_set, 1);
	for (size_t i = 0; i < c->wanted->n_rules; i++)
		if (c->wanted->rules[i].family == key->family && matches(&c->wanted->rules[i], key))
			set->words[i / 64] |= 1ull << i % 64;
	g_hash_table_insert(c->sets, g_memdup2(key, sizeof(*key)), set);
}

static const struct prefix *address_of(const struct dp_guard_rule *rule, u8 dimension)
{
	return dimension == GUARD_SOURCE ? &rule->source : &rule->destination;
}

/* A prefix without a family is any address of the rule's. */
static bool matches_address(const struct dp_guard_rule *rule, const struct guard_key *key)
{
	const struct prefix *prefix = address_of(rule, key->dimension);
	u32 fixed = GUARD_KEY_FIXED_BITS + (key->family == 4 ? MAPPED_BITS : 0);
	struct ip ip = ip_from_addr(&key->what);

	return !prefix->ip.family ||
	       (fixed + prefix->len <= key->prefix_bits && prefix_contains(prefix, &ip));
}

static void add_address(struct compilation *c, const struct dp_guard_rule *rule, u8 dimension)
{
	const struct prefix *prefix = address_of(rule, dimension);
	struct guard_key key = { .prefix_bits = GUARD_KEY_FIXED_BITS,
		.policy = c->policy,
		.dimension = dimension,
		.family = rule->family };
	struct prefix any = { .ip.family = rule->family };
	struct ip network = prefix_network(prefix->ip.family ? prefix : &any);

	key.what = addr_from_ip(&network);
	key.prefix_bits +=
		(rule->family == 4 ? MAPPED_BITS : 0) + (prefix->ip.family ? prefix->len : 0);
	add_set(c, &key, matches_address);
}

static const struct dp_guard_ports *ports_of(const struct dp_guard_rule *rule, u8 dimension)
{
	return dimension == GUARD_SOURCE_PORT ? &rule->source_ports : &rule->destination_ports;
}

static bool matches_port(const struct dp_guard_rule *rule, const struct guard_key *key)
{
	const struct dp_guard_ports *ports = ports_of(rule, key->dimension);
	u32 bits = key->prefix_bits - GUARD_KEY_FIXED_BITS, first, last;

	if (rule->proto < 0)
		return true;
	if (!bits || key->what.b[0] != rule->proto)
		return false;
	if (!ports->last)
		return true;
	first = (u32)key->what.b[1] << 8 | key->what.b[2];
	last = first + (1u << (PORT_BITS + 8 - bits)) - 1;
	return ports->first <= first && last <= ports->last;
}

static void add_port_key(
	struct compilation *c, const struct dp_guard_rule *rule, u8 dimension, u32 bits, u32 port)
{
	struct guard_key key = { .prefix_bits = GUARD_KEY_FIXED_BITS + bits,
		.policy = c->policy,
		.dimension = dimension,
		.family = rule->family };

	if (bits) {
		key.what.b[0] = (u8)rule->proto;
		key.what.b[1] = (u8)(port >> 8);
		key.what.b[2] = (u8)port;
	}
	add_set(c, &key, matches_port);
}

/* The fewest prefixes that make up the range, and what is around them. */
static void add_ports(struct compilation *c, const struct dp_guard_rule *rule, u8 dimension)
{
	const struct dp_guard_ports *ports = ports_of(rule, dimension);
	u32 first = ports->first;

	add_port_key(c, rule, dimension, 0, 0);
	if (rule->proto < 0)
		return;
	add_port_key(c, rule, dimension, 8, 0);
	while (ports->last && first <= ports->last) {
		unsigned free_bits = 0;

		while (free_bits < PORT_BITS && !(first & ((2u << free_bits) - 1)) &&
			first + (2u << free_bits) - 1 <= ports->last)
			free_bits++;
		add_port_key(c, rule, dimension, 8 + PORT_BITS - free_bits, first);
		first += 1u << free_bits;
	}
}

static GHashTable *compile(u32 policy, const struct dp_guard_policy *wanted)
{
	struct compilation c = { .policy = policy,
		.wanted = wanted,
		.sets = g_hash_table_new_full(set_hash, set_equal, g_free, g_free) };

	for (size_t i = 0; i < wanted->n_rules; i++) {
		add_address(&c, &wanted->rules[i], GUARD_SOURCE);
		add_address(&c, &wanted->rules[i], GUARD_DESTINATION);
		add_ports(&c, &wanted->rules[i], GUARD_SOURCE_PORT);
		add_ports(&c, &wanted->rules[i], GUARD_DESTINATION_PORT);
	}
	/* an address that no rule names is in the set of those about any address */
	for (size_t i = 0; i < wanted->n_rules; i++)
		for (u8 d = GUARD_SOURCE; d <= GUARD_DESTINATION; d++) {
			struct dp_guard_rule any = { .family = wanted->rules[i].family };

			add_address(&c, &any, d);
		}
	return c.sets;
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
	g_autoptr(GHashTable) sets = compile(policy->number, wanted);
	enum table_change change;
	GHashTableIter iter;
	gpointer key, set;

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

bool dp_guard_put(struct dp *dp, const struct dp_guard *guard, GError **error)
{
	const struct dp_guard_policy *wanted[] = {
		[RULE_INGRESS] = &guard->ingress, [RULE_EGRESS] = &guard->egress
	};
	struct guard_port *port = g_new0(struct guard_port, 1), *old;
	struct name gone[2] = { 0 };
	struct guard value;
	enum table_change change;

	port->key = key_of(guard->vni, &guard->mac);
	for (int d = 0; d < 2; d++) {
		struct guard_policy *policy = policy_use(dp, wanted[d], error);

		if (!policy) {
			g_free(port);
			return false;
		}
		port->policies[d] = policy->name;
		value.policies[d] = policy->number;
	}
	old = g_hash_table_lookup(dp->firewall.guard_ports, &port->key);
	if (old)
		memcpy(gone, old->policies, sizeof(gone));
	g_hash_table_replace(dp->firewall.guard_ports, &port->key, port);
	if (!table_put(dp, TABLE_GUARDS, &port->key, &value, &change, error) ||
		(change != TABLE_UNCHANGED && !host_raise_epoch(dp, error)))
		return false;
	return policy_leave(dp, &gone[0], error) && policy_leave(dp, &gone[1], error);
}

bool dp_guard_delete(struct dp *dp, u32 vni, const struct mac *mac, GError **error)
{
	struct endpoint_key key = key_of(vni, mac);
	struct guard_port *port = g_hash_table_lookup(dp->firewall.guard_ports, &key);
	struct name gone[2];

	if (!port)
		return true;
	memcpy(gone, port->policies, sizeof(gone));
	g_hash_table_remove(dp->firewall.guard_ports, &key);
	return guard_drop(dp, &key, error) && policy_leave(dp, &gone[0], error) &&
	       policy_leave(dp, &gone[1], error);
}

/* What nobody has put in a sweep, a former process has. */
bool guard_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_GUARDS, key, error) && host_raise_epoch(dp, error);
}

bool guard_set_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_GUARD_SETS, key, error);
}

bool guard_rule_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_GUARD_RULES, key, error);
}
