/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change-set means for the hosts.
 *
 * A record is compiled from the old and from the new objects, and only a difference becomes a
 * delta: a port's status, say, is in no record and costs nothing.
 *
 * A port is placed on the host that it is bound to, and on those that it may move to: each has its
 * record, and counts as one of its ports.
 */
#include "compile/compile.h"

#include <string.h>
#include <weft/provider.h>

#include "compile/in_tree.h"
#include "compile/records.h"
#include "compile/standby.h"
#include "model/port/dhcp_binding.h"
#include "model/router/gateway_hosts.h"
#include "model/host/host.h"
#include "model/port/port_binding.h"
#include "model/router/router.h"
#include "model/port/service_port.h"

static guint pair_hash(gconstpointer data)
{
	const struct pair *pair = data;

	return uuid_hash(&pair->host) * 31 + uuid_hash(&pair->network);
}

static gboolean pair_equal(gconstpointer a, gconstpointer b)
{
	const struct pair *x = a, *y = b;

	return uuid_equal(&x->host, &y->host) && uuid_equal(&x->network, &y->network);
}

static void add_delta(struct compilation *c, enum delta_op op, enum scope_type type,
	const struct uuid *scope, const char *kind, const char *id)
{
	struct delta delta = { .scope = { .id = *scope, .type = type }, .op = op, .kind = kind };

	g_strlcpy(delta.id, id, sizeof(delta.id));
	if (op == DELTA_PUT)
		delta.data = g_strdup(c->after->str);
	g_array_append_val(c->out->deltas, delta);
}

void compile_difference(struct compilation *c, enum scope_type type, const struct uuid *scope,
	const char *kind, const char *id)
{
	if (c->after->len && !g_string_equal(c->before, c->after))
		add_delta(c, DELTA_PUT, type, scope, kind, id);
	else if (c->before->len && !c->after->len)
		add_delta(c, DELTA_DELETE, type, scope, kind, id);
	g_string_truncate(c->before, 0);
	g_string_truncate(c->after, 0);
}

void compile_interest(struct compilation *c, enum interest_op op, const struct uuid *host,
	enum scope_type type, const struct uuid *scope)
{
	struct interest interest = {
		.op = op, .host = *host, .scope = { .id = *scope, .type = type }
	};

	g_array_append_val(c->out->interests, interest);
}

static struct pair *touch_pair(
	struct compilation *c, const struct uuid *host, const struct uuid *network)
{
	struct pair key = { .host = *host, .network = *network };
	struct pair *pair = g_hash_table_lookup(c->pairs, &key);

	if (!pair) {
		pair = g_memdup2(&key, sizeof(key));
		g_hash_table_add(c->pairs, pair);
	}
	return pair;
}

const struct change *compile_find(
	const struct compilation *c, enum kind_id kind, const struct uuid *id)
{
	for (unsigned i = 0; i < c->changes->n; i++)
		if (c->changes->changes[i].kind == kind &&
			uuid_equal(&c->changes->changes[i].id, id))
			return &c->changes->changes[i];
	return NULL;
}

const struct object *compile_old(
	const struct compilation *c, enum kind_id kind, const struct uuid *id)
{
	const struct change *change = compile_find(c, kind, id);

	return change ? change->old : model_get(c->model, kind, id);
}

const struct object *compile_host_of(const struct compilation *c, const struct object *port)
{
	const char *name = port ? object_str(port, PORT_HOST_ID) : "";
	const struct object *host;

	if (!*name)
		return NULL;
	host = model_first(c->model, KIND_HOST, HOST_BY_NAME, name, NULL);
	for (unsigned i = 0; !host && i < c->changes->n; i++) {
		const struct object *old = c->changes->changes[i].old;

		if (c->changes->changes[i].kind == KIND_HOST && old &&
			!strcmp(object_str(old, SLOT_NAME), name))
			host = old;
	}
	return host;
}

/* All that others are told of a host as a member of a network. */
static bool is_same_member(const struct object *a, const struct object *b)
{
	return object_equal(a, b, HOST_TUNNEL_IPS) && object_equal(a, b, HOST_ENCAPSULATIONS) &&
	       object_equal(a, b, HOST_BRIDGE_MAPPINGS);
}

static void add_role(struct compilation *c, const struct uuid *router, const struct uuid *host)
{
	struct gateway_role role = { *router, *host };

	g_array_append_val(c->roles, role);
}

/* Hosts that may have its gateway now, or might before. */
void compile_gateway_roles(struct compilation *c, const struct change *change)
{
	g_autoptr(GArray) old = gateway_hosts(change->old), new = gateway_hosts(change->new);

	if (change->old &&
		change->new &&object_equal(change->old, change->new, ROUTER_GATEWAY_HOSTS))
		return;
	for (guint i = 0; i < old->len; i++)
		add_role(c, &change->id, &g_array_index(old, struct uuid, i));
	for (guint i = 0; i < new->len; i++)
		add_role(c, &change->id, &g_array_index(new, struct uuid, i));
}

static void compile_host(struct compilation *c, const struct change *change)
{
	const struct object *port, *binding, *router;
	struct uuid network;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (change->old)
		record_host(change->old, c->before);
	if (change->new)
		record_host(change->new, c->after);
	compile_difference(c, SCOPE_HOST, &change->id, "host", uuid_format(&change->id, id));
	if (!change->old || !change->new) {
		enum interest_op op = change->new ? INTEREST_GAIN : INTEREST_LOSE;

		compile_interest(c, op, &change->id, SCOPE_HOST, &change->id);
		compile_interest(c, op, &change->id, SCOPE_CLOUD, &scope_cloud_id);
	}
	if (!change->old || !change->new || is_same_member(change->old, change->new))
		return;
	model_iter_init(&iter, c->model, KIND_ROUTER, ROUTER_BY_GATEWAY_HOST, id, NULL);
	while ((router = model_iter_next(&iter)))
		add_role(c, object_id(router), &change->id);
	model_iter_init(
		&iter, c->model, KIND_PORT, PORT_BY_HOST, object_str(change->new, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		if (object_uuid(port, PORT_NETWORK_ID, &network))
			touch_pair(c, &change->id, &network)->changed = true;
	model_iter_init(&iter, c->model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID, id, NULL);
	while ((binding = model_iter_next(&iter)))
		if (object_uuid(binding, PORT_BINDING_NETWORK_ID, &network))
			touch_pair(c, &change->id, &network)->changed = true;
}

static void compile_network(struct compilation *c, const struct change *change)
{
	char id[UUID_STRLEN];

	if (change->old)
		record_network(change->old, c->before);
	if (change->new)
		record_network(change->new, c->after);
	compile_difference(c, SCOPE_NETWORK, &change->id, "network", uuid_format(&change->id, id));
}

/* Has (before the change-set: had) the port an inactive binding to the host? */
static bool has_binding(const struct compilation *c, const char *port, const struct object *host)
{
	return model_first(c->model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT_HOST, port,
		object_str(host, SLOT_NAME), NULL);
}

static bool had_binding(const struct compilation *c, const char *port, const struct object *host)
{
	const char *name = object_str(host, SLOT_NAME);
	bool made = false;

	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct change *change = &c->changes->changes[i];
		const struct object *any = change->old ? change->old : change->new;

		if (change->kind != KIND_PORT_BINDING ||
			strcmp(object_str(any, PORT_BINDING_PORT_ID), port) ||
			strcmp(object_str(any, PORT_BINDING_HOST), name))
			continue;
		if (change->old)
			return true;
		made = true;
	}
	return !made && has_binding(c, port, host);
}

/* A port may be met twice on a host: with its binding, and because its record changes. */
static bool place_once(struct compilation *c, const struct uuid *host, const struct uuid *port)
{
	struct pair key = { .host = *host, .network = *port };

	return !g_hash_table_contains(c->placed, &key) &&
	       g_hash_table_add(c->placed, g_memdup2(&key, sizeof(key)));
}

static void compile_placed(
	struct compilation *c, const struct uuid *host, const struct object *port, int delta)
{
	for (unsigned i = 0; providers_in_tree[i]; i++)
		if (providers_in_tree[i]->in_tree->placed)
			providers_in_tree[i]->in_tree->placed(c, host, port, delta);
}

/* A port's record on a host, before and after. */
static void compile_placement(struct compilation *c, const struct uuid *port,
	const struct object *was, const struct object *now, const struct object *host)
{
	const char *name = object_str(host, SLOT_NAME);
	char id[UUID_STRLEN];
	struct qos qos;
	bool active, count = place_once(c, object_id(host), port);

	/* What hosts know of a gateway is in the router's scope. */
	if (port_has_owner(was ?: now, OWNER_ROUTER_GATEWAY))
		return;
	uuid_format(port, id);
	if (was) {
		active = !strcmp(object_str(was, PORT_HOST_ID), name);
		qos = qos_before(c, &qos_ports, was);
		if (active || (c->migrating && had_binding(c, id, host))) {
			record_port(was, &qos, trunk_place_before(c, was), active, c->before);
			if (count)
				compile_placed(c, object_id(host), was, -1);
		}
	}
	if (now) {
		active = !strcmp(object_str(now, PORT_HOST_ID), name);
		qos = qos_of(c->model, &qos_ports, now);
		if (active || (c->migrating && has_binding(c, id, host))) {
			record_port(now, &qos, trunk_place_of(c->model, now), active, c->after);
			if (count)
				compile_placed(c, object_id(host), now, 1);
		}
	}
	compile_difference(c, SCOPE_HOST, object_id(host), "port", id);
}

/* On the hosts that it may move to, and is not bound to before or after. */
static void compile_port_inactive(struct compilation *c, const struct uuid *port,
	const struct object *was, const struct object *now)
{
	const struct object *from = compile_host_of(c, was), *to = compile_host_of(c, now),
			    *binding, *host;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, c->model, KIND_PORT_BINDING, PORT_BINDING_BY_PORT,
		uuid_format(port, id), NULL);
	while ((binding = model_iter_next(&iter))) {
		host = model_get_text(
			c->model, KIND_HOST, object_str(binding, PORT_BINDING_HOST_ID));
		if (host != from && host != to)
			compile_placement(c, port, was, now, host);
	}
}

static void record_endpoint_before(
	struct compilation *c, const struct object *port, const struct object *host)
{
	g_autoptr(GPtrArray) standby = standby_hosts_before(c, port);

	record_endpoint(c->model, port, host, standby, c->before);
}

static void record_endpoint_after(
	struct compilation *c, const struct object *port, const struct object *host)
{
	g_autoptr(GPtrArray) standby = standby_hosts(c->model, port);

	record_endpoint(c->model, port, host, standby, c->after);
}

/* Its port is as it was, but for who else is bound to it. */
static void compile_standby(
	struct compilation *c, const struct object *port, const struct uuid *network)
{
	const struct object *host = compile_host_of(c, port);
	char id[UUID_STRLEN];

	if (!host || !port_may_be_shared(port))
		return;
	record_endpoint_before(c, port, host);
	record_endpoint_after(c, port, host);
	compile_difference(c, SCOPE_NETWORK, network, "endpoint", uuid_format(object_id(port), id));
}

static void compile_port(struct compilation *c, const struct change *change)
{
	const struct object *from = compile_host_of(c, change->old),
			    *to = compile_host_of(c, change->new);
	const struct object *any = change->new ? change->new : change->old;
	struct uuid network;
	char id[UUID_STRLEN];

	if (c->migrating)
		compile_port_inactive(c, &change->id, change->old, change->new);
	if ((!from && !to) || !object_uuid(any, PORT_NETWORK_ID, &network))
		return;
	if (from)
		compile_placement(c, &change->id, change->old, change->new, from);
	if (to && to != from)
		compile_placement(c, &change->id, change->old, change->new, to);
	if (from) {
		if (!port_has_owner(any, OWNER_ROUTER_GATEWAY))
			record_endpoint_before(c, change->old, from);
		touch_pair(c, object_id(from), &network)->delta--;
	}
	if (to) {
		if (!port_has_owner(any, OWNER_ROUTER_GATEWAY))
			record_endpoint_after(c, change->new, to);
		touch_pair(c, object_id(to), &network)->delta++;
	}
	compile_difference(c, SCOPE_NETWORK, &network, "endpoint", uuid_format(&change->id, id));
}

/* A binding comes or goes; that of a port which is changed too may have been met with the port. */
static void compile_binding(struct compilation *c, const struct change *change)
{
	const struct object *any = change->new ? change->new : change->old, *host, *port;
	const struct change *with;
	struct uuid network, port_id, host_id;

	if (!object_uuid(any, PORT_BINDING_PORT_ID, &port_id) ||
		!object_uuid(any, PORT_BINDING_HOST_ID, &host_id) ||
		!object_uuid(any, PORT_BINDING_NETWORK_ID, &network))
		return;
	touch_pair(c, &host_id, &network)->delta += !!change->new - !!change->old;
	with = compile_find(c, KIND_PORT, &port_id);
	host = model_get(c->model, KIND_HOST, &host_id);
	port = model_get(c->model, KIND_PORT, &port_id);
	if (!host)
		host = compile_old(c, KIND_HOST, &host_id);
	if (!with) {
		compile_placement(c, &port_id, port, port, host);
		compile_standby(c, port, &network);
	} else if (!change->new &&host != compile_host_of(c, with->old) &&
		   host != compile_host_of(c, with->new)) {
		compile_placement(c, &port_id, with->old, with->new, host);
	}
}

void compile_dhcp_binding(struct compilation *c, const struct change *change)
{
	const struct object *any = change->new ? change->new : change->old;
	struct uuid network, host;

	if (object_uuid(any, DHCP_BINDING_HOST_ID, &host) &&
		object_uuid(any, DHCP_BINDING_NETWORK_ID, &network))
		touch_pair(c, &host, &network)->changed = true;
}

static void compile_one(struct compilation *c, const struct change *change)
{
	static void (*const by_kind[N_KINDS])(struct compilation *, const struct change *) = {
		[KIND_HOST] = compile_host,
		[KIND_NETWORK] = compile_network,
		[KIND_PORT] = compile_port,
		[KIND_PORT_BINDING] = compile_binding,
		[KIND_SUBPORT] = compile_subport,
		[KIND_APPLIANCE] = compile_appliance,
	};

	if (by_kind[change->kind])
		by_kind[change->kind](c, change);
	for (unsigned i = 0; providers_in_tree[i]; i++) {
		const struct weft_in_tree *in_tree = providers_in_tree[i]->in_tree;

		if (in_tree->change[change->kind])
			in_tree->change[change->kind](c, change);
	}
}

static void finish_providers(struct compilation *c)
{
	for (unsigned i = 0; providers_in_tree[i]; i++)
		if (providers_in_tree[i]->in_tree->finish)
			providers_in_tree[i]->in_tree->finish(c);
}

/* Ports that are as they were, but for what they take from others. */
static void compile_touched(struct compilation *c)
{
	const struct object *port, *host;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, c->touched);
	while (g_hash_table_iter_next(&iter, (gpointer *)&port, NULL)) {
		if (compile_find(c, KIND_PORT, object_id(port)))
			continue;
		host = compile_host_of(c, port);
		if (host)
			compile_placement(c, object_id(port), port, port, host);
		if (c->migrating)
			compile_port_inactive(c, object_id(port), port, port);
	}
}

static void clear_delta(gpointer delta)
{
	g_free(((struct delta *)delta)->data);
}

static bool is_migrating(const struct model *model, const struct changeset *changes)
{
	if (model_count_all(model, KIND_PORT_BINDING))
		return true;
	for (unsigned i = 0; i < changes->n; i++)
		if (changes->changes[i].kind == KIND_PORT_BINDING)
			return true;
	return false;
}

struct compiled *compile_change(const struct model *model, const struct changeset *changes)
{
	struct compiled *out = g_new(struct compiled, 1);
	g_autoptr(GHashTable) pairs = g_hash_table_new_full(pair_hash, pair_equal, g_free, NULL);
	g_autoptr(GHashTable) groups =
		g_hash_table_new_full(host_group_hash, host_group_equal, g_free, NULL);
	g_autoptr(GHashTable) placed = g_hash_table_new_full(pair_hash, pair_equal, g_free, NULL);
	g_autoptr(GHashTable) touched = g_hash_table_new(NULL, NULL);
	g_autoptr(GString) before = g_string_sized_new(512), after = g_string_sized_new(512);
	g_autoptr(GArray) roles = g_array_new(FALSE, FALSE, sizeof(struct gateway_role));
	struct compilation c = { model, changes, out, is_migrating(model, changes), pairs, groups,
		placed, touched, roles, before, after };

	out->revision = changes->revision;
	out->deltas = g_array_new(FALSE, FALSE, sizeof(struct delta));
	g_array_set_clear_func(out->deltas, clear_delta);
	out->interests = g_array_new(FALSE, FALSE, sizeof(struct interest));
	for (unsigned i = 0; i < changes->n; i++)
		compile_one(&c, &changes->changes[i]);
	compile_touched(&c);
	finish_providers(&c);
	compile_load_balancers(&c);
	compile_members(&c);
	return out;
}

void compiled_free(struct compiled *compiled)
{
	g_array_unref(compiled->deltas);
	g_array_unref(compiled->interests);
	g_free(compiled);
}
