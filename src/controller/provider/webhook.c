/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/webhook.h"

#include <libsoup/soup.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "controller/provider/message.h"
#include "controller/provider/sign.h"

#define PART_SIZE 65536

struct webhook {
	struct provider_driver driver;
	SoupSession *session;
	unsigned timeout_s;
	char *secret;
	GQueue open; /* struct post */
};

/* A request on its way; it outlives a webhook that is freed. */
struct post {
	GList link;
	struct webhook *webhook; /* NULL: gone */
	provider_done_fn done;
	provider_surveyed_fn surveyed;
	bool of_status; /* the answer is what it says of tunnels */
	void *user;
	SoupMessage *message;
	GCancellable *cancel;
	GInputStream *stream;
	GByteArray *body; /* as far as it has come */
	guint deadline;	  /* 0: it is not being sent yet, or it was too late */
	bool late;
};

/* Whether the same request may be answered otherwise later. */
static bool is_passing(unsigned status)
{
	return status >= 500 || status == 401 || status == 403 || status == 404 || status == 408 ||
	       status == 409 || status == 425 || status == 429;
}

static const char *reason_in(const json_t *body, const char *otherwise)
{
	const char *reason = json_string_value(json_object_get(body, "reason"));

	return reason && *reason && strlen(reason) <= 1000 ? reason : otherwise;
}

static void take_result(const struct post *post, unsigned status, const json_t *body)
{
	g_autofree char *code =
		g_strdup_printf("%s answered %u", post->webhook->driver.source, status);
	g_autoptr(GError) error = NULL;
	struct provider_result result = { WEFT_PROVIDER_OK, NULL,
		post->of_status ? body : json_object_get(body, "desired") };

	/* one that has never heard of the event is not asked again before the next reconciliation
	 */
	if (post->of_status && !SOUP_STATUS_IS_SUCCESSFUL(status) && !is_passing(status))
		post->webhook->driver.tells_status = false;
	if (!SOUP_STATUS_IS_SUCCESSFUL(status)) {
		result.result = is_passing(status) ? WEFT_PROVIDER_FAILED : WEFT_PROVIDER_REFUSED;
		result.reason = reason_in(body, code);
	} else if (!provider_answer_check(result.answer, &error)) {
		result.result = WEFT_PROVIDER_FAILED;
		result.reason = error->message;
	}
	post->done(&result, post->user);
}

/* {"attachments": [{"attachment": ID, "digest": TEXT}, …]} as {ID: TEXT}; NULL: it is not that. */
static json_t *inventory(const json_t *body)
{
	const json_t *list = json_object_get(body, "attachments"), *item;
	json_t *has;
	size_t i;

	if (!json_is_array(list))
		return NULL;
	has = json_object();
	json_array_foreach(list, i, item) {
		const char *id = json_string_value(json_object_get(item, "attachment"));
		json_t *digest = json_object_get(item, "digest");

		if (id && json_is_string(digest))
			json_object_set(has, id, digest);
	}
	return has;
}

static void take_inventory(const struct post *post, unsigned status, const json_t *body)
{
	json_t *has = SOUP_STATUS_IS_SUCCESSFUL(status) ? inventory(body) : NULL;
	g_autofree char *code = g_strdup_printf("%s answered reconcile with %u%s",
		post->webhook->driver.source, status,
		SOUP_STATUS_IS_SUCCESSFUL(status) ? ", without a list of attachments" : "");

	post->surveyed(has, has ? NULL : code, post->user);
	json_decref(has);
}

static void fail(const struct post *post, const char *reason)
{
	const struct provider_result result = { WEFT_PROVIDER_FAILED, reason, NULL };

	if (post->surveyed)
		post->surveyed(NULL, reason, post->user);
	else
		post->done(&result, post->user);
}

static void free_post(struct post *post)
{
	g_clear_handle_id(&post->deadline, g_source_remove);
	g_clear_object(&post->stream);
	g_signal_handlers_disconnect_by_data(post->message, post);
	g_object_unref(post->message);
	g_object_unref(post->cancel);
	g_byte_array_unref(post->body);
	g_free(post);
}

/* @why NULL: the answer is there. */
static void take(const struct post *post, const char *why)
{
	unsigned status = soup_message_get_status(post->message);
	g_autofree char *reason =
		why ? g_strdup_printf("%s: %s", post->webhook->driver.source, why) : NULL;
	json_t *body = json_loadb(
		(const char *)post->body->data, post->body->len, JSON_REJECT_DUPLICATES, NULL);

	if (why || !SOUP_STATUS_IS_SUCCESSFUL(status))
		post->webhook->driver.failures++;
	if (why)
		fail(post, reason);
	else if (post->surveyed)
		take_inventory(post, status, body);
	else
		take_result(post, status, body);
	json_decref(body);
}

/* Takes @post over. */
static void finish(struct post *post, const char *why)
{
	g_autofree char *late = NULL;

	if (post->webhook) {
		if (post->late)
			late = g_strdup_printf(
				"it did not answer within %u s", post->webhook->timeout_s);
		g_queue_unlink(&post->webhook->open, &post->link);
		take(post, late ?: why);
	}
	free_post(post);
}

static void read_on(struct post *post);

/* A vendor may send what it likes for as long as it likes: only so much is kept. */
static void part_read(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) part =
		g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);
	struct post *post = data;
	size_t len = part ? g_bytes_get_size(part) : 0;

	if (!part)
		return finish(post, error->message);
	if (!len)
		return finish(post, NULL);
	if (post->body->len + len > MESSAGE_MAX) {
		g_autofree char *why =
			g_strdup_printf("its answer has more than %d bytes", MESSAGE_MAX);

		return finish(post, why);
	}
	g_byte_array_append(post->body, g_bytes_get_data(part, NULL), (guint)len);
	read_on(post);
}

static void read_on(struct post *post)
{
	g_input_stream_read_bytes_async(
		post->stream, PART_SIZE, G_PRIORITY_LOW, post->cancel, part_read, post);
}

static void received(GObject *source, GAsyncResult *result, gpointer data)
{
	struct post *post = data;
	g_autoptr(GError) error = NULL;

	post->stream = soup_session_send_finish(SOUP_SESSION(source), result, &error);
	if (post->stream)
		read_on(post);
	else
		finish(post, error->message);
}

static gboolean too_late(gpointer data)
{
	struct post *post = data;

	post->deadline = 0;
	post->late = true;
	g_cancellable_cancel(post->cancel);
	return G_SOURCE_REMOVE;
}

/* From here on it is the vendor's time; before, others of its requests were. */
static void starting(SoupMessage *message, gpointer data)
{
	struct post *post = data;

	(void)message;
	if (!post->deadline && !post->late && post->webhook)
		post->deadline = g_timeout_add_seconds(post->webhook->timeout_s, too_late, post);
}

static void sign(const struct webhook *webhook, SoupMessageHeaders *headers, const char *event,
	const char *digest, const char *body)
{
	const struct provider_signed what = { g_get_real_time() / G_USEC_PER_SEC, event, digest,
		body };
	g_autofree char *timestamp = g_strdup_printf("%" G_GINT64_FORMAT, what.timestamp);
	g_autofree char *signature = provider_sign(webhook->secret, &what);

	soup_message_headers_replace(headers, "X-Weft-Timestamp", timestamp);
	soup_message_headers_replace(headers, "X-Weft-Signature", signature);
}

/* Takes @post over. */
static void send_post(struct webhook *webhook, struct post *post, const char *event,
	const char *body, const char *digest)
{
	SoupMessage *message = soup_message_new("POST", webhook->driver.source);
	g_autoptr(GBytes) bytes = g_bytes_new(body, strlen(body));
	SoupMessageHeaders *headers = soup_message_get_request_headers(message);
	struct uuid delivery = uuid_random();
	char id[UUID_STRLEN];

	soup_message_set_request_body_from_bytes(message, "application/json", bytes);
	soup_message_add_flags(message, SOUP_MESSAGE_NO_REDIRECT);
	soup_message_headers_replace(headers, "X-Weft-Event", event);
	soup_message_headers_replace(headers, "X-Weft-Delivery", uuid_format(&delivery, id));
	if (digest)
		soup_message_headers_replace(headers, "X-Weft-Digest", digest);
	sign(webhook, headers, event, digest, body);
	webhook->driver.calls++;
	post->webhook = webhook;
	post->link.data = post;
	g_queue_push_tail_link(&webhook->open, &post->link);
	post->message = message;
	post->cancel = g_cancellable_new();
	post->body = g_byte_array_new();
	g_signal_connect(message, "starting", G_CALLBACK(starting), post);
	soup_session_send_async(
		webhook->session, message, G_PRIORITY_LOW, post->cancel, received, post);
}

static void call_webhook(struct provider_driver *driver, const struct provider_request *request,
	provider_done_fn done, void *user)
{
	static const char *const events[] = { [PROVIDER_APPLY] = "apply",
		[PROVIDER_REMOVE] = "remove",
		[PROVIDER_STATUS] = "status" };
	struct post *post = g_new0(struct post, 1);

	post->done = done;
	post->user = user;
	post->of_status = request->call == PROVIDER_STATUS;
	send_post((struct webhook *)driver, post, events[request->call], request->document,
		request->call == PROVIDER_REMOVE ? NULL : request->digest);
}

static void survey_webhook(struct provider_driver *driver, provider_surveyed_fn done, void *user)
{
	struct post *post = g_new0(struct post, 1);
	g_autofree char *body = g_strdup_printf("{\"provider\":\"%s\"}", driver->name);

	driver->tells_status = true;
	post->surveyed = done;
	post->user = user;
	send_post((struct webhook *)driver, post, "reconcile", body, NULL);
}

static void free_webhook(struct provider_driver *driver)
{
	struct webhook *webhook = (struct webhook *)driver;

	for (GList *link = webhook->open.head; link; link = link->next) {
		struct post *post = link->data;

		post->webhook = NULL;
		g_cancellable_cancel(post->cancel);
	}
	soup_session_abort(webhook->session);
	g_object_unref(webhook->session);
	explicit_bzero(webhook->secret, strlen(webhook->secret));
	g_free(webhook->secret);
	g_free(driver->name);
	g_free(driver->source);
	g_free(driver->problem);
	g_free(webhook);
}

static const struct provider_driver_ops ops = {
	.call = call_webhook,
	.survey = survey_webhook,
	.free = free_webhook,
};

struct provider_driver *webhook_new(const struct config_webhook *config)
{
	struct webhook *webhook = g_new0(struct webhook, 1);

	webhook->driver = (struct provider_driver){
		.ops = &ops,
		.name = g_strdup(config->name),
		.type = "webhook",
		.source = g_strdup(config->url),
		.services = config->services,
		.tells_status = true,
	};
	webhook->secret = g_strdup(config->secret);
	webhook->timeout_s = config->timeout_s;
	webhook->session = soup_session_new();
	g_queue_init(&webhook->open);
	g_object_set(webhook->session, "user-agent", "weftd/" WEFT_VERSION, "timeout",
		config->timeout_s, NULL);
	return &webhook->driver;
}
