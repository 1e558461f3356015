/* SPDX-License-Identifier: Apache-2.0 */
/* Trunks and their subports. */
#include "model/port/port.h"
#include "model/testing.h"
#include "model/port/trunk.h"

static const struct caller member = { CALLER_MEMBER, "p1" };
static const struct caller other = { CALLER_MEMBER, "p2" };

struct world {
	struct model *model;
	char network[UUID_STRLEN], parent[UUID_STRLEN], a[UUID_STRLEN], b[UUID_STRLEN];
};

static void make_port(struct world *world, const char *more, char *ret)
{
	GError *error = NULL;
	const struct object *port = test_create_as(world->model, &member, KIND_PORT,
		test_json("{'network_id':'%s'%s}", world->network, more), &error);

	if (!port)
		fail_msg("%s", error->message);
	strcpy(ret, test_id(port));
}

static int setup(void **state)
{
	struct world *world = g_new0(struct world, 1);

	world->model = model_new();
	strcpy(world->network, test_id(test_create_as(world->model, &member, KIND_NETWORK,
				       test_json("{'mtu':1400}"), NULL)));
	make_port(world, "", world->parent);
	make_port(world, "", world->a);
	make_port(world, "", world->b);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	model_free(world->model);
	g_free(world);
	return 0;
}

static const struct object *trunk_as(
	struct world *world, const struct caller *caller, const char *subports, GError **error)
{
	return test_create_as(world->model, caller, KIND_TRUNK,
		test_json("{'port_id':'%s','sub_ports':[%s]}", world->parent, subports), error);
}

/* Of @trunk the verb; borrowed from the model, NULL when it is refused. */
static bool act(struct world *world, const struct object *trunk, const char *verb, json_t *body,
	GError **error)
{
	struct txn *txn = txn_new(world->model, &member);
	json_t *answer = NULL;
	bool ok = txn_act(txn, KIND_TRUNK, test_id(trunk), kind_action(&trunk_kind, verb), body,
		&answer, error);

	json_decref(body);
	json_decref(answer);
	if (ok)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return ok;
}

static json_t *one(const char *port, unsigned tag)
{
	return test_json(
		"{'sub_ports':[{'port_id':'%s','segmentation_type':'vlan','segmentation_id':%u}]}",
		port, tag);
}

static void assert_subports(struct world *world, const struct object *trunk, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	g_autofree char *want = g_strdup(expected);

	subports_write(world->model, test_id(trunk), false, &w);
	g_strdelimit(want, "'", '"');
	assert_string_equal(text->str, want);
}

static void add_and_remove(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	g_autofree char *first = g_strdup_printf(
		"{'port_id':'%s','segmentation_type':'vlan','segmentation_id':10}", world->a);
	g_autofree char *second = g_strdup_printf(
		"{'port_id':'%s','segmentation_type':'vlan','segmentation_id':20}", world->b);
	g_autofree char *both = g_strdup_printf("[%s,%s]", first, second);
	g_autofree char *last = g_strdup_printf("[%s]", second);
	const struct object *trunk = trunk_as(world, &member, first, &error);

	assert_non_null(trunk);
	assert_string_equal(object_str(trunk, TRUNK_STATUS), "DOWN");
	assert_true(act(world, trunk, "add_subports", one(world->b, 20), &error));
	assert_subports(world, trunk, both);
	assert_true(act(world, trunk, "remove_subports",
		test_json("{'sub_ports':[{'port_id':'%s'}]}", world->a), &error));
	assert_subports(world, trunk, last);
	assert_false(act(world, trunk, "remove_subports",
		test_json("{'sub_ports':[{'port_id':'%s'}]}", world->a), &error));
	assert_error(error, SUBPORT_NOT_FOUND);
	assert_true(test_delete(world->model, trunk, &error));
	assert_int_equal(model_count_all(world->model, KIND_SUBPORT), 0);
}

static void segments(void **state)
{
	static const char *const bad[] = { "", ",'segmentation_type':'vlan'",
		",'segmentation_id':5", ",'segmentation_type':'vlan','segmentation_id':0",
		",'segmentation_type':'vlan','segmentation_id':4095",
		",'segmentation_type':'vlan','segmentation_id':'x'",
		",'segmentation_type':'qinq','segmentation_id':5",
		",'segmentation_type':'inherit'" };
	struct world *world = *state;
	GError *error = NULL;
	const struct object *trunk = trunk_as(world, &member, "", &error);

	assert_non_null(trunk);
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_false(act(world, trunk, "add_subports",
			test_json("{'sub_ports':[{'port_id':'%s'%s}]}", world->a, bad[i]), &error));
		assert_error(error, INVALID_INPUT);
	}
	assert_false(act(world, trunk, "add_subports", test_json("{'sub_ports':[7]}"), &error));
	assert_error(error, INVALID_INPUT);
	assert_false(act(world, trunk, "add_subports", test_json("{'ports':[]}"), &error));
	assert_error(error, BAD_REQUEST);
	assert_false(act(world, trunk, "add_subports", NULL, &error));
	assert_error(error, BAD_REQUEST);
	assert_true(act(world, trunk, "add_subports", one(world->a, 4094), &error));
	assert_false(act(world, trunk, "add_subports", one(world->b, 4094), &error));
	assert_error(error, SUBPORT_DUPLICATE);
	assert_true(act(world, trunk, "add_subports", one(world->b, 1), &error));
}

static void ports_in_use(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	const struct object *trunk = trunk_as(world, &member, "", &error), *second;
	char used[UUID_STRLEN], third[UUID_STRLEN];

	assert_null(trunk_as(world, &member, "", &error));
	assert_error(error, TRUNK_PARENT_IN_USE);
	assert_false(act(world, trunk, "add_subports", one(world->parent, 5), &error));
	assert_error(error, TRUNK_PARENT_IN_USE);
	assert_true(act(world, trunk, "add_subports", one(world->a, 5), &error));
	assert_false(act(world, trunk, "add_subports", one(world->a, 6), &error));
	assert_error(error, TRUNK_PORT_IN_USE);
	assert_null(test_create_as(world->model, &member, KIND_TRUNK,
		test_json("{'port_id':'%s'}", world->a), &error));
	assert_error(error, TRUNK_PORT_IN_USE);
	make_port(world, ",'device_id':'guest'", used);
	assert_false(act(world, trunk, "add_subports", one(used, 6), &error));
	assert_error(error, PORT_IN_USE);
	make_port(world, "", third);
	second = test_create_as(
		world->model, &member, KIND_TRUNK, test_json("{'port_id':'%s'}", third), &error);
	assert_false(act(world, second, "add_subports", one(world->a, 5), &error));
	assert_error(error, TRUNK_PORT_IN_USE);
	assert_false(test_delete(
		world->model, model_get_text(world->model, KIND_PORT, world->parent), &error));
	assert_error(error, PORT_IS_TRUNK_PARENT);
	assert_false(test_delete(
		world->model, model_get_text(world->model, KIND_PORT, world->a), &error));
	assert_error(error, PORT_IS_SUBPORT);
}

static void mtu(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	const struct object *trunk = trunk_as(world, &member, "", &error);
	const struct object *wide = test_create_as(
		world->model, &member, KIND_NETWORK, test_json("{'mtu':1401}"), &error);
	const struct object *port = test_create_as(world->model, &member, KIND_PORT,
		test_json("{'network_id':'%s'}", test_id(wide)), &error);

	assert_false(act(world, trunk, "add_subports", one(test_id(port), 5), &error));
	assert_error(error, SUBPORT_MTU);
	assert_non_null(test_update(world->model, wide, test_json("{'mtu':1400}"), &error));
	assert_true(act(world, trunk, "add_subports", one(test_id(port), 5), &error));
}

static void disabled(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	const struct object *trunk = trunk_as(world, &member, "", &error);

	trunk = test_update(world->model, trunk, test_json("{'admin_state_up':false}"), &error);
	assert_false(act(world, trunk, "add_subports", one(world->a, 5), &error));
	assert_error(error, TRUNK_DISABLED);
	assert_false(test_delete(world->model, trunk, &error));
	assert_error(error, TRUNK_DISABLED);
	trunk = test_update(world->model, trunk, test_json("{'admin_state_up':true}"), &error);
	assert_true(test_delete(world->model, trunk, &error));
}

/* Of a shared network others have ports, but nobody puts another one's port on a trunk. */
static void of_another_project(void **state)
{
	struct world *world = *state;
	GError *error = NULL;

	assert_null(trunk_as(world, &other, "", &error));
	assert_error(error, PORT_NOT_FOUND);
	assert_int_equal(model_count_all(world->model, KIND_TRUNK), 0);
}

static void set_port(struct world *world, const char *id, const char *body)
{
	GError *error = NULL;
	struct txn *txn = txn_new(world->model, &test_admin);
	json_t *json = test_json("%s", body);

	if (!txn_update(txn, KIND_PORT, id, json, &error))
		fail_msg("%s", error->message);
	json_decref(json);
	changeset_free(test_apply(txn));
}

/* As a host's report does. */
static void set_status(struct world *world, const char *id, enum port_status status)
{
	struct txn *txn = txn_new(world->model, &test_admin);
	struct object *draft = object_edit(txn_get_text(txn, KIND_PORT, id));
	const struct object *trunk;

	object_set_choice(draft, PORT_STATUS, (int)status);
	assert_non_null(txn_put(txn, draft, NULL));
	trunk = trunk_of_port(txn, id);
	assert_true(!trunk || trunk_follow_status(txn, object_id(trunk), NULL));
	changeset_free(test_apply(txn));
}

static void assert_place(struct world *world, const char *id, const char *host, const char *owner)
{
	const struct object *port = model_get_text(world->model, KIND_PORT, id);

	assert_string_equal(object_str(port, PORT_HOST_ID), host);
	assert_string_equal(object_str(port, PORT_DEVICE_OWNER), owner);
}

static void assert_status(struct world *world, const char *status)
{
	const struct object *trunk =
		model_first(world->model, KIND_TRUNK, TRUNK_BY_PORT, world->parent, NULL);

	assert_string_equal(object_str(trunk, TRUNK_STATUS), status);
}

static void follows_the_parent(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	const struct object *trunk;

	for (int i = 1; i <= 2; i++)
		assert_non_null(test_create_as(world->model, &test_admin, KIND_HOST,
			test_json("{'name':'h%d','tunnel_ips':['192.0.2.%d']}", i, i), NULL));
	set_port(world, world->parent, "{'binding:host_id':'h1'}");
	trunk = trunk_as(world, &member, "", &error);
	assert_true(act(world, trunk, "add_subports", one(world->a, 10), &error));
	assert_place(world, world->a, "h1", "trunk:subport");
	assert_status(world, "DOWN");
	set_status(world, world->parent, PORT_ACTIVE);
	assert_status(world, "DEGRADED");
	set_status(world, world->a, PORT_ACTIVE);
	assert_status(world, "ACTIVE");
	assert_true(act(world, trunk, "add_subports", one(world->b, 20), &error));
	assert_status(world, "DEGRADED");
	assert_true(act(world, trunk, "remove_subports",
		test_json("{'sub_ports':[{'port_id':'%s'}]}", world->b), &error));
	assert_place(world, world->b, "", "");
	assert_status(world, "ACTIVE");
	set_port(world, world->parent, "{'binding:host_id':'h2'}");
	assert_place(world, world->a, "h2", "trunk:subport");
	assert_status(world, "DOWN");
	set_port(world, world->parent, "{'binding:host_id':''}");
	assert_place(world, world->a, "", "trunk:subport");
	set_port(world, world->parent, "{'binding:host_id':'h1'}");
	assert_true(test_delete(world->model,
		model_first(world->model, KIND_TRUNK, TRUNK_BY_PORT, world->parent, NULL), &error));
	assert_place(world, world->a, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(add_and_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(segments, setup, teardown),
		cmocka_unit_test_setup_teardown(ports_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(mtu, setup, teardown),
		cmocka_unit_test_setup_teardown(disabled, setup, teardown),
		cmocka_unit_test_setup_teardown(of_another_project, setup, teardown),
		cmocka_unit_test_setup_teardown(follows_the_parent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
