/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/render/render_haproxy.h"

#include <string.h>

/* Nothing is remembered of who went where, so nothing of it is lost by a change, or when another
 * appliance takes over: addresses are hashed, and cookies say it. */
static void append_algorithm(const struct balancer_pool *pool, GString *text)
{
	enum balancer_algorithm algorithm =
		pool->persistence == BALANCER_BY_SOURCE_IP ? BALANCER_SOURCE_IP : pool->algorithm;
	static const char *const algorithms[] = {
		[BALANCER_ROUND_ROBIN] = "roundrobin",
		[BALANCER_LEAST_CONNECTIONS] = "leastconn",
		[BALANCER_SOURCE_IP] = "source",
	};

	g_string_append_printf(text, "\tbalance %s\n", algorithms[algorithm]);
	if (algorithm == BALANCER_SOURCE_IP)
		g_string_append(text, "\thash-type consistent\n");
}

static void append_persistence(const struct balancer_pool *pool, GString *text)
{
	if (pool->persistence == BALANCER_BY_HTTP_COOKIE)
		g_string_append(text, "\tcookie SRV insert indirect nocache httponly\n");
	if (pool->persistence == BALANCER_BY_APP_COOKIE)
		g_string_append_printf(text, "\tcookie %s prefix nocache\n", pool->cookie);
}

/* With HTTP/1.1 a request needs a Host; who gave none gets HTTP/1.0, as by the edge. */
static void append_monitor(const struct balancer_monitor *monitor, GString *text)
{
	if (monitor->type == BALANCER_MONITOR_NONE)
		return;
	g_string_append_printf(text, "\ttimeout check %us\n", monitor->timeout_s);
	if (monitor->type != BALANCER_MONITOR_HTTP && monitor->type != BALANCER_MONITOR_HTTPS)
		return;
	g_string_append_printf(
		text, "\toption httpchk\n\thttp-check send meth %s uri ", monitor->method);
	haproxy_append_word(monitor->path, text);
	if (*monitor->domain)
		g_string_append_printf(text, " ver HTTP/1.1 hdr Host %s", monitor->domain);
	g_string_append_printf(text, "\n\thttp-check expect status %s\n", monitor->codes);
}

static void append_check(const struct balancer_pool *pool, const struct balancer_member *member,
	const struct balancer_listener *checked_by, GString *text)
{
	const struct balancer_monitor *monitor = &pool->monitor;
	char ip[IP_STRLEN];

	if (monitor->type == BALANCER_MONITOR_NONE)
		return;
	if (checked_by) {
		g_string_append(text, " track ");
		haproxy_append_backend_name(pool->id, checked_by, text);
		g_string_append_printf(text, "/%s", member->id);
		return;
	}
	g_string_append_printf(text, " check inter %us rise %u fall %u", monitor->delay_s,
		monitor->rise, monitor->fall);
	if (monitor->type == BALANCER_MONITOR_HTTPS || monitor->type == BALANCER_MONITOR_TLS_HELLO)
		g_string_append(text, " check-ssl verify none");
	if (member->monitor_address.family)
		g_string_append_printf(text, " addr %s", ip_format(&member->monitor_address, ip));
	if (member->monitor_port)
		g_string_append_printf(text, " port %u", member->monitor_port);
}

static void append_member(const struct balancer_pool *pool, const struct balancer_member *member,
	const struct balancer_listener *checked_by, GString *text)
{
	bool v6 = member->address.family == 6;
	char ip[IP_STRLEN];

	g_string_append_printf(text, "\tserver %s %s%s%s:%u weight %u", member->id, v6 ? "[" : "",
		ip_format(&member->address, ip), v6 ? "]" : "", member->port, member->weight);
	if (member->backup)
		g_string_append(text, " backup");
	if (pool->persistence == BALANCER_BY_HTTP_COOKIE ||
		pool->persistence == BALANCER_BY_APP_COOKIE)
		g_string_append_printf(text, " cookie %s", member->id);
	if (pool->protocol == BALANCER_POOL_PROXY)
		g_string_append(text, " send-proxy");
	if (pool->protocol == BALANCER_POOL_PROXYV2)
		g_string_append(text, " send-proxy-v2");
	append_check(pool, member, checked_by, text);
	g_string_append_c(text, '\n');
}

void haproxy_append_pool(const struct balancer_pool *pool, const struct balancer_listener *listener,
	const struct balancer_listener *checked_by, GString *text)
{
	g_string_append(text, "backend ");
	haproxy_append_backend_name(pool->id, listener, text);
	g_string_append_printf(text, "\n\tmode %s\n\ttimeout connect %ums\n\ttimeout server %ums\n",
		balancer_speaks_http(listener) ? "http" : "tcp", listener->connect_ms,
		listener->member_ms);
	append_algorithm(pool, text);
	append_persistence(pool, text);
	if (!checked_by)
		append_monitor(&pool->monitor, text);
	for (guint i = 0; i < pool->members->len; i++)
		append_member(pool, &g_array_index(pool->members, struct balancer_member, i),
			checked_by, text);
}
