/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the server. Inside of src/http. */
#pragma once

#include <microhttpd.h>

#include "http/server.h"
#include "http/tls.h"

struct http_server {
	struct http_server_config config;
	struct http_tls *tls;  /* NULL: none */
	char *tls_client_cert; /* a text; libmicrohttpd borrows it */
	struct MHD_Daemon *daemon;
	GSource *source; /* runs the daemon */
	int watch_fd;	 /* epoll: clients of streams that go away */
	GSource *watch_source;
	guint sweep;	    /* timer: slow senders */
	GQueue connections; /* idle struct http_connection, by when they were last of use */
	unsigned n_connections;
	bool full;	 /* so many that libmicrohttpd has stopped accepting */
	GQueue requests; /* struct http_request that are open */
	GQueue streams;	 /* struct http_stream */
};

/* One connection of the server. */
struct http_connection {
	GList link;
	struct http_server *server;
	int fd;
	u64 since_us;	   /* when it was made, or its last request was completed */
	unsigned requests; /* completely received and being worked on: 0 or 1 */
};

enum request_state {
	REQUEST_NEW,  /* headers have not been looked at */
	REQUEST_HELD, /* somebody finds out about it; libmicrohttpd leaves it alone */
	REQUEST_ADMITTED,
	REQUEST_RECEIVING, /* its body */
	REQUEST_HANDLING,  /* the handler's turn */
	REQUEST_SUSPENDED, /* the handler will answer later; libmicrohttpd leaves it alone */
	REQUEST_ANSWERED,  /* `response` waits to be queued, or has been */
};

struct answer_header {
	const char *name;
	char *value;
};

struct http_request {
	GList link; /* in the server's */
	struct http_server *server;
	struct MHD_Connection *connection;
	enum request_state state;
	enum http_method method;
	const char *method_name;
	struct http_target target;
	GString *body;
	size_t body_max;
	GError *error;
	u64 begin_us;
	const void *tag;
	void *kept;
	GDestroyNotify free_kept;
	unsigned n_headers;
	struct answer_header headers[HTTP_MAX_ANSWER_HEADERS];
	unsigned status;
	struct MHD_Response *response;
};

/* request.c: libmicrohttpd's callbacks for a request. */
void *request_begin(void *server, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_proceed(void *server, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **context);
void request_completed(void *server, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode reason);

/* answer.c: gives @request its response (taken over). */
void request_set_response(struct http_request *request, unsigned status, const char *content_type,
	struct MHD_Response *response);

/* connection.c */
void connection_notify(void *server, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code);
struct http_connection *connection_of(struct MHD_Connection *connection);
int connection_fd(struct MHD_Connection *connection);
void connection_busy(struct http_connection *connection);
void connection_idle(struct http_connection *connection);
gboolean connections_sweep(gpointer server);

/* loop.c: the daemon as a source of the main loop. */
GSource *loop_source_new(struct http_server *server);
/* The only way to resume a suspended connection. */
void loop_resume(struct http_server *server, struct MHD_Connection *connection);

/* stream.c: the source that notices when clients of streams go; ends all streams silently. */
GSource *stream_watch_new(struct http_server *server);
void streams_abandon(struct http_server *server);
