/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that forgets: for tests, and to try weft out. "memory:" starts empty. For tests of what
 * happens when a disk fails, "memory:fail-after=N" refuses every change-set with a revision above
 * N.
 */
#include <string.h>

#include "store/store_impl.h"

struct row {
	struct uuid id;
	const char *kind;
	u64 revision;
	char *data;
	u64 order;
};

struct memory {
	GHashTable *rows; /* set of struct row, by kind and id */
	u64 next_order, fail_after, fail_once;
};

static guint row_hash(gconstpointer row)
{
	return uuid_hash(&((const struct row *)row)->id);
}

static gboolean row_equal(gconstpointer a, gconstpointer b)
{
	const struct row *x = a, *y = b;

	return uuid_equal(&x->id, &y->id) && !strcmp(x->kind, y->kind);
}

static void row_free(gpointer data)
{
	struct row *row = data;

	g_free(row->data);
	g_free(row);
}

static bool parse_option(const char *rest, struct memory *memory)
{
	const char *value = strchr(rest, '=');
	u64 *option = g_str_has_prefix(rest, "fail-after=")  ? &memory->fail_after
		      : g_str_has_prefix(rest, "fail-once=") ? &memory->fail_once
							     : NULL;
	guint64 revision;

	if (!option || !g_ascii_string_to_unsigned(value + 1, 10, 0, UINT64_MAX, &revision, NULL))
		return false;
	*option = revision;
	return true;
}

static void *memory_open(const char *rest, struct uuid *ret_uuid, u64 *ret_revision, GError **error)
{
	struct memory memory = { .fail_after = UINT64_MAX };

	if (*rest && !parse_option(rest, &memory)) {
		weft_fail(error, INVALID_INPUT,
			"store 'memory:%s': give memory:, memory:fail-after=N or memory:fail-once=N",
			rest);
		return NULL;
	}
	memory.rows = g_hash_table_new_full(row_hash, row_equal, row_free, NULL);
	*ret_uuid = uuid_random();
	*ret_revision = 0;
	return g_memdup2(&memory, sizeof(memory));
}

static void memory_close(void *backend)
{
	struct memory *memory = backend;

	g_hash_table_destroy(memory->rows);
	g_free(memory);
}

static gint compare_order(gconstpointer a, gconstpointer b)
{
	const struct row *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static bool memory_load(void *backend, store_load_fn load, void *user, GError **error)
{
	struct memory *memory = backend;
	g_autoptr(GList) rows = g_list_sort(g_hash_table_get_keys(memory->rows), compare_order);

	for (GList *link = rows; link; link = link->next) {
		struct row *row = link->data;

		if (!load(row->kind, &row->id, row->revision, row->data, error, user))
			return false;
	}
	return true;
}

static void apply(
	struct memory *memory, const struct store_set *set, const struct store_change *change)
{
	struct row key = { .id = change->id, .kind = change->kind };
	struct row *row = g_hash_table_lookup(memory->rows, &key);

	if (!change->data) {
		g_hash_table_remove(memory->rows, &key);
		return;
	}
	if (!row) {
		row = g_memdup2(&key, sizeof(key));
		row->order = memory->next_order++;
		g_hash_table_add(memory->rows, row);
	}
	g_free(row->data);
	row->data = g_strdup(change->data);
	row->revision = set->revision;
}

static bool memory_commit(void *backend, const GQueue *sets, GError **error)
{
	struct memory *memory = backend;
	const struct store_set *last = sets->tail->data;

	if (memory->fail_once && last->revision >= memory->fail_once) {
		memory->fail_once = 0;
		return weft_fail(error, UNAVAILABLE, "the memory store was told to fail once");
	}
	if (last->revision > memory->fail_after)
		return weft_fail(error, UNAVAILABLE, "the memory store was told to fail");
	for (GList *link = sets->head; link; link = link->next) {
		const struct store_set *set = link->data;

		for (unsigned i = 0; i < set->n; i++)
			apply(memory, set, &set->changes[i]);
	}
	return true;
}

const struct store_backend store_memory = {
	.scheme = "memory",
	.open = memory_open,
	.close = memory_close,
	.load = memory_load,
	.commit = memory_commit,
};
