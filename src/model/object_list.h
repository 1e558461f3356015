/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells and ordered lists of them. Inside of src/model.
 *
 * A cell stands for one object of the model through all its versions: lists and indexes hold cells,
 * so that an update that changes no key touches only the cell. A list is an array in order of
 * creation; a removed cell leaves its order behind as a gap, and an array of more gaps than cells
 * is compacted, so adding, removing and finding a place cost O(log n) whatever is removed in which
 * order.
 */
#pragma once

#include "model/object.h"

struct cell {
	const struct object *object; /* a reference */
	u64 order;		     /* of creation; unique in the model */
};

struct object_list {
	unsigned n_cells, n, size; /* cells; cells and gaps; room */
	uintptr_t *entries;	   /* a cell, or order << 1 | 1 of a gap */
};

void object_list_add(struct object_list *list, struct cell *cell);
void object_list_remove(struct object_list *list, const struct cell *cell);
void object_list_clear(struct object_list *list);

/* Place of the first entry whose order is at least @order (list->n: none). */
unsigned object_list_find(const struct object_list *list, u64 order);

/* The cell at or behind place *@at, moving *@at behind it; NULL at the end. */
struct cell *object_list_next(const struct object_list *list, unsigned *at);
