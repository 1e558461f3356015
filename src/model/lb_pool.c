/* SPDX-License-Identifier: Apache-2.0 */
#include "model/lb_pool.h"

#include <string.h>

#include "model/lb_health_monitor.h"
#include "model/lb_listener.h"
#include "model/lb_member.h"
#include "model/lb_parts.h"
#include "model/lb_status.h"

#define SOURCE_IP "SOURCE_IP"

static bool check_one(const struct attr *attr, const char *value, const char *const *here,
	const char *const *elsewhere, const char *possible, GError **error)
{
	if (g_strv_contains(here, value))
		return true;
	if (g_strv_contains(elsewhere, value))
		return lb_fail_option(error, attr->name, value, possible);
	return weft_fail(error, BAD_REQUEST, "Invalid input for %s: '%.64s' is none; %s.",
		attr->name, value, possible);
}

static bool check_protocol(const struct attr *attr, const char *value, GError **error)
{
	static const char *const here[] = { "TCP", "UDP", NULL };
	static const char *const elsewhere[] = { "HTTP", "HTTPS", "PROXY", "PROXYV2", "SCTP",
		NULL };

	return check_one(attr, value, here, elsewhere,
		"its pools are of TCP and UDP; HTTP and TLS are for the provider 'virtual-router'",
		error);
}

static bool check_algorithm(const struct attr *attr, const char *value, GError **error)
{
	static const char *const here[] = { "SOURCE_IP_PORT", SOURCE_IP, NULL };
	static const char *const elsewhere[] = { "ROUND_ROBIN", "LEAST_CONNECTIONS", NULL };

	return check_one(attr, value, here, elsewhere,
		"it chooses by a hash: SOURCE_IP_PORT (of addresses and ports) or SOURCE_IP",
		error);
}

static bool check_persistence(const struct attr *attr, const char *value, GError **error)
{
	static const char *const here[] = { SOURCE_IP, NULL };
	static const char *const elsewhere[] = { "HTTP_COOKIE", "APP_COOKIE", NULL };

	return check_one(attr, value, here, elsewhere, "there is SOURCE_IP", error);
}

static const struct attr persistence_fields[] = {
	{ .name = "type",
		.type = TYPE_STRING,
		.max = 32,
		.flags = ATTR_REQUIRED,
		.check = check_persistence },
	{ 0 },
};

static const struct attr attrs[N_LB_POOL_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[LB_POOL_LOAD_BALANCER_ID] =
		LB_ID_ATTR(LB_POOL_BY_LOAD_BALANCER, ATTR_CREATE | ATTR_NULLABLE),
	[LB_POOL_LISTENER_ID] = { .name = "listener_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_NULLABLE | ATTR_REQUEST,
		.doc = "The listener whose default pool it is to be." },
	[LB_POOL_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LB_POOL_PROTOCOL] = { .name = "protocol",
		.type = TYPE_STRING,
		.max = 32,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_INTERN,
		.check = check_protocol,
		.doc = "TCP or UDP." },
	[LB_POOL_ALGORITHM] = { .name = "lb_algorithm",
		.type = TYPE_STRING,
		.max = 32,
		.flags = LB_GIVEN | ATTR_REQUIRED | ATTR_INTERN,
		.check = check_algorithm,
		.doc = "What is hashed to choose a member: SOURCE_IP_PORT or SOURCE_IP." },
	[LB_POOL_PERSISTENCE] = { .name = "session_persistence",
		.type = TYPE_OBJECT,
		.fields = persistence_fields,
		.flags = LB_GIVEN | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "{\"type\": \"SOURCE_IP\"}: what comes from one address goes to one member." },
	[LB_POOL_LOAD_BALANCERS] =
		LB_IDS_ATTR("loadbalancers", "The load balancer that it is part of."),
	[LB_POOL_LISTENERS] = LB_IDS_ATTR("listeners", "The listeners whose default pool it is."),
	[LB_POOL_MEMBERS] = LB_IDS_ATTR("members", "Its members."),
	[LB_POOL_MONITOR_ID] = { .name = "healthmonitor_id",
		.type = TYPE_UUID,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "Its health monitor." },
	[LB_POOL_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LB_POOL_OPERATING] = LB_OPERATING_ATTR,
};

static const struct index indexes[N_LB_POOL_INDEXES] = {
	[LB_POOL_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LB_POOL_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LB_POOL_BY_LOAD_BALANCER] = { .name = "load balancer",
		.slots = { LB_POOL_LOAD_BALANCER_ID } },
};

bool lb_pool_by_source(const struct object *pool)
{
	return !object_is_null(pool, LB_POOL_PERSISTENCE) ||
	       !strcmp(object_str(pool, LB_POOL_ALGORITHM), SOURCE_IP);
}

/* The listener that it is to be the pool of; it must not have one. */
static bool check_listener(struct txn *txn, struct object *draft, GError **error)
{
	const char *id = object_str(draft, LB_POOL_LISTENER_ID);
	const struct object *listener = txn_need(txn, KIND_LB_LISTENER, id, error);
	const char *balancer = object_str(draft, LB_POOL_LOAD_BALANCER_ID), *of;

	if (!listener)
		return false;
	of = object_str(listener, LB_LISTENER_LOAD_BALANCER_ID);
	if (balancer && strcmp(balancer, of))
		return weft_fail(error, BAD_REQUEST,
			"Listener %s is part of load balancer %s, not of %s.", id, of, balancer);
	if (!object_is_null(listener, LB_LISTENER_POOL_ID))
		return weft_fail(error, CONFLICT, "Listener %s already has a default pool, %s.", id,
			object_str(listener, LB_LISTENER_POOL_ID));
	if (strcmp(object_str(listener, LB_LISTENER_PROTOCOL), object_str(draft, LB_POOL_PROTOCOL)))
		return weft_fail(error, BAD_REQUEST,
			"Listener protocol '%s' and pool protocol '%s' are not compatible: give both the same.",
			object_str(listener, LB_LISTENER_PROTOCOL),
			object_str(draft, LB_POOL_PROTOCOL));
	object_set_str(draft, LB_POOL_LOAD_BALANCER_ID, of);
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	if (!object_is_null(draft, LB_POOL_LISTENER_ID) && !check_listener(txn, draft, error))
		return false;
	if (object_is_null(draft, LB_POOL_LOAD_BALANCER_ID))
		return weft_fail(error, BAD_REQUEST,
			"Must provide at least one of: loadbalancer_id, listener_id.");
	return load_balancer_take(txn, draft, object_str(draft, LB_POOL_LOAD_BALANCER_ID), error);
}

static bool on_created(struct txn *txn, const struct object *pool, GError **error)
{
	const char *id = object_str(pool, LB_POOL_LISTENER_ID);
	char own[UUID_STRLEN];
	struct object *change;

	if (!id)
		return true;
	change = object_edit(txn_get_text(txn, KIND_LB_LISTENER, id));
	object_set_str(change, LB_LISTENER_POOL_ID, uuid_format(object_id(pool), own));
	return txn_put(txn, change, error);
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	const struct object *monitor;
	char id[UUID_STRLEN];

	uuid_format(object_id(object), id);
	switch (slot) {
	case LB_POOL_LOAD_BALANCERS:
		lb_write_id(object_str(object, LB_POOL_LOAD_BALANCER_ID), w);
		break;
	case LB_POOL_LISTENERS:
		lb_write_ids(model, KIND_LB_LISTENER, LB_LISTENER_BY_POOL, id, w);
		break;
	case LB_POOL_MEMBERS:
		lb_write_ids(model, KIND_LB_MEMBER, LB_MEMBER_BY_POOL, id, w);
		break;
	case LB_POOL_MONITOR_ID:
		monitor = model_first(model, KIND_LB_HEALTH_MONITOR, LB_MONITOR_BY_POOL, id, NULL);
		jw_string(w, monitor ? uuid_format(object_id(monitor), id) : NULL);
		break;
	case LB_POOL_PROVISIONING:
		jw_string(w, lb_provisioning_status(model, object));
		break;
	default:
		jw_string(w, lb_operating_status(model, object));
		break;
	}
}

const struct kind lb_pool_kind = {
	.id = KIND_LB_POOL,
	.singular = "pool",
	.collection = "pools",
	.name = "load_balancer_pool",
	.command = "loadbalancer pool",
	.path = LB_PATH "/pools",
	.doc = "Members that share the connections of listeners.",
	.attrs = attrs,
	.n_slots = N_LB_POOL_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LB_POOL_INDEXES,
	.quota = { "pool", 50 },
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create, .on_created = on_created, .compute = compute },
};
