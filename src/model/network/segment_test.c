/* SPDX-License-Identifier: Apache-2.0 */
/* Segments as objects, and the provider attributes of their network, each following the other. */
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

static const struct object *make_network(struct model *model, const char *body)
{
	return test_create(model, KIND_NETWORK, test_json("{'name':'n'%s}", body));
}

static const struct object *make(
	struct model *model, const struct object *network, const char *body, GError **error)
{
	return test_create_as(model, &test_admin, KIND_SEGMENT,
		test_json("{'network_id':'%s',%s}", test_id(network), body), error);
}

static const struct object *network_of(struct model *model)
{
	return model_first(model, KIND_NETWORK, NETWORK_BY_NAME, "n", NULL);
}

static const struct object *segment_of(struct model *model, const struct object *network)
{
	return model_first(model, KIND_SEGMENT, SEGMENT_BY_NETWORK, test_id(network), NULL);
}

#define VLAN(physical) "'network_type':'vlan','physical_network':'" physical "'"
#define VLAN_NETWORK ",'provider:network_type':'vlan','provider:physical_network':'p1'"

static void made_with_the_network(void **state)
{
	struct model *model = *state;
	const struct object *network = make_network(model, VLAN_NETWORK);
	const struct object *segment = segment_of(model, network);

	assert_string_equal(object_str(segment, SEGMENT_TYPE), "vlan");
	assert_string_equal(object_str(segment, SEGMENT_PHYSICAL), "p1");
	assert_int_equal(object_int(segment, SEGMENT_NUMBER), 1);
	assert_true(object_is_null(segment, SLOT_NAME));
	assert_true(test_delete(model, network, NULL));
	assert_int_equal(model_count_all(model, KIND_SEGMENT), 0);
}

static void network_follows(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network = make_network(model, VLAN_NETWORK), *first, *second;

	second = make(model, network, VLAN("p2") ",'segmentation_id':7,'name':'two'", &error);
	assert_non_null(second);
	network = network_of(model);
	assert_true(object_is_null(network, NETWORK_PROVIDER_TYPE));
	assert_string_equal(object_str(network, NETWORK_SEGMENTS),
		"[{\"provider:network_type\":\"vlan\",\"provider:physical_network\":\"p1\",\"provider:segmentation_id\":1},"
		"{\"provider:network_type\":\"vlan\",\"provider:physical_network\":\"p2\",\"provider:segmentation_id\":7}]");
	first = segment_of(model, network);
	assert_true(test_delete(model, first, &error));
	network = network_of(model);
	assert_true(object_is_null(network, NETWORK_SEGMENTS));
	assert_string_equal(object_str(network, NETWORK_PROVIDER_PHYSICAL), "p2");
	assert_int_equal(object_int(network, NETWORK_PROVIDER_SEGMENT), 7);
	assert_true(test_delete(model, segment_of(model, network), &error));
	network = network_of(model);
	assert_true(object_is_null(network, NETWORK_PROVIDER_TYPE));
	assert_true(object_is_null(network, NETWORK_SEGMENTS));
	assert_int_equal(object_choice(network, NETWORK_STATUS), NETWORK_DOWN);
	assert_non_null(make(model, network, "'network_type':'vxlan'", &error));
	network = network_of(model);
	assert_string_equal(object_str(network, NETWORK_PROVIDER_TYPE), "vxlan");
	assert_int_equal(object_choice(network, NETWORK_STATUS), NETWORK_ACTIVE);
}

static void segment_follows(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network = make_network(model, VLAN_NETWORK);

	network = test_update(model, network, test_json("{'provider:segmentation_id':9}"), &error);
	assert_int_equal(object_int(segment_of(model, network), SEGMENT_NUMBER), 9);
	assert_null(make(model, network, VLAN("p1") ",'segmentation_id':9", &error));
	assert_error(error, VLAN_IN_USE);
	assert_non_null(make(model, network, VLAN("p1") ",'segmentation_id':1", &error));
	assert_null(test_update(
		model, network_of(model), test_json("{'provider:segmentation_id':10}"), &error));
	assert_error(error, INVALID_INPUT);
}

static void refused(void **state)
{
	static const struct {
		const char *body;
		enum weft_error error;
	} bad[] = {
		{ "'network_type':'local'", WEFT_ERROR_INVALID_INPUT },
		{ "'network_type':null", WEFT_ERROR_INVALID_INPUT },
		{ "'physical_network':'p1'", WEFT_ERROR_BAD_REQUEST },
		{ "'network_type':'vlan'", WEFT_ERROR_INVALID_INPUT },
		{ "'network_type':'geneve','physical_network':'p1'", WEFT_ERROR_INVALID_INPUT },
		{ VLAN("p1") ",'segmentation_id':4095", WEFT_ERROR_INVALID_INPUT },
		{ VLAN("p1") ",'segmentation_id':1", WEFT_ERROR_VLAN_IN_USE },
		{ "'network_type':'vxlan','segmentation_id':4096", WEFT_ERROR_VNI_IN_USE },
		{ "'network_type':'flat','physical_network':'p3'", WEFT_ERROR_FLAT_IN_USE },
		{ "'network_type':'flat','physical_network':'p4','segmentation_id':3",
			WEFT_ERROR_INVALID_INPUT },
		{ VLAN("p1") ",'project_id':'else'", WEFT_ERROR_BAD_REQUEST },
	};
	struct model *model = *state;
	const struct object *network = make_network(model, VLAN_NETWORK);
	GError *error = NULL;

	make_network(model, "");
	make_network(model, ",'provider:network_type':'flat','provider:physical_network':'p3'");
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (make(model, network, bad[i].body, &error))
			fail_msg("%s is taken", bad[i].body);
		if (error->code != (int)bad[i].error)
			fail_msg("%s: %s", bad[i].body, error->message);
		g_clear_error(&error);
	}
	assert_null(test_create_as(model, &test_admin, KIND_SEGMENT,
		test_json(
			"{'network_id':'%s'," VLAN("p1") "}", test_id(segment_of(model, network))),
		&error));
	assert_error(error, NETWORK_NOT_FOUND);
}

static void in_use(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network = make_network(model, ""), *port;

	test_create(model, KIND_HOST, test_json("{'name':'h1'}"));
	port = test_create(model, KIND_PORT,
		test_json("{'network_id':'%s','binding:host_id':'h1'}", test_id(network)));
	assert_false(test_delete(model, segment_of(model, network), &error));
	assert_error(error, SEGMENT_IN_USE);
	test_update(model, port, test_json("{'binding:host_id':''}"), &error);
	assert_true(test_delete(model, segment_of(model, network), &error));
}

/* An overlay among several is what hosts use, wherever it stands. */
static void overlay_among_several(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network = make_network(model, VLAN_NETWORK);

	assert_true(network_has_datapath(network));
	assert_non_null(network_physical(network));
	assert_non_null(
		make(model, network, "'network_type':'geneve','segmentation_id':55", &error));
	assert_true(network_has_datapath(network_of(model)));
	assert_null(network_physical(network_of(model)));
	assert_int_equal(provider_vni(network_of(model)), 55);
}

static void several_of_one_request(void **state)
{
	struct model *model = *state;
	struct txn *txn = txn_new(model, &test_admin);
	GError *error = NULL;
	json_t *given =
		test_json("{'provider:network_type':'vxlan','provider:segmentation_id':4096}");
	json_t *next = test_json("{}");

	assert_non_null(txn_create(txn, KIND_NETWORK, given, &error));
	assert_int_equal(
		object_int(txn_create(txn, KIND_NETWORK, next, &error), NETWORK_PROVIDER_SEGMENT),
		4097);
	assert_null(txn_create(txn, KIND_NETWORK, given, &error));
	assert_error(error, VNI_IN_USE);
	txn_free(txn);
	json_decref(given);
	json_decref(next);
	assert_int_equal(object_int(make_network(model, ""), NETWORK_PROVIDER_SEGMENT), 4098);
}

static void old_networks_get_their_segments(void **state)
{
	struct model *model = *state;
	struct txn *txn = txn_new(model, &test_admin);
	struct object *network = object_new(&network_kind, NULL);

	object_set_str(network, SLOT_NAME, "n");
	object_set_int(network, NETWORK_PROVIDER_SEGMENT, 77);
	assert_non_null(txn_put(txn, network, NULL));
	changeset_free(test_apply(txn));
	for (int i = 0; i < 2; i++) {
		txn = txn_new(model, &test_admin);
		assert_true(segments_complete(txn, NULL));
		changeset_free(test_apply(txn));
		assert_int_equal(model_count_all(model, KIND_SEGMENT), 1);
	}
	assert_int_equal(object_int(segment_of(model, network_of(model)), SEGMENT_NUMBER), 77);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(made_with_the_network),
		TEST(network_follows),
		TEST(segment_follows),
		TEST(refused),
		TEST(in_use),
		TEST(overlay_among_several),
		TEST(several_of_one_request),
		TEST(old_networks_get_their_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
