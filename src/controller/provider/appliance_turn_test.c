/* SPDX-License-Identifier: Apache-2.0 */
/* Of a pair whose machines have to be others, who goes first, and what the other one may be told
 * meanwhile (Z15, Z30, Z37). */
#include "controller/provider/appliance.h"
#include "model/host/host.h"
#include "model/provider/service_attachment.h"
#include "model/testing.h"

#define GROUP "pair"

struct pair {
	struct model *model;
	char attachment[UUID_STRLEN];
	const char *dead; /* name of a host; NULL: none is */
};

static void liveness(const struct object *host, unsigned slot, struct json_writer *w, void *data)
{
	const struct pair *pair = data;

	if (slot == HOST_ALIVE)
		jw_bool(w, g_strcmp0(object_str(host, SLOT_NAME), pair->dead) != 0);
	else
		jw_null(w);
}

static const struct object *put(struct model *model, struct object *draft)
{
	struct txn *txn = txn_new(model, &test_admin);
	const struct object *made = txn_put(txn, draft, NULL);

	assert_non_null(made);
	test_keep(made);
	changeset_free(test_apply(txn));
	return made;
}

static const struct object *put_member(
	struct pair *pair, const char *name, const char *host, const char *state)
{
	struct object *draft = object_new(&appliance_kind, NULL);

	object_set_str(draft, SLOT_NAME, name);
	object_set_str(draft, APPLIANCE_ATTACHMENT_ID, pair->attachment);
	object_set_str(draft, APPLIANCE_HA_GROUP, GROUP);
	object_set_str(draft, APPLIANCE_HOST, host);
	object_set_str(draft, APPLIANCE_HA_STATE, state);
	object_set_str(draft, APPLIANCE_NICS, "[{\"name\":\"mgmt\"},{\"name\":\"guest0\"}]");
	object_set_choice(draft, APPLIANCE_STATUS, APPLIANCE_ACTIVE);
	object_set_int(draft, APPLIANCE_REVISION, 7);
	return put(pair->model, draft);
}

/* Its turn, if it is to have @memory_mib, and @nics unless that is NULL; put if it is now. */
static enum appliance_turn change(struct pair *pair, const struct object **appliance,
	unsigned memory_mib, const char *nics, struct object **ret_draft)
{
	g_autoptr(txn) txn = txn_new(pair->model, &test_admin);
	struct object *draft = object_edit(*appliance);
	enum appliance_turn turn;

	object_set_int(draft, APPLIANCE_MEMORY_MIB, memory_mib);
	if (nics)
		object_set_str(draft, APPLIANCE_NICS, nics);
	turn = appliance_take_turn(txn, *appliance, draft);
	if (turn == TURN_NOW)
		*appliance = put(pair->model, object_ref(draft));
	if (ret_draft)
		*ret_draft = draft;
	else
		object_unref(draft);
	return turn;
}

static const struct object *say(struct pair *pair, const struct object *appliance,
	enum appliance_status status, const char *state)
{
	struct object *draft = object_edit(appliance);

	object_set_choice(draft, APPLIANCE_STATUS, (int)status);
	object_set_str(draft, APPLIANCE_HA_STATE, state);
	return put(pair->model, draft);
}

static int setup(void **state)
{
	struct pair *pair = g_new0(struct pair, 1);
	struct object *attachment = object_new(&service_attachment_kind, NULL);

	pair->model = model_new();
	uuid_format(object_id(put(pair->model, attachment)), pair->attachment);
	host_set_liveness(pair->model, liveness, pair);
	test_create(pair->model, KIND_HOST, test_json("{'name':'h1'}"));
	test_create(pair->model, KIND_HOST, test_json("{'name':'h2'}"));
	*state = pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	model_free(pair->model);
	g_free(pair);
	return 0;
}

static void standby_first(void **state)
{
	struct pair *pair = *state;
	const struct object *master = put_member(pair, "router", "h1", APPLIANCE_HA_ACTIVE);
	const struct object *other = put_member(pair, "router-2", "h2", APPLIANCE_HA_STANDBY);
	g_autoptr(object) kept = NULL;

	assert_int_equal(change(pair, &master, 256, NULL, &kept), TURN_SIZE_LATER);
	assert_int_equal(object_int(kept, APPLIANCE_MEMORY_MIB), 0);
	assert_int_equal(object_int(kept, APPLIANCE_REVISION), 7);
	assert_int_equal(change(pair, &other, 256, NULL, NULL), TURN_NOW);
	assert_int_equal(object_int(other, APPLIANCE_REVISION), 8);
	assert_int_equal(object_choice(other, APPLIANCE_STATUS), APPLIANCE_BUILD);
	assert_int_equal(change(pair, &master, 256, NULL, NULL), TURN_SIZE_LATER);
	other = say(pair, other, APPLIANCE_ACTIVE, APPLIANCE_HA_UNKNOWN);
	assert_int_equal(change(pair, &master, 256, NULL, NULL), TURN_SIZE_LATER);
	say(pair, other, APPLIANCE_ACTIVE, APPLIANCE_HA_STANDBY);
	assert_int_equal(change(pair, &master, 256, NULL, NULL), TURN_NOW);
	assert_int_equal(object_int(master, APPLIANCE_MEMORY_MIB), 256);
}

/* Without anybody who could take over there is nothing to wait for. */
static void nobody_to_wait_for(void **state)
{
	struct pair *pair = *state;
	const struct object *master = put_member(pair, "router", "h1", APPLIANCE_HA_ACTIVE);

	put_member(pair, "router-2", "h2", APPLIANCE_HA_STANDBY);
	pair->dead = "h2";
	assert_int_equal(change(pair, &master, 256, NULL, NULL), TURN_NOW);
}

/* Namespaces get NICs as they run; a virtual machine is another one then. */
static void nics(void **state)
{
	static const char more[] =
		"[{\"name\":\"mgmt\"},{\"name\":\"guest0\"},{\"name\":\"guest1\"}]";
	struct pair *pair = *state;
	const struct object *master = put_member(pair, "router", "h1", APPLIANCE_HA_ACTIVE);
	const struct object *other = put_member(pair, "router-2", "h2", APPLIANCE_HA_STANDBY);
	struct object *draft;

	assert_int_equal(change(pair, &master, 0, more, NULL), TURN_NOW);
	assert_int_equal(object_int(master, APPLIANCE_REVISION), 7);
	assert_int_equal(change(pair, &other, 0, more, NULL), TURN_NOW);
	for (unsigned i = 0; i < 2; i++) {
		draft = object_edit(i ? other : master);
		object_set_choice(draft, APPLIANCE_RUNTIME, APPLIANCE_QEMU);
		*(i ? &other : &master) = put(pair->model, draft);
	}
	assert_int_equal(change(pair, &master, 0, "[{\"name\":\"mgmt\"}]", NULL), TURN_ALL_LATER);
	assert_int_equal(change(pair, &other, 0, "[{\"name\":\"mgmt\"}]", NULL), TURN_NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(standby_first, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_to_wait_for, setup, teardown),
		cmocka_unit_test_setup_teardown(nics, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
