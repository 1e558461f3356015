/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/router/client.h"

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>
#include <stdlib.h>
#include <string.h>

#define SAID_MAX 300 /* characters of use of an error's text */

struct rest {
	SoupSession *session;
	char *url, *header, *value;
};

struct rest *rest_new(const char *url, const char *socket, const char *ca_file, const char *header,
	const char *value, unsigned timeout_s, GError **error)
{
	g_autoptr(GSocketAddress) address = socket ? g_unix_socket_address_new(socket) : NULL;
	g_autoptr(GTlsDatabase) authorities = NULL;
	struct rest *rest;

	if (ca_file) {
		authorities = g_tls_file_database_new(ca_file, error);
		if (!authorities)
			return NULL;
	}
	rest = g_new0(struct rest, 1);
	rest->session = soup_session_new_with_options(
		"remote-connectable", address, "timeout", timeout_s, NULL);
	if (authorities)
		soup_session_set_tls_database(rest->session, authorities);
	rest->url = g_strdup(url);
	rest->header = g_strdup(header);
	rest->value = g_strdup(value);
	return rest;
}

void rest_free(struct rest *rest)
{
	g_object_unref(rest->session);
	g_free(rest->url);
	g_free(rest->header);
	g_free(rest->value);
	g_free(rest);
}

static json_t *read_answer(
	SoupMessage *message, const char *method, const char *path, GBytes *bytes, GError **error)
{
	size_t len = g_bytes_get_size(bytes);
	const char *text = len ? g_bytes_get_data(bytes, NULL) : "";
	unsigned status = soup_message_get_status(message);
	json_t *answer;

	if (status >= 400 && status < 500 && status != 401 && status != 403 && status != 404 &&
		status != 429) {
		weft_fail(error, INVALID_INPUT, "%s %s: %u %.*s", method, path, status,
			(int)MIN(len, SAID_MAX), text);
		return NULL;
	}
	if (status < 200 || status > 299) {
		weft_fail(error, UNAVAILABLE, "%s %s: %u %.*s", method, path, status,
			(int)MIN(len, SAID_MAX), text);
		return NULL;
	}
	answer = len ? json_loadb(text, len, 0, NULL) : json_object();
	if (!answer)
		weft_fail(error, UNAVAILABLE, "%s %s: the answer is no JSON", method, path);
	return answer;
}

json_t *rest_call(
	struct rest *rest, const char *method, const char *path, const json_t *body, GError **error)
{
	g_autofree char *url = g_strconcat(rest->url, path, NULL);
	g_autoptr(SoupMessage) message = soup_message_new(method, url);
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) bytes = NULL;

	if (!message) {
		weft_fail(error, INVALID_INPUT, "%s is no URL", url);
		return NULL;
	}
	soup_message_headers_replace(
		soup_message_get_request_headers(message), rest->header, rest->value);
	if (body) {
		char *text = json_dumps(body, JSON_COMPACT);
		g_autoptr(GBytes) sent = g_bytes_new_with_free_func(text, strlen(text), free, text);

		soup_message_set_request_body_from_bytes(message, "application/json", sent);
	}
	bytes = soup_session_send_and_read(rest->session, message, NULL, &problem);
	if (bytes)
		return read_answer(message, method, path, bytes, error);
	weft_fail(error, UNAVAILABLE, "%s %s: %s", method, url, problem->message);
	return NULL;
}
