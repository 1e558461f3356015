/* SPDX-License-Identifier: Apache-2.0 */
/* Two appliances of a pair: their hosts, the ports that they share, and what they say together
 * (Z15, Z30, Z37). */
#include "model/provider/appliance.h"
#include "model/port/port_binding.h"
#include "model/provider/service_attachment.h"
#include "model/testing.h"

#define GROUP "pair"

struct pair {
	struct model *model;
	char attachment[UUID_STRLEN], network[UUID_STRLEN], port[UUID_STRLEN];
};

static void alive(const struct object *host, unsigned slot, struct json_writer *w, void *data)
{
	(void)host;
	(void)data;
	if (slot == HOST_ALIVE)
		jw_bool(w, true);
	else
		jw_null(w);
}

static const struct object *put_attachment(struct model *model, const char *network)
{
	struct txn *txn = txn_new(model, &test_admin);
	struct object *draft = object_new(&service_attachment_kind, NULL);
	const struct object *attachment;

	object_set_str(draft, ATTACHMENT_PROVIDER, "virtual-router");
	object_set_str(draft, ATTACHMENT_OBJECT_ID, network);
	attachment = txn_put(txn, draft, NULL);
	assert_non_null(attachment);
	test_keep(attachment);
	changeset_free(test_apply(txn));
	return attachment;
}

static int setup(void **state)
{
	struct pair *f = g_new0(struct pair, 1);
	const struct object *network, *port;

	f->model = model_new();
	host_set_liveness(f->model, alive, NULL);
	for (unsigned i = 1; i <= 3; i++)
		test_create(f->model, KIND_HOST,
			test_json("{'name':'h%u','tags':[%s]}", i, i < 3 ? "'pairs'" : ""));
	network = test_create(f->model, KIND_NETWORK, test_json("{'name':'in'}"));
	g_strlcpy(f->network, test_id(network), UUID_STRLEN);
	g_strlcpy(f->attachment, test_id(put_attachment(f->model, f->network)), UUID_STRLEN);
	port = test_create(f->model, KIND_PORT,
		test_json("{'name':'guest0','network_id':'%s','device_id':'%s',"
			  "'device_owner':'network:dhcp'}",
			f->network, f->attachment));
	g_strlcpy(f->port, test_id(port), UUID_STRLEN);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct pair *f = *state;

	model_free(f->model);
	g_free(f);
	return 0;
}

static struct object *draft_of(const struct pair *f, const char *name, const char *group)
{
	g_autofree char *nics =
		g_strdup_printf("[{\"name\":\"guest0\",\"network_id\":\"%s\",\"port_id\":\"%s\"}]",
			f->network, f->port);
	struct object *draft = object_new(&appliance_kind, NULL);

	object_set_str(draft, SLOT_NAME, name);
	object_set_str(draft, APPLIANCE_ATTACHMENT_ID, f->attachment);
	object_set_str(draft, APPLIANCE_HA_GROUP, group);
	object_set_str(draft, APPLIANCE_NICS, nics);
	return draft;
}

/* Places it and stores it; as it is then. */
static const struct object *place(const struct pair *f, struct object *draft, const char *but)
{
	struct txn *txn = txn_new(f->model, &test_admin);
	const struct object *host = appliance_place(txn, draft, but, NULL), *put;

	assert_non_null(host);
	object_set_str(draft, APPLIANCE_HOST, object_str(host, SLOT_NAME));
	put = appliance_put(txn, draft, NULL);
	assert_non_null(put);
	test_keep(put);
	changeset_free(test_apply(txn));
	return put;
}

static void assert_bound(const struct pair *f, const char *active, const char *standby)
{
	const struct object *port = model_get_text(f->model, KIND_PORT, f->port);
	const struct object *binding =
		model_first(f->model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT, f->port, NULL);

	assert_non_null(port);
	assert_string_equal(object_str(port, PORT_HOST_ID), active);
	assert_int_equal(standby != NULL,
		model_count(f->model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT, f->port, NULL));
	if (standby)
		assert_string_equal(object_str(binding, PORT_BINDING_HOST), standby);
}

/* Z15: never both on one host, and a reason when there is one host alone. */
static void on_different_hosts(void **state)
{
	struct pair *f = *state;
	const struct object *first = place(f, draft_of(f, "router", GROUP), NULL);
	g_autoptr(object) second = draft_of(f, "router-2", GROUP);
	g_autoptr(object) other = draft_of(f, "router-2", "");
	g_autoptr(txn) txn = txn_new(f->model, &test_admin);
	g_autoptr(GError) error = NULL;

	assert_string_equal(object_str(first, APPLIANCE_HOST), "h1");
	object_set_str(second, APPLIANCE_HOST_TAGS, "[\"pairs\"]");
	assert_string_equal(object_str(appliance_place(txn, second, NULL, NULL), SLOT_NAME), "h2");
	assert_null(appliance_place(txn, second, "h2", &error));
	assert_non_null(strstr(error->message, "1 have the other one of its pair"));
	assert_true(appliance_has_peer(txn, second, "h1"));
	assert_false(appliance_has_peer(txn, second, "h2"));
	assert_false(appliance_has_peer(txn, other, NULL));
	object_set_str(second, APPLIANCE_HOST, "h1");
	assert_false(appliance_may_stay(txn, second));
}

/* Z37: a binding for each; one that moves takes its own along, whoever is the active one. */
static void shared_port(void **state)
{
	struct pair *f = *state;
	const struct object *first = place(f, draft_of(f, "router", GROUP), NULL), *second;
	GError *error = NULL;

	assert_bound(f, "h1", NULL);
	second = place(f, draft_of(f, "router-2", GROUP), NULL);
	assert_bound(f, "h1", "h2");
	second = place(f, object_edit(second), "h2");
	assert_bound(f, "h1", "h3");
	place(f, object_edit(first), "h1");
	assert_bound(f, "h3", "h2");
	assert_true(test_delete(f->model, second, &error));
	assert_bound(f, "h2", NULL);
	assert_true(test_delete(f->model, first, &error));
	assert_null(model_get_text(f->model, KIND_PORT, f->port));
}

static enum appliance_status sum_of(const struct pair *f, enum appliance_status one,
	enum appliance_status two, const char *state, char **ret_reason)
{
	g_autoptr(GPtrArray) both = g_ptr_array_new();
	g_autoptr(object) first = draft_of(f, "router", GROUP);
	g_autoptr(object) second = draft_of(f, "router-2", GROUP);

	object_set_choice(first, APPLIANCE_STATUS, (int)one);
	object_set_choice(second, APPLIANCE_STATUS, (int)two);
	object_set_str(first, APPLIANCE_HOST, "h1");
	object_set_str(first, APPLIANCE_STATUS_REASON, one == APPLIANCE_ACTIVE ? "" : "broken");
	object_set_str(first, APPLIANCE_HA_STATE, state);
	g_ptr_array_add(both, first);
	g_ptr_array_add(both, second);
	return appliances_sum(both, ret_reason);
}

/* One is enough, and what is missing is said. */
static void together(void **state)
{
	static const struct {
		enum appliance_status one, two;
		const char *state;
		enum appliance_status sum;
		const char *reason;
	} all[] = {
		{ APPLIANCE_ACTIVE, APPLIANCE_ACTIVE, "active", APPLIANCE_ACTIVE, "" },
		{ APPLIANCE_ERROR, APPLIANCE_ACTIVE, "unknown", APPLIANCE_ACTIVE,
			"not redundant: appliance router on h1: broken" },
		{ APPLIANCE_ACTIVE, APPLIANCE_ACTIVE, "fault", APPLIANCE_ACTIVE,
			"not redundant: appliance router on h1: one of its NICs is down" },
		{ APPLIANCE_ACTIVE, APPLIANCE_BUILD, "active", APPLIANCE_ACTIVE,
			"not redundant: appliance router-2: it is not told yet" },
		{ APPLIANCE_BUILD, APPLIANCE_BUILD, "unknown", APPLIANCE_BUILD,
			"appliance router on h1: broken; appliance router-2: it is not told yet" },
		{ APPLIANCE_ERROR, APPLIANCE_BUILD, "unknown", APPLIANCE_ERROR, NULL },
		{ APPLIANCE_BUILD, APPLIANCE_ERROR, "unknown", APPLIANCE_ERROR, NULL },
		{ APPLIANCE_ACTIVE, APPLIANCE_ERROR, "fault", APPLIANCE_ERROR, NULL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *reason = NULL;

		assert_int_equal(
			sum_of(*state, all[i].one, all[i].two, all[i].state, &reason), all[i].sum);
		if (all[i].reason)
			assert_string_equal(reason, all[i].reason);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(on_different_hosts),
		TEST(shared_port),
		TEST(together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
