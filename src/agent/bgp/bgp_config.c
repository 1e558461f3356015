/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bgp/bgp_config.h"

#include <string.h>

#define KEEPALIVE_S 3 /* a host that fails is forgotten by its peers in three times that */
#define CONNECT_S 5   /* until a session that failed is tried again */
#define NOTHING "weft-nothing"
#define VIA "weft-via-"

struct peer {
	u32 as;
	char *password; /* NULL: none */
};

struct bgp_config {
	u32 as;
	u8 family;
	char router_id[IP_STRLEN];
	GHashTable *peers;  /* address → struct peer */
	GHashTable *routes; /* prefix → next hop, "" for this host */
};

static void peer_free(gpointer data)
{
	struct peer *peer = data;

	g_free(peer->password);
	g_free(peer);
}

struct bgp_config *bgp_config_new(u32 as, u8 family, const struct ip *router_id)
{
	struct bgp_config *config = g_new0(struct bgp_config, 1);

	config->as = as;
	config->family = family;
	ip_format(router_id, config->router_id);
	config->peers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, peer_free);
	config->routes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return config;
}

void bgp_config_free(struct bgp_config *config)
{
	if (!config)
		return;
	g_hash_table_unref(config->peers);
	g_hash_table_unref(config->routes);
	g_free(config);
}

static void add_peer(struct bgp_config *config, const char *ip, u32 as, const char *password)
{
	struct peer *peer = g_new0(struct peer, 1);

	peer->as = as;
	peer->password = g_strdup(password);
	g_hash_table_insert(config->peers, g_strdup(ip), peer);
}

void bgp_config_add_peer(
	struct bgp_config *config, const struct ip *ip, u32 as, const char *password)
{
	char text[IP_STRLEN];

	add_peer(config, ip_format(ip, text), as, password);
}

void bgp_config_add_route(
	struct bgp_config *config, const struct prefix *prefix, const struct ip *next_hop)
{
	char text[PREFIX_STRLEN], via[IP_STRLEN] = "";

	if (next_hop->family)
		ip_format(next_hop, via);
	g_hash_table_insert(config->routes, g_strdup(prefix_format(prefix, text)), g_strdup(via));
}

bool bgp_config_has_peer(const struct bgp_config *config, const char *ip)
{
	return g_hash_table_contains(config->peers, ip);
}

static bool peer_equal(const struct peer *a, const struct peer *b)
{
	return a->as == b->as && !g_strcmp0(a->password, b->password);
}

bool bgp_config_equal(const struct bgp_config *a, const struct bgp_config *b)
{
	g_autofree char *x = bgp_config_text(a), *y = bgp_config_text(b);

	return !strcmp(x, y);
}

/* In one order always. g_list_free(). */
static GList *keys_of(GHashTable *table)
{
	return g_list_sort(g_hash_table_get_keys(table), (GCompareFunc)strcmp);
}

static const char *family_words(const struct bgp_config *config)
{
	return config->family == 6 ? "ipv6" : "ipv4";
}

/* Of the peer itself; the address family has lines of its own. Sessions of one AS have a TTL of 255
 * of their own accord; one of two has it here, whether routers are between or the peer asks for it
 * (RFC 5082). bgpd has no zebra, and so does not know what is connected. */
static void write_peer(
	const struct bgp_config *config, GString *text, const char *ip, const struct peer *peer)
{
	g_string_append_printf(text, " neighbor %s remote-as %u\n", ip, peer->as);
	g_string_append_printf(text, " neighbor %s disable-connected-check\n", ip);
	if (peer->as != config->as)
		g_string_append_printf(text, " neighbor %s ebgp-multihop 255\n", ip);
	g_string_append_printf(
		text, " neighbor %s timers %d %d\n", ip, KEEPALIVE_S, 3 * KEEPALIVE_S);
	g_string_append_printf(text, " neighbor %s timers connect %d\n", ip, CONNECT_S);
	if (peer->password)
		g_string_append_printf(text, " neighbor %s password %s\n", ip, peer->password);
}

static void write_peer_family(GString *text, const char *ip)
{
	g_string_append_printf(text, "  neighbor %s activate\n", ip);
	g_string_append_printf(text, "  neighbor %s prefix-list " NOTHING " in\n", ip);
	g_string_append_printf(text, "  neighbor %s attribute-unchanged next-hop\n", ip);
}

static void write_route(GString *text, const char *prefix, const char *via)
{
	g_string_append_printf(
		text, "  network %s%s%s\n", prefix, *via ? " route-map " VIA : "", via);
}

/* A route map for each next hop that is not this host, which sets it. */
static void write_maps(const struct bgp_config *config, const struct bgp_config *had, GString *text)
{
	g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);
	GList *prefixes = keys_of(config->routes);

	if (had) {
		const char *via;
		GHashTableIter i;

		g_hash_table_iter_init(&i, had->routes);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&via))
			g_hash_table_add(done, (gpointer)via);
	}
	for (GList *at = prefixes; at; at = at->next) {
		char *via = g_hash_table_lookup(config->routes, at->data);

		if (*via && g_hash_table_add(done, via))
			g_string_append_printf(text,
				"route-map " VIA "%s permit 10\n set %s%s\nexit\n", via,
				strchr(via, ':') ? "ipv6 next-hop global " : "ip next-hop ", via);
	}
	g_list_free(prefixes);
}

static void write_head(const struct bgp_config *config, GString *text)
{
	g_string_append_printf(text, "router bgp %u\n", config->as);
	g_string_append_printf(text, " bgp router-id %s\n", config->router_id);
	g_string_append(text, " no bgp default ipv4-unicast\n"
			      " no bgp ebgp-requires-policy\n"
			      " no bgp network import-check\n"
			      " bgp graceful-restart-disable\n");
}

char *bgp_config_text(const struct bgp_config *config)
{
	GString *text = g_string_new("! made by weft-agent\n"
				     "ip prefix-list " NOTHING " seq 5 deny any\n"
				     "ipv6 prefix-list " NOTHING " seq 5 deny any\n");
	GList *peers = keys_of(config->peers), *prefixes = keys_of(config->routes);

	write_maps(config, NULL, text);
	write_head(config, text);
	for (GList *at = peers; at; at = at->next)
		write_peer(config, text, at->data, g_hash_table_lookup(config->peers, at->data));
	g_string_append_printf(text, " address-family %s unicast\n", family_words(config));
	for (GList *at = peers; at; at = at->next)
		write_peer_family(text, at->data);
	for (GList *at = prefixes; at; at = at->next)
		write_route(text, at->data, g_hash_table_lookup(config->routes, at->data));
	g_string_append(text, " exit-address-family\n");
	g_list_free(peers);
	g_list_free(prefixes);
	return g_string_free(text, FALSE);
}

/* --- changes --- */

static void change_peers(const struct bgp_config *old, const struct bgp_config *now, GString *text)
{
	GList *gone = keys_of(old->peers), *peers = keys_of(now->peers);

	for (GList *at = gone; at; at = at->next)
		if (!g_hash_table_contains(now->peers, at->data))
			g_string_append_printf(text, " no neighbor %s\n", (char *)at->data);
	for (GList *at = peers; at; at = at->next) {
		const struct peer *was = g_hash_table_lookup(old->peers, at->data);
		const struct peer *is = g_hash_table_lookup(now->peers, at->data);

		if (was && peer_equal(was, is))
			continue;
		if (was && was->password && !is->password)
			g_string_append_printf(
				text, " no neighbor %s password\n", (char *)at->data);
		write_peer(now, text, at->data, is);
	}
	g_list_free(gone);
	g_list_free(peers);
}

static void change_family(const struct bgp_config *old, const struct bgp_config *now, GString *text)
{
	GList *gone = keys_of(old->routes), *peers = keys_of(now->peers),
	      *prefixes = keys_of(now->routes);

	for (GList *at = peers; at; at = at->next)
		if (!g_hash_table_contains(old->peers, at->data))
			write_peer_family(text, at->data);
	for (GList *at = gone; at; at = at->next)
		if (!g_hash_table_contains(now->routes, at->data))
			g_string_append_printf(text, "  no network %s\n", (char *)at->data);
	for (GList *at = prefixes; at; at = at->next) {
		const char *via = g_hash_table_lookup(now->routes, at->data);

		if (!g_strcmp0(g_hash_table_lookup(old->routes, at->data), via))
			continue;
		/* one with a route map keeps it unless it is taken back first */
		if (g_hash_table_contains(old->routes, at->data))
			g_string_append_printf(text, "  no network %s\n", (char *)at->data);
		write_route(text, at->data, via);
	}
	g_list_free(gone);
	g_list_free(peers);
	g_list_free(prefixes);
}

char *bgp_config_commands(const struct bgp_config *old, const struct bgp_config *now)
{
	GString *text;

	if (old->as != now->as || old->family != now->family ||
		strcmp(old->router_id, now->router_id) != 0)
		return NULL;
	text = g_string_new(NULL);
	write_maps(now, old, text); /* those without a route stay, and do nothing */
	g_string_append_printf(text, "router bgp %u\n", now->as);
	change_peers(old, now, text);
	g_string_append_printf(text, " address-family %s unicast\n", family_words(now));
	change_family(old, now, text);
	g_string_append(text, " exit-address-family\n");
	return g_string_free(text, FALSE);
}

/* --- what a former process left --- */

static void parse_line(struct bgp_config *config, char *const *words, guint n)
{
	const char *via = n == 4 ? words[3] : "";
	struct peer *peer;

	if (n == 3 && !strcmp(words[0], "router"))
		config->as = (u32)g_ascii_strtoull(words[2], NULL, 10);
	else if (n == 3 && !strcmp(words[1], "router-id"))
		g_strlcpy(config->router_id, words[2], sizeof(config->router_id));
	else if (n == 3 && !strcmp(words[0], "address-family"))
		config->family = !strcmp(words[1], "ipv6") ? 6 : 4;
	else if (n == 4 && !strcmp(words[0], "neighbor") && !strcmp(words[2], "remote-as"))
		add_peer(config, words[1], (u32)g_ascii_strtoull(words[3], NULL, 10), NULL);
	else if (n == 4 && !strcmp(words[0], "neighbor") && !strcmp(words[2], "password")) {
		peer = g_hash_table_lookup(config->peers, words[1]);
		if (peer)
			peer->password = g_strdup(words[3]);
	} else if ((n == 2 || n == 4) && !strcmp(words[0], "network")) {
		if (g_str_has_prefix(via, VIA))
			via += strlen(VIA);
		g_hash_table_insert(config->routes, g_strdup(words[1]), g_strdup(via));
	}
}

struct bgp_config *bgp_config_parse(const char *text)
{
	const struct ip nobody = { .family = 4 };
	struct bgp_config *config = bgp_config_new(0, 0, &nobody);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *again = NULL;

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(g_strchug(*line), " ", -1);

		parse_line(config, words, g_strv_length(words));
	}
	again = bgp_config_text(config);
	if (!strcmp(again, text))
		return config;
	bgp_config_free(config);
	return NULL;
}
