/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ops/control.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

struct control {
	char *path;
	GSocketService *service;
	control_handler handler;
	void *data;
};

/* One connection; it is its current request too, since there is one at a time. */
struct control_request {
	struct control *control;
	GSocketConnection *connection;
	GDataInputStream *input;
	char *answer;
	/* of a stream */
	control_closed closed;
	void *closed_data;
	GString *waiting; /* to be written behind what is being written */
	GCancellable *cancel;
	bool writing, gone;
};

#define STREAM_BACKLOG_MAX (1 << 20)

static void read_next(struct control_request *request);

static void request_free(struct control_request *request)
{
	g_object_unref(request->input);
	g_object_unref(request->connection);
	g_free(request->answer);
	if (request->waiting)
		g_string_free(request->waiting, TRUE);
	g_clear_object(&request->cancel);
	g_free(request);
}

static void written(GObject *source, GAsyncResult *result, gpointer data)
{
	struct control_request *request = data;

	if (g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, NULL))
		read_next(request);
	else
		request_free(request);
}

static void answer(struct control_request *request, json_t *root)
{
	g_autofree char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	g_free(request->answer);
	request->answer = g_strconcat(text ? text : "{\"ok\":false}", "\n", NULL);
	g_output_stream_write_all_async(
		g_io_stream_get_output_stream(G_IO_STREAM(request->connection)), request->answer,
		strlen(request->answer), G_PRIORITY_DEFAULT, NULL, written, request);
}

void control_answer(struct control_request *request, json_t *result)
{
	answer(request, json_pack("{s:b,s:o}", "ok", 1, "result", result ? result : json_object()));
}

void control_fail(struct control_request *request, GError *error)
{
	answer(request, json_pack("{s:b,s:{s:s,s:s}}", "ok", 0, "error", "type",
				weft_error_type(error), "message", error->message));
	g_error_free(error);
}

static void line_read(GObject *source, GAsyncResult *result, gpointer data)
{
	struct control_request *request = data;
	gsize len;
	g_autofree char *line = g_data_input_stream_read_line_finish(
		G_DATA_INPUT_STREAM(source), result, &len, NULL);
	json_error_t why;

	if (!line) {
		request_free(request);
		return;
	}
	json_t *body = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(body)) {
		request->control->handler(request, body, request->control->data);
	} else {
		GError *error = NULL;

		weft_fail(&error, BAD_REQUEST, "a request is one JSON object on one line%s%s",
			body ? "" : ": ", body ? "" : why.text);
		control_fail(request, error);
	}
	json_decref(body);
}

static void read_next(struct control_request *request)
{
	g_data_input_stream_read_line_async(
		request->input, G_PRIORITY_DEFAULT, NULL, line_read, request);
}

static gboolean incoming(
	GSocketService *service, GSocketConnection *connection, GObject *source, gpointer data)
{
	struct control_request *request = g_new0(struct control_request, 1);

	(void)service;
	(void)source;
	request->control = data;
	request->connection = g_object_ref(connection);
	request->input =
		g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
	read_next(request);
	return TRUE;
}

static void stream_flush(struct control_request *request);

static void stream_written(GObject *source, GAsyncResult *result, gpointer data)
{
	struct control_request *request = data;
	bool written =
		g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, NULL);

	request->writing = false;
	if (request->gone)
		request_free(request);
	else if (written)
		stream_flush(request);
	/* else: the end is read too */
}

static void stream_flush(struct control_request *request)
{
	gsize len = request->waiting->len;

	if (!len || request->writing)
		return;
	g_free(request->answer);
	request->answer = g_string_free(request->waiting, FALSE);
	request->waiting = g_string_new(NULL);
	request->writing = true;
	g_output_stream_write_all_async(
		g_io_stream_get_output_stream(G_IO_STREAM(request->connection)), request->answer,
		len, G_PRIORITY_DEFAULT, request->cancel, stream_written, request);
}

static void stream_read(GObject *source, GAsyncResult *result, gpointer data)
{
	struct control_request *request = data;
	g_autofree char *line = g_data_input_stream_read_line_finish(
		G_DATA_INPUT_STREAM(source), result, NULL, NULL);

	if (line) { /* nothing is asked any more */
		g_data_input_stream_read_line_async(
			request->input, G_PRIORITY_DEFAULT, NULL, stream_read, request);
		return;
	}
	request->gone = true;
	request->closed(request, request->closed_data);
	if (request->writing)
		g_cancellable_cancel(request->cancel);
	else
		request_free(request);
}

void control_stream(
	struct control_request *request, json_t *result, control_closed closed, void *data)
{
	json_t *root = json_pack("{s:b,s:o}", "ok", 1, "result", result);
	g_autofree char *text = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	request->closed = closed;
	request->closed_data = data;
	request->cancel = g_cancellable_new();
	request->waiting = g_string_new(text);
	g_string_append_c(request->waiting, '\n');
	g_data_input_stream_read_line_async(
		request->input, G_PRIORITY_DEFAULT, NULL, stream_read, request);
	stream_flush(request);
}

bool control_stream_write(struct control_request *request, const char *text)
{
	if (request->waiting->len > STREAM_BACKLOG_MAX)
		return false;
	g_string_append(request->waiting, text);
	stream_flush(request);
	return true;
}

bool control_new(
	const char *path, control_handler handler, void *data, struct control **ret, GError **error)
{
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
	g_autoptr(GSocketService) service = g_socket_service_new();
	mode_t mask = umask(0177);
	bool bound;

	unlink(path); /* of a former process; two live ones are told apart by the lock of state-dir
		       */
	bound = g_socket_listener_add_address(G_SOCKET_LISTENER(service), address,
		G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, error);
	umask(mask);
	if (!bound) {
		g_prefix_error(error, "control socket %s: ", path);
		return false;
	}
	struct control *control = g_new0(struct control, 1);
	control->path = g_strdup(path);
	control->service = g_steal_pointer(&service);
	control->handler = handler;
	control->data = data;
	g_signal_connect(control->service, "incoming", G_CALLBACK(incoming), control);
	g_socket_service_start(control->service);
	*ret = control;
	return true;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	g_socket_service_stop(control->service);
	g_socket_listener_close(G_SOCKET_LISTENER(control->service));
	g_object_unref(control->service);
	unlink(control->path);
	g_free(control->path);
	g_free(control);
}
