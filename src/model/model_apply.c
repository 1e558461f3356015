/* SPDX-License-Identifier: Apache-2.0 */
/* How the model changes: apply, undo, load. All three are model_apply() of a change-set. */
#include "model/model_impl.h"

#include <string.h>

void index_add(struct key_sink *sink, const char *const *texts, unsigned n)
{
	if (sink->n < MAX_KEYS)
		sink->keys[sink->n++] = key_of(sink->salt, texts, n);
}

static unsigned index_salt(enum kind_id kind, unsigned index)
{
	return (unsigned)kind * MAX_INDEXES + index;
}

u64 index_key(enum kind_id kind, unsigned index, va_list list)
{
	const char *texts[4];
	unsigned n = 0;

	for (const char *text; n < G_N_ELEMENTS(texts) && (text = va_arg(list, const char *));)
		texts[n++] = text;
	return key_of(index_salt(kind, index), texts, n);
}

void index_keys(const struct object *object, unsigned number, struct key_sink *sink)
{
	const struct kind *kind = object_kind(object);
	const struct index *index = &kind->indexes[number];
	char buf[G_N_ELEMENTS(index->slots)][VALUE_TEXT];
	const char *texts[G_N_ELEMENTS(index->slots)];
	unsigned n = 0;

	sink->n = 0;
	sink->salt = index_salt(kind->id, number);
	if (index->keys) {
		index->keys(object, sink);
		return;
	}
	for (; n < G_N_ELEMENTS(index->slots) && index->slots[n]; n++) {
		texts[n] = object_text(object, index->slots[n], buf[n]);
		if (!texts[n] || !*texts[n])
			return;
	}
	index_add(sink, texts, n);
}

static bool has_key(const struct key_sink *sink, u64 key)
{
	for (unsigned i = 0; i < sink->n; i++)
		if (sink->keys[i] == key)
			return true;
	return false;
}

/* Does an update leave all keys of a table index as they are? */
static bool same_slots(const struct index *index, const struct object *a, const struct object *b)
{
	if (index->keys)
		return index->depends_on && object_equal(a, b, index->depends_on);
	for (unsigned i = 0; i < G_N_ELEMENTS(index->slots) && index->slots[i]; i++)
		if (!object_equal(a, b, index->slots[i]))
			return false;
	return true;
}

/* A key that an object has twice is in the index once. */
static void dedupe(struct key_sink *sink)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sink->n; i++) {
		bool seen = false;

		for (unsigned j = 0; j < n && !seen; j++)
			seen = sink->keys[j] == sink->keys[i];
		if (!seen)
			sink->keys[n++] = sink->keys[i];
	}
	sink->n = n;
}

static void reindex(struct table *table, unsigned number, struct cell *cell,
	const struct object *old, const struct object *new)
{
	struct key_sink before, after;

	before.n = after.n = 0;
	if (old && new &&same_slots(&table->kind->indexes[number], old, new))
		return;
	if (old)
		index_keys(old, number, &before);
	if (new)
		index_keys(new, number, &after);
	dedupe(&before);
	dedupe(&after);
	for (unsigned i = 0; i < before.n; i++)
		if (!has_key(&after, before.keys[i]))
			key_index_remove(&table->indexes[number], before.keys[i], cell);
	for (unsigned i = 0; i < after.n; i++)
		if (!has_key(&before, after.keys[i]))
			key_index_add(&table->indexes[number], after.keys[i], cell);
}

void model_replace(struct model *model, struct change *change)
{
	struct table *table = &model->tables[change->kind];
	struct cell *cell = change->old ? table_find(table, &change->id) : NULL;
	const struct object *previous = cell ? cell->object : NULL;

	g_assert(!change->old == !cell);
	if (!cell) {
		cell = g_slice_new(struct cell);
		cell->order = change->order ? change->order : model->next_order++;
		key_index_add(&table->by_id, key_of_id(&change->id), cell);
		object_list_add(&table->all, cell);
	}
	change->order = cell->order;
	cell->object = change->new ? object_ref(change->new) : previous;
	for (unsigned i = 0; i < table->kind->n_indexes; i++)
		reindex(table, i, cell, change->old, change->new);
	if (!change->new) {
		object_list_remove(&table->all, cell);
		key_index_remove(&table->by_id, key_of_id(&change->id), cell);
		g_slice_free(struct cell, cell);
	}
	object_unref((struct object *)previous);
}

static void observe(struct model *model, const struct changeset *changes, enum observe_phase phase)
{
	for (unsigned i = 0; i < changes->n; i++) {
		const struct change *change = &changes->changes[i];
		const struct kind *kind = kind_by_id(change->kind);

		if (kind->hooks.observe)
			kind->hooks.observe(model, change->old, change->new, phase);
	}
}

void model_apply(struct model *model, struct changeset *changes, u64 revision)
{
	for (unsigned i = 0; i < changes->n; i++)
		model_replace(model, &changes->changes[i]);
	model->revision = revision;
	observe(model, changes, OBSERVE_RELEASE);
	observe(model, changes, OBSERVE_CLAIM);
}

void model_undo(struct model *model, const struct changeset *changes, u64 revision)
{
	g_autofree struct change *reversed = g_new(struct change, changes->n);
	struct changeset inverse = { .n = changes->n, .changes = reversed };

	g_assert(model->revision == changes->revision || !changes->n);
	for (unsigned i = 0; i < changes->n; i++) {
		struct change *change = &reversed[changes->n - 1 - i];

		*change = changes->changes[i];
		change->old = changes->changes[i].new;
		change->new = changes->changes[i].old;
	}
	model_apply(model, &inverse, revision);
}

/* Fails when another object has one of @object's unique keys. */
static bool check_unique(const struct model *model, const struct object *object, GError **error)
{
	const struct kind *kind = object_kind(object);
	struct key_sink sink;
	struct model_iter iter;
	char id[UUID_STRLEN];

	for (unsigned i = 0; i < kind->n_indexes; i++) {
		if (!(kind->indexes[i].flags & INDEX_UNIQUE))
			continue;
		index_keys(object, i, &sink);
		for (unsigned k = 0; k < sink.n; k++) {
			model_iter_init_key(&iter, model, kind->id, i, sink.keys[k]);
			if (model_iter_next(&iter))
				return weft_fail(error, STORE_CORRUPT,
					"the stored %s %s has the same %s as another",
					kind->singular, uuid_format(&object->id, id),
					kind->indexes[i].name);
		}
	}
	return true;
}

bool model_load(struct model *model, struct object *object, GError **error)
{
	struct change change = { .kind = object->kind, .id = object->id, .new = object };
	bool ok = !table_find(&model->tables[object->kind], &object->id);

	if (!ok)
		weft_fail(error, STORE_CORRUPT, "a %s is stored twice",
			object_kind(object)->singular);
	ok = ok && check_unique(model, object, error);
	if (ok) {
		object->sealed = true;
		model_replace(model, &change);
	}
	object_unref(object);
	return ok;
}

void model_load_done(struct model *model, u64 revision)
{
	static const enum observe_phase phases[] = { OBSERVE_RELEASE, OBSERVE_CLAIM };
	const struct object *object;
	struct model_iter iter;

	model->revision = revision;
	for (unsigned p = 0; p < G_N_ELEMENTS(phases); p++)
		for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
			const struct kind *kind = kind_by_id(id);

			model_iter_all(&iter, model, id, NULL);
			while (kind->hooks.observe && (object = model_iter_next(&iter)))
				kind->hooks.observe(model, NULL, object, phases[p]);
		}
}
