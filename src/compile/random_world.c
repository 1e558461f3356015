/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/random_world.h"

#include "model/port/port_binding.h"
#include "model/router/router_parts.h"
#include "model/provider/service_attachment.h"
#include "model/provider/service_provider.h"

#define OTHER "other" /* the provider that is not in the tree */

struct random_world *random_world_new(guint32 seed)
{
	struct random_world *world = g_new0(struct random_world, 1);

	world->model = model_new();
	service_provider_register(
		world->model, OTHER, false, NETWORK_SERVICES | ROUTER_SERVICES, NULL);
	world->views = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, view_free);
	world->random = g_rand_new_with_seed(seed);
	world->done = g_ptr_array_new_with_free_func((GDestroyNotify)changeset_free);
	return world;
}

void random_world_free(struct random_world *world)
{
	g_ptr_array_unref(world->done);
	g_rand_free(world->random);
	g_hash_table_destroy(world->views);
	model_free(world->model);
	g_free(world);
}

unsigned random_below(struct random_world *world, unsigned n)
{
	return (unsigned)g_rand_int_range(world->random, 0, (gint)n);
}

const struct object *random_pick(struct random_world *world, enum kind_id kind)
{
	unsigned n = model_count_all(world->model, kind);
	const struct object *object = NULL;
	struct model_iter iter;

	if (!n)
		return NULL;
	n = random_below(world, n) + 1;
	model_iter_all(&iter, world->model, kind, NULL);
	while (n--)
		object = model_iter_next(&iter);
	return object;
}

static struct view *view_of(struct random_world *world, const struct uuid *host)
{
	struct view *view = g_hash_table_lookup(world->views, host);

	if (!view) {
		view = view_new(host);
		g_hash_table_insert(world->views, &view->host, view);
	}
	return view;
}

static void spread(struct random_world *world, const struct changeset *changes)
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

void random_apply(struct random_world *world, struct txn *txn)
{
	struct changeset *changes = test_apply(txn);

	spread(world, changes);
	if (changes->n)
		g_ptr_array_add(world->done, changes);
	else
		changeset_free(changes);
}

const struct object *random_create(struct random_world *world, enum kind_id kind, json_t *body)
{
	struct txn *txn = txn_new(world->model, &test_admin);
	const struct object *made = txn_create(txn, kind, body, NULL);
	struct uuid id;

	assert_non_null(made);
	id = *object_id(made);
	json_decref(body);
	random_apply(world, txn);
	return model_get(world->model, kind, &id);
}

static void assert_same(struct view *incremental, struct view *full)
{
	char text[SCOPE_STRLEN];
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
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (!g_hash_table_contains(incremental->scopes, key))
			fail_msg("%s is missed", scope_format(key, text));
	assert_int_equal(g_hash_table_size(incremental->scopes), g_hash_table_size(full->scopes));
}

static void compare_all(struct random_world *world)
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
static void undo(struct random_world *world)
{
	struct changeset *changes = world->done->pdata[world->done->len - 1];
	struct changeset *inverse = invert(changes);

	model_undo(world->model, changes, changes->revision - 1);
	spread(world, inverse);
	changeset_free(inverse);
	g_ptr_array_remove_index(world->done, world->done->len - 1);
}

/* Of ten times an object is created four times, changed five, and deleted once. */
static bool stage_object(
	struct random_world *world, struct txn *txn, const struct random_step *step)
{
	const struct object *object = random_pick(world, step->kind);
	unsigned what = random_below(world, 10);
	json_auto_t *body = NULL;

	if (what < 4 || !object) {
		body = step->body ? step->body(world) : NULL;
		return body && txn_create(txn, step->kind, body, NULL);
	}
	if (what < 9) {
		body = step->change(world);
		return body && txn_update(txn, step->kind, test_id(object), body, NULL);
	}
	return txn_delete(txn, step->kind, test_id(object), NULL);
}

static const struct random_step *any_step(
	struct random_world *world, const struct random_step *steps, unsigned n_steps)
{
	unsigned sum = 0, at;

	for (unsigned i = 0; i < n_steps; i++)
		sum += steps[i].weight;
	at = random_below(world, sum);
	for (; at >= steps->weight; steps++)
		at -= steps->weight;
	return steps;
}

static void random_transaction(
	struct random_world *world, const struct random_step *steps, unsigned n_steps)
{
	struct txn *txn = txn_new(world->model, &test_admin);
	bool ok = true;

	for (unsigned n = 1 + random_below(world, 3); ok && n; n--) {
		const struct random_step *step = any_step(world, steps, n_steps);

		ok = step->stage ? step->stage(world, txn) : stage_object(world, txn, step);
	}
	if (ok)
		random_apply(world, txn);
	else
		txn_free(txn);
}

void random_round(struct random_world *world, const struct random_step *steps, unsigned n_steps)
{
	if (world->done->len && random_below(world, 8) == 0)
		undo(world);
	else
		random_transaction(world, steps, n_steps);
	compare_all(world);
}

json_t *random_host(struct random_world *world)
{
	unsigned n = ++world->made;

	return test_json("{'name':'h%u','tunnel_ips':['192.0.2.%u']}", n, n % 250 + 1);
}

json_t *random_host_change(struct random_world *world)
{
	return test_json("{'tunnel_ips':['198.51.100.%u']}", ++world->made % 250 + 1);
}

json_t *random_subnet(struct random_world *world)
{
	const struct object *network = random_pick(world, KIND_NETWORK);

	return network ? test_json("{'network_id':'%s','cidr':'10.%u.0.0/28'}", test_id(network),
				 ++world->made % 250)
		       : NULL;
}

json_t *random_subnet_change(struct random_world *world)
{
	return test_json("{'enable_dhcp':%s}", ++world->made % 2 ? "true" : "false");
}

json_t *random_network_change(struct random_world *world)
{
	return test_json("{'mtu':%u}", 1280 + ++world->made % 200);
}

json_t *random_admin_state(struct random_world *world)
{
	return test_json("{'admin_state_up':%s}", ++world->made % 2 ? "true" : "false");
}

const char *random_host_name(struct random_world *world)
{
	const struct object *host = random_pick(world, KIND_HOST);

	return host && random_below(world, 4) ? object_str(host, SLOT_NAME) : "";
}

bool random_interface(struct random_world *world, struct txn *txn)
{
	const struct object *router = random_pick(world, KIND_ROUTER);
	const struct object *subnet = random_pick(world, KIND_SUBNET);
	bool remove = random_below(world, 4) == 0, ok;
	json_auto_t *body = NULL, *answer = NULL;

	if (!subnet || !router || !txn_get(txn, KIND_ROUTER, object_id(router)))
		return false;
	body = test_json("{'subnet_id':'%s'}", test_id(subnet));
	ok = (remove ? router_interface_remove : router_interface_add)(
		txn, router, body, &answer, NULL);
	world->interfaces += ok;
	return ok;
}

bool random_binding(struct random_world *world, struct txn *txn)
{
	const struct object *port = random_pick(world, KIND_PORT);
	const struct object *host = random_pick(world, KIND_HOST);
	json_auto_t *body = NULL;
	const char *name;

	if (!port || !host)
		return false;
	port = txn_get(txn, KIND_PORT, object_id(port));
	host = txn_get(txn, KIND_HOST, object_id(host));
	if (!port || !host)
		return false;
	name = object_str(host, SLOT_NAME);
	switch (random_below(world, 4)) {
	case 0:
		return port_binding_delete(txn, port, name, NULL);
	case 1:
		return port_binding_activate(txn, port, name, NULL);
	default:
		body = test_json("{'host':'%s'}", name);
		return port_binding_create(txn, port, body, NULL);
	}
}

/* What the other provider says of the DHCP of a network. */
static bool stage_answer(struct random_world *world, struct txn *txn, const struct object *network)
{
	const struct object *old = model_first(world->model, KIND_SERVICE_ATTACHMENT,
		ATTACHMENT_BY_OBJECT_PROVIDER, test_id(network), OTHER, NULL);
	const struct object *subnet = random_pick(world, KIND_SUBNET);
	unsigned n = ++world->made;
	struct object *draft;
	char text[128];

	if (old && n % 4 == 0)
		return txn_remove(txn, old, NULL);
	if (!subnet)
		return false;
	draft = old ? object_edit(old) : object_new(&service_attachment_kind, NULL);
	object_set_str(draft, ATTACHMENT_PROVIDER, OTHER);
	object_set_str(draft, ATTACHMENT_OBJECT_ID, test_id(network));
	g_snprintf(text, sizeof(text),
		"{\"subnets\":{\"%s\":{\"dns_nameservers\":[\"192.0.2.%u\"]}}}", test_id(subnet),
		n % 250);
	object_set_str(draft, ATTACHMENT_EDGE, text);
	return txn_put(txn, draft, NULL);
}

bool random_services(struct random_world *world, struct txn *txn)
{
	static const char *const of_routers[] = { "router", "snat", "floating-ip",
		"port-forwarding" };
	unsigned what = random_below(world, 4);
	enum kind_id kind = what ? KIND_NETWORK : KIND_ROUTER;
	const struct object *owner = random_pick(world, kind);
	const char *service =
		what ? what == 1 ? "dns" : "dhcp" : of_routers[random_below(world, 4)];
	json_auto_t *body = NULL;

	if (!owner)
		return false;
	if (what == 3 && stage_answer(world, txn, owner))
		return true;
	body = test_json("{'service_providers':{'%s':%s}}", service,
		random_below(world, 2) ? "'" OTHER "'" : "null");
	return txn_update(txn, kind, test_id(owner), body, NULL);
}

/* Another policy, or none, for something that may have one. */
static bool assign_policy(struct random_world *world, struct txn *txn, const char *policy)
{
	static const enum kind_id kinds[] = { KIND_PORT, KIND_NETWORK, KIND_FLOATING_IP,
		KIND_ROUTER };
	enum kind_id kind = kinds[random_below(world, G_N_ELEMENTS(kinds))];
	const struct object *owner = random_pick(world, kind);
	g_autofree char *quoted = policy ? g_strdup_printf("'%s'", policy) : g_strdup("null");
	json_auto_t *body = NULL;

	if (!owner)
		return false;
	if (kind != KIND_ROUTER)
		body = test_json("{'qos_policy_id':%s}", quoted);
	else if (object_is_null(owner, ROUTER_GATEWAY_NETWORK_ID))
		return false;
	else
		body = test_json("{'external_gateway_info':{'network_id':'%s','qos_policy_id':%s}}",
			object_str(owner, ROUTER_GATEWAY_NETWORK_ID), quoted);
	if (!txn_update(txn, kind, test_id(owner), body, NULL))
		return false;
	world->policies[kind] += policy != NULL;
	return true;
}

bool random_qos(struct random_world *world, struct txn *txn)
{
	const struct object *policy = random_pick(world, KIND_QOS_POLICY);
	const struct object *rule = random_pick(world, KIND_QOS_BANDWIDTH_LIMIT_RULE);
	unsigned what = random_below(world, 12);
	json_auto_t *body = NULL;

	if (what == 0 || !policy)
		return txn_create(txn, KIND_QOS_POLICY, body = test_json("{'name':'q'}"), NULL);
	if (what >= 7)
		return assign_policy(world, txn, what == 7 ? NULL : test_id(policy));
	body = test_json("{'max_kbps':%u,'direction':'%s'}", ++world->made % 5,
		what % 2 ? "egress" : "ingress");
	if (what < 4)
		return txn_create_in(
			txn, KIND_QOS_BANDWIDTH_LIMIT_RULE, test_id(policy), body, NULL);
	if (what < 6)
		return rule &&
		       txn_update(txn, KIND_QOS_BANDWIDTH_LIMIT_RULE, test_id(rule), body, NULL);
	return rule && txn_delete(txn, KIND_QOS_BANDWIDTH_LIMIT_RULE, test_id(rule), NULL);
}
