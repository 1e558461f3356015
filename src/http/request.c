/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server_impl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* What a body beyond the limit may go on for before the connection is cut instead of answered. */
#define DISCARD_FACTOR 4

static enum http_method method_of(const char *name)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(name, names[i]))
			return (enum http_method)i;
	return HTTP_OTHER;
}

/* The query has been taken apart, so libmicrohttpd need not: for each of a few hundred parameters
 * it would take memory from the connection's pool, and when that ends, the connection hangs
 * (0.9.75). The text is its read buffer, of which it only looks at the rest when it returns. */
static void forget_query(const char *uri)
{
	char *query = strchr(uri, '?');

	if (query)
		query[1] = '\0';
}

void *request_begin(void *user, const char *uri, struct MHD_Connection *connection)
{
	struct http_request *request = g_new0(struct http_request, 1);

	request->server = user;
	request->connection = connection;
	request->begin_us = (u64)g_get_monotonic_time();
	http_target_parse(uri, &request->target, &request->error);
	forget_query(uri);
	request->link.data = request;
	g_queue_push_tail_link(&request->server->requests, &request->link);
	return request;
}

static void too_large(struct http_request *request)
{
	if (!request->error)
		weft_fail(&request->error, TOO_LARGE,
			"The request's body is larger than %zu bytes: send less at a time.",
			request->body_max);
}

static bool hold(struct http_request *request, const char *method)
{
	const struct http_server_config *config = &request->server->config;

	request->method = method_of(method);
	request->method_name = method;
	if (!config->admit || request->error || config->admit(request, config->user))
		return false;
	request->state = REQUEST_HELD;
	MHD_suspend_connection(request->connection);
	return true;
}

void http_request_admit(struct http_request *request)
{
	g_return_if_fail(request->state == REQUEST_HELD);
	request->state = REQUEST_ADMITTED;
	loop_resume(request->server, request->connection);
}

static void look_at_headers(struct http_request *request)
{
	const struct http_server_config *config = &request->server->config;
	const char *length = http_request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool body = length || http_request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);

	request->body_max = config->body_max;
	if (body && config->body_max_of && !request->error)
		request->body_max = config->body_max_of(request, config->user);
	if (length && g_ascii_strtoull(length, NULL, 10) > request->body_max)
		too_large(request);
}

static enum MHD_Result receive(struct http_request *request, const char *data, size_t len)
{
	size_t max = request->body_max;

	if (!request->body)
		request->body = g_string_sized_new(len);
	if (request->body->len + len > max) {
		too_large(request);
		/* Only what is answered after the whole body can be answered at all. */
		return request->body->len + len > DISCARD_FACTOR * max ? MHD_NO : MHD_YES;
	}
	g_string_append_len(request->body, data, (gssize)len);
	return MHD_YES;
}

static enum MHD_Result queue(struct http_request *request)
{
	enum MHD_Result result =
		MHD_queue_response(request->connection, request->status, request->response);

	MHD_destroy_response(request->response);
	request->response = NULL;
	return result;
}

static enum MHD_Result handle(struct http_request *request)
{
	request->state = REQUEST_HANDLING;
	connection_busy(connection_of(request->connection));
	request->server->config.handler(request, request->server->config.user);
	if (request->state == REQUEST_ANSWERED)
		return queue(request);
	request->state = REQUEST_SUSPENDED;
	MHD_suspend_connection(request->connection);
	return MHD_YES;
}

enum MHD_Result request_proceed(void *user, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **context)
{
	struct http_request *request = *context;

	(void)user, (void)connection, (void)url, (void)version;
	switch (request->state) {
	case REQUEST_NEW:
		if (hold(request, method))
			return MHD_YES;
		/* fallthrough */
	case REQUEST_ADMITTED:
		look_at_headers(request);
		request->state = REQUEST_RECEIVING;
		return request->error ? handle(request) : MHD_YES;
	case REQUEST_RECEIVING:
		if (*len) {
			enum MHD_Result result = receive(request, data, *len);

			*len = 0;
			return result;
		}
		return handle(request);
	case REQUEST_ANSWERED:
		return request->response ? queue(request) : MHD_NO;
	default:
		return MHD_NO;
	}
}

void request_completed(void *user, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode reason)
{
	struct http_request *request = *context;

	(void)user, (void)reason;
	if (!request)
		return;
	*context = NULL;
	g_queue_unlink(&request->server->requests, &request->link);
	if (request->state >= REQUEST_HANDLING)
		connection_idle(connection_of(connection));
	if (request->response)
		MHD_destroy_response(request->response);
	for (unsigned i = 0; i < request->n_headers; i++)
		g_free(request->headers[i].value);
	if (request->body)
		g_string_free(request->body, TRUE);
	g_clear_error(&request->error);
	http_target_clear(&request->target);
	http_request_keep(request, NULL, NULL);
	g_free(request);
}

const GError *http_request_error(const struct http_request *request)
{
	return request->error;
}

enum http_method http_request_method(const struct http_request *request)
{
	return request->method;
}

const char *http_request_method_name(const struct http_request *request)
{
	return request->method_name;
}

const struct http_target *http_request_target(const struct http_request *request)
{
	return &request->target;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_body(const struct http_request *request, size_t *ret_len)
{
	*ret_len = request->body ? request->body->len : 0;
	return request->body ? request->body->str : "";
}

char *http_request_base_url(const struct http_request *request)
{
	const char *host = http_request_header(request, MHD_HTTP_HEADER_HOST);

	/* It goes into links: nothing that could end a JSON string or a URL's authority. */
	if (!host || !*host ||
		strspn(host, "0123456789abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~:[]%") != strlen(host))
		host = "localhost";
	return g_strdup_printf("%s://%s", request->server->tls ? "https" : "http", host);
}

const char *http_request_peer(const struct http_request *request, char buf[static HTTP_PEER_STRLEN])
{
	const struct sockaddr *address =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			->client_addr;
	char text[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
		g_snprintf(buf, HTTP_PEER_STRLEN, "%s:%u", text, ntohs(in->sin_port));
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
		g_snprintf(buf, HTTP_PEER_STRLEN, "[%s]:%u", text, ntohs(in6->sin6_port));
	} else {
		g_strlcpy(buf, "local", HTTP_PEER_STRLEN);
	}
	return buf;
}

void http_request_set_tag(struct http_request *request, const void *tag)
{
	request->tag = tag;
}

const void *http_request_tag(const struct http_request *request)
{
	return request->tag;
}

void http_request_keep(struct http_request *request, void *kept, GDestroyNotify free_kept)
{
	if (request->kept)
		request->free_kept(request->kept);
	request->kept = kept;
	request->free_kept = free_kept;
}

void *http_request_kept(const struct http_request *request)
{
	return request->kept;
}
