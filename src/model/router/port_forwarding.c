/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/port_forwarding.h"

#include <string.h>

#include "model/router/floating_ip_parts.h"
#include "model/router/port_forwarding_parts.h"
#include "model/standard.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)

static const char *const protocols[] = { "tcp", "udp", NULL };

static const struct attr attrs[N_PORT_FORWARDING_SLOTS] = {
	PART_ATTRS,
	LONG_DESCRIPTION_ATTR,
	[PORT_FORWARDING_FLOATING_IP_ID] = { .name = "floatingip_id",
		.type = TYPE_UUID,
		.flags = ATTR_SECRET | ATTR_REVISES,
		.refers = KIND_FLOATING_IP,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = PORT_FORWARDING_BY_FLOATING_IP,
		.doc = "The floating IP." },
	[PORT_FORWARDING_PROTOCOL] = { .name = "protocol",
		.type = TYPE_ENUM,
		.choices = protocols,
		.flags = GIVEN | ATTR_REQUIRED | ATTR_ANY_CASE,
		.fallback = "\"tcp\"",
		.doc = "What is forwarded." },
	[PORT_FORWARDING_EXTERNAL_PORT] = { .name = "external_port",
		.type = TYPE_INT,
		.min = 1,
		.max = 65535,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "The floating IP's port; null: external_port_range has several." },
	[PORT_FORWARDING_EXTERNAL_RANGE] = { .name = "external_port_range",
		.type = TYPE_STRING,
		.flags = GIVEN | ATTR_NULLABLE,
		.convert = port_range_convert,
		.doc = "The floating IP's ports, FIRST:LAST." },
	[PORT_FORWARDING_INTERNAL_PORT] = { .name = "internal_port",
		.type = TYPE_INT,
		.min = 1,
		.max = 65535,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "The port that it stands for; null: internal_port_range has several." },
	[PORT_FORWARDING_INTERNAL_RANGE] = { .name = "internal_port_range",
		.type = TYPE_STRING,
		.flags = GIVEN | ATTR_NULLABLE,
		.convert = port_range_convert,
		.doc = "The ports that they stand for, FIRST:LAST; as many as outside, or one." },
	[PORT_FORWARDING_INTERNAL_PORT_ID] = { .name = "internal_port_id",
		.type = TYPE_UUID,
		.flags = GIVEN | ATTR_REQUIRED,
		.refers = KIND_PORT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = PORT_FORWARDING_BY_PORT,
		.doc = "The port (of a network) that gets it." },
	[PORT_FORWARDING_INTERNAL_IP] = { .name = "internal_ip_address",
		.type = TYPE_IP,
		.flags = GIVEN | ATTR_NULLABLE,
		.doc = "The port's IPv4 address; its first one by default." },
};

static const struct index indexes[N_PORT_FORWARDING_INDEXES] = {
	[PORT_FORWARDING_BY_FLOATING_IP] = { .name = "floating IP",
		.slots = { PORT_FORWARDING_FLOATING_IP_ID } },
	[PORT_FORWARDING_BY_PORT] = { .name = "port",
		.slots = { PORT_FORWARDING_INTERNAL_PORT_ID } },
};

static const struct object *floating_ip_of(struct txn *txn, const struct object *object)
{
	return txn_get_text(
		txn, KIND_FLOATING_IP, object_str(object, PORT_FORWARDING_FLOATING_IP_ID));
}

static bool check_floating_ip(
	const struct object *floating_ip, const struct object *draft, GError **error)
{
	if (object_is_null(floating_ip, FLOATING_IP_PORT_ID))
		return true;
	return weft_fail(error, FLOATING_IP_ASSOCIATED,
		"Cannot forward ports of floating IP %s to port %s: it stands for port %s as a whole; disassociate it first.",
		object_str(floating_ip, FLOATING_IP_ADDRESS),
		object_str(draft, PORT_FORWARDING_INTERNAL_PORT_ID),
		object_str(floating_ip, FLOATING_IP_PORT_ID));
}

static bool check_port(struct txn *txn, const struct object *floating_ip, const struct object *port,
	GError **error)
{
	const struct object *whole = floating_ip_of_port(txn, port);
	char id[UUID_STRLEN];

	uuid_format(object_id(port), id);
	if (!caller_is_admin(txn_caller(txn)) &&
		strcmp(object_str(port, SLOT_PROJECT_ID), object_str(floating_ip, SLOT_PROJECT_ID)))
		return weft_fail(error, BAD_REQUEST,
			"Cannot forward to port %s, since that port is owned by a different project.",
			id);
	return !whole ||
	       weft_fail(error, PORT_HAS_FLOATING_IP,
		       "Cannot create port forwarding to floating IP %s with port %s, as that port already has a binding floating IP: %s.",
		       object_str(floating_ip, FLOATING_IP_ADDRESS), id,
		       object_str(whole, FLOATING_IP_ADDRESS));
}

/* The address of the port that the draft names, else its first IPv4 one. */
static bool find_address(
	const struct object *port, const struct object *draft, struct port_ips *ret, GError **error)
{
	const char *asked = object_str(draft, PORT_FORWARDING_INTERNAL_IP);
	char id[UUID_STRLEN];

	*ret = port_ips_of(port);
	while (port_ips_next(ret))
		if (!strchr(ret->ip_text, ':') && (!asked || !strcmp(ret->ip_text, asked)))
			return true;
	uuid_format(object_id(port), id);
	if (!asked)
		return weft_fail(error, BAD_REQUEST,
			"Requested internal port %s must allocate an IPv4 address at least.", id);
	return weft_fail(error, BAD_REQUEST,
		"Requested internal IP address %s is no IPv4 address of internal port %s, whose fixed_ips are %s.",
		asked, id, object_str(port, PORT_FIXED_IPS));
}

/* The router that forwards: all port forwardings of a floating IP have the same. */
static const struct object *find_router(struct txn *txn, const struct object *floating_ip,
	const struct object *port, const char *subnet_id, GError **error)
{
	const char *bound = object_str(floating_ip, FLOATING_IP_ROUTER_ID);
	g_autoptr(GError) reason = NULL;
	char id[UUID_STRLEN];
	const struct object *router = floating_ip_router(
		txn, port, subnet_id, object_str(floating_ip, FLOATING_IP_NETWORK_ID), &reason);

	if (!router) {
		weft_fail(error, BAD_REQUEST, "%s", reason->message);
		return NULL;
	}
	if (!bound && !floating_ip_check_segment(txn, floating_ip, router, error))
		return NULL;
	if (!bound || !strcmp(bound, uuid_format(object_id(router), id)))
		return router;
	weft_fail(error, BAD_REQUEST,
		"The floating IP %s had been set on router %s by its other port forwardings, the internal port is behind router %s.",
		object_str(floating_ip, FLOATING_IP_ADDRESS), bound, id);
	return NULL;
}

/* Until it has its first port forwarding a floating IP is on no router. */
static bool bind_router(struct txn *txn, const struct object *floating_ip,
	const struct object *router, GError **error)
{
	struct object *change = object_edit(floating_ip);
	char id[UUID_STRLEN];

	object_set_str(change, FLOATING_IP_ROUTER_ID, uuid_format(object_id(router), id));
	return txn_put(txn, change, error);
}

static bool check_target(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *floating_ip = floating_ip_of(txn, draft);
	const struct object *port = txn_need(
		txn, KIND_PORT, object_str(draft, PORT_FORWARDING_INTERNAL_PORT_ID), error);
	const struct object *router;
	struct port_ips at;

	if (!port || !check_floating_ip(floating_ip, draft, error) ||
		!check_port(txn, floating_ip, port, error) ||
		!find_address(port, draft, &at, error))
		return false;
	router = find_router(txn, floating_ip, port, at.subnet_id, error);
	if (!router)
		return false;
	object_set_str(draft, PORT_FORWARDING_INTERNAL_IP, at.ip_text);
	return bind_router(txn, floating_ip, router, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return part_check_project(draft, floating_ip_of(txn, draft), error) &&
	       port_forwarding_set_ranges(draft, error) && check_target(txn, draft, error) &&
	       port_forwarding_check_collisions(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	bool moved = !object_equal(old, draft, PORT_FORWARDING_INTERNAL_PORT_ID);

	if (moved && !(object_given(draft) & SLOT_BIT(PORT_FORWARDING_INTERNAL_IP)))
		object_set_null(draft, PORT_FORWARDING_INTERNAL_IP);
	return port_forwarding_set_ranges(draft, error) && check_target(txn, draft, error) &&
	       port_forwarding_check_collisions(txn, draft, error);
}

/* With its last one a floating IP leaves the router. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const struct object *floating_ip = floating_ip_of(txn, old);
	struct object *change;

	if (!floating_ip || port_forwarding_of(txn, PORT_FORWARDING_BY_FLOATING_IP, floating_ip))
		return true;
	change = object_edit(floating_ip);
	floating_ip_disassociate(change);
	return txn_put(txn, change, error);
}

const struct kind port_forwarding_kind = {
	.id = KIND_PORT_FORWARDING,
	.singular = "port_forwarding",
	.collection = "port_forwardings",
	.name = "floatingip_port_forwarding",
	.command = "floating ip port forwarding",
	.path = "/v2.0/floatingips/{parent}/port_forwardings",
	.doc = "Ports of a floating IP that stand for ports of a port's address.",
	.parent_slot = PORT_FORWARDING_FLOATING_IP_ID,
	.attrs = attrs,
	.n_slots = N_PORT_FORWARDING_SLOTS,
	.indexes = indexes,
	.n_indexes = N_PORT_FORWARDING_INDEXES,
	.not_found = WEFT_ERROR_PORT_FORWARDING_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .on_update = on_update, .on_delete = on_delete },
};
