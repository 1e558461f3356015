/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/keystone/keystone.h"

#define JSON_TYPE "application/json"

/* RFC 9110 section 15, as far as there are errors of it. */
static const char *reason_phrase(unsigned status)
{
	static const struct {
		unsigned status;
		const char *phrase;
	} phrases[] = { { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" }, { 409, "Conflict" },
		{ 412, "Precondition Failed" }, { 413, "Content Too Large" },
		{ 429, "Too Many Requests" }, { 500, "Internal Server Error" },
		{ 501, "Not Implemented" }, { 503, "Service Unavailable" } };

	for (unsigned i = 0; i < G_N_ELEMENTS(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

/* Keystone's shape, which OpenStack clients take as "authenticate (again)". */
static void write_keystone_error(struct json_writer *w, const GError *error)
{
	jw_key(w, "error");
	jw_begin_object(w);
	jw_member_int(w, "code", weft_error_status(error));
	jw_member_string(w, "title", reason_phrase(weft_error_status(error)));
	jw_member_string(w, "message", error->message);
	jw_end_object(w);
}

static void write_neutron_error(struct json_writer *w, const GError *error)
{
	jw_key(w, "NeutronError");
	jw_begin_object(w);
	jw_member_string(w, "type", weft_error_type(error));
	jw_member_string(w, "message", error->message);
	jw_member_string(w, "detail", "");
	jw_end_object(w);
}

/* Octavia's, which has no place for the type but this one. */
static void write_fault(struct json_writer *w, const GError *error)
{
	jw_member_string(w, "faultcode", weft_error_status(error) < 500 ? "Client" : "Server");
	jw_member_string(w, "faultstring", error->message);
	jw_member_string(w, "debuginfo", weft_error_type(error));
}

bool call_is_load_balancer(const struct http_request *request)
{
	const struct http_target *target = http_request_target(request);

	return target->n_segments && !strcmp(target->segments[0], "load-balancer");
}

static bool is_identity(const struct http_request *request)
{
	const struct http_target *target = http_request_target(request);

	return target->n_segments && !strcmp(target->segments[0], "v3");
}

/* Where to get a token that is good here. */
static void add_challenge(const struct api *api, struct http_request *request)
{
	const struct config_keystone *keystone = api->config->keystone;
	g_autofree char *text =
		keystone ? g_strdup_printf("Keystone uri=\"%s\"", keystone->www_authenticate_uri)
			 : g_strdup("Bearer realm=\"weft\"");

	http_request_add_header(request, "WWW-Authenticate", text);
}

void api_fail(const struct api *api, struct http_request *request, const GError *error)
{
	GString *text = g_string_sized_new(256);
	struct json_writer w = json_writer_on(text);
	unsigned status = weft_error_status(error);

	jw_begin_object(&w);
	if (status == 401)
		add_challenge(api, request);
	if (g_error_matches(error, WEFT_ERROR, WEFT_ERROR_KEYSTONE_UNREACHABLE))
		http_request_add_header(request, "Retry-After", G_STRINGIFY(KEYSTONE_RETRY_S));
	if (status == 401 || is_identity(request))
		write_keystone_error(&w, error);
	else if (call_is_load_balancer(request))
		write_fault(&w, error);
	else
		write_neutron_error(&w, error);
	jw_end_object(&w);
	http_request_answer(request, status, JSON_TYPE, text);
}

void call_fail(const struct call *call, GError *error)
{
	api_fail(call->api, call->request, error);
	g_error_free(error);
}

void call_answer(const struct call *call, unsigned status, GString *body)
{
	http_request_answer(call->request, status, JSON_TYPE, body);
}

GString *call_render(const struct call *call, const struct object *object, u64 fields)
{
	GString *text = g_string_sized_new(2048);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, call_singular(call));
	object_write_json(object, call->api->model, &call->caller, fields, &w);
	jw_end_object(&w);
	return text;
}

/* What the path names below its parent. */
static const struct object *find_part(struct call *call, GError **error)
{
	const struct kind *kind = call->kind;
	const struct model *model = call->api->model;
	const struct object *object;

	if (kind->segment_index && call->id != call->own_id) {
		object = model_first(
			model, kind->id, kind->segment_index, call->parent, call->id, NULL);
		if (object) /* from now on by its id */
			call->id = uuid_format(object_id(object), call->own_id);
	} else {
		object = model_get_text(model, kind->id, call->id);
	}
	if (object && !strcmp(object_str(object, kind->parent_slot), call->parent))
		return object;
	kind_fail_not_found(kind->id, call->id, error);
	return NULL;
}

const struct object *call_object(struct call *call, GError **error)
{
	const char *asked = call->id;
	const struct object *object =
		call->parent ? find_part(call, error)
			     : model_need(call->api->model, call->kind->id, call->id, error);

	if (!object || model_visible(call->api->model, object, &call->caller))
		return object;
	/* As if it were not there. */
	kind_fail_not_found(call->kind->id, asked, error);
	return NULL;
}

#define IF_MATCH "revision_number="

bool call_check_revision(const struct call *call, const struct object *object, GError **error)
{
	const char *wanted = http_request_header(call->request, "If-Match");
	u64 revision = (u64)object_int(object, SLOT_REVISION_NUMBER);
	u64 number;

	if (!wanted)
		return true;
	if (!g_str_has_prefix(wanted, IF_MATCH) ||
		!g_ascii_string_to_unsigned(
			wanted + strlen(IF_MATCH), 10, 0, G_MAXUINT64, &number, NULL))
		return weft_fail(error, BAD_REQUEST,
			"If-Match: %.64s is not understood; write revision_number=N.", wanted);
	if (number == revision)
		return true;
	return weft_fail(error, REVISION_MISMATCH,
		"The %s %s has revision number %" PRIu64 ", not %" PRIu64
		": it was changed meanwhile.",
		call->kind->singular, call->id, revision, number);
}

bool call_check_alias(const struct call *call, enum policy_operation operation,
	const struct object *object, GError **error)
{
	static const char *const verbs[] = { "create", "get", "update", "delete" };
	const struct policy_target target = { .model = call->api->model, .object = object };
	g_autofree char *rule = NULL;

	if (!call->alias)
		return true;
	rule = g_strdup_printf("%s_%s", verbs[operation], call->kind->alias_singular);
	return policy_check_named(&call->caller, rule, &target, error);
}

bool call_check_change(const struct call *call, const struct txn *txn,
	enum policy_operation operation, const struct object *object, GError **error)
{
	return (call->action ? policy_check_action(txn, call->action, operation, object, error)
			     : policy_check(txn, operation, object, error)) &&
	       call_check_alias(call, operation, object, error) &&
	       call_check_revision(call, object, error);
}
