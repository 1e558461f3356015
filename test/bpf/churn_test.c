/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that come and go, 40 a second for half an hour of the clock of a cloud: each with an
 * address that enters groups, every tenth with a group and a policy of its own. Numbers and entries
 * that are no longer needed must come back at once, so that no table fills however long it goes on.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/firewall.h"
#include "firewall_bed.h"

#define RATE 40
#define SECONDS 1800
#define LIVES (RATE * SECONDS)
#define ALIVE (RATE * 20) /* ports live 20 s */
#define GROUPS 6
#define OWN_EVERY 10

static struct prefix address_of(u32 n)
{
	struct prefix prefix = { .ip = ip("10.0.0.0"), .len = 32 };

	n %= 1u << 20; /* addresses are used again, by others */
	prefix.ip.b[1] = (u8)(n >> 16);
	prefix.ip.b[2] = (u8)(n >> 8);
	prefix.ip.b[3] = (u8)n;
	return prefix;
}

static void own_name(u32 n, u8 kind, u8 ret[16])
{
	memset(ret, 0, 16);
	memcpy(ret, &n, sizeof(n));
	ret[15] = kind;
}

static void put_own_policy(struct bed *bed, u32 n)
{
	struct dp_rule rules[2] = { rule(0, DP_INGRESS, IPPROTO_TCP, 80, 90),
		rule(0, DP_EGRESS, -1, -1, -1) };
	struct dp_policy policy = { .rules = rules, .n_rules = G_N_ELEMENTS(rules) };

	own_name(n, 1, policy.id);
	own_name(n, 2, rules[0].id);
	own_name(n, 3, rules[1].id);
	rules[0].remote = DP_REMOTE_GROUP;
	memcpy(rules[0].domain, domain, 16);
	own_name(n, 0, rules[0].group);
	assert_true(dp_policy_put(bed->dp, &policy, NULL));
}

/* In some of the common groups, which make 63 sets, and perhaps in one of its own. */
static void begin(struct bed *bed, u32 n)
{
	struct prefix address = address_of(n);
	u8 groups[GROUPS + 1][16] = { 0 };
	u32 chosen = n * 2654435761u >> 26;
	size_t n_groups = 0;

	for (u8 g = 0; g < GROUPS; g++)
		if (chosen & 1u << g)
			groups[n_groups++][0] = (u8)(g + 1);
	if (n % OWN_EVERY == 0) {
		own_name(n, 0, groups[n_groups++]);
		put_own_policy(bed, n);
	}
	if (!n_groups)
		groups[n_groups++][0] = 1;
	assert_true(dp_membership_put(
		bed->dp, domain, &address, (const u8(*)[16])groups, n_groups, NULL));
}

static void end(struct bed *bed, u32 n)
{
	struct prefix address = address_of(n);
	u8 policy[16];

	assert_true(dp_membership_delete(bed->dp, domain, &address, NULL));
	own_name(n, 1, policy);
	assert_true(dp_policy_delete(bed->dp, policy, NULL));
}

struct sizes {
	u32 names, identities, rules, policies;
};

static struct sizes sizes_of(const struct bed *bed)
{
	const u32 *n = bed->dp->n_entries;

	return (struct sizes){ n[TABLE_NAMES], n[TABLE_IDENTITIES], n[TABLE_RULES],
		n[TABLE_POLICIES] };
}

static void test_churn(void **state)
{
	struct bed *bed = *state;
	struct dp_rule from_group = rule(9, DP_INGRESS, -1, -1, -1);
	struct sizes before, now, most = { 0 }, early = { 0 };

	from_group.remote = DP_REMOTE_GROUP;
	memcpy(from_group.domain, domain, 16);
	from_group.group[0] = 1;
	put_policy(bed, policy2, &from_group, 1);
	before = sizes_of(bed);
	for (u32 n = 0; n < LIVES + ALIVE; n++) {
		if (n >= ALIVE)
			end(bed, n - ALIVE);
		if (n < LIVES)
			begin(bed, n);
		now = sizes_of(bed);
		most.names = MAX(most.names, now.names);
		most.rules = MAX(most.rules, now.rules);
		if (n == 4 * ALIVE)
			early = most;
	}
	now = sizes_of(bed);
	assert_memory_equal(&now, &before, sizeof(now));
	/* what a minute needs half an hour needs */
	assert_in_range(most.names, early.names, early.names * 5 / 4);
	assert_in_range(most.rules, early.rules, early.rules * 5 / 4);
	print_message("at most %u names and %u rules\n", most.names, most.rules);
	POLICY(bed, policy1, OUT1);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 53), "denied-ingress");
	begin(bed, 1); /* 10.0.0.1, guest 1's, in group 1 among others */
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	end(bed, 1);
}

#define REFERRING 100 /* policies whose rules name the group */

/* Entries of maps that are written when one more address enters group 1, and leaves it. */
static u64 writes_of_a_member(struct bed *bed, u32 n)
{
	static const u8 groups[1][16] = { { 1 } };
	struct prefix address = address_of(n);
	u64 before = bed->dp->n_writes;

	assert_true(dp_membership_put(bed->dp, domain, &address, groups, 1, NULL));
	assert_true(dp_membership_delete(bed->dp, domain, &address, NULL));
	return bed->dp->n_writes - before;
}

/* However many members the group has, and however many rules and policies name it. */
static void test_a_member_is_one_entry(void **state)
{
	static const u8 groups[1][16] = { { 1 } };
	struct bed *bed = *state;
	struct dp_rule from_group[10];
	u8 name[16];

	for (u8 i = 0; i < G_N_ELEMENTS(from_group); i++) {
		from_group[i] = rule(i, DP_INGRESS, IPPROTO_TCP, 1000 * i, 1000 * i + 7);
		from_group[i].remote = DP_REMOTE_GROUP;
		memcpy(from_group[i].domain, domain, 16);
		from_group[i].group[0] = 1;
	}
	for (u32 n = 0; n < REFERRING; n++) {
		own_name(n, 1, name);
		put_policy(bed, name, from_group, n % 10 + 1);
	}
	for (u32 n = 0; n < 10000; n++) {
		struct prefix address = address_of(n);

		assert_true(dp_membership_put(bed->dp, domain, &address, groups, 1, NULL));
		if (n == 0 || n == 100 || n == 9999)
			assert_int_equal(writes_of_a_member(bed, 20000), 2);
	}
	for (u32 n = 0; n < 10000; n++) {
		struct prefix address = address_of(n);

		assert_true(dp_membership_delete(bed->dp, domain, &address, NULL));
	}
	for (u32 n = 0; n < REFERRING; n++) {
		own_name(n, 1, name);
		assert_true(dp_policy_delete(bed->dp, name, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_member_is_one_entry, firewall_begin),
		cmocka_unit_test_setup(test_churn, firewall_begin),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
