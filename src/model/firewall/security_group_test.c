/* SPDX-License-Identifier: Apache-2.0 */
/* Security groups, their rules and templates, and ports that have groups. */
#include "model/firewall/default_security_group_rule.h"
#include "model/access/quota.h"
#include "model/access/rbac.h"
#include "model/firewall/security_group.h"
#include "model/firewall/security_group_rule.h"
#include "model/testing.h"

static const struct caller member = { CALLER_MEMBER, "p1" };
static const struct caller other = { CALLER_MEMBER, "p2" };

static int setup(void **state)
{
	struct model *model = model_new();
	struct txn *txn = txn_new(model, &test_admin);

	assert_true(default_rules_seed(txn, NULL));
	changeset_free(test_apply(txn));
	*state = model;
	return 0;
}

static int teardown(void **state)
{
	model_free(*state);
	return 0;
}

static const struct object *make(
	struct model *model, const struct caller *caller, enum kind_id kind, json_t *body)
{
	GError *error = NULL;
	const struct object *made = test_create_as(model, caller, kind, body, &error);

	if (!made)
		fail_msg("%s", error->message);
	return made;
}

static const struct object *default_group(struct model *model, const char *project)
{
	return model_first(model, KIND_SECURITY_GROUP, SECURITY_GROUP_DEFAULT, project, NULL);
}

static unsigned count_rules(struct model *model, const struct object *group)
{
	return model_count(model, KIND_SECURITY_GROUP_RULE, SECURITY_GROUP_RULE_BY_GROUP,
		test_id(group), NULL);
}

static unsigned count_ports(struct model *model, const struct object *group)
{
	return model_count(model, KIND_PORT, PORT_BY_SECURITY_GROUP, test_id(group), NULL);
}

static const struct object *group_named(struct model *model, const char *name)
{
	return make(model, &member, KIND_SECURITY_GROUP, test_json("{'name':'%s'}", name));
}

static const struct object *network_of(struct model *model, const struct caller *caller)
{
	return make(model, caller, KIND_NETWORK, test_json("{'name':'n'}"));
}

/* B33: the first network, port or group of a project makes its default group, once. */
static void default_group_on_demand(void **state)
{
	struct model *model = *state;
	const struct object *network, *group, *port;

	assert_null(default_group(model, "p1"));
	network = network_of(model, &member);
	group = default_group(model, "p1");
	assert_non_null(group);
	assert_int_equal(count_rules(model, group), 4);
	assert_string_equal(object_str(group, SLOT_DESCRIPTION), "Default security group");
	port = make(model, &member, KIND_PORT, test_json("{'network_id':'%s'}", test_id(network)));
	assert_int_equal(model_count_all(model, KIND_SECURITY_GROUP), 1);
	assert_int_equal(count_ports(model, group), 1);
	assert_non_null(strstr(object_str(port, PORT_SECURITY_GROUPS), test_id(group)));

	group = make(model, &other, KIND_SECURITY_GROUP, test_json("{'name':'web'}"));
	assert_int_equal(count_rules(model, group), 2);
	assert_int_equal(count_rules(model, default_group(model, "p2")), 4);
	/* An administrator's port for another project has that project's group. */
	port = make(model, &test_admin, KIND_PORT,
		test_json("{'network_id':'%s','project_id':'p3'}", test_id(network)));
	assert_int_equal(count_ports(model, default_group(model, "p3")), 1);
}

static void default_group_stays(void **state)
{
	struct model *model = *state;
	const struct object *group;
	GError *error = NULL;
	struct txn *txn;

	network_of(model, &member);
	group = default_group(model, "p1");
	assert_null(test_update(model, group, test_json("{'name':'x'}"), &error));
	assert_error(error, DEFAULT_GROUP_RENAMED);
	group = test_update(model, group, test_json("{'description':'mine'}"), &error);
	assert_string_equal(object_str(group, SLOT_DESCRIPTION), "mine");
	assert_null(test_create_as(
		model, &member, KIND_SECURITY_GROUP, test_json("{'name':'Default'}"), &error));
	assert_error(error, DEFAULT_GROUP_EXISTS);
	txn = txn_new(model, &member);
	assert_false(txn_delete(txn, KIND_SECURITY_GROUP, test_id(group), &error));
	txn_free(txn);
	assert_error(error, DEFAULT_GROUP_REMOVED);
	assert_true(test_delete(model, group, &error));
	assert_int_equal(model_count_all(model, KIND_SECURITY_GROUP_RULE), 0);
}

static bool try_rule(
	struct model *model, const struct object *group, const char *more, GError **error)
{
	return test_create_as(model, &member, KIND_SECURITY_GROUP_RULE,
		test_json(
			"{'security_group_id':'%s','direction':'ingress'%s}", test_id(group), more),
		error);
}

static void add_rule(struct model *model, const struct object *group, const char *more)
{
	GError *error = NULL;

	if (!try_rule(model, group, more, &error))
		fail_msg("%s: %s", more, error->message);
}

static void rules_are_canonical(void **state)
{
	struct model *model = *state;
	const struct object *group = group_named(model, "web"), *rule;
	GError *error = NULL;

	rule = make(model, &member, KIND_SECURITY_GROUP_RULE,
		test_json("{'security_group_id':'%s','direction':'egress','ethertype':'ipv6',"
			  "'protocol':'ICMP','remote_ip_prefix':'fd00::1'}",
			test_id(group)));
	assert_string_equal(object_str(rule, MATCH_ETHERTYPE), "IPv6");
	assert_string_equal(object_str(rule, MATCH_PROTOCOL), "ipv6-icmp");
	assert_int_equal(match_protocol_number(rule), 58);
	assert_string_equal(object_str(rule, MATCH_IP_PREFIX), "fd00::1/128");
	rule = make(model, &member, KIND_SECURITY_GROUP_RULE,
		test_json(
			"{'security_group_id':'%s','direction':'ingress','protocol':6,"
			"'port_range_min':1,'port_range_max':'65535','remote_ip_prefix':'10.1.2.3/8'}",
			test_id(group)));
	assert_string_equal(object_str(rule, MATCH_PROTOCOL), "6");
	assert_true(object_is_null(rule, MATCH_PORT_MIN));
	assert_string_equal(object_str(rule, MATCH_IP_PREFIX), "10.1.2.3/8");
	assert_false(try_rule(/* the same in other words */
		model, group, ",'protocol':'tcp','remote_ip_prefix':'10.1.2.3/8'", &error));
	assert_non_null(strstr(error->message, test_id(rule)));
	assert_error(error, RULE_EXISTS);
	add_rule(model, group, ",'protocol':'udp','port_range_min':53,'port_range_max':53");
	add_rule(model, group, ",'protocol':'icmp','port_range_min':8,'port_range_max':0");
	add_rule(model, group, ",'protocol':'icmp','port_range_min':0");
	add_rule(model, group, ",'protocol':null");
	rule = make(model, &member, KIND_SECURITY_GROUP_RULE,
		test_json("{'security_group_id':'%s','direction':'ingress','protocol':'ip'}",
			test_id(group)));
	assert_int_equal(match_protocol_number(rule), -1);
	assert_false(try_rule(model, group, ",'remote_ip_prefix':'0.0.0.0/0'", &error));
	assert_error(error, RULE_EXISTS);
}

static void bad_rules(void **state)
{
	static const struct {
		const char *more;
		enum weft_error code;
	} bad[] = {
		{ ",'protocol':'nonsense'", WEFT_ERROR_RULE_PROTOCOL },
		{ ",'protocol':256", WEFT_ERROR_RULE_PROTOCOL },
		{ ",'protocol':-1", WEFT_ERROR_RULE_PROTOCOL },
		{ ",'protocol':[]", WEFT_ERROR_RULE_PROTOCOL },
		{ ",'port_range_min':1", WEFT_ERROR_RULE_NO_PROTOCOL },
		{ ",'protocol':'tcp','port_range_min':5", WEFT_ERROR_RULE_PORT_RANGE },
		{ ",'protocol':'tcp','port_range_max':5", WEFT_ERROR_RULE_PORT_RANGE },
		{ ",'protocol':'tcp','port_range_min':9,'port_range_max':5",
			WEFT_ERROR_RULE_PORT_RANGE },
		{ ",'protocol':'sctp','port_range_min':0,'port_range_max':5",
			WEFT_ERROR_RULE_PORT_VALUE },
		{ ",'protocol':'tcp','port_range_min':65536,'port_range_max':65537",
			WEFT_ERROR_RULE_PORT_VALUE },
		{ ",'protocol':'tcp','port_range_min':'x','port_range_max':5",
			WEFT_ERROR_RULE_PORT_VALUE },
		{ ",'protocol':'gre','port_range_min':1,'port_range_max':5",
			WEFT_ERROR_RULE_PORT_PROTOCOL },
		{ ",'protocol':'icmp','port_range_min':256", WEFT_ERROR_RULE_ICMP_VALUE },
		{ ",'protocol':1,'port_range_min':1,'port_range_max':300",
			WEFT_ERROR_RULE_ICMP_VALUE },
		{ ",'protocol':'icmp','port_range_max':0", WEFT_ERROR_RULE_ICMP_TYPE },
		{ ",'protocol':'ipv6-icmp'", WEFT_ERROR_RULE_ETHERTYPE },
		{ ",'protocol':58", WEFT_ERROR_RULE_ETHERTYPE },
		{ ",'remote_ip_prefix':'fd00::/64'", WEFT_ERROR_RULE_PREFIX_FAMILY },
		{ ",'ethertype':'IPv6','remote_ip_prefix':'10.0.0.0/8'",
			WEFT_ERROR_RULE_PREFIX_FAMILY },
		{ ",'remote_ip_prefix':'10.0.0.0/33'", WEFT_ERROR_INVALID_CIDR },
		{ ",'remote_ip_prefix':7", WEFT_ERROR_INVALID_CIDR },
		{ ",'ethertype':'ARP'", WEFT_ERROR_RULE_ETHERTYPE_UNKNOWN },
		{ ",'remote_group_id':'11111111-1111-1111-1111-111111111111'",
			WEFT_ERROR_GROUP_NOT_FOUND },
		{ ",'remote_address_group_id':'11111111-1111-1111-1111-111111111111'",
			WEFT_ERROR_ADDRESS_GROUP_NOT_FOUND },
	};
	struct model *model = *state;
	const struct object *group = group_named(model, "web");
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (try_rule(model, group, bad[i].more, &error))
			fail_msg("%s was taken", bad[i].more);
		if (error->code != (int)bad[i].code)
			fail_msg("%s: %s: %s", bad[i].more, weft_error_type(error), error->message);
		g_clear_error(&error);
	}
	assert_int_equal(count_rules(model, group), 2);
}

/* Rules are part of their group: its owner sees and changes them, nobody else. */
static void rules_of_others(void **state)
{
	struct model *model = *state;
	const struct object *group = group_named(model, "web");
	const struct object *address_group =
		make(model, &other, KIND_ADDRESS_GROUP, test_json("{'name':'theirs'}"));
	GError *error = NULL;
	g_autofree char *more = NULL;

	assert_null(test_create_as(model, &other, KIND_SECURITY_GROUP_RULE,
		test_json("{'security_group_id':'%s','direction':'ingress'}", test_id(group)),
		&error));
	assert_error(error, GROUP_NOT_FOUND);
	more = g_strdup_printf(",'remote_group_id':'%s'",
		test_id(default_group(model, "p2")
				?: make(model, &other, KIND_SECURITY_GROUP,
					   test_json("{'name':'x'}"))));
	assert_false(try_rule(model, group, more, &error));
	assert_error(error, GROUP_NOT_FOUND);
	g_free(more);
	more = g_strdup_printf(",'remote_address_group_id':'%s'", test_id(address_group));
	assert_false(try_rule(model, group, more, &error));
	assert_error(error, ADDRESS_GROUP_NOT_FOUND);
}

/* A rule goes with its group and with the group that it refers to; an address group stays while a
 * rule refers to it. */
static void references(void **state)
{
	struct model *model = *state;
	const struct object *a = group_named(model, "a"), *b = group_named(model, "b");
	const struct object *addresses =
		make(model, &member, KIND_ADDRESS_GROUP, test_json("{'addresses':['10.0.0.0/8']}"));
	GError *error = NULL;
	g_autofree char *by_group = g_strdup_printf(",'remote_group_id':'%s'", test_id(b));
	g_autofree char *by_addresses =
		g_strdup_printf(",'remote_address_group_id':'%s'", test_id(addresses));
	g_autofree char *both = g_strconcat(by_group, by_addresses, NULL);

	add_rule(model, a, by_group);
	add_rule(model, a, by_addresses);
	assert_false(try_rule(model, a, both, &error));
	assert_error(error, RULE_REMOTES);
	assert_false(test_delete(model, addresses, &error));
	assert_error(error, ADDRESS_GROUP_IN_USE);
	assert_int_equal(count_rules(model, a), 4);
	assert_true(test_delete(model, b, &error));
	assert_int_equal(count_rules(model, a), 3);
	assert_true(test_delete(model, a, &error));
	assert_true(test_delete(model, addresses, &error));
}

static const struct object *try_port(struct model *model, const struct caller *caller,
	const struct object *network, const char *more, GError **error)
{
	return test_create_as(model, caller, KIND_PORT,
		test_json("{'network_id':'%s'%s}", test_id(network), more), error);
}

static void groups_of_ports(void **state)
{
	struct model *model = *state;
	const struct object *network = network_of(model, &member);
	const struct object *a = group_named(model, "a"), *b = group_named(model, "b"), *port,
			    *same;
	g_autofree char *two =
		g_strdup_printf(",'security_groups':['%s','%s']", test_id(a), test_id(b));
	g_autofree char *reversed =
		g_strdup_printf(",'security_groups':['%s','%s']", test_id(b), test_id(a));
	g_autofree char *twice =
		g_strdup_printf(",'security_groups':['%s','%s']", test_id(b), test_id(b));
	GError *error = NULL;

	port = try_port(model, &member, network, two, &error);
	same = try_port(model, &member, network, reversed, &error);
	/* B5: one text for all ports of the same groups. */
	assert_ptr_equal(
		object_str(port, PORT_SECURITY_GROUPS), object_str(same, PORT_SECURITY_GROUPS));
	assert_int_equal(count_ports(model, a), 2);
	assert_null(try_port(model, &member, network, twice, &error));
	assert_error(error, INVALID_INPUT);
	assert_false(test_delete(model, a, &error));
	assert_error(error, GROUP_IN_USE);
	assert_null(test_update(model, a, test_json("{'stateful':false}"), &error));
	assert_error(error, GROUP_IN_USE);
	test_update(model, port, test_json("{'security_groups':['%s']}", test_id(b)), &error);
	same = test_update(model, same, test_json("{'security_groups':null}"), &error);
	assert_int_equal(count_ports(model, a), 0);
	assert_int_equal(count_ports(model, b), 1);
	assert_true(test_delete(model, a, &error));

	a = make(model, &member, KIND_SECURITY_GROUP, test_json("{'stateful':false}"));
	assert_null(test_update(model, same,
		test_json("{'security_groups':['%s','%s']}", test_id(a), test_id(b)), &error));
	assert_error(error, GROUP_CONFLICT);
}

static void groups_of_other_projects(void **state)
{
	struct model *model = *state;
	const struct object *network = network_of(model, &member);
	const struct object *theirs =
		make(model, &other, KIND_SECURITY_GROUP, test_json("{'name':'theirs'}"));
	g_autofree char *more = g_strdup_printf(",'security_groups':['%s']", test_id(theirs));
	GError *error = NULL;

	assert_null(try_port(model, &member, network, more, &error));
	assert_error(error, GROUP_NOT_FOUND);
	assert_non_null(try_port(model, &test_admin, network, more, &error));
	assert_null(try_port(model, &member, network,
		",'security_groups':['11111111-1111-1111-1111-111111111111']", &error));
	assert_error(error, GROUP_NOT_FOUND);
}

static const struct object *share(
	struct model *model, const char *type, const struct object *object, const char *target)
{
	return make(model, &member, KIND_RBAC_POLICY,
		test_json("{'object_type':'%s','object_id':'%s','action':'access_as_shared',"
			  "'target_tenant':'%s'}",
			type, test_id(object), target));
}

/* A group that is shared may be used and seen with its rules, but not be changed; it can't be taken
 * back while it is used. */
static void shared_groups(void **state)
{
	struct model *model = *state;
	const struct object *group = group_named(model, "web"), *port, *policy;
	const struct object *network = network_of(model, &other);
	const struct object *addresses =
		make(model, &member, KIND_ADDRESS_GROUP, test_json("{'addresses':['10.0.0.0/8']}"));
	g_autofree char *more = g_strdup_printf(",'security_groups':['%s']", test_id(group));
	const struct object *rule = model_first(model, KIND_SECURITY_GROUP_RULE,
		SECURITY_GROUP_RULE_BY_GROUP, test_id(group), NULL);
	GError *error = NULL;

	assert_false(model_visible(model, rule, &other));
	policy = share(model, "security_group", group, "p2");
	assert_true(model_visible(model, rule, &other));
	assert_false(model_changeable(model, rule, &other));
	port = try_port(model, &other, network, more, &error);
	assert_non_null(port);
	assert_null(test_create_as(model, &other, KIND_SECURITY_GROUP_RULE,
		test_json("{'security_group_id':'%s','direction':'ingress'}", test_id(group)),
		&error));
	assert_error(error, FORBIDDEN);
	assert_false(test_delete(model, policy, &error));
	assert_error(error, RBAC_IN_USE);
	assert_true(test_delete(model, port, &error));
	assert_true(test_delete(model, policy, &error));

	share(model, "address_group", addresses, "p2");
	make(model, &other, KIND_SECURITY_GROUP_RULE,
		test_json("{'security_group_id':'%s','direction':'ingress',"
			  "'remote_address_group_id':'%s'}",
			test_id(default_group(model, "p2")), test_id(addresses)));
}

/* What a group begins with counts against the quota of rules. */
static void quotas(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	group_named(model, "web"); /* 4 + 2 rules */
	quota_set_default(model, KIND_SECURITY_GROUP_RULE, 7);
	assert_null(test_create_as(
		model, &member, KIND_SECURITY_GROUP, test_json("{'name':'x'}"), &error));
	assert_error(error, OVER_QUOTA);
	quota_set_default(model, KIND_SECURITY_GROUP_RULE, 8);
	group_named(model, "x");
	quota_set_default(model, KIND_SECURITY_GROUP, 3);
	assert_null(test_create_as(
		model, &member, KIND_SECURITY_GROUP, test_json("{'name':'y'}"), &error));
	assert_error(error, OVER_QUOTA);
}

static void port_security(void **state)
{
	struct model *model = *state;
	const struct object *network = network_of(model, &member), *port;
	g_autofree char *more =
		g_strdup_printf(",'port_security_enabled':false,'security_groups':['%s']",
			test_id(default_group(model, "p1")));
	GError *error = NULL;

	assert_null(try_port(model, &member, network, more, &error));
	assert_error(error, PORT_SECURITY_REQUIRED);
	port = try_port(model, &member, network, ",'port_security_enabled':false", &error);
	assert_string_equal(object_str(port, PORT_SECURITY_GROUPS), "[]");
	assert_null(test_update(model, port,
		test_json("{'security_groups':['%s']}", test_id(default_group(model, "p1"))),
		&error));
	assert_error(error, PORT_SECURITY_REQUIRED);
	port = try_port(model, &member, network, "", &error);
	assert_null(test_update(model, port, test_json("{'port_security_enabled':false}"), &error));
	assert_error(error, PORT_HAS_GROUP);
	port = test_update(model, port,
		test_json("{'port_security_enabled':false,'security_groups':[]}"), &error);
	assert_non_null(port);
	/* The network's own ports have none. */
	port = try_port(model, &test_admin, network,
		",'project_id':'p1','device_owner':'network:dhcp'", &error);
	assert_string_equal(object_str(port, PORT_SECURITY_GROUPS), "[]");
}

static void templates(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *group, *template, *first;
	struct model_iter iter;

	assert_null(test_create_as(model, &member, KIND_DEFAULT_SECURITY_GROUP_RULE,
		test_json("{'direction':'ingress'}"), &error));
	assert_error(error, FORBIDDEN);
	template = test_create(model, KIND_DEFAULT_SECURITY_GROUP_RULE,
		test_json("{'direction':'ingress','protocol':'tcp','port_range_min':22,"
			  "'port_range_max':22,'remote_group_id':'PARENT','description':'ssh'}"));
	assert_null(test_create_as(model, &test_admin, KIND_DEFAULT_SECURITY_GROUP_RULE,
		test_json(
			"{'direction':'ingress','protocol':6,'port_range_min':22,"
			"'port_range_max':22,'remote_group_id':'PARENT','used_in_default_sg':true}"),
		&error));
	assert_error(error, DEFAULT_RULE_EXISTS);
	group = group_named(model, "web");
	assert_int_equal(count_rules(model, group), 3);
	assert_int_equal(count_rules(model, default_group(model, "p1")), 4);
	first = model_first(model, KIND_SECURITY_GROUP_RULE, SECURITY_GROUP_RULE_BY_REMOTE_GROUP,
		test_id(group), NULL);
	assert_string_equal(object_str(first, SLOT_DESCRIPTION), "ssh");
	assert_true(test_delete(model, template, &error));

	template = test_create(model, KIND_DEFAULT_SECURITY_GROUP_RULE,
		test_json("{'direction':'ingress','remote_group_id':'%s'}", test_id(group)));
	assert_false(test_delete(model, group, &error));
	assert_error(error, GROUP_IN_USE);
	assert_true(test_delete(model, template, &error));
	/* Without templates a group begins empty; they don't come back by themselves. */
	for (;;) {
		model_iter_all(&iter, model, KIND_DEFAULT_SECURITY_GROUP_RULE, NULL);
		template = model_iter_next(&iter);
		if (!template)
			break;
		assert_true(test_delete(model, template, &error));
	}
	assert_int_equal(count_rules(model, group_named(model, "bare")), 0);
	struct txn *txn = txn_new(model, &test_admin);

	assert_true(default_rules_seed(txn, &error));
	assert_true(txn_is_empty(txn));
	txn_free(txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(default_group_on_demand, setup, teardown),
		cmocka_unit_test_setup_teardown(default_group_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_are_canonical, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(references, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_of_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_of_other_projects, setup, teardown),
		cmocka_unit_test_setup_teardown(shared_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(quotas, setup, teardown),
		cmocka_unit_test_setup_teardown(port_security, setup, teardown),
		cmocka_unit_test_setup_teardown(templates, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
