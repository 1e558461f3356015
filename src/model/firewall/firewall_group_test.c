/* SPDX-License-Identifier: Apache-2.0 */
/* Firewall groups, their policies and rules: what is refused, what goes with what, the order of
 * rules, and the default group. */
#include "model/firewall/firewall_group.h"

#include "model/firewall/firewall_policy.h"
#include "model/firewall/firewall_rule.h"
#include "model/port/service_port.h"
#include "model/provider/service_provider.h"
#include "model/testing_l3.h"

static const struct caller member = { CALLER_MEMBER, "p" };

static const struct object *make(struct l3 *f, enum kind_id kind, json_t *body)
{
	GError *error = NULL;
	const struct object *made = test_create_as(f->model, &member, kind, body, &error);

	if (!made)
		fail_msg("%s", error->message);
	return made;
}

static void refuse(struct l3 *f, enum kind_id kind, enum weft_error expected, json_t *body)
{
	g_autoptr(GError) error = NULL;

	assert_null(test_create_as(f->model, &member, kind, body, &error));
	assert_int_equal(error->code, expected);
}

#define RULE(...) make(f, KIND_FIREWALL_RULE, test_json("{" __VA_ARGS__ "}"))
#define REFUSE_RULE(code, ...)                                         \
	refuse(f, KIND_FIREWALL_RULE, WEFT_ERROR_FIREWALL_RULE_##code, \
		test_json("{" __VA_ARGS__ "}"))

static void test_rules(void **state)
{
	struct l3 *f = *state;
	const struct object *rule;
	u16 first, last;

	REFUSE_RULE(PROTOCOL, "'protocol':'sctpx'");
	REFUSE_RULE(PROTOCOL, "'protocol':256");
	REFUSE_RULE(PROTOCOL, "'ip_version':6,'protocol':44");
	REFUSE_RULE(NO_PROTOCOL, "'destination_port':'80'");
	REFUSE_RULE(ICMP, "'protocol':'icmp','source_port':'80'");
	REFUSE_RULE(PORT, "'protocol':'gre','protocol':47,'source_port':'80'");
	REFUSE_RULE(PORT, "'protocol':'tcp','source_port':'90:80'");
	REFUSE_RULE(PORT, "'protocol':'tcp','source_port':'0'");
	REFUSE_RULE(PORT, "'protocol':'tcp','source_port':'1:2:3'");
	REFUSE_RULE(PORT, "'protocol':'tcp','destination_port':65536");
	REFUSE_RULE(FAMILY, "'source_ip_address':'fd00::/64'");
	REFUSE_RULE(FAMILY, "'ip_version':6,'destination_ip_address':'10.0.0.1'");
	refuse(f, KIND_FIREWALL_RULE, WEFT_ERROR_INVALID_INPUT, test_json("{'ip_version':5}"));
	rule = RULE(
		"'protocol':'TCP','source_port':'1024:65535','destination_port':80,'action':'ALLOW'");
	assert_int_equal(firewall_rule_protocol(rule), 6);
	assert_int_equal(object_choice(rule, FIREWALL_RULE_ACTION), FIREWALL_RULE_ALLOW);
	assert_true(firewall_rule_ports(rule, FIREWALL_RULE_SOURCE_PORT, &first, &last));
	assert_true(first == 1024 && last == 65535);
	assert_true(firewall_rule_ports(rule, FIREWALL_RULE_DESTINATION_PORT, &first, &last));
	assert_true(first == 80 && last == 80);
	rule = RULE("'protocol':'any'");
	assert_int_equal(firewall_rule_protocol(rule), -1);
	assert_false(firewall_rule_ports(rule, FIREWALL_RULE_SOURCE_PORT, &first, &last));
	assert_int_equal(object_choice(rule, FIREWALL_RULE_ACTION), FIREWALL_RULE_DENY);
	assert_int_equal(firewall_rule_protocol(RULE("'protocol':0")), -1);
	assert_int_equal(firewall_rule_protocol(RULE("'protocol':'SCTP','source_port':5")), 132);
	assert_int_equal(firewall_rule_protocol(RULE("'protocol':'ipv6-icmp','ip_version':6")), 58);
	rule = RULE("'action':'Reject'");
	assert_int_equal(object_choice(rule, FIREWALL_RULE_ACTION), FIREWALL_RULE_REJECT);
	refuse(f, KIND_FIREWALL_RULE, WEFT_ERROR_INVALID_INPUT, test_json("{'action':'drop'}"));
	assert_int_equal(firewall_rule_protocol(RULE("'protocol':'icmp'")), 1);
	assert_int_equal(firewall_rule_protocol(RULE("'protocol':'icmp','ip_version':6")), 58);
}

static void expect_rules(struct l3 *f, const struct object *policy, const char *names)
{
	const struct object *now = model_get(f->model, KIND_FIREWALL_POLICY, object_id(policy));
	json_t *rules = object_json(now, FIREWALL_POLICY_RULES), *id;
	g_autoptr(GString) all = g_string_new(NULL);
	size_t i;

	json_array_foreach(rules, i, id)
		g_string_append(all, object_str(model_get_text(f->model, KIND_FIREWALL_RULE,
							json_string_value(id)),
					     SLOT_NAME));
	json_decref(rules);
	assert_string_equal(all->str, names);
	assert_false(object_bool(now, FIREWALL_POLICY_AUDITED));
}

static void act(
	struct l3 *f, const struct object *policy, const char *verb, int expected, json_t *body)
{
	const struct object *now = model_get(f->model, KIND_FIREWALL_POLICY, object_id(policy));
	g_autoptr(GError) error = NULL;

	l3_act(f, now, verb, body, &error);
	assert_int_equal(error ? error->code : 0, expected);
}

static void test_policies(void **state)
{
	struct l3 *f = *state;
	char a[UUID_STRLEN], b[UUID_STRLEN], c[UUID_STRLEN];
	const struct object *policy;

	uuid_format(object_id(RULE("'name':'a'")), a);
	uuid_format(object_id(RULE("'name':'b'")), b);
	uuid_format(object_id(RULE("'name':'c'")), c);
	policy = make(
		f, KIND_FIREWALL_POLICY, test_json("{'firewall_rules':['%s'],'audited':true}", a));
	assert_true(object_bool(policy, FIREWALL_POLICY_AUDITED));
	act(f, policy, "insert_rule", 0, test_json("{'firewall_rule_id':'%s'}", b));
	expect_rules(f, policy, "ba");
	act(f, policy, "insert_rule", WEFT_ERROR_FIREWALL_RULE_ASSOCIATED,
		test_json("{'firewall_rule_id':'%s'}", b));
	act(f, policy, "insert_rule", 0,
		test_json(
			"{'firewall_rule_id':'%s','insert_after':'%s','insert_before':''}", c, b));
	expect_rules(f, policy, "bca");
	act(f, policy, "remove_rule", 0, test_json("{'firewall_rule_id':'%s'}", c));
	act(f, policy, "remove_rule", WEFT_ERROR_FIREWALL_RULE_NOT_ASSOCIATED,
		test_json("{'firewall_rule_id':'%s'}", c));
	act(f, policy, "insert_rule", WEFT_ERROR_FIREWALL_RULE_NOT_ASSOCIATED,
		test_json("{'firewall_rule_id':'%s','insert_before':'%s'}", c, c));
	act(f, policy, "insert_rule", 0,
		test_json("{'firewall_rule_id':'%s','insert_before':'%s'}", c, a));
	expect_rules(f, policy, "bca");
	act(f, policy, "insert_rule", WEFT_ERROR_FIREWALL_RULE_INFO, test_json("{}"));
	act(f, policy, "insert_rule", WEFT_ERROR_BAD_REQUEST, test_json("{'rule':1}"));
	refuse(f, KIND_FIREWALL_POLICY, WEFT_ERROR_FIREWALL_RULE_NOT_FOUND,
		test_json("{'firewall_rules':['00000000-0000-4000-8000-000000000000']}"));
}

static const struct object *interface_of(struct l3 *f, const struct object *subnet)
{
	return model_first(f->model, KIND_PORT, PORT_BY_ROUTER_SUBNET, test_id(subnet), NULL);
}

static void expect_group(struct l3 *f, const struct object *group, const char *ports)
{
	const struct object *now = model_get(f->model, KIND_FIREWALL_GROUP, object_id(group));

	assert_string_equal(object_str(now, FIREWALL_GROUP_PORTS), ports);
}

static void test_groups(void **state)
{
	struct l3 *f = *state;
	const struct object *router = l3_router(f, "'project_id':'p'");
	const struct object *others = l3_router(f, "'project_id':'q'");
	const struct object *subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'"), *group;
	const struct object *far = l3_subnet(f, f->inside, "'cidr':'10.0.1.0/24'");
	const struct object *plain = l3_port(f, f->inside, "'project_id':'p'");
	char port[UUID_STRLEN], other[UUID_STRLEN];
	g_autoptr(GError) error = NULL;
	g_autofree char *list = NULL;

	l3_connect(f, router, subnet);
	l3_connect(f, others, far);
	uuid_format(object_id(interface_of(f, subnet)), port);
	uuid_format(object_id(interface_of(f, far)), other);
	refuse(f, KIND_FIREWALL_GROUP, WEFT_ERROR_FIREWALL_DEFAULT_EXISTS,
		test_json("{'name':'Default'}"));
	refuse(f, KIND_FIREWALL_GROUP, WEFT_ERROR_FIREWALL_GROUP_PORT,
		test_json("{'ports':['%s']}", test_id(plain)));
	refuse(f, KIND_FIREWALL_GROUP, WEFT_ERROR_PORT_NOT_FOUND,
		test_json("{'ports':['%s']}", other));
	refuse(f, KIND_FIREWALL_GROUP, WEFT_ERROR_FIREWALL_POLICY_NOT_FOUND,
		test_json("{'egress_firewall_policy_id':'%s'}", port));
	group = make(f, KIND_FIREWALL_GROUP, test_json("{'ports':['%s']}", port));
	refuse(f, KIND_FIREWALL_GROUP, WEFT_ERROR_FIREWALL_GROUP_PORT_IN_USE,
		test_json("{'ports':['%s']}", port));
	list = g_strdup_printf("[\"%s\"]", port);
	expect_group(f, group, list);
	assert_true(l3_act(
		f, router, "remove_router_interface", test_json("{'port_id':'%s'}", port), &error));
	expect_group(f, group, "[]");
}

/* A rule may be about a group that its project sees, which stays while it is; a log about a group,
 * or a port of it, goes with it. */
static void test_what_names_groups(void **state)
{
	struct l3 *f = *state;
	const struct object *group = make(f, KIND_FIREWALL_GROUP, test_json("{'name':'zone'}"));
	const struct object *others = test_create(
		f->model, KIND_FIREWALL_GROUP, test_json("{'name':'theirs','project_id':'q'}"));
	const struct object *rule, *plain = l3_port(f, f->inside, "'project_id':'p'");
	g_autoptr(GError) error = NULL;

	refuse(f, KIND_FIREWALL_RULE, WEFT_ERROR_FIREWALL_GROUP_NOT_FOUND,
		test_json("{'source_firewall_group_id':'%s'}", test_id(others)));
	rule = make(f, KIND_FIREWALL_RULE,
		test_json("{'destination_firewall_group_id':'%s'}", test_id(group)));
	assert_false(test_delete(f->model, group, &error));
	assert_int_equal(error->code, WEFT_ERROR_FIREWALL_GROUP_IN_USE);
	g_clear_error(&error);
	test_create(f->model, KIND_NETWORK_LOG,
		test_json("{'resource_type':'firewall_group','resource_id':'%s'}", test_id(group)));
	assert_null(test_create_as(f->model, &test_admin, KIND_NETWORK_LOG,
		test_json("{'resource_type':'security_group','resource_id':'%s'}", test_id(group)),
		&error));
	assert_int_equal(error->code, WEFT_ERROR_LOG_RESOURCE_NOT_FOUND);
	g_clear_error(&error);
	assert_null(test_create_as(f->model, &test_admin, KIND_NETWORK_LOG,
		test_json("{'resource_type':'firewall_group','target_id':'%s'}", test_id(plain)),
		&error));
	assert_int_equal(error->code, WEFT_ERROR_LOG_TARGET_NOT_FOUND);
	g_clear_error(&error);
	assert_true(test_delete(f->model, rule, &error));
	assert_int_equal(model_count_all(f->model, KIND_NETWORK_LOG), 1);
	assert_true(test_delete(f->model, group, &error));
	assert_int_equal(model_count_all(f->model, KIND_NETWORK_LOG), 0);
}

static void test_default_group(void **state)
{
	struct l3 *f = *state;
	const struct object *group, *policy;
	g_autoptr(GError) error = NULL;
	struct txn *txn;

	make(f, KIND_FIREWALL_GROUP, test_json("{}"));
	group = model_first(f->model, KIND_FIREWALL_GROUP, FIREWALL_GROUP_DEFAULT, "p", NULL);
	assert_non_null(group);
	policy = model_get_text(
		f->model, KIND_FIREWALL_POLICY, object_str(group, FIREWALL_GROUP_INGRESS_POLICY));
	expect_rules(f, policy, "default ingress ipv4default ingress ipv6");
	txn = txn_new(f->model, &member);
	assert_false(txn_delete(txn, KIND_FIREWALL_GROUP, test_id(group), &error));
	assert_int_equal(error->code, WEFT_ERROR_FIREWALL_DEFAULT_REMOVED);
	txn_free(txn);
	g_clear_error(&error);
	json_t *body = test_json("{'admin_state_up':false}");

	txn = txn_new(f->model, &member);
	assert_null(txn_update(txn, KIND_FIREWALL_GROUP, test_id(group), body, &error));
	assert_int_equal(error->code, WEFT_ERROR_FIREWALL_DEFAULT_UPDATED);
	txn_free(txn);
	json_decref(body);
}

static const struct object *routed_by(struct l3 *f, const char *provider, const char *cidr)
{
	g_autofree char *more = g_strdup_printf("'cidr':'%s'", cidr);
	const struct object *router =
		l3_router(f, "'project_id':'p','service_providers':{'router':'%s'}", provider);
	const struct object *subnet;

	subnet = l3_subnet(f, f->inside, more);
	l3_connect(f, router, subnet);
	return interface_of(f, subnet);
}

static const struct object *give_to_plain(struct l3 *f, const char *router, GError **error)
{
	struct txn *txn = txn_new(f->model, &test_admin);
	json_t *body = test_json("{'service_providers':{'router':'plain'}}");
	const struct object *updated = txn_update(txn, KIND_ROUTER, router, body, error);

	json_decref(body);
	txn_free(txn);
	return updated;
}

/* Z2: a group is on ports of routers alone whose provider asks it. */
static void test_providers(void **state)
{
	struct l3 *f = *state;
	const struct object *without, *with;
	g_autoptr(GError) error = NULL;

	service_provider_register(f->model, "plain", false, SERVICE_BIT(SERVICE_ROUTER), NULL);
	service_provider_register(f->model, "walled", false,
		SERVICE_BIT(SERVICE_ROUTER) | SERVICE_BIT(SERVICE_FIREWALL), NULL);
	without = routed_by(f, "plain", "10.1.0.0/24");
	with = routed_by(f, "walled", "10.2.0.0/24");
	assert_null(test_create_as(f->model, &test_admin, KIND_FIREWALL_GROUP,
		test_json("{'project_id':'p','ports':['%s']}", test_id(without)), &error));
	assert_int_equal(error->code, WEFT_ERROR_SERVICE_NOT_PROVIDED);
	assert_non_null(strstr(error->message, "these have it: walled"));
	g_clear_error(&error);
	assert_non_null(test_create_as(f->model, &test_admin, KIND_FIREWALL_GROUP,
		test_json("{'project_id':'p','ports':['%s']}", test_id(with)), &error));
	assert_null(give_to_plain(f, object_str(with, PORT_DEVICE_ID), &error));
	assert_int_equal(error->code, WEFT_ERROR_SERVICE_NOT_PROVIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(test_rules),
		l3_test(test_policies),
		l3_test(test_groups),
		l3_test(test_what_names_groups),
		l3_test(test_default_group),
		l3_test(test_providers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
