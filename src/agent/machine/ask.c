/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/ask.h"

#include "appliance/runtime/peer.h"

#define TIMEOUT_S 5

struct ask {
	SoupSession *session;
	char *folder;
	GCancellable *cancel; /* of the question that is under way; NULL: none is */
	ask_fn done;
	void *data;
	char *problem; /* of the last answer; NULL: there was one */
};

struct ask *ask_new(const char *folder)
{
	struct ask *ask = g_new0(struct ask, 1);

	ask->folder = g_strdup(folder);
	ask->session = peer_session(folder, TIMEOUT_S);
	return ask;
}

void ask_cancel(struct ask *ask)
{
	if (ask->cancel)
		g_cancellable_cancel(ask->cancel);
	g_clear_object(&ask->cancel);
}

void ask_free(struct ask *ask)
{
	ask_cancel(ask);
	g_object_unref(ask->session);
	g_free(ask->folder);
	g_free(ask->problem);
	g_free(ask);
}

static void answered(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(source), result);
	g_autoptr(GBytes) bytes =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	struct ask *ask = data;
	json_t *answer = NULL;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* ask may be gone */
	g_clear_object(&ask->cancel);
	g_free(ask->problem);
	ask->problem = g_strdup(error ? peer_problem(message) ?: error->message : NULL);
	if (bytes && soup_message_get_status(message) == SOUP_STATUS_OK)
		answer =
			json_loadb(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), 0, NULL);
	ask->done(answer, ask->data);
	json_decref(answer);
}

const char *ask_problem(const struct ask *ask)
{
	return ask->problem;
}

void ask_get(struct ask *ask, const char *path, ask_fn done, void *data)
{
	g_autoptr(SoupMessage) message = NULL;

	ask_cancel(ask);
	message = peer_message(ask->session, ask->folder, "GET", path);
	ask->done = done;
	ask->data = data;
	ask->cancel = g_cancellable_new();
	soup_session_send_and_read_async(
		ask->session, message, G_PRIORITY_DEFAULT, ask->cancel, answered, ask);
}
