/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/api.h"

#include <jansson.h>
#include <string.h>

#include "appliance/packet/explain.h"
#include "appliance/document/field.h"
#include "base/json_writer.h"
#include "base/log.h"

#define BODY_MAX (16 * 1024 * 1024)
#define CONNECTIONS_MAX 64
#define JSON "application/json"

static void answer_error(struct http_request *request, const GError *error)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, "error");
	jw_begin_object(&w);
	jw_member_string(&w, "type", weft_error_type(error));
	jw_member_string(&w, "message", error->message);
	jw_end_object(&w);
	jw_end_object(&w);
	http_request_answer(request, weft_error_status(error), JSON, text);
}

/* Hashes are compared: how far they agree says nothing about the credential. */
static bool is_same(const char *credential, const char *shown)
{
	g_autofree char *a = g_compute_checksum_for_string(G_CHECKSUM_SHA256, credential, -1);
	g_autofree char *b = g_compute_checksum_for_string(G_CHECKSUM_SHA256, shown, -1);

	return !strcmp(a, b);
}

static bool shows_credential(const struct api *api, const struct http_request *request)
{
	const char *header = http_request_header(request, "Authorization");

	return header && !g_ascii_strncasecmp(header, "Bearer ", 7) &&
	       is_same(api->credential, header + 7);
}

static bool shows_certificate(
	const struct api *api, const struct http_request *request, GError **error)
{
	const u8 *shown;
	size_t len;

	if (!api->controllers)
		return true;
	shown = http_request_certificate(request, &len);
	return controllers_check(
		api->controllers, shown, len, g_get_real_time() / G_USEC_PER_SEC, error);
}

static bool authenticate(const struct api *api, struct http_request *request, GError **error)
{
	char peer[HTTP_PEER_STRLEN];

	if (!shows_certificate(api, request, error)) {
		log_limited(warning, "a request of %s is refused: %s",
			http_request_peer(request, peer), (*error)->message);
		return false;
	}
	if (shows_credential(api, request))
		return true;
	http_request_add_header(request, "WWW-Authenticate", "Bearer");
	log_limited(warning, "a request of %s without the appliance's credential is refused",
		http_request_peer(request, peer));
	return weft_fail(error, UNAUTHORIZED,
		"The appliance's credential must be shown: \"Authorization: Bearer CREDENTIAL\".");
}

static GString *configure(struct api *api, struct http_request *request, GError **error)
{
	size_t len;
	const char *text = http_request_body(request, &len);

	return appliance_configure(api->appliance, text, len, error)
		       ? appliance_digest(api->appliance)
		       : NULL;
}

static bool take_certificate(struct api *api, const json_t *body, GError **error)
{
	static const char *const known[] = { "certificate", "key", "controller_certificate", NULL };
	const char *certificate = json_string_value(json_object_get(body, "certificate"));
	const char *key = json_string_value(json_object_get(body, "key"));
	const char *controller = json_string_value(json_object_get(body, "controller_certificate"));

	if (!json_is_object(body) || !field_check(body, known, error))
		return false;
	if (!certificate || !key || !controller != !api->controllers)
		return weft_fail(error, INVALID_INPUT,
			"certificate and key must be given, PEM texts, and %s",
			api->controllers
				? "controller_certificate, which the controller will show"
				: "no controller_certificate, as none is asked for here (tls-client-cert)");
	g_autoptr(controllers) readable = controller ? controllers_new(controller, error) : NULL;

	return !readable == !controller &&
	       http_server_set_certificate(api->server, certificate, key, error) &&
	       (!controller || controllers_add(api->controllers, controller, error));
}

/* Who asks next sees the new one; what is open goes on. */
static GString *certificate(struct api *api, struct http_request *request, GError **error)
{
	json_error_t where;
	size_t len;
	const char *text = http_request_body(request, &len);
	json_t *body = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	bool ok = body ? take_certificate(api, body, error)
		       : weft_fail(error, BAD_REQUEST, "no JSON: line %d", where.line);

	json_decref(body);
	if (ok)
		log_info("another certificate is shown from now on");
	return ok ? g_string_new("{}") : NULL;
}

static GString *status(struct api *api, struct http_request *request, GError **error)
{
	(void)request, (void)error;
	return appliance_status(api->appliance);
}

static GString *digest(struct api *api, struct http_request *request, GError **error)
{
	(void)request, (void)error;
	return appliance_digest(api->appliance);
}

static GString *counters(struct api *api, struct http_request *request, GError **error)
{
	(void)request;
	return appliance_counters(api->appliance, error);
}

static GString *events(struct api *api, struct http_request *request, GError **error)
{
	const char *since = http_target_param(http_request_target(request), "since");
	guint64 number = 0;

	if (since && !g_ascii_string_to_unsigned(since, 10, 0, G_MAXINT64, &number, NULL)) {
		weft_fail(error, BAD_REQUEST, "since: must be the number of an event");
		return NULL;
	}
	return appliance_events(api->appliance, number, error);
}

static bool number_param(const struct http_target *target, const char *name, guint64 max,
	guint64 *ret, GError **error)
{
	const char *text = http_target_param(target, name);

	*ret = 0;
	return !text || g_ascii_string_to_unsigned(text, 10, 0, max, ret, NULL) ||
	       weft_fail(error, BAD_REQUEST, "%s: must be a number up to %" G_GUINT64_FORMAT, name,
		       max);
}

static bool read_packet(
	const struct http_target *target, struct explain_packet *ret, GError **error)
{
	const char *interface = http_target_param(target, "interface");
	const char *source = http_target_param(target, "source");
	const char *destination = http_target_param(target, "destination");
	guint64 protocol, source_port, destination_port;

	*ret = (struct explain_packet){ 0 };
	if (!interface || !source || !destination || !ip_parse(source, &ret->source) ||
		!ip_parse(destination, &ret->destination) ||
		ret->source.family != ret->destination.family)
		return weft_fail(error, BAD_REQUEST,
			"interface, source and destination must be given, the latter addresses of one family");
	if (!number_param(target, "protocol", UINT8_MAX, &protocol, error) ||
		!number_param(target, "source_port", UINT16_MAX, &source_port, error) ||
		!number_param(target, "destination_port", UINT16_MAX, &destination_port, error))
		return false;
	g_strlcpy(ret->interface, interface, sizeof(ret->interface));
	ret->protocol = (u8)protocol;
	ret->source_port = (u16)source_port;
	ret->destination_port = (u16)destination_port;
	return true;
}

static GString *explain_packet(struct api *api, struct http_request *request, GError **error)
{
	struct explain_packet packet;

	return read_packet(http_request_target(request), &packet, error)
		       ? appliance_explain(api->appliance, &packet, error)
		       : NULL;
}

static const struct {
	const char *name;
	enum http_method method;
	GString *(*answer)(struct api *api, struct http_request *request, GError **error);
} resources[] = {
	{ "config", HTTP_PUT, configure },
	{ "certificate", HTTP_PUT, certificate },
	{ "status", HTTP_GET, status },
	{ "digest", HTTP_GET, digest },
	{ "counters", HTTP_GET, counters },
	{ "events", HTTP_GET, events },
	{ "explain", HTTP_GET, explain_packet },
};

static GString *dispatch(struct api *api, struct http_request *request, GError **error)
{
	const struct http_target *target = http_request_target(request);

	for (size_t i = 0; i < G_N_ELEMENTS(resources); i++) {
		if (target->n_segments != 2 || strcmp(target->segments[0], "v1") ||
			strcmp(target->segments[1], resources[i].name))
			continue;
		if (http_request_method(request) == resources[i].method)
			return resources[i].answer(api, request, error);
		weft_fail(error, METHOD_NOT_ALLOWED, "/v1/%s is for %s alone.", resources[i].name,
			resources[i].method == HTTP_PUT ? "PUT" : "GET");
		return NULL;
	}
	weft_fail(error, NOT_FOUND,
		"There are PUT /v1/config, PUT /v1/certificate, GET /v1/status, GET /v1/digest, GET /v1/counters, GET /v1/events and GET /v1/explain.");
	return NULL;
}

static void handle(struct http_request *request, void *user)
{
	g_autoptr(GError) error = NULL;
	struct api *api = user;
	GString *text = NULL;

	if (http_request_error(request)) {
		answer_error(request, http_request_error(request));
		return;
	}
	if (authenticate(api, request, &error))
		text = dispatch(api, request, &error);
	if (text)
		http_request_answer(request, 200, JSON, text);
	else
		answer_error(request, error);
}

/* Nobody who does not show who he is makes us hold more than what it takes to refuse. */
static size_t body_max(const struct http_request *request, void *user)
{
	const struct api *api = user;

	return shows_credential(api, request) && shows_certificate(api, request, NULL) ? BODY_MAX
										       : 1;
}

static bool read_controllers(struct api *api, const struct settings *settings, GError **error)
{
	g_autofree char *text = NULL;

	if (!settings->tls_client_cert)
		return true;
	if (!g_file_get_contents(settings->tls_client_cert, &text, NULL, error))
		return false;
	api->controllers = controllers_new(text, error);
	return api->controllers != NULL;
}

struct http_server *api_serve(struct api *api, const struct settings *settings, GError **error)
{
	const struct http_server_config config = {
		.listen = settings->listen,
		.tls_cert = settings->tls_cert,
		.tls_key = settings->tls_key,
		.tls_client_cert = settings->tls_client_cert,
		.connections_max = CONNECTIONS_MAX,
		.body_max = BODY_MAX,
		.body_max_of = body_max,
		.handler = handle,
		.user = api,
	};

	if (!read_controllers(api, settings, error))
		return NULL;
	api->server = http_server_new(&config, error);
	return api->server;
}

void api_clear(struct api *api)
{
	g_clear_pointer(&api->controllers, controllers_free);
}

u16 api_port(const char *listen)
{
	const char *colon = strrchr(listen, ':');
	guint64 port = 0;

	if (colon && !g_str_has_prefix(listen, "fd:"))
		g_ascii_string_to_unsigned(colon + 1, 10, 0, UINT16_MAX, &port, NULL);
	return (u16)port;
}
