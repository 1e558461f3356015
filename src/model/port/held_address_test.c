/* SPDX-License-Identifier: Apache-2.0 */
/* Which port has an address that several may have. */
#include "model/testing.h"

#include "model/port/held_address.h"

struct world {
	struct model *model;
	char network[UUID_STRLEN];
	const struct object *first, *second;
};

#define PAIRS ",'allowed_address_pairs':[{'ip_address':'10.0.0.100'},{'ip_address':'fd00::64'}]"

static const struct object *make(struct world *world, const char *more)
{
	return test_create(
		world->model, KIND_PORT, test_json("{'network_id':'%s'%s}", world->network, more));
}

static int setup(void **state)
{
	struct world *world = g_new0(struct world, 1);

	world->model = model_new();
	test_create(world->model, KIND_HOST, test_json("{'name':'h'}"));
	strcpy(world->network, test_id(test_create(world->model, KIND_NETWORK, test_json("{}"))));
	test_create(world->model, KIND_SUBNET,
		test_json(
			"{'network_id':'%s','ip_version':4,'cidr':'10.0.0.0/24'}", world->network));
	world->first = make(world, PAIRS ",'binding:host_id':'h'");
	world->second = make(world, PAIRS ",'binding:host_id':'h'");
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

static const char *held_by(struct world *world, const struct object *port)
{
	const struct object *now = model_get(world->model, KIND_PORT, object_id(port));

	return object_str(now, PORT_HELD_ADDRESSES);
}

static void take(struct world *world, const struct object *port, const char *ip)
{
	struct txn *txn = txn_new(world->model, &test_admin);
	const struct object *now = txn_get(txn, KIND_PORT, object_id(port));
	GError *error = NULL;

	assert_true(held_address_take(txn, now, ip, &error));
	changeset_free(test_apply(txn));
}

static void the_last_has_it(void **state)
{
	struct world *world = *state;

	take(world, world->first, "10.0.0.100");
	take(world, world->first, "fd00::64");
	assert_string_equal(held_by(world, world->first), "[\"10.0.0.100\",\"fd00::64\"]");
	take(world, world->second, "10.0.0.100");
	assert_string_equal(held_by(world, world->first), "[\"fd00::64\"]");
	assert_string_equal(held_by(world, world->second), "[\"10.0.0.100\"]");
}

static void allowed(void **state)
{
	struct world *world = *state;
	const struct object *unbound = make(world, PAIRS);
	const struct object *whole = make(world,
		",'binding:host_id':'h','allowed_address_pairs':[{'ip_address':'10.0.0.101/32'},"
		"{'ip_address':'10.0.0.0/24'}],'fixed_ips':[{'ip_address':'10.0.0.77'}]");

	assert_true(held_address_allowed(world->first, "10.0.0.100"));
	assert_true(held_address_allowed(world->first, "fd00::64"));
	assert_false(held_address_allowed(world->first, "10.0.0.10"));
	assert_false(held_address_allowed(world->first, "10.0.0.1000"));
	assert_false(held_address_allowed(unbound, "10.0.0.100"));
	assert_true(held_address_allowed(whole, "10.0.0.77"));
	assert_true(held_address_allowed(whole, "10.0.0.101"));
	assert_false(held_address_allowed(whole, "10.0.0.55")); /* of a range: nobody's */
}

static void it_goes_with_the_pair_and_the_binding(void **state)
{
	struct world *world = *state;
	GError *error = NULL;

	take(world, world->first, "10.0.0.100");
	take(world, world->first, "fd00::64");
	take(world, world->second, "10.0.0.100");
	assert_non_null(test_update(world->model,
		model_get(world->model, KIND_PORT, object_id(world->first)),
		test_json("{'allowed_address_pairs':[{'ip_address':'10.0.0.100'}]}"), &error));
	assert_string_equal(held_by(world, world->first), "[]");
	assert_non_null(test_update(world->model,
		model_get(world->model, KIND_PORT, object_id(world->second)),
		test_json("{'name':'x'}"), &error));
	assert_string_equal(held_by(world, world->second), "[\"10.0.0.100\"]");
	assert_non_null(test_update(world->model,
		model_get(world->model, KIND_PORT, object_id(world->second)),
		test_json("{'binding:host_id':''}"), &error));
	assert_string_equal(held_by(world, world->second), "[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_has_it, setup, teardown),
		cmocka_unit_test_setup_teardown(allowed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			it_goes_with_the_pair_and_the_binding, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
