/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and the hash index against plain arrays, over random histories with few distinct keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "model/key_index.h"

#define CELLS 300
#define KEYS 40

struct world {
	struct cell cells[CELLS];
	int key_of_cell[CELLS]; /* -1: in no list */
	struct key_index index;
	struct object_list all;
};

/* Keys that collide in their low bits, so that runs form and are taken apart. */
static u64 key(int k)
{
	return (u64)(k / 4) << 32 | (u64)(k % 4);
}

static void check_key(struct world *w, int k)
{
	const struct object_list *list;
	const struct cell *cell;
	unsigned at = 0, n = 0;

	if (key_index_find(&w->index, key(k), &cell, &list) && list)
		cell = object_list_next(list, &at);
	for (unsigned i = 0; i < CELLS; i++) {
		if (w->key_of_cell[i] != k)
			continue;
		n++;
		assert_ptr_equal(cell, &w->cells[i]); /* all of the key, in order */
		cell = list ? object_list_next(list, &at) : NULL;
	}
	assert_null(cell);
	if (list)
		assert_int_equal(list->n_cells, n);
}

static void check_all(struct world *w)
{
	unsigned at = 0;

	for (unsigned i = 0; i < CELLS; i++)
		if (w->key_of_cell[i] >= 0)
			assert_ptr_equal(object_list_next(&w->all, &at), &w->cells[i]);
	assert_null(object_list_next(&w->all, &at));
	for (int k = 0; k < KEYS; k++)
		check_key(w, k);
}

static void random_history(void **state)
{
	(void)state;
	for (guint32 seed = 0; seed < 10; seed++) {
		struct world *w = g_new0(struct world, 1);
		GRand *random = g_rand_new_with_seed(seed);

		for (unsigned i = 0; i < CELLS; i++) {
			w->cells[i].order = i + 1;
			w->key_of_cell[i] = -1;
		}
		for (int step = 0; step < 4000; step++) {
			/* Mostly one end is emptied, as when the oldest go first. */
			int i = g_rand_int_range(random, 0, step % 500 < 250 ? CELLS : CELLS / 3);

			if (w->key_of_cell[i] < 0) {
				w->key_of_cell[i] = g_rand_int_range(random, 0, KEYS);
				key_index_add(&w->index, key(w->key_of_cell[i]), &w->cells[i]);
				object_list_add(&w->all, &w->cells[i]);
			} else {
				key_index_remove(&w->index, key(w->key_of_cell[i]), &w->cells[i]);
				object_list_remove(&w->all, &w->cells[i]);
				w->key_of_cell[i] = -1;
			}
			if (step % 50 == 0)
				check_all(w);
		}
		key_index_clear(&w->index);
		object_list_clear(&w->all);
		g_rand_free(random);
		g_free(w);
	}
}

/* Enumeration can start behind an object that has been removed meanwhile. */
static void find_in_gaps(void **state)
{
	struct object_list list = { 0 };
	struct cell cells[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		cells[i] = (struct cell){ NULL, (i + 1) * 10 };
		object_list_add(&list, &cells[i]);
	}
	object_list_remove(&list, &cells[2]);
	for (unsigned order = 21; order <= 40; order++) {
		unsigned at = object_list_find(&list, order);

		assert_ptr_equal(object_list_next(&list, &at), &cells[3]);
	}
	object_list_clear(&list);
}

static void keys_differ(void **state)
{
	const char *ab_c[] = { "ab", "c" }, *a_bc[] = { "a", "bc" };
	g_autofree char *long_a = g_strnfill(2000, 'a'), *long_b = g_strnfill(2001, 'a');

	(void)state;
	assert_true(key_of(1, ab_c, 2) != key_of(1, a_bc, 2));
	assert_true(key_of(1, ab_c, 2) != key_of(2, ab_c, 2));
	assert_true(key_of(1, ab_c, 2) == key_of(1, ab_c, 2));
	assert_true(key_of(1, (const char *[]){ long_a, "x" }, 2) !=
		    key_of(1, (const char *[]){ long_b, "x" }, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_history),
		cmocka_unit_test(find_in_gaps),
		cmocka_unit_test(keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
