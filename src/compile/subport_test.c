/* SPDX-License-Identifier: Apache-2.0 */
/* The property of random_world.h, for trunks: a subport is where its parent is, and its record says
 * so. */
#include "compile/random_world.h"
#include "model/port/trunk.h"

static unsigned subports; /* added */

static json_t *random_network(struct random_world *world)
{
	return test_json("{'name':'n%u'}", ++world->made);
}

static json_t *random_port(struct random_world *world)
{
	const struct object *network = random_pick(world, KIND_NETWORK);

	return network ? test_json("{'network_id':'%s','binding:host_id':'%s'}", test_id(network),
				 random_host_name(world))
		       : NULL;
}

static json_t *random_port_change(struct random_world *world)
{
	return test_json("{'binding:host_id':'%s'}", random_host_name(world));
}

static json_t *random_trunk(struct random_world *world)
{
	const struct object *port = random_pick(world, KIND_PORT);

	return port ? test_json("{'port_id':'%s'}", test_id(port)) : NULL;
}

static json_t *random_trunk_change(struct random_world *world)
{
	return test_json("{'name':'t%u'}", ++world->made);
}

/* Gives a trunk a subport, or takes one. */
static bool stage_subport(struct random_world *world, struct txn *txn)
{
	const struct object *trunk = random_pick(world, KIND_TRUNK),
			    *port = random_pick(world, KIND_PORT);
	const struct object *subport = random_pick(world, KIND_SUBPORT);
	json_auto_t *list = NULL;
	bool ok;

	if (!trunk || !port || !txn_get(txn, KIND_TRUNK, object_id(trunk)))
		return false;
	if (subport && random_below(world, 4) == 0) {
		list = test_json("[{'port_id':'%s'}]", object_str(subport, SUBPORT_PORT_ID));
		return subports_remove(txn, trunk, list, NULL);
	}
	list = test_json("[{'port_id':'%s','segmentation_type':'vlan','segmentation_id':%u}]",
		test_id(port), ++world->made % 4094 + 1);
	ok = subports_add(txn, trunk, list, NULL);
	subports += ok;
	return ok;
}

static const struct random_step steps[] = {
	{ 1, .kind = KIND_HOST, .body = random_host, .change = random_host_change },
	{ 1, .kind = KIND_NETWORK, .body = random_network, .change = random_network_change },
	{ 8, .kind = KIND_PORT, .body = random_port, .change = random_port_change },
	{ 3, .kind = KIND_TRUNK, .body = random_trunk, .change = random_trunk_change },
	{ 8, .stage = stage_subport },
	{ 3, .stage = random_binding },
};

static void increments_equal_full_compile(void **state)
{
	(void)state;
	for (guint32 seed = 1; seed <= 30; seed++) {
		struct random_world *world = random_world_new(seed);

		for (int i = 0; i < 160; i++)
			random_round(world, steps, G_N_ELEMENTS(steps));
		random_world_free(world);
	}
	print_message("%u subports\n", subports);
	assert_true(subports > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(increments_equal_full_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
