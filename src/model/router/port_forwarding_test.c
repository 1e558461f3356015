/* SPDX-License-Identifier: Apache-2.0 */
/* Port forwardings: ranges, collisions, and what they hold in place. */
#include "model/router/port_forwarding.h"
#include "model/testing_l3.h"

static void ranges(void **state)
{
	static const char *const bad[] = { "", "0", "65536", "1:", ":1", "2:1", "1:2:3", "1-2",
		" 1", "1:65536", "x" };
	struct port_range range;

	(void)state;
	assert_true(port_range_parse("80", &range));
	assert_int_equal(range.first, 80);
	assert_int_equal(range.last, 80);
	assert_true(port_range_parse("1:65535", &range));
	assert_int_equal(range.last, 65535);
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		if (port_range_parse(bad[i], &range))
			fail_msg("'%s' is taken", bad[i]);
}

/* A floating IP, and a port inside that a router connects with its network. */
struct world {
	struct l3 *l3;
	const struct object *router, *subnet, *port;
	char fip[UUID_STRLEN];
};

static struct world build(struct l3 *f)
{
	struct world w = { .l3 = f };

	w.subnet = l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'");
	w.router =
		l3_router(f, "'external_gateway_info':{'network_id':'%s'}", test_id(f->external));
	l3_connect(f, w.router, w.subnet);
	w.port = l3_port(
		f, f->inside, "'fixed_ips':[{'ip_address':'10.0.0.5'},{'ip_address':'10.0.0.6'}]");
	strcpy(w.fip, test_id(test_create(f->model, KIND_FLOATING_IP,
			      test_json("{'floating_network_id':'%s'}", test_id(f->external)))));
	return w;
}

static const struct object *forward(struct world *w, const char *more, GError **error)
{
	struct txn *txn = txn_new(w->l3->model, &test_admin);
	json_t *body = test_json("{'internal_port_id':'%s',%s}", test_id(w->port), more);
	const struct object *made = txn_create_in(txn, KIND_PORT_FORWARDING, w->fip, body, error);

	json_decref(body);
	if (made)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return made;
}

static const struct object *floating_ip(struct world *w)
{
	return model_get_text(w->l3->model, KIND_FLOATING_IP, w->fip);
}

static void no_port_twice(void **state)
{
	struct world w = build(*state);
	GError *error = NULL;
	static const char *const fit[] = {
		"'protocol':'tcp','external_port_range':'100:109','internal_port_range':'200:209'",
		"'protocol':'udp','external_port_range':'100:109','internal_port_range':'200:209'",
		"'protocol':'tcp','external_port':110,'internal_port':210",
		/* the same inside, of another address */
		"'protocol':'tcp','external_port':99,'internal_port':200,'internal_ip_address':'10.0.0.6'",
	};
	static const char *const collide[] = {
		"'protocol':'tcp','external_port':109,'internal_port':1",
		"'protocol':'tcp','external_port_range':'50:100','internal_port':1",
		"'protocol':'tcp','external_port':1,'internal_port':205",
		"'protocol':'tcp','external_port_range':'1:3','internal_port_range':'209:211'",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(fit); i++)
		if (!forward(&w, fit[i], &error))
			fail_msg("%s: %s", fit[i], error->message);
	for (unsigned i = 0; i < G_N_ELEMENTS(collide); i++) {
		if (forward(&w, collide[i], &error))
			fail_msg("%s is taken", collide[i]);
		assert_error(error, BAD_REQUEST);
	}
}

static void an_update_decides_port_or_range(void **state)
{
	struct world w = build(*state);
	GError *error = NULL;
	const struct object *one =
		forward(&w, "'protocol':'tcp','external_port':80,'internal_port':8080", &error);

	assert_string_equal(object_str(one, PORT_FORWARDING_EXTERNAL_RANGE), "80:80");
	one = test_update(w.l3->model, one, test_json("{'external_port_range':'80:89'}"), &error);
	assert_true(object_is_null(one, PORT_FORWARDING_EXTERNAL_PORT));
	assert_int_equal(object_int(one, PORT_FORWARDING_INTERNAL_PORT), 8080);
	assert_null(
		test_update(w.l3->model, one, test_json("{'internal_port_range':'1:2'}"), &error));
	assert_error(error, BAD_REQUEST);
	one = test_update(w.l3->model, one, test_json("{'external_port':90}"), &error);
	assert_string_equal(object_str(one, PORT_FORWARDING_EXTERNAL_RANGE), "90:90");
	assert_string_equal(object_str(one, PORT_FORWARDING_INTERNAL_IP), "10.0.0.5");
}

/* The floating IP is on the router from the first to the last, and its port holds nothing. */
static void they_go_with_the_address(void **state)
{
	struct world w = build(*state);
	struct model *model = w.l3->model;
	GError *error = NULL;

	assert_true(object_is_null(floating_ip(&w), FLOATING_IP_ROUTER_ID));
	assert_non_null(
		forward(&w, "'protocol':'tcp','external_port':1,'internal_port':1", &error));
	assert_non_null(forward(&w,
		"'protocol':'tcp','external_port':2,'internal_port':2,'internal_ip_address':'10.0.0.6'",
		&error));
	assert_string_equal(object_str(floating_ip(&w), FLOATING_IP_ROUTER_ID), test_id(w.router));
	assert_false(l3_act(w.l3, w.router, "remove_router_interface",
		test_json("{'subnet_id':'%s'}", test_id(w.subnet)), &error));
	assert_error(error, INTERFACE_HAS_FLOATING_IP);
	assert_false(test_delete(model, floating_ip(&w), &error));
	assert_error(error, FLOATING_IP_IN_USE);
	assert_non_null(test_update(model, floating_ip(&w), test_json("{'port_id':null}"), &error));
	assert_string_equal(object_str(floating_ip(&w), FLOATING_IP_ROUTER_ID), test_id(w.router));

	w.port = test_update(
		model, w.port, test_json("{'fixed_ips':[{'ip_address':'10.0.0.6'}]}"), &error);
	assert_int_equal(model_count_all(model, KIND_PORT_FORWARDING), 1);
	assert_false(object_is_null(floating_ip(&w), FLOATING_IP_ROUTER_ID));
	assert_true(test_delete(model, w.port, &error));
	assert_int_equal(model_count_all(model, KIND_PORT_FORWARDING), 0);
	assert_true(object_is_null(floating_ip(&w), FLOATING_IP_ROUTER_ID));
	assert_true(test_delete(model, floating_ip(&w), &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		l3_test(no_port_twice),
		l3_test(an_update_decides_port_or_range),
		l3_test(they_go_with_the_address),
	};

	return cmocka_run_group_tests_name("port_forwarding", tests, NULL, NULL);
}
