/* SPDX-License-Identifier: Apache-2.0 */
/* QoS policies, their rules, and what has them. */
#include "model/qos/qos_policy.h"
#include "model/qos/qos_rule.h"
#include "model/access/rbac.h"
#include "model/testing_l3.h"

static const struct caller member = { CALLER_MEMBER, "p1" };

static const struct object *policy_of(struct model *model, const char *more)
{
	return test_create(
		model, KIND_QOS_POLICY, test_json("{'name':'gold','project_id':'p1'%s}", more));
}

static const struct object *try_rule(struct model *model, enum kind_id kind,
	const struct object *policy, json_t *body, GError **error)
{
	struct txn *txn = txn_new(model, &test_admin);
	const struct object *rule = txn_create_in(txn, kind, test_id(policy), body, error);

	json_decref(body);
	if (rule)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return rule;
}

static const struct object *add_rule(
	struct model *model, enum kind_id kind, const struct object *policy, json_t *body)
{
	GError *error = NULL;
	const struct object *rule = try_rule(model, kind, policy, body, &error);

	if (!rule)
		fail_msg("%s", error->message);
	return rule;
}

static char *shown(struct model *model, const struct object *object, unsigned slot)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	object_write_json(object, model, &test_admin, SLOT_BIT(slot), &w);
	return g_strdup(text->str);
}

static void rules_of_a_policy(void **state)
{
	g_autoptr(model) model = model_new();
	const struct object *policy = policy_of(model, ""), *limit, *minimum;
	g_autofree char *rules = NULL;
	GError *error = NULL;

	(void)state;
	limit = add_rule(model, KIND_QOS_BANDWIDTH_LIMIT_RULE, policy,
		test_json("{'max_kbps':1000,'max_burst_kbps':'100'}"));
	add_rule(model, KIND_QOS_BANDWIDTH_LIMIT_RULE, policy,
		test_json("{'max_kbps':2000,'direction':'ingress'}"));
	assert_null(try_rule(model, KIND_QOS_BANDWIDTH_LIMIT_RULE, policy,
		test_json("{'max_kbps':3000}"), &error));
	assert_non_null(strstr(error->message, test_id(limit)));
	assert_error(error, QOS_RULES_CONFLICT);
	assert_null(test_update(model, limit, test_json("{'direction':'ingress'}"), &error));
	assert_error(error, QOS_RULES_CONFLICT);
	limit = test_update(model, limit, test_json("{'max_kbps':1500}"), &error);
	assert_int_equal(object_int(limit, QOS_RULE_VALUE), 1500);
	assert_null(try_rule(model, KIND_QOS_MINIMUM_BANDWIDTH_RULE, policy,
		test_json("{'min_kbps':1501}"), &error));
	assert_error(error, QOS_RULE_VALUE);
	minimum = add_rule(
		model, KIND_QOS_MINIMUM_BANDWIDTH_RULE, policy, test_json("{'min_kbps':1500}"));
	assert_null(test_update(model, limit, test_json("{'max_kbps':1499}"), &error));
	assert_error(error, QOS_RULE_VALUE);
	add_rule(model, KIND_QOS_DSCP_MARKING_RULE, policy, test_json("{'dscp_mark':46}"));
	assert_null(try_rule(
		model, KIND_QOS_DSCP_MARKING_RULE, policy, test_json("{'dscp_mark':48}"), &error));
	assert_error(error, QOS_RULES_CONFLICT);
	rules = shown(model, policy, QOS_POLICY_RULES);
	assert_non_null(strstr(rules, "\"min_kbps\":1500,\"type\":\"minimum_bandwidth\"}"));
	assert_non_null(strstr(rules, test_id(minimum)));
	assert_true(test_delete(model, policy, &error));
	assert_int_equal(model_count_all(model, KIND_QOS_BANDWIDTH_LIMIT_RULE), 0);
}

static void bad_rules(void **state)
{
	static const struct {
		enum kind_id kind;
		const char *body;
	} bad[] = {
		{ KIND_QOS_DSCP_MARKING_RULE, "{'dscp_mark':1}" },
		{ KIND_QOS_DSCP_MARKING_RULE, "{'dscp_mark':42}" },
		{ KIND_QOS_DSCP_MARKING_RULE, "{'dscp_mark':58}" },
		{ KIND_QOS_DSCP_MARKING_RULE, "{'dscp_mark':8,'direction':'egress'}" },
		{ KIND_QOS_BANDWIDTH_LIMIT_RULE, "{'max_kbps':-1}" },
		{ KIND_QOS_BANDWIDTH_LIMIT_RULE, "{'max_kbps':2147483648}" },
		{ KIND_QOS_BANDWIDTH_LIMIT_RULE, "{'max_kbps':1,'direction':'any'}" },
		{ KIND_QOS_PACKET_RATE_LIMIT_RULE, "{'max_kpps':'many'}" },
		{ KIND_QOS_MINIMUM_PACKET_RATE_RULE, "{'min_kpps':null}" },
	};
	g_autoptr(model) model = model_new();
	const struct object *policy = policy_of(model, "");
	GError *error = NULL;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_null(
			try_rule(model, bad[i].kind, policy, test_json("%s", bad[i].body), &error));
		assert_error(error, INVALID_INPUT);
	}
	assert_null(
		try_rule(model, KIND_QOS_BANDWIDTH_LIMIT_RULE, policy, test_json("{}"), &error));
	assert_error(error, BAD_REQUEST);
	add_rule(model, KIND_QOS_MINIMUM_PACKET_RATE_RULE, policy,
		test_json("{'min_kpps':1,'direction':'any'}"));
	assert_null(try_rule(model, KIND_QOS_MINIMUM_PACKET_RATE_RULE, policy,
		test_json("{'min_kpps':1}"), &error));
	assert_error(error, QOS_RULE_VALUE);
}

/* B27: who may have which policy, and that none goes while somebody has it. */
static void policies_in_use(void **state)
{
	g_autoptr(model) model = model_new();
	const struct object *own = policy_of(model, "");
	const struct object *secret =
		test_create(model, KIND_QOS_POLICY, test_json("{'name':'x','project_id':'p2'}"));
	const struct object *network, *port;
	g_autofree char *text = NULL;
	GError *error = NULL;

	(void)state;
	assert_null(test_create_as(
		model, &member, KIND_QOS_POLICY, test_json("{'name':'mine'}"), &error));
	assert_error(error, FORBIDDEN);
	assert_null(test_create_as(model, &member, KIND_NETWORK,
		test_json("{'qos_policy_id':'%s'}", test_id(secret)), &error));
	assert_error(error, QOS_POLICY_NOT_FOUND);
	network = test_create_as(model, &member, KIND_NETWORK,
		test_json("{'qos_policy_id':'%s'}", test_id(own)), &error);
	port = test_create_as(model, &member, KIND_PORT,
		test_json("{'network_id':'%s'}", test_id(network)), &error);
	assert_true(object_is_null(port, PORT_QOS_POLICY_ID));
	text = shown(model, port, PORT_QOS_NETWORK_POLICY_ID);
	assert_non_null(strstr(text, test_id(own)));
	assert_string_equal(qos_policy_of_port(model, port), test_id(own));
	assert_false(test_delete(model, own, &error));
	assert_error(error, QOS_POLICY_IN_USE);

	port = test_update(
		model, port, test_json("{'qos_policy_id':'%s'}", test_id(secret)), &error);
	assert_string_equal(qos_policy_of_port(model, port), test_id(secret));
	assert_false(test_delete(model, secret, &error));
	assert_error(error, QOS_POLICY_IN_USE);
	/* What an administrator gave, its owner's project does not take away. */
	struct txn *txn = txn_new(model, &member);
	json_t *body = test_json("{'qos_policy_id':null}");

	assert_null(txn_update(txn, KIND_PORT, test_id(port), body, &error));
	txn_free(txn);
	json_decref(body);
	assert_error(error, QOS_POLICY_REMOVE);
	assert_non_null(test_update(model, port, test_json("{'qos_policy_id':null}"), &error));
	assert_true(test_delete(model, secret, &error));
}

static void default_policy(void **state)
{
	g_autoptr(model) model = model_new();
	const struct object *policy = policy_of(model, ",'is_default':true"), *network, *second;
	GError *error = NULL;

	(void)state;
	assert_null(test_create_as(model, &test_admin, KIND_QOS_POLICY,
		test_json("{'project_id':'p1','is_default':true}"), &error));
	assert_error(error, QOS_DEFAULT_EXISTS);
	second = policy_of(model, "");
	assert_null(test_update(model, second, test_json("{'is_default':true}"), &error));
	assert_error(error, QOS_DEFAULT_EXISTS);
	network = test_create_as(model, &member, KIND_NETWORK, test_json("{}"), &error);
	assert_string_equal(object_str(network, NETWORK_QOS_POLICY_ID), test_id(policy));
	policy = test_update(model, policy, test_json("{'is_default':false}"), &error);
	network = test_create_as(model, &member, KIND_NETWORK, test_json("{}"), &error);
	assert_true(object_is_null(network, NETWORK_QOS_POLICY_ID));
	assert_non_null(test_update(model, second, test_json("{'is_default':true}"), &error));
}

/* Ports tell Nova what to place guests by, and rules that it has placed them by stay. */
static void resource_request(void **state)
{
	g_autoptr(model) model = model_new();
	const struct object *policy = policy_of(model, ""), *network, *port, *rule;
	g_autofree char *text = NULL, *again = NULL;
	GError *error = NULL;
	json_t *request;

	(void)state;
	network = test_create(model, KIND_NETWORK, test_json("{}"));
	port = test_create(model, KIND_PORT,
		test_json("{'network_id':'%s','qos_policy_id':'%s'}", test_id(network),
			test_id(policy)));
	text = shown(model, port, PORT_RESOURCE_REQUEST);
	assert_string_equal(text, "{\"resource_request\":null}");
	rule = add_rule(model, KIND_QOS_MINIMUM_PACKET_RATE_RULE, policy,
		test_json("{'min_kpps':7,'direction':'ingress'}"));
	/* An overlay has no physical network whose bandwidth could be asked for. */
	add_rule(model, KIND_QOS_MINIMUM_BANDWIDTH_RULE, policy, test_json("{'min_kbps':9}"));
	g_free(text);
	text = shown(model, port, PORT_RESOURCE_REQUEST);
	request = json_loads(text, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(request, "resource_request"), "request_groups")),
		1);
	json_decref(request);
	assert_non_null(strstr(text, "\"required\":[\"CUSTOM_VNIC_TYPE_NORMAL\"]"));
	assert_non_null(strstr(text, "{\"NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC\":7}"));
	again = shown(model, port, PORT_RESOURCE_REQUEST);
	assert_string_equal(text, again);

	/* Of several segments the first one counts. */
	g_free(text);
	text = shown(model,
		test_create(model, KIND_PORT,
			test_json("{'network_id':'%s','qos_policy_id':'%s'}",
				test_id(test_create(model, KIND_NETWORK,
					test_json(
						"{'segments':[{'provider:network_type':'vlan','provider:physical_network':'p1'},"
						"{'provider:network_type':'vlan','provider:physical_network':'p2'}]}"))),
				test_id(policy))),
		PORT_RESOURCE_REQUEST);
	assert_non_null(strstr(text, "CUSTOM_PHYSNET_P1"));

	port = test_update(model, port, test_json("{'device_owner':'compute:nova'}"), &error);
	assert_null(test_update(model, rule, test_json("{'min_kpps':8}"), &error));
	assert_error(error, NOT_IMPLEMENTED);
	assert_false(test_delete(model, rule, &error));
	assert_error(error, NOT_IMPLEMENTED);
	test_update(model, network, test_json("{'qos_policy_id':'%s'}", test_id(policy)), &error);
	port = test_update(model, port, test_json("{'qos_policy_id':null}"), &error);
	assert_false(test_delete(model, rule, &error));
	assert_error(error, NOT_IMPLEMENTED);
	assert_true(test_delete(model, port, &error));
	assert_true(test_delete(model, rule, &error));
}

/* A gateway's policy is part of external_gateway_info; it stays until it is taken away. */
static void gateway_policy(void **state)
{
	struct l3 *f = *state;
	const struct object *policy = policy_of(f->model, "");
	const char *network = test_id(f->external);
	const struct object *router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s','qos_policy_id':'%s'}",
			network, test_id(policy));
	g_autofree char *text = shown(f->model, router, ROUTER_GATEWAY_INFO);
	GError *error = NULL;

	assert_non_null(strstr(text, test_id(policy)));
	router = test_update(f->model, router,
		test_json("{'external_gateway_info':{'network_id':'%s'}}", network), &error);
	assert_string_equal(object_str(router, ROUTER_QOS_POLICY_ID), test_id(policy));
	assert_false(test_delete(f->model, policy, &error));
	assert_error(error, QOS_POLICY_IN_USE);
	router = test_update(f->model, router,
		test_json("{'external_gateway_info':{'network_id':'%s','qos_policy_id':null}}",
			network),
		&error);
	assert_true(object_is_null(router, ROUTER_QOS_POLICY_ID));
	router = test_update(f->model, router,
		test_json("{'external_gateway_info':{'network_id':'%s','qos_policy_id':'%s'}}",
			network, test_id(policy)),
		&error);
	router = test_update(f->model, router, test_json("{'external_gateway_info':null}"), &error);
	assert_true(object_is_null(router, ROUTER_QOS_POLICY_ID));
	assert_true(test_delete(f->model, policy, &error));
}

static void floating_ip_policy(void **state)
{
	struct l3 *f = *state;
	const struct object *policy = policy_of(f->model, "");
	const struct object *secret =
		test_create(f->model, KIND_QOS_POLICY, test_json("{'name':'x','project_id':'p2'}"));
	const struct object *fip = test_create(f->model, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s','project_id':'p1','qos_policy_id':'%s'}",
			test_id(f->external), test_id(policy)));
	g_autofree char *text = NULL;
	GError *error = NULL;

	assert_null(test_create_as(f->model, &member, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s','qos_policy_id':'%s'}", test_id(f->external),
			test_id(secret)),
		&error));
	assert_error(error, QOS_POLICY_NOT_FOUND);
	assert_false(test_delete(f->model, policy, &error));
	assert_error(error, QOS_POLICY_IN_USE);
	test_update(f->model, f->external, test_json("{'qos_policy_id':'%s'}", test_id(secret)),
		&error);
	fip = test_update(f->model, fip, test_json("{'qos_policy_id':null}"), &error);
	assert_true(object_is_null(fip, FLOATING_IP_QOS_POLICY_ID));
	text = shown(f->model, fip, FLOATING_IP_QOS_NETWORK_POLICY_ID);
	assert_non_null(strstr(text, test_id(secret)));
	assert_true(test_delete(f->model, policy, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_of_a_policy),
		cmocka_unit_test(bad_rules),
		cmocka_unit_test(policies_in_use),
		cmocka_unit_test(default_policy),
		cmocka_unit_test(resource_request),
		l3_test(gateway_policy),
		l3_test(floating_ip_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
