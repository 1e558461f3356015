/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy(1) for load balancers: a frontend for each listener, a backend for each pool that it
 * uses. A backend is of one listener, since it is the listener that says how long members may take
 * and which protocol is spoken; which members are alive is found out by the first one for all.
 *
 * Texts of users are in single quotes, where HAProxy reads nothing but the quote, which ends them;
 * so no text can be more than the word that it stands for.
 */
#include "appliance/render/render_haproxy.h"

#include <string.h>

#define FILES_MAX 20000 /* a connection takes two, and about 32 KiB */
#define MARK_LEN 16

void haproxy_append_word(const char *word, GString *text)
{
	g_auto(GStrv) parts = g_strsplit(word, "'", -1);
	g_autofree char *quoted = g_strjoinv("'\\''", parts);

	g_string_append_printf(text, "'%s'", quoted);
}

void haproxy_append_backend_name(
	const char *pool, const struct balancer_listener *listener, GString *text)
{
	g_string_append_printf(text, "%s:%s", pool, listener->id);
}

/* @mark is said by the process that has this configuration. */
static void append_global(const char *folder, const char *mark, GString *text)
{
	g_string_append(text, "global\n"
			      "\tuser haproxy\n"
			      "\tgroup haproxy\n"
			      "\tno strict-limits\n"
			      "\thard-stop-after 10m\n"
			      "\tssl-default-bind-options ssl-min-ver TLSv1.2\n");
	g_string_append_printf(text,
		"\tfd-hard-limit %d\n" RENDER_HAPROXY_MARK "%.*s\n\tstats socket ", FILES_MAX,
		MARK_LEN, mark);
	haproxy_append_word(folder, text);
	g_string_append(text, "/haproxy.sock mode 600 level user\n\tserver-state-file ");
	haproxy_append_word(folder, text);
	g_string_append(text, "/haproxy.state\n");
	g_string_append(text, "defaults\n"
			      "\tload-server-state-from-file global\n"
			      "\toption redispatch\n"
			      "\toption allbackups\n"
			      "\tretries 3\n");
}

static void append_tls(const struct balancer_listener *listener, const char *folder, GString *text)
{
	g_string_append(text, " ssl alpn h2,http/1.1");
	for (guint i = 0; i < listener->certificates->len; i++) {
		g_autofree char *name = render_certificate_name(listener->certificates->pdata[i]);
		g_autofree char *path =
			g_build_filename(folder, RENDER_CERTIFICATES_FOLDER, name, NULL);

		g_string_append(text, " crt ");
		haproxy_append_word(path, text);
	}
}

static void append_bind(const struct ip *address, const struct balancer_listener *listener,
	const char *folder, GString *text)
{
	bool v6 = address->family == 6;
	char ip[IP_STRLEN];

	g_string_append_printf(text, "\tbind %s%s%s:%u transparent", v6 ? "[" : "",
		ip_format(address, ip), v6 ? "]" : "", listener->port);
	if (listener->protocol == BALANCER_TERMINATED_HTTPS)
		append_tls(listener, folder, text);
	g_string_append_c(text, '\n');
}

static void append_headers(const struct balancer_listener *listener, GString *text)
{
	if (listener->forwarded_for)
		g_string_append(text, "\toption forwardfor\n");
	if (listener->forwarded_port)
		g_string_append(text, "\thttp-request set-header X-Forwarded-Port %[dst_port]\n");
	if (listener->forwarded_proto)
		g_string_append_printf(text, "\thttp-request set-header X-Forwarded-Proto %s\n",
			listener->protocol == BALANCER_TERMINATED_HTTPS ? "https" : "http");
}

static void append_listener(const struct balancer *balancer,
	const struct balancer_listener *listener, const char *folder, GString *text)
{
	g_string_append_printf(text, "frontend %s\n\tmode %s\n\ttimeout client %ums\n",
		listener->id, balancer_speaks_http(listener) ? "http" : "tcp", listener->client_ms);
	for (guint i = 0; i < balancer->addresses->len; i++)
		append_bind(
			&g_array_index(balancer->addresses, struct ip, i), listener, folder, text);
	if (listener->connection_limit)
		g_string_append_printf(text, "\tmaxconn %u\n", listener->connection_limit);
	if (listener->inspect_ms)
		g_string_append_printf(
			text, "\ttcp-request inspect-delay %ums\n", listener->inspect_ms);
	append_headers(listener, text);
	haproxy_append_policies(listener, text);
	if (*listener->pool) {
		g_string_append(text, "\tdefault_backend ");
		haproxy_append_backend_name(listener->pool, listener, text);
		g_string_append_c(text, '\n');
	}
}

static bool uses(const struct balancer_listener *listener, const struct balancer_pool *pool)
{
	if (!strcmp(listener->pool, pool->id))
		return true;
	for (guint i = 0; i < listener->policies->len; i++)
		if (!strcmp(g_array_index(listener->policies, struct balancer_policy, i).pool,
			    pool->id))
			return true;
	return false;
}

static void append_pools(const struct balancer *balancer, GString *text)
{
	for (guint i = 0; i < balancer->pools->len; i++) {
		const struct balancer_pool *pool =
			&g_array_index(balancer->pools, struct balancer_pool, i);
		const struct balancer_listener *first = NULL;

		for (guint j = 0; j < balancer->listeners->len; j++) {
			const struct balancer_listener *listener =
				&g_array_index(balancer->listeners, struct balancer_listener, j);

			if (!uses(listener, pool))
				continue;
			haproxy_append_pool(pool, listener, first, text);
			first = first ?: listener;
		}
	}
}

void render_haproxy(
	const struct document *document, const struct render_place *place, GString *text)
{
	g_autoptr(GString) parts = g_string_new(NULL);
	g_autofree char *sum = NULL;

	if (!document->load_balancers->len)
		return;
	for (guint i = 0; i < document->load_balancers->len; i++) {
		const struct balancer *balancer =
			&g_array_index(document->load_balancers, struct balancer, i);

		for (guint j = 0; j < balancer->listeners->len; j++)
			append_listener(balancer,
				&g_array_index(balancer->listeners, struct balancer_listener, j),
				place->folder, parts);
		append_pools(balancer, parts);
	}
	sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, parts->str, (gssize)parts->len);
	append_global(place->folder, sum, text);
	g_string_append_len(text, parts->str, (gssize)parts->len);
}
