/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_pool.h"

#include <string.h>

#include "model/balancer/lb_health_monitor.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_member.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_provider.h"
#include "model/balancer/lb_text.h"
#include "model/balancer/lb_status.h"

#define SOURCE_IP "SOURCE_IP"

static bool check_protocol(const struct attr *attr, const char *value, GError **error)
{
	return lb_check_known(attr, LB_POOL_PROTOCOLS, value, error);
}

static bool check_algorithm(const struct attr *attr, const char *value, GError **error)
{
	return lb_check_known(attr, LB_ALGORITHMS, value, error);
}

static bool check_persistence(const struct attr *attr, const char *value, GError **error)
{
	return lb_check_known(attr, LB_PERSISTENCES, value, error);
}

static const struct attr persistence_fields[] = {
	{ .name = "type",
		.type = TYPE_STRING,
		.max = 32,
		.flags = ATTR_REQUIRED,
		.check = check_persistence },
	{ .name = "cookie_name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_NULLABLE,
		.check = lb_check_name },
	{ .name = "persistence_timeout",
		.type = TYPE_INT,
		.min = 1,
		.max = INT32_MAX,
		.flags = ATTR_NULLABLE },
	{ .name = "persistence_granularity",
		.type = TYPE_STRING,
		.max = 39,
		.flags = ATTR_NULLABLE },
	{ 0 },
};

static const struct attr attrs[N_LB_POOL_SLOTS] = {
	LB_STANDARD_ATTRS,
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
		.doc = "What its members speak: TCP, UDP, HTTP, HTTPS, PROXY or PROXYV2." },
	[LB_POOL_ALGORITHM] = { .name = "lb_algorithm",
		.type = TYPE_STRING,
		.max = 32,
		.flags = LB_GIVEN | ATTR_REQUIRED | ATTR_INTERN,
		.check = check_algorithm,
		.doc = "How a member is chosen: SOURCE_IP_PORT, SOURCE_IP, ROUND_ROBIN or LEAST_CONNECTIONS." },
	[LB_POOL_PERSISTENCE] = { .name = "session_persistence",
		.type = TYPE_OBJECT,
		.fields = persistence_fields,
		.flags = LB_GIVEN | ATTR_NULLABLE | ATTR_INTERN,
		.doc = "{\"type\": \"SOURCE_IP\"}: what comes from one address goes to one member; HTTP_COOKIE, or APP_COOKIE with cookie_name: what has a cookie of it." },
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
	[LB_POOL_TLS_ENABLED] = { .name = "tls_enabled",
		.type = TYPE_BOOL,
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "false",
		.doc = "false: members are not spoken to by TLS." },
	[LB_POOL_TLS] = LB_NO_TEXT_ATTR("tls_container_ref"),
	[LB_POOL_CA] = LB_NO_TEXT_ATTR("ca_tls_container_ref"),
	[LB_POOL_CRL] = LB_NO_TEXT_ATTR("crl_container_ref"),
	[LB_POOL_TLS_CIPHERS] = LB_NO_TEXT_ATTR("tls_ciphers"),
	[LB_POOL_TLS_VERSIONS] = LB_NO_LIST_ATTR("tls_versions"),
	[LB_POOL_ALPN] = LB_NO_LIST_ATTR("alpn_protocols"),
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
	if (!lb_check_protocols(object_str(listener, LB_LISTENER_PROTOCOL),
		    object_str(draft, LB_POOL_PROTOCOL), error) ||
		!lb_pool_check_cookies(draft, object_str(listener, LB_LISTENER_PROTOCOL), error))
		return false;
	object_set_str(draft, LB_POOL_LOAD_BALANCER_ID, of);
	return true;
}

bool lb_pool_check_cookies(const struct object *pool, const char *listener_protocol, GError **error)
{
	json_auto_t *session = object_json(pool, LB_POOL_PERSISTENCE);
	const char *type = json_string_value(json_object_get(session, "type"));

	return !type || !strcmp(type, SOURCE_IP) || lb_speaks_http(listener_protocol) ||
	       weft_fail(error, BAD_REQUEST,
		       "session_persistence %s is for pools of listeners of HTTP and TERMINATED_HTTPS, not of %s.",
		       type, listener_protocol);
}

static bool check_listeners(const struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *listener;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_LB_LISTENER, LB_LISTENER_BY_POOL,
		uuid_format(object_id(draft), id), NULL);
	while ((listener = txn_iter_next(&iter)))
		if (!lb_pool_check_cookies(
			    draft, object_str(listener, LB_LISTENER_PROTOCOL), error))
			return false;
	return true;
}

/* Of UDP alone, as Octavia has it. What a client's address chooses lasts longer than any timeout;
 * whose addresses are to be taken together is not asked. */
static bool check_persistence_of_udp(
	const struct object *draft, const struct object *balancer, json_t *session, GError **error)
{
	const char *granularity =
		json_string_value(json_object_get(session, "persistence_granularity"));

	if ((granularity || json_is_integer(json_object_get(session, "persistence_timeout"))) &&
		strcmp(object_str(draft, LB_POOL_PROTOCOL), "UDP") != 0)
		return weft_fail(error, BAD_REQUEST,
			"session_persistence: persistence_timeout and persistence_granularity are for pools of UDP, not of %s.",
			object_str(draft, LB_POOL_PROTOCOL));
	return !granularity || !strcmp(granularity, "255.255.255.255") ||
	       !strcmp(granularity, "128") ||
	       lb_fail_option(balancer, "persistence_granularity", granularity,
		       "each address is a client of its own: 255.255.255.255 of IPv4, 128 of IPv6",
		       error);
}

static bool check_session(const struct object *draft, const struct object *balancer, GError **error)
{
	json_auto_t *session = object_json(draft, LB_POOL_PERSISTENCE);
	const char *type = json_string_value(json_object_get(session, "type"));
	bool named = json_is_string(json_object_get(session, "cookie_name"));

	if (!type)
		return true;
	if (!lb_check_option(balancer, LB_PERSISTENCES, "session_persistence", type, error))
		return false;
	if (!check_persistence_of_udp(draft, balancer, session, error))
		return false;
	if (named != !strcmp(type, "APP_COOKIE"))
		return weft_fail(error, BAD_REQUEST,
			"session_persistence: cookie_name must be given for APP_COOKIE, and for nothing else.");
	return true;
}

static bool check(const struct object *draft, const struct object *balancer, GError **error)
{
	if (object_bool(draft, LB_POOL_TLS_ENABLED))
		return lb_check_none(&attrs[LB_POOL_TLS_ENABLED], "true", error);
	return lb_check_option(balancer, LB_POOL_PROTOCOLS, "protocol",
		       object_str(draft, LB_POOL_PROTOCOL), error) &&
	       lb_check_option(balancer, LB_ALGORITHMS, "lb_algorithm",
		       object_str(draft, LB_POOL_ALGORITHM), error) &&
	       check_session(draft, balancer, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	const struct object *balancer =
		txn_get_text(txn, KIND_LOAD_BALANCER, object_str(draft, LB_POOL_LOAD_BALANCER_ID));

	(void)old;
	return check(draft, balancer, error) && check_listeners(txn, draft, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *balancer;

	if (!object_is_null(draft, LB_POOL_LISTENER_ID) && !check_listener(txn, draft, error))
		return false;
	if (object_is_null(draft, LB_POOL_LOAD_BALANCER_ID))
		return weft_fail(error, BAD_REQUEST,
			"Must provide at least one of: loadbalancer_id, listener_id.");
	balancer =
		load_balancer_take(txn, draft, object_str(draft, LB_POOL_LOAD_BALANCER_ID), error);
	return balancer && check(draft, balancer, error);
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
	.hooks = { .on_create = on_create,
		.on_created = on_created,
		.on_update = on_update,
		.compute = compute },
};
