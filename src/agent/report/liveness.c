/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report/liveness.h"
#include "agent/desired/parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"

/* How a member is reached, if it is of interest whether it lives: behind a wire there is no tunnel,
 * and it matters to a VIP. */
static struct ip address_of(const struct reconcile *reconcile, const struct member *member)
{
	const struct network *network = member->network;
	struct record_tunnel own = reconcile_own_tunnel(reconcile);
	struct ip vtep = member->applied_vtep;
	enum dp_encap encap;

	if (network->wire.physical_network && network->load_balancers->len && member->known &&
		network_is_here(network) && !uuid_equal(&member->host, &reconcile->desired->self) &&
		!tunnel_choose(&own, &member->tunnel, &vtep, &encap))
		vtep.family = 0;
	return vtep;
}

static void add_peers(const struct reconcile *reconcile, const struct network *network,
	GHashTable *seen, GArray *peers)
{
	const struct member *member;
	GHashTableIter i;
	char text[IP_STRLEN];
	struct ip address;

	g_hash_table_iter_init(&i, network->members);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&member)) {
		address = address_of(reconcile, member);
		if (address.family && g_hash_table_add(seen, g_strdup(ip_format(&address, text))))
			g_array_append_val(peers, address);
	}
}

void liveness_update(struct bfd *bfd, struct reconcile *reconcile)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(struct ip));
	struct record_tunnel own = reconcile_own_tunnel(reconcile);
	const struct network *network;
	GHashTableIter i;

	if (!reconcile->peers_changed)
		return;
	reconcile->peers_changed = false;
	g_hash_table_iter_init(&i, reconcile->desired->networks);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&network))
		add_peers(reconcile, network, seen, peers);
	bfd_set(bfd, &own.ip4, &own.ip6, peers);
}

#define MISSED_US G_USEC_PER_SEC /* a moment */
#define SETTLED_US (60 * G_USEC_PER_SEC)

/* A session that is up. */
struct heard_again {
	s64 since_us;
	bool settled;
	bool was_lost; /* it was up before, to this process */
};

struct liveness {
	GHashTable *heard, *dead, *cut_off; /* sets of addresses as text */
	GHashTable *up;			    /* address as text → struct heard_again */
	char *path;
	s64 started_us;
	bool was_missed, is_rejoined;
};

static GHashTable *text_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* "192.0.2.2 heard", "192.0.2.3 dead" (and heard). */
static void load_line(struct liveness *liveness, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	struct ip ip;

	if (g_strv_length(words) != 2 || !ip_parse(words[0], &ip))
		return;
	g_hash_table_add(liveness->heard, g_strdup(words[0]));
	if (!strcmp(words[1], "dead"))
		g_hash_table_add(liveness->dead, g_strdup(words[0]));
}

static void load(struct liveness *liveness)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(liveness->path, &text, NULL, NULL))
		return; /* the first start */
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		load_line(liveness, *line);
}

static void save(const struct liveness *liveness)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	GHashTableIter i;
	gpointer ip;

	g_hash_table_iter_init(&i, liveness->heard);
	while (g_hash_table_iter_next(&i, &ip, NULL))
		g_string_append_printf(text, "%s %s\n", (char *)ip,
			g_hash_table_contains(liveness->dead, ip) ? "dead" : "heard");
	if (!g_file_set_contents_full(liveness->path, text->str, (gssize)text->len,
		    G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		log_limited(warning, "liveness of other hosts: %s", error->message);
}

struct liveness *liveness_new(const char *path)
{
	struct liveness *liveness = g_new(struct liveness, 1);

	*liveness = (struct liveness){ text_set(), text_set(), text_set(),
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free), g_strdup(path),
		g_get_monotonic_time(), false };
	load(liveness);
	return liveness;
}

void liveness_free(struct liveness *liveness)
{
	if (!liveness)
		return;
	g_hash_table_unref(liveness->heard);
	g_hash_table_unref(liveness->dead);
	g_hash_table_unref(liveness->cut_off);
	g_hash_table_unref(liveness->up);
	g_free(liveness->path);
	g_free(liveness);
}

bool liveness_judge_peer(const struct bfd_peer *peer, struct liveness_past past, s64 now_us)
{
	if (!past.heard)
		return false;
	if (peer->state == BFD_UP)
		return past.was_dead && !past.cut_off &&
		       now_us - peer->changed_us < LIVENESS_HOLD_US;
	return past.was_dead || peer->diagnostic == BFD_DIAG_EXPIRED ||
	       now_us - peer->changed_us > LIVENESS_GRACE_US;
}

bool liveness_was_missed(const struct liveness *liveness)
{
	return liveness->was_missed;
}

static bool is_peer(const GArray *peers, const char *address)
{
	for (guint i = 0; i < peers->len; i++) {
		char text[IP_STRLEN];

		if (!strcmp(address, ip_format(&g_array_index(peers, struct bfd_peer, i).ip, text)))
			return true;
	}
	return false;
}

/* Just after the start who the peers are may not have arrived yet. */
static void keep_others(
	const struct liveness *before, const GArray *peers, struct liveness *now, s64 now_us)
{
	GHashTableIter i;
	gpointer ip;

	if (now_us - before->started_us > SETTLED_US)
		return;
	g_hash_table_iter_init(&i, before->heard);
	while (g_hash_table_iter_next(&i, &ip, NULL)) {
		if (is_peer(peers, ip))
			continue;
		g_hash_table_add(now->heard, g_strdup(ip));
		if (g_hash_table_contains(before->dead, ip))
			g_hash_table_add(now->dead, g_strdup(ip));
	}
}

static bool is_same_set(GHashTable *a, GHashTable *b)
{
	GHashTableIter i;
	gpointer key;

	if (g_hash_table_size(a) != g_hash_table_size(b))
		return false;
	g_hash_table_iter_init(&i, a);
	while (g_hash_table_iter_next(&i, &key, NULL))
		if (!g_hash_table_contains(b, key))
			return false;
	return true;
}

bool liveness_returns(struct liveness *liveness, const struct bfd_peer *peer, s64 now_us)
{
	char text[IP_STRLEN];
	struct heard_again *known, now = { .since_us = peer->changed_us };

	if (peer->state != BFD_UP)
		return false;
	known = g_hash_table_lookup(liveness->up, ip_format(&peer->ip, text));
	if (!known || known->since_us != now.since_us) {
		now.settled = !g_hash_table_contains(liveness->heard, text);
		now.was_lost = known;
		g_hash_table_insert(liveness->up, g_strdup(text), g_memdup2(&now, sizeof(now)));
		return !now.settled;
	}
	if (known->settled || now_us - known->since_us < 2 * LIVENESS_HOLD_US)
		return false;
	known->settled = true;
	return true;
}

bool liveness_missed_us(const struct liveness *liveness, const struct bfd_peer *peer, s64 now_us)
{
	char text[IP_STRLEN];
	const struct heard_again *known =
		g_hash_table_lookup(liveness->up, ip_format(&peer->ip, text));

	return peer->state == BFD_UP && now_us - peer->changed_us < MISSED_US &&
	       (peer->missed || (known && known->was_lost));
}

bool liveness_judge(struct liveness *liveness, struct bfd *bfd, bool cut_off)
{
	struct bfd_counts counts;
	g_autoptr(GArray) peers = bfd_peers(bfd, &counts);
	s64 now_us = g_get_monotonic_time();
	struct liveness now = { text_set(), text_set(), text_set(), liveness->up, liveness->path,
		liveness->started_us, false, false };
	bool changed, is_news;
	guint up = 0, missed = 0;

	for (guint i = 0; i < peers->len; i++) {
		const struct bfd_peer *peer = &g_array_index(peers, struct bfd_peer, i);
		char text[IP_STRLEN];
		bool was_heard = g_hash_table_contains(liveness->heard, ip_format(&peer->ip, text)),
		     was_dead = g_hash_table_contains(liveness->dead, text),
		     is_dead = liveness_judge_peer(
			     peer, (struct liveness_past){ was_heard, was_dead, cut_off }, now_us);

		now.is_rejoined |= liveness_returns(liveness, peer, now_us);
		up += peer->state == BFD_UP;
		missed += liveness_missed_us(liveness, peer, now_us);
		if (was_heard || peer->state == BFD_UP)
			g_hash_table_add(now.heard, g_strdup(text));
		if (is_dead)
			g_hash_table_add(now.dead, g_strdup(text));
		else if (peer->path_down)
			g_hash_table_add(now.cut_off, g_strdup(text));
	}
	now.was_missed = 2 * missed > up;
	keep_others(liveness, peers, &now, now_us);
	is_news = !is_same_set(now.dead, liveness->dead);
	changed = now.is_rejoined || is_news || !is_same_set(now.cut_off, liveness->cut_off);
	is_news |= !is_same_set(now.heard, liveness->heard);
	g_hash_table_unref(liveness->heard);
	g_hash_table_unref(liveness->dead);
	g_hash_table_unref(liveness->cut_off);
	*liveness = now;
	if (is_news)
		save(liveness);
	return changed;
}

bool liveness_is_dead(const struct liveness *liveness, const struct ip *vtep)
{
	char text[IP_STRLEN];

	return g_hash_table_contains(liveness->dead, ip_format(vtep, text));
}

bool liveness_is_cut_off(const struct liveness *liveness, const struct ip *vtep)
{
	char text[IP_STRLEN];

	return g_hash_table_contains(liveness->cut_off, ip_format(vtep, text));
}

bool liveness_is_rejoined(const struct liveness *liveness)
{
	return liveness->is_rejoined;
}

bool liveness_is_alone(const struct liveness *liveness)
{
	return g_hash_table_size(liveness->heard) &&
	       g_hash_table_size(liveness->heard) == g_hash_table_size(liveness->dead);
}

json_t *liveness_missed(const struct liveness *liveness, const struct reconcile *reconcile)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(uuid_hash, uuid_equal);
	const struct network *network;
	const struct member *member;
	GHashTableIter i, m;
	char id[UUID_STRLEN];
	json_t *all;

	if (!g_hash_table_size(liveness->dead))
		return NULL;
	all = json_array();
	g_hash_table_iter_init(&i, reconcile->desired->networks);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&network)) {
		g_hash_table_iter_init(&m, network->members);
		while (g_hash_table_iter_next(&m, NULL, (gpointer *)&member))
			if (redundant_is_dead(reconcile, member) &&
				g_hash_table_add(seen, (gpointer)&member->host))
				json_array_append_new(
					all, json_string(uuid_format(&member->host, id)));
	}
	return json_pack("{s:o,s:b}", "hosts", all, "hears_others",
		g_hash_table_size(liveness->heard) > g_hash_table_size(liveness->dead));
}

json_t *liveness_to_json(struct bfd *bfd)
{
	struct bfd_counts counts;
	g_autoptr(GArray) peers = bfd_peers(bfd, &counts);
	json_t *all = json_array();
	s64 now_us = g_get_monotonic_time();

	for (guint i = 0; i < peers->len; i++) {
		const struct bfd_peer *peer = &g_array_index(peers, struct bfd_peer, i);
		char text[IP_STRLEN];

		json_array_append_new(
			all, json_pack("{s:s,s:s,s:s,s:b,s:I}", "ip", ip_format(&peer->ip, text),
				     "state", bfd_state_name(peer->state), "diagnostic",
				     bfd_diagnostic_name(peer->diagnostic), "path_down",
				     peer->path_down, "since_s",
				     (json_int_t)((now_us - peer->changed_us) / G_USEC_PER_SEC)));
	}
	return all;
}

json_t *liveness_counts_to_json(struct bfd *bfd)
{
	struct bfd_counts counts;

	g_array_unref(bfd_peers(bfd, &counts));
	return json_pack("{s:I,s:I,s:I}", "sent", (json_int_t)counts.sent, "received",
		(json_int_t)counts.received, "discarded", (json_int_t)counts.discarded);
}

void liveness_metrics(struct bfd *bfd, GString *out)
{
	struct bfd_counts counts;
	g_autoptr(GArray) peers = bfd_peers(bfd, &counts);
	unsigned n[BFD_UP + 1] = { 0 };

	for (guint i = 0; i < peers->len; i++)
		n[g_array_index(peers, struct bfd_peer, i).state]++;
	g_string_append(out, "# HELP weft_bfd_sessions Other hosts by what BFD says of them\n"
			     "# TYPE weft_bfd_sessions gauge\n");
	for (enum bfd_state state = BFD_DOWN; state <= BFD_UP; state++)
		g_string_append_printf(out, "weft_bfd_sessions{state=\"%s\"} %u\n",
			bfd_state_name(state), n[state]);
	g_string_append_printf(out,
		"# HELP weft_bfd_discarded_total BFD packets that are malformed, from nobody known or from behind a router\n"
		"# TYPE weft_bfd_discarded_total counter\nweft_bfd_discarded_total %" PRIu64 "\n",
		counts.discarded);
}
