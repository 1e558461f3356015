/* SPDX-License-Identifier: Apache-2.0 */
/* A router's interface is in the scope of its network, and says all that the router is for it. */
#include "compile/compilation.h"
#include "compile/reach.h"
#include "compile/records.h"

#include "model/port/service_port.h"

static void add_port(GHashTable *ports, const struct uuid *id)
{
	g_hash_table_add(ports, g_memdup2(id, sizeof(*id)));
}

/* The interfaces whose port or router changes. */
static GHashTable *touched_ports(const struct compilation *c)
{
	GHashTable *ports = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	const struct object *port;
	struct model_iter iter;
	struct edge edge;
	char id[UUID_STRLEN];

	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct change *change = &c->changes->changes[i];

		if (change->kind == KIND_PORT &&
			(edge_of(change->old, &edge) || edge_of(change->new, &edge)))
			add_port(ports, &change->id);
		if (change->kind != KIND_ROUTER)
			continue;
		model_iter_init(&iter, c->model, KIND_PORT, PORT_BY_DEVICE,
			uuid_format(&change->id, id), NULL);
		while ((port = model_iter_next(&iter)))
			if (edge_of(port, &edge))
				add_port(ports, &edge.port);
	}
	return ports;
}

static void compile_one(struct compilation *c, const struct uuid *id)
{
	const struct object *old = compile_old(c, KIND_PORT, id), *router;
	const struct object *new = model_get(c->model, KIND_PORT, id);
	struct uuid network = { 0 };
	struct edge edge;
	char text[UUID_STRLEN];

	object_uuid(new ? new : old, PORT_NETWORK_ID, &network);
	if (edge_of(old, &edge)) {
		router = compile_old(c, KIND_ROUTER, &edge.router);
		if (router)
			record_interface(old, router, c->before);
	}
	if (edge_of(new, &edge)) {
		router = model_get(c->model, KIND_ROUTER, &edge.router);
		if (router)
			record_interface(new, router, c->after);
	}
	compile_difference(c, SCOPE_NETWORK, &network, "interface", uuid_format(id, text));
}

void compile_interfaces(struct compilation *c)
{
	g_autoptr(GHashTable) ports = touched_ports(c);
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, ports);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		compile_one(c, id);
}
