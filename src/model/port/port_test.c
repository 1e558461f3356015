/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, subnets and networks through transactions: addresses, uniqueness, relations. */
#include "model/testing.h"

struct fixture {
	struct model *model;
	const struct object *network;
};

static int setup(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	f->model = model_new();
	f->network = object_ref(test_create(f->model, KIND_NETWORK, test_json("{'name':'n'}")));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	object_unref((struct object *)f->network);
	model_free(f->model);
	g_free(f);
	return 0;
}

static const struct object *add_subnet(struct fixture *f, const char *more)
{
	return test_create(f->model, KIND_SUBNET,
		test_json("{'network_id':'%s',%s}", test_id(f->network), more));
}

static const struct object *try_port(struct fixture *f, const char *more, GError **error)
{
	return test_create_as(f->model, &test_admin, KIND_PORT,
		test_json("{'network_id':'%s'%s}", test_id(f->network), more), error);
}

static const struct object *add_port(struct fixture *f, const char *more)
{
	GError *error = NULL;
	const struct object *port = try_port(f, more, &error);

	if (!port)
		fail_msg("port: %s", error->message);
	return port;
}

static void assert_ips(const struct object *port, const char *expected)
{
	g_autoptr(GString) all = g_string_new(NULL);
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		g_string_append_printf(all, "%s%s", all->len ? " " : "", ips.ip_text);
	assert_string_equal(all->str, expected);
}

/* B22: addresses come from the pools in order, gateway left out, and run out with a clear error. */
static void addresses_in_order_until_exhausted(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *subnet = add_subnet(f, "'cidr':'10.0.0.0/29'");
	const struct object *port;

	assert_string_equal(object_str(subnet, SUBNET_GATEWAY_IP), "10.0.0.1");
	assert_string_equal(object_str(subnet, SUBNET_ALLOCATION_POOLS),
		"[{\"start\":\"10.0.0.2\",\"end\":\"10.0.0.6\"}]");
	for (int i = 2; i <= 6; i++) {
		char ip[IP_STRLEN];

		g_snprintf(ip, sizeof(ip), "10.0.0.%d", i);
		port = add_port(f, "");
		assert_ips(port, ip);
	}
	assert_int_equal(subnet_pool_free(f->model, subnet), 0);
	assert_null(try_port(f, "", &error));
	assert_non_null(strstr(error->message, "10.0.0.0/29"));
	assert_error(error, IP_EXHAUSTED);
	assert_true(test_delete(f->model, port, NULL));
	assert_ips(add_port(f, ""), "10.0.0.6");
}

static void asked_addresses(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *port;

	add_subnet(f, "'cidr':'10.0.0.0/24','gateway_ip':null");
	port = add_port(f, ",'fixed_ips':[{'ip_address':'10.0.0.1'}]");
	assert_ips(port, "10.0.0.1");
	assert_null(try_port(f, ",'fixed_ips':[{'ip_address':'10.0.0.1'}]", &error));
	assert_error(error, IP_IN_USE);
	assert_null(try_port(f, ",'fixed_ips':[{'ip_address':'10.0.1.1'}]", &error));
	assert_error(error, IP_NOT_ON_NETWORK);
	assert_null(try_port(f, ",'fixed_ips':[{'ip_address':'10.0.0.255'}]", &error));
	assert_error(error, IP_NOT_ON_SUBNET);
	assert_ips(add_port(f, ",'fixed_ips':[]"), "");
	assert_ips(add_port(f, ""), "10.0.0.2");
	port = test_update(f->model, port,
		test_json("{'fixed_ips':[{'ip_address':'10.0.0.1'},{'ip_address':'10.0.0.9'}]}"),
		&error);
	assert_ips(port, "10.0.0.1 10.0.0.9");
	port = test_update(
		f->model, port, test_json("{'fixed_ips':[{'ip_address':'10.0.0.9'}]}"), &error);
	assert_ips(port, "10.0.0.9");
	assert_ips(add_port(f, ",'fixed_ips':[{'ip_address':'10.0.0.1'}]"), "10.0.0.1");
}

/* A failed or abandoned transaction leaves no address taken. */
static void abandoned_transaction_gives_back(void **state)
{
	struct fixture *f = *state;
	const struct object *subnet = add_subnet(f, "'cidr':'10.0.0.0/24'");
	u64 before = subnet_pool_free(f->model, subnet);
	json_t *body = test_json("{'network_id':'%s'}", test_id(f->network));
	struct txn *txn = txn_new(f->model, &test_admin);

	for (int i = 0; i < 3; i++)
		assert_non_null(txn_create(txn, KIND_PORT, body, NULL));
	json_decref(body);
	assert_int_equal(subnet_pool_free(f->model, subnet), before - 3);
	txn_free(txn);
	assert_int_equal(subnet_pool_free(f->model, subnet), before);
	assert_int_equal(model_count_all(f->model, KIND_PORT), 0);
}

static void both_families_and_slaac(void **state)
{
	struct fixture *f = *state;
	const struct object *port, *slaac;

	add_subnet(f, "'cidr':'10.0.0.0/24'");
	add_subnet(f, "'cidr':'10.0.1.0/24'");
	add_subnet(f, "'cidr':'fd00:1::/64','ipv6_address_mode':'dhcpv6-stateful'");
	port = add_port(f, ",'mac_address':'fa:16:3e:00:00:01'");
	assert_ips(port, "10.0.0.2 fd00:1::2");
	slaac = add_subnet(
		f, "'cidr':'fd00:2::/64','ipv6_address_mode':'slaac','ipv6_ra_mode':'slaac'");
	port = model_first(f->model, KIND_PORT, PORT_BY_MAC, "fa:16:3e:00:00:01", NULL);
	assert_ips(port, "10.0.0.2 fd00:1::2 fd00:2::f816:3eff:fe00:1");
	port = test_update(f->model, port, test_json("{'mac_address':'fa:16:3e:00:00:02'}"), NULL);
	assert_ips(port, "10.0.0.2 fd00:1::2 fd00:2::f816:3eff:fe00:2");
	assert_true(test_delete(f->model, slaac, NULL));
	port = model_first(f->model, KIND_PORT, PORT_BY_MAC, "fa:16:3e:00:00:02", NULL);
	assert_ips(port, "10.0.0.2 fd00:1::2");
}

static void bad_subnets(void **state)
{
	static const struct {
		const char *body;
		enum weft_error code;
	} cases[] = {
		{ "'cidr':'10.0.0.128/25'", WEFT_ERROR_INVALID_INPUT }, /* overlaps */
		{ "'cidr':'10.0.0.0/24'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/33'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'224.0.0.0/24'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/24','ip_version':6", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/24','gateway_ip':'10.2.0.1'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/24','gateway_ip':'10.1.0.255'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/24','allocation_pools':[{'start':'10.1.0.1','end':'10.1.0.9'}]",
			WEFT_ERROR_GATEWAY_IN_POOL },
		{ "'cidr':'10.1.0.0/24','allocation_pools':[{'start':'10.1.0.9','end':'10.1.0.2'}]",
			WEFT_ERROR_POOL_INVALID },
		{ "'cidr':'10.1.0.0/24','allocation_pools':[{'start':'10.1.0.9','end':'10.2.0.2'}]",
			WEFT_ERROR_POOL_OUTSIDE },
		{ "'cidr':'10.1.0.0/24','allocation_pools':[{'start':'10.1.0.9','end':'10.1.0.20'},"
		  "{'start':'10.1.0.20','end':'10.1.0.30'}]",
			WEFT_ERROR_POOLS_OVERLAP },
		{ "'cidr':'fd00::/80','ipv6_address_mode':'slaac'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/24','ipv6_ra_mode':'slaac'", WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/24','host_routes':[{'destination':'fd00::/8','nexthop':'fd00::1'}]",
			WEFT_ERROR_INVALID_INPUT },
		{ "'cidr':'10.1.0.0/24','colour':'red'", WEFT_ERROR_INVALID_INPUT },
	};
	struct fixture *f = *state;

	add_subnet(f, "'cidr':'10.0.0.0/24'");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;

		assert_null(test_create_as(f->model, &test_admin, KIND_SUBNET,
			test_json("{'network_id':'%s',%s}", test_id(f->network), cases[i].body),
			&error));
		if (!g_error_matches(error, WEFT_ERROR, (int)cases[i].code))
			fail_msg("%s: %s: %s", cases[i].body, weft_error_type(error),
				error->message);
		g_clear_error(&error);
	}
	assert_int_equal(model_count_all(f->model, KIND_SUBNET), 1);
}

static void bad_ports(void **state)
{
	static const struct {
		const char *body;
		enum weft_error code;
	} cases[] = {
		{ ",'mac_address':'fa:16:3e:00:00:01'", WEFT_ERROR_MAC_IN_USE },
		{ ",'mac_address':'01:00:5e:00:00:01'", WEFT_ERROR_INVALID_INPUT },
		{ ",'mac_address':7", WEFT_ERROR_INVALID_INPUT },
		{ ",'binding:host_id':'nowhere'", WEFT_ERROR_INVALID_INPUT },
		{ ",'status':'ACTIVE'", WEFT_ERROR_BAD_REQUEST },
		{ ",'admin_state_up':'perhaps'", WEFT_ERROR_INVALID_INPUT },
		{ ",'fixed_ips':{}", WEFT_ERROR_INVALID_INPUT },
		{ ",'fixed_ips':[{}]", WEFT_ERROR_INVALID_INPUT },
		{ ",'fixed_ips':[{'ip':'1.2.3.4'}]", WEFT_ERROR_INVALID_INPUT },
		{ ",'fixed_ips':[{'subnet_id':'01234567-89ab-cdef-0123-456789abcdef'}]",
			WEFT_ERROR_SUBNET_NOT_FOUND },
		{ ",'allowed_address_pairs':[{'mac_address':'fa:16:3e:00:00:09'}]",
			WEFT_ERROR_INVALID_INPUT },
		{ ",'port_security_enabled':false,'allowed_address_pairs':[{'ip_address':'1.2.3.4'}]",
			WEFT_ERROR_CONFLICT },
		{ ",'dns_name':'-x'", WEFT_ERROR_INVALID_INPUT },
		{ ",'qos_policy_id':'01234567-89ab-cdef-0123-456789abcdef'",
			WEFT_ERROR_QOS_POLICY_NOT_FOUND },
		{ ",'name':null", WEFT_ERROR_INVALID_INPUT },
		{ ",'credential_hash':'x'", WEFT_ERROR_INVALID_INPUT },
	};
	struct fixture *f = *state;

	add_port(f, ",'mac_address':'fa:16:3e:00:00:01'");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		GError *error = NULL;

		assert_null(try_port(f, cases[i].body, &error));
		if (!g_error_matches(error, WEFT_ERROR, (int)cases[i].code))
			fail_msg("%s: %s: %s", cases[i].body, weft_error_type(error),
				error->message);
		g_clear_error(&error);
	}
}

static void in_use(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *subnet = add_subnet(f, "'cidr':'10.0.0.0/24'");
	const struct object *host = test_create(f->model, KIND_HOST, test_json("{'name':'h1'}"));
	const struct object *port = add_port(f, ",'binding:host_id':'h1'");

	assert_false(test_delete(f->model, f->network, &error));
	assert_error(error, NETWORK_IN_USE);
	assert_false(test_delete(f->model, subnet, &error));
	assert_error(error, SUBNET_IN_USE);
	assert_false(test_delete(f->model, host, &error));
	assert_error(error, HOST_IN_USE);
	assert_true(test_delete(f->model, port, NULL));
	assert_true(test_delete(f->model, f->network, NULL));
	assert_int_equal(model_count_all(f->model, KIND_SUBNET), 0); /* it goes with the network */
	assert_true(test_delete(f->model, host, NULL));
}

/* Who serves a network's DHCP is no use of it, nor of its subnets; anybody else is. */
static void dhcp_goes_with_the_network(void **state)
{
	struct fixture *f = *state;
	const struct object *subnet = add_subnet(f, "'cidr':'10.0.0.0/24'"), *other;
	const struct object *port = add_port(f, ",'device_owner':'network:dhcp'");
	GError *error = NULL;

	assert_true(test_delete(f->model, subnet, NULL));
	other = add_port(f, ",'device_owner':'compute:nova'");
	assert_false(test_delete(f->model, f->network, &error));
	assert_error(error, NETWORK_IN_USE);
	assert_non_null(model_get(f->model, KIND_PORT, object_id(port)));
	assert_true(test_delete(f->model, other, NULL));
	assert_true(test_delete(f->model, f->network, NULL));
	assert_int_equal(model_count_all(f->model, KIND_PORT), 0);
}

/* B22: what one project has, another neither sees nor touches. */
static void projects_are_apart(void **state)
{
	static const struct caller alice = { CALLER_MEMBER, "alice" },
				   bob = { CALLER_MEMBER, "bob" };
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *network =
		test_create_as(f->model, &alice, KIND_NETWORK, test_json("{'name':'a'}"), &error);
	struct txn *txn = txn_new(f->model, &bob);

	assert_true(model_visible(f->model, network, &alice));
	assert_false(model_visible(f->model, network, &bob));
	assert_false(txn_delete(txn, KIND_NETWORK, test_id(network), &error));
	assert_error(error, NETWORK_NOT_FOUND);
	txn_free(txn);
	assert_null(test_create_as(f->model, &bob, KIND_PORT,
		test_json("{'network_id':'%s'}", test_id(network)), &error));
	assert_error(error, NETWORK_NOT_FOUND);
	assert_null(
		test_create_as(f->model, &bob, KIND_NETWORK, test_json("{'shared':true}"), &error));
	assert_error(error, FORBIDDEN);
	assert_non_null(test_create_as(f->model, &bob, KIND_NETWORK,
		test_json("{'shared':false,'tenant_id':'bob'}"), &error));
	network = test_update(f->model, network, test_json("{'shared':true}"), &error);
	assert_true(model_visible(f->model, network, &bob));
	assert_non_null(test_create_as(f->model, &bob, KIND_PORT,
		test_json("{'network_id':'%s'}", test_id(network)), &error));
}

/* Applying and undoing any sequence leads back to exactly where it was, addresses included. */
static void undo_restores(void **state)
{
	struct fixture *f = *state;
	const struct object *subnet = add_subnet(f, "'cidr':'10.0.0.0/28'");
	const struct object *first = add_port(f, ",'name':'one'"), *iterated;
	g_autoptr(GPtrArray) done = g_ptr_array_new();
	u64 free_before = subnet_pool_free(f->model, subnet);
	u64 revision = model_revision(f->model);
	struct model_iter iter;

	for (int i = 0; i < 5; i++) {
		struct txn *txn = txn_new(f->model, &test_admin);
		json_t *body = i == 3 ? test_json("{'name':'two'}")
				      : test_json("{'network_id':'%s'}", test_id(f->network));

		if (i == 3)
			assert_non_null(txn_update(txn, KIND_PORT, test_id(first), body, NULL));
		else if (i == 4)
			assert_true(txn_delete(txn, KIND_PORT, test_id(first), NULL));
		else
			assert_non_null(txn_create(txn, KIND_PORT, body, NULL));
		json_decref(body);
		g_ptr_array_add(done, test_apply(txn));
	}
	assert_int_equal(model_count_all(f->model, KIND_PORT), 3);
	for (int i = 4; i >= 0; i--) {
		model_undo(f->model, done->pdata[i], revision + (u64)i);
		changeset_free(done->pdata[i]);
	}
	assert_int_equal(model_revision(f->model), revision);
	assert_int_equal(subnet_pool_free(f->model, subnet), free_before);
	model_iter_all(&iter, f->model, KIND_PORT, NULL);
	iterated = model_iter_next(&iter);
	assert_string_equal(object_str(iterated, SLOT_NAME), "one");
	assert_null(model_iter_next(&iter));
	assert_int_equal(model_count(f->model, KIND_PORT, PORT_BY_NAME, "two", NULL), 0);
	assert_ips(iterated, "10.0.0.2");
	assert_null(try_port(f, ",'fixed_ips':[{'ip_address':'10.0.0.2'}]", NULL));
}

/* What is stored and loaded again is the same object to the last attribute, and addresses stay
 * taken. */
static void store_and_load(void **state)
{
	struct fixture *f = *state;
	struct model *copy = model_new();

	test_create(f->model, KIND_HOST, test_json("{'name':'h1','tunnel_ips':['192.0.2.1']}"));
	add_subnet(f, "'cidr':'10.0.0.0/24','dns_nameservers':['1.1.1.1']");
	add_port(f, ",'name':'\\u00e9\\n','binding:host_id':'h1','tags':['a','b'],"
		    "'allowed_address_pairs':[{'ip_address':'10.9.0.0/16'}],"
		    "'extra_dhcp_opts':[{'opt_name':'mtu','opt_value':'1400'}]");
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct object *object;
		struct model_iter iter;

		model_iter_all(&iter, f->model, id, NULL);
		while ((object = model_iter_next(&iter))) {
			g_autoptr(GString) text = g_string_new(NULL);
			struct json_writer w = json_writer_on(text);
			GError *error = NULL;

			object_store_json(object, &w);
			struct object *back = object_load(object_kind(object), object_id(object),
				object_revision(object), text->str, &error);

			assert_non_null(back);
			assert_int_equal(object_revision(back), object_revision(object));
			for (unsigned slot = 1; slot < object_kind(object)->n_slots; slot++)
				if (kind_attr(object_kind(object), slot)->name)
					assert_true(object_equal(object, back, slot));
			assert_true(model_load(copy, back, &error));
		}
	}
	model_load_done(copy, model_revision(f->model));
	const struct object *port =
		test_create(copy, KIND_PORT, test_json("{'network_id':'%s'}", test_id(f->network)));

	assert_ips(port, "10.0.0.3");
	model_free(copy);
}

static void vnis_are_distinct(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *network = test_create(f->model, KIND_NETWORK,
		test_json("{'provider:network_type':'geneve','provider:segmentation_id':%u}",
			NETWORK_VNI_FIRST + 1));

	assert_int_equal(object_int(f->network, NETWORK_PROVIDER_SEGMENT), NETWORK_VNI_FIRST);
	network = test_create(f->model, KIND_NETWORK, test_json("{}"));
	assert_int_equal(object_int(network, NETWORK_PROVIDER_SEGMENT), NETWORK_VNI_FIRST + 2);
	assert_null(test_create_as(f->model, &test_admin, KIND_NETWORK,
		test_json("{'provider:network_type':'geneve','provider:segmentation_id':%u}",
			NETWORK_VNI_FIRST),
		&error));
	assert_error(error, VNI_IN_USE);
}

/* A bulk create sees its own objects: no address and no MAC twice, all or nothing. */
static void bulk_is_one(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	struct txn *txn = txn_new(f->model, &test_admin);
	json_t *body;

	add_subnet(f, "'cidr':'10.0.0.0/24'");
	body = test_json(
		"{'network_id':'%s','mac_address':'fa:16:3e:00:00:01'}", test_id(f->network));
	assert_non_null(txn_create(txn, KIND_PORT, body, &error));
	assert_null(txn_create(txn, KIND_PORT, body, &error));
	assert_error(error, MAC_IN_USE);
	json_decref(body);
	txn_free(txn);
	assert_int_equal(model_count_all(f->model, KIND_PORT), 0);
}

/* An update that changes nothing is nothing: no change, no new revision number. */
/* What one transaction makes together is as good as what several make one after the other. */
static void subnet_and_ports_at_once(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = txn_new(f->model, &test_admin);
	json_t *subnet = test_json("{'network_id':'%s','cidr':'10.0.0.0/29'}", test_id(f->network));
	json_t *port = test_json("{'network_id':'%s'}", test_id(f->network));
	GError *error = NULL;

	assert_non_null(txn_create(txn, KIND_SUBNET, subnet, &error));
	for (int i = 2; i <= 5; i++) {
		g_autofree char *ip = g_strdup_printf("10.0.0.%d", i);

		assert_ips(txn_create(txn, KIND_PORT, port, &error), ip);
	}
	changeset_free(test_apply(txn));
	assert_ips(add_port(f, ""), "10.0.0.6");
	txn = txn_new(f->model, &test_admin);
	assert_null(txn_create(txn, KIND_PORT, port, &error));
	assert_error(error, IP_EXHAUSTED);
	txn_free(txn);
	json_decref(subnet);
	json_decref(port);
}

static void empty_update(void **state)
{
	struct fixture *f = *state;
	struct txn *txn = txn_new(f->model, &test_admin);
	json_t *body = test_json("{'name':'n'}");
	struct changeset *changes;

	assert_non_null(txn_update(txn, KIND_NETWORK, test_id(f->network), body, NULL));
	json_decref(body);
	changes = test_apply(txn);
	assert_int_equal(changes->n, 0);
	changeset_free(changes);
	assert_int_equal(object_int(f->network, SLOT_REVISION_NUMBER), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(addresses_in_order_until_exhausted),
		TEST(asked_addresses),
		TEST(abandoned_transaction_gives_back),
		TEST(both_families_and_slaac),
		TEST(bad_subnets),
		TEST(bad_ports),
		TEST(in_use),
		TEST(dhcp_goes_with_the_network),
		TEST(projects_are_apart),
		TEST(undo_restores),
		TEST(store_and_load),
		TEST(vnis_are_distinct),
		TEST(bulk_is_one),
		TEST(subnet_and_ports_at_once),
		TEST(empty_update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
