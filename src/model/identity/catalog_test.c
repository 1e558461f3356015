/* SPDX-License-Identifier: Apache-2.0 */
/* Regions, endpoints and limits, by what refers to what. */
#include "model/identity/catalog.h"
#include "model/identity/identity.h"
#include "model/testing.h"

static const struct object *service;

static int setup(void **state)
{
	*state = model_new();
	test_create(*state, KIND_REGION, test_json("{'name':'north'}"));
	service = test_create(*state, KIND_SERVICE, test_json("{'name':'n','type':'compute'}"));
	return 0;
}

static int teardown(void **state)
{
	model_free(*state);
	return 0;
}

static const struct object *region(struct model *model, const char *name)
{
	return model_first(model, KIND_REGION, REGION_BY_NAME, name, NULL);
}

static const struct object *try_create(
	struct model *model, enum kind_id kind, json_t *body, GError **error)
{
	return test_create_as(model, &test_admin, kind, body, error);
}

static void regions_nest(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	test_create(model, KIND_REGION, test_json("{'name':'a','parent_region_id':'north'}"));
	test_create(model, KIND_REGION, test_json("{'name':'b','parent_region_id':'a'}"));
	assert_null(try_create(
		model, KIND_REGION, test_json("{'name':'c','parent_region_id':'none'}"), &error));
	assert_error(error, NOT_FOUND);
	assert_null(try_create(model, KIND_REGION, test_json("{'name':'a'}"), &error));
	assert_error(error, CONFLICT);
	assert_null(test_update(
		model, region(model, "north"), test_json("{'parent_region_id':'b'}"), &error));
	assert_error(error, INVALID_INPUT);
	assert_false(test_delete(model, region(model, "a"), &error));
	assert_error(error, CONFLICT);
}

static void endpoints_are_somewhere(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	test_create(model, KIND_ENDPOINT,
		test_json(
			"{'service_id':'%s','interface':'public','url':'http://x','region_id':'north'}",
			test_id(service)));
	assert_null(try_create(model, KIND_ENDPOINT,
		test_json(
			"{'service_id':'%s','interface':'public','url':'http://x','region_id':'no'}",
			test_id(service)),
		&error));
	assert_error(error, NOT_FOUND);
	assert_null(try_create(model, KIND_ENDPOINT,
		test_json("{'service_id':'%s','interface':'public','url':'x'}", test_id(service)),
		&error));
	assert_error(error, INVALID_INPUT);
	assert_false(test_delete(model, region(model, "north"), &error));
	assert_error(error, CONFLICT);
	assert_true(test_delete(model, service, &error));
	assert_int_equal(model_count_all(model, KIND_ENDPOINT), 0);
	assert_true(test_delete(model, region(model, "north"), &error));
}

static void limits_are_of_what_is_registered(void **state)
{
	struct model *model = *state;
	const struct object *domain = test_create(model, KIND_DOMAIN, test_json("{'name':'d'}"));
	const struct object *registered;
	GError *error = NULL;

	assert_null(try_create(model, KIND_LIMIT,
		test_json(
			"{'domain_id':'%s','service_id':'%s','resource_name':'cores','resource_limit':1}",
			test_id(domain), test_id(service)),
		&error));
	assert_error(error, FORBIDDEN);
	registered = test_create(model, KIND_REGISTERED_LIMIT,
		test_json("{'service_id':'%s','resource_name':'cores','default_limit':10}",
			test_id(service)));
	assert_null(try_create(model, KIND_REGISTERED_LIMIT,
		test_json("{'service_id':'%s','resource_name':'cores','default_limit':11}",
			test_id(service)),
		&error));
	assert_error(error, CONFLICT);
	test_create(model, KIND_LIMIT,
		test_json(
			"{'domain_id':'%s','service_id':'%s','resource_name':'cores','resource_limit':1}",
			test_id(domain), test_id(service)));
	assert_null(try_create(model, KIND_LIMIT,
		test_json("{'service_id':'%s','resource_name':'cores','resource_limit':1}",
			test_id(service)),
		&error));
	assert_error(error, INVALID_INPUT);
	assert_false(test_delete(model, registered, &error));
	assert_error(error, FORBIDDEN);
	assert_true(test_delete(model, domain, &error));
	assert_true(test_delete(model, registered, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(regions_nest, setup, teardown),
		cmocka_unit_test_setup_teardown(endpoints_are_somewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_are_of_what_is_registered, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
