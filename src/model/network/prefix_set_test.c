/* SPDX-License-Identifier: Apache-2.0 */
/* Against a plain array of booleans, over random histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "model/network/prefix_set.h"

#define N 256

static struct prefix some(unsigned first, unsigned len)
{
	struct prefix prefix = { { 4, { 10, 0, 0, (u8)first } }, (u8)len };

	return prefix;
}

static unsigned size(const struct prefix *prefix)
{
	return 1u << (32 - prefix->len);
}

/* How many of its addresses are in the array. */
static unsigned count(const bool *in, const struct prefix *prefix)
{
	unsigned n = 0;

	for (unsigned i = 0; i < size(prefix); i++)
		n += in[prefix->ip.b[3] + i];
	return n;
}

static void mark(bool *in, const struct prefix *prefix, bool value)
{
	memset(in + prefix->ip.b[3], value, size(prefix));
}

struct seen {
	const bool *in;
	bool covered[N];
};

static void see(const struct prefix *prefix, void *user)
{
	struct seen *seen = user;
	struct prefix wider = *prefix;

	assert_int_equal(count(seen->in, prefix), size(prefix));
	assert_int_equal(count(seen->covered, prefix), 0);
	mark(seen->covered, prefix, true);
	wider.len--;
	wider.ip = prefix_network(&wider);
	if (wider.len >= 24) /* as few as possible */
		assert_int_not_equal(count(seen->in, &wider), size(&wider));
}

static bool any_free(const bool *in, unsigned len)
{
	for (unsigned first = 0; first < N; first += 1u << (32 - len)) {
		struct prefix prefix = some(first, len);

		if (count(in, &prefix) == size(&prefix))
			return true;
	}
	return false;
}

static void check(const struct prefix_set *set, const bool *in)
{
	struct seen seen = { .in = in };
	struct prefix found;

	prefix_set_each(set, see, &seen);
	assert_memory_equal(in, seen.covered, N);
	for (unsigned len = 24; len <= 32; len++) {
		assert_int_equal(prefix_set_find(set, len, &found), any_free(in, len));
		if (any_free(in, len))
			assert_int_equal(count(in, &found), size(&found));
	}
}

static void random_history(void **state)
{
	(void)state;
	for (guint32 seed = 0; seed < 30; seed++) {
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		struct prefix_set *set = prefix_set_new();
		bool in[N] = { false };

		for (int step = 0; step < 200; step++) {
			unsigned len = (unsigned)g_rand_int_range(rand, 24, 33);
			unsigned first = (unsigned)g_rand_int_range(rand, 0, N);
			struct prefix prefix = some(first & ~((1u << (32 - len)) - 1), len);
			bool add = g_rand_boolean(rand);

			assert_int_equal(prefix_set_contains(set, &prefix),
				count(in, &prefix) == size(&prefix));
			assert_int_equal(prefix_set_overlaps(set, &prefix), count(in, &prefix) > 0);
			(add ? prefix_set_add : prefix_set_remove)(set, &prefix);
			mark(in, &prefix, add);
			check(set, in);
		}
		prefix_set_free(set);
	}
}

static void add_text(struct prefix_set *set, const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	prefix_set_add(set, &prefix);
}

static void assert_found(const struct prefix_set *set, unsigned len, const char *expected)
{
	struct prefix found;
	char text[PREFIX_STRLEN];

	assert_true(prefix_set_find(set, len, &found));
	assert_string_equal(prefix_format(&found, text), expected);
}

static void the_smallest_that_fits_is_cut(void **state)
{
	struct prefix_set *set = prefix_set_new();

	(void)state;
	add_text(set, "fd00::/48");
	add_text(set, "fd00:0:9::/60");
	add_text(set, "fd00:0:8::/60");
	assert_found(set, 64, "fd00:0:8::/64");
	assert_found(set, 60, "fd00:0:8::/60");
	assert_found(set, 56, "fd00::/56");
	assert_false(prefix_set_find(set, 47, &(struct prefix){ 0 }));
	prefix_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_history),
		cmocka_unit_test(the_smallest_that_fits_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
