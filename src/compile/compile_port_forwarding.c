/* SPDX-License-Identifier: Apache-2.0 */
/* A port forwarding is in the scope of the router that its floating IP is on: the host that has the
 * gateway executes it, the others know whose answers they hand over. */
#include "compile/compilation.h"
#include "compile/enumeration.h"
#include "compile/qos.h"
#include "compile/records.h"
#include "compile/touched.h"

#include "model/router/floating_ip.h"
#include "model/network/network.h"
#include "model/router/port_forwarding.h"
#include "model/router/router.h"
#include "model/provider/service_map.h"

/* Where they are added to. */
struct target {
	const struct compilation *c;
	GHashTable *all;
};

static void add_of(const struct object *floating_ip, void *data)
{
	const struct target *target = data;

	touch_by(target->c, KIND_PORT_FORWARDING, PORT_FORWARDING_BY_FLOATING_IP,
		object_id(floating_ip), target->all);
}

/* Of the floating IPs of a router, or a network, where this has changed. */
static void add_by(
	const struct target *target, const struct change *change, unsigned slot, unsigned index)
{
	const struct object *floating_ip;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!change->old || !change->new || object_equal(change->old, change->new, slot))
		return;
	model_iter_init(&iter, target->c->model, KIND_FLOATING_IP, index,
		uuid_format(&change->id, id), NULL);
	while ((floating_ip = model_iter_next(&iter)))
		add_of(floating_ip, (void *)target);
}

static void add_by_change(const struct compilation *c, const struct change *change, GHashTable *all)
{
	struct target target = { c, all };

	switch (change->kind) {
	case KIND_PORT_FORWARDING:
		touch(all, &change->id);
		break;
	case KIND_FLOATING_IP:
		touch_by(c, KIND_PORT_FORWARDING, PORT_FORWARDING_BY_FLOATING_IP, &change->id, all);
		break;
	case KIND_ROUTER:
		add_by(&target, change, ROUTER_SERVICE_MAP, FLOATING_IP_BY_ROUTER);
		break;
	case KIND_NETWORK:
		add_by(&target, change, NETWORK_QOS_POLICY_ID, FLOATING_IP_BY_NETWORK);
		break;
	default:
		qos_each_user(c, change, &qos_floating_ips, add_of, &target);
		break;
	}
}

/* Do hosts forward, for what the router says? */
static bool is_edges(const struct object *router)
{
	return router && service_is_edges(router, SERVICE_ROUTER) &&
	       service_is_edges(router, SERVICE_PORT_FORWARDING);
}

/* The record before and after goes into c->before and c->after, and its router into *ret; false:
 * there is none. */
static bool old_place(struct compilation *c, const struct uuid *id, struct uuid *ret)
{
	const struct object *old = compile_old(c, KIND_PORT_FORWARDING, id), *floating_ip;
	struct qos qos;
	struct uuid of;

	if (!old || !object_uuid(old, PORT_FORWARDING_FLOATING_IP_ID, &of))
		return false;
	floating_ip = compile_old(c, KIND_FLOATING_IP, &of);
	if (!floating_ip || !object_uuid(floating_ip, FLOATING_IP_ROUTER_ID, ret) ||
		!is_edges(compile_old(c, KIND_ROUTER, ret)))
		return false;
	qos = qos_before(c, &qos_floating_ips, floating_ip);
	record_port_forwarding(old, floating_ip, &qos, c->before);
	return true;
}

static bool new_place(struct compilation *c, const struct uuid *id, struct uuid *ret)
{
	const struct object *new = model_get(c->model, KIND_PORT_FORWARDING, id), *floating_ip;
	struct qos qos;

	if (!new)
		return false;
	floating_ip = model_get_text(
		c->model, KIND_FLOATING_IP, object_str(new, PORT_FORWARDING_FLOATING_IP_ID));
	if (!floating_ip || !object_uuid(floating_ip, FLOATING_IP_ROUTER_ID, ret) ||
		!is_edges(model_get(c->model, KIND_ROUTER, ret)))
		return false;
	qos = qos_of(c->model, &qos_floating_ips, floating_ip);
	record_port_forwarding(new, floating_ip, &qos, c->after);
	return true;
}

static void compile_one(struct compilation *c, const struct uuid *id)
{
	struct uuid from, to;
	bool was = old_place(c, id, &from), is = new_place(c, id, &to);
	char text[UUID_STRLEN];

	uuid_format(id, text);
	if (was && is && !uuid_equal(&from, &to)) {
		g_autoptr(GString) after = g_string_new(c->after->str);

		g_string_truncate(c->after, 0);
		compile_difference(c, SCOPE_ROUTER, &from, "port_forwarding", text);
		g_string_assign(c->after, after->str);
	}
	if (was || is)
		compile_difference(c, SCOPE_ROUTER, is ? &to : &from, "port_forwarding", text);
}

void compile_port_forwardings(struct compilation *c)
{
	compile_touched(c, add_by_change, compile_one);
}

static void give_of(struct enumeration *e, const struct object *floating_ip)
{
	struct qos qos = qos_of(e->model, &qos_floating_ips, floating_ip);
	const struct object *forwarding;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, e->model, KIND_PORT_FORWARDING, PORT_FORWARDING_BY_FLOATING_IP,
		uuid_format(object_id(floating_ip), id), NULL);
	while ((forwarding = model_iter_next(&iter))) {
		record_port_forwarding(forwarding, floating_ip, &qos, e->text);
		enumeration_give(e, "port_forwarding", uuid_format(object_id(forwarding), id));
	}
}

void give_port_forwardings(struct enumeration *e, const struct uuid *router)
{
	const struct object *floating_ip;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!is_edges(model_get(e->model, KIND_ROUTER, router)))
		return;
	model_iter_init(&iter, e->model, KIND_FLOATING_IP, FLOATING_IP_BY_ROUTER,
		uuid_format(router, id), NULL);
	while ((floating_ip = model_iter_next(&iter)))
		give_of(e, floating_ip);
}
