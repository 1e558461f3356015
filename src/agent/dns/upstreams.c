/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/upstreams.h"

#include <string.h>
#include <sys/stat.h>

#define UPSTREAMS_MAX 8

struct dns_upstreams {
	char *path; /* NULL: a fixed list */
	struct stat seen;
	struct ip list[UPSTREAMS_MAX];
	size_t n;
};

struct dns_upstreams *dns_upstreams_of_list(const struct ip *list, size_t n)
{
	struct dns_upstreams *u = g_new0(struct dns_upstreams, 1);

	u->n = MIN(n, UPSTREAMS_MAX);
	if (u->n)
		memcpy(u->list, list, u->n * sizeof(*list));
	return u;
}

struct dns_upstreams *dns_upstreams_of_file(const char *path)
{
	struct dns_upstreams *u = g_new0(struct dns_upstreams, 1);

	u->path = g_strdup(path);
	dns_upstreams_refresh(u);
	return u;
}

void dns_upstreams_free(struct dns_upstreams *u)
{
	if (!u)
		return;
	g_free(u->path);
	g_free(u);
}

/* "nameserver ADDRESS"; a link-local one would need its interface, and is left out. */
static bool parse_line(const char *line, struct ip *ret)
{
	g_auto(GStrv) words = g_strsplit_set(line, " \t\r", -1);
	char **word = words + 1;

	if (g_strcmp0(words[0], "nameserver") != 0)
		return false;
	while (*word && !**word)
		word++;
	return *word && ip_parse(*word, ret) && !ip_is_link_local(ret);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void dns_upstreams_refresh(struct dns_upstreams *u)
{
	g_autofree char *text = NULL;
	struct ip list[UPSTREAMS_MAX];
	struct stat now;
	size_t n = 0;

	if (!u->path || stat(u->path, &now) != 0 || is_same_file(&now, &u->seen) ||
		!g_file_get_contents(u->path, &text, NULL, NULL))
		return;
	u->seen = now;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line && n < UPSTREAMS_MAX; line++)
		n += parse_line(*line, &list[n]);
	if (n == 0)
		return;
	memcpy(u->list, list, n * sizeof(*list));
	u->n = n;
}

const struct ip *dns_upstreams_get(const struct dns_upstreams *u, size_t n)
{
	return u->n ? &u->list[n % u->n] : NULL;
}
