/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_health_monitor.h"

#include <string.h>

#include "model/balancer/lb_member.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/lb_provider.h"
#include "model/balancer/lb_status.h"
#include "model/balancer/lb_text.h"

#define SECONDS_MAX 86400
#define RETRIES_MAX 10

static bool check_type(const struct attr *attr, const char *value, GError **error)
{
	return lb_check_known(attr, LB_MONITOR_TYPES, value, error);
}

static bool check_path(const struct attr *attr, const char *value, GError **error)
{
	for (const char *at = value; *at; at++)
		if (!g_ascii_isgraph(*at))
			return weft_fail(error, BAD_REQUEST,
				"Invalid input for %s: it has a character that is not allowed in a path; write it as %%20.",
				attr->name);
	return *value == '/' ||
	       weft_fail(error, BAD_REQUEST,
		       "Invalid input for %s: '%.64s' does not begin with '/'.", attr->name, value);
}

/* "200", "200,202", "200-299". */
static bool check_codes(const struct attr *attr, const char *value, GError **error)
{
	if (g_regex_match_simple("^[1-5]\\d\\d(-[1-5]\\d\\d|(,[1-5]\\d\\d)*)$", value, 0, 0))
		return true;
	return weft_fail(error, BAD_REQUEST,
		"Invalid input for %s: '%.64s'; write 200, or 200,202, or 200-299.", attr->name,
		value);
}

static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH",
	"TRACE", "CONNECT", NULL };
static const char *const versions[] = { "1.0", "1.1", NULL };

#define NUMBER(attribute, low, high, more, standard, text)                    \
	{                                                                     \
		.name = attribute, .type = TYPE_INT, .min = low, .max = high, \
		.flags = LB_GIVEN | (more), .fallback = standard, .doc = text \
	}

static const struct attr attrs[N_LB_MONITOR_SLOTS] = {
	LB_NAMED_ATTRS,
	PROJECT_ATTR,
	[LB_MONITOR_POOL_ID] = { .name = "pool_id",
		.type = TYPE_UUID,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.refers = KIND_LB_POOL,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = LB_MONITOR_BY_POOL,
		.doc = "The pool whose members it asks." },
	[LB_MONITOR_TYPE] = { .name = "type",
		.type = TYPE_STRING,
		.max = 32,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_INTERN,
		.check = check_type,
		.doc = "PING, TCP, UDP-CONNECT, HTTP, HTTPS or TLS-HELLO." },
	[LB_MONITOR_DELAY] = NUMBER("delay", 1, SECONDS_MAX, ATTR_REQUIRED, NULL,
		"Seconds from one question to the next."),
	[LB_MONITOR_TIMEOUT] = NUMBER("timeout", 1, SECONDS_MAX, ATTR_REQUIRED, NULL,
		"Seconds that an answer may take; at most delay."),
	[LB_MONITOR_MAX_RETRIES] = NUMBER("max_retries", 1, RETRIES_MAX, ATTR_REQUIRED, NULL,
		"After so many answers a member is alive again."),
	[LB_MONITOR_MAX_RETRIES_DOWN] = NUMBER("max_retries_down", 1, RETRIES_MAX,
		ATTR_NULL_IS_DEFAULT, "3", "After so many questions without one it is dead."),
	[LB_MONITOR_HTTP_METHOD] = { .name = "http_method",
		.type = TYPE_ENUM,
		.choices = methods,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.doc = "Of HTTP: by default GET." },
	[LB_MONITOR_URL_PATH] = { .name = "url_path",
		.type = TYPE_STRING,
		.max = 255,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.check = check_path,
		.doc = "Of HTTP: by default /." },
	[LB_MONITOR_EXPECTED_CODES] = { .name = "expected_codes",
		.type = TYPE_STRING,
		.max = 64,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.check = check_codes,
		.doc = "Of HTTP: by default 200." },
	[LB_MONITOR_HTTP_VERSION] = { .name = "http_version",
		.type = TYPE_ENUM,
		.choices = versions,
		.flags = LB_GIVEN | ATTR_NULLABLE | ATTR_DECIMALS,
		.doc = "Of HTTP: by default 1.1 with a domain_name, else 1.0." },
	[LB_MONITOR_DOMAIN_NAME] = { .name = "domain_name",
		.type = TYPE_STRING,
		.max = 255,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.check = lb_check_domain,
		.doc = "Of HTTP: the Host that is asked for, by HTTP/1.1." },
	[LB_MONITOR_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LB_MONITOR_POOLS] = LB_IDS_ATTR("pools", "The pool whose members it asks."),
	[LB_MONITOR_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LB_MONITOR_OPERATING] = LB_OPERATING_ATTR,
};

static const struct index indexes[N_LB_MONITOR_INDEXES] = {
	[LB_MONITOR_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[LB_MONITOR_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[LB_MONITOR_BY_POOL] = { .name = "pool",
		.slots = { LB_MONITOR_POOL_ID },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
};

/* What is HTTP's has defaults there, and is refused elsewhere. */
static bool check_http(struct object *draft, GError **error)
{
	static const struct {
		unsigned slot;
		const char *standard;
	} own[] = { { LB_MONITOR_HTTP_METHOD, "GET" }, { LB_MONITOR_URL_PATH, "/" },
		{ LB_MONITOR_EXPECTED_CODES, "200" } };
	bool http = g_str_has_prefix(object_str(draft, LB_MONITOR_TYPE), "HTTP");

	for (unsigned i = 0; i < G_N_ELEMENTS(own); i++) {
		if (http && object_is_null(draft, own[i].slot))
			object_set_str(draft, own[i].slot, own[i].standard);
		if (!http && !object_is_null(draft, own[i].slot))
			return weft_fail(error, BAD_REQUEST,
				"%s is for health monitors of type HTTP and HTTPS, not of %s.",
				kind_attr(&lb_health_monitor_kind, own[i].slot)->name,
				object_str(draft, LB_MONITOR_TYPE));
	}
	return true;
}

/* With HTTP/1.1 a request needs a Host. The edge gives the member's address if there is no name;
 * HAProxy is told one for all members. */
static bool check_version(const struct object *draft, const struct object *balancer, GError **error)
{
	bool named = !object_is_null(draft, LB_MONITOR_DOMAIN_NAME);
	const char *version = object_is_null(draft, LB_MONITOR_HTTP_VERSION)
				      ? NULL
				      : versions[object_choice(draft, LB_MONITOR_HTTP_VERSION)];

	if ((named || version) && !g_str_has_prefix(object_str(draft, LB_MONITOR_TYPE), "HTTP"))
		return weft_fail(error, BAD_REQUEST,
			"%s is for health monitors of type HTTP and HTTPS, not of %s.",
			named ? "domain_name" : "http_version", object_str(draft, LB_MONITOR_TYPE));
	if (named && !g_strcmp0(version, versions[0]))
		return weft_fail(error, BAD_REQUEST,
			"http_version must be 1.1 with a domain_name, or not given: HTTP/1.0 asks for no name.");
	return named || g_strcmp0(version, versions[1]) || lb_is_at_edge(balancer) ||
	       lb_fail_option(balancer, "http_version", versions[1],
		       "it needs a domain_name to ask for by HTTP/1.1", error);
}

static bool check(struct object *draft, const struct object *balancer, GError **error)
{
	if (!lb_check_option(
		    balancer, LB_MONITOR_TYPES, "type", object_str(draft, LB_MONITOR_TYPE), error))
		return false;
	if (object_int(draft, LB_MONITOR_TIMEOUT) > object_int(draft, LB_MONITOR_DELAY))
		return weft_fail(error, BAD_REQUEST,
			"The timeout of a health monitor, %" G_GINT64_FORMAT
			" s, must not be longer than its delay, %" G_GINT64_FORMAT " s.",
			object_int(draft, LB_MONITOR_TIMEOUT), object_int(draft, LB_MONITOR_DELAY));
	return check_http(draft, error) && check_version(draft, balancer, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const char *id = object_str(draft, LB_MONITOR_POOL_ID);
	const struct object *pool = txn_need(txn, KIND_LB_POOL, id, error), *balancer;
	bool udp;

	if (!pool)
		return false;
	balancer =
		load_balancer_take(txn, draft, object_str(pool, LB_POOL_LOAD_BALANCER_ID), error);
	if (!balancer)
		return false;
	udp = !strcmp(object_str(draft, LB_MONITOR_TYPE), "UDP-CONNECT");
	if (udp && strcmp(object_str(pool, LB_POOL_PROTOCOL), "UDP"))
		return weft_fail(error, BAD_REQUEST,
			"A health monitor of type UDP-CONNECT is for pools of UDP; pool %s is of %s.",
			id, object_str(pool, LB_POOL_PROTOCOL));
	return check(draft, balancer, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	(void)old;
	return check(draft, lb_of(txn_model(txn), draft), error);
}

/* What it found out goes with it. */
static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	g_autoptr(GPtrArray) judged = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *member;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_LB_MEMBER, LB_MEMBER_BY_POOL,
		object_str(old, LB_MONITOR_POOL_ID), NULL);
	while ((member = txn_iter_next(&iter)))
		if (object_choice(member, LB_MEMBER_HEALTH) != LB_MEMBER_UNKNOWN)
			g_ptr_array_add(judged, object_ref(member));
	for (guint i = 0; i < judged->len; i++)
		if (!lb_member_judge(txn, judged->pdata[i], LB_MEMBER_UNKNOWN, NULL, error))
			return false;
	return true;
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	if (slot == LB_MONITOR_POOLS)
		lb_write_id(object_str(object, LB_MONITOR_POOL_ID), w);
	else
		lb_compute_status(model, object, slot, w);
}

const struct kind lb_health_monitor_kind = {
	.id = KIND_LB_HEALTH_MONITOR,
	.singular = "healthmonitor",
	.collection = "healthmonitors",
	.name = "load_balancer_health_monitor",
	.command = "loadbalancer healthmonitor",
	.path = LB_PATH "/healthmonitors",
	.doc = "How the members of a pool are asked whether they are alive.",
	.attrs = attrs,
	.n_slots = N_LB_MONITOR_SLOTS,
	.indexes = indexes,
	.n_indexes = N_LB_MONITOR_INDEXES,
	.quota = { "health_monitor", 50 },
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_IN_USE,
	.hooks = { .on_create = on_create,
		.on_update = on_update,
		.on_delete = on_delete,
		.compute = compute },
};
