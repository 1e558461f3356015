/* SPDX-License-Identifier: Apache-2.0 */
/* Pools, scopes and the subnets that get their range from them. */
#include "model/network/address_scope.h"
#include "model/network/subnetpool.h"
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

static const struct object *make_pool(struct model *model, const char *prefixes, const char *more)
{
	return test_create(model, KIND_SUBNETPOOL,
		test_json("{'name':'p','prefixes':[%s]%s}", prefixes, more));
}

static const struct object *make_network(struct model *model)
{
	return test_create(model, KIND_NETWORK, test_json("{}"));
}

static const struct object *try_subnet(
	struct model *model, const struct object *network, const char *more, GError **error)
{
	return test_create_as(model, &test_admin, KIND_SUBNET,
		test_json("{'network_id':'%s'%s}", test_id(network), more), error);
}

static const struct object *of_pool(
	struct model *model, const struct object *pool, const char *more, GError **error)
{
	g_autofree char *all = g_strdup_printf(",'subnetpool_id':'%s'%s", test_id(pool), more);

	return try_subnet(model, make_network(model), all, error);
}

static const struct object *assert_range(
	struct model *model, const struct object *pool, const char *more, const char *cidr)
{
	GError *error = NULL;
	const struct object *subnet = of_pool(model, pool, more, &error);

	if (!subnet)
		fail_msg("subnet: %s", error->message);
	assert_string_equal(object_str(subnet, SUBNET_CIDR), cidr);
	return subnet;
}

static void prefixes_are_written_as_few_as_possible(void **state)
{
	const struct object *pool =
		make_pool(*state, "'10.1.0.0/17','10.1.128.0/17','10.0.0.0/24','10.1.2.0/24'", "");

	assert_string_equal(
		object_str(pool, SUBNETPOOL_PREFIXES), "[\"10.0.0.0/24\",\"10.1.0.0/16\"]");
	assert_int_equal(object_int(pool, SUBNETPOOL_IP_VERSION), 4);
	assert_int_equal(object_int(pool, SUBNETPOOL_MIN_PREFIXLEN), 8);
	assert_int_equal(object_int(pool, SUBNETPOOL_DEFAULT_PREFIXLEN), 8);
	assert_int_equal(object_int(pool, SUBNETPOOL_MAX_PREFIXLEN), 32);
}

static void ranges_are_taken_and_given_back(void **state)
{
	struct model *model = *state;
	const struct object *pool = make_pool(model, "'10.0.0.0/22'", ",'default_prefixlen':24");
	const struct object *subnet;
	GError *error = NULL;

	assert_range(model, pool, "", "10.0.0.0/24");
	subnet = assert_range(model, pool, "", "10.0.1.0/24");
	assert_range(model, pool, ",'prefixlen':25", "10.0.2.0/25");
	assert_range(model, pool, ",'prefixlen':26", "10.0.2.128/26"); /* the smallest that fits */
	assert_range(model, pool, ",'cidr':'10.0.3.128/25'", "10.0.3.128/25");
	assert_null(of_pool(model, pool, "", &error));
	assert_error(error, SUBNETPOOL_EXHAUSTED);
	assert_null(of_pool(model, pool, ",'cidr':'10.0.0.0/25'", &error));
	assert_error(error, SUBNETPOOL_EXHAUSTED);
	assert_null(of_pool(model, pool, ",'cidr':'10.9.0.0/24'", &error));
	assert_error(error, SUBNETPOOL_EXHAUSTED);
	assert_true(test_delete(model, subnet, &error));
	assert_range(model, pool, "", "10.0.1.0/24");
}

/* What a transaction takes shows to its own later parts, and is free again when it fails. */
static void a_transaction_sees_what_it_took(void **state)
{
	struct model *model = *state;
	const struct object *pool = make_pool(model, "'10.0.0.0/23'", ",'default_prefixlen':24");
	const struct object *networks[] = { make_network(model), make_network(model) };
	struct txn *txn = txn_new(model, &test_admin);
	static const char *const expected[] = { "10.0.0.0/24", "10.0.1.0/24" };
	GError *error = NULL;

	for (unsigned i = 0; i < 2; i++) {
		json_t *body = test_json("{'network_id':'%s','subnetpool_id':'%s'}",
			test_id(networks[i]), test_id(pool));
		const struct object *subnet = txn_create(txn, KIND_SUBNET, body, &error);

		json_decref(body);
		assert_string_equal(object_str(subnet, SUBNET_CIDR), expected[i]);
	}
	txn_free(txn);
	assert_range(model, pool, "", "10.0.0.0/24");
}

static void undo_gives_back_what_was_onboarded(void **state)
{
	struct model *model = *state;
	const struct object *pool = make_pool(model, "'10.0.0.0/24'", "");
	const struct object *network = make_network(model);
	GError *error = NULL;
	struct txn *txn;
	struct changeset *changes;
	json_t *body, *answer;
	u64 before;

	assert_non_null(try_subnet(model, network, ",'cidr':'10.5.0.0/24'", &error));
	before = model_revision(model);
	txn = txn_new(model, &test_admin);
	body = test_json("{'network_id':'%s'}", test_id(network));
	assert_true(txn_act(txn, KIND_SUBNETPOOL, test_id(pool),
		kind_action(&subnetpool_kind, "onboard_network_subnets"), body, &answer, &error));
	assert_int_equal(json_array_size(answer), 1);
	json_decref(answer);
	json_decref(body);
	changes = test_apply(txn);
	pool = model_first(model, KIND_SUBNETPOOL, SUBNETPOOL_BY_NAME, "p", NULL);
	assert_string_equal(
		object_str(pool, SUBNETPOOL_PREFIXES), "[\"10.0.0.0/24\",\"10.5.0.0/24\"]");
	model_undo(model, changes, before);
	changeset_free(changes);
	pool = model_first(model, KIND_SUBNETPOOL, SUBNETPOOL_BY_NAME, "p", NULL);
	assert_string_equal(object_str(pool, SUBNETPOOL_PREFIXES), "[\"10.0.0.0/24\"]");
	assert_range(model, pool, ",'prefixlen':24", "10.0.0.0/24");
	assert_null(of_pool(model, pool, ",'prefixlen':24", &error));
	assert_error(error, SUBNETPOOL_EXHAUSTED);
}

static void quota_counts_a_projects_addresses(void **state)
{
	struct model *model = *state;
	const struct object *pool = make_pool(model, "'fd00::/48'", ",'default_quota':3");
	GError *error = NULL;

	assert_range(model, pool, ",'prefixlen':64", "fd00::/64");
	assert_null(of_pool(model, pool, ",'prefixlen':62", &error));
	assert_error(error, POOL_MIN_PREFIX);
	pool = test_update(model, pool, test_json("{'min_prefixlen':48}"), &error);
	assert_null(of_pool(model, pool, ",'prefixlen':62", &error));
	assert_error(error, SUBNETPOOL_QUOTA);
	assert_range(model, pool, ",'prefixlen':63", "fd00:0:0:2::/63");
	assert_null(of_pool(model, pool, ",'prefixlen':64", &error));
	assert_error(error, SUBNETPOOL_QUOTA);
}

static void bad_pools_are_refused(void **state)
{
	static const struct {
		const char *body;
		enum weft_error code;
	} cases[] = {
		{ "'prefixes':[]", WEFT_ERROR_SUBNETPOOL_NO_PREFIX },
		{ "'prefixes':['10.0.0.0/8','fd00::/48']", WEFT_ERROR_PREFIX_VERSION },
		{ "'prefixes':['10.0.0.0/8'],'max_prefixlen':33", WEFT_ERROR_PREFIX_BOUNDS },
		{ "'prefixes':['10.0.0.0/8'],'min_prefixlen':25,'max_prefixlen':24",
			WEFT_ERROR_PREFIX_BOUNDS },
		{ "'prefixes':['10.0.0.0/8'],'min_prefixlen':24,'default_prefixlen':20",
			WEFT_ERROR_PREFIX_BOUNDS },
		{ "'prefixes':['10.0.0.0/8'],'name':''", WEFT_ERROR_INVALID_INPUT },
		{ "'prefixes':['10.0.0.0']", WEFT_ERROR_INVALID_INPUT },
		{ "'prefixes':['10.0.0.0/8'],'address_scope_id':'0e0d8bd2-86a2-4a6c-a9e6-1ba2d2a8b4d1'",
			WEFT_ERROR_ADDRESS_SCOPE_NOT_FOUND },
	};
	GError *error = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		bool named = strstr(cases[i].body, "name");

		assert_null(test_create_as(*state, &test_admin, KIND_SUBNETPOOL,
			test_json("{%s%s}", named ? "" : "'name':'p',", cases[i].body), &error));
		assert_int_equal(error->code, cases[i].code);
		g_clear_error(&error);
	}
}

static void updates_only_add(void **state)
{
	struct model *model = *state;
	const struct object *pool = make_pool(model, "'10.0.0.0/16'", "");
	GError *error = NULL;

	assert_null(test_update(model, pool, test_json("{'prefixes':['10.0.0.0/17']}"), &error));
	assert_error(error, PREFIX_UPDATE);
	pool = test_update(model, pool, test_json("{'prefixes':['10.0.0.0/15']}"), &error);
	assert_string_equal(object_str(pool, SUBNETPOOL_PREFIXES), "[\"10.0.0.0/15\"]");
	assert_range(model, pool, ",'prefixlen':15", "10.0.0.0/15");
	assert_false(test_delete(model, pool, &error));
	assert_error(error, SUBNETPOOL_IN_USE);
}

static void one_default_of_each_version(void **state)
{
	struct model *model = *state;
	const struct object *subnet;
	GError *error = NULL;

	assert_null(try_subnet(model, make_network(model),
		",'use_default_subnetpool':true,'ip_version':4", &error));
	assert_error(error, BAD_REQUEST);
	make_pool(model, "'10.0.0.0/8'", ",'is_default':true,'default_prefixlen':26");
	make_pool(model, "'fd00::/48'", ",'is_default':true");
	assert_null(test_create_as(model, &test_admin, KIND_SUBNETPOOL,
		test_json("{'name':'q','prefixes':['11.0.0.0/8'],'is_default':true}"), &error));
	assert_error(error, INVALID_INPUT);
	subnet = try_subnet(model, make_network(model),
		",'use_default_subnetpool':true,'ip_version':6", &error);
	assert_string_equal(object_str(subnet, SUBNET_CIDR), "fd00::/64");
	assert_null(try_subnet(model, make_network(model), ",'ip_version':4", &error));
	assert_error(error, BAD_REQUEST);
	assert_null(try_subnet(
		model, make_network(model), ",'subnetpool_id':'prefix_delegation'", &error));
	assert_non_null(strstr(error->message, "prefix delegation is not offered"));
	assert_error(error, INVALID_INPUT);
}

static void pools_of_a_scope_are_apart(void **state)
{
	struct model *model = *state;
	const struct object *scope =
		test_create(model, KIND_ADDRESS_SCOPE, test_json("{'name':'s','ip_version':4}"));
	g_autofree char *in = g_strdup_printf(",'address_scope_id':'%s'", test_id(scope));
	const struct object *pool = make_pool(model, "'10.0.0.0/16'", in);
	const struct object *second = make_pool(model, "'10.1.0.0/16'", in);
	const struct object *network = make_network(model);
	g_autofree char *of_first =
		g_strdup_printf(",'prefixlen':24,'subnetpool_id':'%s'", test_id(pool));
	g_autofree char *of_second =
		g_strdup_printf(",'prefixlen':24,'subnetpool_id':'%s'", test_id(second));
	GError *error = NULL;

	assert_null(test_create_as(model, &test_admin, KIND_SUBNETPOOL,
		test_json("{'name':'q','prefixes':['10.1.2.0/24']%s}", in), &error));
	assert_error(error, ADDRESS_SCOPE_PREFIX);
	assert_null(test_create_as(model, &test_admin, KIND_SUBNETPOOL,
		test_json("{'name':'q','prefixes':['fd00::/48']%s}", in), &error));
	assert_error(error, INVALID_INPUT);
	assert_non_null(try_subnet(model, network, of_first, &error));
	assert_non_null(try_subnet(model, network, of_second, &error));
	assert_null(try_subnet(model, network, ",'cidr':'10.9.0.0/24'", &error));
	assert_error(error, SUBNETPOOL_AFFINITY);
	assert_null(test_update(model, pool, test_json("{'address_scope_id':null}"), &error));
	assert_error(error, SCOPE_AFFINITY);
	assert_false(test_delete(model, scope, &error));
	assert_error(error, ADDRESS_SCOPE_IN_USE);
	scope = test_update(model, scope, test_json("{'shared':true}"), &error);
	assert_null(test_update(model, scope, test_json("{'shared':false}"), &error));
	assert_error(error, ADDRESS_SCOPE_UPDATE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(prefixes_are_written_as_few_as_possible),
		TEST(ranges_are_taken_and_given_back),
		TEST(a_transaction_sees_what_it_took),
		TEST(undo_gives_back_what_was_onboarded),
		TEST(quota_counts_a_projects_addresses),
		TEST(bad_pools_are_refused),
		TEST(updates_only_add),
		TEST(one_default_of_each_version),
		TEST(pools_of_a_scope_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
