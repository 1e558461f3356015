/* SPDX-License-Identifier: Apache-2.0 */
/* Which MAC address a port has, and of which subnets it gets addresses. */
#include "model/testing.h"

struct world {
	struct model *model;
	char network[UUID_STRLEN];
};

static int setup(void **state)
{
	struct world *world = g_new0(struct world, 1);

	world->model = model_new();
	test_create(world->model, KIND_HOST, test_json("{'name':'h'}"));
	strcpy(world->network, test_id(test_create(world->model, KIND_NETWORK, test_json("{}"))));
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

static const struct object *make(struct world *world, const char *more, GError **error)
{
	return test_create_as(world->model, &test_admin, KIND_PORT,
		test_json("{'network_id':'%s'%s}", world->network, more), error);
}

static const char *mac_of(const struct object *port)
{
	static char texts[4][MAC_STRLEN];
	static unsigned next;
	struct mac mac = object_mac(port, PORT_MAC_ADDRESS);

	return mac_format(&mac, texts[next++ % 4]);
}

static void regenerate(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	const struct object *port = make(world, ",'mac_address':'02:00:00:00:00:01'", &error);

	assert_string_equal(mac_of(port), "02:00:00:00:00:01");
	port = test_update(world->model, port, test_json("{'mac_address':null}"), &error);
	assert_non_null(port);
	assert_int_equal(strncmp(mac_of(port), "fa:16:3e:", 9), 0);
	port = make(world, ",'mac_address':null", &error);
	assert_int_equal(strncmp(mac_of(port), "fa:16:3e:", 9), 0);
}

/* A port on a physical device has its address from binding to unbinding. */
static void device_mac(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	const struct object *port = make(world,
		",'binding:vnic_type':'direct-physical','mac_address':'02:00:00:00:00:01',"
		"'binding:profile':{'device_mac_address':'02:00:00:00:00:99'}",
		&error);

	assert_string_equal(mac_of(port), "02:00:00:00:00:01");
	port = test_update(world->model, port, test_json("{'binding:host_id':'h'}"), &error);
	assert_string_equal(mac_of(port), "02:00:00:00:00:99");
	port = test_update(world->model, port, test_json("{'name':'x'}"), &error);
	assert_string_equal(mac_of(port), "02:00:00:00:00:99");
	port = test_update(world->model, port, test_json("{'binding:host_id':''}"), &error);
	assert_int_equal(strncmp(mac_of(port), "fa:16:3e:", 9), 0);
	assert_non_null(make(world,
		",'binding:vnic_type':'normal','binding:host_id':'h','mac_address':"
		"'02:00:00:00:00:02','binding:profile':{'device_mac_address':'02:00:00:00:00:02'}",
		&error));
	assert_null(test_update(world->model, port,
		test_json("{'binding:host_id':'h','binding:profile':"
			  "{'device_mac_address':'02:00:00:00:00:02'}}"),
		&error));
	assert_error(error, MAC_IN_USE);
	assert_null(test_update(world->model, port,
		test_json("{'binding:host_id':'h','binding:profile':"
			  "{'device_mac_address':'01:00:00:00:00:02'}}"),
		&error));
	assert_error(error, INVALID_INPUT);
}

static const char *first_ip(const struct object *port)
{
	static struct port_ips ips;

	ips = port_ips_of(port);
	return port_ips_next(&ips) ? ips.ip_text : "";
}

static const struct object *subnet(struct world *world, unsigned n, const char *types)
{
	return test_create(world->model, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'10.0.%u.0/24','service_types':[%s]}",
			world->network, n, types));
}

static void service_types(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	char asked[200];

	subnet(world, 1, "'compute:nova'");
	assert_null(make(world, "", &error));
	assert_error(error, NO_SERVICE_SUBNET);
	assert_non_null(make(world, ",'fixed_ips':[]", &error));
	assert_string_equal(
		first_ip(make(world, ",'device_owner':'compute:nova'", &error)), "10.0.1.2");
	subnet(world, 2, "");
	assert_string_equal(first_ip(make(world, "", &error)), "10.0.2.2");
	snprintf(asked, sizeof(asked),
		",'device_owner':'baremetal:none','fixed_ips':[{'subnet_id':'%s'}]",
		test_id(subnet(world, 3, "'baremetal:none','compute:nova'")));
	assert_string_equal(first_ip(make(world, asked, &error)), "10.0.3.2");
	/* for its owner first, in the order of creation */
	assert_string_equal(
		first_ip(make(world, ",'device_owner':'compute:nova'", &error)), "10.0.1.3");
	assert_string_equal(
		first_ip(make(world, ",'device_owner':'baremetal:none'", &error)), "10.0.3.3");
	memcpy(strstr(asked, "baremetal:none"), "compute:libvi2", 14);
	assert_null(make(world, asked, &error));
	assert_error(error, INVALID_INPUT);
}

/* What a port has it keeps when it becomes another's. */
static void kept_addresses(void **state)
{
	struct world *world = *state;
	GError *error = NULL;
	const struct object *port;

	subnet(world, 1, "'compute:nova'");
	port = make(world, ",'device_owner':'compute:nova'", &error);
	port = test_update(world->model, port,
		test_json("{'device_owner':'','mac_address':'02:00:00:00:00:05'}"), &error);
	assert_non_null(port);
	assert_string_equal(first_ip(port), "10.0.1.2");
}

static void bad_service_types(void **state)
{
	struct world *world = *state;
	GError *error = NULL;

	assert_null(test_create_as(world->model, &test_admin, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'10.0.0.0/24','service_types':['odd']}",
			world->network),
		&error));
	assert_error(error, INVALID_SERVICE_TYPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(regenerate, setup, teardown),
		cmocka_unit_test_setup_teardown(device_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(service_types, setup, teardown),
		cmocka_unit_test_setup_teardown(kept_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_service_types, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
