/* SPDX-License-Identifier: Apache-2.0 */
#include "model/access/quota.h"
#include "model/testing.h"

static const struct caller alice = { CALLER_MEMBER, "alice" }, bob = { CALLER_MEMBER, "bob" };

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

static void set(struct model *model, const char *project, s64 limit)
{
	struct txn *txn = txn_new(model, &test_admin);
	GError *error = NULL;

	assert_true(quota_set(txn, &network_kind, project, limit, &error));
	changeset_free(test_apply(txn));
}

/* How many of @n networks are made in one transaction before the quota ends it. */
static unsigned make(struct model *model, const struct caller *caller, unsigned n, GError **error)
{
	struct txn *txn = txn_new(model, caller);
	unsigned made = 0;

	for (; made < n; made++) {
		json_t *body = test_json("{'name':'n%u'}", made);
		const struct object *network = txn_create(txn, KIND_NETWORK, body, error);

		json_decref(body);
		if (!network)
			break;
	}
	if (made == n)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return made;
}

static void limits_come_from_project_configuration_table(void **state)
{
	struct model *model = *state;

	assert_int_equal(quota_limit(model, &network_kind, "alice"), 100);
	quota_set_default(model, KIND_NETWORK, 7);
	assert_int_equal(quota_limit(model, &network_kind, "alice"), 7);
	set(model, "alice", 3);
	assert_int_equal(quota_limit(model, &network_kind, "alice"), 3);
	assert_int_equal(quota_limit(model, &network_kind, "bob"), 7);
	set(model, "alice", QUOTA_UNLIMITED);
	assert_int_equal(quota_limit(model, &network_kind, "alice"), QUOTA_UNLIMITED);
}

static void creation_is_bounded_within_and_across_transactions(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	set(model, "alice", 3);
	assert_int_equal(make(model, &alice, 4, &error), 3);
	assert_non_null(strstr(error->message, "Quota exceeded for resources: ['network']"));
	assert_error(error, OVER_QUOTA);
	assert_int_equal(quota_used(model, &network_kind, "alice"), 0);
	assert_int_equal(make(model, &alice, 2, &error), 2);
	assert_int_equal(quota_used(model, &network_kind, "alice"), 2);
	assert_int_equal(make(model, &alice, 2, &error), 1);
	assert_error(error, OVER_QUOTA);
	assert_int_equal(make(model, &bob, 4, &error), 4);
	set(model, "alice", QUOTA_UNLIMITED);
	assert_int_equal(make(model, &alice, 4, &error), 4);
	set(model, "alice", 0);
	assert_int_equal(make(model, &alice, 1, &error), 0);
	assert_error(error, OVER_QUOTA);
}

/* Objects count for the project that gets them, whoever makes them. */
static void administrator_is_bounded_by_the_owner(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	set(model, "alice", 0);
	assert_null(test_create_as(
		model, &test_admin, KIND_NETWORK, test_json("{'project_id':'alice'}"), &error));
	assert_error(error, OVER_QUOTA);
	test_create(model, KIND_NETWORK, test_json("{}"));
}

static void deletion_gives_room_in_the_same_transaction(void **state)
{
	struct model *model = *state;
	const struct object *network;
	struct txn *txn;
	GError *error = NULL;
	json_t *body = test_json("{}");

	set(model, "alice", 1);
	network = test_create_as(model, &alice, KIND_NETWORK, test_json("{}"), &error);
	assert_non_null(network);
	txn = txn_new(model, &alice);
	assert_true(txn_delete(txn, KIND_NETWORK, test_id(network), &error));
	assert_non_null(txn_create(txn, KIND_NETWORK, body, &error));
	assert_null(txn_create(txn, KIND_NETWORK, body, &error));
	assert_error(error, OVER_QUOTA);
	json_decref(body);
	txn_free(txn);
}

static void reset_returns_to_the_default(void **state)
{
	struct model *model = *state;
	struct txn *txn;
	GError *error = NULL;
	bool any;

	set(model, "alice", 1);
	for (int round = 0; round < 2; round++) {
		txn = txn_new(model, &test_admin);
		assert_true(quota_reset(txn, "alice", &any, &error));
		assert_int_equal(any, !round);
		changeset_free(test_apply(txn));
	}
	assert_int_equal(quota_limit(model, &network_kind, "alice"), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			limits_come_from_project_configuration_table, setup, teardown),
		cmocka_unit_test_setup_teardown(
			creation_is_bounded_within_and_across_transactions, setup, teardown),
		cmocka_unit_test_setup_teardown(
			administrator_is_bounded_by_the_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(
			deletion_gives_room_in_the_same_transaction, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_returns_to_the_default, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
