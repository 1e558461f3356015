/* SPDX-License-Identifier: Apache-2.0 */
/* The property of compile_test.c, where routers lead outside: gateways, hosts that are connected to
 * physical networks, floating IPs. */
#include "compile/test_view.h"
#include "model/floating_ip.h"
#include "model/port_binding.h"
#include "model/router_parts.h"
#include "model/testing.h"

static struct view *view_of(GHashTable *views, const struct uuid *host)
{
	struct view *view = g_hash_table_lookup(views, host);

	if (!view) {
		view = view_new(host);
		g_hash_table_insert(views, &view->host, view);
	}
	return view;
}

static void host_views_spread(
	GHashTable *views, const struct model *model, const struct changeset *changes)
{
	g_autoptr(compiled) compiled = compile_change(model, changes);
	GHashTableIter iter;
	gpointer view;

	for (guint i = 0; i < compiled->interests->len; i++) {
		struct interest *in = &g_array_index(compiled->interests, struct interest, i);

		if (in->op == INTEREST_LOSE)
			drop_scope(view_of(views, &in->host), &in->scope);
	}
	g_hash_table_iter_init(&iter, views);
	while (g_hash_table_iter_next(&iter, NULL, &view))
		for (guint i = 0; i < compiled->deltas->len; i++)
			apply_delta(view, &g_array_index(compiled->deltas, struct delta, i));
	for (guint i = 0; i < compiled->interests->len; i++) {
		struct interest *in = &g_array_index(compiled->interests, struct interest, i);

		if (in->op == INTEREST_GAIN)
			gain_scope(view_of(views, &in->host), model, &in->scope);
	}
}

static void assert_same(struct view *incremental, struct view *full)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, full->records);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *has = g_hash_table_lookup(incremental->records, key);

		if (g_strcmp0(has, value))
			fail_msg("%s\nincremental: %s\nfull: %s", (char *)key, has, (char *)value);
	}
	assert_int_equal(g_hash_table_size(incremental->records), g_hash_table_size(full->records));
	g_hash_table_iter_init(&iter, full->scopes);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		char text[SCOPE_STRLEN];

		if (!g_hash_table_contains(incremental->scopes, key))
			fail_msg("%s is missed", scope_format(key, text));
	}
	assert_int_equal(g_hash_table_size(incremental->scopes), g_hash_table_size(full->scopes));
}

static void host_views_compare(GHashTable *views, const struct model *model)
{
	GHashTableIter iter;
	gpointer view;

	g_hash_table_iter_init(&iter, views);
	while (g_hash_table_iter_next(&iter, NULL, &view)) {
		struct view *full = view_new(&((struct view *)view)->host);
		g_autoptr(GArray) scopes = compile_host_scopes(model, &full->host);

		for (guint i = 0; i < scopes->len; i++)
			gain_scope(full, model, &g_array_index(scopes, struct scope, i));
		assert_same(view, full);
		view_free(full);
	}
}

struct world {
	struct model *model;
	GHashTable *views; /* by host id */
	GRand *random;
	GPtrArray *done; /* change-sets that may be undone */
	unsigned made, interfaces, gateways, floating_ips;
};

static void spread(struct world *world, const struct changeset *changes)
{
	host_views_spread(world->views, world->model, changes);
}

static const struct object *pick(struct world *world, enum kind_id kind)
{
	unsigned n = model_count_all(world->model, kind);
	const struct object *object = NULL;
	struct model_iter iter;

	if (!n)
		return NULL;
	n = (unsigned)g_rand_int_range(world->random, 0, (gint)n) + 1;
	model_iter_all(&iter, world->model, kind, NULL);
	while (n--)
		object = model_iter_next(&iter);
	return object;
}

static const struct object *pick_external(struct world *world)
{
	unsigned n = model_count(world->model, KIND_NETWORK, NETWORK_BY_EXTERNAL, "true", NULL);
	const struct object *network = NULL;
	struct model_iter iter;

	if (!n)
		return NULL;
	n = (unsigned)g_rand_int_range(world->random, 0, (gint)n) + 1;
	model_iter_init(&iter, world->model, KIND_NETWORK, NETWORK_BY_EXTERNAL, "true", NULL);
	while (n--)
		network = model_iter_next(&iter);
	return network;
}

static json_t *random_body(struct world *world, enum kind_id kind)
{
	const struct object *network = pick(world, KIND_NETWORK), *host = pick(world, KIND_HOST);
	unsigned n = ++world->made;

	switch (kind) {
	case KIND_HOST:
		return test_json("{'name':'h%u','tunnel_ips':['192.0.2.%u']}", n, n % 250 + 1);
	case KIND_NETWORK:
		return n % 5 ? test_json("{'name':'n%u'}", n)
			     : test_json("{'provider:network_type':'vlan','router:external':%s,"
					 "'provider:physical_network':'p%u'}",
				       n % 10 ? "true" : "false", n % 2);
	case KIND_ROUTER:
		return test_json("{'name':'r%u','project_id':'p%u'}", n, n % 50);
	case KIND_SUBNET:
		return network ? test_json("{'network_id':'%s','cidr':'10.%u.0.0/28'}",
					 test_id(network), n % 250)
			       : NULL;
	default:
		return network ? test_json("{'network_id':'%s','binding:host_id':'%s',"
					   "'device_owner':'compute:nova'}",
					 test_id(network),
					 host && n % 4 ? object_str(host, SLOT_NAME) : "")
			       : NULL;
	}
}

static json_t *random_change(struct world *world, enum kind_id kind)
{
	const struct object *host = pick(world, KIND_HOST);
	unsigned n = ++world->made;

	switch (kind) {
	case KIND_HOST:
		return test_json("{'tunnel_ips':['198.51.100.%u']}", n % 250 + 1);
	case KIND_NETWORK:
		return test_json("{'mtu':%u}", 1280 + n % 200);
	case KIND_SUBNET:
		return test_json("{'enable_dhcp':%s}", n % 2 ? "true" : "false");
	case KIND_ROUTER:
		return test_json("{'admin_state_up':%s}", n % 2 ? "true" : "false");
	default:
		if (n % 3 == 0)
			return test_json("{'dns_name':'p%u','fixed_ips':[]}", n);
		return test_json("{'binding:host_id':'%s'}",
			host && n % 4 ? object_str(host, SLOT_NAME) : "");
	}
}

/* Connects a router with a random subnet, or takes it off. */
static bool stage_interface(struct world *world, struct txn *txn, const struct object *router)
{
	const struct object *subnet = pick(world, KIND_SUBNET);
	bool remove = g_rand_int_range(world->random, 0, 4) == 0, ok;
	json_t *body, *answer = NULL;

	if (!subnet || !txn_get(txn, KIND_ROUTER, object_id(router)))
		return false;
	body = test_json("{'subnet_id':'%s'}", test_id(subnet));
	ok = (remove ? router_interface_remove : router_interface_add)(
		txn, router, body, &answer, NULL);
	world->interfaces += ok;
	json_decref(body);
	json_decref(answer);
	return ok;
}

/* Gives it a gateway on a random external network, or takes it. */
static bool stage_gateway(struct world *world, struct txn *txn, const struct object *router)
{
	const struct object *network =
		g_rand_int_range(world->random, 0, 5) ? pick_external(world) : NULL;
	json_t *body = network ? test_json("{'external_gateway_info':{'network_id':'%s'}}",
					 test_id(network))
			       : test_json("{'external_gateway_info':null}");
	bool ok = txn_update(txn, KIND_ROUTER, test_id(router), body, NULL);

	world->gateways += ok && network;
	json_decref(body);
	return ok;
}

/* A host says what it is connected to. */
static bool stage_mappings(struct world *world, struct txn *txn)
{
	static const char *const choices[] = { "{}", "{'p0':'a'}", "{'p0':'a','p1':'b'}",
		"{'p1':'b'}" };
	const struct object *host = pick(world, KIND_HOST);
	json_t *body;
	bool ok;

	if (!host)
		return false;
	body = test_json("{'bridge_mappings':%s}",
		choices[g_rand_int_range(world->random, 0, G_N_ELEMENTS(choices))]);
	ok = txn_update(txn, KIND_HOST, test_id(host), body, NULL);
	json_decref(body);
	return ok;
}

/* A guest's port on a network of the router, or NULL. */
static const struct object *pick_behind(struct world *world, const struct object *router)
{
	const struct object *interface, *port, *found = NULL;
	struct model_iter interfaces, ports;
	int n = 0;

	model_iter_init(
		&interfaces, world->model, KIND_PORT, PORT_BY_DEVICE, test_id(router), NULL);
	while ((interface = model_iter_next(&interfaces))) {
		model_iter_init(&ports, world->model, KIND_PORT, PORT_BY_NETWORK,
			object_str(interface, PORT_NETWORK_ID), NULL);
		while ((port = model_iter_next(&ports)))
			if (!port_is_service(port) && g_rand_int_range(world->random, 0, ++n) == 0)
				found = port;
	}
	return found;
}

/* A floating IP comes, moves to a random port, or goes. */
static bool stage_floating_ip(struct world *world, struct txn *txn)
{
	const struct object *object = pick(world, KIND_FLOATING_IP);
	const struct object *router = pick(world, KIND_ROUTER), *port;
	int what = g_rand_int_range(world->random, 0, 10);
	json_t *body;
	bool ok;

	if (!router || object_is_null(router, ROUTER_GATEWAY_NETWORK_ID))
		return false;
	port = pick_behind(world, router);
	if (!port)
		return false;
	if (object && what == 0)
		return txn_delete(txn, KIND_FLOATING_IP, test_id(object), NULL);
	if (object && what == 1)
		body = test_json("{'port_id':null}");
	else if (object && what < 6)
		body = test_json("{'port_id':'%s'}", test_id(port));
	else
		body = test_json("{'floating_network_id':'%s','port_id':'%s','project_id':'p%u'}",
			object_str(router, ROUTER_GATEWAY_NETWORK_ID), test_id(port),
			++world->made % 50);
	ok = object && what < 6 ? txn_update(txn, KIND_FLOATING_IP, test_id(object), body, NULL)
				: txn_create(txn, KIND_FLOATING_IP, body, NULL);
	world->floating_ips += ok;
	json_decref(body);
	return ok;
}

/* Stages one random thing; what the model refuses (an exhausted pool, something in use) is none. */
static bool stage(struct world *world, struct txn *txn)
{
	static const enum kind_id kinds[] = { KIND_HOST, KIND_NETWORK, KIND_SUBNET, KIND_PORT,
		KIND_PORT, KIND_PORT, KIND_PORT, KIND_PORT, KIND_ROUTER, KIND_ROUTER, KIND_ROUTER,
		KIND_ROUTER };
	enum kind_id kind = kinds[g_rand_int_range(world->random, 0, G_N_ELEMENTS(kinds))];
	int what = g_rand_int_range(world->random, 0, 10);
	const struct object *object;
	json_t *body;
	bool ok;

	object = pick(world, kind);
	if (what < (kind == KIND_ROUTER ? 2 : 4) || !object) {
		body = random_body(world, kind);
		ok = body && txn_create(txn, kind, body, NULL);
		json_decref(body);
	} else if (kind == KIND_ROUTER && what < 8) {
		ok = (what < 6 ? stage_interface : stage_gateway)(world, txn, object);
	} else if (kind == KIND_HOST && what < 8) {
		ok = stage_mappings(world, txn);
	} else if (what < 9) {
		body = random_change(world, kind);
		ok = txn_update(txn, kind, test_id(object), body, NULL);
		json_decref(body);
	} else {
		ok = txn_delete(txn, kind, test_id(object), NULL);
	}
	return ok;
}

/* Makes, activates or takes away a binding of a port to a random host. */
static bool stage_binding(struct world *world, struct txn *txn)
{
	const struct object *port = pick(world, KIND_PORT), *host = pick(world, KIND_HOST);
	const char *name;
	json_t *body;
	bool ok;

	if (!port || !host)
		return false;
	port = txn_get(txn, KIND_PORT, object_id(port));
	host = txn_get(txn, KIND_HOST, object_id(host));
	if (!port || !host)
		return false;
	name = object_str(host, SLOT_NAME);
	switch (g_rand_int_range(world->random, 0, 4)) {
	case 0:
		return port_binding_delete(txn, port, name, NULL);
	case 1:
		return port_binding_activate(txn, port, name, NULL);
	default:
		body = test_json("{'host':'%s'}", name);
		ok = port_binding_create(txn, port, body, NULL);
		json_decref(body);
		return ok;
	}
}

static struct changeset *invert(const struct changeset *changes)
{
	struct changeset *inverse = g_new0(struct changeset, 1);

	inverse->n = changes->n;
	inverse->changes = g_memdup2(changes->changes, changes->n * sizeof(struct change));
	for (unsigned i = 0; i < changes->n; i++) {
		struct change *change = &inverse->changes[i];
		struct object *old = change->old;

		change->old = change->new ? object_ref(change->new) : NULL;
		change->new = old ? object_ref(old) : NULL;
	}
	return inverse;
}

/* Undoes the last change-set; to the hosts it is as if its contrary had been done. */
static void undo(struct world *world)
{
	struct changeset *changes = world->done->pdata[world->done->len - 1];
	struct changeset *inverse = invert(changes);

	model_undo(world->model, changes, changes->revision - 1);
	spread(world, inverse);
	changeset_free(inverse);
	g_ptr_array_remove_index(world->done, world->done->len - 1);
}

static void random_step(struct world *world)
{
	static bool (*const some[])(struct world *, struct txn *) = { stage, stage, stage, stage,
		stage_binding, stage_binding, stage_floating_ip, stage_mappings };
	struct txn *txn = txn_new(world->model, &test_admin);
	int n = g_rand_int_range(world->random, 1, 4);
	struct changeset *changes;
	bool ok = true;

	if (world->done->len && g_rand_int_range(world->random, 0, 8) == 0) {
		txn_free(txn);
		undo(world);
		return;
	}
	while (ok && n--)
		ok = some[g_rand_int_range(world->random, 0, G_N_ELEMENTS(some))](world, txn);
	if (!ok) {
		txn_free(txn);
		return;
	}
	changes = test_apply(txn);
	spread(world, changes);
	if (changes->n)
		g_ptr_array_add(world->done, changes);
	else
		changeset_free(changes);
}

static const struct object *prepare(struct world *world, enum kind_id kind, json_t *body)
{
	struct txn *txn = txn_new(world->model, &test_admin);
	const struct object *made = txn_create(txn, kind, body, NULL);
	struct uuid id = *object_id(made);
	struct changeset *changes = test_apply(txn);

	json_decref(body);
	spread(world, changes);
	g_ptr_array_add(world->done, changes);
	return model_get(world->model, kind, &id);
}

/* A router between an outside and an inside, so that chance has something to begin with. */
static void prepare_outside(struct world *world)
{
	const struct object *network, *subnet, *router;
	struct txn *txn;
	json_t *body, *answer = NULL;

	prepare(world, KIND_HOST, test_json("{'name':'a'}"));
	network = prepare(world, KIND_NETWORK,
		test_json("{'router:external':true,'provider:network_type':'flat',"
			  "'provider:physical_network':'p0'}"));
	prepare(world, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'192.0.2.0/24'}", test_id(network)));
	router = prepare(world, KIND_ROUTER,
		test_json("{'external_gateway_info':{'network_id':'%s'}}", test_id(network)));
	network = prepare(world, KIND_NETWORK, test_json("{}"));
	subnet = prepare(world, KIND_SUBNET,
		test_json("{'network_id':'%s','cidr':'10.251.0.0/24'}", test_id(network)));
	prepare(world, KIND_PORT,
		test_json("{'network_id':'%s','binding:host_id':'a'}", test_id(network)));
	txn = txn_new(world->model, &test_admin);
	body = test_json("{'subnet_id':'%s'}", test_id(subnet));
	assert_true(router_interface_add(txn, router, body, &answer, NULL));
	json_decref(body);
	json_decref(answer);
	g_ptr_array_add(world->done, test_apply(txn));
	spread(world, world->done->pdata[world->done->len - 1]);
}

static void increments_equal_full_compile(void **state)
{
	unsigned applied = 0, interfaces = 0, gateways = 0, floating_ips = 0;

	(void)state;
	for (guint32 seed = 1; seed <= 44; seed++) {
		struct world world = { model_new(),
			g_hash_table_new_full(uuid_hash, uuid_equal, NULL, view_free),
			g_rand_new_with_seed(seed),
			g_ptr_array_new_with_free_func((GDestroyNotify)changeset_free), 0, 0, 0,
			0 };

		prepare_outside(&world);
		for (int i = 0; i < 120; i++) {
			random_step(&world);
			host_views_compare(world.views, world.model);
		}
		applied += world.done->len;
		interfaces += world.interfaces;
		gateways += world.gateways;
		floating_ips += world.floating_ips;
		g_ptr_array_unref(world.done);
		g_rand_free(world.random);
		g_hash_table_destroy(world.views);
		model_free(world.model);
	}
	print_message("%u applied, %u interfaces, %u gateways, %u floating IPs\n", applied,
		interfaces, gateways, floating_ips);
	assert_true(applied > 1000); /* it has not merely been refused */
	assert_true(interfaces > 50);
	assert_true(gateways > 100);
	assert_true(floating_ips > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(increments_equal_full_compile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
