/* SPDX-License-Identifier: Apache-2.0 */
/* Agents and zones come and go with their hosts. */
#include "model/host/agent.h"
#include "model/host/availability_zone.h"
#include "model/network/network_hosts.h"
#include "model/testing.h"

static int setup(void **state)
{
	*state = model_new();
	return 0;
}

static int teardown(void **state)
{
	model_free(*state);
	return 0;
}

static void agents_come_and_go_with_the_host(void **state)
{
	struct model *model = *state;
	const struct object *host = test_create(model, KIND_HOST, test_json("{'name':'h1'}"));
	const struct object *agent = agent_of_host(model, host, AGENT_DHCP);
	GError *error = NULL;

	assert_int_equal(model_count_all(model, KIND_AGENT), N_AGENT_TYPES);
	assert_string_equal(object_str(agent, AGENT_TYPE), "DHCP agent");
	assert_string_equal(object_str(agent, AGENT_HOST), "h1");
	agent = test_update(model, agent, test_json("{'admin_state_up':false}"), &error);
	assert_false(object_bool(agent, AGENT_ADMIN_STATE_UP));
	assert_true(test_delete(
		model, model_first(model, KIND_HOST, HOST_BY_NAME, "h1", NULL), &error));
	assert_int_equal(model_count_all(model, KIND_AGENT), 0);
	test_create(model, KIND_HOST, test_json("{'name':'vtep','managed':false}"));
	assert_int_equal(model_count_all(model, KIND_AGENT), 0);
}

static void old_hosts_get_their_agents(void **state)
{
	struct model *model = *state;
	struct txn *txn = txn_new(model, &test_admin);
	struct object *host = object_new(&host_kind, NULL);

	object_set_str(host, SLOT_NAME, "old");
	assert_non_null(txn_put(txn, host, NULL));
	changeset_free(test_apply(txn));
	for (int i = 0; i < 2; i++) {
		txn = txn_new(model, &test_admin);
		assert_true(agents_complete(txn, NULL));
		changeset_free(test_apply(txn));
		assert_int_equal(model_count_all(model, KIND_AGENT), N_AGENT_TYPES);
	}
}

static void assert_zones(const struct model *model, const char *expected)
{
	g_autoptr(GPtrArray) all = availability_zone_kind.hooks.all(model, NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < all->len; i++)
		g_string_append_printf(text, "%s%s %s %s", i ? ", " : "",
			object_str(all->pdata[i], SLOT_NAME),
			object_str(all->pdata[i], AVAILABILITY_ZONE_RESOURCE),
			object_str(all->pdata[i], AVAILABILITY_ZONE_STATE));
	assert_string_equal(text->str, expected);
}

static void assert_network_zones(struct model *model, const char *expected)
{
	const struct object *network = model_first(model, KIND_NETWORK, NETWORK_BY_NAME, "n", NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	availability_zones_write(network_hosts(model, network), &w);
	assert_string_equal(text->str, expected);
}

static void zones_are_made_of_hosts(void **state)
{
	struct model *model = *state;
	const struct object *host;
	GError *error = NULL;

	assert_zones(model, "");
	host = test_create(model, KIND_HOST, test_json("{'name':'h1','availability_zone':'east'}"));
	test_create(model, KIND_HOST, test_json("{'name':'h2'}"));
	assert_zones(model,
		"east network available, east router available, nova network available, nova router available");
	test_update(model, agent_of_host(model, host, AGENT_L3),
		test_json("{'admin_state_up':false}"), NULL);
	assert_zones(model,
		"east network available, east router unavailable, nova network available, nova router available");
	assert_null(test_create_as(model, &test_admin, KIND_NETWORK,
		test_json("{'availability_zone_hints':['east','west']}"), &error));
	assert_error(error, AZ_NOT_FOUND);
	test_create(
		model, KIND_NETWORK, test_json("{'name':'n','availability_zone_hints':['east']}"));
	assert_network_zones(model, "[]");
	for (int i = 1; i <= 4; i++) { /* fewer ports than hosts, then more */
		host = model_first(model, KIND_NETWORK, NETWORK_BY_NAME, "n", NULL);
		test_create(model, KIND_PORT,
			test_json("{'network_id':'%s','binding:host_id':'h%d'}", test_id(host),
				i == 1 ? 1 : 2));
		assert_network_zones(model, i == 1 ? "[\"east\"]" : "[\"east\",\"nova\"]");
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(agents_come_and_go_with_the_host),
		TEST(old_hosts_get_their_agents),
		TEST(zones_are_made_of_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
