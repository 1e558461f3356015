/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <libsoup/soup.h>
#include <string.h>

struct client {
	SoupSession *session;
	char *url;
	char *token;
	u64 revision;
};

struct client *client_new(const char *url, const char *token, const char *ca_file, GError **error)
{
	g_autofree char *base = g_strdup(url);
	g_autoptr(GUri) uri = NULL;

	while (g_str_has_suffix(base, "/"))
		base[strlen(base) - 1] = '\0';
	if (g_str_has_suffix(base, "/v2.0"))
		base[strlen(base) - strlen("/v2.0")] = '\0';
	uri = g_uri_parse(base, SOUP_HTTP_URI_FLAGS, NULL);
	if (!uri || !g_uri_get_host(uri) ||
		(strcmp(g_uri_get_scheme(uri), "http") && strcmp(g_uri_get_scheme(uri), "https"))) {
		weft_fail(error, INVALID_INPUT,
			"'%s' is no controller's address; wanted is http://HOST:PORT or "
			"https://HOST:PORT",
			url);
		return NULL;
	}
	struct client *client = g_new0(struct client, 1);

	client->session = soup_session_new_with_options(
		"timeout", 30, "user-agent", "weft/" WEFT_VERSION, NULL);
	client->url = g_steal_pointer(&base);
	client->token = g_strdup(token);
	if (ca_file) {
		g_autoptr(GTlsDatabase) database = g_tls_file_database_new(ca_file, error);

		if (!database) {
			g_prefix_error(error, "--ca %s: ", ca_file);
			client_free(client);
			return NULL;
		}
		soup_session_set_tls_database(client->session, database);
	}
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	g_object_unref(client->session);
	g_free(client->url);
	g_free(client->token);
	g_free(client);
}

const char *client_url(const struct client *client)
{
	return client->url;
}

void client_set_timeout(struct client *client, unsigned seconds)
{
	soup_session_set_timeout(client->session, seconds);
}

u64 client_revision(const struct client *client)
{
	return client->revision;
}

/* Codes for answers whose error names no type of ours. */
static enum weft_error code_of(unsigned status, const char *type)
{
	static const struct {
		enum weft_error code;
		unsigned status;
		const char *type;
	} errors[] = {
#define X(code, status, type) { WEFT_ERROR_##code, status, type },
		WEFT_ERRORS(X)
#undef X
	};

	for (size_t i = 0; type && i < G_N_ELEMENTS(errors); i++)
		if (!strcmp(errors[i].type, type))
			return errors[i].code;
	for (size_t i = 0; i < G_N_ELEMENTS(errors); i++)
		if (errors[i].status == status)
			return errors[i].code;
	return WEFT_ERROR_INTERNAL;
}

/* {"NeutronError": {type, message}}, {"error": {message}}, {"faultstring": message} or anything
 * else, as one sentence. */
static void fail_with_answer(unsigned status, const char *text, size_t len, GError **error)
{
	json_t *answer = json_loadb(text, len, 0, NULL);
	json_t *inner = json_object_get(answer, "NeutronError");
	const char *type = NULL, *message = NULL;

	if (!inner)
		inner = json_object_get(answer, "error");
	if (!inner)
		inner = json_object_get(answer, "faultstring");
	if (json_is_string(inner)) {
		message = json_string_value(inner);
		type = json_string_value(json_object_get(answer, "debuginfo"));
	} else
		json_unpack(inner, "{s?s,s?s}", "type", &type, "message", &message);
	if (message && *message)
		g_set_error_literal(error, WEFT_ERROR, (int)code_of(status, type), message);
	else
		g_set_error(error, WEFT_ERROR, (int)code_of(status, type),
			"the controller answered %u %s", status, soup_status_get_phrase(status));
	json_decref(answer);
}

/* @subject: the token that is asked about, or NULL. */
static GBytes *send(struct client *client, const char *method, const char *path, json_t *body,
	const char *subject, GError **error)
{
	g_autofree char *url = g_strconcat(client->url, path, NULL);
	g_autoptr(SoupMessage) message = soup_message_new(method, url);
	g_autoptr(GError) problem = NULL;

	if (!message) {
		weft_fail(error, INVALID_INPUT, "'%s' is no URL", url);
		return NULL;
	}
	SoupMessageHeaders *headers = soup_message_get_request_headers(message);

	if (client->token)
		soup_message_headers_append(headers, "X-Auth-Token", client->token);
	if (subject)
		soup_message_headers_append(headers, "X-Subject-Token", subject);
	if (body) {
		char *text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
		g_autoptr(GBytes) bytes =
			g_bytes_new_with_free_func(text, strlen(text), free, text);

		soup_message_set_request_body_from_bytes(message, "application/json", bytes);
	}
	g_autoptr(GBytes) answer =
		soup_session_send_and_read(client->session, message, NULL, &problem);

	if (!answer) {
		weft_fail(error, UNAVAILABLE, "no answer from the controller at %s: %s",
			client->url, problem->message);
		return NULL;
	}
	const char *revision = soup_message_headers_get_one(
		soup_message_get_response_headers(message), "X-Weft-Revision");

	if (revision)
		client->revision = g_ascii_strtoull(revision, NULL, 10);
	unsigned status = soup_message_get_status(message);

	if (status < 200 || status > 299) {
		size_t len;
		const char *text = g_bytes_get_data(answer, &len);

		fail_with_answer(status, text ? text : "", len, error);
		return NULL;
	}
	return g_steal_pointer(&answer);
}

static json_t *parse(const struct client *client, const char *method, const char *path,
	GBytes *answer, GError **error)
{
	json_error_t problem;
	size_t len;
	const char *text = g_bytes_get_data(answer, &len);

	if (!len)
		return json_null();
	json_t *json = json_loadb(text, len, JSON_DECODE_ANY, &problem);

	if (!json)
		weft_fail(error, INTERNAL,
			"%s %s: the controller's answer is no JSON (%s); is %s really weftd?",
			method, path, problem.text, client->url);
	return json;
}

json_t *client_call(
	struct client *client, const char *method, const char *path, json_t *body, GError **error)
{
	g_autoptr(GBytes) answer = send(client, method, path, body, NULL, error);

	return answer ? parse(client, method, path, answer, error) : NULL;
}

json_t *client_own_token(struct client *client, GError **error)
{
	static const char path[] = "/v3/auth/tokens";
	g_autoptr(GBytes) answer = send(client, "GET", path, NULL, client->token, error);
	json_t *json = answer ? parse(client, "GET", path, answer, error) : NULL;
	json_t *token = json_incref(json_object_get(json, "token"));

	json_decref(json);
	return token;
}

char *client_get_text(struct client *client, const char *path, GError **error)
{
	g_autoptr(GBytes) answer = send(client, "GET", path, NULL, NULL, error);
	size_t len;

	if (!answer)
		return NULL;
	const char *text = g_bytes_get_data(answer, &len);

	return g_strndup(text ? text : "", len);
}
