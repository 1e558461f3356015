/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of names: learnt from answers, for their time and while they are used, and kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <glib/gstdio.h>

#include "agent/dns/wire.h"
#include "agent/desired/domain.h"
#include "agent/desired/firewall.h"

#define NOW 1000000

static struct firewall *begin(const char *pattern)
{
	struct firewall *firewall = firewall_new();

	domains_use_begin(firewall->domains);
	domains_use(firewall->domains, pattern);
	domains_use_end(firewall);
	return firewall;
}

static void write_record(
	struct writer *w, const char *owner, u16 type, u32 ttl_s, const u8 *data, u16 len)
{
	write_name(w, owner);
	write_u16(w, type);
	write_u16(w, DNS_CLASS_IN);
	write_u32(w, ttl_s);
	write_u16(w, len);
	write_bytes(w, data, len);
}

#define ALIAS_TTL_S 200

/* An answer for @name: an alias to @alias if that is not NULL, and 192.0.2.@last of that. */
static size_t answer(u8 *room, size_t size, const char *name, const char *alias, u8 last, u32 ttl_s)
{
	struct writer w = writer_of(room, size), target;
	u8 ip[4] = { 192, 0, 2, last }, text[NAME_SIZE];

	write_u16(&w, 7);
	write_u16(&w, DNS_RESPONSE);
	write_u16(&w, 1);
	write_u16(&w, alias ? 2 : 1);
	write_u32(&w, 0);
	write_name(&w, name);
	write_u16(&w, DNS_A);
	write_u16(&w, DNS_CLASS_IN);
	target = writer_of(text, sizeof(text));
	if (alias) {
		write_name(&target, alias);
		write_record(&w, name, DNS_CNAME, ALIAS_TTL_S, text, (u16)target.len);
	}
	write_record(&w, alias ? alias : name, DNS_A, ttl_s, ip, 4);
	assert_false(w.failed);
	return w.len;
}

static bool learn(
	struct firewall *firewall, const char *name, const char *alias, u8 last, u32 ttl_s)
{
	u8 room[512];
	size_t len = answer(room, sizeof(room), name, alias, last, ttl_s);

	return domains_learn(firewall, room, len, NOW);
}

/* How many groups 192.0.@third.@last is in. */
static guint groups_at(const struct firewall *firewall, u8 third, u8 last)
{
	struct membership_key key = { .domain = domains_domain,
		.prefix = { .ip = { .family = 4, .b = { 192, 0, third, last } }, .len = 32 } };
	const struct membership *membership = g_hash_table_lookup(firewall->memberships, &key);

	return membership ? membership->groups->len : 0;
}

static guint groups_of(const struct firewall *firewall, u8 last)
{
	return groups_at(firewall, 2, last);
}

static void test_who_is_meant(void **state)
{
	struct firewall *firewall = begin("*.example.com");

	(void)state;
	assert_true(learn(firewall, "www.Example.com", NULL, 1, 300));
	assert_false(learn(firewall, "www.example.com", NULL, 1, 300)); /* known */
	assert_true(learn(firewall, "a.b.example.com", "cdn.example.net", 2, 300));
	assert_false(learn(firewall, "example.com", NULL, 3, 300));
	assert_false(learn(firewall, "badexample.com", NULL, 4, 300));
	assert_false(learn(firewall, "evil.net", "www.example.com", 5, 300));
	assert_int_equal(groups_of(firewall, 1), 1);
	assert_int_equal(groups_of(firewall, 2), 1);
	for (u8 last = 3; last <= 5; last++)
		assert_int_equal(groups_of(firewall, last), 0);
	firewall_free(firewall);
}

static bool used(const struct ip *ip, void *data)
{
	return ip->b[3] == *(const u8 *)data;
}

static void test_how_long(void **state)
{
	struct firewall *firewall = begin("x.org");
	u8 busy = 2;

	(void)state;
	learn(firewall, "x.org", NULL, 1, 5);
	learn(firewall, "x.org", NULL, 2, 5);
	learn(firewall, "x.org", NULL, 3, 500);
	assert_false(domains_expire(firewall, NOW + DOMAIN_TTL_MIN_S - 1, used, &busy));
	assert_true(domains_expire(firewall, NOW + DOMAIN_TTL_MIN_S, used, &busy));
	assert_int_equal(groups_of(firewall, 1), 0);
	assert_int_equal(groups_of(firewall, 2), 1);
	busy = 0;
	assert_true(domains_expire(firewall, NOW + DOMAIN_TTL_MIN_S, used, &busy));
	assert_int_equal(groups_of(firewall, 2), 0);
	assert_int_equal(groups_of(firewall, 3), 1);
	domains_use_begin(firewall->domains);
	domains_use_end(firewall); /* no rule is about it any more */
	assert_int_equal(groups_of(firewall, 3), 0);
	firewall_free(firewall);
}

/* Where an alias leads may change before the address of that does. */
static void test_as_long_as_the_alias(void **state)
{
	struct firewall *firewall = begin("x.org");
	u8 busy = 0;

	(void)state;
	learn(firewall, "x.org", "cdn.example.net", 1, 5000);
	assert_false(domains_expire(firewall, NOW + ALIAS_TTL_S - 1, used, &busy));
	assert_true(domains_expire(firewall, NOW + ALIAS_TTL_S, used, &busy));
	assert_int_equal(groups_of(firewall, 1), 0);
	firewall_free(firewall);
}

static void test_bounded(void **state)
{
	struct firewall *firewall = begin("x.org");
	guint n = 0;

	(void)state;
	for (unsigned i = 0; i < DOMAIN_ADDRESSES_MAX + 10; i++) {
		u8 room[512];
		size_t len = answer(room, sizeof(room), "x.org", NULL, (u8)i, 300 + i);

		room[len - 2] = (u8)(i >> 8); /* 192.0.x.y */
		assert_true(domains_learn(firewall, room, len, NOW));
	}
	for (unsigned i = 0; i < DOMAIN_ADDRESSES_MAX + 10; i++) {
		guint here = groups_at(firewall, (u8)(i >> 8), (u8)i);

		assert_int_equal(here, i >= 10); /* those that end first gave way */
		n += here;
	}
	assert_int_equal(n, DOMAIN_ADDRESSES_MAX);
	firewall_free(firewall);
}

static void test_outlives_the_agent(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("weft-domains-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "domains", NULL);
	struct firewall *firewall = begin("x.org"), *next = firewall_new();
	u8 busy = 0;

	(void)state;
	domains_open(firewall, path);
	learn(firewall, "x.org", NULL, 9, 300);
	domains_save(firewall->domains);
	domains_open(next, path);
	assert_int_equal(groups_of(next, 9), 1);
	assert_false(domains_expire(next, NOW + 299, used, &busy));
	assert_true(domains_expire(next, NOW + 300, used, &busy));
	firewall_free(firewall);
	firewall_free(next);
	g_unlink(path);
	g_rmdir(folder);
}

/* Whatever the bytes are, nothing is read beyond them. */
static void test_damaged(void **state)
{
	struct firewall *firewall = begin("x.org");
	u8 room[512];
	size_t len = answer(room, sizeof(room), "x.org", "y.org", 1, 300);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		g_autofree u8 *part = g_memdup2(room, cut);

		assert_false(domains_learn(firewall, part, cut, NOW));
	}
	room[3] |= DNS_NXDOMAIN;
	assert_false(domains_learn(firewall, room, len, NOW));
	firewall_free(firewall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_meant),
		cmocka_unit_test(test_how_long),
		cmocka_unit_test(test_as_long_as_the_alias),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_outlives_the_agent),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
