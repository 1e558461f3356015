/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/notify/notify.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/log.h"
#include "controller/notify/event.h"
#include "model/host/notification.h"

#define BATCH_MAX 100
#define PENDING_MAX 100000
#define ANSWER_S 30
#define BACKOFF_FIRST_S 1
#define BACKOFF_MAX_S 60

/* A request on its way; it may outlive who sent it. */
struct delivery {
	struct notify *notify; /* NULL: gone */
	unsigned n;	       /* events at the head of the queue that it carries */
};

struct notify {
	SoupSession *session;
	GCancellable *cancel;
	struct model *model;
	struct commit *commit;
	char *url, *token;
	GQueue pending;	     /* struct object: notifications, durable */
	GPtrArray *answered; /* those that are to be deleted */
	struct delivery *delivery;
	guint retry;
	unsigned backoff_s;
	struct notify_stats stats;
};

static const struct caller weftd_itself = { CALLER_SYSTEM, "" };

static void free_object(gpointer object)
{
	object_unref(object);
}

static void send_next(struct notify *notify);

static gboolean retry_due(gpointer data)
{
	struct notify *notify = data;

	notify->retry = 0;
	send_next(notify);
	return G_SOURCE_REMOVE;
}

static void retry_later(struct notify *notify, const char *why)
{
	notify->backoff_s =
		notify->backoff_s ? MIN(notify->backoff_s * 2, BACKOFF_MAX_S) : BACKOFF_FIRST_S;
	notify->stats.failures++;
	log_limited(warning, "notify: %s: %s; %u event(s) wait, tried again in %u s", notify->url,
		why, notify->pending.length, notify->backoff_s);
	notify->retry = g_timeout_add_seconds(notify->backoff_s, retry_due, notify);
}

/* A deletion on its way to the store. */
struct removal {
	struct notify *notify;
	GPtrArray *objects;
};

/* What the store did not take is deleted with the next ones. */
static void removed(const struct changeset *changes, const GError *error, void *user)
{
	struct removal *removal = user;

	(void)changes;
	if (error)
		g_ptr_array_extend_and_steal(
			removal->notify->answered, g_steal_pointer(&removal->objects));
	else
		g_ptr_array_unref(removal->objects);
	g_free(removal);
}

static void remove_answered(struct notify *notify)
{
	struct txn *txn = txn_new(notify->model, &weftd_itself);
	struct removal *removal = g_new(struct removal, 1);

	*removal = (struct removal){ notify, notify->answered };
	notify->answered = g_ptr_array_new_with_free_func(free_object);
	for (guint i = 0; i < removal->objects->len; i++)
		txn_remove(txn, removal->objects->pdata[i], NULL);
	commit_submit(notify->commit, txn, removed, removal);
}

static void forget(struct notify *notify, unsigned n)
{
	while (n--)
		g_ptr_array_add(notify->answered, g_queue_pop_head(&notify->pending));
	notify->backoff_s = 0;
	remove_answered(notify);
}

/* Whether the same request may be answered otherwise later. */
static bool is_passing(unsigned status)
{
	return status >= 500 || status == 401 || status == 403 || status == 408 || status == 429;
}

static const char *event_text(const struct object *notification)
{
	return object_str(notification, NOTIFICATION_EVENT);
}

static void answered(struct notify *notify, unsigned n, unsigned status, const char *error)
{
	g_autofree char *code = g_strdup_printf("answer %u", status);

	if (error || is_passing(status))
		return retry_later(notify, error ?: code);
	if (SOUP_STATUS_IS_SUCCESSFUL(status)) {
		notify->stats.sent += n;
	} else {
		notify->stats.refused += n;
		log_warning("notify: %s refuses %u event(s) with %s, the first is %s", notify->url,
			n, code, event_text(g_queue_peek_head(&notify->pending)));
	}
	forget(notify, n);
	send_next(notify);
}

static void delivered(GObject *source, GAsyncResult *result, gpointer data)
{
	struct delivery *delivery = data;
	struct notify *notify = delivery->notify;
	SoupMessage *message = soup_session_get_async_result_message(SOUP_SESSION(source), result);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) body =
		soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
	unsigned n = delivery->n, status = soup_message_get_status(message);

	g_free(delivery);
	if (!notify)
		return;
	notify->delivery = NULL;
	answered(notify, n, status, error ? error->message : NULL);
}

static GBytes *batch(const struct notify *notify, unsigned *ret_n)
{
	GString *text = g_string_new("{\"events\":[");
	unsigned n = 0;

	for (GList *link = notify->pending.head; link && n < BATCH_MAX; link = link->next, n++)
		g_string_append_printf(text, "%s%s", n ? "," : "", event_text(link->data));
	g_string_append(text, "]}");
	*ret_n = n;
	return g_string_free_to_bytes(text);
}

static void send_next(struct notify *notify)
{
	g_autoptr(SoupMessage) message = NULL;
	g_autoptr(GBytes) body = NULL;

	if (notify->delivery || notify->retry || !notify->pending.length)
		return;
	notify->delivery = g_new0(struct delivery, 1);
	notify->delivery->notify = notify;
	body = batch(notify, &notify->delivery->n);
	message = soup_message_new("POST", notify->url);
	soup_message_set_request_body_from_bytes(message, "application/json", body);
	soup_message_add_flags(message, SOUP_MESSAGE_NO_REDIRECT);
	if (notify->token)
		soup_message_headers_replace(
			soup_message_get_request_headers(message), "X-Auth-Token", notify->token);
	soup_session_send_and_read_async(notify->session, message, G_PRIORITY_LOW, notify->cancel,
		delivered, notify->delivery);
}

struct staging {
	struct notify *notify;
	struct txn *txn;
};

static void stage_event(const char *event, gpointer data)
{
	const struct staging *staging = data;
	struct notify *notify = staging->notify;
	struct object *draft;

	if (model_count_all(notify->model, KIND_NOTIFICATION) >= PENDING_MAX) {
		notify->stats.dropped++;
		log_limited(warning, "notify: %s has not answered for too long; %s is dropped",
			notify->url, event);
		return;
	}
	draft = object_new(&notification_kind, NULL);
	object_set_str(draft, NOTIFICATION_EVENT, event);
	txn_put(staging->txn, draft, NULL); /* it has neither references nor unique keys */
}

static void stage_change(const struct change *change, void *user)
{
	event_of_change(change, stage_event, user);
}

/* The events of a transaction are part of it. */
static void amend(struct txn *txn, void *user)
{
	struct staging staging = { user, txn };

	txn_each(txn, stage_change, &staging);
}

static void changed(const struct changeset *changes, void *user)
{
	struct notify *notify = user;

	for (unsigned i = 0; i < changes->n; i++)
		if (changes->changes[i].kind == KIND_NOTIFICATION && changes->changes[i].new)
			g_queue_push_tail(&notify->pending, object_ref(changes->changes[i].new));
	send_next(notify);
}

/* What an earlier weftd left. */
static void take_up(struct notify *notify)
{
	const struct object *notification;
	struct model_iter iter;

	model_iter_all(&iter, notify->model, KIND_NOTIFICATION, NULL);
	while ((notification = model_iter_next(&iter)))
		g_queue_push_tail(&notify->pending, object_ref(notification));
	if (!notify->pending.length)
		return;
	log_info("notify: %u event(s) for %s of before", notify->pending.length, notify->url);
	send_next(notify);
}

static bool check_url(const char *url, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(url, SOUP_HTTP_URI_FLAGS, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";

	if (uri && (!strcmp(scheme, "http") || !strcmp(scheme, "https")) && g_uri_get_host(uri))
		return true;
	return weft_fail(error, INVALID_INPUT,
		"[notify] url = %s: give an http or https URL, like "
		"https://nova.example.org:8774/v2.1/os-server-external-events",
		url);
}

struct notify *notify_new(const struct notify_config *config, struct model *model,
	struct commit *commit, GError **error)
{
	struct notify *notify;

	if (!check_url(config->url, error))
		return NULL;
	notify = g_new0(struct notify, 1);
	notify->url = g_strdup(config->url);
	notify->token = g_strdup(config->token);
	notify->session = soup_session_new();
	notify->cancel = g_cancellable_new();
	notify->model = model;
	notify->commit = commit;
	g_queue_init(&notify->pending);
	notify->answered = g_ptr_array_new_with_free_func(free_object);
	g_object_set(
		notify->session, "user-agent", "weftd/" WEFT_VERSION, "timeout", ANSWER_S, NULL);
	commit_amend(commit, amend, notify);
	commit_watch(commit, changed, notify);
	take_up(notify);
	return notify;
}

void notify_free(struct notify *notify)
{
	if (notify->pending.length)
		log_info("notify: %u event(s) for %s wait for the next start",
			notify->pending.length, notify->url);
	g_clear_handle_id(&notify->retry, g_source_remove);
	if (notify->delivery)
		notify->delivery->notify = NULL;
	g_cancellable_cancel(notify->cancel);
	soup_session_abort(notify->session);
	g_object_unref(notify->cancel);
	g_object_unref(notify->session);
	g_queue_clear_full(&notify->pending, free_object);
	g_ptr_array_unref(notify->answered);
	g_free(notify->url);
	g_free(notify->token);
	g_free(notify);
}

struct notify_stats notify_stats(const struct notify *notify)
{
	struct notify_stats stats = notify->stats;

	stats.pending = notify->pending.length;
	return stats;
}
