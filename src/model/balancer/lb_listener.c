/* SPDX-License-Identifier: Apache-2.0 */
#include "model/balancer/lb_listener.h"

#include <string.h>

#include "model/balancer/lb_certificate.h"
#include "model/balancer/lb_l7policy.h"
#include "model/balancer/lb_parts.h"
#include "model/balancer/lb_pool.h"
#include "model/balancer/lb_provider.h"
#include "model/balancer/lb_stats.h"
#include "model/balancer/lb_status.h"
#include "model/balancer/lb_vips.h"

#define ALLOWED_CIDRS_MAX 256
#define CERTIFICATES_MAX 99
#define CONNECTIONS_MAX 1000000
#define TIMEOUT_MAX_MS 31536000000 /* 365 days */

static bool check_protocol(const struct attr *attr, const char *value, GError **error)
{
	return lb_check_known(attr, LB_LISTENER_PROTOCOLS, value, error);
}

static bool check_limit(const struct object *draft, const struct object *balancer, GError **error)
{
	char buf[VALUE_TEXT];
	s64 limit = object_int(draft, LB_LISTENER_CONNECTION_LIMIT);

	if (limit == -1)
		return true;
	if (!lb_is_at_edge(balancer))
		return (limit >= 1 && limit <= CONNECTIONS_MAX) ||
		       weft_fail(error, BAD_REQUEST,
			       "connection_limit must be -1, no limit, or from 1 to %d.",
			       CONNECTIONS_MAX);
	return lb_fail_option(balancer, "connection_limit",
		object_text(draft, LB_LISTENER_CONNECTION_LIMIT, buf),
		"only -1, no limit: each host balances what enters there, and counts only "
		"its own members' connections, so that none could keep to a limit of all; "
		"the provider 'virtual-router' has limits. "
		"What a port may have is limited by connections-per-port of weft-agent.conf",
		error);
}

/* Of the IP version of the VIP: from others nothing could come. */
static bool check_allowed(const struct object *draft, const struct object *balancer, GError **error)
{
	json_auto_t *cidrs = object_json(draft, LB_LISTENER_ALLOWED_CIDRS);
	struct prefix prefix;
	json_t *cidr;
	size_t i;

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

static const struct attr certificate_attr = { .name = "sni_container_ref",
	.type = TYPE_UUID,
	.refers = KIND_LB_CERTIFICATE,
	.convert = lb_convert_ref };

#define HEADER_FIELD(header)                                                           \
	{                                                                              \
		.name = header, .type = TYPE_STRING, .max = 5, .flags = ATTR_NULLABLE, \
		.convert = convert_header                                              \
	}

/* Clients give "true", or true. */
static bool convert_header(
	const struct attr *attr, json_t *value, const char *path, char **ret, GError **error)
{
	const char *text = json_is_boolean(value) ? (json_is_true(value) ? "true" : "false")
						  : json_string_value(value);

	(void)attr;
	if (!text || (g_ascii_strcasecmp(text, "true") && g_ascii_strcasecmp(text, "false")))
		return weft_fail(
			error, BAD_REQUEST, "Invalid input for %s: give true or false.", path);
	*ret = g_ascii_strdown(text, -1);
	return true;
}

static const struct attr header_fields[] = {
	HEADER_FIELD("X-Forwarded-For"),
	HEADER_FIELD("X-Forwarded-Port"),
	HEADER_FIELD("X-Forwarded-Proto"),
	{ 0 },
};

#define LB_TIMEOUT_ATTR(attribute, text)                                              \
	{                                                                             \
		.name = attribute, .type = TYPE_INT, .min = 0, .max = TIMEOUT_MAX_MS, \
		.flags = LB_GIVEN | ATTR_NULLABLE, .doc = text                        \
	}

static bool check_authentication(const struct attr *attr, const char *value, GError **error)
{
	return !strcmp(value, "NONE") || lb_check_none(attr, value, error);
}

static const struct attr attrs[N_LB_LISTENER_SLOTS] = {
	LB_STANDARD_ATTRS,
	PROJECT_ATTR,
	[LB_LISTENER_LOAD_BALANCER_ID] =
		LB_ID_ATTR(LB_LISTENER_BY_LOAD_BALANCER, ATTR_CREATE | ATTR_REQUIRED),
	[LB_LISTENER_ADMIN_STATE_UP] = LB_ADMIN_STATE_ATTR,
	[LB_LISTENER_PROTOCOL] = { .name = "protocol",
		.type = TYPE_STRING,
		.max = 32,
		.flags = ATTR_CREATE | ATTR_REQUIRED | ATTR_INTERN,
		.check = check_protocol,
		.doc = "TCP, UDP, HTTP, HTTPS or TERMINATED_HTTPS." },
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
	[LB_LISTENER_TLS] = { .name = "default_tls_container_ref",
		.type = TYPE_UUID,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.refers = KIND_LB_CERTIFICATE,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LB_LISTENER_BY_TLS,
		.convert = lb_convert_ref,
		.doc = "Of TERMINATED_HTTPS: the certificate for who asks for none that is there." },
	[LB_LISTENER_SNI] = { .name = "sni_container_refs",
		.type = TYPE_LIST,
		.item = &certificate_attr,
		.max = CERTIFICATES_MAX,
		.on_delete = ON_DELETE_REFUSE,
		.referrer_index = LB_LISTENER_BY_SNI,
		.flags = LB_GIVEN | ATTR_UNIQUE_ITEMS | ATTR_NULL_IS_DEFAULT,
		.fallback = "[]",
		.doc = "Of TERMINATED_HTTPS: further certificates, by the names in them (SNI)." },
	[LB_LISTENER_HEADERS] = { .name = "insert_headers",
		.type = TYPE_OBJECT,
		.fields = header_fields,
		.flags = LB_GIVEN | ATTR_NULLABLE,
		.doc = "Of HTTP: what members are told besides: X-Forwarded-For, -Port, -Proto." },
	[LB_LISTENER_CLIENT_TIMEOUT] = LB_TIMEOUT_ATTR("timeout_client_data",
		"Milliseconds that a client may be silent; null: 50000. Of virtual-router."),
	[LB_LISTENER_CONNECT_TIMEOUT] = LB_TIMEOUT_ATTR("timeout_member_connect",
		"Milliseconds that a member may take to accept; null: 5000. Of virtual-router."),
	[LB_LISTENER_MEMBER_TIMEOUT] = LB_TIMEOUT_ATTR("timeout_member_data",
		"Milliseconds that a member may be silent; null: 50000. Of virtual-router."),
	[LB_LISTENER_INSPECT_TIMEOUT] = LB_TIMEOUT_ATTR("timeout_tcp_inspect",
		"Milliseconds to wait for what is looked at; null: 0. Of virtual-router."),
	[LB_LISTENER_POLICIES] = LB_IDS_ATTR("l7policies", "Its policies, of HTTP."),
	[LB_LISTENER_LOAD_BALANCERS] =
		LB_IDS_ATTR("loadbalancers", "The load balancer that it is part of."),
	[LB_LISTENER_PROVISIONING] = LB_PROVISIONING_ATTR,
	[LB_LISTENER_OPERATING] = LB_OPERATING_ATTR,
	[LB_LISTENER_PAST] = { .name = "past",
		.type = TYPE_STRING,
		.max = 128,
		.flags = ATTR_SECRET,
		.fallback = "\"\"" },
	[LB_LISTENER_CLIENT_AUTHENTICATION] = { .name = "client_authentication",
		.type = TYPE_STRING,
		.max = 16,
		.flags = LB_GIVEN | ATTR_NULL_IS_DEFAULT | ATTR_INTERN,
		.fallback = "\"NONE\"",
		.check = check_authentication,
		.doc = "NONE: clients show no certificates." },
	[LB_LISTENER_CLIENT_CA] = LB_NO_TEXT_ATTR("client_ca_tls_container_ref"),
	[LB_LISTENER_CLIENT_CRL] = LB_NO_TEXT_ATTR("client_crl_container_ref"),
	[LB_LISTENER_TLS_CIPHERS] = LB_NO_TEXT_ATTR("tls_ciphers"),
	[LB_LISTENER_TLS_VERSIONS] = LB_NO_LIST_ATTR("tls_versions"),
	[LB_LISTENER_ALPN] = LB_NO_LIST_ATTR("alpn_protocols"),
};

static void sni_keys(const struct object *listener, struct key_sink *sink)
{
	json_auto_t *refs = object_json(listener, LB_LISTENER_SNI);
	json_t *id;
	size_t i;

	json_array_foreach(refs, i, id)
		index_add(sink, (const char *const[]){ json_string_value(id) }, 1);
}

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
	[LB_LISTENER_BY_TLS] = { .name = "certificate", .slots = { LB_LISTENER_TLS } },
	[LB_LISTENER_BY_SNI] = { .name = "further certificate",
		.keys = sni_keys,
		.depends_on = LB_LISTENER_SNI,
		.field = "" },
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
	return lb_check_protocols(object_str(draft, LB_LISTENER_PROTOCOL),
		       object_str(pool, LB_POOL_PROTOCOL), error) &&
	       lb_pool_check_cookies(pool, object_str(draft, LB_LISTENER_PROTOCOL), error);
}

static bool check(
	struct txn *txn, struct object *draft, const struct object *balancer, GError **error)
{
	return lb_check_option(balancer, LB_LISTENER_PROTOCOLS, "protocol",
		       object_str(draft, LB_LISTENER_PROTOCOL), error) &&
	       check_limit(draft, balancer, error) && check_allowed(draft, balancer, error) &&
	       lb_listener_check_http(txn, draft, balancer, error) && check_pool(txn, draft, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	const struct object *balancer = load_balancer_take(
		txn, draft, object_str(draft, LB_LISTENER_LOAD_BALANCER_ID), error);

	return balancer && check(txn, draft, balancer, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	const struct object *balancer = txn_get_text(
		txn, KIND_LOAD_BALANCER, object_str(draft, LB_LISTENER_LOAD_BALANCER_ID));

	(void)old;
	return check(txn, draft, balancer, error);
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	char id[UUID_STRLEN];

	if (slot == LB_LISTENER_LOAD_BALANCERS)
		lb_write_id(object_str(object, LB_LISTENER_LOAD_BALANCER_ID), w);
	else if (slot == LB_LISTENER_POLICIES)
		lb_write_ids(model, KIND_LB_L7POLICY, LB_L7POLICY_BY_LISTENER,
			uuid_format(object_id(object), id), w);
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
