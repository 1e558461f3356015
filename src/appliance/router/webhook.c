/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/router/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "appliance/router/node.h"
#include "base/log.h"
#include "base/uuid.h"

#define BODY_MAX (32 * 1024 * 1024)
#define CONNECTIONS_MAX 64
#define TOLERANCE_S 300 /* older is a recording, or the clocks differ */
#define JSON "application/json"

static char *sign(const char *secret, const char *timestamp, const char *body, size_t len)
{
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret));
	char *text;

	g_hmac_update(hmac, (const guchar *)timestamp, -1);
	g_hmac_update(hmac, (const guchar *)".", 1);
	g_hmac_update(hmac, (const guchar *)body, (gssize)len);
	text = g_strconcat("sha256=", g_hmac_get_string(hmac), NULL);
	g_hmac_unref(hmac);
	return text;
}

/* All characters are looked at, so that the time says nothing of how many were right. */
static bool is_same(const char *a, const char *b)
{
	unsigned char differs = strlen(a) != strlen(b);

	for (size_t i = 0; a[i] && b[i]; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

bool webhook_check(const char *secret, const char *timestamp, const char *signature,
	const char *body, size_t len, s64 now, GError **error)
{
	g_autofree char *wanted = sign(secret, timestamp ?: "", body, len);
	guint64 stamp;

	if (!signature || !is_same(wanted, signature))
		return weft_fail(error, UNAUTHORIZED,
			"the signature is wrong: do both sides have the same secret?");
	if (!g_ascii_string_to_unsigned(timestamp, 10, 0, G_MAXINT64, &stamp, NULL) ||
		ABS((s64)stamp - now) > TOLERANCE_S)
		return weft_fail(
			error, UNAUTHORIZED, "the request is too old, or the clocks differ");
	return true;
}

static bool authenticate(
	const struct service *service, struct http_request *request, GError **error)
{
	size_t len;
	const char *body = http_request_body(request, &len);

	return webhook_check(service->settings->secret,
		http_request_header(request, "X-Weft-Timestamp"),
		http_request_header(request, "X-Weft-Signature"), body, len,
		g_get_real_time() / G_USEC_PER_SEC, error);
}

/* Its id becomes names of files. */
static json_t *read_document(struct http_request *request, GError **error)
{
	size_t len;
	const char *body = http_request_body(request, &len);
	json_t *document = json_loadb(body, len, 0, NULL);
	const char *id = json_string_value(json_object_get(document, "attachment"));
	struct uuid uuid;

	if (id && uuid_parse(id, &uuid))
		return document;
	json_decref(document);
	weft_fail(error, INVALID_INPUT, "the body must be a document with an attachment");
	return NULL;
}

static bool reconnect(const struct service *service, const json_t *document, GError **error)
{
	return node_reconnect(service->settings,
		json_string_value(json_object_get(document, "attachment")), error);
}

static json_t *handle_event(
	const struct service *service, struct http_request *request, GError **error)
{
	const char *event = http_request_header(request, "X-Weft-Event") ?: "";
	const char *digest = http_request_header(request, "X-Weft-Digest") ?: "";
	json_t *document;
	bool ok;

	if (!strcmp(event, "reconcile"))
		return service_reconcile(service);
	document = read_document(request, error);
	if (!document)
		return NULL;
	if (!strcmp(event, "apply"))
		ok = service_apply(service, document, digest, error);
	else if (!strcmp(event, "remove"))
		ok = service_remove(service, document, error);
	else if (!strcmp(event, "reconnect"))
		ok = reconnect(service, document, error);
	else
		ok = weft_fail(error, INVALID_INPUT, "there is no event %.32s", event);
	json_decref(document);
	return ok ? json_object() : NULL;
}

static void answer(struct http_request *request, json_t *body, const GError *error)
{
	char *text;

	if (!body)
		body = json_pack("{s:s}", "reason", error->message);
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	http_request_answer(
		request, error ? weft_error_status(error) : 200, JSON, g_string_new(text));
	free(text);
}

static void handle(struct http_request *request, void *user)
{
	g_autoptr(GError) error = NULL;
	json_t *body = NULL;

	if (http_request_error(request))
		error = g_error_copy(http_request_error(request));
	else if (http_request_method(request) != HTTP_POST)
		weft_fail(&error, METHOD_NOT_ALLOWED, "only POST is understood");
	else if (authenticate(user, request, &error))
		body = handle_event(user, request, &error);
	if (error)
		log_limited(warning, "%s", error->message);
	answer(request, body, error);
}

struct http_server *webhook_serve(struct service *service, GError **error)
{
	const struct http_server_config config = {
		.listen = service->settings->listen,
		.tls_cert = service->settings->tls_cert,
		.tls_key = service->settings->tls_key,
		.connections_max = CONNECTIONS_MAX,
		.body_max = BODY_MAX,
		.handler = handle,
		.user = service,
	};

	return http_server_new(&config, error);
}
