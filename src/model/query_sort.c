/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a list. What is computed when shown is computed once for each object. */
#include <stdlib.h>
#include <string.h>

#include "model/object_impl.h"
#include "model/query_impl.h"

struct sort {
	const struct query *query;
	GHashTable *computed[MAX_SORT_KEYS]; /* by key: object → its JSON; NULL: it is stored */
};

static gint compare_stored(const struct object *a, const struct object *b, unsigned slot)
{
	const struct attr *attr = kind_attr(object_kind(a), slot);
	char buf_a[VALUE_TEXT], buf_b[VALUE_TEXT];

	if (slot != SLOT_ID && attr->type != TYPE_ENUM && !type_is_text(attr->type)) {
		s64 x = a->values[slot].number, y = b->values[slot].number;

		return x < y ? -1 : x > y;
	}
	return g_strcmp0(object_text(a, slot, buf_a), object_text(b, slot, buf_b));
}

static gint compare_computed(const char *a, const char *b, const struct attr *attr)
{
	bool a_null = !strcmp(a, "null"), b_null = !strcmp(b, "null");

	if (a_null || b_null)
		return b_null - a_null;
	if (attr->type == TYPE_INT) {
		long long x = atoll(a), y = atoll(b);

		return x < y ? -1 : x > y;
	}
	return strcmp(a, b);
}

static gint compare(gconstpointer a, gconstpointer b, gpointer user)
{
	const struct object *x = *(const struct object *const *)a;
	const struct object *y = *(const struct object *const *)b;
	const struct sort *sort = user;

	for (unsigned i = 0; i < sort->query->n_keys; i++) {
		const struct sort_key *key = &sort->query->keys[i];
		GHashTable *computed = sort->computed[i];
		gint order = computed ? compare_computed(g_hash_table_lookup(computed, x),
						g_hash_table_lookup(computed, y),
						kind_attr(sort->query->kind, key->slot))
				      : compare_stored(x, y, key->slot);

		if (order)
			return key->descending ? -order : order;
	}
	return 0; /* the sort is stable: order of creation */
}

static GHashTable *compute(const struct model *model, const GPtrArray *objects, unsigned slot)
{
	GHashTable *computed = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	for (guint i = 0; i < objects->len; i++) {
		const struct object *object = objects->pdata[i];
		GString *text = g_string_new(NULL);
		struct json_writer w = json_writer_on(text);

		if (object_kind(object)->hooks.compute)
			object_kind(object)->hooks.compute(model, object, slot, &w);
		else
			jw_null(&w);
		g_hash_table_insert(computed, objects->pdata[i], g_string_free(text, FALSE));
	}
	return computed;
}

void query_sort(const struct query *query, const struct model *model, GPtrArray *objects)
{
	struct sort sort = { .query = query };

	for (unsigned i = 0; i < query->n_keys; i++)
		if (kind_attr(query->kind, query->keys[i].slot)->flags & ATTR_COMPUTED)
			sort.computed[i] = compute(model, objects, query->keys[i].slot);
	g_ptr_array_sort_with_data(objects, compare, &sort);
	for (unsigned i = 0; i < query->n_keys; i++)
		g_clear_pointer(&sort.computed[i], g_hash_table_destroy);
}
