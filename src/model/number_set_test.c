/* SPDX-License-Identifier: Apache-2.0 */
/* Against a plain array of booleans, over random histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/number_set.h"

#define N 200

static bool in_spans(unsigned n)
{
	return (n >= 10 && n <= 59) || (n >= 60 && n <= 99) || n == 150;
}

static unsigned count(const bool *used)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N; i++)
		n += in_spans(i) && !used[i];
	return n;
}

/* What is free, and what is not, between two numbers of the first two spans. */
static void check_found(
	const struct number_set *set, const bool *used, unsigned first, unsigned last)
{
	unsigned next_free = first, next_taken = first;
	u128 found;

	while (next_free <= last && used[next_free])
		next_free++;
	while (next_taken <= last && !used[next_taken])
		next_taken++;
	assert_int_equal(number_set_find(set, first, last, &found), next_free <= last);
	assert_true(next_free > last || found == next_free);
	assert_int_equal(number_set_find_taken(set, first, last, &found), next_taken <= last);
	assert_true(next_taken > last || found == next_taken);
}

static void random_history(void **state)
{
	(void)state;
	for (guint32 seed = 0; seed < 50; seed++) {
		struct number_set *set = number_set_new();
		GRand *random = g_rand_new_with_seed(seed);
		bool used[N] = { false };

		number_set_add_span(set, 10, 59);
		number_set_add_span(set, 60, 99); /* adjacent */
		number_set_add_span(set, 150, 150);
		assert_int_equal(number_set_size(set), 91);
		for (int i = 0; i < 2000; i++) {
			unsigned n = (unsigned)g_rand_int_range(random, 0, N);
			u128 taken;

			switch (g_rand_int_range(random, 0, 3)) {
			case 0:
				assert_int_equal(number_set_take(set, n), in_spans(n) && !used[n]);
				used[n] = true;
				break;
			case 1:
				number_set_give(set, n);
				used[n] = false;
				break;
			default:
				if (!number_set_take_next(set, &taken)) {
					assert_int_equal(count(used), 0);
					break;
				}
				assert_true(taken < N && in_spans((unsigned)taken));
				assert_false(used[taken]);
				used[taken] = true;
			}
			assert_int_equal(number_set_free_count(set), count(used));
			n = (unsigned)g_rand_int_range(random, 10, 100);
			check_found(set, used, n, (unsigned)g_rand_int_range(random, 9, 100));
		}
		g_rand_free(random);
		number_set_free(set);
	}
}

/* What was given back last is taken again last. */
static void next_fit(void **state)
{
	struct number_set *set = number_set_new();
	u128 taken;

	(void)state;
	number_set_add_span(set, 0, 3);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(number_set_take_next(set, &taken));
		assert_int_equal(taken, i);
	}
	number_set_give(set, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(number_set_take_next(set, &taken));
		assert_int_equal(taken, i == 2 ? 0 : i + 2);
	}
	assert_false(number_set_take_next(set, &taken));
	number_set_free(set);
}

/* An IPv6 /64, and numbers beyond 64 bits. */
static void large_spans(void **state)
{
	struct number_set *set = number_set_new();
	u128 base = (u128)0xfd << 120, taken;

	(void)state;
	number_set_add_span(set, base + 1, base + UINT64_MAX);
	assert_true(number_set_take(set, base + UINT64_MAX));
	assert_true(number_set_take_next(set, &taken));
	assert_true(taken == base + 1);
	number_set_add_span(set, 0, 9);
	assert_int_equal(number_set_free_count(set), UINT64_MAX);
	number_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_history),
		cmocka_unit_test(next_fit),
		cmocka_unit_test(large_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
