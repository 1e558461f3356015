/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/record_balancer.h"

#include <netinet/in.h>
#include <string.h>

#include "sync/fields.h"

static bool optional_number(
	const json_t *data, const char *member, u32 min, u32 max, u32 *ret, GError **error)
{
	const json_t *value = json_object_get(data, member);

	return !value || json_is_null(value) || field_uint(data, member, min, max, ret, error);
}

static bool decode_member(const json_t *element, void *ret, GError **error)
{
	struct record_lb_member member = { 0 };
	bool ok = field_uuid(element, "id", &member.id, error) &&
		  field_uuid(element, "network_id", &member.network_id, error) &&
		  field_ip(element, "address", &member.ip, error) &&
		  field_uint(element, "port", 1, 65535, &member.port, error) &&
		  field_uint(element, "weight", 0, 256, &member.weight, error) &&
		  optional_number(element, "backup_weight", 0, 256, &member.backup_weight, error) &&
		  optional_number(element, "monitor_port", 1, 65535, &member.monitor_port, error) &&
		  field_optional_bool(element, "dead", &member.dead, error);

	memcpy(ret, &member, sizeof(member));
	return ok;
}

static const char *text_of(const json_t *data, const char *member, const char *standard)
{
	return g_intern_string(json_string_value(json_object_get(data, member)) ?: standard);
}

/* One of a type that is not known is none. */
static bool decode_monitor(const json_t *data, struct record_lb_monitor *ret, GError **error)
{
	static const char *const types[] = {
		[LB_MONITOR_TCP] = "TCP",
		[LB_MONITOR_HTTP] = "HTTP",
		[LB_MONITOR_PING] = "PING",
		[LB_MONITOR_UDP] = "UDP-CONNECT",
	};
	const char *type = json_string_value(json_object_get(data, "type"));

	if (!data || json_is_null(data))
		return true;
	for (unsigned i = LB_MONITOR_TCP; i < G_N_ELEMENTS(types); i++)
		if (!g_strcmp0(type, types[i]))
			ret->type = i;
	ret->http_method = text_of(data, "http_method", "GET");
	ret->url_path = text_of(data, "url_path", "/");
	ret->expected_codes = text_of(data, "expected_codes", "200");
	ret->domain_name = text_of(data, "domain_name", "");
	ret->http_version = text_of(data, "http_version", *ret->domain_name ? "1.1" : "1.0");
	return field_uint(data, "delay", 1, 86400, &ret->delay, error) &&
	       field_uint(data, "timeout", 1, 86400, &ret->timeout, error) &&
	       field_uint(data, "max_retries", 1, 10, &ret->max_retries, error) &&
	       field_uint(data, "max_retries_down", 1, 10, &ret->max_retries_down, error);
}

static bool decode_pool(const json_t *element, void *ret, GError **error)
{
	struct record_lb_pool pool = { .members = g_array_new(
					       FALSE, TRUE, sizeof(struct record_lb_member)) };
	bool ok = field_uuid(element, "id", &pool.id, error) &&
		  field_optional_bool(element, "by_source", &pool.by_source, error) &&
		  field_array(element, "members", decode_member, pool.members, error) &&
		  decode_monitor(json_object_get(element, "monitor"), &pool.monitor, error);

	memcpy(ret, &pool, sizeof(pool));
	return ok;
}

static bool decode_listener(const json_t *element, void *ret, GError **error)
{
	static const char *const protocols[] = { "TCP", "UDP", NULL };
	struct record_lb_listener listener = { .allowed = g_array_new(
						       FALSE, TRUE, sizeof(struct prefix)) };
	const char *protocol = NULL;
	const json_t *pool = json_object_get(element, "pool_id");
	bool ok = field_uuid(element, "id", &listener.id, error) &&
		  field_array(element, "allowed_cidrs", element_prefix, listener.allowed, error) &&
		  field_optional_choice(element, "protocol", protocols, &protocol, error) &&
		  field_uint(element, "port", 1, 65535, &listener.port, error) &&
		  (!pool || json_is_null(pool) ||
			  field_uuid(element, "pool_id", &listener.pool_id, error));

	listener.proto = protocol == protocols[1] ? IPPROTO_UDP : IPPROTO_TCP;
	memcpy(ret, &listener, sizeof(listener));
	return ok;
}

static void clear_listener(gpointer data)
{
	struct record_lb_listener *listener = data;

	g_clear_pointer(&listener->allowed, g_array_unref);
}

static void clear_pool(gpointer data)
{
	struct record_lb_pool *pool = data;

	g_clear_pointer(&pool->members, g_array_unref);
}

bool decode_load_balancer(const json_t *data, struct record *ret, GError **error)
{
	struct record_load_balancer *balancer = &ret->load_balancer;
	struct ip vip;

	balancer->vips = g_array_new(FALSE, TRUE, sizeof(struct ip));
	balancer->listeners = g_array_new(FALSE, TRUE, sizeof(struct record_lb_listener));
	balancer->pools = g_array_new(FALSE, TRUE, sizeof(struct record_lb_pool));
	g_array_set_clear_func(balancer->pools, clear_pool);
	g_array_set_clear_func(balancer->listeners, clear_listener);
	balancer->admin_state_up = true;
	if (!field_ip(data, "vip_address", &vip, error))
		return false;
	g_array_append_val(balancer->vips, vip);
	return field_uuid(data, "network_id", &balancer->network_id, error) &&
	       field_array(data, "additional_vips", element_ip, balancer->vips, error) &&
	       field_mac(data, "mac_address", &balancer->mac, error) &&
	       field_optional_bool(data, "admin_state_up", &balancer->admin_state_up, error) &&
	       field_array(data, "listeners", decode_listener, balancer->listeners, error) &&
	       field_array(data, "pools", decode_pool, balancer->pools, error);
}

void clear_load_balancer(struct record *record)
{
	g_clear_pointer(&record->load_balancer.vips, g_array_unref);
	g_clear_pointer(&record->load_balancer.listeners, g_array_unref);
	g_clear_pointer(&record->load_balancer.pools, g_array_unref);
}
