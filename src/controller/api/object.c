/* SPDX-License-Identifier: Apache-2.0 */
/* One object: show, update, delete. */
#include <string.h>

#include "controller/api/body.h"
#include "controller/api/call.h"
#include "controller/api/mtu.h"
#include "model/query.h"
#include "model/value.h"

/* Other parameters are passed over: clients send the filters of a list along. */
static u64 requested_fields(const struct call *call)
{
	const struct http_target *target = http_request_target(call->request);
	u64 fields = 0;

	for (unsigned i = 0; i < target->n_params; i++)
		if (!strcmp(target->params[i].name, "fields"))
			query_select(call->kind, target->params[i].value, &fields);
	return fields;
}

/* One that is made when asked for. */
static void show_computed(struct call *call)
{
	const struct model *model = call->api->model;
	g_autoptr(object) object = call->kind->hooks.one(model, call->id);
	GError *error = NULL;

	if (object && model_visible(model, object, &call->caller))
		return call_answer(call, 200, call_render(call, object, requested_fields(call)));
	kind_fail_not_found(call->kind->id, call->id, &error);
	call_fail(call, error);
}

void object_show(struct call *call)
{
	GError *error = NULL;
	const struct object *object;

	if (call->kind->flags & KIND_COMPUTED)
		return show_computed(call);
	object = call_object(call, &error);
	if (!object || !call_check_alias(call, POLICY_GET, object, &error))
		return call_fail(call, error);
	call_answer(call, 200, call_render(call, object, requested_fields(call)));
}

static const struct object *stage_update(struct call *call, struct txn *txn, GError **error)
{
	json_t *body = body_parse(call->request, error);
	json_t *inner = body ? body_member(body, call_singular(call), error) : NULL;
	const struct object *before = inner ? call_object(call, error) : NULL;
	const struct object *after = NULL;

	if (before && call_check_change(call, txn, POLICY_UPDATE, before, error) &&
		mtu_check(call, before, inner, error))
		after = txn_update(txn, call->kind->id, call->id, inner, error);
	json_decref(body);
	return after;
}

void object_update(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GPtrArray *objects;
	GError *error = NULL;
	const struct object *after = stage_update(call, txn, &error);

	if (!after)
		return call_fail(call, error);
	objects = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_ptr_array_add(objects, object_ref(after));
	write_submit(call, g_steal_pointer(&txn), objects, write_respond_updated);
}

/* What is part of it goes first, if the caller asks for that. */
static bool cascade(
	const struct call *call, struct txn *txn, const struct object *object, GError **error)
{
	const char *asked = http_target_param(http_request_target(call->request), "cascade");
	bool flag = false;

	if (!asked || !call->kind->hooks.on_cascade)
		return true;
	if (!value_bool_word(asked, &flag))
		return weft_fail(
			error, BAD_REQUEST, "cascade is true or false, not '%.64s'.", asked);
	return !flag || call->kind->hooks.on_cascade(txn, object, error);
}

void object_delete(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;
	const struct object *before = call_object(call, &error);

	if (!before || !call_check_change(call, txn, POLICY_DELETE, before, &error) ||
		!cascade(call, txn, before, &error) ||
		!txn_delete(txn, call->kind->id, call->id, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, write_respond_deleted);
}
