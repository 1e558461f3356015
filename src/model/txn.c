/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging. A change is found by id; unique keys that staged objects claim are in a table of their
 * own, so a bulk create costs the same per object however many it has. An entry of that table may
 * be out of date (an object was staged again), so who is found there is asked whether it still has
 * the key.
 */
#include "model/txn_impl.h"

#include <string.h>

#include "model/model_impl.h"
#include "model/access/rbac.h"

static void free_change(gpointer data)
{
	struct change *change = data;

	object_unref(change->old);
	object_unref(change->new);
	g_slice_free(struct change, change);
}

struct txn *txn_new(struct model *model, const struct caller *caller)
{
	struct txn *txn = g_new0(struct txn, 1);

	txn->model = model;
	txn->caller = caller;
	txn->now = g_get_real_time() / G_USEC_PER_SEC;
	txn->changes = g_ptr_array_new_with_free_func(free_change);
	txn->by_id = g_hash_table_new(uuid_hash, uuid_equal);
	txn->unique_keys = g_hash_table_new(g_direct_hash, g_direct_equal);
	txn->made = g_hash_table_new(g_direct_hash, g_direct_equal);
	txn->reservations = g_array_new(FALSE, FALSE, sizeof(struct reservation));
	txn->sets = g_hash_table_new_full(
		NULL, NULL, (GDestroyNotify)object_unref, (GDestroyNotify)number_set_free);
	return txn;
}

static void give_reservations(struct txn *txn)
{
	for (guint i = 0; i < txn->reservations->len; i++) {
		struct reservation *r = &g_array_index(txn->reservations, struct reservation, i);

		r->give_back(r->what);
	}
	g_array_set_size(txn->reservations, 0);
}

void txn_free(struct txn *txn)
{
	give_reservations(txn);
	g_array_unref(txn->reservations);
	g_hash_table_destroy(txn->sets);
	g_hash_table_destroy(txn->made);
	g_hash_table_destroy(txn->unique_keys);
	g_hash_table_destroy(txn->by_id);
	g_ptr_array_unref(txn->changes);
	g_free(txn);
}

struct model *txn_model(const struct txn *txn)
{
	return txn->model;
}

const struct caller *txn_caller(const struct txn *txn)
{
	return txn->caller;
}

bool txn_is_empty(const struct txn *txn)
{
	return !txn->changes->len;
}

void txn_defer(struct txn *txn, GDestroyNotify give_back, void *what)
{
	struct reservation reservation = { give_back, what };

	g_array_append_val(txn->reservations, reservation);
}

struct taken {
	struct number_set *set;
	u128 number;
};

static void give_number(gpointer data)
{
	struct taken *taken = data;

	number_set_give(taken->set, taken->number);
	g_slice_free(struct taken, taken);
}

static void reserved(struct txn *txn, struct number_set *set, u128 number)
{
	struct taken *taken = g_slice_new(struct taken);

	*taken = (struct taken){ set, number };
	txn_defer(txn, give_number, taken);
}

struct number_set *txn_set(const struct txn *txn, const struct object *object)
{
	return g_hash_table_lookup(txn->sets, object);
}

void txn_keep_set(struct txn *txn, const struct object *object, struct number_set *set)
{
	g_hash_table_insert(txn->sets, object_ref(object), set);
}

bool txn_reserve(struct txn *txn, struct number_set *set, u128 number)
{
	if (!number_set_take(set, number))
		return false;
	reserved(txn, set, number);
	return true;
}

bool txn_reserve_next(struct txn *txn, struct number_set *set, u128 *ret)
{
	if (!number_set_take_next(set, ret))
		return false;
	reserved(txn, set, *ret);
	return true;
}

struct change *txn_change(const struct txn *txn, enum kind_id kind, const struct uuid *id)
{
	struct change *change = g_hash_table_lookup(txn->by_id, id);

	return change && change->kind == kind ? change : NULL;
}

/* The key of @object's project in the index that its quota is counted by; 0: it has none. */
static gpointer quota_key(const struct object *object)
{
	const struct kind *kind = object_kind(object);
	struct key_sink sink;

	if (!kind->quota.name)
		return NULL;
	index_keys(object, (unsigned)kind_tables(kind)->project_index, &sink);
	return sink.n ? (gpointer)(uintptr_t)sink.keys[0] : NULL;
}

s64 txn_made(const struct txn *txn, const struct object *object)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(txn->made, quota_key(object)));
}

static void count_made(struct txn *txn, const struct object *object, int change)
{
	gpointer key = quota_key(object);
	int count = GPOINTER_TO_INT(g_hash_table_lookup(txn->made, key));

	if (key)
		g_hash_table_insert(txn->made, key, GINT_TO_POINTER(count + change));
}

static struct change *stage(struct txn *txn, enum kind_id kind, const struct uuid *id)
{
	struct change *change = txn_change(txn, kind, id);
	const struct object *old;

	if (change)
		return change;
	old = model_get(txn->model, kind, id);
	change = g_slice_new0(struct change);
	change->kind = kind;
	change->id = *id;
	change->old = old ? object_ref(old) : NULL;
	g_ptr_array_add(txn->changes, change);
	g_hash_table_insert(txn->by_id, &change->id, change);
	return change;
}

/* The object that has @key now, as the transaction sees it, other than @self; NULL: none. */
static const struct object *key_holder(
	struct txn *txn, enum kind_id kind, unsigned index, u64 key, const struct uuid *self)
{
	const struct object *candidates[2] = { NULL, NULL };
	struct change *change = g_hash_table_lookup(txn->unique_keys, (gpointer)(uintptr_t)key);
	struct model_iter iter;
	struct key_sink sink;

	model_iter_init_key(&iter, txn->model, kind, index, key);
	candidates[0] = model_iter_next(&iter);
	candidates[1] = change ? change->new : NULL;
	for (unsigned i = 0; i < 2; i++) {
		const struct object *object = candidates[i];

		if (object && (change = txn_change(txn, kind, &object->id)))
			object = change->new;
		if (!object || uuid_equal(&object->id, self))
			continue;
		index_keys(object, index, &sink);
		for (unsigned k = 0; k < sink.n; k++)
			if (sink.keys[k] == key)
				return object;
	}
	return NULL;
}

static bool claim_unique_keys(
	struct txn *txn, struct change *change, const struct object *draft, GError **error)
{
	const struct kind *kind = object_kind(draft);
	const struct object *holder;
	struct key_sink sink;
	char id[UUID_STRLEN];

	for (unsigned i = 0; i < kind->n_indexes; i++) {
		if (!(kind->indexes[i].flags & INDEX_UNIQUE))
			continue;
		index_keys(draft, i, &sink);
		for (unsigned k = 0; k < sink.n; k++) {
			gpointer key = (gpointer)(uintptr_t)sink.keys[k];

			holder = key_holder(txn, kind->id, i, sink.keys[k], &draft->id);
			if (holder) {
				g_set_error(error, WEFT_ERROR, kind->indexes[i].error,
					"The %s of this %s is already used by %s %s; choose another.",
					kind->indexes[i].name, kind_words(kind), kind_words(kind),
					uuid_format(&holder->id, id));
				return false;
			}
			g_hash_table_insert(txn->unique_keys, key, change);
		}
	}
	return true;
}

static bool check_references(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	const struct kind *kind = object_kind(draft);

	for (unsigned slot = N_STANDARD_SLOTS; slot < kind->n_slots; slot++) {
		const struct attr *attr = &kind->attrs[slot];

		if (!attr->refers || object_is_null(draft, slot) ||
			(old && object_equal(old, draft, slot)))
			continue;
		if (txn_get_text(txn, attr->refers, object_str(draft, slot)))
			continue;
		g_set_error(error, WEFT_ERROR, kind_by_id(attr->refers)->not_found,
			"%s %s, named as %s of this %s, could not be found.",
			kind_words(kind_by_id(attr->refers)), object_str(draft, slot), attr->name,
			kind_words(kind));
		return false;
	}
	return true;
}

static bool same_values(const struct object *a, const struct object *b)
{
	for_each_slot(slot,
		kind_tables(object_kind(a))->stored) if (!object_equal(a, b,
								 (unsigned)slot)) return false;
	return true;
}

/* Seals @draft, takes it over. */
static void stage_draft(struct txn *txn, struct change *change, struct object *draft)
{
	object_set_int(draft, SLOT_REVISION_NUMBER,
		change->old ? object_int(change->old, SLOT_REVISION_NUMBER) + 1 : 1);
	object_set_int(draft, SLOT_UPDATED_AT, txn->now);
	if (!change->old)
		object_set_int(draft, SLOT_CREATED_AT, txn->now);
	draft->sealed = true;
	object_unref(change->new);
	change->new = draft;
}

void txn_touch(struct txn *txn, const struct object *object)
{
	struct change *change = stage(txn, object->kind, &object->id);

	if (change->old && !change->new && !change->removed)
		stage_draft(txn, change, object_edit(change->old));
}

/* What @object is shown as a part of has changed with it. */
static void touch_wholes(struct txn *txn, const struct object *object)
{
	const struct kind *kind = object_kind(object);

	for_each_slot(slot, kind_tables(kind)->revises)
	{
		const struct object *whole = txn_get_text(
			txn, kind->attrs[slot].refers, object_str(object, (unsigned)slot));

		if (whole)
			txn_touch(txn, whole);
	}
}

const struct object *txn_put(struct txn *txn, struct object *draft, GError **error)
{
	struct change *change = stage(txn, draft->kind, &draft->id);
	const struct object *current = change->new ? change->new : change->old;
	bool same = current && same_values(current, draft);

	if (same || !check_references(txn, change->old, draft, error) ||
		!claim_unique_keys(txn, change, draft, error)) {
		object_unref(draft);
		return same ? current : NULL;
	}
	if (!change->new && (!change->old || change->removed))
		count_made(txn, draft, 1);
	stage_draft(txn, change, draft);
	if (change->old)
		touch_wholes(txn, change->old);
	touch_wholes(txn, draft);
	return draft;
}

bool txn_remove(struct txn *txn, const struct object *object, GError **error)
{
	const struct kind *kind = object_kind(object);
	struct change *change = stage(txn, object->kind, &object->id);
	g_autoptr(object) held = object_ref(object);

	if (!change->new && (change->removed || !change->old))
		return true;
	count_made(txn, object, -1);
	g_clear_pointer(&change->new, object_unref);
	change->removed = true;
	touch_wholes(txn, held);
	return txn_apply_references(txn, held, error) &&
	       (!kind->rbac || rbac_forget(txn, held, error)) &&
	       (!kind->hooks.on_delete || kind->hooks.on_delete(txn, held, error));
}

/* Not what is staged as it was, nor what is both created and deleted. */
static bool is_change(const struct change *change)
{
	return change->new || (change->removed && change->old);
}

void txn_each(
	const struct txn *txn, void (*each)(const struct change *change, void *user), void *user)
{
	guint n = txn->changes->len;

	for (guint i = 0; i < n; i++)
		if (is_change(txn->changes->pdata[i]))
			each(txn->changes->pdata[i], user);
}

struct changeset *txn_apply(struct txn *txn, u64 revision)
{
	struct changeset *changes = g_new0(struct changeset, 1);

	changes->changes = g_new(struct change, txn->changes->len);
	for (guint i = 0; i < txn->changes->len; i++) {
		struct change *change = txn->changes->pdata[i];

		if (!is_change(change))
			continue;
		changes->changes[changes->n++] = *change;
		if (change->new)
			change->new->revision = revision;
		change->old = change->new = NULL;
	}
	give_reservations(txn);
	changes->revision = changes->n ? revision : model_revision(txn->model);
	if (changes->n)
		model_apply(txn->model, changes, revision);
	txn_free(txn);
	return changes;
}

void changeset_free(struct changeset *changes)
{
	for (unsigned i = 0; i < changes->n; i++) {
		object_unref(changes->changes[i].old);
		object_unref(changes->changes[i].new);
	}
	g_free(changes->changes);
	g_free(changes);
}
