/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list walks over candidates in the order of creation: what an index gives for a filter (of
 * several filters, the index with the fewest), else what the caller may see by indexes
 * (query_sight.c), else all of the kind. In that order a full page ends
 * the walk; a sorted or reversed one needs all that match first.
 */
#include "model/query.h"

#include <string.h>

#include "model/model_impl.h"
#include "model/query_impl.h"

struct query *query_new(const struct kind *kind, const struct caller *caller)
{
	struct query *query = g_new0(struct query, 1);

	query->kind = kind;
	query->caller = caller;
	query->filters = g_ptr_array_new_with_free_func(filter_free);
	return query;
}

void query_free(struct query *query)
{
	g_ptr_array_unref(query->filters);
	g_free(query->marker);
	g_free(query);
}

bool query_asks(const struct query *query, unsigned slot, const char *text)
{
	for (guint i = 0; i < query->filters->len; i++) {
		const struct filter *filter = query->filters->pdata[i];

		if (filter->type == FILTER_VALUE && filter->slot == slot &&
			!g_ptr_array_find_with_equal_func(filter->values, text, g_str_equal, NULL))
			return false;
	}
	return true;
}

u64 query_fields(const struct query *query)
{
	return query->fields;
}

unsigned query_limit(const struct query *query)
{
	return query->limit;
}

bool query_page_reverse(const struct query *query)
{
	return query->reverse;
}

void query_select(const struct kind *kind, const char *value, u64 *fields)
{
	g_auto(GStrv) names = g_strsplit(value, ",", -1);

	for (unsigned i = 0; names[i]; i++) {
		int slot = kind_slot(kind, names[i]);

		if (*names[i])
			*fields |= SLOT_BIT(slot < 0 ? SLOT_ID : slot);
	}
}

static bool add_field(struct query *query, const char *value, GError **error)
{
	(void)error;
	query_select(query->kind, value, &query->fields);
	return true;
}

static bool sortable(const struct attr *attr)
{
	return !(attr->flags & ATTR_COMPUTED) ||
	       (attr->type != TYPE_LIST && attr->type != TYPE_OBJECT);
}

static bool add_sort_key(struct query *query, const char *value, GError **error)
{
	int slot = kind_slot(query->kind, value);

	if (slot < 0 || !attr_readable(query->kind, (unsigned)slot, query->caller) ||
		!sortable(kind_attr(query->kind, (unsigned)slot)))
		return weft_fail(error, INVALID_INPUT,
			"Invalid sort_key '%.64s': a %s has no such attribute, or it has no order.",
			value, query->kind->singular);
	if (query->n_keys == MAX_SORT_KEYS)
		return weft_fail(error, INVALID_INPUT,
			"At most %d sort_key parameters are possible.", MAX_SORT_KEYS);
	query->keys[query->n_keys++].slot = (unsigned)slot;
	return true;
}

static bool add_sort_dir(struct query *query, const char *value, GError **error)
{
	bool descending = !g_ascii_strcasecmp(value, "desc");

	if (!descending && g_ascii_strcasecmp(value, "asc"))
		return weft_fail(error, INVALID_INPUT,
			"Invalid sort_dir '%.64s': it is asc or desc.", value);
	if (query->n_directions < MAX_SORT_KEYS)
		query->keys[query->n_directions++].descending = descending;
	return true;
}

/* Octavia's way, "name:desc,created_at". Networking has no such parameter. */
static bool add_sort(struct query *query, const char *value, GError **error)
{
	g_auto(GStrv) keys = g_strsplit(value, ",", -1);

	if (!g_str_has_prefix(query->kind->path, "/load-balancer/"))
		return filter_add(query->filters, query->kind, query->caller, "sort", value, error);
	for (unsigned i = 0; keys[i]; i++) {
		char *direction = strchr(keys[i], ':');
		bool descending = direction && !g_ascii_strcasecmp(direction + 1, "desc");

		if (direction && !descending && g_ascii_strcasecmp(direction + 1, "asc"))
			return weft_fail(error, INVALID_INPUT,
				"Invalid sort '%.64s': write KEY, KEY:asc or KEY:desc, with commas between them.",
				keys[i]);
		if (direction)
			*direction = '\0';
		if (!add_sort_key(query, keys[i], error))
			return false;
		query->keys[query->n_keys - 1].descending = descending;
	}
	return true;
}

static bool set_limit(struct query *query, const char *value, GError **error)
{
	guint64 limit;

	if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT, &limit, NULL))
		return weft_fail(error, BAD_REQUEST,
			"Invalid input for limit: '%.64s' is not a number of objects, 0 for no limit.",
			value);
	query->limit = (unsigned)limit;
	return true;
}

static bool set_marker(struct query *query, const char *value, GError **error)
{
	(void)error;
	g_free(query->marker);
	query->marker = g_strdup(value);
	return true;
}

static bool set_reverse(struct query *query, const char *value, GError **error)
{
	(void)error;
	query->reverse = !g_ascii_strcasecmp(value, "true") || !strcmp(value, "1");
	return true;
}

bool query_add(struct query *query, const char *name, const char *value, GError **error)
{
	static const struct {
		const char *name;
		bool (*set)(struct query *query, const char *value, GError **error);
	} controls[] = {
		{ "fields", add_field },
		{ "sort_key", add_sort_key },
		{ "sort_dir", add_sort_dir },
		{ "sort", add_sort },
		{ "limit", set_limit },
		{ "marker", set_marker },
		{ "page_reverse", set_reverse },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(controls); i++)
		if (!strcmp(controls[i].name, name))
			return controls[i].set(query, value, error);
	return filter_add(query->filters, query->kind, query->caller, name, value, error);
}

void query_add_parent(struct query *query, const char *parent)
{
	filter_add_value(query->filters, query->kind->parent_slot, parent);
}

static u64 order_of(const struct model *model, const struct object *object)
{
	return table_find(&model->tables[object->kind], &object->id)->order;
}

static gint compare_order(gconstpointer a, gconstpointer b, gpointer model)
{
	u64 x = order_of(model, *(const struct object *const *)a);
	u64 y = order_of(model, *(const struct object *const *)b);

	return x < y ? -1 : x > y;
}

/* Candidates under several keys of an index, or by id. */
static GPtrArray *gather(const struct query *query, const struct model *model,
	const struct filter *filter, int index)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	GPtrArray *found = g_ptr_array_new();
	enum kind_id kind = query->kind->id;
	const struct object *object;
	struct model_iter iter;

	for (guint i = 0; i < filter->values->len; i++) {
		const char *text = filter->values->pdata[i];

		if (index < 0) {
			object = model_get_text(model, kind, text);
			if (object && g_hash_table_add(seen, (gpointer)object))
				g_ptr_array_add(found, (gpointer)object);
			continue;
		}
		model_iter_init(&iter, model, kind, (unsigned)index, text, NULL);
		while ((object = model_iter_next(&iter)))
			if (g_hash_table_add(seen, (gpointer)object))
				g_ptr_array_add(found, (gpointer)object);
	}
	g_ptr_array_sort_with_data(found, compare_order, (gpointer)model);
	return found;
}

/* How many candidates a filter leaves by an index or by id; G_MAXUINT when it has none. Objects
 * without a value are in no index, so the empty text has none either. */
static unsigned cost_of(
	const struct query *query, const struct model *model, const struct filter *filter)
{
	int index = filter_index(filter, query->kind);
	unsigned n = 0;

	if (filter->type == FILTER_VALUE && filter->slot == SLOT_ID)
		return filter->values->len;
	if (index < 0)
		return G_MAXUINT;
	for (guint i = 0; i < filter->values->len; i++) {
		const char *text = filter->values->pdata[i];

		if (!*text)
			return G_MAXUINT;
		n += model_count(model, query->kind->id, (unsigned)index, text, NULL);
	}
	return n;
}

/* Candidates in order of creation: `iter`, or `gathered` when there are several keys; or, of what a
 * caller may see, both, merged. */
struct walk {
	const struct model *model;
	struct model_iter iter;
	GPtrArray *gathered;
	guint at;
	bool merged;
	const struct object *own; /* merged: the next one of `iter` */
};

static void walk_init(struct walk *walk, const struct query *query, const struct model *model)
{
	const struct filter *best = NULL;
	unsigned least = G_MAXUINT;
	int index;

	*walk = (struct walk){ .model = model };
	for (guint i = 0; i < query->filters->len; i++) {
		unsigned cost = cost_of(query, model, query->filters->pdata[i]);

		if (cost < least) {
			least = cost;
			best = query->filters->pdata[i];
		}
	}
	if (!best && !caller_sees_all(query->caller))
		walk->gathered = sight_gather(model, query->kind, query->caller, &walk->iter);
	walk->merged = walk->gathered != NULL;
	if (walk->merged) {
		walk->own = model_iter_next(&walk->iter);
		return;
	}
	if (!best) {
		model_iter_all(&walk->iter, model, query->kind->id, NULL);
		return;
	}
	index = filter_index(best, query->kind);
	if (index < 0 || best->values->len > 1)
		walk->gathered = gather(query, model, best, index);
	else
		model_iter_init(&walk->iter, model, query->kind->id, (unsigned)index,
			best->values->pdata[0], NULL);
}

static void walk_skip(struct walk *walk, const struct model *model, const struct object *after)
{
	u64 behind = order_of(model, after);

	if (!walk->gathered) {
		model_iter_skip(&walk->iter, after);
	} else if (walk->own && order_of(model, walk->own) <= behind) {
		model_iter_skip(&walk->iter, after);
		walk->own = model_iter_next(&walk->iter);
	}
	while (walk->gathered && walk->at < walk->gathered->len &&
		order_of(model, walk->gathered->pdata[walk->at]) <= behind)
		walk->at++;
}

static const struct object *next_gathered(struct walk *walk)
{
	return walk->at < walk->gathered->len ? walk->gathered->pdata[walk->at] : NULL;
}

static const struct object *walk_next(struct walk *walk)
{
	const struct object *own = walk->own, *other;

	if (!walk->gathered)
		return model_iter_next(&walk->iter);
	other = next_gathered(walk);
	if (other && (!own || order_of(walk->model, other) < order_of(walk->model, own))) {
		walk->at++;
		return other;
	}
	if (own)
		walk->own = model_iter_next(&walk->iter);
	return own;
}

bool query_matches(
	const struct query *query, const struct model *model, const struct object *object)
{
	if (!model_visible(model, object, query->caller))
		return false;
	for (guint i = 0; i < query->filters->len; i++)
		if (!filter_matches(query->filters->pdata[i], object, model, query->caller))
			return false;
	return true;
}

/* All that pass behind @after, at most @limit (0: no limit). */
static GPtrArray *collect(const struct query *query, const struct model *model,
	const struct object *after, unsigned limit)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *object;
	struct walk walk;

	walk_init(&walk, query, model);
	if (after)
		walk_skip(&walk, model, after);
	while ((!limit || found->len < limit) && (object = walk_next(&walk)))
		if (query_matches(query, model, object))
			g_ptr_array_add(found, object_ref(object));
	if (walk.gathered)
		g_ptr_array_unref(walk.gathered);
	return found;
}

/* Cuts the page out of all that match, in their final order. */
static bool cut_page(const struct query *query, GPtrArray *all, const struct object *marker)
{
	guint first = 0, end = all->len, at = 0;
	bool more;

	while (marker && at < all->len && !uuid_equal(object_id(all->pdata[at]), object_id(marker)))
		at++;
	if (marker && query->reverse)
		end = at;
	else if (marker)
		first = MIN(at + 1, all->len);
	more = query->limit && end - first > query->limit;
	if (more && query->reverse)
		first = end - query->limit;
	else if (more)
		end = first + query->limit;
	g_ptr_array_remove_range(all, end, all->len - end);
	g_ptr_array_remove_range(all, 0, first);
	return more;
}

static void fail_marker(const struct query *query, GError **error)
{
	weft_fail(error, INVALID_INPUT,
		"Invalid input for marker: there is no %s '%.64s'; give the id of the last one of the page before.",
		query->kind->singular, query->marker);
}

/* Of a kind whose objects are made when asked for: they are in no table, the page comes out of all.
 */
static GPtrArray *run_computed(
	const struct query *query, const struct model *model, bool *ret_more, GError **error)
{
	g_autoptr(GPtrArray) all = query->kind->hooks.all(model, query);
	GPtrArray *page = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *marker = NULL;
	char id[UUID_STRLEN];

	for (guint i = 0; i < all->len; i++) {
		if (query->marker &&
			!strcmp(query->marker, uuid_format(object_id(all->pdata[i]), id)))
			marker = all->pdata[i];
		if (query_matches(query, model, all->pdata[i]))
			g_ptr_array_add(page, object_ref(all->pdata[i]));
	}
	if (query->marker && !marker) {
		g_ptr_array_unref(page);
		fail_marker(query, error);
		return NULL;
	}
	query_sort(query, model, page);
	*ret_more = cut_page(query, page, marker);
	return page;
}

GPtrArray *query_run(
	const struct query *query, const struct model *model, bool *ret_more, GError **error)
{
	const struct object *marker = NULL;
	GPtrArray *page;

	if (query->n_directions > query->n_keys) {
		weft_fail(error, INVALID_INPUT,
			"There are more sort_dir parameters (%u) than sort_key ones (%u).",
			query->n_directions, query->n_keys);
		return NULL;
	}
	if (query->kind->flags & KIND_COMPUTED)
		return run_computed(query, model, ret_more, error);
	if (query->marker) {
		marker = model_get_text(model, query->kind->id, query->marker);
		if (!marker || !model_visible(model, marker, query->caller)) {
			fail_marker(query, error);
			return NULL;
		}
	}
	if (query->n_keys || query->reverse) {
		page = collect(query, model, NULL, 0);
		query_sort(query, model, page);
		*ret_more = cut_page(query, page, marker);
		return page;
	}
	page = collect(query, model, marker, query->limit ? query->limit + 1 : 0);
	*ret_more = query->limit && page->len > query->limit;
	if (*ret_more)
		g_ptr_array_remove_index(page, page->len - 1);
	return page;
}
