/* SPDX-License-Identifier: Apache-2.0 */
#include "model/access/policy.h"
#include "model/query.h"
#include "model/access/rbac.h"
#include "model/testing.h"

static const struct caller alice = { CALLER_MEMBER, "alice" }, bob = { CALLER_MEMBER, "bob" },
			   reader = { CALLER_READER, "alice" }, nobody = { CALLER_NONE, "alice" },
			   auditor = { .role = CALLER_READER, .project_id = "", .system = true };

struct fixture {
	struct model *model;
	const char *own, *shared; /* ids: alice's network, and the administrator's */
};

static int setup(void **state)
{
	static char ids[2][UUID_STRLEN];
	struct fixture *f = g_new0(struct fixture, 1);

	f->model = model_new();
	f->own = strcpy(ids[0], test_id(test_create_as(f->model, &alice, KIND_NETWORK,
					test_json("{'name':'own'}"), NULL)));
	f->shared = strcpy(
		ids[1], test_id(test_create(f->model, KIND_NETWORK, test_json("{'shared':true}"))));
	for (int i = 0; i < 2; i++)
		test_create(f->model, KIND_SUBNET,
			test_json(
				"{'network_id':'%s','cidr':'10.0.0.0/24','ip_version':4}", ids[i]));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	model_free(f->model);
	g_free(f);
	return 0;
}

/* What the rule is that forbids it; NULL: it may. */
static const char *refused(GError **error)
{
	static char rule[128];
	const char *end;

	if (!*error)
		return NULL;
	if ((*error)->code != WEFT_ERROR_FORBIDDEN || !g_str_has_prefix((*error)->message, "rule:"))
		fail_msg("%s", (*error)->message);
	end = strstr((*error)->message, " is disallowed by policy");
	assert_non_null(end);
	g_strlcpy(rule, (*error)->message + 5, (gsize)(end - (*error)->message - 4));
	g_clear_error(error);
	return rule;
}

static const char *creating(
	struct model *model, const struct caller *caller, enum kind_id kind, json_t *body)
{
	struct txn *txn = txn_new(model, caller);
	GError *error = NULL;

	txn_create(txn, kind, body, &error);
	json_decref(body);
	txn_free(txn);
	return refused(&error);
}

static const char *updating(
	struct model *model, const struct caller *caller, const struct object *object, json_t *body)
{
	struct txn *txn = txn_new(model, caller);
	GError *error = NULL;

	txn_update(txn, object_kind(object)->id, test_id(object), body, &error);
	json_decref(body);
	txn_free(txn);
	return refused(&error);
}

static const char *deleting(
	struct model *model, const struct caller *caller, const struct object *object)
{
	struct txn *txn = txn_new(model, caller);
	GError *error = NULL;

	txn_delete(txn, object_kind(object)->id, test_id(object), &error);
	txn_free(txn);
	return refused(&error);
}

static void three_roles(void **state)
{
	struct fixture *f = *state;
	const struct object *own = model_get_text(f->model, KIND_NETWORK, f->own);

	assert_null(creating(f->model, &test_admin, KIND_NETWORK, test_json("{'shared':true}")));
	assert_null(creating(f->model, &alice, KIND_NETWORK, test_json("{'shared':false}")));
	assert_string_equal(creating(f->model, &alice, KIND_NETWORK, test_json("{'shared':true}")),
		"create_network:shared");
	assert_string_equal(
		creating(f->model, &reader, KIND_NETWORK, test_json("{}")), "create_network");
	assert_string_equal(
		creating(f->model, &alice, KIND_NETWORK, test_json("{'project_id':'bob'}")),
		"create_network");
	assert_null(updating(f->model, &alice, own, test_json("{'name':'x','shared':false}")));
	assert_string_equal(updating(f->model, &reader, own, test_json("{}")), "update_network");
	assert_string_equal(deleting(f->model, &reader, own), "delete_network");
	assert_null(deleting(f->model, &alice, own));
	assert_true(model_visible(f->model, own, &reader));
	assert_false(model_visible(f->model, own, &nobody) || model_visible(f->model, own, &bob));
	assert_string_equal(
		creating(f->model, &alice, KIND_HOST, test_json("{'name':'h'}")), "create_host");
}

/* On a network that is another's one takes what one is given. */
static void owner_of_the_network(void **state)
{
	static const struct {
		const char *body, *rule;
	} cases[] = {
		{ "'mac_address':'fa:16:3e:00:00:01'", "create_port:mac_address" },
		{ "'fixed_ips':[{'ip_address':'10.0.0.7'}]", "create_port:fixed_ips:ip_address" },
		{ "'port_security_enabled':false", "create_port:port_security_enabled" },
		{ "'allowed_address_pairs':[{'ip_address':'10.0.0.9'}]",
			"create_port:allowed_address_pairs" },
		{ "'mac_learning_enabled':true", "create_port:mac_learning_enabled" },
		{ "'device_owner':'network:dhcp'", "create_port:device_owner" },
		{ "'device_owner':'compute:nova'", NULL },
		{ "'port_security_enabled':true", NULL },
		{ "'fixed_ips':[]", NULL },
		{ "'name':'x'", NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *rule = creating(f->model, &bob, KIND_PORT,
			test_json("{'network_id':'%s',%s}", f->shared, cases[i].body));

		assert_int_equal(!rule, !cases[i].rule);
		if (rule)
			assert_string_equal(rule, cases[i].rule);
		assert_null(creating(f->model, &alice, KIND_PORT,
			test_json("{'network_id':'%s',%s}", f->own, cases[i].body)));
	}
}

static void chosen_subnets(void **state)
{
	struct fixture *f = *state;
	const struct object *subnet =
		model_first(f->model, KIND_SUBNET, SUBNET_BY_NETWORK, f->shared, NULL);
	const struct object *port = test_create_as(f->model, &bob, KIND_PORT,
		test_json("{'network_id':'%s','fixed_ips':[{'subnet_id':'%s'}]}", f->shared,
			test_id(subnet)),
		NULL);

	assert_non_null(port);
	assert_null(updating(f->model, &bob, port, test_json("{'fixed_ips':[]}")));
	assert_string_equal(updating(f->model, &bob, port,
				    test_json("{'fixed_ips':[{'ip_address':'10.0.0.77'}]}")),
		"update_port:fixed_ips:ip_address");
	assert_string_equal(
		updating(f->model, &bob, port, test_json("{'mac_address':'fa:16:3e:00:00:02'}")),
		"update_port:mac_address");
	assert_string_equal(
		creating(f->model, &bob, KIND_SUBNET,
			test_json("{'network_id':'%s','cidr':'10.1.0.0/24','ip_version':4}",
				f->shared)),
		"create_subnet");
	assert_string_equal(
		updating(f->model, &bob, subnet, test_json("{'name':'x'}")), "update_subnet");
}

/* Who owns the network may see and remove what others have on it, not change it. */
static void guests_of_a_network(void **state)
{
	struct fixture *f = *state;
	const struct object *port;

	test_create(f->model, KIND_RBAC_POLICY,
		test_json(
			"{'object_type':'network','object_id':'%s','action':'access_as_shared','target_tenant':'bob'}",
			f->own));
	port = test_create_as(
		f->model, &bob, KIND_PORT, test_json("{'network_id':'%s'}", f->own), NULL);
	assert_non_null(port);
	assert_true(model_visible(f->model, port, &alice));
	assert_string_equal(
		updating(f->model, &alice, port, test_json("{'name':'x'}")), "update_port");
	assert_string_equal(deleting(f->model, &reader, port), "delete_port");
	assert_null(deleting(f->model, &alice, port));
}

static bool shows(struct fixture *f, const struct caller *caller, const char *name)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	g_autofree char *key = g_strdup_printf("\"%s\":", name);
	bool shown;

	object_write_json(
		model_get_text(f->model, KIND_NETWORK, f->shared), f->model, caller, 0, &w);
	shown = strstr(text->str, key);
	g_string_free(text, TRUE);
	return shown;
}

static void reader_of_the_system(void **state)
{
	struct fixture *f = *state;
	const struct object *own = model_get_text(f->model, KIND_NETWORK, f->own);
	const struct object *host = test_create(
		f->model, KIND_HOST, test_json("{'name':'h','tunnel_ips':['192.0.2.1']}"));

	assert_true(model_visible(f->model, own, &auditor));
	assert_true(model_visible(f->model, host, &auditor));
	assert_false(model_visible(f->model, host, &alice));
	assert_true(shows(f, &auditor, "provider:segmentation_id"));
	assert_false(shows(f, &alice, "provider:segmentation_id"));
	assert_string_equal(updating(f->model, &auditor, own, test_json("{}")), "update_network");
	assert_string_equal(
		creating(f->model, &auditor, KIND_NETWORK, test_json("{}")), "create_network");
	assert_false(caller_is_admin(&auditor));
}

/* A policy that is made of the built-in one and rules; unlinked. */
static struct policy *changed(const char *const *rules)
{
	struct policy *policy = policy_new();
	GError *error = NULL;
	const char *rule;

	for (; *rules; rules += 2)
		if (!policy_set(policy, rules[0], rules[1], &error))
			fail_msg("%s: %s", rules[0], error->message);
	if (!policy_link(policy, &rule, &error))
		fail_msg("%s: %s", rule, error->message);
	return policy;
}

static void other_rules(void **state)
{
	static const char *const rules[] = { "create_network", "role:netops or is_admin:True",
		"update_network:name", "rule:never", "never", "!", "get_network:mtu",
		"project_id:%(project_id)s", "context_is_admin", "role:root", "delete_network",
		"user_id:u1 and not 'x':%(name)s", NULL };
	struct fixture *f = *state;
	const struct object *own = model_get_text(f->model, KIND_NETWORK, f->own);
	g_autoptr(policy) policy = changed(rules);
	struct caller member = { .role = CALLER_MEMBER, .project_id = "alice", .policy = policy };
	struct caller netops = member, root = member, admin = member;

	netops.roles = policy_role(policy, "NetOps");
	root.roles = policy_role(policy, "root");
	admin.role = CALLER_ADMIN;
	assert_true(netops.roles && root.roles && netops.roles != root.roles);
	assert_int_equal(policy_role(policy, "other"), 0);
	assert_string_equal(
		creating(f->model, &member, KIND_NETWORK, test_json("{}")), "create_network");
	assert_null(creating(f->model, &netops, KIND_NETWORK, test_json("{}")));
	assert_null(creating(f->model, &root, KIND_NETWORK, test_json("{'shared':true}")));
	assert_true(caller_is_admin(&root) && !caller_is_admin(&admin));
	assert_string_equal(
		updating(f->model, &root, own, test_json("{'name':'x'}")), "update_network:name");
	assert_null(updating(f->model, &root, own, test_json("{'name':'own','mtu':1300}")));
	assert_true(shows(f, &alice, "mtu") && !shows(f, &member, "mtu"));
	assert_string_equal(deleting(f->model, &member, own), "delete_network");
	member.user_id = "u1";
	assert_null(deleting(f->model, &member, own));
}

/* What is part of an attribute has its own rules, by default or by the policy file. */
static void rules_of_fields(void **state)
{
	static const char *const rules[] = { "create_port:allowed_address_pairs:mac_address", "!",
		"create_router:external_gateway_info:network_id", "!",
		"create_router:external_gateway_info:enable_snat", "@", NULL };
	static const char *const unknown[] = { "create_port:allowed_address_pairs:colour",
		"get_port:fixed_ips:ip_address", "create_network:tenant_id",
		"update_port:network_id", "create_router:external_gateway_info:" };
	struct fixture *f = *state;
	g_autoptr(policy) policy = changed(rules);
	struct caller member = { .role = CALLER_MEMBER, .project_id = "alice", .policy = policy };
	const char *gateway = "{'external_gateway_info':{'network_id':'%s','enable_snat':false}}";
	const char *rule;

	assert_string_equal(creating(f->model, &alice, KIND_ROUTER, test_json(gateway, f->own)),
		"create_router:external_gateway_info:enable_snat");
	assert_string_equal(creating(f->model, &member, KIND_ROUTER, test_json(gateway, f->own)),
		"create_router:external_gateway_info:network_id");
	assert_string_equal(
		creating(f->model, &member, KIND_PORT,
			test_json(
				"{'network_id':'%s','allowed_address_pairs':[{'ip_address':'10.9.9.9'},{'ip_address':'10.9.9.8','mac_address':'fa:16:3e:00:00:09'}]}",
				f->own)),
		"create_port:allowed_address_pairs:mac_address");
	assert_null(creating(f->model, &member, KIND_PORT,
		test_json("{'network_id':'%s','allowed_address_pairs':[{'ip_address':'10.9.9.9'}]}",
			f->own)));
	for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
		g_autoptr(policy) wrong = policy_new();
		GError *error = NULL;

		assert_true(policy_set(wrong, unknown[i], "@", &error));
		assert_false(policy_link(wrong, &rule, &error));
		assert_string_equal(rule, unknown[i]);
		assert_error(error, INVALID_INPUT);
	}
}

/* What one can't read one can't filter by. */
static void filters(void **state)
{
	GError *error = NULL;
	g_autoptr(query) as_member = query_new(&network_kind, &alice);
	g_autoptr(query) as_auditor = query_new(&network_kind, &auditor);

	(void)state;
	assert_false(query_add(as_member, "provider:network_type", "geneve", &error));
	assert_error(error, INVALID_INPUT);
	assert_true(query_add(as_auditor, "provider:network_type", "geneve", &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(three_roles, setup, teardown),
		cmocka_unit_test_setup_teardown(owner_of_the_network, setup, teardown),
		cmocka_unit_test_setup_teardown(chosen_subnets, setup, teardown),
		cmocka_unit_test_setup_teardown(guests_of_a_network, setup, teardown),
		cmocka_unit_test_setup_teardown(reader_of_the_system, setup, teardown),
		cmocka_unit_test_setup_teardown(other_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_of_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(filters, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
