/* SPDX-License-Identifier: Apache-2.0 */
/* What single changes cost. */
#include "compile/compile.h"
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

/* However many ports have a group, one more is one record, and one line for each host that has a
 * rule about it. */
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
	for (int i = 0; i < 50; i++)
		test_create(model, KIND_PORT,
			test_json(
				"{'network_id':'%s','binding:host_id':'h','security_groups':['%s']}",
				test_id(network), test_id(group)));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_no_record),
		cmocka_unit_test(first_port),
		cmocka_unit_test(member_is_one_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
