/* SPDX-License-Identifier: Apache-2.0 */
/* The service profiles of a flavor as a collection: associated by POST, by DELETE no more. */
#include "controller/api/body.h"
#include "controller/api/call.h"
#include "model/provider/flavor.h"
#include "model/access/policy.h"

static void respond_associated(struct write *write)
{
	GString *text = g_string_new("{\"service_profile\":{\"id\":\"");

	g_string_append_printf(text, "%s\"}}", json_string_value(write->answer));
	call_answer(&write->call, 201, text);
}

/* The flavor that the path names, if the caller may do that with its profiles. */
static const struct object *need_flavor(struct call *call, const char *rule, GError **error)
{
	struct policy_target target = { .model = call->api->model };

	call->kind = &flavor_kind;
	target.object = call_object(call, error);
	if (target.object && !policy_check_named(&call->caller, rule, &target, error))
		target.object = NULL;
	return target.object;
}

void flavor_show_associated(struct call *call)
{
	GError *error = NULL;
	const struct object *flavor = need_flavor(call, "get_flavor_service_profile", &error);
	GString *text;
	struct json_writer w;

	if (!flavor || !flavor_has_profile(flavor, call->item, &error))
		return call_fail(call, error);
	text = g_string_new(NULL);
	w = json_writer_on(text);
	jw_begin_object(&w);
	jw_key(&w, "service_profile");
	jw_begin_object(&w);
	jw_member_string(&w, "flavor_id", call->id);
	jw_member_string(&w, "service_profile_id", call->item);
	jw_end_object(&w);
	jw_end_object(&w);
	call_answer(call, 200, text);
}

void flavor_associate(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *flavor = need_flavor(call, "create_flavor_service_profile", &error);
	json_t *body = flavor ? body_parse(call->request, &error) : NULL;
	json_t *inner = body ? body_member(body, "service_profile", &error) : NULL;
	json_t *id = json_object_get(inner, "id");
	struct write *write;

	if (inner && !json_is_string(id))
		weft_fail(&error, BAD_REQUEST,
			"'service_profile' has no 'id': send {\"service_profile\": {\"id\": …}}.");
	else if (inner && flavor_add_profile(txn, flavor, json_string_value(id), &error)) {
		write = write_new(call, NULL, respond_associated);
		write->answer = json_incref(id);
		write_submit_full(write, g_steal_pointer(&txn));
	}
	json_decref(body);
	if (error)
		call_fail(call, error);
}

void flavor_dissociate(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *flavor = need_flavor(call, "delete_flavor_service_profile", &error);

	if (!flavor || !flavor_remove_profile(txn, flavor, call->item, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
