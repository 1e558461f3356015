/* SPDX-License-Identifier: Apache-2.0 */
/* Which host an appliance is placed on (Z41). */
#include "model/provider/appliance.h"
#include "model/testing.h"

static const char *dead = "";

static void liveness(const struct object *host, unsigned slot, struct json_writer *w, void *data)
{
	(void)data;
	if (slot == HOST_ALIVE)
		jw_bool(w, strcmp(object_str(host, SLOT_NAME), dead) != 0);
	else
		jw_null(w);
}

static struct model *make_model(void)
{
	struct model *model = model_new();

	dead = "";
	host_set_liveness(model, liveness, NULL);
	test_create(model, KIND_HOST, test_json("{'name':'h1','tags':['fast','routers']}"));
	test_create(model, KIND_HOST, test_json("{'name':'h2','tags':['routers']}"));
	test_create(model, KIND_HOST,
		test_json("{'name':'h3','bridge_mappings':{'public':'eth1'},'tags':['routers']}"));
	test_create(model, KIND_HOST, test_json("{'name':'vtep','managed':false}"));
	return model;
}

static struct object *draft_of(const char *name, const char *host_tags, const char *nics)
{
	struct object *draft = object_new(&appliance_kind, NULL);

	object_set_str(draft, SLOT_NAME, name);
	object_set_str(draft, APPLIANCE_HOST_TAGS, host_tags);
	object_set_str(draft, APPLIANCE_NICS, nics);
	return draft;
}

static void assert_placed(
	struct model *model, const struct object *draft, const char *but, const char *expected)
{
	g_autoptr(txn) txn = txn_new(model, &test_admin);
	g_autoptr(GError) error = NULL;
	const struct object *host = appliance_place(txn, draft, but, &error);

	if (expected) {
		assert_non_null(host);
		assert_string_equal(object_str(host, SLOT_NAME), expected);
	} else {
		assert_null(host);
		assert_non_null(strstr(error->message, "no host may run appliance"));
	}
}

/* Puts one on the host. */
static void occupy(struct model *model, const char *host, bool dedicated)
{
	struct txn *txn = txn_new(model, &test_admin);
	struct object *draft = draft_of(host, "[]", "[]");

	object_set_str(draft, APPLIANCE_HOST, host);
	object_set_bool(draft, APPLIANCE_DEDICATED_HOST, dedicated);
	assert_non_null(appliance_put(txn, draft, NULL));
	changeset_free(test_apply(txn));
}

static void the_least_loaded(void **state)
{
	struct model *model = make_model();
	g_autoptr(object) any = draft_of("a", "[]", "[]");
	g_autoptr(object) fast = draft_of("b", "[\"fast\",\"routers\"]", "[]");
	g_autoptr(object) lost = draft_of("c", "[\"none\"]", "[]");

	(void)state;
	assert_placed(model, any, NULL, "h1");
	occupy(model, "h1", false);
	assert_placed(model, any, NULL, "h2");
	assert_placed(model, any, "h2", "h3");
	assert_placed(model, fast, NULL, "h1");
	assert_placed(model, lost, NULL, NULL);
	model_free(model);
}

static void the_living(void **state)
{
	struct model *model = make_model();
	g_autoptr(object) any = draft_of("a", "[]", "[]");
	g_autoptr(object) fast = draft_of("b", "[\"fast\"]", "[]");

	(void)state;
	dead = "h1";
	assert_placed(model, any, NULL, "h2");
	assert_placed(model, fast, NULL, NULL);
	model_free(model);
}

static void the_connected(void **state)
{
	struct model *model = make_model();
	const struct object *network = test_create(model, KIND_NETWORK,
		test_json("{'provider:network_type':'flat','provider:physical_network':'public'}"));
	g_autofree char *nics = g_strdup_printf("[{\"network_id\":\"%s\"}]", test_id(network));
	g_autoptr(object) outward = draft_of("a", "[]", nics);

	(void)state;
	assert_placed(model, outward, NULL, "h3");
	assert_placed(model, outward, "h3", NULL);
	model_free(model);
}

static void those_with_the_image(void **state)
{
	struct model *model = make_model();
	g_autoptr(object) virtual = draft_of("a", "[]", "[]");
	const struct object *host = host_find(model, "h2");
	g_autoptr(GError) error = NULL;

	(void)state;
	object_set_choice(virtual, APPLIANCE_RUNTIME, APPLIANCE_QEMU);
	object_set_str(virtual, APPLIANCE_MACHINE_IMAGE, "i.qcow2");
	assert_placed(model, virtual, NULL, NULL);
	test_update(model, host, test_json("{'machine_images':['other','i.qcow2']}"), &error);
	assert_placed(model, virtual, NULL, "h2");
	assert_placed(model, virtual, "h2", NULL);
	model_free(model);
}

static void the_dedicated(void **state)
{
	struct model *model = make_model();
	g_autoptr(object) any = draft_of("a", "[]", "[]");
	g_autoptr(object) alone = draft_of("b", "[]", "[]");

	(void)state;
	object_set_bool(alone, APPLIANCE_DEDICATED_HOST, true);
	occupy(model, "h1", true);
	assert_placed(model, any, NULL, "h2");
	occupy(model, "h2", false);
	assert_placed(model, alone, NULL, "h3");
	assert_placed(model, alone, "h3", NULL);
	model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_loaded),
		cmocka_unit_test(the_living),
		cmocka_unit_test(the_connected),
		cmocka_unit_test(those_with_the_image),
		cmocka_unit_test(the_dedicated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
