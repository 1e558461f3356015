/* SPDX-License-Identifier: Apache-2.0 */
/* Routers: interfaces, gateways and routes, and the ports that come and go with them. */
#include "model/provider/service_provider.h"
#include "model/testing_l3.h"

static void a_gateway_is_a_port(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	const struct object *port = l3_gateway(f, router);
	g_autofree char *first = g_strdup(test_id(port));

	assert_string_equal(object_str(port, PORT_DEVICE_OWNER), "network:router_gateway");
	assert_string_equal(object_str(port, PORT_DEVICE_ID), test_id(router));
	assert_string_equal(object_str(port, SLOT_PROJECT_ID), "");
	l3_assert_ips(port, "203.0.113.2");
	assert_int_equal(object_choice(router, ROUTER_STATUS), ROUTER_ACTIVE);
	assert_false(test_delete(f->model, port, &error));
	assert_error(error, SERVICE_PORT_IN_USE);
	assert_null(test_update(f->model, port, test_json("{'device_id':''}"), &error));
	assert_error(error, SERVICE_PORT_IN_USE);
	assert_false(test_delete(f->model, f->external, &error));
	assert_error(error, NETWORK_IN_USE);

	/* The same network again keeps the port; other addresses are its new ones. */
	router = test_update(f->model, router,
		test_json("{'external_gateway_info':{'network_id':'%s','enable_snat':false}}",
			test_id(f->external)),
		&error);
	assert_string_equal(object_str(router, ROUTER_GATEWAY_PORT_ID), first);
	assert_false(object_bool(router, ROUTER_ENABLE_SNAT));
	router = test_update(f->model, router,
		test_json(
			"{'external_gateway_info':{'network_id':'%s','external_fixed_ips':[{'ip_address':'203.0.113.99'}]}}",
			test_id(f->external)),
		&error);
	assert_string_equal(object_str(router, ROUTER_GATEWAY_PORT_ID), first);
	l3_assert_ips(l3_gateway(f, router), "203.0.113.99");
	assert_true(object_bool(router, ROUTER_ENABLE_SNAT));

	router = test_update(f->model, router, test_json("{'external_gateway_info':{}}"), &error);
	assert_true(object_is_null(router, ROUTER_GATEWAY_PORT_ID));
	assert_null(model_get_text(f->model, KIND_PORT, first));
	assert_true(test_delete(f->model, f->external, &error));
}

static void what_a_gateway_may_not_be(void **state)
{
	struct l3 *f = *state;
	static const struct caller member = { CALLER_MEMBER, "p" };
	GError *error = NULL;

	assert_null(l3_try_router(f, &test_admin, &error,
		"'external_gateway_info':{'network_id':'%s'}", test_id(f->inside)));
	assert_error(error, BAD_REQUEST);
	assert_null(l3_try_router(
		f, &test_admin, &error, "'external_gateway_info':{'enable_snat':true}"));
	assert_error(error, BAD_REQUEST);
	assert_null(l3_try_router(f, &test_admin, &error,
		"'external_gateway_info':{'network_id':'%s','external_fixed_ips':[{'ip_address':'203.0.113.1'}]}",
		test_id(f->external)));
	assert_error(error, BAD_REQUEST);
	assert_null(l3_try_router(f, &member, &error,
		"'external_gateway_info':{'network_id':'%s','enable_snat':true}",
		test_id(f->external)));
	assert_error(error, FORBIDDEN);
	assert_non_null(l3_try_router(f, &member, &error,
		"'external_gateway_info':{'network_id':'%s'}", test_id(f->external)));
	assert_int_equal(model_count_all(f->model, KIND_PORT), 1);
}

/* A request that fails leaves no port and no address behind. */
static void a_failed_router_leaves_nothing(void **state)
{
	struct l3 *f = *state;
	const struct object *subnet =
		model_first(f->model, KIND_SUBNET, SUBNET_BY_NETWORK, test_id(f->external), NULL);
	u64 before = subnet_pool_free(f->model, subnet);
	GError *error = NULL;

	assert_null(l3_try_router(f, &test_admin, &error,
		"'external_gateway_info':{'network_id':'%s','external_fixed_ips':[{'subnet_id':'%s'},{'ip_address':'198.51.100.1'}]}",
		test_id(f->external), test_id(subnet)));
	assert_error(error, IP_NOT_ON_NETWORK);
	assert_int_equal(subnet_pool_free(f->model, subnet), before);
	assert_int_equal(model_count_all(f->model, KIND_PORT), 0);
}

static void an_interface_has_the_gateway_address(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	const struct object *router = l3_router(f, "'name':'r'"), *port;

	assert_true(l3_act(f, router, "add_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(subnet)), &error));
	port = model_first(f->model, KIND_PORT, PORT_BY_ROUTER_SUBNET, test_id(subnet), NULL);
	l3_assert_ips(port, "10.0.0.1");
	assert_string_equal(object_str(port, PORT_DEVICE_OWNER), "network:router_interface");
	assert_string_equal(object_str(port, SLOT_PROJECT_ID), "admin");

	assert_false(test_delete(f->model, port, &error));
	assert_error(error, SERVICE_PORT_IN_USE);
	assert_false(test_delete(f->model, subnet, &error));
	assert_error(error, SUBNET_IN_USE);
	assert_false(test_delete(f->model, router, &error));
	assert_error(error, ROUTER_IN_USE);
	assert_null(test_update(f->model, subnet, test_json("{'gateway_ip':null}"), &error));
	assert_error(error, GATEWAY_IP_IN_USE);
	assert_false(l3_act(f, router, "add_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(subnet)), &error));
	assert_error(error, BAD_REQUEST);

	assert_true(l3_act(f, router, "remove_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(subnet)), &error));
	assert_int_equal(model_count_all(f->model, KIND_PORT), 0);
	assert_false(l3_act(f, router, "remove_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(subnet)), &error));
	assert_error(error, INTERFACE_NOT_FOUND_FOR_SUBNET);
	assert_true(test_delete(f->model, router, &error));
}

static void subnets_of_a_router_do_not_overlap(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *other = test_create(f->model, KIND_NETWORK, test_json("{}"));
	const struct object *wide = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/16'");
	const struct object *narrow = l3_subnet(f, other, "'cidr':'10.0.9.0/24'");
	const struct object *like_outside = l3_subnet(f, other, "'cidr':'203.0.113.128/25'");
	const struct object *router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));

	l3_connect(f, router, wide);
	assert_false(l3_act(f, router, "add_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(narrow)), &error));
	assert_error(error, BAD_REQUEST);
	assert_false(l3_act(f, router, "add_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(like_outside)), &error));
	assert_error(error, BAD_REQUEST);

	/* The other way round: an external network that overlaps with an interface. */
	router = l3_router(f, "'name':'second'");
	l3_connect(f, router, like_outside);
	assert_null(test_update(f->model, router,
		test_json("{'external_gateway_info':{'network_id':'%s'}}", test_id(f->external)),
		&error));
	assert_error(error, BAD_REQUEST);
}

static void ipv6_subnets_share_an_interface(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *four = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	const struct object *six = l3_subnet(f, f->inside,
		"'cidr':'fd00:1::/64','ipv6_ra_mode':'slaac','ipv6_address_mode':'slaac'");
	const struct object *seven = l3_subnet(f, f->inside, "'cidr':'fd00:2::/64'"), *port;
	const struct object *foreign =
		l3_subnet(f, f->inside, "'cidr':'fd00:3::/64','ipv6_address_mode':'slaac'");
	const struct object *router = l3_router(f, "'name':'r'");

	l3_connect(f, router, six);
	l3_connect(f, router, seven);
	l3_connect(f, router, four);
	assert_int_equal(model_count_all(f->model, KIND_PORT), 2);
	port = model_first(f->model, KIND_PORT, PORT_BY_ROUTER_SUBNET, test_id(six), NULL);
	l3_assert_ips(port, "fd00:1::1 fd00:2::1");
	assert_false(l3_act(f, router, "add_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(foreign)), &error));
	assert_error(error, BAD_REQUEST);
	assert_false(test_delete(f->model, six, &error));
	assert_error(error, SUBNET_IN_USE);

	assert_true(l3_act(f, router, "remove_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(six)), &error));
	port = model_first(f->model, KIND_PORT, PORT_BY_ROUTER_SUBNET, test_id(seven), NULL);
	l3_assert_ips(port, "fd00:2::1");
	assert_true(test_delete(f->model, six, &error));
}

static void an_interface_by_port(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	const struct object *router = l3_router(f, "'name':'r'"), *port, *used;

	port = l3_port(f, f->inside, "'name':'p'");
	used = l3_port(f, f->inside, "'device_id':'vm'");
	assert_false(l3_act(f, router, "add_router_interface",
		test_json("{'port_id':'%s'}", test_id(used)), &error));
	assert_error(error, PORT_IN_USE);
	assert_false(l3_act(f, router, "add_router_interface",
		test_json("{'port_id':'%s','subnet_id':'%s'}", test_id(port), test_id(subnet)),
		&error));
	assert_error(error, BAD_REQUEST);
	assert_true(l3_act(f, router, "add_router_interface",
		test_json("{'port_id':'%s'}", test_id(port)), &error));
	port = model_first(f->model, KIND_PORT, PORT_BY_ROUTER_SUBNET, test_id(subnet), NULL);
	assert_string_equal(object_str(port, PORT_DEVICE_ID), test_id(router));
	assert_string_equal(object_str(port, SLOT_NAME), "p");
	assert_false(l3_act(f, router, "add_router_interface",
		test_json("{'port_id':'%s'}", test_id(port)), &error));
	assert_error(error, PORT_IN_USE);
	assert_false(l3_act(f, router, "remove_router_interface",
		test_json("{'port_id':'%s'}", test_id(used)), &error));
	assert_error(error, INTERFACE_NOT_FOUND);
	assert_true(l3_act(f, router, "remove_router_interface",
		test_json("{'port_id':'%s'}", test_id(port)), &error));
	assert_null(model_first(f->model, KIND_PORT, PORT_BY_ROUTER_SUBNET, test_id(subnet), NULL));
}

static void owners_are_not_for_callers(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;

	assert_null(test_create_as(f->model, &test_admin, KIND_PORT,
		test_json("{'network_id':'%s','device_owner':'network:router_interface'}",
			test_id(f->inside)),
		&error));
	assert_error(error, BAD_REQUEST);
	assert_null(test_update(f->model, l3_port(f, f->inside, "'name':'p'"),
		test_json("{'device_owner':'network:floatingip'}"), &error));
	assert_error(error, BAD_REQUEST);
}

static void next_hops_are_on_the_subnets(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	const struct object *router = l3_router(f, "'name':'r'");
	g_autofree char *id = g_strdup(test_id(router));

	l3_connect(f, router, subnet);
	assert_null(test_update(f->model, router,
		test_json("{'routes':[{'destination':'1.0.0.0/8','nexthop':'10.0.1.2'}]}"),
		&error));
	assert_error(error, INVALID_ROUTES);
	assert_null(test_update(f->model, router,
		test_json("{'routes':[{'destination':'1.0.0.0/8','nexthop':'10.0.0.1'}]}"),
		&error));
	assert_error(error, INVALID_ROUTES);
	assert_null(test_update(f->model, router,
		test_json("{'routes':[{'destination':'fd00::/8','nexthop':'10.0.0.2'}]}"), &error));
	assert_error(error, INVALID_ROUTES);
	assert_true(l3_act(f, router, "add_extraroutes",
		test_json(
			"{'router':{'routes':[{'destination':'1.0.0.0/8','nexthop':'10.0.0.2'},{'destination':'1.0.0.0/8','nexthop':'10.0.0.3'}]}}"),
		&error));
	router = model_get_text(f->model, KIND_ROUTER, id);
	assert_true(l3_act(f, router, "add_extraroutes",
		test_json(
			"{'router':{'routes':[{'destination':'1.0.0.0/8','nexthop':'10.0.0.3'}]}}"),
		&error));
	router = model_get_text(f->model, KIND_ROUTER, id);
	assert_string_equal(object_str(router, ROUTER_ROUTES),
		"[{\"destination\":\"1.0.0.0/8\",\"nexthop\":\"10.0.0.2\"},{\"destination\":\"1.0.0.0/8\",\"nexthop\":\"10.0.0.3\"}]");
	assert_false(l3_act(f, router, "remove_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(subnet)), &error));
	assert_error(error, INTERFACE_HAS_ROUTE);
	assert_true(l3_act(f, router, "remove_extraroutes",
		test_json(
			"{'router':{'routes':[{'destination':'1.0.0.0/8','nexthop':'10.0.0.2'},{'destination':'1.0.0.0/8','nexthop':'10.0.0.3'},{'destination':'9.0.0.0/8','nexthop':'10.0.0.3'}]}}"),
		&error));
	router = model_get_text(f->model, KIND_ROUTER, id);
	assert_true(l3_act(f, router, "remove_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(subnet)), &error));
}

/* A gateway that a route needs is not taken away. */
static void destinations_are_routed(void **state)
{
	struct l3 *f = *state;
	static const char *const bad[] = { "224.0.0.0/4", "ff00::/8", "169.254.7.0/24", "fe80::/64",
		"127.0.0.0/8" };
	g_autoptr(GString) routes = g_string_new(NULL);
	const struct object *router = l3_router(f, "'name':'r'");
	g_autofree char *id = g_strdup(test_id(router));
	GError *error = NULL;

	l3_connect(f, router, l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'"));
	l3_connect(f, router, l3_subnet(f, f->inside, "'cidr':'fd01::/64'"));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *hop = strchr(bad[i], ':') ? "fd01::9" : "10.0.0.9";

		assert_null(test_update(f->model, router,
			test_json("{'routes':[{'destination':'%s','nexthop':'%s'}]}", bad[i], hop),
			&error));
		assert_error(error, INVALID_ROUTES);
	}
	for (int i = 0; i < 9; i++) {
		g_string_append_printf(routes,
			"%s{'destination':'9.0.0.0/8','nexthop':'10.0.0.%d'}", i ? "," : "",
			20 + i);
		router = model_get_text(f->model, KIND_ROUTER, id);
		assert_int_equal(test_update(f->model, router,
					 test_json("{'routes':[%s]}", routes->str), &error) != NULL,
			i < 8);
	}
	assert_error(error, INVALID_ROUTES);
}

static void routes_by_the_gateway(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));

	router = test_update(f->model, router,
		test_json("{'routes':[{'destination':'1.0.0.0/8','nexthop':'203.0.113.77'}]}"),
		&error);
	assert_null(error);
	assert_null(
		test_update(f->model, router, test_json("{'external_gateway_info':null}"), &error));
	assert_error(error, INVALID_ROUTES);
	assert_non_null(test_update(
		f->model, router, test_json("{'external_gateway_info':null,'routes':[]}"), &error));
}

static void modes_change_while_down(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	const struct object *router = l3_router(f, "'name':'r'"), *port;

	l3_connect(f, router, subnet);
	assert_null(test_update(f->model, router, test_json("{'distributed':true}"), &error));
	assert_error(error, BAD_REQUEST);
	assert_null(test_update(f->model, router,
		test_json("{'distributed':true,'admin_state_up':false}"), &error));
	assert_error(error, BAD_REQUEST);
	router = test_update(f->model, router, test_json("{'admin_state_up':false}"), &error);
	router = test_update(f->model, router, test_json("{'distributed':true}"), &error);
	assert_null(error);
	port = model_first(f->model, KIND_PORT, PORT_BY_ROUTER_SUBNET, test_id(subnet), NULL);
	assert_string_equal(
		object_str(port, PORT_DEVICE_OWNER), "network:router_interface_distributed");
}

static const struct object *of_flavor(struct l3 *f, const char *metainfo, const char *more)
{
	const struct object *profile = test_create(f->model, KIND_SERVICE_PROFILE,
		json_pack("{s:s, s:s}", "driver", "virtual-router", "metainfo", metainfo));
	const struct object *flavor = test_create(f->model, KIND_FLAVOR,
		test_json("{'service_type':'L3_ROUTER_NAT','service_profiles':['%s']}",
			test_id(profile)));

	return test_create(
		f->model, KIND_ROUTER, test_json("{'flavor_id':'%s'%s}", test_id(flavor), more));
}

/* Z15: whoever does not say it gets what the offering says. */
static void redundant_by_the_offering(void **state)
{
	struct l3 *f = *state;

	service_provider_register(
		f->model, "virtual-router", false, SERVICE_BIT(SERVICE_ROUTER), NULL);
	assert_true(object_bool(of_flavor(f, "{\"ha\": true}", ""), ROUTER_HA));
	assert_false(object_bool(of_flavor(f, "{\"ha\": true}", ",'ha':false"), ROUTER_HA));
	assert_false(object_bool(of_flavor(f, "{\"ha\": false}", ""), ROUTER_HA));
	assert_true(object_bool(of_flavor(f, "", ",'ha':true"), ROUTER_HA));
	assert_false(object_bool(l3_router(f, "'name':'edge'"), ROUTER_HA));
}

/* What hangs together survives being stored and loaded, and being undone. */
static void undone_with_its_ports(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	struct txn *txn = txn_new(f->model, &test_admin);
	json_t *body =
		test_json("{'external_gateway_info':{'network_id':'%s'}}", test_id(f->external));
	u64 before = model_revision(f->model);

	assert_non_null(txn_create(txn, KIND_ROUTER, body, &error));
	json_decref(body);

	g_autoptr(changeset) changes = test_apply(txn);

	assert_int_equal(changes->n, 2);
	assert_int_equal(model_count_all(f->model, KIND_PORT), 1);
	model_undo(f->model, changes, before);
	assert_int_equal(model_count_all(f->model, KIND_PORT), 0);
	assert_int_equal(model_count_all(f->model, KIND_ROUTER), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(a_gateway_is_a_port),
		l3_test(what_a_gateway_may_not_be),
		l3_test(a_failed_router_leaves_nothing),
		l3_test(an_interface_has_the_gateway_address),
		l3_test(subnets_of_a_router_do_not_overlap),
		l3_test(ipv6_subnets_share_an_interface),
		l3_test(an_interface_by_port),
		l3_test(owners_are_not_for_callers),
		l3_test(next_hops_are_on_the_subnets),
		l3_test(destinations_are_routed),
		l3_test(routes_by_the_gateway),
		l3_test(modes_change_while_down),
		l3_test(redundant_by_the_offering),
		l3_test(undone_with_its_ports),
	};

	return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
