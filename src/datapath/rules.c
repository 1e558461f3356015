/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as entries of a longest-prefix-match map. A rule about a range of ports has an entry for
 * each prefix that the range is made of, 30 at most. The map finds the longest entry, so an entry
 * must hold the first of all the rules that match all of it: entries are sorted so that what covers
 * comes before what is covered, and each inherits from the one around it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "datapath/firewall.h"

#define PORT_BITS 16

struct node {
	struct rule_key key;
	const struct fw_rule *rule;
};

static guint key_hash(gconstpointer data)
{
	const struct rule_key *key = data;
	guint tail;

	memcpy(&tail, &key->kind, sizeof(tail));
	return (tail * 31 + key->identity) * 31 + key->prefix_bits;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct rule_key));
}

GHashTable *rules_nodes_new(void)
{
	return g_hash_table_new_full(key_hash, key_equal, g_free, g_free);
}

/* What comes behind the identity, as a number. */
static u32 key_number(const struct rule_key *key)
{
	return (u32)key->kind << 24 | (u32)key->proto << 16 | ntohs(key->port);
}

/* Covering before covered; of the same, the first rule first. */
static gint compare_nodes(gconstpointer a, gconstpointer b)
{
	const struct node *x = a, *y = b;
	u32 p = key_number(&x->key), q = key_number(&y->key);

	if (p != q)
		return p < q ? -1 : 1;
	if (x->key.prefix_bits != y->key.prefix_bits)
		return x->key.prefix_bits < y->key.prefix_bits ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static bool covers(const struct rule_key *a, const struct rule_key *b)
{
	unsigned bits = RULE_KEY_BITS - a->prefix_bits; /* that may differ */

	return a->prefix_bits <= b->prefix_bits && key_number(a) >> bits == key_number(b) >> bits;
}

static void add_node(GArray *nodes, struct rule_key key, const struct fw_rule *rule, u32 port,
	unsigned port_bits)
{
	key.prefix_bits = RULE_KEY_PROTO_BITS + port_bits;
	key.port = htons((u16)port);
	g_array_append_val(nodes, ((struct node){ key, rule }));
}

/* The fewest prefixes that make up the range. */
static void add_range(
	GArray *nodes, struct rule_key key, const struct fw_rule *rule, u32 first, u32 last)
{
	while (first <= last) {
		unsigned free_bits = 0; /* as many as first's alignment and the rest allow */

		while (free_bits < PORT_BITS && !(first & ((2u << free_bits) - 1)) &&
			first + (2u << free_bits) - 1 <= last)
			free_bits++;
		add_node(nodes, key, rule, first, PORT_BITS - free_bits);
		first += 1u << free_bits;
	}
}

static u8 kind_of(const struct fw_rule *rule)
{
	return RULE_KIND(
		rule->rule.direction == DP_EGRESS ? RULE_EGRESS : RULE_INGRESS, rule->rule.family);
}

static void add_rule(GArray *nodes, const struct fw_rule *fw, u32 policy, u32 identity)
{
	const struct dp_rule *rule = &fw->rule;
	struct rule_key key = { .policy = policy, .identity = identity, .kind = kind_of(fw) };
	bool icmp = rule->proto == IPPROTO_ICMP || rule->proto == IPPROTO_ICMPV6;

	if (rule->proto < 0) {
		key.prefix_bits = RULE_KEY_ANY_BITS;
		g_array_append_val(nodes, ((struct node){ key, fw }));
		return;
	}
	key.proto = (u8)rule->proto;
	if (rule->port_min < 0)
		add_node(nodes, key, fw, 0, 0);
	else if (icmp && rule->port_max < 0)
		add_node(nodes, key, fw, (u32)rule->port_min << 8, 8);
	else if (icmp)
		add_node(nodes, key, fw, (u32)(rule->port_min << 8 | rule->port_max), PORT_BITS);
	else
		add_range(nodes, key, fw, (u32)rule->port_min, (u32)rule->port_max);
}

static bool contains(const GArray *groups, const struct name *group)
{
	guint low = 0, high = groups->len;

	while (low < high) {
		guint middle = (low + high) / 2;
		int order =
			memcmp(&g_array_index(groups, struct name, middle), group, sizeof(*group));

		if (!order)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_about(const struct fw_rule *rule, const struct name *domain, const GArray *groups)
{
	if (!groups)
		return rule->rule.remote == DP_REMOTE_ANY;
	return rule->rule.remote != DP_REMOTE_ANY && name_equal(&rule->domain, domain) &&
	       contains(groups, &rule->group);
}

/* @sorted's entries with what they inherit; the stack is the chain of what covers the entry at
 * hand. */
static void inherit(const GArray *sorted, GHashTable *ret)
{
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(struct node));

	for (guint i = 0; i < sorted->len; i++) {
		struct node node = g_array_index(sorted, struct node, i);
		const struct node *around;
		struct rule *value;

		while (stack->len &&
			!covers(&g_array_index(stack, struct node, stack->len - 1).key, &node.key))
			g_array_set_size(stack, stack->len - 1);
		around = stack->len ? &g_array_index(stack, struct node, stack->len - 1) : NULL;
		if (around && key_equal(&around->key, &node.key))
			continue;
		if (around && around->rule < node.rule)
			node.rule = around->rule;
		g_array_append_val(stack, node);
		value = g_new0(struct rule, 1);
		value->slot = node.rule->slot;
		value->order = node.rule->order;
		value->deny = node.rule->rule.deny;
		value->pass = node.rule->rule.pass;
		g_hash_table_insert(ret, g_memdup2(&node.key, sizeof(node.key)), value);
	}
}

void rules_compile(const GArray *rules, u32 policy, u32 identity, const struct name *domain,
	const GArray *groups, GHashTable *nodes)
{
	g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(struct node));

	for (guint i = 0; i < rules->len; i++) {
		const struct fw_rule *rule = &g_array_index(rules, struct fw_rule, i);

		if (is_about(rule, domain, groups))
			add_rule(entries, rule, policy, identity);
	}
	g_array_sort(entries, compare_nodes);
	inherit(entries, nodes);
}

/* The first rule about any address, of a kind. */
static const struct fw_rule *first_about_any(const GArray *rules, unsigned kind)
{
	for (guint i = 0; i < rules->len; i++) {
		const struct fw_rule *rule = &g_array_index(rules, struct fw_rule, i);

		if (kind_of(rule) == kind && rule->rule.remote == DP_REMOTE_ANY)
			return rule;
	}
	return NULL;
}

/* Whether a rule of that kind about some addresses decides before @order does. */
static bool has_before(const GArray *rules, unsigned kind, u16 order)
{
	for (guint i = 0; i < rules->len; i++) {
		const struct fw_rule *rule = &g_array_index(rules, struct fw_rule, i);

		if (kind_of(rule) == kind && rule->order < order)
			return true;
	}
	return false;
}

void rules_summary(const GArray *rules, struct policy *ret)
{
	for (unsigned kind = 0; kind < POLICY_KINDS; kind++) {
		const struct fw_rule *first = first_about_any(rules, kind);

		if (!first)
			continue;
		ret->any_kinds |= (u8)(1 << kind);
		if (first->rule.proto < 0 && !has_before(rules, kind, first->order))
			ret->always[kind] = first->slot | (first->rule.deny ? RULE_DENY : 0) |
					    (first->rule.pass ? RULE_PASS : 0);
	}
}
