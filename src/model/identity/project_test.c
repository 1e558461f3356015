/* SPDX-License-Identifier: Apache-2.0 */
/* Projects below projects, and roles of domains. */
#include "model/identity/identity.h"
#include "model/testing.h"

static const struct object *domain;

static int setup(void **state)
{
	*state = model_new();
	domain = test_create(*state, KIND_DOMAIN, test_json("{'name':'d'}"));
	return 0;
}

static int teardown(void **state)
{
	model_free(*state);
	return 0;
}

static json_t *body(const char *name, const struct object *parent)
{
	if (!parent)
		return test_json("{'name':'%s','domain_id':'%s'}", name, test_id(domain));
	return test_json("{'name':'%s','domain_id':'%s','parent_id':'%s'}", name, test_id(domain),
		test_id(parent));
}

static void a_parent_stays(void **state)
{
	struct model *model = *state;
	const struct object *top = test_create(model, KIND_PROJECT, body("top", NULL));
	const struct object *below = test_create(model, KIND_PROJECT, body("below", top));
	GError *error = NULL;

	assert_false(test_delete(model, top, &error));
	assert_error(error, CONFLICT);
	assert_true(test_delete(model, below, &error));
	assert_true(test_delete(model, top, &error));
}

static void a_parent_is_in_the_same_domain(void **state)
{
	struct model *model = *state;
	const struct object *top = test_create(model, KIND_PROJECT, body("top", NULL));
	const struct object *other = test_create(model, KIND_DOMAIN, test_json("{'name':'o'}"));
	GError *error = NULL;

	assert_null(test_create_as(model, &test_admin, KIND_PROJECT,
		test_json("{'name':'x','domain_id':'%s','parent_id':'%s'}", test_id(other),
			test_id(top)),
		&error));
	assert_error(error, INVALID_INPUT);
	assert_null(test_create_as(model, &test_admin, KIND_PROJECT, body("x", domain), &error));
	assert_error(error, NOT_FOUND);
}

static void what_is_immutable_stays(void **state)
{
	struct model *model = *state;
	const struct object *project = test_create(model, KIND_PROJECT,
		test_json("{'name':'p','domain_id':'%s','options':{'immutable':true}}",
			test_id(domain)));
	GError *error = NULL;

	assert_false(test_delete(model, project, &error));
	assert_error(error, FORBIDDEN);
	assert_null(test_update(model, project, test_json("{'name':'q'}"), &error));
	assert_error(error, FORBIDDEN);
	project = test_update(
		model, project, test_json("{'name':'q','options':{'immutable':null}}"), &error);
	assert_non_null(project);
	assert_string_equal(object_str(project, PROJECT_OPTIONS), "{}");
	assert_true(test_delete(model, project, &error));
}

static void the_depth_is_bounded(void **state)
{
	struct model *model = *state;
	const struct object *last = NULL;
	GError *error = NULL;

	for (unsigned i = 0; i < 16; i++) {
		g_autofree char *name = g_strdup_printf("p%u", i);

		last = test_create(model, KIND_PROJECT, body(name, last));
	}
	assert_null(test_create_as(model, &test_admin, KIND_PROJECT, body("x", last), &error));
	assert_error(error, FORBIDDEN);
}

static void what_is_enabled_is_below_what_is_enabled(void **state)
{
	struct model *model = *state;
	const struct object *top = test_create(model, KIND_PROJECT, body("top", NULL));
	const struct object *below = test_create(model, KIND_PROJECT, body("below", top));
	GError *error = NULL;

	assert_null(test_update(model, top, test_json("{'enabled':false}"), &error));
	assert_error(error, FORBIDDEN);
	below = test_update(model, below, test_json("{'enabled':false}"), &error);
	top = test_update(model, top, test_json("{'enabled':false}"), &error);
	assert_non_null(top);
	assert_null(test_update(model, below, test_json("{'enabled':true}"), &error));
	assert_error(error, FORBIDDEN);
	assert_null(test_create_as(model, &test_admin, KIND_PROJECT, body("x", top), &error));
	assert_error(error, FORBIDDEN);
}

static void a_role_has_its_name_once_per_domain(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	test_create(model, KIND_ROLE, test_json("{'name':'r'}"));
	test_create(model, KIND_ROLE, test_json("{'name':'r','domain_id':'%s'}", test_id(domain)));
	assert_null(
		test_create_as(model, &test_admin, KIND_ROLE, test_json("{'name':'r'}"), &error));
	assert_error(error, CONFLICT);
	assert_null(test_create_as(model, &test_admin, KIND_ROLE,
		test_json("{'name':'r','domain_id':'%s'}", test_id(domain)), &error));
	assert_error(error, CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_parent_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_parent_is_in_the_same_domain, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_immutable_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(the_depth_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_is_enabled_is_below_what_is_enabled, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_role_has_its_name_once_per_domain, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
