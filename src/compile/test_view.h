/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a host's view, made of what compiling says. */
#pragma once

#include "compile/compile.h"
#include "model/testing.h"

/* What a host knows: the scopes it has, and records by "scope kind id". */
struct view {
	struct uuid host;
	GHashTable *scopes; /* set of struct scope */
	GHashTable *records;
};

static inline struct view *view_new(const struct uuid *host)
{
	struct view *view = g_new(struct view, 1);

	view->host = *host;
	view->scopes = g_hash_table_new_full(scope_hash, scope_equal, g_free, NULL);
	view->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return view;
}

static inline void view_free(gpointer data)
{
	struct view *view = data;

	g_hash_table_destroy(view->scopes);
	g_hash_table_destroy(view->records);
	g_free(view);
}

struct target {
	struct view *view;
	const struct scope *scope;
};

static inline char *record_key(const struct scope *scope, const char *kind, const char *id)
{
	char text[SCOPE_STRLEN];

	return g_strdup_printf("%s %s %s", scope_format(scope, text), kind, id);
}

static inline void put(const char *kind, const char *id, const char *data, void *user)
{
	struct target *target = user;
	json_t *json = json_loads(data, 0, NULL);

	assert_non_null(json);
	json_decref(json);
	g_hash_table_replace(
		target->view->records, record_key(target->scope, kind, id), g_strdup(data));
}

static inline gboolean is_in_scope(gpointer key, gpointer value, gpointer scope)
{
	(void)value;
	return g_str_has_prefix(key, scope) && ((char *)key)[strlen(scope)] == ' ';
}

static inline void drop_scope(struct view *view, const struct scope *scope)
{
	char text[SCOPE_STRLEN];

	assert_true(g_hash_table_remove(view->scopes, scope));
	g_hash_table_foreach_remove(
		view->records, is_in_scope, (gpointer)scope_format(scope, text));
}

static inline void gain_scope(
	struct view *view, const struct model *model, const struct scope *scope)
{
	struct target target = { view, scope };

	assert_true(g_hash_table_add(view->scopes, g_memdup2(scope, sizeof(*scope))));
	compile_scope(model, scope, put, &target);
}

static inline void apply_delta(struct view *view, const struct delta *delta)
{
	struct target target = { view, &delta->scope };

	if (!g_hash_table_contains(view->scopes, &delta->scope))
		return;
	if (delta->op == DELTA_PUT) {
		put(delta->kind, delta->id, delta->data, &target);
	} else {
		g_autofree char *key = record_key(&delta->scope, delta->kind, delta->id);

		assert_true(g_hash_table_remove(view->records, key));
	}
}
