/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/document/document_balancer.h"

#include <string.h>

#define WEIGHT_MAX 256
#define SECONDS_MAX 86400
#define RETRIES_MAX 10

static bool read_member(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "id", "address", "protocol_port", "weight", "backup",
		"monitor_address", "monitor_port", NULL };
	struct balancer_member member = { 0 };
	u64 port = 0, monitor_port = 0, weight = 1;

	if (!field_check(value, known, error) || !field_need(value, "id", error) ||
		!field_need(value, "address", error) ||
		!field_need(value, "protocol_port", error) ||
		!field_uuid(value, "id", member.id, error) ||
		!field_ip(value, "address", 0, &member.address, error) ||
		!field_number(value, "protocol_port", 1, UINT16_MAX, &port, error) ||
		!field_number(value, "weight", 0, WEIGHT_MAX, &weight, error) ||
		!field_bool(value, "backup", &member.backup, error) ||
		!field_ip(value, "monitor_address", 0, &member.monitor_address, error) ||
		!field_number(value, "monitor_port", 1, UINT16_MAX, &monitor_port, error))
		return false;
	member.port = (u16)port;
	member.monitor_port = (u16)monitor_port;
	member.weight = (u32)weight;
	g_array_append_val(array, member);
	return true;
}

/* "200", "200,202" or "200-299". */
static bool read_codes(const json_t *value, char *ret, GError **error)
{
	const json_t *codes = json_object_get(value, "expected_codes");
	const char *text = json_string_value(codes);

	if (codes &&
		(!text || strlen(text) >= BALANCER_CODES ||
			!g_regex_match_simple("^[1-5][0-9]{2}(-[1-5][0-9]{2}|(,[1-5][0-9]{2})*)$",
				text, G_REGEX_DOLLAR_ENDONLY, 0)))
		return weft_fail(error, INVALID_INPUT,
			"expected_codes: must be such as 200, or 200,202, or 200-299");
	g_strlcpy(ret, text ?: "200", BALANCER_CODES);
	return true;
}

static bool read_http(const json_t *value, struct balancer_monitor *ret, GError **error)
{
	static const char *const own[] = { "http_method", "url_path", "expected_codes",
		"domain_name" };
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE",
		"OPTIONS", "CONNECT", "PATCH", NULL };
	bool http = ret->type == BALANCER_MONITOR_HTTP || ret->type == BALANCER_MONITOR_HTTPS;
	unsigned method = 0;

	for (size_t i = 0; !http && i < G_N_ELEMENTS(own); i++)
		if (json_object_get(value, own[i]))
			return weft_fail(error, INVALID_INPUT,
				"%s: is for health monitors of type HTTP and HTTPS", own[i]);
	g_strlcpy(ret->path, "/", sizeof(ret->path));
	if (!field_choice(value, "http_method", methods, &method, error) ||
		!field_text(value, "url_path", BALANCER_WORD_FORM, balancer_is_word, ret->path,
			sizeof(ret->path), error) ||
		!field_domain(value, "domain_name", ret->domain, sizeof(ret->domain), error) ||
		!read_codes(value, ret->codes, error))
		return false;
	ret->method = methods[method];
	return *ret->path == '/' ||
	       weft_fail(error, INVALID_INPUT, "url_path: must begin with '/'");
}

static bool read_monitor(const json_t *value, void *data, GError **error)
{
	static const char *const known[] = { "type", "delay", "timeout", "max_retries",
		"max_retries_down", "http_method", "url_path", "expected_codes", "domain_name",
		NULL };
	static const char *const types[] = { "TCP", "HTTP", "HTTPS", "TLS-HELLO", NULL };
	struct balancer_monitor *monitor = data;
	u64 delay = 5, timeout = 5, rise = 3, fall = 3;
	unsigned type = 0;

	if (!field_check(value, known, error) || !field_need(value, "type", error) ||
		!field_choice(value, "type", types, &type, error) ||
		!field_number(value, "delay", 1, SECONDS_MAX, &delay, error) ||
		!field_number(value, "timeout", 1, SECONDS_MAX, &timeout, error) ||
		!field_number(value, "max_retries", 1, RETRIES_MAX, &rise, error) ||
		!field_number(value, "max_retries_down", 1, RETRIES_MAX, &fall, error))
		return false;
	monitor->type = (enum balancer_monitor_type)(type + BALANCER_MONITOR_TCP);
	monitor->delay_s = (u32)delay;
	monitor->timeout_s = (u32)timeout;
	monitor->rise = (u32)rise;
	monitor->fall = (u32)fall;
	return read_http(value, monitor, error);
}

static bool read_persistence(const json_t *value, void *data, GError **error)
{
	static const char *const known[] = { "type", "cookie_name", NULL };
	static const char *const types[] = { "SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE", NULL };
	struct balancer_pool *pool = data;
	unsigned type = 0;

	if (!field_check(value, known, error) || !field_need(value, "type", error) ||
		!field_choice(value, "type", types, &type, error) ||
		!field_text(value, "cookie_name", BALANCER_NAME_FORM, balancer_is_name,
			pool->cookie, sizeof(pool->cookie), error))
		return false;
	pool->persistence = (enum balancer_persistence)(type + BALANCER_BY_SOURCE_IP);
	return (pool->persistence == BALANCER_BY_APP_COOKIE) == !!*pool->cookie ||
	       weft_fail(error, INVALID_INPUT,
		       "cookie_name: must be given for APP_COOKIE, and for nothing else");
}

static bool members_apart(const struct balancer_pool *pool, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < pool->members->len; i++) {
		char *id = g_array_index(pool->members, struct balancer_member, i).id;

		if (!g_hash_table_add(seen, id))
			return weft_fail(
				error, INVALID_INPUT, "members[%u].id: %s is another's too", i, id);
	}
	return true;
}

static bool fill(const json_t *value, struct balancer_pool *ret, GError **error)
{
	static const char *const known[] = { "id", "protocol", "lb_algorithm",
		"session_persistence", "members", "health_monitor", NULL };
	static const char *const protocols[] = { "TCP", "HTTP", "HTTPS", "PROXY", "PROXYV2", NULL };
	static const char *const algorithms[] = { "ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP",
		NULL };
	unsigned protocol = 0, algorithm = 0;
	bool there;

	if (!field_check(value, known, error) || !field_need(value, "id", error) ||
		!field_need(value, "protocol", error) || !field_uuid(value, "id", ret->id, error) ||
		!field_choice(value, "protocol", protocols, &protocol, error) ||
		!field_choice(value, "lb_algorithm", algorithms, &algorithm, error) ||
		!field_object(value, "session_persistence", read_persistence, ret, &there, error) ||
		!field_list(
			value, "members", BALANCER_MEMBERS_MAX, read_member, ret->members, error) ||
		!field_object(value, "health_monitor", read_monitor, &ret->monitor, &there, error))
		return false;
	ret->protocol = (enum balancer_pool_protocol)protocol;
	ret->algorithm = (enum balancer_algorithm)algorithm;
	return members_apart(ret, error);
}

void balancer_clear_pool(gpointer pool)
{
	g_array_unref(((struct balancer_pool *)pool)->members);
}

bool balancer_read_pool(const json_t *value, GArray *array, GError **error)
{
	struct balancer_pool pool = {
		.members = balancer_array(sizeof(struct balancer_member), NULL),
	};

	if (!fill(value, &pool, error)) {
		balancer_clear_pool(&pool);
		return false;
	}
	g_array_append_val(array, pool);
	return true;
}
