/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/api/path.h"

#include <string.h>

#define PARENT "{parent}"
#define MAX_SEGMENTS 8

/* Paths without their first "/" → kind. */
static GHashTable *known_paths(void)
{
	static GHashTable *paths;

	if (paths)
		return paths;
	paths = g_hash_table_new(g_str_hash, g_str_equal);
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id((enum kind_id)id);

		if (kind->flags & KIND_ELSEWHERE)
			continue;
		g_hash_table_insert(paths, (char *)kind->path + 1, (gpointer)kind);
		if (kind->alias_path)
			g_hash_table_insert(paths, (char *)kind->alias_path + 1, (gpointer)kind);
	}
	return paths;
}

/* OpenStack's older clients ask for "networks.json". */
static void append_last(GString *path, const char *segment)
{
	size_t len = strlen(segment);

	g_string_append_len(
		path, segment, (gssize)(g_str_has_suffix(segment, ".json") ? len - 5 : len));
}

/* The kind whose path is the first @n segments; with @nested the one before the last is an id. */
static const struct kind *look_up(const struct http_target *target, unsigned n, bool nested)
{
	g_autoptr(GString) path = g_string_sized_new(64);

	for (unsigned i = 0; i < n; i++) {
		if (i)
			g_string_append_c(path, '/');
		if (i == n - 1)
			append_last(path, target->segments[i]);
		else
			g_string_append(path, nested && i == n - 2 ? PARENT : target->segments[i]);
	}
	return g_hash_table_lookup(known_paths(), path->str);
}

bool path_find(const struct http_target *target, struct collection_path *ret)
{
	for (unsigned n = MIN(target->n_segments, MAX_SEGMENTS); n >= 2; n--)
		for (int nested = 1; nested >= 0; nested--) {
			const struct kind *kind = look_up(target, n, nested);

			if (!kind)
				continue;
			*ret = (struct collection_path){ kind,
				nested ? target->segments[n - 2] : NULL,
				!nested && kind_is_nested(kind), n };
			return true;
		}
	return false;
}

char *path_format(const struct kind *kind, const char *parent)
{
	const char *at = strstr(kind->path, PARENT);

	if (!at)
		return g_strdup(kind->path);
	return g_strdup_printf(
		"%.*s%s%s", (int)(at - kind->path), kind->path, parent, at + strlen(PARENT));
}
