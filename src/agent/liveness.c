/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/liveness.h"

#include <inttypes.h>

static void add_peers(const struct network *network, GHashTable *seen, GArray *peers)
{
	const struct member *member;
	GHashTableIter i;
	char text[IP_STRLEN];

	g_hash_table_iter_init(&i, network->members);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&member))
		if (member->applied_vtep.family &&
			g_hash_table_add(seen, g_strdup(ip_format(&member->applied_vtep, text))))
			g_array_append_val(peers, member->applied_vtep);
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
		add_peers(network, seen, peers);
	bfd_set(bfd, &own.ip4, &own.ip6, peers);
}

struct liveness {
	GHashTable *heard, *dead; /* sets of addresses as text */
};

static GHashTable *text_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

struct liveness *liveness_new(void)
{
	struct liveness *liveness = g_new(struct liveness, 1);

	*liveness = (struct liveness){ text_set(), text_set() };
	return liveness;
}

void liveness_free(struct liveness *liveness)
{
	if (!liveness)
		return;
	g_hash_table_unref(liveness->heard);
	g_hash_table_unref(liveness->dead);
	g_free(liveness);
}

bool liveness_judge_peer(const struct bfd_peer *peer, bool heard, bool was_dead, s64 now_us)
{
	if (peer->state == BFD_UP || !heard)
		return false;
	return was_dead || peer->diagnostic == BFD_DIAG_EXPIRED ||
	       now_us - peer->changed_us > LIVENESS_GRACE_US;
}

bool liveness_judge(struct liveness *liveness, struct bfd *bfd)
{
	struct bfd_counts counts;
	g_autoptr(GArray) peers = bfd_peers(bfd, &counts);
	GHashTable *dead = text_set(), *heard = text_set();
	s64 now_us = g_get_monotonic_time();
	bool changed = false;

	for (guint i = 0; i < peers->len; i++) {
		const struct bfd_peer *peer = &g_array_index(peers, struct bfd_peer, i);
		char text[IP_STRLEN];
		bool was_heard = g_hash_table_contains(liveness->heard, ip_format(&peer->ip, text)),
		     was_dead = g_hash_table_contains(liveness->dead, text),
		     is_dead = liveness_judge_peer(peer, was_heard, was_dead, now_us);

		if (was_heard || peer->state == BFD_UP)
			g_hash_table_add(heard, g_strdup(text));
		if (is_dead)
			g_hash_table_add(dead, g_strdup(text));
		changed |= is_dead != was_dead;
	}
	changed |= g_hash_table_size(dead) != g_hash_table_size(liveness->dead);
	g_hash_table_unref(liveness->heard);
	g_hash_table_unref(liveness->dead);
	*liveness = (struct liveness){ heard, dead };
	return changed;
}

bool liveness_is_dead(const struct liveness *liveness, const struct ip *vtep)
{
	char text[IP_STRLEN];

	return g_hash_table_contains(liveness->dead, ip_format(vtep, text));
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
			all, json_pack("{s:s,s:s,s:s,s:I}", "ip", ip_format(&peer->ip, text),
				     "state", bfd_state_name(peer->state), "diagnostic",
				     bfd_diagnostic_name(peer->diagnostic), "since_s",
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
