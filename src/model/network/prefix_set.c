/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes by length, each length a tree in the order of addresses. Two halves of a prefix never
 * stand beside each other: they are joined. A part that is taken out leaves its siblings.
 */
#include "model/network/prefix_set.h"

#include <string.h>

#define N_LENGTHS 129

struct prefix_set {
	GTree *by_len[N_LENGTHS]; /* of struct prefix, host bits zero; NULL: none yet */
};

static gint compare(gconstpointer a, gconstpointer b, gpointer unused)
{
	(void)unused;
	return ip_compare(&((const struct prefix *)a)->ip, &((const struct prefix *)b)->ip);
}

struct prefix_set *prefix_set_new(void)
{
	return g_new0(struct prefix_set, 1);
}

void prefix_set_free(struct prefix_set *set)
{
	if (!set)
		return;
	for (unsigned len = 0; len < N_LENGTHS; len++)
		g_clear_pointer(&set->by_len[len], g_tree_unref);
	g_free(set);
}

/* The prefix of @len bits that the address is in. */
static struct prefix around(const struct ip *ip, unsigned len)
{
	struct prefix prefix = { *ip, (u8)len };

	prefix.ip = prefix_network(&prefix);
	return prefix;
}

/* The other half of the prefix that is one bit shorter. */
static struct prefix sibling(const struct prefix *prefix)
{
	struct prefix other = *prefix;
	unsigned bit = prefix->len - 1u;

	other.ip.b[bit / 8] ^= (u8)(0x80 >> bit % 8);
	return other;
}

static bool has(const struct prefix_set *set, const struct prefix *prefix)
{
	return set->by_len[prefix->len] && g_tree_lookup(set->by_len[prefix->len], prefix);
}

static void insert(struct prefix_set *set, const struct prefix *prefix)
{
	struct prefix *copy = g_memdup2(prefix, sizeof(*prefix));

	if (!set->by_len[prefix->len])
		set->by_len[prefix->len] = g_tree_new_full(compare, NULL, g_free, NULL);
	g_tree_insert(set->by_len[prefix->len], copy, copy);
}

static void take(struct prefix_set *set, const struct prefix *prefix)
{
	struct prefix key = *prefix; /* it may be the tree's own */

	g_tree_remove(set->by_len[key.len], &key);
}

/* The member that @prefix is in or equals. */
static bool member_around(
	const struct prefix_set *set, const struct prefix *prefix, struct prefix *ret)
{
	for (unsigned len = 0; len <= prefix->len; len++) {
		*ret = around(&prefix->ip, len);
		if (has(set, ret))
			return true;
	}
	return false;
}

/* The first member of @len bits inside of @prefix, or NULL. */
static const struct prefix *member_inside(
	const struct prefix_set *set, const struct prefix *prefix, unsigned len)
{
	struct prefix from = around(&prefix->ip, prefix->len);
	GTreeNode *node = set->by_len[len] ? g_tree_lower_bound(set->by_len[len], &from) : NULL;
	const struct prefix *member = node ? g_tree_node_key(node) : NULL;

	return member && prefix_contains(prefix, &member->ip) ? member : NULL;
}

static void take_inside(struct prefix_set *set, const struct prefix *prefix)
{
	const struct prefix *member;

	for (unsigned len = prefix->len; len <= ip_bits(&prefix->ip); len++)
		while ((member = member_inside(set, prefix, len)))
			take(set, member);
}

void prefix_set_add(struct prefix_set *set, const struct prefix *prefix)
{
	struct prefix added = around(&prefix->ip, prefix->len), other;

	if (member_around(set, &added, &other))
		return;
	take_inside(set, &added);
	while (added.len) {
		other = sibling(&added);
		if (!has(set, &other))
			break;
		take(set, &other);
		added = around(&added.ip, added.len - 1u);
	}
	insert(set, &added);
}

void prefix_set_remove(struct prefix_set *set, const struct prefix *prefix)
{
	struct prefix outer, part;

	if (!member_around(set, prefix, &outer))
		return take_inside(set, prefix);
	take(set, &outer);
	for (unsigned len = outer.len + 1u; len <= prefix->len; len++) {
		part = around(&prefix->ip, len);
		part = sibling(&part);
		insert(set, &part);
	}
}

bool prefix_set_contains(const struct prefix_set *set, const struct prefix *prefix)
{
	struct prefix outer;

	return member_around(set, prefix, &outer);
}

bool prefix_set_overlaps(const struct prefix_set *set, const struct prefix *prefix)
{
	for (unsigned len = prefix->len; len <= ip_bits(&prefix->ip); len++)
		if (member_inside(set, prefix, len))
			return true;
	return prefix_set_contains(set, prefix);
}

bool prefix_set_find(const struct prefix_set *set, unsigned len, struct prefix *ret)
{
	for (unsigned at = len + 1; at-- > 0;) {
		GTreeNode *node = set->by_len[at] ? g_tree_node_first(set->by_len[at]) : NULL;

		if (!node)
			continue;
		*ret = around(&((const struct prefix *)g_tree_node_key(node))->ip, len);
		return true;
	}
	return false;
}

static gint compare_items(gconstpointer a, gconstpointer b)
{
	return compare(a, b, NULL);
}

void prefix_set_each(const struct prefix_set *set, prefix_set_fn each, void *user)
{
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct prefix));

	for (unsigned len = 0; len < N_LENGTHS; len++)
		for (GTreeNode *node = set->by_len[len] ? g_tree_node_first(set->by_len[len])
							: NULL;
			node; node = g_tree_node_next(node))
			g_array_append_vals(all, g_tree_node_key(node), 1);
	g_array_sort(all, compare_items);
	for (guint i = 0; i < all->len; i++)
		each(&g_array_index(all, struct prefix, i), user);
}
