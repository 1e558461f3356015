/* SPDX-License-Identifier: Apache-2.0 */
/* What single changes cost. */
#include "compile/compile.h"
#include "model/firewall/firewall_group.h"
#include "model/router/floating_ip.h"
#include "model/router/router.h"
#include "model/provider/service_provider.h"
#include "model/testing.h"

/* A port's status concerns no host; its cost is nothing. */
static void status_is_no_record(void **state)
{
	struct model *model = model_new();
	const struct object *network = test_create(model, KIND_NETWORK, test_json("{}"));
	const struct object *port;
	struct object *draft;
	struct txn *txn;

	(void)state;
	test_create(model, KIND_HOST, test_json("{'name':'h'}"));
	port = test_create(model, KIND_PORT,
		test_json("{'network_id':'%s','binding:host_id':'h'}", test_id(network)));
	txn = txn_new(model, &test_admin);
	draft = object_edit(port);
	object_set_choice(draft, PORT_STATUS, PORT_ACTIVE);
	assert_non_null(txn_put(txn, draft, NULL));
	g_autoptr(changeset) changes = test_apply(txn);
	g_autoptr(compiled) compiled = compile_change(model, changes);

	assert_int_equal(changes->n, 1);
	assert_int_equal(compiled->deltas->len, 0);
	assert_int_equal(compiled->interests->len, 0);
	model_free(model);
}

/* The first port of a host on a network: one record for the host, two for the network's hosts. */
static void first_port(void **state)
{
	struct model *model = model_new();
	const struct object *network = test_create(model, KIND_NETWORK, test_json("{}"));
	struct txn *txn;
	json_t *body;

	(void)state;
	test_create(model, KIND_HOST, test_json("{'name':'h'}"));
	txn = txn_new(model, &test_admin);
	body = test_json("{'network_id':'%s','binding:host_id':'h'}", test_id(network));
	assert_non_null(txn_create(txn, KIND_PORT, body, NULL));
	json_decref(body);
	g_autoptr(changeset) changes = test_apply(txn);
	g_autoptr(compiled) compiled = compile_change(model, changes);

	assert_int_equal(compiled->deltas->len, 3);
	assert_string_equal(g_array_index(compiled->deltas, struct delta, 0).kind, "port");
	assert_string_equal(g_array_index(compiled->deltas, struct delta, 1).kind, "endpoint");
	assert_string_equal(g_array_index(compiled->deltas, struct delta, 2).kind, "member");
	assert_int_equal(compiled->interests->len, 2); /* the network, its project's group */
	model_free(model);
}

#define PORTS_OF_GROUP 10000

/* However many ports have a group, and a rule about it, one more is one record, and one line for
 * each host that has a rule about it. */
static void member_is_one_record(void **state)
{
	struct model *model = model_new();
	const struct object *network = test_create(model, KIND_NETWORK, test_json("{}"));
	const struct object *group =
		test_create(model, KIND_SECURITY_GROUP, test_json("{'name':'g'}"));
	struct txn *txn;
	json_t *body;

	(void)state;
	test_create(model, KIND_HOST, test_json("{'name':'h'}"));
	test_create(model, KIND_SECURITY_GROUP_RULE,
		test_json("{'security_group_id':'%s','direction':'ingress','remote_group_id':'%s'}",
			test_id(group), test_id(group)));
	for (int i = 0; i < PORTS_OF_GROUP; i++)
		test_create(model, KIND_PORT,
			test_json(
				"{'network_id':'%s','binding:host_id':'h','security_groups':['%s'],"
				"'project_id':'p%d'}",
				test_id(network), test_id(group), i / 100));
	txn = txn_new(model, &test_admin);
	body = test_json(
		"{'network_id':'%s','security_groups':['%s']}", test_id(network), test_id(group));
	assert_non_null(txn_create(txn, KIND_PORT, body, NULL));
	json_decref(body);
	g_autoptr(changeset) changes = test_apply(txn);
	g_autoptr(compiled) compiled = compile_change(model, changes);

	assert_int_equal(compiled->deltas->len, 1);
	assert_string_equal(g_array_index(compiled->deltas, struct delta, 0).kind, "group-member");
	assert_int_equal(compiled->interests->len, 0);
	model_free(model);
}

/* A rule of the policy; takes @body. */
static char *rule_new(struct model *model, enum kind_id kind, const char *policy, json_t *body)
{
	struct txn *txn = txn_new(model, &test_admin);
	GError *error = NULL;
	const struct object *rule = txn_create_in(txn, kind, policy, body, &error);
	char *id;

	if (!rule)
		fail_msg("%s", error->message);
	id = g_strdup(test_id(rule));
	json_decref(body);
	changeset_free(test_apply(txn));
	return id;
}

/* A cloud whose guest has a floating IP, and whose router leads outside. */
struct outer {
	struct model *model;
	const struct object *router, *floating_ip, *external;
};

static struct outer outer_new(void)
{
	struct outer o = { .model = model_new() };
	const struct object *inside, *port;
	json_t *answer = NULL, *body;
	struct txn *txn;
	struct uuid id;

	test_create(o.model, KIND_HOST, test_json("{'name':'h','bridge_mappings':{'p':'eth0'}}"));
	o.external = test_create(o.model, KIND_NETWORK,
		test_json("{'router:external':true,'provider:network_type':'flat',"
			  "'provider:physical_network':'p'}"));
	test_create(o.model, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'203.0.113.0/24'}", test_id(o.external)));
	inside = test_create(o.model, KIND_NETWORK, test_json("{}"));
	body = test_json("{'subnet_id':'%s'}",
		test_id(test_create(o.model, KIND_SUBNET,
			test_json("{'network_id':'%s','cidr':'10.0.0.0/24'}", test_id(inside)))));
	o.router = test_create(o.model, KIND_ROUTER,
		test_json("{'external_gateway_info':{'network_id':'%s'}}", test_id(o.external)));
	id = *object_id(o.router);
	txn = txn_new(o.model, &test_admin);
	assert_true(txn_act(txn, KIND_ROUTER, test_id(o.router),
		kind_action(&router_kind, "add_router_interface"), body, &answer, NULL));
	changeset_free(test_apply(txn));
	json_decref(answer);
	json_decref(body);
	port = test_create(o.model, KIND_PORT,
		test_json("{'network_id':'%s','binding:host_id':'h'}", test_id(inside)));
	o.floating_ip = test_create(o.model, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s','port_id':'%s'}", test_id(o.external),
			test_id(port)));
	o.router = model_get(o.model, KIND_ROUTER, &id);
	return o;
}

/* What an update makes of the records; takes @body. changeset_free() and compiled_free() by
 * autoptr. */
static struct compiled *update(struct outer *o, enum kind_id kind, const char *id, json_t *body)
{
	struct txn *txn = txn_new(o->model, &test_admin);
	g_autofree char *copy = g_strdup(id);
	GError *error = NULL;

	if (!txn_update(txn, kind, copy, body, &error))
		fail_msg("%s", error->message);
	json_decref(body);
	g_autoptr(changeset) changes = test_apply(txn);

	return compile_change(o->model, changes);
}

/* The one record of the kind; NULL: there is none. */
static const char *data_of(const struct compiled *compiled, const char *kind)
{
	const char *found = NULL;

	for (guint i = 0; i < compiled->deltas->len; i++) {
		const struct delta *delta = &g_array_index(compiled->deltas, struct delta, i);

		if (strcmp(delta->kind, kind))
			continue;
		assert_null(found);
		found = delta->data;
	}
	return found;
}

#define KBPS(n) "\"qos\":{\"egress\":{\"max_kbps\":" #n "}}"

/* A policy is in what has it: a floating IP's, a gateway's, and those of the external network, each
 * before that. A rule that changes costs one record of each. */
static void limits_outside(void **state)
{
	struct outer o = outer_new();
	const struct object *policy =
		test_create(o.model, KIND_QOS_POLICY, test_json("{'name':'q'}"));
	g_autofree char *id = g_strdup(test_id(policy));
	g_autofree char *rule =
		rule_new(o.model, KIND_QOS_BANDWIDTH_LIMIT_RULE, id, test_json("{'max_kbps':10}"));
	g_autofree char *mark =
		rule_new(o.model, KIND_QOS_DSCP_MARKING_RULE, id, test_json("{'dscp_mark':46}"));
	struct compiled *compiled;

	(void)state;
	compiled = update(&o, KIND_FLOATING_IP, test_id(o.floating_ip),
		test_json("{'qos_policy_id':'%s'}", id));
	assert_non_null(strstr(data_of(compiled, "floating_ip"), KBPS(10)));
	assert_int_equal(compiled->deltas->len, 1);
	compiled_free(compiled);
	compiled = update(&o, KIND_ROUTER, test_id(o.router),
		test_json("{'external_gateway_info':{'network_id':'%s','qos_policy_id':'%s'}}",
			test_id(o.external), id));
	assert_non_null(strstr(data_of(compiled, "gateway"), KBPS(10)));
	assert_non_null(strstr(data_of(compiled, "gateway"), "\"snat_ranges\":[]"));
	compiled_free(compiled);
	compiled = update(&o, KIND_QOS_BANDWIDTH_LIMIT_RULE, rule, test_json("{'max_kbps':20}"));
	assert_non_null(strstr(data_of(compiled, "gateway"), KBPS(20)));
	assert_non_null(strstr(data_of(compiled, "floating_ip"), KBPS(20)));
	assert_int_equal(compiled->deltas->len, 2);
	compiled_free(compiled);
	/* 0 is no limit: hosts share the address again */
	compiled = update(&o, KIND_QOS_BANDWIDTH_LIMIT_RULE, rule, test_json("{'max_kbps':0}"));
	assert_null(strstr(data_of(compiled, "gateway"), "qos"));
	assert_non_null(strstr(data_of(compiled, "gateway"), "port_range_min"));
	compiled_free(compiled);
	model_free(o.model);
}

/* Who has none of its own has the external network's. */
static void limits_of_the_external_network(void **state)
{
	struct outer o = outer_new();
	const struct object *policy =
		test_create(o.model, KIND_QOS_POLICY, test_json("{'name':'q'}"));
	g_autofree char *id = g_strdup(test_id(policy));
	g_autofree char *rule = rule_new(o.model, KIND_QOS_PACKET_RATE_LIMIT_RULE, id,
		test_json("{'max_kpps':3,'direction':'ingress'}"));
	struct compiled *compiled;

	(void)state;
	compiled = update(
		&o, KIND_NETWORK, test_id(o.external), test_json("{'qos_policy_id':'%s'}", id));
	assert_non_null(strstr(data_of(compiled, "gateway"), "\"ingress\":{\"max_kpps\":3}"));
	assert_non_null(strstr(data_of(compiled, "floating_ip"), "\"ingress\":{\"max_kpps\":3}"));
	compiled_free(compiled);
	compiled = update(&o, KIND_QOS_PACKET_RATE_LIMIT_RULE, rule, test_json("{'max_kpps':4}"));
	assert_non_null(strstr(data_of(compiled, "gateway"), "\"max_kpps\":4"));
	assert_non_null(strstr(data_of(compiled, "floating_ip"), "\"max_kpps\":4"));
	compiled_free(compiled);
	model_free(o.model);
}

/* 0: there is no record of the kind among them. */
static int op_of(const struct compiled *compiled, const char *kind)
{
	for (guint i = 0; i < compiled->deltas->len; i++)
		if (!strcmp(g_array_index(compiled->deltas, struct delta, i).kind, kind))
			return 1 + (int)g_array_index(compiled->deltas, struct delta, i).op;
	return 0;
}

static void count_firewall(const char *kind, const char *id, const char *data, void *user)
{
	(void)id;
	(void)data;
	*(unsigned *)user += !strcmp(kind, "router-firewall");
}

/* Hosts have the firewall groups of routers that they route for, not of those that a provider does.
 */
static void firewalls_of_routed(void **state)
{
	struct outer o = outer_new();
	const struct object *group = test_create(o.model, KIND_FIREWALL_GROUP,
		test_json("{'project_id':'admin','ports':['%s']}",
			object_str(o.router, ROUTER_GATEWAY_PORT_ID)));
	struct scope scope = { .id = *object_id(o.router), .type = SCOPE_ROUTER };
	g_autofree char *id = g_strdup(test_id(group));
	struct compiled *compiled;
	unsigned given = 0;

	(void)state;
	service_provider_register(o.model, "walled", false,
		SERVICE_BIT(SERVICE_ROUTER) | SERVICE_BIT(SERVICE_FIREWALL), NULL);
	compile_scope(o.model, &scope, count_firewall, &given);
	assert_int_equal(given, 1);
	compiled = update(&o, KIND_ROUTER, test_id(o.router),
		test_json("{'service_providers':{'router':'walled'}}"));
	assert_int_equal(op_of(compiled, "router-firewall"), 1 + DELTA_DELETE);
	compiled_free(compiled);
	compile_scope(o.model, &scope, count_firewall, &given);
	assert_int_equal(given, 1);
	compiled = update(&o, KIND_FIREWALL_GROUP, id, test_json("{'name':'other'}"));
	assert_int_equal(op_of(compiled, "router-firewall"), 0);
	compiled_free(compiled);
	o.router = model_get(o.model, KIND_ROUTER, &scope.id);
	compiled = update(&o, KIND_ROUTER, test_id(o.router),
		test_json("{'service_providers':{'router':null}}"));
	assert_int_equal(op_of(compiled, "router-firewall"), 1 + DELTA_PUT);
	compiled_free(compiled);
	model_free(o.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_no_record),
		cmocka_unit_test(first_port),
		cmocka_unit_test(member_is_one_record),
		cmocka_unit_test(limits_outside),
		cmocka_unit_test(limits_of_the_external_network),
		cmocka_unit_test(firewalls_of_routed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
