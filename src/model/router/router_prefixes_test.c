/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 prefixes that routers have others for outside. */
#include "model/testing_l3.h"

#define INFO(more) "{'external_gateway_info':{'network_id':'%s'," more "}}"
#define PAIR(internal, external) \
	"{'internal_prefix':'" internal "','external_prefix':'" external "'}"
#define PREFIXES(pairs) INFO("'nptv6_prefixes':[" pairs "]")

static const struct object *set(
	struct l3 *f, const struct object *router, const char *body, GError **error)
{
	return test_update(f->model, router, test_json(body, test_id(f->external)), error);
}

static void expect(const struct object *router, const char *prefixes)
{
	assert_non_null(router);
	assert_string_equal(object_str(router, ROUTER_NPTV6_PREFIXES), prefixes);
}

#define ONE                                                                             \
	"[{\"internal_prefix\":\"fd00:1::/48\",\"external_prefix\":\"2001:db8:5::/48\"" \
	"}]"

static void prefixes_stay_with_the_gateway(void **state)
{
	struct l3 *f = *state;
	const struct object *router = l3_router(f, "'name':'r'"), *other;
	GError *error = NULL;

	expect(router, "[]");
	router = set(f, router, PREFIXES(PAIR("fd00:1::9/48", "2001:db8:5::/48")), &error);
	expect(router, ONE); /* host bits have no say */
	router = set(f, router, INFO("'enable_snat':false"), &error);
	expect(router, ONE);
	other = test_create(f->model, KIND_NETWORK, test_json("{'router:external':true}"));
	router = test_update(f->model, router,
		test_json("{'external_gateway_info':{'network_id':'%s'}}", test_id(other)), &error);
	expect(router, "[]");
	router = set(f, router, PREFIXES(PAIR("fd00:1::/48", "2001:db8:5::/48")), &error);
	expect(router, ONE);
	router = set(f, router, INFO("'nptv6_prefixes':null"), &error);
	expect(router, "[]");
	router = set(f, router, PREFIXES(PAIR("fd00:1::/48", "2001:db8:5::/48")), &error);
	router = test_update(f->model, router, test_json("{'external_gateway_info':null}"), &error);
	expect(router, "[]");
}

static void what_can_not_be_translated(void **state)
{
	static const char *const bodies[] = {
		PREFIXES(PAIR("10.0.0.0/16", "192.0.2.0/16")),
		PREFIXES(PAIR("fd00:1::/48", "2001:db8:5::/56")),
		PREFIXES(PAIR("fd00:1::/96", "2001:db8:5::/96")),
		PREFIXES(PAIR("fe80::/64", "2001:db8:5::/64")),
		PREFIXES(PAIR("fd00:1::/48", "ff05:1::/48")),
		PREFIXES(PAIR("fd00:1::/48", "fd00:1::/48")),
		PREFIXES(PAIR("fd00:1::/48", "2001:db8:5::/48") "," PAIR(
			"fd00:1:0:1::/64", "2001:db8:6:1::/64")),
		PREFIXES(PAIR("fd00:1::/48", "2001:db8:5::/48") "," PAIR(
			"fd00:2:0:1::/64", "2001:db8:5:1::/64")),
	};
	struct l3 *f = *state;
	const struct object *router = l3_router(f, "'name':'r'");

	for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
		GError *error = NULL;

		assert_null(set(f, router, bodies[i], &error));
		assert_error(error, INVALID_INPUT);
	}
}

static void external_prefixes_are_one_routers(void **state)
{
	struct l3 *f = *state;
	const struct object *first = l3_router(f, "'name':'a'"),
			    *second = l3_router(f, "'name':'b'");
	GError *error = NULL;

	l3_subnet(f, f->external, "'ip_version':6,'cidr':'2001:db8:1::/64'");
	assert_null(set(f, first, PREFIXES(PAIR("fd00:1::/48", "2001:db8:1::/48")), &error));
	assert_error(error, CONFLICT);
	assert_non_null(set(f, first, PREFIXES(PAIR("fd00:1::/48", "2001:db8:5::/48")), &error));
	assert_null(set(f, second, PREFIXES(PAIR("fd00:1::/56", "2001:db8:5::/56")), &error));
	assert_error(error, CONFLICT);
	second = set(f, second, PREFIXES(PAIR("fd00:1::/48", "2001:db8:6::/48")), &error);
	assert_non_null(second);
	assert_non_null(set(f, second, PREFIXES(PAIR("fd00:1::/48", "2001:db8:7::/48")), &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		l3_test(prefixes_stay_with_the_gateway),
		l3_test(what_can_not_be_translated),
		l3_test(external_prefixes_are_one_routers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
