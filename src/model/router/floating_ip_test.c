/* SPDX-License-Identifier: Apache-2.0 */
/* Floating IPs: addresses, association, and what they hold in place. */
#include "model/port/held_address.h"
#include "model/testing_l3.h"

/* Inside 10.0.0.0/24 and 10.0.1.0/24, of which the router serves the first; and a port on both. */
struct world {
	struct l3 *l3;
	const struct object *served, *other, *router, *port;
};

static struct world build(struct l3 *f)
{
	struct world w = { .l3 = f };

	w.served = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	w.other = l3_subnet(f, f->inside, "'cidr':'10.0.1.0/24'");
	w.router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	l3_connect(f, w.router, w.served);
	w.port = l3_port(
		f, f->inside, "'fixed_ips':[{'ip_address':'10.0.0.5'},{'ip_address':'10.0.1.5'}]");
	return w;
}

static const struct object *try_fip(struct l3 *f, GError **error, const char *more)
{
	return test_create_as(f->model, &test_admin, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s'%s}", test_id(f->external), more), error);
}

static const struct object *fip(struct l3 *f, const char *more)
{
	return l3_must(try_fip(f, &l3_error, more));
}

static const struct object *now(struct l3 *f, const char *id)
{
	return model_get_text(f->model, KIND_FLOATING_IP, id);
}

static void an_address_of_the_external_network(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *six = l3_subnet(f, f->external, "'cidr':'2001:db8::/64'"), *port, *one;
	u64 before = subnet_pool_free(f->model, six);

	one = fip(f, "");
	assert_string_equal(object_str(one, FLOATING_IP_ADDRESS), "203.0.113.2");
	assert_int_equal(object_choice(one, FLOATING_IP_STATUS), FLOATING_IP_DOWN);
	assert_int_equal(subnet_pool_free(f->model, six), before);
	port = model_first(f->model, KIND_PORT, PORT_BY_DEVICE, test_id(one), NULL);
	assert_string_equal(object_str(port, PORT_DEVICE_OWNER), "network:floatingip");
	assert_false(test_delete(f->model, port, &error));
	assert_error(error, SERVICE_PORT_IN_USE);
	assert_string_equal(
		object_str(fip(f, ",'floating_ip_address':'203.0.113.50'"), FLOATING_IP_ADDRESS),
		"203.0.113.50");
	assert_null(try_fip(f, &error, ",'floating_ip_address':'203.0.113.50'"));
	assert_error(error, IP_IN_USE);
	assert_null(try_fip(f, &error, ",'floating_ip_address':'198.51.100.1'"));
	assert_error(error, IP_NOT_ON_NETWORK);
	assert_null(try_fip(f, &error, ",'floating_ip_address':'2001:db8::5'"));
	assert_error(error, BAD_REQUEST);
	assert_null(try_fip(f, &error, ",'floating_ip_address':'203.0.113.1'")); /* the gateway's */
	assert_error(error, BAD_REQUEST);
	assert_true(test_delete(f->model, one, &error));
	assert_int_equal(model_count_all(f->model, KIND_PORT), 1);
}

static void not_of_every_network(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *bare =
		test_create(f->model, KIND_NETWORK, test_json("{'router:external':true}"));

	assert_null(test_create_as(f->model, &test_admin, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s'}", test_id(f->inside)), &error));
	assert_error(error, BAD_REQUEST);
	l3_subnet(f, bare, "'cidr':'2001:db8:1::/64'");
	assert_null(test_create_as(f->model, &test_admin, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s'}", test_id(bare)), &error));
	assert_error(error, BAD_REQUEST);
}

static void the_pool_runs_out(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	const struct object *small =
		test_create(f->model, KIND_NETWORK, test_json("{'router:external':true}"));

	l3_subnet(f, small, "'cidr':'192.0.2.0/30'");
	for (int i = 0; i < 2; i++)
		if (!test_create_as(f->model, &test_admin, KIND_FLOATING_IP,
			    test_json("{'floating_network_id':'%s'}", test_id(small)), &error))
			break;
	assert_error(error, IP_EXHAUSTED);
	assert_int_equal(model_count_all(f->model, KIND_FLOATING_IP), 1);
}

static void associated_through_a_router(void **state)
{
	struct l3 *f = *state;
	struct world w = build(f);
	GError *error = NULL;
	g_autofree char *port = g_strdup(test_id(w.port));
	g_autofree char *asks = g_strdup_printf(",'port_id':'%s'", port);
	g_autofree char *served = g_strconcat(asks, ",'fixed_ip_address':'10.0.0.5'", NULL);
	g_autofree char *unreachable = g_strconcat(asks, ",'fixed_ip_address':'10.0.1.5'", NULL);
	g_autofree char *foreign = g_strconcat(asks, ",'fixed_ip_address':'10.0.0.6'", NULL);
	g_autofree char *id = NULL;
	const struct object *one;

	assert_null(try_fip(f, &error, asks)); /* which of the two? */
	assert_error(error, BAD_REQUEST);
	assert_null(try_fip(f, &error, unreachable));
	assert_error(error, NO_EXTERNAL_GATEWAY);
	assert_null(try_fip(f, &error, foreign));
	assert_error(error, BAD_REQUEST);
	assert_null(try_fip(f, &error, ",'fixed_ip_address':'10.0.0.5'"));
	assert_error(error, BAD_REQUEST);
	one = fip(f, served);
	id = g_strdup(test_id(one));
	assert_string_equal(object_str(one, FLOATING_IP_ROUTER_ID), test_id(w.router));
	assert_null(try_fip(f, &error, served));
	assert_error(error, FLOATING_IP_ASSOCIATED);

	/* What it needs stays. */
	assert_false(l3_act(f, w.router, "remove_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(w.served)), &error));
	assert_error(error, INTERFACE_HAS_FLOATING_IP);
	assert_null(test_update(
		f->model, w.router, test_json("{'external_gateway_info':null}"), &error));
	assert_error(error, GATEWAY_HAS_FLOATING_IP);

	/* Changing something else leaves the association, null ends it. */
	assert_non_null(test_update(f->model, one, test_json("{'description':'d'}"), &error));
	assert_string_equal(object_str(now(f, id), FLOATING_IP_PORT_ID), port);
	assert_non_null(test_update(f->model, now(f, id), test_json("{'port_id':null}"), &error));
	assert_true(object_is_null(now(f, id), FLOATING_IP_FIXED_IP));
	assert_true(object_is_null(now(f, id), FLOATING_IP_ROUTER_ID));
}

static void follows_its_port(void **state)
{
	struct l3 *f = *state;
	struct world w = build(f);
	GError *error = NULL;
	const struct object *single = l3_port(f, f->inside, "'name':'single'");
	g_autofree char *asks = g_strdup_printf(",'port_id':'%s'", test_id(single));
	g_autofree char *id = g_strdup(test_id(fip(f, asks)));

	assert_string_equal(object_str(now(f, id), FLOATING_IP_FIXED_IP), "10.0.0.2");
	single = test_update(
		f->model, single, test_json("{'fixed_ips':[{'ip_address':'10.0.0.9'}]}"), &error);
	assert_true(object_is_null(now(f, id), FLOATING_IP_PORT_ID));
	assert_true(object_is_null(now(f, id), FLOATING_IP_FIXED_IP));
	assert_true(object_is_null(now(f, id), FLOATING_IP_ROUTER_ID));

	assert_non_null(test_update(
		f->model, now(f, id), test_json("{'port_id':'%s'}", test_id(single)), &error));
	assert_string_equal(object_str(now(f, id), FLOATING_IP_ROUTER_ID), test_id(w.router));
	assert_true(test_delete(f->model, single, &error));
	assert_true(object_is_null(now(f, id), FLOATING_IP_PORT_ID));
	assert_true(object_is_null(now(f, id), FLOATING_IP_FIXED_IP));
	assert_true(object_is_null(now(f, id), FLOATING_IP_ROUTER_ID));
}

/* Of two routers the one that has the subnet's gateway address translates. */
static void the_gateway_of_the_subnet_first(void **state)
{
	struct l3 *f = *state;
	const struct object *subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'"), *port;
	const struct object *aside =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	const struct object *router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	g_autofree char *asks = NULL;
	GError *error = NULL;

	port = l3_port(f, f->inside, "'name':'second way out'");
	assert_true(l3_act(f, aside, "add_router_interface",
		test_json("{'port_id':'%s'}", test_id(port)), &error));
	l3_connect(f, router, subnet);
	asks = g_strdup_printf(",'port_id':'%s'", test_id(l3_port(f, f->inside, "'name':'p'")));
	assert_string_equal(object_str(fip(f, asks), FLOATING_IP_ROUTER_ID), test_id(router));
}

static void external_networks(void **state)
{
	struct l3 *f = *state;
	GError *error = NULL;
	static const struct caller member = { CALLER_MEMBER, "p" };
	const struct object *router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	const struct object *network;

	assert_null(test_create_as(f->model, &member, KIND_PORT,
		test_json("{'network_id':'%s'}", test_id(f->external)), &error));
	assert_error(error, FORBIDDEN);
	fip(f, "");
	assert_null(
		test_update(f->model, f->external, test_json("{'router:external':false}"), &error));
	assert_error(error, EXTERNAL_NETWORK_IN_USE);
	assert_true(test_delete(f->model, router, &error));
	assert_non_null(
		test_update(f->model, f->external, test_json("{'is_default':true}"), &error));
	assert_null(test_create_as(f->model, &test_admin, KIND_NETWORK,
		test_json("{'router:external':true,'is_default':true}"), &error));
	assert_error(error, DEFAULT_EXTERNAL_NETWORK_EXISTS);
	assert_null(test_create_as(
		f->model, &test_admin, KIND_NETWORK, test_json("{'is_default':true}"), &error));
	assert_error(error, INVALID_INPUT);
	network = model_get_text(f->model, KIND_NETWORK, test_id(f->external));
	network = test_update(f->model, network, test_json("{'router:external':false}"), &error);
	assert_false(object_bool(network, NETWORK_IS_DEFAULT));
	assert_int_equal(model_count_all(f->model, KIND_FLOATING_IP), 0);
	assert_int_equal(model_count_all(f->model, KIND_PORT), 0);
}

/* Says ACTIVE, as the gateway's host does. */
static void activate(struct l3 *f, const char *id)
{
	struct txn *txn = txn_new(f->model, &test_admin);
	struct object *draft = object_edit(now(f, id));

	object_set_choice(draft, FLOATING_IP_STATUS, FLOATING_IP_ACTIVE);
	assert_non_null(txn_put(txn, draft, NULL));
	changeset_free(test_apply(txn));
}

static int status(struct l3 *f, const char *id)
{
	return object_choice(now(f, id), FLOATING_IP_STATUS);
}

/* Of a port that is bound nowhere, for which bound ones stand by their pairs. */
static void down_when_nobody_stands_for_its_port(void **state)
{
	static const char pairs[] =
		"'binding:host_id':'h','allowed_address_pairs':[{'ip_address':'10.0.0.5'}]";
	struct l3 *f = *state;
	GError *error = NULL;
	struct world w = build(f);
	const struct object *one, *first, *second;
	char id[UUID_STRLEN];

	test_create(f->model, KIND_HOST, test_json("{'name':'h'}"));
	one = l3_must(test_create_as(f->model, &test_admin, KIND_FLOATING_IP,
		test_json(
			"{'floating_network_id':'%s','port_id':'%s','fixed_ip_address':'10.0.0.5'}",
			test_id(f->external), test_id(w.port)),
		&l3_error));
	first = l3_port(f, f->inside, pairs);
	second = l3_port(f, f->inside, pairs);
	uuid_format(object_id(one), id);
	assert_true(port_is_stood_for(f->model, w.port, "10.0.0.5"));
	assert_false(port_is_stood_for(f->model, w.port, "10.0.1.5"));
	assert_false(port_is_stood_for(f->model, first, "10.0.0.5")); /* it is bound */
	activate(f, id);
	assert_true(test_delete(f->model, first, &error));
	assert_int_equal(status(f, id), FLOATING_IP_ACTIVE);
	second = test_update(f->model, second, test_json("{'binding:host_id':''}"), &error);
	assert_int_equal(status(f, id), FLOATING_IP_DOWN);
	second = test_update(f->model, second, test_json("{'binding:host_id':'h'}"), &error);
	activate(f, id);
	second = test_update(f->model, second, test_json("{'name':'x'}"), &error);
	assert_int_equal(status(f, id), FLOATING_IP_ACTIVE);
	assert_non_null(
		test_update(f->model, second, test_json("{'allowed_address_pairs':[]}"), &error));
	assert_int_equal(status(f, id), FLOATING_IP_DOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(an_address_of_the_external_network),
		l3_test(not_of_every_network),
		l3_test(the_pool_runs_out),
		l3_test(associated_through_a_router),
		l3_test(follows_its_port),
		l3_test(the_gateway_of_the_subnet_first),
		l3_test(external_networks),
		l3_test(down_when_nobody_stands_for_its_port),
	};

	return cmocka_run_group_tests_name("floating_ip", tests, NULL, NULL);
}
