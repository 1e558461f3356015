/* SPDX-License-Identifier: Apache-2.0 */
/* Bindings of ports for live migration. */
#include "model/port/port_binding.h"
#include "model/testing.h"

struct world {
	struct model *model;
	const struct object *network;
	char port[UUID_STRLEN];
};

static int setup(void **state)
{
	struct world *world = g_new0(struct world, 1);

	world->model = model_new();
	for (int i = 1; i <= 3; i++)
		test_create(world->model, KIND_HOST, test_json("{'name':'h%d'}", i));
	world->network = test_create(world->model, KIND_NETWORK, test_json("{}"));
	strcpy(world->port,
		test_id(test_create(world->model, KIND_PORT,
			test_json(
				"{'network_id':'%s','device_owner':'compute:nova','binding:host_id':'h1'}",
				test_id(world->network)))));
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

static const struct object *port(const struct world *world)
{
	return model_get_text(world->model, KIND_PORT, world->port);
}

static bool end(struct txn *txn, bool ok)
{
	if (ok)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return ok;
}

static bool create(const struct world *world, json_t *body, GError **error)
{
	struct txn *txn = txn_new(world->model, &test_admin);
	bool ok = port_binding_create(txn, port(world), body, error);

	json_decref(body);
	return end(txn, ok);
}

static bool update(const struct world *world, const char *host, json_t *body, GError **error)
{
	struct txn *txn = txn_new(world->model, &test_admin);
	bool ok = port_binding_update(txn, port(world), host, body, error);

	json_decref(body);
	return end(txn, ok);
}

static bool activate(const struct world *world, const char *host, GError **error)
{
	struct txn *txn = txn_new(world->model, &test_admin);

	return end(txn, port_binding_activate(txn, port(world), host, error));
}

static bool remove_binding(const struct world *world, const char *host, GError **error)
{
	struct txn *txn = txn_new(world->model, &test_admin);

	return end(txn, port_binding_delete(txn, port(world), host, error));
}

/* One line per binding: "h1 ACTIVE normal {}\n". */
static char *bindings(const struct world *world)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	GString *lines = g_string_new(NULL);
	json_t *all, *one;
	size_t i;

	port_bindings_write(world->model, port(world), &w);
	all = json_loads(text->str, 0, NULL);
	assert_non_null(all);
	json_array_foreach(all, i, one) {
		char *profile = json_dumps(json_object_get(one, "profile"), JSON_COMPACT);

		g_string_append_printf(lines, "%s %s %s %s\n",
			json_string_value(json_object_get(one, "host")),
			json_string_value(json_object_get(one, "status")),
			json_string_value(json_object_get(one, "vnic_type")), profile);
		free(profile);
	}
	json_decref(all);
	return g_string_free(lines, FALSE);
}

static void assert_bindings(const struct world *world, const char *expected)
{
	g_autofree char *have = bindings(world);

	assert_string_equal(have, expected);
}

static void migrate(void **state)
{
	struct world *world = *state;
	GError *error = NULL;

	assert_bindings(world, "h1 ACTIVE normal {}\n");
	assert_true(create(
		world, test_json("{'host':'h2','vnic_type':'direct','profile':{'a':1}}"), &error));
	assert_bindings(world, "h1 ACTIVE normal {}\nh2 INACTIVE direct {\"a\":1}\n");
	assert_true(activate(world, "h2", &error));
	assert_bindings(world, "h2 ACTIVE direct {\"a\":1}\nh1 INACTIVE normal {}\n");
	assert_string_equal(object_str(port(world), PORT_HOST_ID), "h2");
	assert_int_equal(object_choice(port(world), PORT_STATUS), PORT_DOWN);
	assert_true(remove_binding(world, "h1", &error));
	assert_bindings(world, "h2 ACTIVE direct {\"a\":1}\n");
}

static void refused(void **state)
{
	struct world *world = *state;
	GError *error = NULL;

	assert_false(create(world, test_json("{}"), &error));
	assert_error(error, BAD_REQUEST);
	assert_false(create(world, test_json("{'host':'nowhere'}"), &error));
	assert_error(error, INVALID_INPUT);
	assert_false(create(world, test_json("{'host':'h1'}"), &error));
	assert_error(error, PORT_BINDING_EXISTS);
	assert_true(create(world, test_json("{'host':'h2'}"), &error));
	assert_false(create(world, test_json("{'host':'h2'}"), &error));
	assert_error(error, PORT_BINDING_EXISTS);
	assert_false(activate(world, "h1", &error));
	assert_error(error, PORT_BINDING_ACTIVE);
	assert_false(activate(world, "h3", &error));
	assert_error(error, PORT_BINDING_NOT_FOUND);
	assert_false(remove_binding(world, "h3", &error));
	assert_error(error, PORT_BINDING_NOT_FOUND);
	assert_false(update(world, "h2", test_json("{'host':'h3'}"), &error));
	assert_error(error, BAD_REQUEST);
	assert_false(update(world, "h1", test_json("{'status':'INACTIVE'}"), &error));
	assert_error(error, INVALID_INPUT);
}

/* The hosts of bindings can't go; bindings go with their port. */
static void references(void **state)
{
	struct world *world = *state;
	const struct object *h2 = model_first(world->model, KIND_HOST, HOST_BY_NAME, "h2", NULL);
	GError *error = NULL;

	assert_true(create(world, test_json("{'host':'%s'}", test_id(h2)), &error));
	assert_false(test_delete(world->model, h2, &error));
	g_clear_error(&error);
	assert_true(test_delete(world->model, port(world), &error));
	assert_int_equal(model_count_all(world->model, KIND_PORT_BINDING), 0);
	assert_true(test_delete(world->model, h2, &error));
}

/* What is ACTIVE is the port's own, whoever changes it, and is no binding twice. */
static void one_is_active(void **state)
{
	struct world *world = *state;
	GError *error = NULL;

	assert_true(create(world, test_json("{'host':'h2'}"), &error));
	assert_true(update(world, "h1", test_json("{'vnic_type':'direct'}"), &error));
	assert_string_equal(object_str(port(world), PORT_VNIC_TYPE), "direct");
	assert_true(update(world, "h2", test_json("{'profile':{'b':2}}"), &error));
	assert_bindings(world, "h1 ACTIVE direct {}\nh2 INACTIVE normal {\"b\":2}\n");
	assert_non_null(test_update(
		world->model, port(world), test_json("{'binding:host_id':'h2'}"), &error));
	assert_bindings(world, "h2 ACTIVE direct {}\n");
	assert_true(remove_binding(world, "h2", &error));
	assert_bindings(world, "");
	assert_true(create(world, test_json("{'host':'h3','vnic_type':'normal'}"), &error));
	assert_bindings(world, "h3 ACTIVE normal {}\n");
}

static void compute_ports_only(void **state)
{
	struct world *world = *state;
	GError *error = NULL;

	assert_non_null(test_update(
		world->model, port(world), test_json("{'device_owner':'network:x'}"), &error));
	assert_false(create(world, test_json("{'host':'h2'}"), &error));
	assert_error(error, BAD_REQUEST);
	assert_false(activate(world, "h2", &error));
	assert_error(error, BAD_REQUEST);
	assert_non_null(test_update(world->model, port(world),
		test_json("{'device_owner':'network:ha_appliance'}"), NULL));
	error = NULL;
	assert_true(create(world, test_json("{'host':'h2'}"), &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(migrate, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(references, setup, teardown),
		cmocka_unit_test_setup_teardown(one_is_active, setup, teardown),
		cmocka_unit_test_setup_teardown(compute_ports_only, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
