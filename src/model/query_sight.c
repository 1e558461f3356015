/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller can see of a kind, found by indexes: model_visible() of every object the other way
 * round. It may find more than he may see, never less; who sees all is not asked here.
 */
#include <string.h>

#include "model/model_impl.h"
#include "model/query_impl.h"
#include "model/access/rbac.h"

/* The index by the attribute @slot, which refers to another kind. */
static unsigned reference_index(const struct kind *kind, unsigned slot)
{
	return kind->attrs[slot].referrer_index;
}

static void add_under(GPtrArray *found, const struct model *model, enum kind_id kind,
	unsigned index, const char *text)
{
	const struct object *object;
	struct model_iter iter;

	model_iter_init(&iter, model, kind, index, text, NULL);
	while ((object = model_iter_next(&iter)))
		g_ptr_array_add(found, (gpointer)object);
}

static void add_own(GPtrArray *found, const struct model *model, const struct kind *kind,
	const struct caller *caller)
{
	int index = kind_tables(kind)->project_index;

	if (*caller->project_id)
		add_under(found, model, kind->id, (unsigned)index, caller->project_id);
}

static void add_shared(
	GPtrArray *found, const struct model *model, const struct kind *kind, const char *target)
{
	const struct object *policy, *object;
	struct model_iter iter;

	if (!*target)
		return;
	model_iter_init(
		&iter, model, KIND_RBAC_POLICY, RBAC_BY_TARGET, kind_name(kind), target, NULL);
	while ((policy = model_iter_next(&iter))) {
		object = model_get_text(model, kind->id, object_str(policy, RBAC_OBJECT_ID));
		if (object)
			g_ptr_array_add(found, (gpointer)object);
	}
}

/* Those that refer by @slot to one of @others. */
static void add_referrers(GPtrArray *found, const struct model *model, const struct kind *kind,
	unsigned slot, const GPtrArray *others)
{
	char id[UUID_STRLEN];

	for (guint i = 0; i < others->len; i++)
		add_under(found, model, kind->id, reference_index(kind, slot),
			uuid_format(object_id(others->pdata[i]), id));
}

static const struct kind *referred(const struct kind *kind, unsigned slot)
{
	return kind_by_id(kind->attrs[slot].refers);
}

/* Finds what is seen with what @slot refers to; false: only a walk would. */
static bool add_seen_with(GPtrArray *found, const struct model *model, const struct kind *kind,
	unsigned slot, const struct caller *caller)
{
	g_autoptr(GPtrArray) others = NULL;

	if (!slot)
		return true;
	others = sight_gather(model, referred(kind, slot), caller, NULL);
	if (others)
		add_referrers(found, model, kind, slot, others);
	return others;
}

static void add_seen_by_owner(GPtrArray *found, const struct model *model, const struct kind *kind,
	const struct caller *caller)
{
	g_autoptr(GPtrArray) others = g_ptr_array_new();

	add_own(others, model, referred(kind, kind->seen_by_owner), caller);
	add_referrers(found, model, kind, kind->seen_by_owner, others);
}

static u64 order_of(const struct model *model, const struct object *object)
{
	return table_find(&model->tables[object->kind], &object->id)->order;
}

struct place {
	u64 order;
	const struct object *object;
};

static gint compare(gconstpointer a, gconstpointer b)
{
	u64 x = ((const struct place *)a)->order, y = ((const struct place *)b)->order;

	return x < y ? -1 : x > y;
}

static void leave_out_own(GPtrArray *found, const struct caller *caller)
{
	guint n = 0;

	for (guint i = 0; i < found->len; i++)
		if (strcmp(object_str(found->pdata[i], SLOT_PROJECT_ID), caller->project_id) != 0)
			found->pdata[n++] = found->pdata[i];
	g_ptr_array_set_size(found, (gint)n);
}

/* In order of creation, each once. */
static void order(const struct model *model, GPtrArray *found)
{
	g_autofree struct place *places = g_new(struct place, found->len);
	guint n = 0;

	for (guint i = 0; i < found->len; i++)
		places[i] = (struct place){ order_of(model, found->pdata[i]), found->pdata[i] };
	if (found->len)
		qsort(places, found->len, sizeof *places, compare);
	for (guint i = 0; i < found->len; i++)
		if (!i || places[i].order != places[i - 1].order)
			found->pdata[n++] = (gpointer)places[i].object;
	g_ptr_array_set_size(found, (gint)n);
}

/* Finds all but those of the caller's project; false: only a walk would. */
static bool add_others(GPtrArray *found, const struct model *model, const struct kind *kind,
	const struct caller *caller)
{
	if (!add_seen_with(found, model, kind, kind->parent_slot ?: kind->seen_with, caller))
		return false;
	if (kind->seen_by_owner)
		add_seen_by_owner(found, model, kind, caller);
	if (kind->rbac) {
		add_shared(found, model, kind, caller->project_id);
		add_shared(found, model, kind, RBAC_EVERYBODY);
	}
	return true;
}

GPtrArray *sight_gather(const struct model *model, const struct kind *kind,
	const struct caller *caller, struct model_iter *own)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	bool owned = !kind_parent(kind);
	int index = kind_tables(kind)->project_index;

	if (own)
		*own = (struct model_iter){ .model = model };
	if (kind->hooks.visible || (owned && index < 0) || !add_others(found, model, kind, caller))
		return NULL;
	if (owned && own && *caller->project_id) {
		leave_out_own(found, caller);
		model_iter_init(own, model, kind->id, (unsigned)index, caller->project_id, NULL);
	} else if (owned) {
		add_own(found, model, kind, caller);
	}
	order(model, found);
	return g_steal_pointer(&found);
}
