/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/client.h"

#include <inttypes.h>
#include <jansson.h>
#include <libsoup/soup.h>

#include "base/error.h"
#include "base/log.h"

#define READ_BYTES (64 * 1024)

/* One view stream. It outlives its closing until libsoup has called back. */
struct view_request {
	struct client *client; /* NULL: closed */
	GCancellable *cancel;
	SoupMessage *message;
	GInputStream *body;
	char buffer[READ_BYTES];
};

/* A report on its way; like a stream it outlives its end. */
struct report_request {
	struct client *client; /* NULL: abandoned */
	GCancellable *cancel;
};

struct client {
	SoupSession *session;
	const struct config *config; /* borrowed */
	char *instance;
	struct client_events events;
	struct view_request *view; /* the open one */
	struct report_request *report;
};

bool client_new(const struct config *config, const char *instance,
	const struct client_events *events, struct client **ret, GError **error)
{
	g_autoptr(SoupSession) session = soup_session_new();

	/* Idle connections end when weftd ends them: libsoup may give one up in the moment in which
	 * a report gets it, and then waits for an answer to that for ever. */
	g_object_set(session, "user-agent", "weft-agent/" WEFT_VERSION, "timeout", 0,
		"idle-timeout", 0, NULL);
	if (config->ca_file) {
		g_autoptr(GTlsDatabase) database = g_tls_file_database_new(config->ca_file, error);

		if (!database) {
			g_prefix_error(error, "ca-file %s: ", config->ca_file);
			return false;
		}
		soup_session_set_tls_database(session, database);
	}
	struct client *client = g_new0(struct client, 1);
	client->session = g_steal_pointer(&session);
	client->config = config;
	client->instance = g_strdup(instance);
	client->events = *events;
	*ret = client;
	return true;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	client_close_view(client);
	client_abandon_report(client);
	soup_session_abort(client->session);
	g_object_unref(client->session);
	g_free(client->instance);
	g_free(client);
}

static SoupMessage *make_message(
	struct client *client, const char *method, const char *url, const char *path)
{
	g_autofree char *host = g_uri_escape_string(client->config->host, NULL, FALSE);
	g_autofree char *full = g_strdup_printf("%s/weft/v1/hosts/%s/%s", url, host, path);
	SoupMessage *message = soup_message_new(method, full);

	if (message && client->config->credential) {
		g_autofree char *bearer = g_strconcat("Bearer ", client->config->credential, NULL);

		soup_message_headers_replace(
			soup_message_get_request_headers(message), "Authorization", bearer);
	}
	return message;
}

/* The sentence in an error's body ({"NeutronError": {"message": …}}), or "". */
static char *message_of_body(const char *body, size_t len)
{
	json_t *root = json_loadb(body, len, 0, NULL);
	const char *text = json_string_value(
		json_object_get(json_object_get(root, "NeutronError"), "message"));
	char *copy = g_strdup(text ? text : "");

	json_decref(root);
	return copy;
}

/* What a refusal means for whoever reads the log. */
static char *explain(
	const struct client *client, SoupMessage *message, const char *body, size_t len)
{
	unsigned status = soup_message_get_status(message);
	g_autofree char *said = message_of_body(body, len);
	const char *colon = *said ? ": " : "";

	switch (status) {
	case 401:
		return g_strdup_printf("401, it does not accept the credential of host %s%s%s",
			client->config->host, colon, said);
	case 403:
		return g_strdup_printf("403, the credential is not host %s's%s%s",
			client->config->host, colon, said);
	case 404:
		return g_strdup_printf(
			"404, it knows no host %s%s%s", client->config->host, colon, said);
	case 409:
		return g_strdup_printf(
			"409, another agent holds host %s%s%s", client->config->host, colon, said);
	default:
		return g_strdup_printf("answer %u %s%s%s", status,
			soup_message_get_reason_phrase(message), colon, said);
	}
}

static void view_request_free(struct view_request *request)
{
	g_clear_object(&request->body);
	g_object_unref(request->message);
	g_object_unref(request->cancel);
	g_free(request);
}

/* The request is over; tells the client unless it has closed it. */
static void view_over(struct view_request *request, const char *why)
{
	struct client *client = request->client;

	if (client)
		client->view = NULL;
	view_request_free(request);
	if (client)
		client->events.broken(why, client->events.data);
}

static void read_next(struct view_request *request);

static void read_done(GObject *source, GAsyncResult *result, gpointer data)
{
	struct view_request *request = data;
	g_autoptr(GError) error = NULL;
	gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, &error);
	unsigned status = soup_message_get_status(request->message);

	if (n <= 0 || !request->client) {
		view_over(request, error ? error->message : "it closed the connection");
	} else if (status != 200) {
		g_autofree char *why =
			explain(request->client, request->message, request->buffer, (size_t)n);

		view_over(request, why);
	} else {
		request->client->events.bytes(
			request->buffer, (size_t)n, request->client->events.data);
		read_next(request); /* finds out if that closed it */
	}
}

static void read_next(struct view_request *request)
{
	g_input_stream_read_async(request->body, request->buffer, sizeof(request->buffer),
		G_PRIORITY_DEFAULT, request->cancel, read_done, request);
}

static void sent(GObject *source, GAsyncResult *result, gpointer data)
{
	struct view_request *request = data;
	g_autoptr(GError) error = NULL;

	request->body = soup_session_send_finish(SOUP_SESSION(source), result, &error);
	if (!request->body)
		view_over(request, error->message);
	else
		read_next(request);
}

void client_open_view(struct client *client, const char *url, u64 since, const char *store)
{
	g_autofree char *path = g_strdup_printf("view?since=%" PRIu64 "&store=%s&instance=%s",
		since, store ? store : "", client->instance);
	SoupMessage *message = make_message(client, "GET", url, path);

	client_close_view(client);
	if (!message) {
		client->events.broken("its URL is not one", client->events.data);
		return;
	}
	client->view = g_new0(struct view_request, 1);
	client->view->client = client;
	client->view->message = message;
	client->view->cancel = g_cancellable_new();
	soup_session_send_async(client->session, message, G_PRIORITY_DEFAULT, client->view->cancel,
		sent, client->view);
}

void client_close_view(struct client *client)
{
	struct view_request *request = g_steal_pointer(&client->view);

	if (!request)
		return;
	request->client = NULL;
	g_cancellable_cancel(request->cancel);
}

static void reported(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) body =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(source), result);
	struct report_request *request = data;
	struct client *client = request->client;

	g_object_unref(request->cancel);
	g_free(request);
	if (!client)
		return;
	client->report = NULL;
	if (!body) {
		client->events.reported(error->message, client->events.data);
		return;
	}
	if (SOUP_STATUS_IS_SUCCESSFUL(soup_message_get_status(message))) {
		client->events.reported(NULL, client->events.data);
		return;
	}
	g_autofree char *why =
		explain(client, message, g_bytes_get_data(body, NULL), g_bytes_get_size(body));
	client->events.reported(why, client->events.data);
}

static void handed_over(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) body =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(source), result);
	unsigned status = soup_message_get_status(message);
	g_autofree char *said = NULL;

	(void)data;
	if (body && SOUP_STATUS_IS_SUCCESSFUL(status))
		return;
	if (body)
		said = message_of_body(g_bytes_get_data(body, NULL), g_bytes_get_size(body));
	log_warning(
		"connections of a port that has moved are lost: %s", body ? said : error->message);
}

void client_abandon_report(struct client *client)
{
	struct report_request *request = g_steal_pointer(&client->report);

	if (!request)
		return;
	request->client = NULL;
	g_cancellable_cancel(request->cancel);
}

/* A POST of JSON to one of the host's paths. */
static SoupMessage *make_post(
	struct client *client, const char *url, const char *path, const char *body, size_t len)
{
	SoupMessage *message = make_message(client, "POST", url, path);
	g_autoptr(GBytes) bytes = g_bytes_new(body, len);

	if (!message)
		return NULL;
	soup_message_set_request_body_from_bytes(message, "application/json", bytes);
	/* what is said here may be repeated; without the flag each POST would have a connection of
	 * its own */
	soup_message_add_flags(message, SOUP_MESSAGE_IDEMPOTENT);
	return message;
}

void client_hand_over(struct client *client, const char *url, const char *body, size_t len)
{
	g_autoptr(SoupMessage) message = make_post(client, url, "connections", body, len);

	if (message)
		soup_session_send_and_read_async(
			client->session, message, G_PRIORITY_DEFAULT, NULL, handed_over, NULL);
}

void client_report(struct client *client, const char *url, const char *body, size_t len)
{
	g_autoptr(SoupMessage) message = make_post(client, url, "report", body, len);

	if (!message) {
		client->events.reported("its URL is not one", client->events.data);
		return;
	}
	client->report = g_new0(struct report_request, 1);
	client->report->client = client;
	client->report->cancel = g_cancellable_new();
	soup_session_send_and_read_async(client->session, message, G_PRIORITY_DEFAULT,
		client->report->cancel, reported, client->report);
}
