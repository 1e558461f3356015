/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "http/listen.h"
#include "http/server_impl.h"

#define BODY_MAX (1024 * 1024)
#define CONNECTIONS_MAX 16384
#define CONNECTION_MEMORY (24 * 1024)
#define IDLE_S 60
#define FLUSH_ROUNDS 16 /* at the end: runs of the daemon for what is already answered */

static void on_log(void *user, const char *format, va_list arguments)
{
	g_autofree char *text = g_strdup_vprintf(format, arguments);

	(void)user;
	log_limited(debug, "http: %s", g_strchomp(text));
}

static bool read_tls(struct http_server *server, GError **error)
{
	const struct http_server_config *config = &server->config;
	g_autofree char *certificate = NULL, *key = NULL;

	if (!config->tls_cert && !config->tls_key)
		return true;
	if (!config->tls_cert || !config->tls_key)
		return weft_fail(error, INVALID_INPUT,
			"TLS needs both a certificate file and a key file; only the %s is given",
			config->tls_cert ? "certificate" : "key");
	if (!g_file_get_contents(config->tls_cert, &certificate, NULL, error) ||
		!g_file_get_contents(config->tls_key, &key, NULL, error) ||
		(config->tls_client_cert && !g_file_get_contents(config->tls_client_cert,
						    &server->tls_client_cert, NULL, error)))
		return false;
	server->tls = http_tls_new(certificate, key, error);
	if (!server->tls)
		g_prefix_error(error, "can't start the HTTP server on %s: ", config->listen);
	return server->tls != NULL;
}

static bool start(struct http_server *server, int listen_fd, GError **error)
{
	const struct http_server_config *config = &server->config;
	bool tls = server->tls != NULL;
	struct MHD_OptionItem tls_options[] = {
		{ tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0,
			(void *)http_tls_retrieve },
		{ server->tls_client_cert ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
			server->tls_client_cert },
		{ MHD_OPTION_END, 0, NULL },
	};

	server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
						  MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0u),
		0, NULL, NULL, request_proceed, server,		      //
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,	      //
		MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listen_fd,      //
		MHD_OPTION_CONNECTION_LIMIT, config->connections_max, //
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)config->connection_memory,
		MHD_OPTION_CONNECTION_TIMEOUT, config->idle_s,		 //
		MHD_OPTION_URI_LOG_CALLBACK, request_begin, server,	 //
		MHD_OPTION_NOTIFY_COMPLETED, request_completed, server,	 //
		MHD_OPTION_NOTIFY_CONNECTION, connection_notify, server, //
		MHD_OPTION_ARRAY, tls_options, MHD_OPTION_END);
	if (!server->daemon)
		return weft_fail(
			error, UNAVAILABLE, "can't start the HTTP server on %s", config->listen);
	return true;
}

static void set_defaults(struct http_server_config *config)
{
	if (!config->body_max)
		config->body_max = BODY_MAX;
	if (!config->connections_max)
		config->connections_max = CONNECTIONS_MAX;
	if (!config->connection_memory)
		config->connection_memory = CONNECTION_MEMORY;
	if (!config->idle_s)
		config->idle_s = IDLE_S;
}

struct http_server *http_server_new(const struct http_server_config *config, GError **error)
{
	g_autoptr(http_server) server = g_new0(struct http_server, 1);
	int listen_fd;

	server->config = *config;
	set_defaults(&server->config);
	server->watch_fd = epoll_create1(EPOLL_CLOEXEC);
	g_queue_init(&server->connections);
	g_queue_init(&server->requests);
	g_queue_init(&server->streams);
	if (server->watch_fd < 0) {
		weft_fail_errno(error, errno, "start the HTTP server");
		return NULL;
	}
	if (!read_tls(server, error))
		return NULL;
	listen_fd = http_listen(config->listen, error);
	if (listen_fd < 0)
		return NULL;
	if (!start(server, listen_fd, error)) {
		close(listen_fd);
		return NULL;
	}
	server->source = loop_source_new(server);
	server->watch_source = stream_watch_new(server);
	server->sweep = g_timeout_add_seconds(server->config.idle_s, connections_sweep, server);
	return g_steal_pointer(&server);
}

void http_server_quiesce(struct http_server *server)
{
	MHD_socket fd = MHD_quiesce_daemon(server->daemon);

	if (fd != MHD_INVALID_SOCKET)
		close(fd);
}

/* libmicrohttpd must not be stopped with connections suspended. */
static void abandon_suspended(struct http_server *server)
{
	server->config.answered = NULL;
	for (GList *link = server->requests.head; link; link = link->next) {
		struct http_request *request = link->data;

		if (request->state == REQUEST_SUSPENDED) {
			http_request_answer(request, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, NULL);
		} else if (request->state == REQUEST_HELD) {
			/* Without an answer: closes it. */
			connection_busy(connection_of(request->connection));
			request->state = REQUEST_ANSWERED;
			loop_resume(server, request->connection);
		}
	}
	streams_abandon(server);
	MHD_run(server->daemon);
}

void http_server_free(struct http_server *server)
{
	if (server->daemon) {
		for (unsigned i = 0; i < FLUSH_ROUNDS; i++)
			MHD_run(server->daemon);
		abandon_suspended(server);
		MHD_stop_daemon(server->daemon);
	}
	if (server->sweep)
		g_source_remove(server->sweep);
	for (unsigned i = 0; i < 2; i++) {
		GSource *source = i ? server->source : server->watch_source;

		if (source) {
			g_source_destroy(source);
			g_source_unref(source);
		}
	}
	if (server->watch_fd >= 0)
		close(server->watch_fd);
	if (server->tls)
		http_tls_free(server->tls);
	g_free(server->tls_client_cert);
	g_free(server);
}

bool http_server_set_certificate(
	struct http_server *server, const char *certificate, const char *key, GError **error)
{
	return server->tls ? http_tls_change(server->tls, certificate, key, error)
			   : weft_fail(error, CONFLICT, "There is no TLS here.");
}

u16 http_server_port(const struct http_server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_LISTEN_FD);
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	if (getsockname(info->listen_fd, (struct sockaddr *)&address, &len))
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}

unsigned http_server_connections(const struct http_server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
		->num_connections;
}
