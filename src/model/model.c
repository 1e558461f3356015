/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model_impl.h"

#include <string.h>

#include "model/access/policy.h"
#include "model/access/rbac.h"

struct model *model_new(void)
{
	struct model *model = g_new0(struct model, 1);

	model->next_order = 1;
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		struct table *table = &model->tables[id];

		table->kind = kind_by_id(id);
		g_assert(table->kind->n_indexes <= MAX_INDEXES);
		if (table->kind->hooks.state_new)
			table->state = table->kind->hooks.state_new();
	}
	return model;
}

static void free_cells(struct table *table)
{
	struct cell *cell;

	for (unsigned at = 0; (cell = object_list_next(&table->all, &at));) {
		object_unref((struct object *)cell->object);
		g_slice_free(struct cell, cell);
	}
}

void model_free(struct model *model)
{
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		struct table *table = &model->tables[id];

		if (table->kind->hooks.state_free)
			table->kind->hooks.state_free(table->state);
		for (unsigned i = 0; i < table->kind->n_indexes; i++)
			key_index_clear(&table->indexes[i]);
		free_cells(table);
		object_list_clear(&table->all);
		key_index_clear(&table->by_id);
	}
	g_free(model);
}

u64 model_revision(const struct model *model)
{
	return model->revision;
}

void *model_state(const struct model *model, enum kind_id kind)
{
	return model->tables[kind].state;
}

struct cell *table_find(const struct table *table, const struct uuid *id)
{
	const struct object_list *list;
	const struct cell *cell;

	if (!key_index_find(&table->by_id, key_of_id(id), &cell, &list))
		return NULL;
	for (unsigned at = 0; list && (cell = object_list_next(list, &at));)
		if (uuid_equal(object_id(cell->object), id))
			break;
	if (!cell || !uuid_equal(object_id(cell->object), id))
		return NULL;
	return (struct cell *)cell;
}

const struct object *model_get(const struct model *model, enum kind_id kind, const struct uuid *id)
{
	const struct cell *cell = table_find(&model->tables[kind], id);

	return cell ? cell->object : NULL;
}

const struct object *model_get_text(const struct model *model, enum kind_id kind, const char *id)
{
	struct uuid uuid;

	return id && uuid_parse(id, &uuid) ? model_get(model, kind, &uuid) : NULL;
}

const struct object *model_get_by_name_or_id(
	const struct model *model, enum kind_id kind, const char *name_or_id)
{
	const struct object *object = model_get_text(model, kind, name_or_id);

	if (object || model_count(model, kind, 0, name_or_id, NULL) != 1)
		return object;
	return model_first(model, kind, 0, name_or_id, NULL);
}

const struct object *model_need(
	const struct model *model, enum kind_id kind, const char *id, GError **error)
{
	const struct object *object = model_get_text(model, kind, id);

	if (!object)
		kind_fail_not_found(kind, id, error);
	return object;
}

unsigned model_count_all(const struct model *model, enum kind_id kind)
{
	return model->tables[kind].all.n_cells;
}

void model_iter_init_key(struct model_iter *iter, const struct model *model, enum kind_id kind,
	unsigned index, u64 key)
{
	const struct cell *cell;

	*iter = (struct model_iter){ .model = model };
	g_assert(index < model->tables[kind].kind->n_indexes);
	key_index_find(&model->tables[kind].indexes[index], key, &cell, &iter->list);
	iter->single = cell ? cell->object : NULL;
	iter->single_order = cell ? cell->order : 0;
}

void model_iter_init(
	struct model_iter *iter, const struct model *model, enum kind_id kind, unsigned index, ...)
{
	va_list texts;

	va_start(texts, index);
	model_iter_init_key(iter, model, kind, index, index_key(kind, index, texts));
	va_end(texts);
}

void model_iter_all(struct model_iter *iter, const struct model *model, enum kind_id kind,
	const struct object *after)
{
	*iter = (struct model_iter){ .model = model, .list = &model->tables[kind].all };
	if (after)
		model_iter_skip(iter, after);
}

void model_iter_skip(struct model_iter *iter, const struct object *after)
{
	const struct cell *cell = table_find(&iter->model->tables[after->kind], &after->id);

	if (!cell)
		return;
	if (iter->list)
		iter->at = object_list_find(iter->list, cell->order + 1);
	else if (iter->single && iter->single_order <= cell->order)
		iter->single = NULL;
}

const struct object *model_iter_next(struct model_iter *iter)
{
	const struct object *object = iter->single;
	const struct cell *cell;

	if (iter->list) {
		cell = object_list_next(iter->list, &iter->at);
		return cell ? cell->object : NULL;
	}
	iter->single = NULL;
	return object;
}

const struct object *model_first(const struct model *model, enum kind_id kind, unsigned index, ...)
{
	struct model_iter iter;
	va_list texts;

	va_start(texts, index);
	model_iter_init_key(&iter, model, kind, index, index_key(kind, index, texts));
	va_end(texts);
	return model_iter_next(&iter);
}

unsigned model_count(const struct model *model, enum kind_id kind, unsigned index, ...)
{
	struct model_iter iter;
	va_list texts;

	va_start(texts, index);
	model_iter_init_key(&iter, model, kind, index, index_key(kind, index, texts));
	va_end(texts);
	return iter.list ? iter.list->n_cells : iter.single != NULL;
}

const struct object *model_parent(const struct model *model, const struct object *object)
{
	const struct kind *kind = object_kind(object);

	if (!kind_parent(kind))
		return NULL;
	return model_get_text(model, kind_parent(kind), object_str(object, kind->parent_slot));
}

static bool is_own(const struct object *object, const struct caller *caller)
{
	return *caller->project_id && object_kind(object)->attrs[SLOT_PROJECT_ID].name &&
	       !g_strcmp0(object_str(object, SLOT_PROJECT_ID), caller->project_id);
}

static const struct object *referred(
	const struct model *model, const struct object *object, unsigned slot)
{
	return model_get_text(
		model, object_kind(object)->attrs[slot].refers, object_str(object, slot));
}

/* Is it in the caller's sight: his project's, shared to him, or nobody's? */
static bool in_sight(
	const struct model *model, const struct object *object, const struct caller *caller)
{
	const struct kind *kind = object_kind(object);
	const struct object *other;

	if (is_own(object, caller))
		return true;
	if (kind->rbac && rbac_visible(model, object, caller))
		return true;
	if (kind->seen_with && (other = referred(model, object, kind->seen_with)) &&
		model_visible(model, other, caller))
		return true;
	if (kind->seen_by_owner && (other = referred(model, object, kind->seen_by_owner)) &&
		is_own(other, caller))
		return true;
	return kind->hooks.visible ? kind->hooks.visible(model, object, caller)
				   : !kind->attrs[SLOT_PROJECT_ID].name;
}

bool model_visible(
	const struct model *model, const struct object *object, const struct caller *caller)
{
	const struct policy_target target = { .model = model, .object = object };
	const struct kind *kind = object_kind(object);
	const struct object *parent;

	if (!policy_allows(caller, kind, POLICY_GET, &target))
		return false;
	if (caller_sees_all(caller))
		return true;
	if (!kind_parent(kind))
		return in_sight(model, object, caller);
	parent = model_parent(model, object);
	return parent && model_visible(model, parent, caller);
}

bool model_changeable(
	const struct model *model, const struct object *object, const struct caller *caller)
{
	const struct policy_target target = { .model = model, .object = object };

	return policy_allows(caller, object_kind(object), POLICY_UPDATE, &target);
}
