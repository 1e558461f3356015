/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server_impl.h"

void http_request_add_header(struct http_request *request, const char *name, const char *value)
{
	g_return_if_fail(request->n_headers < HTTP_MAX_ANSWER_HEADERS);
	request->headers[request->n_headers++] =
		(struct answer_header){ .name = name, .value = g_strdup(value) };
}

void request_set_response(struct http_request *request, unsigned status, const char *content_type,
	struct MHD_Response *response)
{
	struct http_server *server = request->server;

	if (content_type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	for (unsigned i = 0; i < request->n_headers; i++)
		MHD_add_response_header(
			response, request->headers[i].name, request->headers[i].value);
	request->response = response;
	request->status = status;
	if (server->config.answered)
		server->config.answered(request, status,
			(u64)g_get_monotonic_time() - request->begin_us, server->config.user);

	enum request_state before = request->state;

	request->state = REQUEST_ANSWERED;
	if (before == REQUEST_SUSPENDED)
		loop_resume(server, request->connection);
}

void http_request_answer(
	struct http_request *request, unsigned status, const char *content_type, GString *body)
{
	size_t len = body ? body->len : 0;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, body ? g_string_free(body, FALSE) : NULL,
			body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

	request_set_response(request, status, content_type, response);
}
