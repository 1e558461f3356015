/* SPDX-License-Identifier: Apache-2.0 */
/* PUT of a collection below an object (kind.h: replace_index): what the body names is updated or
 * created, and the rest deleted, unless ?additive_only=true. All or nothing. */
#include <string.h>

#include "controller/api/body.h"
#include "controller/api/call.h"
#include "model/value.h"

#define BATCH_MAX 1000

/* The key of the object that @item is about, as texts. */
struct batch_key {
	char *texts[4];
};

static void batch_key_clear(struct batch_key *key)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(key->texts); i++)
		g_free(key->texts[i]);
}

static bool read_key(const struct call *call, json_t *item, struct batch_key *key, GError **error)
{
	const struct kind *kind = call->kind;
	const u8 *slots = kind->indexes[kind->replace_index].slots;

	*key = (struct batch_key){ { g_strdup(call->parent) } };
	for (unsigned i = 1; i < G_N_ELEMENTS(key->texts) && slots[i]; i++) {
		const struct attr *attr = &kind->attrs[slots[i]];
		json_t *json = json_object_get(item, attr->name);
		char buf[VALUE_TEXT];
		union value value;

		if (!json)
			return weft_fail(error, BAD_REQUEST,
				"Invalid input for %s: it must be given.", attr->name);
		if (!value_parse(attr, json, attr->name, &value, error))
			return false;
		key->texts[i] = g_strdup(value_text(attr, value, buf));
		value_clear(attr, value);
	}
	return true;
}

static const struct object *find(
	const struct call *call, struct txn *txn, const struct batch_key *key)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, call->kind->id, call->kind->replace_index, key->texts[0],
		key->texts[1], key->texts[2], key->texts[3], NULL);
	return txn_iter_next(&iter);
}

/* What can't be updated is the key, which is the same, or must be. */
static json_t *without_fixed(const struct call *call, const struct object *object, json_t *item)
{
	const struct kind *kind = call->kind;
	json_t *update = json_copy(item), *value;
	const char *name;
	void *next;

	json_object_foreach_safe(update, next, name, value)
	{
		int slot = kind_slot(kind, name);
		char buf[VALUE_TEXT];
		const char *now;
		union value given;
		bool same;

		if (slot < 0 || kind->attrs[slot].flags & ATTR_UPDATE ||
			!(kind->attrs[slot].flags & ATTR_CREATE) ||
			!value_parse(&kind->attrs[slot], value, name, &given, NULL))
			continue;
		now = object_text(object, (unsigned)slot, buf);
		same = !g_strcmp0(
			now, value_text(&kind->attrs[slot], given, (char[VALUE_TEXT]){ 0 }));
		value_clear(&kind->attrs[slot], given);
		if (same)
			json_object_del(update, name);
	}
	return update;
}

static bool stage_item(
	const struct call *call, struct txn *txn, json_t *item, GHashTable *kept, GError **error)
{
	const struct object *object;
	char id[UUID_STRLEN];
	struct batch_key key;
	bool ok = read_key(call, item, &key, error);

	object = ok ? find(call, txn, &key) : NULL;
	batch_key_clear(&key);
	if (!ok)
		return false;
	if (object) {
		json_t *update = without_fixed(call, object, item);

		object = txn_update(
			txn, call->kind->id, uuid_format(object_id(object), id), update, error);
		json_decref(update);
	} else {
		object = txn_create_in(txn, call->kind->id, call->parent, item, error);
	}
	if (!object)
		return false;
	g_hash_table_add(kept, g_memdup2(object_id(object), sizeof(struct uuid)));
	return true;
}

static bool remove_rest(const struct call *call, struct txn *txn, GHashTable *kept, GError **error)
{
	g_autoptr(GPtrArray) rest = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct kind *kind = call->kind;
	const struct object *object;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, kind->id, kind->attrs[kind->parent_slot].referrer_index,
		call->parent, NULL);
	while ((object = txn_iter_next(&iter)))
		if (!g_hash_table_contains(kept, object_id(object)))
			g_ptr_array_add(rest, object_ref(object));
	for (guint i = 0; i < rest->len; i++)
		if (!txn_delete(txn, kind->id, uuid_format(object_id(rest->pdata[i]), id), error))
			return false;
	return true;
}

static bool stage(const struct call *call, struct txn *txn, GError **error)
{
	g_autoptr(GHashTable) kept = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	const char *additive =
		http_target_param(http_request_target(call->request), "additive_only");
	json_t *body = body_parse(call->request, error), *list, *item;
	bool ok, flag = false;
	size_t i;

	list = body ? body_member(body, call->kind->collection, error) : NULL;
	ok = list != NULL;
	if (ok && additive && !value_bool_word(additive, &flag))
		ok = weft_fail(error, BAD_REQUEST, "additive_only is true or false, not '%.64s'.",
			additive);
	if (ok && (!json_is_array(list) || json_array_size(list) > BATCH_MAX))
		ok = weft_fail(error, BAD_REQUEST, "'%s' must be a list of at most %d objects.",
			call->kind->collection, BATCH_MAX);
	json_array_foreach(list, i, item) {
		if (!ok)
			break;
		ok = json_is_object(item) || weft_fail(error, BAD_REQUEST, "it must be an object.");
		ok = ok && stage_item(call, txn, item, kept, error);
		if (!ok)
			g_prefix_error(error, "%s[%zu]: ", call->kind->collection, i);
	}
	ok = ok && (flag || remove_rest(call, txn, kept, error));
	json_decref(body);
	return ok;
}

static void respond(struct write *write)
{
	http_request_answer(write->call.request, 202, NULL, NULL);
}

void collection_replace(struct call *call)
{
	g_autoptr(txn) txn = txn_new(call->api->model, &call->caller);
	GError *error = NULL;

	if (!txn_need(txn, kind_parent(call->kind), call->parent, &error) ||
		!stage(call, txn, &error))
		return call_fail(call, error);
	write_submit(call, g_steal_pointer(&txn), NULL, respond);
}
