/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "controller/policy/policy_file.h"
#include "model/network/network.h"

static struct policy *parse(const char *text, GError **error)
{
	return policy_file_parse("p.yaml", text, strlen(text), error);
}

static bool member_may(const char *text, enum policy_operation operation)
{
	static const struct policy_target nothing = { 0 };
	GError *error = NULL;
	g_autoptr(policy) policy = parse(text, &error);
	struct caller member = { .role = CALLER_MEMBER, .project_id = "p", .policy = policy };

	if (!policy)
		fail_msg("%s: %s", text, error->message);
	return policy_allows(&member, &network_kind, operation, &nothing);
}

static void forms_of_a_line(void **state)
{
	static const char *const allowing[] = {
		"\"create_network\": \"@\"",
		"create_network: '@'",
		"create_network: @",
		"'create_network' :   \"@\"   # everybody",
		"create_network: role:member   # comment",
		"# x\n---\n\ncreate_network: \"role:member\"\n...\n",
		"create_network: \"\"\r\n",
		"  \n{\"create_network\": \"@\"}",
		"create_network: \"'it''s':it''s or @\"",
		"create_network: 'rule:mine'\nmine: '@'",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(allowing); i++)
		assert_true(member_may(allowing[i], POLICY_CREATE));
	assert_false(member_may("", POLICY_CREATE));
	assert_false(member_may("create_network: \"!\"", POLICY_CREATE));
	assert_true(member_may("create_network: \"!\"", POLICY_GET));
}

/* The place, what is wrong, and what would be right. */
static void refusals_explain(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "create_netwrok: \"@\"", "p.yaml:1: rule 'create_netwrok': there is no rule" },
		{ "\n\nget_port: \"role:x an role:y\"",
			"p.yaml:3: rule 'get_port': 'and', 'or' or the end is expected instead of 'an'" },
		{ "get_port: \"rule:nobody\"",
			"p.yaml:1: rule 'get_port': it refers to 'rule:nobody'" },
		{ "a: \"rule:b\"\nb: \"rule:a\"", "refers to itself" },
		{ "get_port: \"(role:x\"", "')' is expected at the end" },
		{ "get_port: \"role:x)\"", "'and', 'or' or the end is expected instead of ')'" },
		{ "get_port: \"not\"", "is expected at the end" },
		{ "get_port: \"role:\"", "the name of a role" },
		{ "get_port: \"group:x\"", "role:, rule:, project_id:" },
		{ "get_port: \"project_id:%(projct_id)s\"", "an attribute of a resource" },
		{ "get_port: \"project_id:%(cloud:project_id)s\"", "an attribute of a resource" },
		{ "get_port: \"field:networks:sharde=True\"", "field:COLLECTION:ATTRIBUTE=VALUE" },
		{ "get_port: \"field:ports:device_owner=~(\"", "regular expression" },
		{ "get_port: \"@", "p.yaml:1: the quote \" is not closed" },
		{ "get_port: \"@\" x", "p.yaml:1: there is 'x' behind the rule of 'get_port'" },
		{ "get_port:\n  - \"@\"", "p.yaml:1: the rule of 'get_port' is no text" },
		{ "get_port: [\"@\"]", "is no text" },
		{ "nonsense", "p.yaml:1: there is no rule; write name: \"rule\"" },
		{ " get_port: \"@\"", "is indented" },
		{ "get_port: \"@\"\nget_port: \"!\"",
			"p.yaml:2: rule 'get_port' is there twice, first in line 1" },
		{ "{\"get_port\": 1}", "p.yaml: rule 'get_port' is no text" },
		{ "{\"get_port\":\n x", "p.yaml:2:" },
		{ "create_network:status: \"@\"", "there is no rule 'create_network:status'" },
		{ "get_user: \"@\"", "there is no rule 'get_user'" },
		{ "get_port: \"\xff\"", "UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(policy) policy = parse(cases[i].text, &error);

		assert_null(policy);
		if (!strstr(error->message, cases[i].says))
			fail_msg("%s\n  says: %s\n  not:  %s", cases[i].text, error->message,
				cases[i].says);
	}
}

static void deep_and_long(void **state)
{
	g_autofree char *brackets = g_strnfill(60, '('), *words = g_strnfill(5000, 'x');
	g_autofree char *deep = g_strdup_printf("get_port: \"%s@\"", brackets);
	g_autofree char *lengthy = g_strdup_printf("get_port: \"role:%s\"", words);
	const char *texts[] = { deep, lengthy };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(parse(texts[i], &error));
		assert_non_null(strstr(error->message, i ? "more than 4096" : "more than 32 deep"));
	}
}

/* What is printed is a policy file, with all rules, each with a sentence; and it changes nothing.
 */
static void printed_file_is_the_default(void **state)
{
	g_autofree char *text = policy_file_print();
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GError) error = NULL;
	g_autoptr(policy) policy = parse(text, &error);

	(void)state;
	if (!policy)
		fail_msg("%s", error->message);
	assert_non_null(strstr(text, "\"create_network:shared\": \"rule:admin_only\""));
	assert_non_null(
		strstr(text, "\"create_port:mac_address\": \"rule:admin_or_network_owner\""));
	assert_non_null(strstr(text, "\"update_rbac_policy:target_tenant\""));
	for (unsigned i = 0; lines[i]; i++)
		if (lines[i][0] == '"')
			assert_true(i && g_str_has_prefix(lines[i - 1], "# ") &&
				    g_str_has_suffix(lines[i - 1], "."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_a_line),
		cmocka_unit_test(refusals_explain),
		cmocka_unit_test(deep_and_long),
		cmocka_unit_test(printed_file_is_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
