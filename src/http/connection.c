/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slow senders. libmicrohttpd closes a connection that is silent for `idle_s`, but one byte now and
 * then keeps it, and its memory, for ever. So connections are kept in the order in which they were
 * last of use (made, or done with a request), and taken out while a request is being worked on: one
 * that has been silent is gone before it is twice that old, and what is older has been dribbling
 * and is shut down.
 */
#include "http/server_impl.h"

#include <sys/socket.h>

struct http_connection *connection_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

int connection_fd(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

void connection_notify(void *user, struct MHD_Connection *mhd, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = user;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		struct http_connection *connection = g_new0(struct http_connection, 1);

		connection->server = server;
		connection->fd = connection_fd(mhd);
		connection->since_us = (u64)g_get_monotonic_time();
		connection->link.data = connection;
		g_queue_push_tail_link(&server->connections, &connection->link);
		server->n_connections++;
		server->full = server->n_connections >= server->config.connections_max;
		*context = connection;
	} else if (*context) {
		struct http_connection *connection = *context;

		if (!connection->requests)
			g_queue_unlink(&server->connections, &connection->link);
		server->n_connections--;
		g_free(connection);
		*context = NULL;
	}
}

void connection_busy(struct http_connection *connection)
{
	if (!connection->requests++)
		g_queue_unlink(&connection->server->connections, &connection->link);
}

void connection_idle(struct http_connection *connection)
{
	char next;

	if (--connection->requests)
		return;
	/* What came together with the request is no event any more: libmicrohttpd has seen the
	 * request, and would keep a client that has left since until `idle_s`. */
	if (recv(connection->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		shutdown(connection->fd, SHUT_RDWR);
	connection->since_us = (u64)g_get_monotonic_time();
	g_queue_push_tail_link(&connection->server->connections, &connection->link);
}

gboolean connections_sweep(gpointer user)
{
	struct http_server *server = user;
	u64 age_max_us = 2ull * server->config.idle_s * G_USEC_PER_SEC;
	u64 now_us = (u64)g_get_monotonic_time();

	for (GList *link = server->connections.head; link; link = link->next) {
		struct http_connection *connection = link->data;

		if (now_us - connection->since_us < age_max_us)
			break;
		shutdown(connection->fd, SHUT_RDWR);
	}
	return G_SOURCE_CONTINUE;
}
