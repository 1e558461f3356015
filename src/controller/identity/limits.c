/* SPDX-License-Identifier: Apache-2.0 */
/* Registered limits and limits are made several at a time: {"limits": [{…}, …]}, all or none. */
#include "controller/api/body.h"
#include "controller/identity/identity_impl.h"
#include "model/identity/catalog.h"

static void respond(struct write *write)
{
	call_answer(&write->call, 201,
		list_view_render(&write->call, write->call.kind, write->objects));
}

static bool stage(
	const struct visit *visit, struct txn *txn, json_t *list, GPtrArray *made, GError **error)
{
	const struct kind *kind = visit->call.kind;
	const struct object *object;
	json_t *inner;
	size_t i;

	if (!json_array_size(list))
		return weft_fail(error, BAD_REQUEST, "The body must be {\"%s\": [{…}, …]}.",
			kind->collection);
	json_array_foreach(list, i, inner) {
		if (json_is_object(inner))
			body_settle(visit, BODY_OF_NEW, inner);
		object = txn_create(txn, kind->id, inner, error);
		if (!object)
			return false;
		g_ptr_array_add(made, object_ref(object));
	}
	return true;
}

void limits_post(struct visit *visit)
{
	g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_autoptr(txn) txn = txn_new(visit->identity->model, &identity_itself);
	GError *error = NULL;
	json_t *body = body_parse(visit->call.request, &error);
	json_t *list = body ? json_object_get(body, visit->call.kind->collection) : NULL;
	bool staged = body && stage(visit, txn, list, made, &error);

	json_decref(body);
	if (!staged)
		return visit_fail(visit, error);
	audit(visit, "%u %s are made", made->len, visit->call.kind->collection);
	write_submit(&visit->call, g_steal_pointer(&txn), g_steal_pointer(&made), respond);
}

/* Whoever has a token may see what limits him; all others an administrator. */
void limits_list(struct visit *visit)
{
	const struct token *token = &visit->subject.token;

	visit->own_project = !visit_reads_all(visit);
	if (visit->own_project && token->scope != TOKEN_PROJECT) {
		GError *error = NULL;

		weft_fail(&error, FORBIDDEN,
			"Only an administrator may see limits without a token of a project.");
		return visit_fail(visit, error);
	}
	objects_list(visit);
}

/* There is one way: limits are flat, a project's does not count towards its parent's. */
void limits_model_get(struct visit *visit)
{
	call_answer(&visit->call, 200,
		g_string_new(
			"{\"model\":{\"name\":\"flat\",\"description\":\"Limits of projects do "
			"not add up along the hierarchy.\"}}"));
}
