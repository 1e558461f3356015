/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of a firewall group's policy become (bpf/edge_guard.h): for each thing of a packet
 * that they are about, the set of rules that match it. */
#include <string.h>

#include "datapath/guards.h"

#define PORT_BITS 16
#define MAPPED_BITS 96 /* before an IPv4 address */

/* What is compiled: the rules, and the sets that they make. */
struct compilation {
	u32 policy;
	const struct dp_guard_policy *wanted;
	const GArray *groups; /* struct guard_groups: by rule */
	GHashTable *sets;     /* struct guard_key → struct guard_set, both owned */
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

/* Does the rule match all that the key covers, in the key's dimension? @groups: those of the rule.
 */
typedef bool (*matches_fn)(const struct dp_guard_rule *rule, const struct guard_groups *groups,
	const struct guard_key *key);

static void add_set(struct compilation *c, const struct guard_key *key, matches_fn matches)
{
	struct guard_set *set;

	if (g_hash_table_contains(c->sets, key))
		return;
	set = g_new0(struct guard_set, 1);
	for (size_t i = 0; i < c->wanted->n_rules; i++)
		if (c->wanted->rules[i].family == key->family &&
			matches(&c->wanted->rules[i],
				&g_array_index(c->groups, struct guard_groups, i), key))
			set->words[i / 64] |= 1ull << i % 64;
	g_hash_table_insert(c->sets, g_memdup2(key, sizeof(*key)), set);
}

static const struct prefix *address_of(const struct dp_guard_rule *rule, u8 dimension)
{
	return dimension == GUARD_SOURCE ? &rule->source : &rule->destination;
}

/* A prefix without a family is any address of the rule's. */
static bool matches_address(const struct dp_guard_rule *rule, const struct guard_groups *groups,
	const struct guard_key *key)
{
	const struct prefix *prefix = address_of(rule, key->dimension);
	u32 fixed = GUARD_KEY_FIXED_BITS + (key->family == 4 ? MAPPED_BITS : 0);
	struct ip ip = ip_from_addr(&key->what);

	(void)groups;
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

static bool matches_port(const struct dp_guard_rule *rule, const struct guard_groups *groups,
	const struct guard_key *key)
{
	const struct dp_guard_ports *ports = ports_of(rule, key->dimension);
	u32 bits = key->prefix_bits - GUARD_KEY_FIXED_BITS, first, last;

	(void)groups;
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

static bool matches_group(const struct dp_guard_rule *rule, const struct guard_groups *groups,
	const struct guard_key *key)
{
	u32 wanted = groups->numbers[key->dimension - GUARD_SOURCE_GROUP];

	(void)rule;
	return !wanted || (key->prefix_bits == GUARD_KEY_GROUP_BITS && key->what.w[0] == wanted);
}

/* The set of the rules about that group, and of those about any. */
static void add_groups(struct compilation *c, size_t rule, u8 dimension)
{
	const struct guard_groups *groups = &g_array_index(c->groups, struct guard_groups, rule);
	struct guard_key key = { .prefix_bits = GUARD_KEY_FIXED_BITS,
		.policy = c->policy,
		.dimension = dimension,
		.family = c->wanted->rules[rule].family };

	add_set(c, &key, matches_group);
	key.what.w[0] = groups->numbers[dimension - GUARD_SOURCE_GROUP];
	key.prefix_bits = GUARD_KEY_GROUP_BITS;
	if (key.what.w[0])
		add_set(c, &key, matches_group);
}

GHashTable *guard_compile(u32 policy, const struct dp_guard_policy *wanted, const GArray *groups)
{
	struct compilation c = { .policy = policy,
		.wanted = wanted,
		.groups = groups,
		.sets = g_hash_table_new_full(set_hash, set_equal, g_free, g_free) };

	for (size_t i = 0; i < wanted->n_rules; i++) {
		add_address(&c, &wanted->rules[i], GUARD_SOURCE);
		add_address(&c, &wanted->rules[i], GUARD_DESTINATION);
		add_ports(&c, &wanted->rules[i], GUARD_SOURCE_PORT);
		add_ports(&c, &wanted->rules[i], GUARD_DESTINATION_PORT);
		add_groups(&c, i, GUARD_SOURCE_GROUP);
		add_groups(&c, i, GUARD_DESTINATION_GROUP);
	}
	/* an address that no rule names is in the set of those about any address */
	for (size_t i = 0; i < wanted->n_rules; i++)
		for (u8 d = GUARD_SOURCE; d <= GUARD_DESTINATION; d++) {
			struct dp_guard_rule any = { .family = wanted->rules[i].family };

			add_address(&c, &any, d);
		}
	return c.sets;
}
