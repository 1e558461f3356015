/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers whose VIP is on a side, without what is switched off. The appliance's words are
 * those of the Load Balancer API. */
#include <stdlib.h>
#include <string.h>

#include "providers/virtual_router/sections.h"

static bool is_up(const json_t *object)
{
	return json_is_true(json_object_get(object, "admin_state_up"));
}

/* What of @object is said, under the same names. */
static json_t *picked(const json_t *object, const char *const *names)
{
	json_t *one = json_object(), *value;

	for (; *names; names++) {
		value = json_object_get(object, *names);
		if (value && !json_is_null(value))
			json_object_set(one, *names, value);
	}
	return one;
}

static int compare_positions(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(
			   json_object_get(*(json_t *const *)a, "l7policy"), "position")),
		   y = json_integer_value(json_object_get(
			   json_object_get(*(json_t *const *)b, "l7policy"), "position"));

	return (x > y) - (x < y);
}

static json_t *policy_of(const json_t *given)
{
	static const char *const said[] = { "action", "redirect_pool_id", "redirect_url",
		"redirect_prefix", "redirect_http_code", NULL };
	static const char *const of_rule[] = { "type", "compare_type", "key", "value", "invert",
		NULL };
	json_t *policy = picked(json_object_get(given, "l7policy"), said), *rules = json_array();
	const json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(given, "rules"), i, rule)
		if (is_up(rule))
			json_array_append_new(rules, picked(rule, of_rule));
	json_object_set_new(policy, "rules", rules);
	return policy;
}

static json_t *policies_of(const json_t *given)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	json_t *list = json_array(), *one;
	size_t i;

	json_array_foreach(given, i, one)
		if (is_up(json_object_get(one, "l7policy")))
			g_ptr_array_add(sorted, one);
	g_ptr_array_sort(sorted, compare_positions);
	for (guint n = 0; n < sorted->len; n++)
		json_array_append_new(list, policy_of(sorted->pdata[n]));
	return list;
}

/* The API has texts there, since its clients give them. */
static void set_headers(json_t *listener, const json_t *headers)
{
	json_t *said = json_object(), *value;
	const char *name;

	json_object_foreach((json_t *)headers, name, value)
		if (json_is_string(value))
			json_object_set_new(said, name,
				json_boolean(!strcmp(json_string_value(value), "true")));
	json_object_set_new(listener, "insert_headers", said);
}

static json_t *listener_of(const json_t *given, const json_t *pools)
{
	static const char *const said[] = { "id", "protocol", "protocol_port", "allowed_cidrs",
		"timeout_client_data", "timeout_member_connect", "timeout_member_data",
		"timeout_tcp_inspect", NULL };
	const json_t *object = json_object_get(given, "listener");
	const json_t *limit = json_object_get(object, "connection_limit");
	const json_t *headers = json_object_get(object, "insert_headers");
	const char *pool = text_of(object, "default_pool_id");
	json_t *listener = picked(object, said);

	if (json_integer_value(limit) > 0)
		json_object_set(listener, "connection_limit", (json_t *)limit);
	if (find_by(pools, "id", pool))
		json_object_set_new(listener, "default_pool_id", json_string(pool));
	if (json_is_object(headers))
		set_headers(listener, headers);
	if (json_array_size(json_object_get(given, "l7policies")))
		json_object_set_new(
			listener, "l7_policies", policies_of(json_object_get(given, "l7policies")));
	if (json_object_get(given, "certificates"))
		json_object_set(listener, "certificates", json_object_get(given, "certificates"));
	return listener;
}

static json_t *pool_of(const json_t *given)
{
	static const char *const said[] = { "id", "protocol", "lb_algorithm", NULL };
	static const char *const of_session[] = { "type", "cookie_name", NULL };
	static const char *const of_member[] = { "id", "address", "protocol_port", "weight",
		"backup", "monitor_address", "monitor_port", NULL };
	static const char *const of_monitor[] = { "type", "delay", "timeout", "max_retries",
		"max_retries_down", "http_method", "url_path", "expected_codes", "domain_name",
		NULL };
	const json_t *object = json_object_get(given, "pool"), *one;
	const json_t *session = json_object_get(object, "session_persistence");
	json_t *pool = picked(object, said), *members = json_array();
	size_t i;

	json_array_foreach(json_object_get(given, "members"), i, one)
		if (is_up(one))
			json_array_append_new(members, picked(one, of_member));
	json_object_set_new(pool, "members", members);
	if (json_is_object(session))
		json_object_set_new(pool, "session_persistence", picked(session, of_session));
	json_array_foreach(json_object_get(given, "health_monitors"), i, one)
		if (is_up(one))
			json_object_set_new(pool, "health_monitor", picked(one, of_monitor));
	return pool;
}

/* A router's interface has the VIPs of its subnets, the NIC of a network's own router all. */
static bool is_sides(const struct facts *facts, const struct side *side, const char *subnet)
{
	return !facts->is_router || address_on(side->nic_port, subnet);
}

/* One balancer of two sides of a network is the first one's that has its VIP. */
static bool is_any_sides(const struct facts *facts, const char *subnet)
{
	for (unsigned n = 0; n < facts->n_sides; n++)
		if (is_sides(facts, &facts->sides[n], subnet))
			return true;
	return false;
}

static json_t *vips_of(const struct facts *facts, const json_t *object)
{
	json_t *vips = json_pack("[O]", json_object_get(object, "vip_address"));
	const json_t *more;
	size_t i;

	json_array_foreach(json_object_get(object, "additional_vips"), i, more)
		if (is_any_sides(facts, text_of(more, "subnet_id")))
			json_array_append(vips, json_object_get(more, "ip_address"));
	return vips;
}

/* A pool that is switched off has no members; it is there all the same, for those who name it. */
static json_t *balancer_of(const struct facts *facts, const json_t *given)
{
	const json_t *object = json_object_get(given, "loadbalancer"), *one;
	json_t *listeners = json_array(), *pools = json_array(), *pool;
	size_t i;

	json_array_foreach(json_object_get(given, "pools"), i, one) {
		pool = pool_of(one);
		if (!is_up(json_object_get(one, "pool")))
			json_array_clear(json_object_get(pool, "members"));
		json_array_append_new(pools, pool);
	}
	json_array_foreach(json_object_get(given, "listeners"), i, one)
		if (is_up(json_object_get(one, "listener")))
			json_array_append_new(listeners, listener_of(one, pools));
	return json_pack("{s:O, s:o, s:o, s:o}", "id", json_object_get(object, "id"),
		"vip_addresses", vips_of(facts, object), "listeners", listeners, "pools", pools);
}

static void add_balancers(const struct facts *facts, const struct side *side, json_t *list)
{
	const json_t *given;
	size_t i;

	json_array_foreach(side->balancers, i, given) {
		const json_t *object = json_object_get(given, "loadbalancer");

		if (is_up(object) && is_sides(facts, side, text_of(object, "vip_subnet_id")))
			json_array_append_new(list, balancer_of(facts, given));
	}
}

json_t *section_balancers(const struct facts *facts)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < facts->n_sides; n++)
		add_balancers(facts, &facts->sides[n], list);
	if (json_array_size(list))
		return list;
	json_decref(list);
	return NULL;
}

static void add_vip(const char *ip, json_t *addresses)
{
	g_autofree char *one = g_strconcat(ip, strchr(ip, ':') ? "/128" : "/32", NULL);

	json_array_append_new(addresses, json_string(one));
}

void add_vips(const struct facts *facts, const struct side *side, json_t *addresses)
{
	const json_t *given, *vip;
	size_t i, j;

	json_array_foreach(side->balancers, i, given) {
		const json_t *object = json_object_get(given, "loadbalancer");

		if (is_sides(facts, side, text_of(object, "vip_subnet_id")))
			add_vip(text_of(object, "vip_address"), addresses);
		json_array_foreach(json_object_get(object, "additional_vips"), j, vip)
			if (is_sides(facts, side, text_of(vip, "subnet_id")))
				add_vip(text_of(vip, "ip_address"), addresses);
	}
}
