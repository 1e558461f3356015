/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's tiers: their records in, the policies that a port is asked about out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/desired/domain.h"
#include "agent/reconcile/reconcile_bed.h"

#define CLOUD "cloud/00000000-0000-0000-0000-000000000000"
#define TIER "cccccccc-0000-4000-8000-0000000000"
#define POLICY "dddddddd-0000-4000-8000-0000000000"
#define RULE "eeeeeeee-0000-4000-8000-0000000000"
#define GROUP "88888888-0000-4000-8000-0000000000a1"
#define OTHER "88888888-0000-4000-8000-0000000000a2"

static void put_of(const char *kind, const char *ids, unsigned number, const char *data)
{
	g_autofree char *id = g_strdup_printf("%s%02x", ids, number);

	put(kind, id, CLOUD, data);
}

static void delete_of(const char *kind, const char *ids, unsigned number)
{
	g_autofree char *text =
		g_strdup_printf("{\"op\":\"delete\",\"kind\":\"%s\",\"id\":\"%s%02x\","
				"\"scope\":\"" CLOUD "\",\"rev\":9}",
			kind, ids, number);

	line(text);
}

static void put_tier(unsigned number, unsigned priority, const char *more)
{
	g_autofree char *data = g_strdup_printf("{'priority':%u%s}", priority, more);

	put_of("security-tier", TIER, number, data);
}

static void put_policy(unsigned number, unsigned tier, unsigned priority, const char *more)
{
	g_autofree char *data = g_strdup_printf(
		"{'security_tier_id':'" TIER "%02x','priority':%u%s}", tier, priority, more);

	put_of("security-policy", POLICY, number, data);
}

static void put_rule(
	unsigned number, unsigned policy, unsigned priority, const char *action, const char *more)
{
	g_autofree char *data = g_strdup_printf("{'security_policy_id':'" POLICY
						"%02x','priority':%u,'action':'%s',"
						"'direction':'egress','ethertype':'IPv4'%s}",
		policy, priority, action, more);

	put_of("security-policy-rule", RULE, number, data);
}

/* What the port is asked about, in order: the rules of each of its policies, as the fake has them:
 * "[deny 01 out 4]" and the like; "own" is its groups'. */
static char *asked(void)
{
	g_autofree char *content = fake_content();
	g_auto(GStrv) lines = g_strsplit(content, "\n", -1);
	g_autoptr(GHashTable) policies = g_hash_table_new(g_str_hash, g_str_equal);
	GString *text = g_string_new(NULL);
	g_auto(GStrv) words = NULL;

	for (char **at = lines; *at; at++) {
		if (g_str_has_prefix(*at, "policy ")) {
			(*at)[strlen("policy xx")] = '\0';
			g_hash_table_insert(
				policies, *at + strlen("policy "), *at + strlen("policy xx "));
		}
		if (g_str_has_prefix(*at, "port 12 "))
			words = g_strsplit(*at, " ", -1);
	}
	for (char **word = words; word && *word; word++)
		if (!strcmp(*word, "tier") || !strcmp(*word, "last") || !strcmp(*word, "policy")) {
			const char *rules = g_hash_table_lookup(policies, word[1]);

			assert_non_null(rules); /* what a port names is there */
			g_string_append_printf(text, "%s: %s\n", *word, rules);
		}
	return g_string_free(text, FALSE);
}

static void expect_asked(const char *expected)
{
	g_autofree char *text = NULL;

	sync_now();
	text = asked();
	assert_string_equal(text, expected);
}

static int wired(void **state)
{
	set_up(state);
	snapshot();
	plug(12);
	g_free(fake_take());
	return 0;
}

#define ONE "tier: stateful [deny 01 out 4]\n"

/* By the priorities of tiers, of policies and of rules, however they came; baselines behind all. */
static void asked_in_order(void **state)
{
	(void)state;
	put_rule(0x14, 4, 1, "deny", "");
	put_rule(0x13, 3, 7, "allow", ",'protocol':6,'port_range_min':22,'port_range_max':23");
	put_rule(0x12, 2, 9, "pass", "");
	put_rule(0x11, 1, 20, "deny", ",'remote_ip_prefix':'192.0.2.0/24'");
	put_rule(0x10, 1, 10, "allow", "");
	put_policy(4, 1, 5, "");
	put_policy(3, 2, 1, "");
	put_policy(2, 3, 2, "");
	put_policy(1, 3, 1, "");
	put_tier(1, 1, ",'baseline':true");
	put_tier(2, 200, "");
	put_tier(3, 100, "");
	expect_asked("tier: stateful [10 out 4] [deny 11 out 4 192.0.2.0/24] [pass 12 out 4]\n"
		     "tier: stateful [13 out 4 proto 6 22-23]\n"
		     "last: stateful [deny 14 out 4]\n");
	put_tier(2, 50, "");
	expect_asked("tier: stateful [13 out 4 proto 6 22-23]\n"
		     "tier: stateful [10 out 4] [deny 11 out 4 192.0.2.0/24] [pass 12 out 4]\n"
		     "last: stateful [deny 14 out 4]\n");
	delete_of("security-tier", TIER, 3); /* its policies are nobody's without it */
	put_policy(4, 1, 5, ",'enabled':false");
	expect_asked("tier: stateful [13 out 4 proto 6 22-23]\n");
}

/* Half of a change decides nothing; what a port names is stated first and goes last. */
static void whole_changes(void **state)
{
	const char *policy, *port;

	(void)state;
	put_tier(1, 1, "");
	put_policy(1, 1, 1, "");
	put_rule(1, 1, 1, "deny", "");
	plug(12);
	g_autofree char *half = asked();
	assert_string_equal(half, "");
	expect_asked(ONE);
	g_autofree char *calls = fake_take();
	policy = strstr(calls, "put policy"), port = strstr(calls, "put port");
	assert_true(policy && port && policy < port);
	delete_of("security-policy", POLICY, 1);
	expect_asked("");
	g_autofree char *gone = fake_take();
	policy = strstr(gone, "del policy"), port = strstr(gone, "put port");
	assert_true(policy && port && port < policy);
}

static void put_group(const char *id)
{
	g_autofree char *scope = g_strconcat("security-group/", id, NULL);

	put("security-group", id, scope, "{'name':'g'}");
}

/* Projects, networks, ports, tags, groups; nobody of what is named, or everybody. */
static void whom_it_is_applied_to(void **state)
{
	static const struct {
		const char *target;
		bool applies;
	} cases[] = {
		{ "", true },
		{ ",'projects':['red']", true },
		{ ",'projects':['blue']", false },
		{ ",'projects':['blue'],'port_tags':['x','pci']", true },
		{ ",'port_tags':['PCI']", false },
		{ ",'networks':['" NET "']", true },
		{ ",'networks':['" SUBNET "']", false },
		{ ",'ports':['" FAR "','" PORT "']", true },
		{ ",'ports':['" FAR "']", false },
		{ ",'security_groups':['" GROUP "']", true },
		{ ",'security_groups':['" OTHER "']", false },
	};

	(void)state;
	put_group(GROUP);
	put_port("'project_id':'red','tags':['pci'],'security_groups':['" GROUP "'],");
	put_tier(1, 1, "");
	put_rule(1, 1, 1, "deny", "");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		put_policy(1, 1, 1, cases[i].target);
		expect_asked(cases[i].applies ? "policy: stateful\n" ONE : "policy: stateful\n");
	}
	put_port("'project_id':'red','security_groups':[],"); /* the port changes, not the policy */
	put_policy(1, 1, 1, ",'port_tags':['pci']");
	expect_asked("policy: stateful\n");
	put_port("'project_id':'red','tags':['pci'],'security_groups':[],");
	expect_asked("policy: stateful\n" ONE);
}

/* More tiers than a port is asked about: weftd refuses them; an agent does not ask the last. */
static void at_most_eight(void **state)
{
	g_autoptr(GString) expected = g_string_new(NULL);

	(void)state;
	for (unsigned i = 1; i <= DP_TIERS_MAX + 1; i++) {
		put_tier(i, i, "");
		put_policy(i, i, 1, "");
		put_rule(i, i, 1, "deny", "");
		if (i <= DP_TIERS_MAX)
			g_string_append_printf(expected, "tier: stateful [deny %02x out 4]\n", i);
	}
	expect_asked(expected->str);
}

/* A rule about a name is about a group, whose members are what is learnt (domain_test.c); another
 * rule about the same name has the same group, and without any it is forgotten. */
static void names_are_groups(void **state)
{
	struct uuid group = domain_group("*.example.com");
	g_autofree char *rule = g_strdup_printf(
		"group %02x/%02x", domains_domain.b[0], group.b[sizeof(group.b) - 1]);
	g_autofree char *one = g_strdup_printf("tier: stateful [01 out 4 %s]\n", rule);
	g_autofree char *two =
		g_strdup_printf("tier: stateful [01 out 4 %s] [deny 02 out 4 %s]\n", rule, rule);

	(void)state;
	put_tier(1, 1, "");
	put_policy(1, 1, 1, "");
	put_rule(1, 1, 1, "allow", ",'remote_domain':'*.example.com'");
	expect_asked(one);
	put_rule(2, 1, 2, "deny", ",'remote_domain':'*.example.com'");
	expect_asked(two);
	delete_of("security-policy-rule", RULE, 2);
	expect_asked(one);
	delete_of("security-policy-rule", RULE, 1);
	expect_asked("tier: stateful\n");
}

/* Another process finds in the file what it needs to state the same. */
static void restart(void **state)
{
	(void)state;
	put_tier(1, 1, "");
	put_policy(1, 1, 1, ",'ports':['" PORT "']");
	put_rule(1, 1, 1, "deny", "");
	expect_asked(ONE);
	g_autofree char *before = fake_content();
	close_view();
	reconcile.partial = true;
	open_view();
	plug(12);
	reconcile_all(&reconcile);
	sync_now();
	expect_content(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asked_in_order, wired, tear_down),
		cmocka_unit_test_setup_teardown(whole_changes, wired, tear_down),
		cmocka_unit_test_setup_teardown(whom_it_is_applied_to, wired, tear_down),
		cmocka_unit_test_setup_teardown(at_most_eight, wired, tear_down),
		cmocka_unit_test_setup_teardown(names_are_groups, wired, tear_down),
		cmocka_unit_test_setup_teardown(restart, wired, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
