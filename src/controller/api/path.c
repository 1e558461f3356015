/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/api/path.h"

#include <string.h>

#define PARENT "{parent}"
#define MAX_SEGMENTS 8
#define MIN_NESTED 4 /* segments of "v2.0/floatingips/{parent}/port_forwardings" */
#define PATH_MAX_LEN 128

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
		g_assert(strlen(kind->path) < PATH_MAX_LEN);
		g_hash_table_insert(paths, (char *)kind->path + 1, (gpointer)kind);
		if (kind->alias_path)
			g_hash_table_insert(paths, (char *)kind->alias_path + 1, (gpointer)kind);
	}
	return paths;
}

struct text {
	char buf[PATH_MAX_LEN];
	size_t len; /* more than PATH_MAX_LEN: it did not fit */
};

static void append(struct text *text, const char *piece, size_t len)
{
	if (text->len + len < PATH_MAX_LEN)
		memcpy(text->buf + text->len, piece, len);
	text->len += len;
}

/* OpenStack's older clients ask for "networks.json". */
static void append_last(struct text *text, const char *segment)
{
	size_t len = strlen(segment);

	append(text, segment, g_str_has_suffix(segment, ".json") ? len - 5 : len);
}

const char *path_segment(const struct http_target *target, unsigned i)
{
	const char *segment = target->segments[i];

	return i == 1 && !strcmp(segment, "v2") && !strcmp(target->segments[0], "load-balancer")
		       ? "v2.0"
		       : segment;
}

/* The kind whose path is the first @n segments; with @nested the one before the last is an id. */
static const struct kind *look_up(const struct http_target *target, unsigned n, bool nested)
{
	struct text text = { .len = 0 };

	for (unsigned i = 0; i < n; i++) {
		const char *segment = nested && i == n - 2 ? PARENT : path_segment(target, i);

		if (i)
			append(&text, "/", 1);
		if (i == n - 1)
			append_last(&text, segment);
		else
			append(&text, segment, strlen(segment));
	}
	if (text.len >= PATH_MAX_LEN)
		return NULL;
	text.buf[text.len] = '\0';
	return g_hash_table_lookup(known_paths(), text.buf);
}

bool path_find(const struct http_target *target, struct collection_path *ret)
{
	for (unsigned n = MIN(target->n_segments, MAX_SEGMENTS); n >= 2; n--)
		for (int nested = n >= MIN_NESTED; nested >= 0; nested--) {
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
