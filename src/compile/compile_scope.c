/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a scope now: for snapshots, and for a host that has just gained it. */
#include "compile/compile.h"
#include "compile/records.h"

#include "model/host.h"
#include "model/port.h"
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
		record_port(port, e->text);
		give(e, "port", uuid_format(object_id(port), text));
	}
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

/* Every bound port, and before the first of each host, the host. */
static void give_endpoints(struct enumeration *e, const struct uuid *network, const char *text)
{
	g_autoptr(GHashTable) hosts = g_hash_table_new(NULL, NULL);
	char id[RECORD_ID_STRLEN];
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
		if (g_hash_table_add(hosts, (gpointer)host)) {
			record_member(network, host, e->text);
			give(e, "member", member_id(network, object_id(host), id));
		}
		record_endpoint(port, host, e->text);
		give(e, "endpoint", uuid_format(object_id(port), id));
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
	record_network(network, text);
	give(&e, "network", uuid_format(&scope->id, id));
	give_subnets(&e, id);
	give_endpoints(&e, &scope->id, id);
}

GArray *compile_host_scopes(const struct model *model, const struct uuid *id)
{
	GArray *scopes = g_array_new(FALSE, FALSE, sizeof(struct scope));
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct object *host = model_get(model, KIND_HOST, id), *port;
	struct scope scope = { .id = *id, .type = SCOPE_HOST };
	struct model_iter iter;

	if (!host)
		return scopes;
	g_array_append_val(scopes, scope);
	scope.type = SCOPE_NETWORK;
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		if (g_hash_table_add(seen, (gpointer)object_str(port, PORT_NETWORK_ID)) &&
			object_uuid(port, PORT_NETWORK_ID, &scope.id))
			g_array_append_val(scopes, scope);
	return scopes;
}
