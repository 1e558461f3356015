/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent_client.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

/* Longer than any time-out that a request may name. */
#define ANSWER_TIMEOUT_S 70

static enum weft_error code_of(const char *type)
{
#define X(code, status, name)       \
	if (!g_strcmp0(type, name)) \
		return WEFT_ERROR_##code;
	WEFT_ERRORS(X)
#undef X
	return WEFT_ERROR_INTERNAL;
}

/* The answer to @line; what follows it is read from *ret_input. */
static char *exchange(
	GIOStream *stream, const char *line, GDataInputStream **ret_input, GError **error)
{
	g_autoptr(GDataInputStream) input =
		g_data_input_stream_new(g_io_stream_get_input_stream(stream));

	if (!g_output_stream_write_all(
		    g_io_stream_get_output_stream(stream), line, strlen(line), NULL, NULL, error))
		return NULL;
	char *answer = g_data_input_stream_read_line(input, NULL, NULL, error);

	if (!answer && error && !*error)
		weft_fail(error, UNAVAILABLE, "it closed the connection without an answer");
	*ret_input = g_steal_pointer(&input);
	return answer;
}

static json_t *result_of(const char *text, GError **error)
{
	json_t *answer = json_loads(text, 0, NULL);
	json_t *result = json_object_get(answer, "result"),
	       *problem = json_object_get(answer, "error");
	const char *type = NULL, *message = NULL;

	if (json_is_true(json_object_get(answer, "ok"))) {
		result = result ? json_incref(result) : json_object();
	} else {
		result = NULL;
		json_unpack(problem, "{s?s,s?s}", "type", &type, "message", &message);
		g_set_error_literal(error, WEFT_ERROR, (int)code_of(type),
			message ? message
				: "the agent's answer can't be understood; is it another version?");
	}
	json_decref(answer);
	return result;
}

/* Takes over @request. *ret_connection and *ret_input are the caller's, on success. */
static json_t *begin(const char *socket_path, json_t *request, GSocketConnection **ret_connection,
	GDataInputStream **ret_input, GError **error)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket_path);
	g_autoptr(GDataInputStream) input = NULL;
	g_autoptr(GError) problem = NULL;
	char *text = json_dumps(request, JSON_COMPACT);
	g_autofree char *line = g_strconcat(text, "\n", NULL);

	free(text);
	json_decref(request);
	g_socket_client_set_timeout(client, ANSWER_TIMEOUT_S);
	g_autoptr(GSocketConnection) connection =
		g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, &problem);
	g_autofree char *answer =
		connection ? exchange(G_IO_STREAM(connection), line, &input, &problem) : NULL;

	if (!answer) {
		weft_fail(error, UNAVAILABLE, "no answer from weft-agent at %s: %s", socket_path,
			problem ? problem->message : "closed");
		return NULL;
	}
	*ret_connection = g_steal_pointer(&connection);
	*ret_input = g_steal_pointer(&input);
	return result_of(answer, error);
}

json_t *agent_call(const char *socket_path, json_t *request, GError **error)
{
	g_autoptr(GSocketConnection) connection = NULL;
	g_autoptr(GDataInputStream) input = NULL;

	return begin(socket_path, request, &connection, &input, error);
}

bool agent_stream(
	const char *socket_path, json_t *request, agent_item_fn item, void *data, GError **error)
{
	g_autoptr(GSocketConnection) connection = NULL;
	g_autoptr(GDataInputStream) input = NULL;
	json_t *object = begin(socket_path, request, &connection, &input, error);
	bool more = object && item(object, data);

	if (!object)
		return false;
	json_decref(object);
	g_socket_set_timeout(g_socket_connection_get_socket(connection), 0);
	while (more) {
		g_autofree char *line = g_data_input_stream_read_line(input, NULL, NULL, NULL);

		if (!line)
			return weft_fail(error, UNAVAILABLE,
				"weft-agent at %s has ended the stream", socket_path);
		object = json_loads(line, 0, NULL);
		more = !object || item(object, data);
		json_decref(object);
	}
	return true;
}
