/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of Maglev tables: even shares, by weight, and little disruption. */
#include "datapath/maglev.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants those before it */
#include <cmocka.h>

#include "bpf/edge.h"

#define MEMBERS 20

static void make(struct maglev_member *members, u16 n)
{
	for (u16 i = 0; i < n; i++)
		members[i] = (struct maglev_member){
			.name = maglev_name(&i, sizeof(i)), .weight = 1, .number = i
		};
}

static void count(const u16 *places, u32 *counts, u16 n)
{
	memset(counts, 0, n * sizeof(*counts));
	for (u32 i = 0; i < MAGLEV_SIZE; i++) {
		assert_in_range(places[i], 0, n - 1);
		counts[places[i]]++;
	}
}

static void test_even(void **state)
{
	struct maglev_member members[MEMBERS];
	u32 counts[MEMBERS];
	u16 places[MAGLEV_SIZE];

	(void)state;
	for (u16 n = 1; n <= MEMBERS; n++) {
		make(members, n);
		maglev_fill(members, n, MAGLEV_NONE, places, MAGLEV_SIZE);
		count(places, counts, n);
		for (u16 i = 0; i < n; i++)
			assert_in_range(counts[i], MAGLEV_SIZE / n, MAGLEV_SIZE / n + 1);
	}
}

static void test_weights(void **state)
{
	struct maglev_member members[3];
	u32 counts[3];
	u16 places[MAGLEV_SIZE];

	(void)state;
	make(members, 3);
	members[0].weight = 1;
	members[1].weight = 3;
	members[2].weight = 0;
	maglev_fill(members, 3, MAGLEV_NONE, places, MAGLEV_SIZE);
	count(places, counts, 3);
	assert_in_range(counts[0], MAGLEV_SIZE / 4 - 2, MAGLEV_SIZE / 4 + 2);
	assert_in_range(counts[1], MAGLEV_SIZE * 3 / 4 - 2, MAGLEV_SIZE * 3 / 4 + 2);
	assert_int_equal(counts[2], 0);
}

static void test_nobody(void **state)
{
	struct maglev_member members[1];
	u16 places[MAGLEV_SIZE];

	(void)state;
	make(members, 1);
	members[0].weight = 0;
	maglev_fill(members, 1, MAGLEV_NONE, places, MAGLEV_SIZE);
	for (u32 i = 0; i < MAGLEV_SIZE; i++)
		assert_int_equal(places[i], MAGLEV_NONE);
}

static void test_any_order(void **state)
{
	struct maglev_member members[MEMBERS], other[MEMBERS];
	u16 places[MAGLEV_SIZE], again[MAGLEV_SIZE];

	(void)state;
	make(members, MEMBERS);
	make(other, MEMBERS);
	for (u16 i = 0; i < MEMBERS / 2; i++) {
		struct maglev_member one = other[i];

		other[i] = other[MEMBERS - 1 - i];
		other[MEMBERS - 1 - i] = one;
	}
	maglev_fill(members, MEMBERS, MAGLEV_NONE, places, MAGLEV_SIZE);
	maglev_fill(other, MEMBERS, MAGLEV_NONE, again, MAGLEV_SIZE);
	assert_memory_equal(places, again, sizeof(places));
}

/* When one of n goes, its places (1/n) must move; of all others not more than that many once
 * more do. */
static void test_disruption(void **state)
{
	struct maglev_member members[MEMBERS];
	u16 before[MAGLEV_SIZE], after[MAGLEV_SIZE];

	(void)state;
	for (u16 gone = 0; gone < MEMBERS; gone++) {
		u32 moved = 0;

		make(members, MEMBERS);
		maglev_fill(members, MEMBERS, MAGLEV_NONE, before, MAGLEV_SIZE);
		make(members, MEMBERS);
		members[gone].weight = 0;
		maglev_fill(members, MEMBERS, MAGLEV_NONE, after, MAGLEV_SIZE);
		for (u32 i = 0; i < MAGLEV_SIZE; i++) {
			assert_int_not_equal(after[i], gone);
			moved += before[i] != gone && before[i] != after[i];
		}
		assert_in_range(moved, 0, MAGLEV_SIZE / MEMBERS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_even),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_disruption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
