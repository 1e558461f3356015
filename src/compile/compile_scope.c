/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a scope now: for snapshots, and for a host that has just gained it. */
#include "compile/compile.h"
#include "compile/reach.h"
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

static void give_port(struct enumeration *e, const struct object *port, bool active)
{
	struct qos qos = qos_of_port(e->model, port);
	char id[UUID_STRLEN];

	record_port(port, &qos, active, e->text);
	give(e, "port", uuid_format(object_id(port), id));
}

/* Ports that may move to the host. */
static void give_inactive(struct enumeration *e, const char *host)
{
	const struct object *binding;
	struct model_iter iter;

	model_iter_init(&iter, e->model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID, host, NULL);
	while ((binding = model_iter_next(&iter))) {
		const char *id = object_str(binding, PORT_BINDING_PORT_ID);

		give_port(e, model_get_text(e->model, KIND_PORT, id), false);
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
		give_port(e, port, true);
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

/* Hosts that have it by a port of their own, or by what routers join with it. */
static void give_members(struct enumeration *e, const struct uuid *network)
{
	g_autoptr(reach) reach = reach_from(e->model, NULL, network);
	g_autoptr(GHashTable) hosts = reach_hosts(e->model, reach);
	const struct object *host;
	char id[RECORD_ID_STRLEN];
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, hosts);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		host = model_get(e->model, KIND_HOST, key);
		record_member(network, host,
			(reach_ports(e->model, host, network) ? 0 : MEMBER_ROUTED) |
				(member_dhcp(e->model, key, network) ? 0 : MEMBER_WITHOUT_DHCP),
			e->text);
		give(e, "member", member_id(network, key, id));
	}
}

static void give_endpoints(struct enumeration *e, const char *network)
{
	const struct object *port, *host;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, e->model, KIND_PORT, PORT_BY_NETWORK, network, NULL);
	while ((port = model_iter_next(&iter))) {
		if (!port_is_bound(port))
			continue;
		host = model_first(
			e->model, KIND_HOST, HOST_BY_NAME, object_str(port, PORT_HOST_ID), NULL);
		if (!host)
			continue;
		record_endpoint(port, host, e->text);
		give(e, "endpoint", uuid_format(object_id(port), id));
	}
}

/* An interface with several subnets once. */
static void give_interfaces(struct enumeration *e, const char *network)
{
	g_autoptr(GHashTable) given = g_hash_table_new(NULL, NULL);
	const struct object *subnet, *port, *router;
	struct model_iter subnets, ports;
	struct edge edge;
	char id[UUID_STRLEN];

	model_iter_init(&subnets, e->model, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = model_iter_next(&subnets))) {
		model_iter_init(&ports, e->model, KIND_PORT, PORT_BY_ROUTER_SUBNET,
			uuid_format(object_id(subnet), id), NULL);
		while ((port = model_iter_next(&ports))) {
			router = edge_of(port, &edge)
					 ? model_get(e->model, KIND_ROUTER, &edge.router)
					 : NULL;
			if (!router || !g_hash_table_add(given, (gpointer)port))
				continue;
			record_interface(port, router, e->text);
			give(e, "interface", uuid_format(&edge.port, id));
		}
	}
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
	uuid_format(&scope->id, id);
	record_network(network, text);
	if (text->len)
		give(&e, "network", id);
	give_subnets(&e, id);
	give_members(&e, &scope->id);
	give_interfaces(&e, id);
	give_endpoints(&e, id);
}

/* All that the port's network reaches and was not seen before. */
static void add_scopes(const struct model *model, const struct object *port, unsigned slot,
	GHashTable *seen, GArray *scopes)
{
	g_autoptr(reach) reach = NULL;
	struct uuid network;

	if (!object_uuid(port, slot, &network) || g_hash_table_contains(seen, &network))
		return;
	reach = reach_from(model, NULL, &network);
	for (guint i = 0; i < reach->networks->len; i++) {
		struct scope scope = { .id = g_array_index(reach->networks, struct reached, i).id,
			.type = SCOPE_NETWORK };

		g_hash_table_add(seen, g_memdup2(&scope.id, sizeof(scope.id)));
		g_array_append_val(scopes, scope);
	}
}

GArray *compile_host_scopes(const struct model *model, const struct uuid *id)
{
	GArray *scopes = g_array_new(FALSE, FALSE, sizeof(struct scope));
	g_autoptr(GHashTable) seen = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	const struct object *host = model_get(model, KIND_HOST, id), *port, *binding;
	struct scope scope = { .id = *id, .type = SCOPE_HOST };
	struct model_iter iter;
	char text[UUID_STRLEN];

	if (!host)
		return scopes;
	g_array_append_val(scopes, scope);
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		add_scopes(model, port, PORT_NETWORK_ID, seen, scopes);
	model_iter_init(&iter, model, KIND_PORT_BINDING, PORT_BINDING_BY_HOST_ID,
		uuid_format(id, text), NULL);
	while ((binding = model_iter_next(&iter)))
		add_scopes(model, binding, PORT_BINDING_NETWORK_ID, seen, scopes);
	return scopes;
}

bool compile_host_has(
	const struct model *model, const struct uuid *host, const struct uuid *network)
{
	const struct object *object = model_get(model, KIND_HOST, host);
	g_autoptr(reach) reach = reach_from(model, NULL, network);

	for (guint i = 0; object && i < reach->networks->len; i++)
		if (reach_ports(
			    model, object, &g_array_index(reach->networks, struct reached, i).id))
			return true;
	return false;
}
