/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/learnt.h"

#include <jansson.h>
#include <string.h>

#include "appliance/daemon/bgpd.h"
#include "appliance/program.h"
#include "base/log.h"

#define PROTOCOL "186" /* RTPROT_BGP */
#define METRIC "200"
#define ROUTES_MAX 4096 /* what a neighbor may fill the kernel with */

struct learnt {
	const char *folder;
	guint timer;
	GHashTable *routes; /* prefix → next hop, as the kernel has them */
};

struct learnt *learnt_new(const char *folder)
{
	struct learnt *learnt = g_new0(struct learnt, 1);

	learnt->folder = folder;
	learnt->routes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return learnt;
}

void learnt_free(struct learnt *learnt)
{
	g_clear_handle_id(&learnt->timer, g_source_remove);
	g_hash_table_unref(learnt->routes);
	g_free(learnt);
}

/* By IPv6 there may be two, of which one is of the link alone (RFC 2545, 3): without its device it
 * says nothing. */
static bool global_of(const json_t *path, struct ip *ret)
{
	const json_t *hop;
	size_t i;

	json_array_foreach(json_object_get(path, "nexthops"), i, hop) {
		const char *text = json_string_value(json_object_get(hop, "ip"));

		if (text && ip_parse(text, ret) && !ip_is_link_local(ret))
			return true;
	}
	return false;
}

/* The next hop of the best path, if that is a neighbor's. */
static bool next_hop_of(const json_t *paths, struct ip *ret)
{
	const json_t *path;
	size_t i;

	json_array_foreach(paths, i, path) {
		const char *peer = json_string_value(json_object_get(path, "peerId"));
		struct ip ip;

		if (json_is_true(json_object_get(path, "bestpath")) && peer && ip_parse(peer, &ip))
			return global_of(path, ret);
	}
	return false;
}

static GHashTable *nothing(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Nothing that bgpd says is a word of a command without being an address. */
static void parse(const char *text, GHashTable *routes)
{
	json_t *root = json_loads(text, 0, NULL), *all = json_object_get(root, "routes"), *paths;
	const char *key;

	json_object_foreach(all, key, paths) {
		char prefix_text[PREFIX_STRLEN], ip_text[IP_STRLEN];
		struct prefix prefix;
		struct ip via;

		if (next_hop_of(paths, &via) && prefix_parse(key, &prefix) &&
			via.family == prefix.ip.family && g_hash_table_size(routes) < ROUTES_MAX)
			g_hash_table_insert(routes, g_strdup(prefix_format(&prefix, prefix_text)),
				g_strdup(ip_format(&via, ip_text)));
	}
	json_decref(root);
}

/* Of a bgpd that does not answer nothing is known. */
static GHashTable *ask(const struct learnt *learnt)
{
	g_autofree char *text = bgpd_ask(learnt->folder, "show bgp ipv4 unicast json");
	g_autofree char *text6 = bgpd_ask(learnt->folder, "show bgp ipv6 unicast json");
	GHashTable *routes = nothing();

	parse(text ? text : "{}", routes);
	parse(text6 ? text6 : "{}", routes);
	return routes;
}

static void state(const char *verb, const char *prefix, const char *via)
{
	const char *const argv[] = { "ip", "route", verb, prefix, "via", via, "metric", METRIC,
		"proto", PROTOCOL, NULL };
	g_autoptr(GError) error = NULL;

	if (!program_run(argv, NULL, &error))
		log_limited(warning, "route to %s: %s", prefix, error->message);
}

/* @now is taken over. */
static void become(struct learnt *learnt, GHashTable *now)
{
	const char *prefix, *via;
	GHashTableIter i;

	g_hash_table_iter_init(&i, learnt->routes);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, (gpointer *)&via))
		if (!g_hash_table_contains(now, prefix))
			state("delete", prefix, via);
	g_hash_table_iter_init(&i, now);
	while (g_hash_table_iter_next(&i, (gpointer *)&prefix, (gpointer *)&via))
		if (g_strcmp0(g_hash_table_lookup(learnt->routes, prefix), via))
			state("replace", prefix, via);
	g_hash_table_unref(learnt->routes);
	learnt->routes = now;
}

static gboolean every_second(gpointer data)
{
	struct learnt *learnt = data;

	become(learnt, ask(learnt));
	return G_SOURCE_CONTINUE;
}

void learnt_set(struct learnt *learnt, bool wanted)
{
	static const char *const flush[] = { "ip", "route", "flush", "proto", PROTOCOL, NULL };
	static const char *const flush6[] = { "ip", "-6", "route", "flush", "proto", PROTOCOL,
		NULL };

	/* A former process may have left some. */
	if (wanted && !learnt->timer) {
		program_run(flush, NULL, NULL);
		program_run(flush6, NULL, NULL);
		learnt->timer = g_timeout_add_seconds(1, every_second, learnt);
	}
	if (wanted)
		return;
	g_clear_handle_id(&learnt->timer, g_source_remove);
	become(learnt, nothing());
}
