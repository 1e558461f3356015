/* SPDX-License-Identifier: Apache-2.0 */
/* POST to a collection: one object, or several that are created all or none. */
#include "controller/api/body.h"
#include "controller/api/call.h"
#include "controller/api/mtu.h"
#include "controller/api/tree.h"
#include "model/host/host.h"

#define BULK_MAX 1000

/* A managed host gets the credential that its agent will show. */
static const struct object *give_credential(
	struct txn *txn, const struct object *host, struct write *write, GError **error)
{
	struct object *draft;

	if (!object_bool(host, HOST_MANAGED))
		return host;
	draft = object_edit(host);
	write->credential = auth_host_renew(draft);
	return txn_put(txn, draft, error);
}

static bool stage_one(struct write *write, struct txn *txn, json_t *inner, GError **error)
{
	const struct call *call = &write->call;
	const struct object *object = NULL;

	if (mtu_prepare(call, inner, error))
		object = tree_create(txn, call->kind->id, call->parent, inner, error);
	if (object && call->kind->id == KIND_HOST)
		object = give_credential(txn, object, write, error);
	if (!object || (call->kind->id == KIND_SEGMENT && !mtu_follow(call, txn, object, error)))
		return false;
	g_ptr_array_add(write->objects, object_ref(object));
	return true;
}

/* Says which of several it was. */
static void name_item(GError **error, const struct call *call, size_t i)
{
	g_prefix_error(error, "%s[%zu]: ", call->kind->collection, i);
}

static bool stage_bulk(struct write *write, struct txn *txn, json_t *list, GError **error)
{
	const struct call *call = &write->call;
	bool (*may_join)(const struct object *, const struct object *, GError **) =
		call->kind->hooks.on_bulk;
	json_t *inner;
	size_t i;

	if (call->kind->id == KIND_HOST)
		return weft_fail(error, BAD_REQUEST,
			"Hosts are created one at a time: each answer shows a credential.");
	if (!json_is_array(list) || !json_array_size(list) || json_array_size(list) > BULK_MAX)
		return weft_fail(error, BAD_REQUEST, "'%s' must be a list of 1 to %d objects.",
			call->kind->collection, BULK_MAX);
	json_array_foreach(list, i, inner) {
		if (stage_one(write, txn, inner, error) &&
			(!may_join || may_join(write->objects->pdata[0], write->objects->pdata[i],
					      error)))
			continue;
		name_item(error, call, i);
		return false;
	}
	return true;
}

static void add_credential(GString *text, const char *credential)
{
	struct json_writer w = { .text = text, .comma = true };

	/* Inside of {"host": {…}}: credentials need no escaping, the writer places the comma. */
	g_string_truncate(text, text->len - 2);
	jw_member_string(&w, "credential", credential);
	g_string_append(text, "}}");
}

static void respond_one(struct write *write)
{
	GString *text = call_render(&write->call, write->objects->pdata[0], 0);

	if (write->credential)
		add_credential(text, write->credential);
	call_answer(&write->call, 201, text);
}

static void respond_bulk(struct write *write)
{
	const struct call *call = &write->call;
	GString *text = g_string_sized_new(2048 * write->objects->len);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_key(&w, call->kind->collection);
	jw_begin_array(&w);
	for (unsigned i = 0; i < write->objects->len; i++)
		object_write_json(write->objects->pdata[i], call->api->model, &call->caller, 0, &w);
	jw_end_array(&w);
	jw_end_object(&w);
	call_answer(call, 201, text);
}

static bool stage(struct write *write, struct txn *txn, GError **error)
{
	const struct kind *kind = write->call.kind;
	json_t *body = body_parse(write->call.request, error);
	json_t *inner = NULL;
	bool staged = false;

	if (body && json_object_get(body, kind->collection)) {
		write->respond = respond_bulk;
		inner = body_member(body, kind->collection, error);
		staged = inner && stage_bulk(write, txn, inner, error);
	} else if (body) {
		inner = body_member(body, kind->singular, error);
		staged = inner && stage_one(write, txn, inner, error);
	}
	json_decref(body);
	return staged;
}

void collection_create(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	struct write *write = write_new(
		call, g_ptr_array_new_with_free_func((GDestroyNotify)object_unref), respond_one);
	GError *error = NULL;

	if (!stage(write, txn, &error)) {
		write_free(write);
		return call_fail(call, error);
	}
	write_submit_full(write, g_steal_pointer(&txn));
}
