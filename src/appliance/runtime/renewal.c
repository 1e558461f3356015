/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/renewal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/runtime/peer.h"
#include "base/log.h"

#define ANSWER_S 60
#define LOOKS 30 /* in the life of a certificate, at least */
#define LOOK_MAX_S 60

struct renewal {
	const char *folder, *id;
	SoupSession *session;
	void (*given_up)(const char *why, void *user);
	void *user;
	s64 end_s;
	u32 lifetime_s;
	guint timer;
	GCancellable *cancel;	   /* of what it is being told; NULL: nothing */
	struct certificates *next; /* NULL: none yet */
	char *problem;		   /* of the last try; NULL: there was none */
};

struct renewal *renewal_new(const char *folder, const char *id,
	void (*given_up)(const char *why, void *user), void *user)
{
	struct renewal *renewal = g_new0(struct renewal, 1);

	*renewal = (struct renewal){ .folder = folder,
		.id = id,
		.session = peer_session(folder, ANSWER_S),
		.given_up = given_up,
		.user = user };
	return renewal;
}

void renewal_stop(struct renewal *renewal)
{
	g_clear_handle_id(&renewal->timer, g_source_remove);
	if (renewal->cancel)
		g_cancellable_cancel(renewal->cancel);
	g_clear_object(&renewal->cancel);
	g_clear_pointer(&renewal->next, certificates_free);
	g_clear_pointer(&renewal->problem, g_free);
}

void renewal_free(struct renewal *renewal)
{
	renewal_stop(renewal);
	g_object_unref(renewal->session);
	g_free(renewal);
}

static void note_problem(struct renewal *renewal, const char *what)
{
	log_limited(warning, "the certificates can't be renewed: %s; tried again", what);
	g_free(renewal->problem);
	renewal->problem = g_strdup(what);
}

static void turn(struct renewal *renewal)
{
	g_autoptr(GError) error = NULL;

	if (!certificates_turn(renewal->folder, &error)) {
		note_problem(renewal, error->message);
		return;
	}
	renewal->end_s = renewal->next->end_s;
	g_clear_pointer(&renewal->next, certificates_free);
	g_clear_pointer(&renewal->problem, g_free);
	log_info("the certificates are renewed");
}

static void told(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(source), result);
	g_autoptr(GBytes) bytes =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	struct renewal *renewal = data;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* renewal may be gone */
	g_clear_object(&renewal->cancel);
	if (error) {
		note_problem(renewal, peer_problem(message) ?: error->message);
	} else if (soup_message_get_status(message) != SOUP_STATUS_OK) {
		g_autofree char *text =
			g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

		note_problem(renewal, text);
	} else {
		turn(renewal);
	}
}

static bool prepare(struct renewal *renewal, GError **error)
{
	if (!renewal->next)
		renewal->next = certificates_make(renewal->id,
			g_get_real_time() / G_USEC_PER_SEC + renewal->lifetime_s, error);
	return renewal->next &&
	       certificates_save(renewal->next, renewal->folder, CERTIFICATE_NEXT, error);
}

static void tell(struct renewal *renewal)
{
	g_autoptr(SoupMessage) message =
		peer_message(renewal->session, renewal->folder, "PUT", "/v1/certificate");
	json_t *json = json_pack("{s:s, s:s, s:s}", "certificate", renewal->next->own, "key",
		renewal->next->own_key, "controller_certificate", renewal->next->client);
	char *text = json_dumps(json, JSON_COMPACT);
	g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));

	json_decref(json);
	free(text);
	soup_message_headers_replace(
		soup_message_get_request_headers(message), "Connection", "close");
	soup_message_set_request_body_from_bytes(message, "application/json", body);
	renewal->cancel = g_cancellable_new();
	soup_session_send_and_read_async(
		renewal->session, message, G_PRIORITY_DEFAULT, renewal->cancel, told, renewal);
}

static void give_up(struct renewal *renewal)
{
	g_autoptr(GDateTime) end = g_date_time_new_from_unix_utc(renewal->end_s);
	g_autofree char *time = g_date_time_format_iso8601(end);
	g_autofree char *why =
		g_strdup_printf("its certificate has expired, at %s, and could not be renewed: %s",
			time, renewal->problem ?: "it does not answer");

	renewal_stop(renewal);
	renewal->given_up(why, renewal->user);
}

static gboolean look(gpointer data)
{
	struct renewal *renewal = data;
	g_autoptr(GError) error = NULL;
	s64 left_s = renewal->end_s - g_get_real_time() / G_USEC_PER_SEC;

	if (left_s <= 0) {
		renewal->timer = 0;
		give_up(renewal);
		return G_SOURCE_REMOVE;
	}
	if (left_s > renewal->lifetime_s / 3 || renewal->cancel)
		return G_SOURCE_CONTINUE;
	if (prepare(renewal, &error))
		tell(renewal);
	else
		note_problem(renewal, error->message);
	return G_SOURCE_CONTINUE;
}

void renewal_begin(struct renewal *renewal, s64 end_s, u32 lifetime_s)
{
	renewal_stop(renewal);
	renewal->end_s = end_s;
	renewal->lifetime_s = lifetime_s;
	renewal->timer =
		g_timeout_add_seconds(CLAMP(lifetime_s / LOOKS, 1, LOOK_MAX_S), look, renewal);
}
