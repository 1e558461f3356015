/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desired/domain.h"

#include <stdlib.h>
#include <string.h>

#include "agent/dns/wire.h"
#include "agent/desired/firewall.h"
#include "base/log.h"

const struct uuid domains_domain = { .b = "domain names    " };

struct learnt {
	struct ip ip; /* first: the key */
	s64 until_s;
};

struct pattern {
	char *name; /* first: the key is what it points to */
	struct uuid group;
	bool used;
	GHashTable *addresses; /* struct learnt by ip */
};

struct domains {
	GHashTable *patterns; /* by name */
	char *path;
	bool changed; /* since it was written */
};

struct uuid domain_group(const char *pattern)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	u8 digest[32];
	gsize len = sizeof(digest);
	struct uuid id;

	g_checksum_update(sum, domains_domain.b, sizeof(domains_domain.b));
	g_checksum_update(sum, (const guchar *)pattern, -1);
	g_checksum_get_digest(sum, digest, &len);
	memcpy(id.b, digest, sizeof(id.b));
	return id;
}

static void pattern_free(gpointer data)
{
	struct pattern *pattern = data;

	g_hash_table_unref(pattern->addresses);
	g_free(pattern->name);
	g_free(pattern);
}

struct domains *domains_new(void)
{
	struct domains *domains = g_new0(struct domains, 1);

	domains->patterns = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, pattern_free);
	return domains;
}

void domains_free(struct domains *domains)
{
	g_hash_table_unref(domains->patterns);
	g_free(domains->path);
	g_free(domains);
}

static struct pattern *pattern_need(struct domains *domains, const char *name)
{
	struct pattern *pattern = g_hash_table_lookup(domains->patterns, name);

	if (pattern)
		return pattern;
	pattern = g_new0(struct pattern, 1);
	pattern->name = g_strdup(name);
	pattern->group = domain_group(name);
	pattern->addresses = g_hash_table_new_full(ip_hash, ip_equal, NULL, g_free);
	g_hash_table_insert(domains->patterns, pattern->name, pattern);
	return pattern;
}

static struct prefix whole(const struct ip *ip)
{
	return (struct prefix){ .ip = *ip, .len = (u8)ip_bits(ip) };
}

static void forget(struct firewall *firewall, struct pattern *pattern, const struct ip *ip)
{
	struct prefix prefix = whole(ip);

	firewall_unclaim(firewall, &domains_domain, &prefix, &pattern->group);
	g_hash_table_remove(pattern->addresses, ip);
	firewall->domains->changed = true;
}

static void make_room(struct firewall *firewall, struct pattern *pattern)
{
	const struct learnt *learnt, *first = NULL;
	GHashTableIter iter;

	if (g_hash_table_size(pattern->addresses) < DOMAIN_ADDRESSES_MAX)
		return;
	g_hash_table_iter_init(&iter, pattern->addresses);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&learnt))
		if (!first || learnt->until_s < first->until_s)
			first = learnt;
	if (first) {
		struct ip ip = first->ip;

		forget(firewall, pattern, &ip);
	}
}

/* True: it is new. */
static bool learn(
	struct firewall *firewall, struct pattern *pattern, const struct ip *ip, s64 until_s)
{
	struct learnt *learnt = g_hash_table_lookup(pattern->addresses, ip);
	struct prefix prefix = whole(ip);

	firewall->domains->changed = true;
	if (learnt) {
		learnt->until_s = MAX(learnt->until_s, until_s);
		return false;
	}
	make_room(firewall, pattern);
	learnt = g_new0(struct learnt, 1);
	*learnt = (struct learnt){ .ip = *ip, .until_s = until_s };
	g_hash_table_insert(pattern->addresses, &learnt->ip, learnt);
	firewall_claim(firewall, &domains_domain, &prefix, &pattern->group);
	return true;
}

/* A line: "<until> <pattern> <address>". One that is damaged is as if it was not there. */
static void open_line(struct firewall *firewall, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	struct ip ip;

	if (g_strv_length(words) == 3 && *words[1] && ip_parse(words[2], &ip))
		learn(firewall, pattern_need(firewall->domains, words[1]), &ip,
			g_ascii_strtoll(words[0], NULL, 10));
}

void domains_open(struct firewall *firewall, const char *path)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	firewall->domains->path = g_strdup(path);
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		open_line(firewall, *line);
	firewall->domains->changed = false;
}

void domains_save(struct domains *domains)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	const struct pattern *pattern;
	const struct learnt *learnt;
	GHashTableIter i, j;
	char ip[IP_STRLEN];

	if (!domains->changed || !domains->path)
		return;
	domains->changed = false;
	g_hash_table_iter_init(&i, domains->patterns);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&pattern)) {
		g_hash_table_iter_init(&j, pattern->addresses);
		while (g_hash_table_iter_next(&j, NULL, (gpointer *)&learnt))
			g_string_append_printf(text, "%" G_GINT64_FORMAT " %s %s\n",
				learnt->until_s, pattern->name, ip_format(&learnt->ip, ip));
	}
	if (!g_file_set_contents_full(domains->path, text->str, (gssize)text->len,
		    G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		log_limited(warning, "addresses of domain names are not kept: %s", error->message);
}

void domains_use_begin(struct domains *domains)
{
	struct pattern *pattern;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, domains->patterns);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&pattern))
		pattern->used = false;
}

void domains_use(struct domains *domains, const char *name)
{
	pattern_need(domains, name)->used = true;
}

void domains_use_end(struct firewall *firewall)
{
	struct pattern *pattern;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, firewall->domains->patterns);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&pattern)) {
		if (pattern->used)
			continue;
		g_autofree gpointer *addresses =
			g_hash_table_get_keys_as_array(pattern->addresses, NULL);

		for (guint i = 0; addresses[i]; i++) {
			struct ip ip = *(const struct ip *)addresses[i];

			forget(firewall, pattern, &ip);
		}
		g_hash_table_iter_remove(&iter);
	}
}

static bool learn_all(
	struct firewall *firewall, struct pattern *pattern, const GArray *addresses, s64 now_s)
{
	bool new = false;

	for (guint i = 0; pattern && i < addresses->len; i++) {
		const struct dns_address *address =
			&g_array_index(addresses, struct dns_address, i);

		new |= learn(firewall, pattern, &address->ip,
			now_s + CLAMP((s64)address->ttl_s, DOMAIN_TTL_MIN_S, DOMAIN_TTL_MAX_S));
	}
	return new;
}

bool domains_learn(struct firewall *firewall, const u8 *message, size_t len, s64 now_s)
{
	g_autoptr(GArray) addresses = NULL;
	GHashTable *patterns = firewall->domains->patterns;
	char name[NAME_SIZE], wild[NAME_SIZE + 2];
	bool new = false;

	if (!g_hash_table_size(patterns))
		return false;
	addresses = g_array_new(FALSE, FALSE, sizeof(struct dns_address));
	if (!dns_read_addresses(message, len, name, addresses))
		return false;
	new |= learn_all(firewall, g_hash_table_lookup(patterns, name), addresses, now_s);
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		g_snprintf(wild, sizeof(wild), "*%s", dot);
		new |= learn_all(firewall, g_hash_table_lookup(patterns, wild), addresses, now_s);
	}
	return new;
}

bool domains_expire(struct firewall *firewall, s64 now_s, domain_in_use in_use, void *data)
{
	g_autoptr(GArray) ended = g_array_new(FALSE, FALSE, sizeof(struct ip));
	struct pattern *pattern;
	const struct learnt *learnt;
	bool gone = false;
	GHashTableIter i, j;

	g_hash_table_iter_init(&i, firewall->domains->patterns);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&pattern)) {
		g_array_set_size(ended, 0);
		g_hash_table_iter_init(&j, pattern->addresses);
		while (g_hash_table_iter_next(&j, NULL, (gpointer *)&learnt))
			if (learnt->until_s <= now_s && !in_use(&learnt->ip, data))
				g_array_append_val(ended, learnt->ip);
		gone |= ended->len > 0;
		for (guint n = 0; n < ended->len; n++)
			forget(firewall, pattern, &g_array_index(ended, struct ip, n));
	}
	return gone;
}
