/* SPDX-License-Identifier: Apache-2.0 */
/* Provider attributes of networks: what is taken, what is found, what collides. */
#include "model/network/provider.h"
#include "model/testing.h"

static const struct object *make(struct model *model, const char *body, GError **error)
{
	return test_create_as(model, &test_admin, KIND_NETWORK, test_json("{%s}", body), error);
}

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

#define VLAN "'provider:network_type':'vlan','provider:physical_network':'p1'"
#define FLAT "'provider:network_type':'flat','provider:physical_network':'p1'"

static void taken(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *a = make(model, "", &error), *b = make(model, VLAN, &error);
	const struct object *c = make(model, VLAN ",'provider:segmentation_id':3", &error);

	assert_string_equal(object_str(a, NETWORK_PROVIDER_TYPE), "geneve");
	assert_int_equal(object_int(a, NETWORK_PROVIDER_SEGMENT), NETWORK_VNI_FIRST);
	assert_int_equal(object_choice(a, NETWORK_STATUS), NETWORK_ACTIVE);
	assert_int_equal(object_int(b, NETWORK_PROVIDER_SEGMENT), 1);
	assert_int_equal(object_choice(b, NETWORK_STATUS), NETWORK_ACTIVE);
	assert_int_equal(object_int(c, NETWORK_PROVIDER_SEGMENT), 3);
	assert_int_equal(object_int(make(model, VLAN, &error), NETWORK_PROVIDER_SEGMENT), 2);
	assert_int_equal(object_int(make(model, VLAN, &error), NETWORK_PROVIDER_SEGMENT), 4);
	assert_true(object_is_null(make(model, FLAT, &error), NETWORK_PROVIDER_SEGMENT));
	/* a number is one network's in its own space only */
	assert_non_null(make(model,
		"'provider:network_type':'vlan','provider:physical_network':'p2','provider:segmentation_id':3",
		&error));
	assert_non_null(make(
		model, "'provider:network_type':'vxlan','provider:segmentation_id':3", &error));
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"'provider:network_type':'gre'",
		"'provider:segmentation_id':5",
		"'provider:physical_network':'p1'",
		"'provider:network_type':'geneve','provider:physical_network':'p1'",
		"'provider:network_type':'vlan'",
		"'provider:network_type':'flat'",
		"'provider:network_type':'flat','provider:physical_network':''",
		FLAT ",'provider:segmentation_id':5",
		VLAN ",'provider:segmentation_id':0",
		VLAN ",'provider:segmentation_id':4095",
	};
	struct model *model = *state;
	GError *error = NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (make(model, bad[i], &error))
			fail_msg("%s is taken", bad[i]);
		assert_error(error, INVALID_INPUT);
	}
}

static void collisions(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network;

	make(model, "'provider:network_type':'geneve','provider:segmentation_id':77", &error);
	assert_null(make(
		model, "'provider:network_type':'vxlan','provider:segmentation_id':77", &error));
	assert_error(error, VNI_IN_USE);
	make(model, VLAN ",'provider:segmentation_id':9", &error);
	assert_null(make(model, VLAN ",'provider:segmentation_id':9", &error));
	assert_error(error, VLAN_IN_USE);
	network = make(model, FLAT, &error);
	assert_null(make(model, FLAT, &error));
	assert_error(error, FLAT_IN_USE);
	assert_true(test_delete(model, network, &error));
	assert_non_null(make(model, FLAT, &error));
}

static void another_vlan(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network = make(model, VLAN, &error),
			    *overlay = make(model, "", &error);

	make(model, VLAN ",'provider:segmentation_id':9", &error);
	network = test_update(model, network, test_json("{'provider:segmentation_id':10}"), &error);
	assert_int_equal(object_int(network, NETWORK_PROVIDER_SEGMENT), 10);
	assert_null(
		test_update(model, network, test_json("{'provider:segmentation_id':9}"), &error));
	assert_error(error, VLAN_IN_USE);
	assert_null(test_update(
		model, network, test_json("{'provider:segmentation_id':null}"), &error));
	assert_error(error, INVALID_INPUT);
	assert_null(
		test_update(model, overlay, test_json("{'provider:segmentation_id':10}"), &error));
	assert_error(error, INVALID_INPUT);
	assert_int_equal(object_int(make(model, VLAN, &error), NETWORK_PROVIDER_SEGMENT), 1);
}

static void all_vlans(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	for (unsigned i = VLAN_FIRST; i < VLAN_LAST; i++) {
		char body[200]; /* of many projects, for their quotas */

		snprintf(body, sizeof(body),
			VLAN ",'provider:segmentation_id':%u,'project_id':'p%u'", i, i / 50);
		assert_non_null(make(model, body, &error));
	}
	assert_int_equal(
		object_int(make(model, VLAN, &error), NETWORK_PROVIDER_SEGMENT), VLAN_LAST);
	assert_null(make(model, VLAN, &error));
	assert_error(error, VNI_EXHAUSTED);
}

#define ITEM(type, physical, number)                                                \
	"{'provider:network_type':'" type "','provider:physical_network':" physical \
	",'provider:segmentation_id':" number "}"

static void several_segments(void **state)
{
	static const char *const bad[] = {
		"'segments':[]",
		"'segments':[{}]",
		"'segments':[" ITEM("flat", "'p1'", "null") "]," VLAN,
		"'segments':[" ITEM("vlan", "'p9'", "5") "," ITEM("vlan", "'p9'", "5") "]",
		"'segments':[" ITEM("flat", "'p9'", "5") "]",
		"'segments':[" ITEM("geneve", "'p9'", "null") "]",
	};
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network = make(model,
		"'segments':[" ITEM("geneve", "null", "null") "," ITEM(
			"vlan", "'p1'", "null") "," ITEM("vlan", "'p1'", "null") "," ITEM("flat",
			"'p2'", "null") "]",
		&error);
	g_autofree char *expected = g_strdup("[" ITEM("geneve", "null", "4096") "," ITEM("vlan",
		"'p1'", "1") "," ITEM("vlan", "'p1'", "2") "," ITEM("flat", "'p2'", "null") "]");

	assert_non_null(network);
	g_strdelimit(expected, "'", '"');
	assert_string_equal(object_str(network, NETWORK_SEGMENTS), expected);
	assert_true(object_is_null(network, NETWORK_PROVIDER_TYPE));
	assert_int_equal(object_choice(network, NETWORK_STATUS), NETWORK_ACTIVE);
	/* what it has is taken */
	assert_null(make(model, VLAN ",'provider:segmentation_id':2", &error));
	assert_error(error, VLAN_IN_USE);
	assert_null(make(
		model, "'provider:network_type':'flat','provider:physical_network':'p2'", &error));
	assert_error(error, FLAT_IN_USE);
	assert_null(make(
		model, "'provider:network_type':'vxlan','provider:segmentation_id':4096", &error));
	assert_error(error, VNI_IN_USE);
	assert_int_equal(object_int(make(model, "", &error), NETWORK_PROVIDER_SEGMENT), 4097);
	/* and free again when it is gone */
	assert_true(test_delete(model, network, &error));
	assert_non_null(make(model, VLAN ",'provider:segmentation_id':2", &error));
	assert_non_null(make(
		model, "'provider:network_type':'vxlan','provider:segmentation_id':4096", &error));
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		if (make(model, bad[i], &error))
			fail_msg("%s is taken", bad[i]);
		assert_error(error, INVALID_INPUT);
	}
}

static void one_segment(void **state)
{
	struct model *model = *state;
	GError *error = NULL;
	const struct object *network =
		make(model, "'segments':[" ITEM("vlan", "'p1'", "8") "]", &error);

	assert_non_null(network);
	assert_true(object_is_null(network, NETWORK_SEGMENTS));
	assert_string_equal(object_str(network, NETWORK_PROVIDER_TYPE), "vlan");
	assert_string_equal(object_str(network, NETWORK_PROVIDER_PHYSICAL), "p1");
	assert_int_equal(object_int(network, NETWORK_PROVIDER_SEGMENT), 8);
	network = make(model, "'segments':[" ITEM("geneve", "null", "null") "]", &error);
	assert_int_equal(object_choice(network, NETWORK_STATUS), NETWORK_ACTIVE);
}

static void transparent(void **state)
{
	struct model *model = *state;
	GError *error = NULL;

	assert_int_equal(
		object_choice(make(model, "'vlan_transparent':true", &error), NETWORK_STATUS),
		NETWORK_DOWN);
	assert_int_equal(
		object_choice(make(model, "'vlan_transparent':false", &error), NETWORK_STATUS),
		NETWORK_ACTIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(taken, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(collisions, setup, teardown),
		cmocka_unit_test_setup_teardown(another_vlan, setup, teardown),
		cmocka_unit_test_setup_teardown(all_vlans, setup, teardown),
		cmocka_unit_test_setup_teardown(several_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(one_segment, setup, teardown),
		cmocka_unit_test_setup_teardown(transparent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
