/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The property: whatever happens, a host that applies the increments knows what a full compile
 * says. Each round makes random creates, updates, deletes and undos, and after each compares every
 * host.
 */
#include "compile/compile.h"
#include "compile/test_view.h"
#include "model/dhcp_binding.h"
#include "model/port_binding.h"
#include "model/security_group.h"
#include "model/router_parts.h"
#include "model/testing.h"

struct world {
	struct model *model;
	GHashTable *views; /* by host id */
	GRand *random;
	GPtrArray *done; /* change-sets that may be undone */
	unsigned made, interfaces, dhcp, policies, gained[N_SCOPE_TYPES];
};

static struct view *view_of(struct world *world, const struct uuid *host)
{
	struct view *view = g_hash_table_lookup(world->views, host);

	if (!view) {
		view = view_new(host);
		g_hash_table_insert(world->views, &view->host, view);
	}
	return view;
}

static void spread(struct world *world, const struct changeset *changes)
{
	g_autoptr(compiled) compiled = compile_change(world->model, changes);
	GHashTableIter iter;
	gpointer view;

	for (guint i = 0; i < compiled->interests->len; i++) {
		struct interest *in = &g_array_index(compiled->interests, struct interest, i);

		if (in->op == INTEREST_LOSE)
			drop_scope(view_of(world, &in->host), &in->scope);
	}
	g_hash_table_iter_init(&iter, world->views);
	while (g_hash_table_iter_next(&iter, NULL, &view))
		for (guint i = 0; i < compiled->deltas->len; i++)
			apply_delta(view, &g_array_index(compiled->deltas, struct delta, i));
	for (guint i = 0; i < compiled->interests->len; i++) {
		struct interest *in = &g_array_index(compiled->interests, struct interest, i);

		if (in->op != INTEREST_GAIN)
			continue;
		gain_scope(view_of(world, &in->host), world->model, &in->scope);
		world->gained[in->scope.type]++;
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
	assert_int_equal(g_hash_table_size(incremental->scopes), g_hash_table_size(full->scopes));
}

static void compare_all(struct world *world)
{
	GHashTableIter iter;
	gpointer view;

	g_hash_table_iter_init(&iter, world->views);
	while (g_hash_table_iter_next(&iter, NULL, &view)) {
		struct view *full = view_new(&((struct view *)view)->host);
		g_autoptr(GArray) scopes = compile_host_scopes(world->model, &full->host);

		for (guint i = 0; i < scopes->len; i++)
			gain_scope(full, world->model, &g_array_index(scopes, struct scope, i));
		assert_same(view, full);
		view_free(full);
	}
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

/* Up to two security groups, as JSON: most ports have the same ones. */
static const char *random_groups(struct world *world, char buf[static 128])
{
	const struct object *a = pick(world, KIND_SECURITY_GROUP),
			    *b = pick(world, KIND_SECURITY_GROUP);
	g_autofree char *first = a ? g_strdup(test_id(a)) : NULL;
	int n = g_rand_int_range(world->random, 0, 3);

	if (!a || !n)
		return "[]";
	if (n == 1 || a == b)
		g_snprintf(buf, 128, "['%s']", first);
	else
		g_snprintf(buf, 128, "['%s','%s']", first, test_id(b));
	return buf;
}

/* A rule that names nothing, a group, or an address group. */
static json_t *random_rule(struct world *world, unsigned n)
{
	const struct object *group = pick(world, KIND_SECURITY_GROUP);
	const struct object *named =
		pick(world, n % 3 == 1 ? KIND_ADDRESS_GROUP : KIND_SECURITY_GROUP);
	g_autofree char *id = group ? g_strdup(test_id(group)) : NULL;
	const char *port = "'direction':'ingress','protocol':'tcp','port_range_min':%u,"
			   "'port_range_max':%u";
	g_autofree char *range = g_strdup_printf(port, n, n + 1);

	if (!group || !named)
		return NULL;
	if (n % 3 == 0)
		return test_json("{'security_group_id':'%s',%s}", id, range);
	return test_json("{'security_group_id':'%s','%s':'%s',%s}", id,
		n % 3 == 1 ? "remote_address_group_id" : "remote_group_id", test_id(named), range);
}

static json_t *random_body(struct world *world, enum kind_id kind)
{
	const struct object *network = pick(world, KIND_NETWORK), *host = pick(world, KIND_HOST);
	unsigned n = ++world->made;
	char groups[128];

	switch (kind) {
	case KIND_HOST:
		return test_json("{'name':'h%u','tunnel_ips':['192.0.2.%u']}", n, n % 250 + 1);
	case KIND_NETWORK:
	case KIND_ROUTER:
		return n % 5 ? test_json("{'name':'n%u'}", n)
			     : test_json("{'provider:network_type':'vlan',"
					 "'provider:physical_network':'p'}");
	case KIND_SUBNET:
		return network ? test_json("{'network_id':'%s','cidr':'10.%u.0.0/28'}",
					 test_id(network), n % 250)
			       : NULL;
	case KIND_SECURITY_GROUP:
		return test_json("{'name':'g%u'}", n);
	case KIND_ADDRESS_GROUP:
		return test_json("{'name':'a%u','addresses':['192.0.2.%u']}", n, n % 250);
	case KIND_SECURITY_GROUP_RULE:
		return random_rule(world, n);
	case KIND_NETWORK_LOG:
		return test_json("{'name':'l%u','resource_type':'security_group','enabled':%s}", n,
			n % 3 ? "true" : "false");
	default:
		return network ? test_json("{'network_id':'%s','binding:host_id':'%s',"
					   "'device_owner':'compute:nova','security_groups':%s}",
					 test_id(network),
					 host && n % 4 ? object_str(host, SLOT_NAME) : "",
					 random_groups(world, groups))
			       : NULL;
	}
}

static json_t *random_change(struct world *world, enum kind_id kind)
{
	const struct object *host = pick(world, KIND_HOST);
	unsigned n = ++world->made;
	char groups[128];

	switch (kind) {
	case KIND_HOST:
		return test_json("{'tunnel_ips':['198.51.100.%u']}", n % 250 + 1);
	case KIND_NETWORK:
		return test_json("{'mtu':%u}", 1280 + n % 200);
	case KIND_SUBNET:
		return test_json("{'enable_dhcp':%s}", n % 2 ? "true" : "false");
	case KIND_ROUTER:
		return test_json("{'admin_state_up':%s}", n % 2 ? "true" : "false");
	case KIND_SECURITY_GROUP:
	case KIND_ADDRESS_GROUP:
		return test_json("{'name':'other%u'}", n);
	case KIND_SECURITY_GROUP_RULE:
		return test_json("{'description':'%u'}", n);
	case KIND_NETWORK_LOG:
		return test_json("{'enabled':%s}", n % 2 ? "true" : "false");
	default:
		if (n % 3 == 0)
			return test_json("{'dns_name':'p%u','fixed_ips':[]}", n);
		if (n % 3 == 1)
			return test_json("{'security_groups':%s,'allowed_address_pairs':"
					 "[{'ip_address':'10.9.0.0/%u'}]}",
				random_groups(world, groups), 16 + n % 16);
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

	if (!subnet)
		return false;
	body = test_json("{'subnet_id':'%s'}", test_id(subnet));
	ok = (remove ? router_interface_remove : router_interface_add)(
		txn, router, body, &answer, NULL);
	world->interfaces += ok;
	json_decref(body);
	json_decref(answer);
	return ok;
}

/* Stages one random thing; what the model refuses (an exhausted pool, something in use) is none. */
static bool stage(struct world *world, struct txn *txn)
{
	static const enum kind_id kinds[] = { KIND_HOST, KIND_NETWORK, KIND_SUBNET, KIND_PORT,
		KIND_PORT, KIND_PORT, KIND_PORT, KIND_PORT, KIND_ROUTER, KIND_ROUTER, KIND_ROUTER,
		KIND_ROUTER, KIND_SECURITY_GROUP, KIND_SECURITY_GROUP, KIND_ADDRESS_GROUP,
		KIND_SECURITY_GROUP_RULE, KIND_SECURITY_GROUP_RULE, KIND_SECURITY_GROUP_RULE,
		KIND_NETWORK_LOG };
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
		ok = stage_interface(world, txn, object);
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

/* A host answers a network's DHCP again, or no more. */
static void stage_dhcp(struct world *world, struct txn *txn)
{
	const struct object *agent = pick(world, KIND_AGENT), *network = pick(world, KIND_NETWORK);
	json_t *body;
	bool ok;

	if (!agent || !network || !txn_get(txn, KIND_AGENT, object_id(agent)))
		return;
	body = test_json("{'network_id':'%s'}", test_id(network));
	ok = dhcp_networks_remove(txn, agent, test_id(network), NULL) ||
	     dhcp_networks_add(txn, agent, body, NULL);
	world->dhcp += ok;
	json_decref(body);
}

/* Makes a policy or a rule, changes or takes away a rule, or gives the policy to a port or network.
 */
static bool stage_qos(struct world *world, struct txn *txn)
{
	static const enum kind_id owners[] = { KIND_PORT, KIND_NETWORK };
	const struct object *policy = pick(world, KIND_QOS_POLICY), *owner;
	const struct object *rule = pick(world, KIND_QOS_BANDWIDTH_LIMIT_RULE);
	enum kind_id kind = owners[g_rand_int_range(world->random, 0, 2)];
	int what = g_rand_int_range(world->random, 0, 9);
	json_auto_t *body = NULL;

	if (what == 0 || !policy)
		return txn_create(txn, KIND_QOS_POLICY, body = test_json("{'name':'q'}"), NULL);
	body = test_json(
		"{'max_kbps':%u,'direction':'%s'}", ++world->made, what % 2 ? "egress" : "ingress");
	if (what < 4)
		return txn_create_in(
			txn, KIND_QOS_BANDWIDTH_LIMIT_RULE, test_id(policy), body, NULL);
	if (what < 6)
		return rule &&
		       txn_update(txn, KIND_QOS_BANDWIDTH_LIMIT_RULE, test_id(rule), body, NULL);
	if (what == 6)
		return rule && txn_delete(txn, KIND_QOS_BANDWIDTH_LIMIT_RULE, test_id(rule), NULL);
	owner = pick(world, kind);
	json_decref(body);
	body = what == 7 ? test_json("{'qos_policy_id':'%s'}", test_id(policy))
			 : test_json("{'qos_policy_id':null}");
	world->policies += owner && what == 7;
	return owner && txn_update(txn, kind, test_id(owner), body, NULL);
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
		switch (g_rand_int_range(world->random, 0, 20)) {
		case 0: /* it may have nothing to do */
			stage_dhcp(world, txn);
			break;
		case 1:
		case 2:
		case 3:
		case 4:
			ok = stage_binding(world, txn);
			break;
		case 5:
		case 6:
		case 7:
			ok = stage_qos(world, txn);
			break;
		default:
			ok = stage(world, txn);
		}
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

static void increments_equal_full_compile(void **state)
{
	unsigned applied = 0, interfaces = 0, dhcp = 0, policies = 0, gained[N_SCOPE_TYPES] = { 0 };

	(void)state;
	for (guint32 seed = 1; seed <= 44; seed++) {
		struct world world = { model_new(),
			g_hash_table_new_full(uuid_hash, uuid_equal, NULL, view_free),
			g_rand_new_with_seed(seed),
			g_ptr_array_new_with_free_func((GDestroyNotify)changeset_free), 0, 0, 0, 0,
			{ 0 } };

		for (int i = 0; i < 160; i++) {
			random_step(&world);
			compare_all(&world);
		}
		applied += world.done->len;
		interfaces += world.interfaces;
		dhcp += world.dhcp;
		policies += world.policies;
		for (int type = 0; type < N_SCOPE_TYPES; type++)
			gained[type] += world.gained[type];
		g_ptr_array_unref(world.done);
		g_rand_free(world.random);
		g_hash_table_destroy(world.views);
		model_free(world.model);
	}
	assert_true(applied > 1000); /* it has not merely been refused */
	assert_true(interfaces > 100);
	assert_true(dhcp > 30);
	assert_true(policies > 50);
	assert_true(gained[SCOPE_SECURITY_GROUP] > 100);
	assert_true(gained[SCOPE_GROUP_MEMBERS] > 50);
	assert_true(gained[SCOPE_ADDRESS_GROUP] > 20);
	assert_true(gained[SCOPE_CLOUD] > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(increments_equal_full_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
