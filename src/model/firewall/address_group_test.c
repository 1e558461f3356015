/* SPDX-License-Identifier: Apache-2.0 */
#include "model/firewall/address_group.h"

#include "model/testing.h"

static const struct caller member = { CALLER_MEMBER, "p1" };

static bool act(struct model *model, const struct object *group, const char *verb, json_t *body,
	GError **error)
{
	struct txn *txn = txn_new(model, &member);
	json_t *answer;
	bool ok = txn_act(txn, KIND_ADDRESS_GROUP, test_id(group),
		kind_action(&address_group_kind, verb), body, &answer, error);

	json_decref(body);
	if (ok)
		changeset_free(test_apply(txn));
	else
		txn_free(txn);
	return ok;
}

static void addresses_come_and_go(void **state)
{
	g_autoptr(model) model = model_new();
	GError *error = NULL;
	const struct object *group = test_create_as(model, &member, KIND_ADDRESS_GROUP,
		test_json("{'addresses':['10.0.0.1','10.0.0.1/32','192.168.7.7/16','FD00::1']}"),
		&error);
	struct uuid id = *object_id(group);

	(void)state;
	assert_string_equal(object_str(group, ADDRESS_GROUP_ADDRESSES),
		"[\"10.0.0.1/32\",\"192.168.0.0/16\",\"fd00::1/128\"]");
	assert_false(act(model, group, "add_addresses",
		test_json("{'addresses':['10.0.0.2','10.0.0.1']}"), &error));
	assert_error(error, ADDRESSES_EXIST);
	assert_true(act(
		model, group, "add_addresses", test_json("{'addresses':['10.0.0.2']}"), &error));
	group = model_get(model, KIND_ADDRESS_GROUP, &id);
	assert_false(act(
		model, group, "remove_addresses", test_json("{'addresses':['10.0.0.3']}"), &error));
	assert_error(error, ADDRESSES_NOT_FOUND);
	assert_true(act(model, group, "remove_addresses",
		test_json("{'addresses':['192.168.0.0/16','fd00::1']}"), &error));
	group = model_get(model, KIND_ADDRESS_GROUP, &id);
	assert_string_equal(
		object_str(group, ADDRESS_GROUP_ADDRESSES), "[\"10.0.0.1/32\",\"10.0.0.2/32\"]");
	assert_false(act(model, group, "add_addresses", test_json("{'addresses':'x'}"), &error));
	assert_error(error, BAD_REQUEST);
	assert_false(act(model, group, "add_addresses", test_json("{'addresses':['x']}"), &error));
	assert_error(error, INVALID_CIDR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
