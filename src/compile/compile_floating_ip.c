/* SPDX-License-Identifier: Apache-2.0 */
/* A floating IP is in the scope of the host where the port that it stands for is bound: there it is
 * translated. Where that host is not connected to the outside, or the port is on none and others
 * stand for it, the router's gateway does it: then it is in the scope of the router. */
#include "compile/compilation.h"
#include "compile/qos.h"
#include "compile/records.h"
#include "compile/touched.h"

#include <string.h>

#include "model/port/held_address.h"
#include "model/router/floating_ip.h"
#include "model/router/gateway_segment.h"
#include "model/host/host.h"
#include "model/router/router.h"
#include "model/provider/service_map.h"
#include "model/port/service_port.h"

static void add_of_host(const struct compilation *c, const struct object *host, GHashTable *all)
{
	const struct object *port;
	struct model_iter iter;

	model_iter_init(
		&iter, c->model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL);
	while ((port = model_iter_next(&iter)))
		touch_by(c, KIND_FLOATING_IP, FLOATING_IP_BY_PORT, object_id(port), all);
}

static void add_user(const struct object *floating_ip, void *all)
{
	touch(all, object_id(floating_ip));
}

/* Those of ports that are bound nowhere, for whose address @port may stand. */
static void add_stood_for(const struct compilation *c, const struct object *port, GHashTable *all)
{
	json_t *pairs, *pair;
	size_t i;

	if (!port || !strcmp(object_str(port, PORT_ALLOWED_ADDRESS_PAIRS), "[]"))
		return;
	pairs = object_json(port, PORT_ALLOWED_ADDRESS_PAIRS);
	json_array_foreach(pairs, i, pair) {
		const struct object *other;
		char ip[IP_STRLEN];

		other = pair_address(pair, ip)
				? model_first(c->model, KIND_PORT, PORT_BY_NETWORK_IP,
					  object_str(port, PORT_NETWORK_ID), ip, NULL)
				: NULL;
		if (other)
			touch_by(c, KIND_FLOATING_IP, FLOATING_IP_BY_PORT, object_id(other), all);
	}
	json_decref(pairs);
}

static void add_by_change(const struct compilation *c, const struct change *change, GHashTable *all)
{
	const struct object *any = change->new ? change->new : change->old;
	struct uuid id;

	switch (change->kind) {
	case KIND_FLOATING_IP:
		touch(all, &change->id);
		break;
	case KIND_PORT:
		touch_by(c, KIND_FLOATING_IP, FLOATING_IP_BY_PORT, &change->id, all);
		if (port_has_owner(any, OWNER_FLOATING_IP) &&
			uuid_parse(object_str(any, PORT_DEVICE_ID), &id))
			touch(all, &id);
		add_stood_for(c, change->old, all);
		add_stood_for(c, change->new, all);
		break;
	case KIND_ROUTER:
		if (change->old && change->new &&
			(!object_equal(change->old, change->new, ROUTER_SERVICE_MAP) ||
				!object_equal(change->old, change->new, ROUTER_GATEWAY_SEGMENT_ID)))
			touch_by(c, KIND_FLOATING_IP, FLOATING_IP_BY_ROUTER, &change->id, all);
		break;
	case KIND_NETWORK:
		touch_by(c, KIND_FLOATING_IP, FLOATING_IP_BY_NETWORK, &change->id, all);
		break;
	case KIND_HOST:
		if (change->old && change->new &&
			!object_equal(change->old, change->new, HOST_BRIDGE_MAPPINGS))
			add_of_host(c, change->new, all);
		break;
	default:
		qos_each_user(c, change, &qos_floating_ips, add_user, all);
		break;
	}
}

/* The port that has the address, as it is now. */
static const struct object *own_port(const struct model *model, const struct uuid *id)
{
	const struct object *port;
	struct model_iter iter;
	char text[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_PORT, PORT_BY_DEVICE, uuid_format(id, text), NULL);
	while ((port = model_iter_next(&iter)))
		if (port_has_owner(port, OWNER_FLOATING_IP))
			return port;
	return NULL;
}

/* As it was; NULL: there was none. */
static const struct object *old_own_port(const struct compilation *c, const struct uuid *id)
{
	const struct object *port = own_port(c->model, id);
	char text[UUID_STRLEN];

	uuid_format(id, text);
	for (unsigned i = 0; !port && i < c->changes->n; i++) {
		const struct change *change = &c->changes->changes[i];

		if (change->kind == KIND_PORT && !change->new &&
			!strcmp(object_str(change->old, PORT_DEVICE_ID), text) &&
			port_has_owner(change->old, OWNER_FLOATING_IP))
			return change->old;
	}
	return port ? compile_old(c, KIND_PORT, object_id(port)) : NULL;
}

/* Do hosts translate it, for what its router says? */
static bool is_edges(const struct object *router)
{
	return router && service_is_edges(router, SERVICE_ROUTER) &&
	       service_is_edges(router, SERVICE_FLOATING_IP);
}

/* What port_is_stood_for() was before. */
static bool was_stood_for(const struct compilation *c, const struct object *port, const char *ip)
{
	const char *network = object_str(port, PORT_NETWORK_ID);
	const struct object *other;
	struct model_iter iter;

	if (port_is_bound(port))
		return false;
	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct change *change = &c->changes->changes[i];

		if (change->kind == KIND_PORT && change->old && change->old != port &&
			!strcmp(object_str(change->old, PORT_NETWORK_ID), network) &&
			held_address_allowed(change->old, ip))
			return true;
	}
	model_iter_init(&iter, c->model, KIND_PORT, PORT_BY_PAIR, network, ip, NULL);
	while ((other = model_iter_next(&iter)))
		if (port_is_bound(other) && !compile_find(c, KIND_PORT, object_id(other)))
			return true;
	return false;
}

/* A VIP's port is on no host, and so with the gateway; so is one that others stand for. */
static bool has_place(const struct object *port, const struct object *host, bool stood_for)
{
	return host || (port && (stood_for || port_has_owner(port, OWNER_LOAD_BALANCER)));
}

static bool find_scope(const struct object *floating_ip, const struct object *segment,
	const struct object *host, struct scope *ret)
{
	if (host && !floating_ip_is_by_gateway(segment, host)) {
		*ret = (struct scope){ .id = *object_id(host), .type = SCOPE_HOST };
		return true;
	}
	ret->type = SCOPE_ROUTER;
	return object_uuid(floating_ip, FLOATING_IP_ROUTER_ID, &ret->id);
}

/* Its record as it was, and the scope that had it; false: there was none. */
static bool old_place(struct compilation *c, const struct uuid *id, struct scope *ret)
{
	const struct object *floating_ip = compile_old(c, KIND_FLOATING_IP, id), *own, *segment;
	struct uuid port_id, segment_id, router_id;
	const struct object *port, *host, *router;
	struct qos qos;

	if (!floating_ip || !object_uuid(floating_ip, FLOATING_IP_PORT_ID, &port_id) ||
		!object_uuid(floating_ip, FLOATING_IP_ROUTER_ID, &router_id))
		return false;
	router = compile_old(c, KIND_ROUTER, &router_id);
	if (!is_edges(router) || !object_uuid(router, ROUTER_GATEWAY_SEGMENT_ID, &segment_id))
		return false;
	port = compile_old(c, KIND_PORT, &port_id);
	host = compile_host_of(c, port);
	host = host ? compile_old(c, KIND_HOST, object_id(host)) : NULL;
	own = old_own_port(c, id);
	segment = compile_old(c, KIND_SEGMENT, &segment_id);
	if (!has_place(port, host,
		    port && was_stood_for(
				    c, port, object_str(floating_ip, FLOATING_IP_FIXED_IP))) ||
		!own || !segment || !find_scope(floating_ip, segment, host, ret))
		return false;
	qos = qos_before(c, &qos_floating_ips, floating_ip);
	record_floating_ip(floating_ip, own, segment, host, &qos, c->before);
	return c->before->len > 0;
}

bool floating_ip_record(const struct model *model, const struct object *floating_ip,
	struct scope *ret, GString *text)
{
	const struct object *own = own_port(model, object_id(floating_ip));
	const struct object *port =
		model_get_text(model, KIND_PORT, object_str(floating_ip, FLOATING_IP_PORT_ID));
	const struct object *host = port ? model_first(model, KIND_HOST, HOST_BY_NAME,
						   object_str(port, PORT_HOST_ID), NULL)
					 : NULL;
	const struct object *router =
		model_get_text(model, KIND_ROUTER, object_str(floating_ip, FLOATING_IP_ROUTER_ID));
	const struct object *segment = gateway_segment(model, router);
	struct qos qos;

	if (!own || !segment ||
		!has_place(port, host,
			port && port_is_stood_for(model, port,
					object_str(floating_ip, FLOATING_IP_FIXED_IP))) ||
		!is_edges(router) || !find_scope(floating_ip, segment, host, ret))
		return false;
	qos = qos_of(model, &qos_floating_ips, floating_ip);
	record_floating_ip(floating_ip, own, segment, host, &qos, text);
	return text->len > 0;
}

static void compile_one(struct compilation *c, const struct uuid *id)
{
	const struct object *floating_ip = model_get(c->model, KIND_FLOATING_IP, id);
	struct scope from, to;
	bool was = old_place(c, id, &from);
	bool is = floating_ip && floating_ip_record(c->model, floating_ip, &to, c->after);
	char text[UUID_STRLEN];

	uuid_format(id, text);
	if (was && is && !scope_equal(&from, &to)) {
		g_autoptr(GString) after = g_string_new(c->after->str);

		g_string_truncate(c->after, 0);
		compile_difference(c, from.type, &from.id, "floating_ip", text);
		g_string_assign(c->after, after->str);
		was = false;
	}
	if (is)
		compile_difference(c, to.type, &to.id, "floating_ip", text);
	else if (was)
		compile_difference(c, from.type, &from.id, "floating_ip", text);
}

void compile_floating_ips(struct compilation *c)
{
	compile_touched(c, add_by_change, compile_one);
}
