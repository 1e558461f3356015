/* SPDX-License-Identifier: Apache-2.0 */
#include "model/object_list.h"

#include <string.h>

static bool is_gap(uintptr_t entry)
{
	return entry & 1;
}

static u64 entry_order(uintptr_t entry)
{
	return is_gap(entry) ? entry >> 1 : ((const struct cell *)entry)->order;
}

unsigned object_list_find(const struct object_list *list, u64 order)
{
	unsigned low = 0, high = list->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (entry_order(list->entries[middle]) < order)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void compact(struct object_list *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < list->n; i++)
		if (!is_gap(list->entries[i]))
			list->entries[n++] = list->entries[i];
	list->n = n;
}

void object_list_add(struct object_list *list, struct cell *cell)
{
	unsigned at = list->n;

	if (list->n && entry_order(list->entries[list->n - 1]) >= cell->order)
		at = object_list_find(list, cell->order);
	list->n_cells++;
	/* An undone deletion finds its own gap. */
	if (at < list->n && entry_order(list->entries[at]) == cell->order) {
		list->entries[at] = (uintptr_t)cell;
		return;
	}
	if (list->n == list->size) {
		list->size = list->size ? list->size + list->size / 2 + 1 : 2;
		list->entries = g_renew(uintptr_t, list->entries, list->size);
	}
	memmove(&list->entries[at + 1], &list->entries[at],
		(list->n - at) * sizeof(list->entries[0]));
	list->entries[at] = (uintptr_t)cell;
	list->n++;
}

void object_list_remove(struct object_list *list, const struct cell *cell)
{
	unsigned at = object_list_find(list, cell->order);

	g_assert(at < list->n && list->entries[at] == (uintptr_t)cell);
	list->entries[at] = (uintptr_t)(cell->order << 1 | 1);
	list->n_cells--;
	while (list->n && is_gap(list->entries[list->n - 1]))
		list->n--;
	if (list->n > 16 && list->n_cells < list->n / 2)
		compact(list);
}

void object_list_clear(struct object_list *list)
{
	g_free(list->entries);
	*list = (struct object_list){ 0 };
}

struct cell *object_list_next(const struct object_list *list, unsigned *at)
{
	while (*at < list->n) {
		uintptr_t entry = list->entries[(*at)++];

		if (!is_gap(entry))
			return (struct cell *)entry;
	}
	return NULL;
}
