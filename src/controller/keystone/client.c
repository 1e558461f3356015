/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP to Keystone: one libsoup session in the main loop, with connections kept alive. */
#include <libsoup/soup.h>
#include <string.h>

#include "controller/keystone/keystone.h"

#define CONNECTIONS_MAX 8
#define IDLE_S 30

struct client {
	const struct config_keystone *config;
	SoupSession *session;
	GQueue open; /* struct exchange */
};

/* It outlives its client until libsoup has called back. */
struct exchange {
	GList link;
	struct client *client; /* NULL: closed */
	SoupMessage *message;
	GCancellable *cancel;
	guint deadline;
	bool late;
	void *ask;
};

static void exchange_free(struct exchange *exchange)
{
	if (exchange->client)
		g_queue_unlink(&exchange->client->open, &exchange->link);
	g_clear_handle_id(&exchange->deadline, g_source_remove);
	g_object_unref(exchange->message);
	g_object_unref(exchange->cancel);
	g_free(exchange);
}

static gboolean too_late(gpointer data)
{
	struct exchange *exchange = data;

	exchange->deadline = 0;
	exchange->late = true;
	g_cancellable_cancel(exchange->cancel);
	return G_SOURCE_REMOVE;
}

static void received(GObject *source, GAsyncResult *result, gpointer data)
{
	struct exchange *exchange = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) body =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	g_autoptr(SoupMessage) message = g_object_ref(exchange->message);
	g_autofree char *late = NULL;
	void *ask = exchange->ask;
	struct keystone_answer answer = { 0 };

	if (!exchange->client)
		return exchange_free(exchange);
	if (exchange->late)
		late = g_strdup_printf("no answer for %u s", exchange->client->config->timeout_s);
	exchange_free(exchange);
	if (late || !body) {
		answer.why = late ?: error->message;
	} else {
		answer.status = soup_message_get_status(message);
		answer.subject = soup_message_headers_get_one(
			soup_message_get_response_headers(message), "X-Subject-Token");
		answer.body = g_bytes_get_data(body, &answer.len) ?: "";
	}
	keystone_answered(ask, &answer);
}

static void add_header(SoupMessage *message, const char *name, const char *value)
{
	if (value)
		soup_message_headers_replace(
			soup_message_get_request_headers(message), name, value);
}

static void client_send(const struct keystone_request *request, void *ask, void *data)
{
	struct client *client = data;
	g_autofree char *url = g_strconcat(client->config->url, request->path, NULL);
	struct exchange *exchange = g_new0(struct exchange, 1);

	exchange->link.data = exchange;
	exchange->client = client;
	exchange->ask = ask;
	exchange->cancel = g_cancellable_new();
	exchange->message = soup_message_new(request->method, url);
	/* Tokens are not to be carried elsewhere. */
	soup_message_add_flags(exchange->message, SOUP_MESSAGE_NO_REDIRECT);
	add_header(exchange->message, "Accept", "application/json");
	add_header(exchange->message, "X-Auth-Token", request->token);
	add_header(exchange->message, "X-Subject-Token", request->subject);
	if (request->body) {
		g_autoptr(GBytes) bytes = g_bytes_new(request->body, strlen(request->body));

		soup_message_set_request_body_from_bytes(
			exchange->message, "application/json", bytes);
	}
	exchange->deadline = g_timeout_add_seconds(client->config->timeout_s, too_late, exchange);
	g_queue_push_tail_link(&client->open, &exchange->link);
	soup_session_send_and_read_async(client->session, exchange->message, G_PRIORITY_DEFAULT,
		exchange->cancel, received, exchange);
}

static void client_close(void *data)
{
	struct client *client = data;
	GList *link;

	while ((link = g_queue_pop_head_link(&client->open))) {
		struct exchange *exchange = link->data;

		exchange->client = NULL;
		g_cancellable_cancel(exchange->cancel);
	}
	soup_session_abort(client->session);
	g_object_unref(client->session);
	g_free(client);
}

static u64 client_now_us(void *data)
{
	(void)data;
	return (u64)g_get_monotonic_time();
}

static s64 client_time(void *data)
{
	(void)data;
	return g_get_real_time() / G_USEC_PER_SEC;
}

bool keystone_client_new(
	const struct config_keystone *config, struct keystone_io *ret, GError **error)
{
	g_autoptr(SoupSession) session =
		soup_session_new_with_options("max-conns", CONNECTIONS_MAX, "max-conns-per-host",
			CONNECTIONS_MAX, "idle-timeout", IDLE_S, "user-agent", "weftd", NULL);
	struct client *client;

	if (config->ca_file) {
		g_autoptr(GTlsDatabase) database = g_tls_file_database_new(config->ca_file, error);

		if (!database) {
			g_prefix_error(error, "[keystone] ca-file %s: ", config->ca_file);
			return false;
		}
		soup_session_set_tls_database(session, database);
	}
	client = g_new0(struct client, 1);
	client->config = config;
	client->session = g_steal_pointer(&session);
	*ret = (struct keystone_io){
		.send = client_send,
		.close = client_close,
		.now_us = client_now_us,
		.time = client_time,
		.data = client,
	};
	return true;
}
