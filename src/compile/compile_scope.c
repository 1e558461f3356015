/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a scope now: for snapshots, and for a host that has just gained it. */
#include "compile/compile.h"
#include "compile/records.h"

#include "model/host.h"
#include "model/port.h"
#include "model/port_binding.h"
#include "model/subnet.h"

struct enumeration {
	const struct model *model;
	compile_record_fn record;
	void *user;
	GString *text;
};

static void give(struct enumeration *e, const char *kind, const char *id)
{
	e->record(kind, id, e->text->str, e->user);
	g_string_truncate(e->text, 0);
}

/* Ports that may move to the host. */
static void give_inactive(struct enumeration *e, const char *host)
{
	const struct object *binding, *port;
	struct model_iter iter;

	model_iter_init(&iter, e->model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID, host, NULL);
	while ((binding = model_iter_next(&iter))) {
		const char *id = object_str(binding, PORT_BINDING_PORT_ID);

		port = model_get_text(e->model, KIND_PORT, id);
		record_port(port, false, e->text);
		give(e, "port", id);
	}
}

static void give_host(struct enumeration *e, const struct uuid *id)
{
	const struct object *host = model_get(e->model, KIND_HOST, id), *port;
	struct model_iter iter;
	char text[UUID_STRLEN];

	if (!host)
		return;
	record_host(host, e->text);
	give(e, "host", uuid_format(id, text));
	model_iter_init(
		&iter, e->model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter))) {
		record_port(port, true, e->text);
		give(e, "port", uuid_format(object_id(port), text));
	}
	give_inactive(e, uuid_format(id, text));
}

static void give_subnets(struct enumeration *e, const char *network)
{
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, e->model, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = model_iter_next(&iter))) {
		record_subnet(subnet, e->text);
		give(e, "subnet", uuid_format(object_id(subnet), id));
	}
}

/* The host, unless it is among @hosts already. */
static void give_member(struct enumeration *e, const struct uuid *network,
	const struct object *host, GHashTable *hosts)
{
	char id[RECORD_ID_STRLEN];

	if (!g_hash_table_add(hosts, (gpointer)host))
		return;
	record_member(network, host, e->text);
	give(e, "member", member_id(network, object_id(host), id));
}

/* Hosts that ports of the network may move to. */
static void give_inactive_members(
	struct enumeration *e, const struct uuid *network, const char *text, GHashTable *hosts)
{
	const struct object *binding;
	struct model_iter iter;

	model_iter_init(&iter, e->model, KIND_PORT_BINDING, PORT_BINDING_BY_NETWORK, text, NULL);
	while ((binding = model_iter_next(&iter)))
		give_member(e, network,
			model_get_text(
				e->model, KIND_HOST, object_str(binding, PORT_BINDING_HOST_ID)),
			hosts);
}

/* Every bound port, and before the first of each host, the host. */
static void give_endpoints(struct enumeration *e, const struct uuid *network, const char *text)
{
	g_autoptr(GHashTable) hosts = g_hash_table_new(NULL, NULL);
	char id[UUID_STRLEN];
	const struct object *port;
	struct model_iter iter;

	model_iter_init(&iter, e->model, KIND_PORT, PORT_BY_NETWORK, text, NULL);
	while ((port = model_iter_next(&iter))) {
		const struct object *host;

		if (!port_is_bound(port))
			continue;
		host = model_first(
			e->model, KIND_HOST, HOST_BY_NAME, object_str(port, PORT_HOST_ID), NULL);
		if (!host)
			continue;
		give_member(e, network, host, hosts);
		record_endpoint(port, host, e->text);
		give(e, "endpoint", uuid_format(object_id(port), id));
	}
	give_inactive_members(e, network, text, hosts);
}

void compile_scope(
	const struct model *model, const struct scope *scope, compile_record_fn record, void *user)
{
	g_autoptr(GString) text = g_string_sized_new(512);
	struct enumeration e = { model, record, user, text };
	const struct object *network;
	char id[UUID_STRLEN];

	if (scope->type == SCOPE_HOST) {
		give_host(&e, &scope->id);
		return;
	}
	network = model_get(model, KIND_NETWORK, &scope->id);
	if (!network)
		return;
	record_network(network, text);
	give(&e, "network", uuid_format(&scope->id, id));
	give_subnets(&e, id);
	give_endpoints(&e, &scope->id, id);
}

static void add_network(
	GArray *scopes, GHashTable *seen, const struct object *object, unsigned slot)
{
	struct scope scope = { .type = SCOPE_NETWORK };

	if (object_uuid(object, slot, &scope.id) &&
		g_hash_table_add(seen, (gpointer)object_str(object, slot)))
		g_array_append_val(scopes, scope);
}

GArray *compile_host_scopes(const struct model *model, const struct uuid *id)
{
	GArray *scopes = g_array_new(FALSE, FALSE, sizeof(struct scope));
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct object *host = model_get(model, KIND_HOST, id), *port, *binding;
	struct scope scope = { .id = *id, .type = SCOPE_HOST };
	struct model_iter iter;
	char text[UUID_STRLEN];

	if (!host)
		return scopes;
	g_array_append_val(scopes, scope);
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		add_network(scopes, seen, port, PORT_NETWORK_ID);
	model_iter_init(&iter, model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID,
		uuid_format(id, text), NULL);
	while ((binding = model_iter_next(&iter)))
		add_network(scopes, seen, binding, PORT_BINDING_NETWORK_ID);
	return scopes;
}
