/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways and floating IPs on external networks with several segments. */
#include "model/router/gateway_segment.h"
#include "model/router/gateway_hosts.h"
#include "model/network/segment.h"
#include "model/testing_l3.h"

/* Racks 1 and 2 with a subnet each, and hosts h1 and h2 on one each. */
struct racks {
	struct l3 *l3;
	char network[UUID_STRLEN], segments[2][UUID_STRLEN], subnets[2][UUID_STRLEN];
};

static void keep_id(const struct object *object, char to[static UUID_STRLEN])
{
	uuid_format(object_id(object), to);
}

static void make_segment(struct racks *r, unsigned i, const char *physical)
{
	const char *type = "{'network_id':'%s','network_type':'flat','physical_network':'%s'}";

	if (i)
		keep_id(test_create(
				r->l3->model, KIND_SEGMENT, test_json(type, r->network, physical)),
			r->segments[i]);
	else
		keep_id(model_first(
				r->l3->model, KIND_SEGMENT, SEGMENT_BY_NETWORK, r->network, NULL),
			r->segments[i]);
}

static void make_subnet(struct racks *r, unsigned i, const char *cidr)
{
	keep_id(test_create(r->l3->model, KIND_SUBNET,
			test_json("{'network_id':'%s','segment_id':'%s','cidr':'%s'}", r->network,
				r->segments[i], cidr)),
		r->subnets[i]);
}

static struct racks make_racks(struct l3 *f)
{
	struct racks r = { .l3 = f };

	keep_id(test_create(f->model, KIND_NETWORK,
			test_json(
				"{'router:external':true,'provider:network_type':'flat','provider:physical_network':'rack1'}")),
		r.network);
	make_segment(&r, 0, "rack1");
	make_segment(&r, 1, "rack2");
	make_subnet(&r, 0, "198.51.100.0/24");
	make_subnet(&r, 1, "192.0.2.0/24");
	return r;
}

static void make_host(struct l3 *f, const char *name, const char *physical)
{
	test_create(f->model, KIND_HOST,
		test_json("{'name':'%s','bridge_mappings':{'%s':'eth1'}}", name, physical));
}

static const struct object *now(struct l3 *f, const char *name)
{
	return model_first(f->model, KIND_ROUTER, ROUTER_BY_NAME, name, NULL);
}

/* It is there, on that segment and host alone. */
static void assert_at(
	struct racks *r, const char *name, const char *ip, unsigned segment, const char *host)
{
	const struct object *router = now(r->l3, name), *port = l3_gateway(r->l3, router);
	g_autoptr(GArray) hosts = gateway_hosts(router);

	l3_assert_ips(port, ip);
	assert_string_equal(object_str(router, ROUTER_GATEWAY_SEGMENT_ID), r->segments[segment]);
	assert_string_equal(object_str(port, PORT_HOST_ID), host);
	assert_int_equal(hosts->len, *host ? 1 : 0);
}

static void a_gateway_is_on_a_segment_that_hosts_reach(void **state)
{
	struct l3 *f = *state;
	struct racks r = make_racks(f);

	l3_router(f, "'name':'none','external_gateway_info':{'network_id':'%s'}", r.network);
	assert_at(&r, "none", "198.51.100.2", 0, "");
	make_host(f, "h2", "rack2");
	assert_at(&r, "none", "198.51.100.2", 0, "");
	l3_router(f, "'name':'two','external_gateway_info':{'network_id':'%s'}", r.network);
	assert_at(&r, "two", "192.0.2.2", 1, "h2");
	make_host(f, "h1", "rack1");
	assert_at(&r, "none", "198.51.100.2", 0, "h1");
	l3_router(f,
		"'name':'asked','external_gateway_info':{'network_id':'%s','external_fixed_ips':[{'subnet_id':'%s'}]}",
		r.network, r.subnets[1]);
	assert_at(&r, "asked", "192.0.2.3", 1, "h2");
}

static bool move_gateway(struct racks *r, const char *name, unsigned subnet, GError **error)
{
	return test_update(r->l3->model, now(r->l3, name),
		test_json(
			"{'external_gateway_info':{'network_id':'%s','external_fixed_ips':[{'subnet_id':'%s'}]}}",
			r->network, r->subnets[subnet]),
		error);
}

static void floating_ips_are_on_their_gateways_segment(void **state)
{
	struct l3 *f = *state;
	struct racks r = make_racks(f);
	g_autoptr(GError) refused = NULL, kept = NULL;
	GError *error = NULL;
	const struct object *floating, *port, *segment;

	make_host(f, "h1", "rack1");
	make_host(f, "h2", "rack2");
	l3_router(f,
		"'name':'r','external_gateway_info':{'network_id':'%s','external_fixed_ips':[{'subnet_id':'%s'}]}",
		r.network, r.subnets[1]);
	l3_connect(f, now(f, "r"), l3_subnet(f, f->inside, "'cidr':'10.0.0.0/24'"));
	port = l3_port(f, f->inside, "'name':'p'");
	assert_null(test_create_as(f->model, &test_admin, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s','subnet_id':'%s','port_id':'%s'}", r.network,
			r.subnets[0], test_id(port)),
		&refused));
	assert_non_null(strstr(refused->message, "is of a subnet on segment"));
	floating = test_create(f->model, KIND_FLOATING_IP,
		test_json("{'floating_network_id':'%s','port_id':'%s'}", r.network, test_id(port)));
	assert_string_equal(object_str(floating, FLOATING_IP_ADDRESS), "192.0.2.3");
	/* The host of another segment does not have it. */
	segment = gateway_segment(f->model, now(f, "r"));
	assert_true(floating_ip_is_by_gateway(
		segment, model_first(f->model, KIND_HOST, HOST_BY_NAME, "h1", NULL)));
	assert_false(floating_ip_is_by_gateway(
		segment, model_first(f->model, KIND_HOST, HOST_BY_NAME, "h2", NULL)));
	assert_false(move_gateway(&r, "r", 0, &kept));
	assert_non_null(strstr(kept->message, "on another segment than its floating IPs"));
	assert_true(test_delete(f->model, floating, &error));
	assert_true(move_gateway(&r, "r", 0, &error));
	assert_at(&r, "r", "198.51.100.4", 0, "h1"); /* after those of the two that were refused */
}

static void a_segment_with_a_gateway_stays(void **state)
{
	struct l3 *f = *state;
	struct racks r = make_racks(f);
	g_autoptr(GError) error = NULL;

	l3_router(f, "'name':'r','external_gateway_info':{'network_id':'%s'}", r.network);
	assert_false(test_delete(
		f->model, model_get_text(f->model, KIND_SEGMENT, r.segments[0]), &error));
	assert_at(&r, "r", "198.51.100.2", 0, "");
}

/* Subnets on no segment: the first physical network that hosts are on. An overlay leads nowhere. */
static void one_of_several_physical_networks(void **state)
{
	struct l3 *f = *state;
	struct racks r = { .l3 = f };
	const struct object *overlaid;

	keep_id(test_create(f->model, KIND_NETWORK,
			test_json(
				"{'router:external':true,'segments':[{'provider:network_type':'flat','provider:physical_network':'rack1'},{'provider:network_type':'flat','provider:physical_network':'rack2'}]}")),
		r.network);
	test_create(f->model, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'198.51.100.0/24'}", r.network));
	make_host(f, "h2", "rack2");
	l3_router(f, "'name':'r','external_gateway_info':{'network_id':'%s'}", r.network);
	keep_id(gateway_segment(f->model, now(f, "r")), r.segments[1]);
	assert_string_equal(gateway_physical(gateway_segment(f->model, now(f, "r"))), "rack2");
	make_host(f, "h1", "rack1");
	assert_at(&r, "r", "198.51.100.2", 1, "h2");
	overlaid = test_create(f->model, KIND_NETWORK,
		test_json(
			"{'router:external':true,'segments':[{'provider:network_type':'flat','provider:physical_network':'x'},{'provider:network_type':'geneve'}]}"));
	l3_subnet(f, overlaid, "'cidr':'192.0.2.0/24'");
	l3_router(f, "'name':'o','external_gateway_info':{'network_id':'%s'}", test_id(overlaid));
	assert_null(gateway_segment(f->model, now(f, "o")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(a_gateway_is_on_a_segment_that_hosts_reach),
		l3_test(floating_ips_are_on_their_gateways_segment),
		l3_test(a_segment_with_a_gateway_stays),
		l3_test(one_of_several_physical_networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
