/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/push.h"

#include <jansson.h>
#include <string.h>

#include "appliance/runtime/peer.h"
#include "base/log.h"

#define RETRY_MAX_S 60
#define ANSWER_S 60	/* between two signs of life */
#define ANSWER_MAX 1000 /* characters of use in a log */

struct push {
	SoupSession *session;
	const char *folder;
	push_told told;
	void *user;
	char *config;
	GCancellable *cancel; /* of the request that is under way; NULL: none is */
	guint timer;
	unsigned retry_s;
};

struct push *push_new(const char *folder, push_told told, void *user)
{
	struct push *push = g_new0(struct push, 1);

	push->folder = folder;
	push->session = peer_session(folder, ANSWER_S);
	push->told = told;
	push->user = user;
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

static void retry(struct push *push, enum push_result result, const char *text)
{
	g_autofree char *why = g_strndup(text, ANSWER_MAX);

	log_warning("the appliance does not do what it should: %s; it is told again in %u s", why,
		push->retry_s);
	push->timer = g_timeout_add_seconds(push->retry_s, send_again, push);
	push->retry_s = MIN(2 * push->retry_s, RETRY_MAX_S);
	push->told(result, why, push->user);
}

/* The sentence of {"error": {"message": …}}; what is none is said as it is. g_free() */
static char *sentence_of(GBytes *answer)
{
	size_t len;
	const char *text = g_bytes_get_data(answer, &len);
	json_t *root = json_loadb(text ? text : "", len, 0, NULL);
	const char *message =
		json_string_value(json_object_get(json_object_get(root, "error"), "message"));
	char *sentence = message ? g_strdup(message) : g_strndup(text ? text : "", len);

	json_decref(root);
	return sentence;
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
		retry(push, PUSH_UNANSWERED, peer_problem(message) ?: error->message);
	} else if (soup_message_get_status(message) != SOUP_STATUS_OK) {
		g_autofree char *text = sentence_of(bytes);

		retry(push, PUSH_REFUSED, text);
	} else {
		log_info("the appliance does what it is told");
		push->told(PUSH_DONE, NULL, push->user);
	}
}

static void send(struct push *push)
{
	g_autoptr(SoupMessage) message =
		peer_message(push->session, push->folder, "PUT", "/v1/config");
	g_autoptr(GBytes) body = g_bytes_new(push->config, strlen(push->config));

	/* A connection of its own each time: one that is kept may be given up, for it was idle,
	 * while the next message gets it, and then that one is never answered. */
	soup_message_headers_replace(
		soup_message_get_request_headers(message), "Connection", "close");
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
