/* SPDX-License-Identifier: Apache-2.0 */
/* Where the numbers of new segments come from, and what of ranges may be changed. */
#include "model/network/network_segment_range.h"
#include "model/network/provider.h"
#include "model/network/segment.h"
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

static const struct object *try_range(struct model *model, const char *body, GError **error)
{
	return test_create_as(
		model, &test_admin, KIND_NETWORK_SEGMENT_RANGE, test_json("{%s}", body), error);
}

static const struct object *make_range(struct model *model, const char *body)
{
	return test_create(model, KIND_NETWORK_SEGMENT_RANGE, test_json("{%s}", body));
}

#define RANGE(type, first, last) "'network_type':'" type "','minimum':" #first ",'maximum':" #last
#define VLANS(first, last) RANGE("vlan", first, last) ",'physical_network':'p1'"
#define OF(project) ",'shared':false,'project_id':'" project "'"

/* The number that a new network of @project gets; 0: none is left. */
static s64 next_of(struct model *model, const char *project, const char *type)
{
	bool vlan = !strcmp(type, "vlan");
	GError *error = NULL;
	const struct object *network = test_create_as(model, &test_admin, KIND_NETWORK,
		test_json("{'project_id':'%s','provider:network_type':'%s'%s}", project, type,
			vlan ? ",'provider:physical_network':'p1'" : ""),
		&error);

	if (network)
		return object_int(network, NETWORK_PROVIDER_SEGMENT);
	assert_error(error, VNI_EXHAUSTED);
	return 0;
}

static void own_then_shared_then_all(void **state)
{
	struct model *model = *state;

	make_range(model, VLANS(1, 2) OF("other"));
	make_range(model, VLANS(20, 21) OF("mine"));
	make_range(model, VLANS(10, 11));
	assert_int_equal(next_of(model, "mine", "vlan"), 20);
	assert_int_equal(next_of(model, "mine", "vlan"), 21);
	assert_int_equal(next_of(model, "mine", "vlan"), 10);
	assert_int_equal(next_of(model, "nobody", "vlan"), 11);
	assert_int_equal(next_of(model, "nobody", "vlan"), 3); /* 1 and 2 are other's */
	assert_int_equal(next_of(model, "other", "vlan"), 1);
}

static void overlays_share_their_numbers(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	make_range(model, RANGE("vxlan", 4096, 4099) OF("other"));
	make_range(model, RANGE("vxlan", 7, 8));
	assert_int_equal(next_of(model, "mine", "geneve"), 4100);
	assert_int_equal(next_of(model, "mine", "vxlan"), 7);
	assert_int_equal(next_of(model, "other", "vxlan"), 4096);
	assert_int_equal(next_of(model, "other", "geneve"), 4097); /* kept from others alone */
	assert_null(try_range(model, RANGE("geneve", 4099, 5000), &error));
	assert_error(error, RANGE_OVERLAPS);
}

static void nothing_left(void **state)
{
	struct model *model = *state;

	make_range(model, VLANS(1, 4093) OF("other"));
	assert_int_equal(next_of(model, "mine", "vlan"), 4094);
	assert_int_equal(next_of(model, "mine", "vlan"), 0);
	/* who asks for a number gets it */
	test_create(model, KIND_NETWORK,
		test_json(
			"{'provider:network_type':'vlan','provider:physical_network':'p1','provider:segmentation_id':1}"));
	assert_int_equal(next_of(model, "other", "vlan"), 2);
}

static void refused(void **state)
{
	static const struct {
		const char *body;
		enum weft_error error;
	} bad[] = {
		{ "'minimum':1,'maximum':2", WEFT_ERROR_BAD_REQUEST },
		{ "'network_type':'vxlan','minimum':1", WEFT_ERROR_BAD_REQUEST },
		{ RANGE("gre", 1, 2), WEFT_ERROR_RANGE_TYPE_NOT_SUPPORTED },
		{ RANGE("flat", 1, 2), WEFT_ERROR_INVALID_INPUT },
		{ RANGE("vlan", 1, 2), WEFT_ERROR_BAD_REQUEST },
		{ RANGE("vxlan", 1, 2) ",'physical_network':'p1'", WEFT_ERROR_BAD_REQUEST },
		{ VLANS(1, 4095), WEFT_ERROR_INVALID_INPUT },
		{ VLANS(3, 2), WEFT_ERROR_INVALID_INPUT },
		{ VLANS(0, 2), WEFT_ERROR_INVALID_INPUT },
		{ RANGE("vxlan", 1, 16777216), WEFT_ERROR_INVALID_INPUT },
		{ RANGE("vxlan", 1, 2) ",'default':true", WEFT_ERROR_BAD_REQUEST },
		{ RANGE("vxlan", 1, 2) ",'shared':false,'project_id':''", WEFT_ERROR_BAD_REQUEST },
		{ VLANS(15, 30), WEFT_ERROR_RANGE_OVERLAPS },
		{ VLANS(20, 20) OF("other"), WEFT_ERROR_RANGE_OVERLAPS },
	};
	struct model *model = *state;
	GError *error = NULL;

	make_range(model, VLANS(10, 20));
	make_range(model, RANGE("vlan", 10, 20) ",'physical_network':'p2'");
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (try_range(model, bad[i].body, &error))
			fail_msg("%s is taken", bad[i].body);
		if (error->code != (int)bad[i].error)
			fail_msg("%s: %s", bad[i].body, error->message);
		g_clear_error(&error);
	}
}

static void whose(void **state)
{
	struct model *model = *state;

	assert_true(object_is_null(
		make_range(model, VLANS(1, 2) ",'project_id':'mine'"), SLOT_PROJECT_ID));
	assert_string_equal(
		object_str(make_range(model, VLANS(3, 4) ",'shared':false"), SLOT_PROJECT_ID),
		"admin");
}

static void changed(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *range = make_range(model, VLANS(10, 20)), *network;

	make_range(model, VLANS(30, 40));
	assert_int_equal(next_of(model, "mine", "vlan"), 10);
	assert_null(test_update(model, range, test_json("{'minimum':11}"), &error));
	assert_error(error, RANGE_IN_USE);
	assert_null(test_update(model, range, test_json("{'minimum':50,'maximum':60}"), &error));
	assert_error(error, RANGE_IN_USE);
	assert_null(test_update(model, range, test_json("{'maximum':30}"), &error));
	assert_error(error, RANGE_OVERLAPS);
	assert_null(test_update(model, range, test_json("{'maximum':9}"), &error));
	assert_error(error, INVALID_INPUT);
	assert_false(test_delete(model, range, &error));
	assert_error(error, RANGE_IN_USE);
	range = test_update(model, range, test_json("{'minimum':9,'maximum':10}"), &error);
	assert_non_null(range);
	network = model_first(model, KIND_NETWORK, NETWORK_BY_PROJECT, "mine", NULL);
	assert_true(test_delete(model, network, &error));
	range = test_update(model, range, test_json("{'minimum':10}"), &error);
	assert_non_null(range);
	assert_true(test_delete(model, range, &error));
}

static void assert_shows(
	const struct model *model, const struct object *range, unsigned slot, const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	network_segment_range_kind.hooks.compute(model, range, slot, &w);
	assert_string_equal(text->str, expected);
}

static void used_and_available(void **state)
{
	struct model *model = *state;
	const struct object *range = make_range(model, RANGE("vxlan", 5, 9));

	next_of(model, "mine", "vxlan");
	test_create(model, KIND_NETWORK,
		test_json(
			"{'provider:network_type':'vxlan','provider:segmentation_id':8,'project_id':'other'}"));
	test_create(model, KIND_NETWORK,
		test_json("{'provider:network_type':'geneve','provider:segmentation_id':9}"));
	assert_shows(model, range, RANGE_USED, "{\"5\":\"mine\",\"8\":\"other\"}");
	assert_shows(model, range, RANGE_AVAILABLE, "[6,7]");
	range = make_range(model, RANGE("vxlan", 100000, 900000));
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	network_segment_range_kind.hooks.compute(model, range, RANGE_AVAILABLE, &w);
	assert_true(g_str_has_suffix(text->str, ",109999]"));
}

static const struct object *default_of(struct model *model, const char *type, const char *physical)
{
	return model_first(
		model, KIND_NETWORK_SEGMENT_RANGE, RANGE_BY_DEFAULT, type, physical, NULL);
}

static void defaults(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	struct txn *txn;

	for (int i = 0; i < 2; i++) {
		txn = txn_new(model, &test_admin);
		assert_true(ranges_seed(txn, &error));
		changeset_free(test_apply(txn));
		assert_int_equal(model_count_all(model, KIND_NETWORK_SEGMENT_RANGE), 2);
	}
	assert_int_equal(
		object_int(default_of(model, "geneve", ""), RANGE_MINIMUM), NETWORK_VNI_FIRST);
	assert_false(test_delete(model, default_of(model, "vxlan", ""), &error));
	assert_error(error, RANGE_READ_ONLY);
	assert_null(test_update(
		model, default_of(model, "vxlan", ""), test_json("{'name':'x'}"), &error));
	assert_error(error, RANGE_READ_ONLY);
	/* they stand in nobody's way */
	make_range(model, RANGE("vxlan", 4096, 5000));
}

/* Of each physical network that a host is on, and no longer. */
static void defaults_of_hosts(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *range;

	test_create(model, KIND_HOST, test_json("{'name':'h1','bridge_mappings':{'p1':'eth1'}}"));
	range = default_of(model, "vlan", "p1");
	assert_int_equal(object_int(range, RANGE_MAXIMUM), VLAN_LAST);
	assert_true(object_bool(range, RANGE_SHARED));
	assert_int_equal(next_of(model, "mine", "vlan"), 1);
	test_create(model, KIND_HOST, test_json("{'name':'h2'}"));
	test_update(model, host_find(model, "h2"),
		test_json("{'bridge_mappings':{'p1':'eth1','p2':'eth2'}}"), &error);
	assert_non_null(default_of(model, "vlan", "p2"));
	test_update(model, host_find(model, "h1"), test_json("{'bridge_mappings':{}}"), &error);
	assert_non_null(default_of(model, "vlan", "p1"));
	assert_true(test_delete(model, host_find(model, "h2"), &error)); /* VLAN 1 is in use */
	assert_int_equal(model_count_all(model, KIND_NETWORK_SEGMENT_RANGE), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(own_then_shared_then_all),
		TEST(overlays_share_their_numbers),
		TEST(nothing_left),
		TEST(refused),
		TEST(whose),
		TEST(changed),
		TEST(used_and_available),
		TEST(defaults),
		TEST(defaults_of_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
