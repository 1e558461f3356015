/* SPDX-License-Identifier: Apache-2.0 */
#include "model/number_set.h"

struct range {
	u128 first, last;
};

struct number_set {
	GTree *free;   /* of struct range, by `last`: the first at or behind a number contains or
			  follows it */
	GArray *spans; /* of struct range */
	u128 next;     /* where taking goes on */
	u128 n_free, n_all;
};

static gint compare_last(gconstpointer a, gconstpointer b, gpointer unused)
{
	const struct range *x = a, *y = b;

	(void)unused;
	return x->last < y->last ? -1 : x->last > y->last;
}

static void free_range(gpointer range)
{
	g_slice_free(struct range, range);
}

struct number_set *number_set_new(void)
{
	struct number_set *set = g_new0(struct number_set, 1);

	set->free = g_tree_new_full(compare_last, NULL, free_range, NULL);
	set->spans = g_array_new(FALSE, FALSE, sizeof(struct range));
	return set;
}

void number_set_free(struct number_set *set)
{
	g_tree_destroy(set->free);
	g_array_unref(set->spans);
	g_free(set);
}

static void insert(struct number_set *set, u128 first, u128 last)
{
	struct range *range = g_slice_new(struct range);

	*range = (struct range){ first, last };
	g_tree_insert(set->free, range, range);
}

/* The free range that contains @number or is the next behind it, or NULL. */
static struct range *range_at(const struct number_set *set, u128 number)
{
	struct range wanted = { .last = number };
	GTreeNode *node = g_tree_lower_bound(set->free, &wanted);

	return node ? g_tree_node_key(node) : NULL;
}

void number_set_add_span(struct number_set *set, u128 first, u128 last)
{
	struct range span = { first, last };

	g_array_append_val(set->spans, span);
	insert(set, first, last);
	set->n_all += last - first + 1;
	set->n_free += last - first + 1;
}

static void take_from(struct number_set *set, struct range *range, u128 number)
{
	u128 first = range->first, last = range->last;

	set->n_free--;
	if (first < number && number < last) { /* the range becomes the part behind */
		range->first = number + 1;
		insert(set, first, number - 1);
	} else if (number < last) {
		range->first = number + 1;
	} else {
		g_tree_remove(set->free, range);
		if (first < number)
			insert(set, first, number - 1);
	}
}

bool number_set_take_next(struct number_set *set, u128 *ret)
{
	struct range *range = range_at(set, set->next);
	u128 number;

	if (!range)
		range = range_at(set, 0);
	if (!range)
		return false;
	number = range->last < set->next ? range->first : MAX(range->first, set->next);
	take_from(set, range, number);
	set->next = number + 1;
	*ret = number;
	return true;
}

bool number_set_find(const struct number_set *set, u128 first, u128 last, u128 *ret)
{
	const struct range *range = range_at(set, first);

	if (!range || MAX(range->first, first) > last)
		return false;
	*ret = MAX(range->first, first);
	return true;
}

bool number_set_find_taken(const struct number_set *set, u128 first, u128 last, u128 *ret)
{
	const struct range *range;

	/* free ranges of adjacent spans may follow each other */
	while (first <= last && (range = range_at(set, first)) && range->first <= first)
		first = range->last + 1;
	if (first > last)
		return false;
	*ret = first;
	return true;
}

bool number_set_take(struct number_set *set, u128 number)
{
	struct range *range = range_at(set, number);

	if (!range || range->first > number)
		return false;
	take_from(set, range, number);
	return true;
}

static bool in_a_span(const struct number_set *set, u128 number)
{
	for (guint i = 0; i < set->spans->len; i++) {
		const struct range *span = &g_array_index(set->spans, struct range, i);

		if (span->first <= number && number <= span->last)
			return true;
	}
	return false;
}

void number_set_give(struct number_set *set, u128 number)
{
	struct range *next = range_at(set, number);
	struct range *before = NULL;
	u128 first = number;

	if (!in_a_span(set, number) || (next && next->first <= number))
		return;
	set->n_free++;
	/* The range that ends right before it, if any, is the one that contains number - 1. */
	if (number)
		before = range_at(set, number - 1);
	if (before && before->last == number - 1) {
		first = before->first;
		g_tree_remove(set->free, before);
	}
	if (next && next->first == number + 1)
		next->first = first;
	else
		insert(set, first, number);
}

static u64 saturate(u128 number)
{
	return number > UINT64_MAX ? UINT64_MAX : (u64)number;
}

u64 number_set_used_count(const struct number_set *set)
{
	return saturate(set->n_all - set->n_free);
}

u64 number_set_size(const struct number_set *set)
{
	return saturate(set->n_all);
}

u64 number_set_free_count(const struct number_set *set)
{
	return saturate(set->n_free);
}
