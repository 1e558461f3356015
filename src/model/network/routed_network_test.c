/* SPDX-License-Identifier: Apache-2.0 */
/* Networks whose subnets are on segments: which subnets may be, what guests are told of the others,
 * and which addresses ports get. */
#include "model/network/segment.h"
#include "model/testing.h"

/* Segments r1 and r2 of a network, with a subnet each; hosts h1 and h2 are on one each, h3 on both
 * and h0 on none. */
struct fixture {
	struct model *model;
	char network[UUID_STRLEN], segments[2][UUID_STRLEN], subnets[2][UUID_STRLEN];
};

static const struct object *get(const struct fixture *f, enum kind_id kind, const char *id)
{
	return model_get_text(f->model, kind, id);
}

static const struct object *first_segment(const struct fixture *f, const char *network)
{
	return model_first(f->model, KIND_SEGMENT, SEGMENT_BY_NETWORK, network, NULL);
}

static void keep_id(const struct object *object, char to[static UUID_STRLEN])
{
	uuid_format(object_id(object), to);
}

static const struct object *make_segment(struct fixture *f, const char *physical)
{
	return test_create(f->model, KIND_SEGMENT,
		test_json("{'network_id':'%s','network_type':'vlan','physical_network':'%s'}",
			f->network, physical));
}

static const struct object *make_subnet(
	struct fixture *f, const char *segment, const char *cidr, const char *more, GError **error)
{
	return test_create_as(f->model, &test_admin, KIND_SUBNET,
		test_json("{'network_id':'%s','segment_id':%s%s%s,'cidr':'%s'%s}", f->network,
			segment ? "'" : "", segment ? segment : "null", segment ? "'" : "", cidr,
			more),
		error);
}

static int setup(void **state)
{
	static const char *const mappings[] = { "{}", "{'r1':'eth1'}", "{'r2':'eth1'}",
		"{'r1':'eth1','r2':'eth2'}" };
	static struct fixture f;

	f.model = model_new();
	for (unsigned i = 0; i < G_N_ELEMENTS(mappings); i++)
		test_create(f.model, KIND_HOST,
			test_json("{'name':'h%u','bridge_mappings':%s}", i, mappings[i]));
	keep_id(test_create(f.model, KIND_NETWORK,
			test_json(
				"{'provider:network_type':'vlan','provider:physical_network':'r1'}")),
		f.network);
	keep_id(first_segment(&f, f.network), f.segments[0]);
	keep_id(make_segment(&f, "r2"), f.segments[1]);
	keep_id(make_subnet(&f, f.segments[0], "10.1.0.0/24", "", NULL), f.subnets[0]);
	keep_id(make_subnet(&f, f.segments[1], "10.2.0.0/24", "", NULL), f.subnets[1]);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	model_free(((struct fixture *)*state)->model);
	return 0;
}

static const char *routes_of(const struct fixture *f, unsigned i)
{
	return object_str(get(f, KIND_SUBNET, f->subnets[i]), SUBNET_HOST_ROUTES);
}

#define ROUTE(to, via) "{\"destination\":\"" to "\",\"nexthop\":\"" via "\"}"

static void peers_are_told(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *third;

	assert_string_equal(routes_of(f, 0), "[" ROUTE("10.2.0.0/24", "10.1.0.1") "]");
	assert_string_equal(routes_of(f, 1), "[" ROUTE("10.1.0.0/24", "10.2.0.1") "]");
	/* on the same segment there is no route; what a wider one covers needs none */
	third = make_subnet(f, f->segments[1], "10.3.0.0/24",
		",'host_routes':[{'destination':'10.0.0.0/8','nexthop':'10.3.0.9'}]", &error);
	assert_non_null(third);
	assert_string_equal(
		object_str(third, SUBNET_HOST_ROUTES), "[" ROUTE("10.0.0.0/8", "10.3.0.9") "]");
	assert_string_equal(routes_of(f, 0),
		"[" ROUTE("10.2.0.0/24", "10.1.0.1") "," ROUTE("10.3.0.0/24", "10.1.0.1") "]");
	assert_string_equal(routes_of(f, 1), "[" ROUTE("10.1.0.0/24", "10.2.0.1") "]");
	/* the other IP version is none of its business */
	make_subnet(f, f->segments[1], "fd00::/64", "", &error);
	assert_true(test_delete(f->model, third, &error));
	assert_string_equal(routes_of(f, 0), "[" ROUTE("10.2.0.0/24", "10.1.0.1") "]");
	/* they lead over the gateway, beside what the user has said */
	test_update(f->model, get(f, KIND_SUBNET, f->subnets[0]),
		test_json(
			"{'gateway_ip':'10.1.0.254','allocation_pools':[{'start':'10.1.0.2','end':'10.1.0.9'}]}"),
		&error);
	assert_string_equal(routes_of(f, 0), "[" ROUTE("10.2.0.0/24", "10.1.0.254") "]");
	test_update(f->model, get(f, KIND_SUBNET, f->subnets[0]),
		test_json("{'host_routes':[{'destination':'10.9.0.0/24','nexthop':'10.1.0.9'}]}"),
		&error);
	assert_string_equal(routes_of(f, 0),
		"[" ROUTE("10.9.0.0/24", "10.1.0.9") "," ROUTE("10.2.0.0/24", "10.1.0.254") "]");
	test_update(f->model, get(f, KIND_SUBNET, f->subnets[0]), test_json("{'gateway_ip':null}"),
		&error);
	assert_string_equal(routes_of(f, 0), "[" ROUTE("10.9.0.0/24", "10.1.0.9") "]");
}

static void all_or_none(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *other = test_create(f->model, KIND_NETWORK, test_json("{}"));

	assert_null(make_subnet(f, NULL, "10.4.0.0/24", "", &error));
	assert_error(error, SEGMENT_FOR_ALL);
	assert_non_null(
		make_subnet(f, NULL, "10.4.0.0/24", ",'service_types':['network:routed']", &error));
	assert_null(make_subnet(f, f->network, "10.5.0.0/24", "", &error));
	assert_error(error, SEGMENT_NOT_FOUND);
	assert_null(make_subnet(
		f, test_id(first_segment(f, test_id(other))), "10.5.0.0/24", "", &error));
	assert_error(error, SEGMENT_OF_OTHER_NETWORK);
	test_create(f->model, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'10.0.0.0/24'}", test_id(other)));
	assert_false(test_delete(f->model, get(f, KIND_SEGMENT, f->segments[0]), &error));
	assert_error(error, SEGMENT_IN_USE);
	assert_true(test_delete(
		f->model, get(f, KIND_NETWORK, f->network), &error)); /* it goes with all of it */
	assert_int_equal(model_count_all(f->model, KIND_SEGMENT), 1);
	assert_int_equal(model_count_all(f->model, KIND_SUBNET), 1);
}

/* A network with one subnet and one segment becomes a routed one, for good. */
static void made_routed(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	char segment[UUID_STRLEN];
	const struct object *subnet;

	assert_null(test_update(f->model, get(f, KIND_SUBNET, f->subnets[0]),
		test_json("{'segment_id':null}"), &error));
	assert_error(error, SEGMENT_FOR_ALL);
	keep_id(test_create(f->model, KIND_NETWORK, test_json("{}")), f->network);
	keep_id(first_segment(f, f->network), segment);
	subnet = make_subnet(f, NULL, "10.0.0.0/24", "", &error);
	assert_null(test_update(
		f->model, subnet, test_json("{'segment_id':'%s'}", f->segments[0]), &error));
	assert_error(error, SEGMENT_OF_OTHER_NETWORK);
	subnet = test_update(f->model, subnet, test_json("{'segment_id':'%s'}", segment), &error);
	assert_non_null(subnet);
	assert_null(test_update(f->model, subnet, test_json("{'segment_id':null}"), &error));
	assert_error(error, SEGMENT_FOR_GOOD);
	assert_true(test_delete(f->model, subnet, &error));
	subnet = make_subnet(f, NULL, "10.0.0.0/24", "", &error);
	make_segment(f, "r2");
	assert_null(
		test_update(f->model, subnet, test_json("{'segment_id':'%s'}", segment), &error));
	assert_error(error, SEGMENT_OF_SEVERAL);
}

static const struct object *make_port(struct fixture *f, const char *more, GError **error)
{
	return test_create_as(f->model, &test_admin, KIND_PORT,
		test_json("{'network_id':'%s'%s}", f->network, more), error);
}

static const char *first_ip(const struct object *port)
{
	static char text[IP_STRLEN];
	struct port_ips ips = port_ips_of(port);

	return port_ips_next(&ips) ? strcpy(text, ips.ip_text) : "";
}

static void address_of_the_hosts_segment(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *port = make_port(f, ",'binding:host_id':'h2'", &error);

	assert_string_equal(first_ip(port), "10.2.0.2");
	assert_int_equal(object_choice(port, PORT_IP_ALLOCATION), PORT_IP_IMMEDIATE);
	assert_null(make_port(f, ",'binding:host_id':'h0'", &error));
	assert_error(error, HOST_ON_NO_SEGMENT);
	assert_null(make_port(f, ",'binding:host_id':'h3'", &error));
	assert_error(error, HOST_ON_SEGMENTS);
	assert_null(make_port(
		f, ",'binding:host_id':'h2','fixed_ips':[{'ip_address':'10.1.0.9'}]", &error));
	assert_error(error, IP_NOT_ON_NETWORK);
	g_autofree char *fixed = g_strdup_printf(
		",'binding:host_id':'h2','fixed_ips':[{'subnet_id':'%s'}]", f->subnets[0]);
	assert_null(make_port(f, fixed, &error));
	assert_error(error, INVALID_INPUT);
	assert_null(test_update(f->model, port, test_json("{'binding:host_id':'h1'}"), &error));
	assert_error(error, HOST_WITHOUT_IPS);
	port = test_update(f->model, port,
		test_json(
			"{'binding:host_id':'h1','fixed_ips':[{'subnet_id':'%s'}]}", f->subnets[0]),
		&error);
	assert_string_equal(first_ip(port), "10.1.0.2");
}

static void deferred(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *port = make_port(f, "", &error);

	assert_int_equal(object_choice(port, PORT_IP_ALLOCATION), PORT_IP_DEFERRED);
	assert_string_equal(first_ip(port), "");
	assert_null(test_update(f->model, port, test_json("{'binding:host_id':'h0'}"), &error));
	assert_error(error, HOST_ON_NO_SEGMENT);
	port = test_update(f->model, port, test_json("{'binding:host_id':'h2'}"), &error);
	assert_string_equal(first_ip(port), "10.2.0.2");
	port = test_update(f->model, port, test_json("{'binding:host_id':''}"), &error);
	assert_string_equal(first_ip(port), "10.2.0.2");
	/* one that has none on purpose does not wait */
	port = make_port(f, ",'fixed_ips':[]", &error);
	assert_int_equal(object_choice(port, PORT_IP_ALLOCATION), PORT_IP_NONE);
	port = test_update(f->model, port, test_json("{'binding:host_id':'h2'}"), &error);
	assert_string_equal(first_ip(port), "");
}

static void unbound_wishes(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *port =
		make_port(f, ",'fixed_ips':[{'ip_address':'10.1.0.7'}]", &error);

	assert_int_equal(object_choice(port, PORT_IP_ALLOCATION), PORT_IP_IMMEDIATE);
	assert_string_equal(first_ip(port), "10.1.0.7");
	assert_null(make_port(
		f, ",'fixed_ips':[{'ip_address':'10.1.0.8'},{'ip_address':'10.2.0.8'}]", &error));
	assert_error(error, IPS_ON_SEGMENTS);
	assert_null(make_port(f, ",'fixed_ips':[{'ip_address':'10.9.0.8'}]", &error));
	assert_error(error, IP_NOT_ON_NETWORK);
	assert_null(test_update(f->model, port, test_json("{'binding:host_id':'h2'}"), &error));
	assert_error(error, HOST_WITHOUT_IPS);
	port = test_update(f->model, port, test_json("{'binding:host_id':'h1'}"), &error);
	assert_string_equal(first_ip(port), "10.1.0.7");
}

/* Guests make addresses of their own segment's subnets only. */
static void own_addresses(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *here = make_port(f, ",'binding:host_id':'h1'", &error), *subnet;
	const struct object *there = make_port(f, ",'binding:host_id':'h2'", &error);
	const struct object *loose =
		make_port(f, ",'fixed_ips':[{'ip_address':'10.1.0.7'}]", &error);
	const struct object *waiting = make_port(f, "", &error), *bare;
	struct uuid ids[] = { *object_id(here), *object_id(loose), *object_id(there),
		*object_id(waiting) };

	subnet =
		make_subnet(f, f->segments[0], "fd00::/64", ",'ipv6_address_mode':'slaac'", &error);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(
			port_has_subnet(model_get(f->model, KIND_PORT, &ids[i]), test_id(subnet)),
			i < 2);
	g_autofree char *fixed =
		g_strdup_printf(",'fixed_ips':[{'subnet_id':'%s'}]", test_id(subnet));
	bare = make_port(f, fixed, &error);
	assert_non_null(bare);
	assert_false(test_delete(f->model, subnet, &error));
	assert_error(error, SUBNET_IN_USE);
	assert_true(test_delete(f->model, bare, &error));
	assert_true(test_delete(f->model, subnet, &error));
}

/* An overlay reaches every host, so a network of one is routed without any mapping. */
static void routed_overlay(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;

	keep_id(test_create(f->model, KIND_NETWORK, test_json("{}")), f->network);
	make_subnet(f, test_id(first_segment(f, f->network)), "10.0.0.0/24", "", &error);
	assert_string_equal(first_ip(make_port(f, ",'binding:host_id':'h0'", &error)), "10.0.0.2");
}

static void which_segment(void **state)
{
	struct fixture *f = *state;
	const char *network = f->network;
	const struct object *overlay;

	assert_null(segment_of_host(f->model, network, host_find(f->model, "h0")));
	for (unsigned i = 0; i < 3; i++) {
		static const char *const hosts[] = { "h1", "h2", "h3" };

		assert_ptr_equal(segment_of_host(f->model, network, host_find(f->model, hosts[i])),
			get(f, KIND_SEGMENT, f->segments[i % 2]));
	}
	overlay = test_create(f->model, KIND_SEGMENT,
		test_json("{'network_id':'%s','network_type':'geneve'}", network));
	assert_ptr_equal(segment_of_host(f->model, network, host_find(f->model, "h2")), overlay);
}

static void mappings(void **state)
{
	static const char *const bad[] = { "[]", "{'p':''}", "{'p':5}", "{'':'eth0'}" };
	struct fixture *f = *state;
	GError *error = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_null(test_update(f->model, host_find(f->model, "h0"),
			test_json("{'bridge_mappings':%s}", bad[i]), &error));
		assert_error(error, INVALID_INPUT);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(peers_are_told),
		TEST(all_or_none),
		TEST(made_routed),
		TEST(address_of_the_hosts_segment),
		TEST(deferred),
		TEST(unbound_wishes),
		TEST(own_addresses),
		TEST(routed_overlay),
		TEST(which_segment),
		TEST(mappings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
