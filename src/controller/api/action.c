/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs of a kind beside create, show, update and delete: GET or PUT of COLLECTION/ID/VERB; where
 * that is a collection, POST and DELETE of what is in it. */
#include <stdlib.h>

#include "controller/api/body.h"
#include "controller/api/call.h"

static bool check_method(const struct call *call, bool read, GError **error)
{
	return call->action->read == read ||
	       weft_fail(error, METHOD_NOT_ALLOWED, "%s is asked for by %s.", call->action->name,
		       call->action->read ? "GET" : "PUT");
}

static bool stage(
	struct call *call, bool read, struct txn *txn, json_t **ret_answer, GError **error)
{
	const struct object *object =
		check_method(call, read, error) ? call_object(call, error) : NULL;
	bool staged = object != NULL;
	json_t *body = NULL;
	size_t len;

	*ret_answer = NULL;
	http_request_body(call->request, &len);
	if (staged && len) {
		body = body_parse(call->request, error);
		staged = body;
	}
	staged = staged && (read || call_check_change(call, txn, POLICY_UPDATE, object, error)) &&
		 txn_act(txn, call->kind->id, call->id, call->action, body, ret_answer, error);
	json_decref(body);
	return staged;
}

static GString *render(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	GString *body = g_string_new(text);

	free(text);
	return body;
}

void action_read(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	json_t *answer;

	if (!stage(call, true, txn, &answer, &error))
		call_fail(call, error);
	else if (answer)
		call_answer(call, 200, render(answer));
	else
		call_answer(call, 200, call_render(call, call_object(call, NULL), 0));
	json_decref(answer);
}

static void respond(struct write *write)
{
	if (write->answer)
		call_answer(&write->call, 200, render(write->answer));
	else
		write_respond_updated(write);
}

void action_run(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	struct write *write;
	GPtrArray *objects;
	GError *error = NULL;
	struct uuid id;
	json_t *answer;

	if (!stage(call, false, txn, &answer, &error)) {
		json_decref(answer);
		return call_fail(call, error);
	}
	objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	if (uuid_parse(call->id, &id) && txn_get(txn, call->kind->id, &id))
		g_ptr_array_add(objects, object_ref(txn_get(txn, call->kind->id, &id)));
	write = write_new(call, objects, respond);
	write->answer = answer;
	write_submit_full(write, g_steal_pointer(&txn));
}

static void respond_added(struct write *write)
{
	call_answer(&write->call, 201, g_string_new("null"));
}

static bool stage_add(struct call *call, struct txn *txn, GError **error)
{
	const struct object *object;
	json_t *body;
	bool staged;

	if (!call->action->add)
		return weft_fail(error, METHOD_NOT_ALLOWED, "Nothing can be added to %s.",
			call->action->name);
	object = call_object(call, error);
	if (!object || !call_check_change(call, txn, POLICY_CREATE, object, error))
		return false;
	body = body_parse(call->request, error);
	staged = body && txn_act_add(txn, call->kind->id, call->id, call->action, body, error);
	json_decref(body);
	return staged;
}

void action_add(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;

	if (!stage_add(call, txn, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, respond_added);
}

void action_remove(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *object = call_object(call, &error);

	if (!object || !call_check_change(call, txn, POLICY_DELETE, object, &error) ||
		!txn_act_remove(txn, call->kind->id, call->id, call->action, call->item, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
