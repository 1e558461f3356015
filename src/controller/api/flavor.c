/* SPDX-License-Identifier: Apache-2.0 */
/* The service profiles of a flavor as a collection: associated by POST, by DELETE no more. */
#include "controller/api/body.h"
#include "controller/api/call.h"
#include "model/flavor.h"

static void respond_associated(struct write *write)
{
	GString *text = g_string_new("{\"service_profile\":{\"id\":\"");

	g_string_append_printf(text, "%s\"}}", json_string_value(write->answer));
	call_answer(&write->call, 201, text);
}

void flavor_associate(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	json_t *body = body_parse(call->request, &error);
	json_t *inner = body ? body_member(body, "service_profile", &error) : NULL;
	json_t *id = json_object_get(inner, "id");
	struct write *write;

	if (inner && !json_is_string(id))
		weft_fail(&error, BAD_REQUEST,
			"'service_profile' has no 'id': send {\"service_profile\": {\"id\": …}}.");
	else if (inner && flavor_add_profile(txn, call->id, json_string_value(id), &error)) {
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

	if (!flavor_remove_profile(txn, call->id, call->item, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
