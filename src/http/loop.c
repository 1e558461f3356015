/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd's external epoll mode as one source of GLib's main loop. Its epoll descriptor tells
 * of sockets, its timeout of what else it has to do, and neither of connections that were resumed:
 * those are kicked.
 */
#include "http/server_impl.h"

struct loop_source {
	GSource source;
	struct http_server *server;
	gpointer tag;
	bool kicked;
};

static gboolean loop_prepare(GSource *source, gint *timeout_ms)
{
	struct loop_source *loop = (struct loop_source *)source;
	MHD_UNSIGNED_LONG_LONG wait_ms;

	*timeout_ms = loop->kicked ? 0 : -1;
	if (loop->kicked)
		return TRUE;
	if (MHD_get_timeout(loop->server->daemon, &wait_ms) != MHD_YES)
		return FALSE;
	*timeout_ms = (gint)MIN(wait_ms, G_MAXINT);
	return wait_ms == 0;
}

static gboolean loop_check(GSource *source)
{
	struct loop_source *loop = (struct loop_source *)source;
	MHD_UNSIGNED_LONG_LONG wait_ms;

	return loop->kicked || g_source_query_unix_fd(source, loop->tag) ||
	       (MHD_get_timeout(loop->server->daemon, &wait_ms) == MHD_YES && wait_ms == 0);
}

static gboolean loop_dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
	struct loop_source *loop = (struct loop_source *)source;
	struct http_server *server = loop->server;

	(void)callback;
	(void)user;
	loop->kicked = false;
	MHD_run(server->daemon);
	/* Full, it looks at its listening socket no more, and only the next run finds that there is
	 * room again. */
	if (server->full && server->n_connections < server->config.connections_max) {
		server->full = false;
		loop->kicked = true;
	}
	return G_SOURCE_CONTINUE;
}

GSource *loop_source_new(struct http_server *server)
{
	static GSourceFuncs funcs = { loop_prepare, loop_check, loop_dispatch };
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	GSource *source = g_source_new(&funcs, sizeof(struct loop_source));
	struct loop_source *loop = (struct loop_source *)source;

	loop->server = server;
	loop->tag = g_source_add_unix_fd(source, info->epoll_fd, G_IO_IN);
	g_source_set_name(source, "http");
	g_source_attach(source, g_main_context_get_thread_default());
	return source;
}

void loop_resume(struct http_server *server, struct MHD_Connection *connection)
{
	struct loop_source *loop = (struct loop_source *)server->source;

	MHD_resume_connection(connection);
	loop->kicked = true;
}
