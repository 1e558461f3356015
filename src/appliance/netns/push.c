/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/netns/push.h"

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>
#include <string.h>

#include "base/log.h"

#define RETRY_MAX_S 60
#define ANSWER_MAX 1000 /* characters of use in a log */

struct push {
	SoupSession *session;
	const char *credential;
	char *config;
	GCancellable *cancel; /* of the request that is under way; NULL: none is */
	guint timer;
	unsigned retry_s;
};

struct push *push_new(const char *socket, const char *credential)
{
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket);
	struct push *push = g_new0(struct push, 1);

	push->session =
		soup_session_new_with_options("remote-connectable", address, "timeout", 60, NULL);
	push->credential = credential;
	return push;
}

static void send(struct push *push);

static gboolean send_again(gpointer data)
{
	struct push *push = data;

	push->timer = 0;
	send(push);
	return G_SOURCE_REMOVE;
}

static void retry(struct push *push, const char *why)
{
	log_warning("the appliance does not do what it should: %.*s; it is told again in %u s",
		ANSWER_MAX, why, push->retry_s);
	push->timer = g_timeout_add_seconds(push->retry_s, send_again, push);
	push->retry_s = MIN(2 * push->retry_s, RETRY_MAX_S);
}

static void sent(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(source), result);
	g_autoptr(GBytes) bytes =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	struct push *push = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* push may be gone */
	g_clear_object(&push->cancel);
	if (error) {
		retry(push, error->message);
	} else if (soup_message_get_status(message) != SOUP_STATUS_OK) {
		g_autofree char *text =
			g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

		retry(push, text);
	} else {
		log_info("the appliance does what it is told");
	}
}

static void send(struct push *push)
{
	g_autoptr(SoupMessage) message = soup_message_new("PUT", "http://appliance/v1/config");
	g_autoptr(GBytes) body = g_bytes_new(push->config, strlen(push->config));
	g_autofree char *bearer = g_strconcat("Bearer ", push->credential, NULL);

	soup_message_headers_replace(
		soup_message_get_request_headers(message), "Authorization", bearer);
	soup_message_set_request_body_from_bytes(message, "application/json", body);
	push->cancel = g_cancellable_new();
	soup_session_send_and_read_async(
		push->session, message, G_PRIORITY_DEFAULT, push->cancel, sent, push);
}

void push_stop(struct push *push)
{
	g_clear_handle_id(&push->timer, g_source_remove);
	if (push->cancel)
		g_cancellable_cancel(push->cancel);
	g_clear_object(&push->cancel);
}

void push_config(struct push *push, const char *config)
{
	push_stop(push);
	g_free(push->config);
	push->config = g_strdup(config);
	push->retry_s = 1;
	send(push);
}

void push_free(struct push *push)
{
	push_stop(push);
	g_object_unref(push->session);
	g_free(push->config);
	g_free(push);
}
