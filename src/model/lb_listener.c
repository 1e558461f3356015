/* SPDX-License-Identifier: Apache-2.0 */
#include "model/lb_listener.h"

#include <string.h>

#include "model/lb_parts.h"
#include "model/lb_pool.h"
#include "model/lb_stats.h"
#include "model/lb_status.h"
#include "model/lb_vips.h"

#define ALLOWED_CIDRS_MAX 256

#define POSSIBLE                                                                                  \
	"its listeners are of TCP and UDP. HTTP, HTTPS, TERMINATED_HTTPS and PROMETHEUS are for " \
	"the provider 'virtual-router'"

static bool check_protocol(const struct attr *attr, const char *value, GError **error)
{
	static const char *const here[] = { "TCP", "UDP", NULL };
	static const char *const elsewhere[] = { "HTTP", "HTTPS", "TERMINATED_HTTPS", "PROMETHEUS",
		"SCTP", NULL };

	if (g_strv_contains(here, value))
		return true;
	if (g_strv_contains(elsewhere, value))
		return lb_fail_option(error, attr->name, value, POSSIBLE);
	return weft_fail(error, BAD_REQUEST,
		"Invalid input for %s: '%.64s' is no protocol; there are TCP and UDP.", attr->name,
		value);
}

static bool check_limit(const struct object *draft, GError **error)
{
	char buf[VALUE_TEXT];

	return object_int(draft, LB_LISTENER_CONNECTION_LIMIT) == -1 ||
	       lb_fail_option(error, "connection_limit",
		       object_text(draft, LB_LISTENER_CONNECTION_LIMIT, buf),
		       "only -1, no limit: each host balances what enters there, and counts only "
		       "its own members' connections, so that none could keep to a limit of all. "
		       "What a port may have is limited by connections-per-port of weft-agent.conf");
}

/* Of the IP version of the VIP: from others nothing could come. */
static bool check_allowed(struct txn *txn, const struct object *draft, GError **error)
{
	const struct object *balancer = txn_need(
		txn, KIND_LOAD_BALANCER, object_str(draft, LB_LISTENER_LOAD_BALANCER_ID), error);
	json_auto_t *cidrs = object_json(draft, LB_LISTENER_ALLOWED_CIDRS);
	struct prefix prefix;
	json_t *cidr;
	size_t i;

	if (!balancer)
		return false;
	json_array_foreach(cidrs, i, cidr)
		if (prefix_parse(json_string_value(cidr), &prefix) &&
			!lb_vips_have(balancer, prefix.ip.family))
			return weft_fail(error, BAD_REQUEST,
				"allowed_cidrs has %s, of IPv%u, but load balancer %s has no address of that version.",
				json_string_value(cidr), prefix.ip.family,
				object_str(draft, LB_LISTENER_LOAD_BALANCER_ID));
	return true;
}

static const struct attr cidr_attr = {
	.name = "cidr", .type = TYPE_CIDR, .convert = convert_to_network
};

static const struct attr attrs[N_LB_LISTENER_SLOTS] = {
	STANDARD_ATTRS(NAME_ATTR_FLAGS),
	PROJECT_ATTR,
	[LB_LISTENER_LOAD_BALANCER_ID] =
		LB_ID_ATTR(LB_LISTENER_BY_LOAD_BALANCER, ATTR_CREATE | ATTR_REQUIRED),
	[LB_LISTENER_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LB_LISTENER_PROTOCOL] = { .name = "protocol",
		.type = TYPE_STRING,
		.max = 32,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_INTERN,
		.check = check_protocol,
		.doc = "TCP or UDP." },
	[LB_LISTENER_PORT] = { .name = "protocol_port",
		.type = TYPE_INT,
		.min = 1,
		.max = 65535,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The port of the address." },
	[LB_LISTENER_POOL_ID] = { .name = "default_pool_id",
		.type = TYPE_UUID,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.refers = KIND_LB_POOL,
		.on_delete = ON_DELETE_CLEAR,
		.referrer_index = LB_LISTENER_BY_POOL,
		.doc = "The pool whose members get the connections." },
	[LB_LISTENER_CONNECTION_LIMIT] = { .name = "connection_limit",
		.type = TYPE_INT,
		.min = -1,
		.max = G_MAXINT32,
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT,
		.fallback = "-1",
		.doc = "-1: none." },
	[LB_LISTENER_ALLOWED_CIDRS] = { .name = "allowed_cidrs",
		.type = TYPE_LIST,
		.item = &cidr_attr,
		.max = ALLOWED_CIDRS_MAX,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.doc = "Whose packets it takes, by their sources; null or []: everybody's." },
	[LB_LISTENER_LOAD_BALANCERS] =
		LB_IDS_ATTR("loadbalancers", "The load balancer that it is part of."),
	[LB_LISTENER_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LB_LISTENER_OPERATING] = LB_OPERATING_ATTR,
	[LB_LISTENER_PAST] = { .name = "past",
		.type = TYPE_STRING,
		.max = 128,
		.flags = ATTR_SECRET,
		.fallback = "\"\"" },
};

static const struct index indexes[N_LB_LISTENER_INDEXES] = {
	[LB_LISTENER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LB_LISTENER_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LB_LISTENER_BY_LOAD_BALANCER] = { .name = "load balancer",
		.slots = { LB_LISTENER_LOAD_BALANCER_ID } },
	[LB_LISTENER_BY_POOL] = { .name = "pool", .slots = { LB_LISTENER_POOL_ID } },
	[LB_LISTENER_BY_PORT] = { .name = "protocol and protocol_port of the load balancer",
		.slots = { LB_LISTENER_LOAD_BALANCER_ID, LB_LISTENER_PROTOCOL, LB_LISTENER_PORT },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

static bool check_pool(struct txn *txn, const struct object *draft, GError **error)
{
	const char *id = object_str(draft, LB_LISTENER_POOL_ID);
	const struct object *pool = id ? txn_need(txn, KIND_LB_POOL, id, error) : NULL;

	if (!id)
		return true;
	if (!pool)
		return false;
	if (strcmp(object_str(pool, LB_POOL_LOAD_BALANCER_ID),
		    object_str(draft, LB_LISTENER_LOAD_BALANCER_ID)))
		return weft_fail(error, BAD_REQUEST,
			"Pool %s is part of load balancer %s, the listener of %s.", id,
			object_str(pool, LB_POOL_LOAD_BALANCER_ID),
			object_str(draft, LB_LISTENER_LOAD_BALANCER_ID));
	return !strcmp(object_str(pool, LB_POOL_PROTOCOL),
		       object_str(draft, LB_LISTENER_PROTOCOL)) ||
	       weft_fail(error, BAD_REQUEST,
		       "Listener protocol '%s' and pool protocol '%s' are not compatible: give both the same.",
		       object_str(draft, LB_LISTENER_PROTOCOL), object_str(pool, LB_POOL_PROTOCOL));
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	return load_balancer_take(
		       txn, draft, object_str(draft, LB_LISTENER_LOAD_BALANCER_ID), error) &&
	       check_limit(draft, error) && check_allowed(txn, draft, error) &&
	       check_pool(txn, draft, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return check_limit(draft, error) && check_allowed(txn, draft, error) &&
	       check_pool(txn, draft, error);
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	if (slot == LB_LISTENER_LOAD_BALANCERS)
		lb_write_id(object_str(object, LB_LISTENER_LOAD_BALANCER_ID), w);
	else
		lb_compute_status(model, object, slot, w);
}

static const struct kind_action actions[] = {
	{ .name = "stats",
		.read = true,
		.run = lb_stats_show,
		.doc = "Its connections and bytes, and what no member could get." },
	{ 0 },
};

const struct kind lb_listener_kind = {
	.id = KIND_LB_LISTENER,
	.singular = "listener",
	.collection = "listeners",
	.name = "load_balancer_listener",
	.command = "loadbalancer listener",
	.path = LB_PATH "/listeners",
	.doc = "A port of a load balancer's address.",
	.actions = actions,
	.attrs = attrs,
	.n_slots = N_LB_LISTENER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LB_LISTENER_INDEXES,
	.quota = { "listener", 50 },
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.compute = compute,
		.state_new = lb_stats_state_new,
		.state_free = g_free },
};
