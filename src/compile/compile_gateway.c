/* SPDX-License-Identifier: Apache-2.0 */
/* A router's gateway is in the scope of its router, and says all that hosts must know of the
 * outside: they need not have the external network. */
#include "compile/compilation.h"
#include "compile/qos.h"
#include "compile/records.h"

#include <string.h>

#include "model/router/gateway_segment.h"
#include "model/network/network.h"
#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool.h"

static void add_router(GHashTable *routers, const struct uuid *id)
{
	g_hash_table_add(routers, g_memdup2(id, sizeof(*id)));
}

static void add_by_network(const struct compilation *c, const char *network, GHashTable *routers)
{
	const struct object *router;
	struct model_iter iter;

	model_iter_init(&iter, c->model, KIND_ROUTER, ROUTER_BY_GATEWAY_NETWORK, network, NULL);
	while ((router = model_iter_next(&iter)))
		add_router(routers, object_id(router));
}

/* Another address scope is one of the outer subnets of the pool. */
static void add_by_pool(
	const struct compilation *c, const struct change *change, GHashTable *routers)
{
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!change->old || !change->new ||
		object_equal(change->old, change->new, SUBNETPOOL_ADDRESS_SCOPE_ID))
		return;
	model_iter_init(&iter, c->model, KIND_SUBNET, SUBNET_BY_SUBNETPOOL,
		uuid_format(&change->id, id), NULL);
	while ((subnet = model_iter_next(&iter)))
		add_by_network(c, object_str(subnet, SUBNET_NETWORK_ID), routers);
}

static void add_user(const struct object *router, void *routers)
{
	add_router(routers, object_id(router));
}

static void add_by_change(
	const struct compilation *c, const struct change *change, GHashTable *routers)
{
	const struct object *any = change->new ? change->new : change->old;
	char id[UUID_STRLEN];
	struct uuid router;

	switch (change->kind) {
	case KIND_ROUTER:
		add_router(routers, &change->id);
		break;
	case KIND_PORT:
		if (port_has_owner(any, OWNER_ROUTER_GATEWAY) &&
			uuid_parse(object_str(any, PORT_DEVICE_ID), &router))
			add_router(routers, &router);
		break;
	case KIND_NETWORK:
		add_by_network(c, uuid_format(&change->id, id), routers);
		break;
	case KIND_SUBNET:
		add_by_network(c, object_str(any, SUBNET_NETWORK_ID), routers);
		break;
	case KIND_SUBNETPOOL:
		add_by_pool(c, change, routers);
		break;
	default:
		qos_each_user(c, change, &qos_gateways, add_user, routers);
		break;
	}
}

static GPtrArray *subnets_of(const struct model *model, const char *network)
{
	GPtrArray *subnets = g_ptr_array_new();
	const struct object *subnet;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = model_iter_next(&iter)))
		g_ptr_array_add(subnets, (gpointer)subnet);
	return subnets;
}

/* Where subnets are on segments, others than those of @segment are not beside the gateway. */
static void keep_on(GPtrArray *subnets, const struct object *segment)
{
	bool any = false;
	char id[UUID_STRLEN];

	for (guint i = 0; i < subnets->len; i++)
		any = any || !object_is_null(subnets->pdata[i], SUBNET_SEGMENT_ID);
	if (!any || !segment)
		return;
	uuid_format(object_id(segment), id);
	for (guint i = subnets->len; i-- > 0;)
		if (g_strcmp0(object_str(subnets->pdata[i], SUBNET_SEGMENT_ID), id))
			g_ptr_array_remove_index(subnets, i);
}

/* As they were; in another order perhaps. */
static GPtrArray *old_subnets_of(const struct compilation *c, const char *network)
{
	GPtrArray *subnets = subnets_of(c->model, network);

	for (guint i = subnets->len; i-- > 0;) {
		const struct object *old =
			compile_old(c, KIND_SUBNET, object_id(subnets->pdata[i]));

		if (old)
			subnets->pdata[i] = (gpointer)old;
		else
			g_ptr_array_remove_index(subnets, i);
	}
	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct change *change = &c->changes->changes[i];

		if (change->kind == KIND_SUBNET && !change->new &&
			!g_strcmp0(object_str(change->old, SUBNET_NETWORK_ID), network))
			g_ptr_array_add(subnets, change->old);
	}
	return subnets;
}

static void record_before(struct compilation *c, const struct uuid *id)
{
	struct gateway_parts parts = { .router = compile_old(c, KIND_ROUTER, id), .before = c };
	g_autoptr(GPtrArray) subnets = NULL;
	struct uuid port, network, segment;
	char text[UUID_STRLEN];

	if (!parts.router || !object_uuid(parts.router, ROUTER_GATEWAY_PORT_ID, &port) ||
		!object_uuid(parts.router, ROUTER_GATEWAY_NETWORK_ID, &network))
		return;
	parts.port = compile_old(c, KIND_PORT, &port);
	parts.network = compile_old(c, KIND_NETWORK, &network);
	if (object_uuid(parts.router, ROUTER_GATEWAY_SEGMENT_ID, &segment))
		parts.segment = compile_old(c, KIND_SEGMENT, &segment);
	parts.subnets = subnets = old_subnets_of(c, uuid_format(&network, text));
	keep_on(subnets, parts.segment);
	parts.qos = qos_before(c, &qos_gateways, parts.router);
	if (parts.port && parts.network)
		record_gateway(&parts, c->before);
}

const struct object *gateway_record(
	const struct model *model, const struct uuid *router, GString *text)
{
	struct gateway_parts parts = { .router = model_get(model, KIND_ROUTER, router),
		.model = model };
	g_autoptr(GPtrArray) subnets = NULL;
	const char *network;

	if (!parts.router || object_is_null(parts.router, ROUTER_GATEWAY_PORT_ID))
		return NULL;
	network = object_str(parts.router, ROUTER_GATEWAY_NETWORK_ID);
	parts.port =
		model_get_text(model, KIND_PORT, object_str(parts.router, ROUTER_GATEWAY_PORT_ID));
	parts.network = model_get_text(model, KIND_NETWORK, network);
	parts.segment = gateway_segment(model, parts.router);
	parts.subnets = subnets = subnets_of(model, network);
	keep_on(subnets, parts.segment);
	parts.qos = qos_of(model, &qos_gateways, parts.router);
	record_gateway(&parts, text);
	return text->len ? parts.port : NULL;
}

/* Another gateway is another record. */
static void compile_one(struct compilation *c, const struct uuid *router)
{
	const struct object *old = compile_old(c, KIND_ROUTER, router);
	const char *was = old ? object_str(old, ROUTER_GATEWAY_PORT_ID) : NULL;
	const struct object *port;
	char id[UUID_STRLEN];

	record_before(c, router);
	port = gateway_record(c->model, router, c->after);
	if (port && was && strcmp(uuid_format(object_id(port), id), was)) {
		g_autoptr(GString) after = g_string_new(c->after->str);

		g_string_truncate(c->after, 0);
		compile_difference(c, SCOPE_ROUTER, router, "gateway", was);
		g_string_assign(c->after, after->str);
	}
	if (port)
		was = uuid_format(object_id(port), id);
	if (was)
		compile_difference(c, SCOPE_ROUTER, router, "gateway", was);
}

void compile_gateways(struct compilation *c)
{
	g_autoptr(GHashTable) routers = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer id;

	for (unsigned i = 0; i < c->changes->n; i++)
		add_by_change(c, &c->changes->changes[i], routers);
	g_hash_table_iter_init(&iter, routers);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		compile_one(c, id);
}
