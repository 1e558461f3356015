/* SPDX-License-Identifier: Apache-2.0 */
#include "model/access/rbac.h"
#include "model/testing.h"

static const struct caller alice = { CALLER_MEMBER, "alice" }, bob = { CALLER_MEMBER, "bob" },
			   eve = { CALLER_MEMBER, "eve" };

struct fixture {
	struct model *model;
	struct uuid network; /* alice's */
};

static int setup(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);

	f->model = model_new();
	f->network = *object_id(
		test_create_as(f->model, &alice, KIND_NETWORK, test_json("{'name':'a'}"), NULL));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	model_free(f->model);
	g_free(f);
	return 0;
}

static const struct object *network(const struct fixture *f)
{
	return model_get(f->model, KIND_NETWORK, &f->network);
}

static bool sees(const struct fixture *f, const struct caller *caller)
{
	return model_visible(f->model, network(f), caller);
}

static const struct object *share(struct fixture *f, const struct caller *caller,
	const char *action, const char *target, GError **error)
{
	return test_create_as(f->model, caller, KIND_RBAC_POLICY,
		test_json(
			"{'object_type':'network','object_id':'%s','action':'%s','target_tenant':'%s'}",
			test_id(network(f)), action, target),
		error);
}

static const struct object *must_share(struct fixture *f, const char *action, const char *target)
{
	GError *error = NULL;
	const struct object *policy = share(f, &test_admin, action, target, &error);

	if (!policy)
		fail_msg("%s", error->message);
	return policy;
}

static const struct object *make_port(struct fixture *f, const struct caller *caller)
{
	return test_create_as(f->model, caller, KIND_PORT,
		test_json("{'network_id':'%s'}", test_id(network(f))), NULL);
}

/* What the caller reads as the network's "shared". */
static bool reads_shared(const struct fixture *f, const struct caller *caller)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	bool shared;

	object_write_json(
		network(f), f->model, caller, SLOT_BIT(NETWORK_SHARED) | SLOT_BIT(SLOT_ID), &w);
	shared = strstr(text->str, "\"shared\":true");
	assert_true(shared || strstr(text->str, "\"shared\":false"));
	g_string_free(text, TRUE);
	return shared;
}

static void one_project(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;
	const struct object *policy = share(f, &alice, "access_as_shared", "bob", &error);

	assert_non_null(policy);
	assert_true(sees(f, &alice) && sees(f, &bob) && !sees(f, &eve));
	assert_true(reads_shared(f, &bob));
	assert_false(reads_shared(f, &alice) || reads_shared(f, &eve));
	assert_non_null(make_port(f, &bob));
	assert_null(make_port(f, &eve));
	assert_null(share(f, &alice, "access_as_shared", "bob", &error));
	assert_error(error, RBAC_EXISTS);
}

static void who_may_share(void **state)
{
	struct fixture *f = *state;
	GError *error = NULL;

	assert_null(share(f, &alice, "access_as_shared", "*", &error));
	assert_error(error, FORBIDDEN);
	assert_null(share(f, &bob, "access_as_shared", "bob", &error));
	assert_error(error, NETWORK_NOT_FOUND);
	must_share(f, "access_as_shared", "bob");
	assert_null(share(f, &bob, "access_as_shared", "eve", &error));
	assert_error(error, INVALID_INPUT);
	assert_null(test_create_as(f->model, &test_admin, KIND_RBAC_POLICY,
		test_json(
			"{'object_type':'port','object_id':'%s','action':'access_as_shared','target_tenant':'x'}",
			test_id(network(f))),
		&error));
	assert_non_null(strstr(error->message, "not a valid RBAC object type; there are "));
	assert_error(error, INVALID_INPUT);
}

static void everybody_is_the_shared_attribute(void **state)
{
	struct fixture *f = *state;
	const struct object *policy;
	GError *error = NULL;

	test_update(f->model, network(f), test_json("{'shared':true}"), NULL);
	policy = model_first(f->model, KIND_RBAC_POLICY, RBAC_BY_OBJECT, test_id(network(f)), NULL);
	assert_non_null(policy);
	assert_string_equal(object_str(policy, RBAC_TARGET), "*");
	assert_string_equal(object_str(policy, SLOT_PROJECT_ID), "alice");
	assert_true(sees(f, &eve) && reads_shared(f, &eve));
	assert_true(test_delete(f->model, policy, &error));
	assert_false(object_bool(network(f), NETWORK_SHARED) || sees(f, &eve));
	policy = must_share(f, "access_as_shared", "*");
	assert_true(object_bool(network(f), NETWORK_SHARED));
	test_update(f->model, network(f), test_json("{'shared':false}"), NULL);
	assert_int_equal(model_count_all(f->model, KIND_RBAC_POLICY), 0);
	assert_false(sees(f, &eve));
}

static void a_network_made_shared_and_external(void **state)
{
	struct fixture *f = *state;
	const struct object *made = test_create(
		f->model, KIND_NETWORK, test_json("{'shared':true,'router:external':true}"));

	assert_int_equal(
		model_count(f->model, KIND_RBAC_POLICY, RBAC_BY_OBJECT, test_id(made), NULL), 2);
	assert_true(test_delete(f->model, made, NULL));
	assert_int_equal(model_count_all(f->model, KIND_RBAC_POLICY), 0);
}

static void external(void **state)
{
	struct fixture *f = *state;
	const struct object *to_bob = must_share(f, "access_as_external", "bob");

	assert_true(object_bool(network(f), NETWORK_EXTERNAL));
	assert_true(sees(f, &bob) && !sees(f, &eve));
	assert_false(reads_shared(f, &bob));
	must_share(f, "access_as_external", "*");
	assert_true(sees(f, &eve));
	assert_true(test_delete(f->model, to_bob, NULL));
	assert_true(object_bool(network(f), NETWORK_EXTERNAL) && sees(f, &bob));
	test_update(f->model, network(f), test_json("{'router:external':false}"), NULL);
	assert_int_equal(model_count_all(f->model, KIND_RBAC_POLICY), 0);
	assert_false(sees(f, &bob) || sees(f, &eve));
}

static void in_use(void **state)
{
	struct fixture *f = *state;
	const struct object *to_bob = must_share(f, "access_as_shared", "bob"), *to_all, *port;
	GError *error = NULL;

	port = make_port(f, &bob);
	assert_false(test_delete(f->model, to_bob, &error));
	assert_error(error, RBAC_IN_USE);
	assert_null(test_update(f->model, to_bob, test_json("{'target_tenant':'eve'}"), &error));
	assert_error(error, RBAC_IN_USE);
	assert_non_null(test_update(f->model, to_bob, test_json("{'target_tenant':'*'}"), &error));
	assert_true(object_bool(network(f), NETWORK_SHARED));
	assert_null(test_update(f->model, network(f), test_json("{'shared':false}"), &error));
	assert_error(error, INVALID_SHARED);
	/* Another policy is enough. */
	to_all = model_first(f->model, KIND_RBAC_POLICY, RBAC_BY_OBJECT, test_id(network(f)), NULL);
	to_bob = must_share(f, "access_as_shared", "bob");
	assert_true(test_delete(f->model, to_all, &error));
	assert_false(object_bool(network(f), NETWORK_SHARED));
	assert_false(test_delete(f->model, to_bob, &error));
	assert_error(error, RBAC_IN_USE);
	assert_true(test_delete(f->model, port, &error));
	assert_true(test_delete(f->model, to_bob, &error));
	assert_false(sees(f, &bob));
}

static void change_of_target(void **state)
{
	struct fixture *f = *state;
	const struct object *policy = must_share(f, "access_as_shared", "bob");

	policy = test_update(f->model, policy, test_json("{'target_tenant':'eve'}"), NULL);
	assert_true(sees(f, &eve) && !sees(f, &bob));
	policy = test_update(f->model, policy, test_json("{'target_tenant':'*'}"), NULL);
	assert_true(sees(f, &eve) && sees(f, &bob) && object_bool(network(f), NETWORK_SHARED));
	test_update(f->model, policy, test_json("{'target_tenant':'bob'}"), NULL);
	assert_true(!sees(f, &eve) && sees(f, &bob) && !object_bool(network(f), NETWORK_SHARED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_project, setup, teardown),
		cmocka_unit_test_setup_teardown(who_may_share, setup, teardown),
		cmocka_unit_test_setup_teardown(everybody_is_the_shared_attribute, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_network_made_shared_and_external, setup, teardown),
		cmocka_unit_test_setup_teardown(external, setup, teardown),
		cmocka_unit_test_setup_teardown(in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(change_of_target, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
