/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/ask.h"

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>

#define TIMEOUT_S 5

struct ask {
	SoupSession *session;
	char *folder;
	GCancellable *cancel; /* of the question that is under way; NULL: none is */
	ask_fn done;
	void *data;
};

struct ask *ask_new(const char *folder)
{
	g_autofree char *socket = g_build_filename(folder, "api.sock", NULL);
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket);
	struct ask *ask = g_new0(struct ask, 1);

	ask->folder = g_strdup(folder);
	ask->session = soup_session_new_with_options(
		"remote-connectable", address, "timeout", TIMEOUT_S, NULL);
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
	if (bytes && soup_message_get_status(message) == SOUP_STATUS_OK)
		answer =
			json_loadb(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), 0, NULL);
	ask->done(answer, ask->data);
	json_decref(answer);
}

static void unref_certificate(gpointer certificate, GClosure *closure)
{
	(void)closure;
	g_object_unref(certificate);
}

/* It is not by whom it was signed that the machine's certificate is known: it must be that one. */
static gboolean is_expected(SoupMessage *message, GTlsCertificate *shown,
	GTlsCertificateFlags errors, gpointer expected)
{
	(void)message, (void)errors;
	return g_tls_certificate_is_same(shown, expected);
}

/* A question to it, as whoever made the machine has it. */
static SoupMessage *message_new(const struct ask *ask, const char *path)
{
	g_autofree char *file = g_build_filename(ask->folder, "cert.pem", NULL);
	g_autoptr(GTlsCertificate) expected = g_tls_certificate_new_from_file(file, NULL);
	g_autofree char *url = g_strconcat(expected ? "https" : "http", "://appliance", path, NULL);
	SoupMessage *message = soup_message_new("GET", url);

	if (expected)
		g_signal_connect_data(message, "accept-certificate", G_CALLBACK(is_expected),
			g_steal_pointer(&expected), unref_certificate, 0);
	return message;
}

void ask_get(struct ask *ask, const char *path, ask_fn done, void *data)
{
	g_autofree char *file = g_build_filename(ask->folder, "credential", NULL);
	g_autoptr(SoupMessage) message = message_new(ask, path);
	g_autofree char *credential = NULL, *bearer = NULL;

	ask_cancel(ask);
	g_file_get_contents(file, &credential, NULL, NULL); /* without it, it refuses us */
	bearer = g_strconcat("Bearer ", credential ? g_strstrip(credential) : "", NULL);
	soup_message_headers_replace(
		soup_message_get_request_headers(message), "Authorization", bearer);
	ask->done = done;
	ask->data = data;
	ask->cancel = g_cancellable_new();
	soup_session_send_and_read_async(
		ask->session, message, G_PRIORITY_DEFAULT, ask->cancel, answered, ask);
}
