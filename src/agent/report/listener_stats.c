/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report/listener_stats.h"

#include <string.h>

#include "agent/desired/parts.h"

#define RATE_US (8 * G_USEC_PER_SEC)

struct ended {
	struct uuid listener;
	struct dp_listener_stats last;
};

/* A counter of somebody else's: no two of one listener have the same number. */
struct other {
	struct uuid listener;
	struct dp_listener_stats now;
	bool told, there;
};

struct listener_reports {
	struct dp *dp;
	void (*list)(listener_stats_fn each, void *each_data, void *data);
	void *list_data;
	GHashTable *others; /* a set of struct other */
	const struct desired *desired;
	GHashTable *told; /* number → struct dp_listener_stats, as in the last report */
	GArray *ended;	  /* struct ended */
	guint n_told;	  /* of these: in the report that is on its way */
	s64 last_us;
};

static guint other_hash(gconstpointer data)
{
	const struct other *other = data;

	return uuid_hash(&other->listener) ^ other->now.number;
}

static gboolean other_equal(gconstpointer a, gconstpointer b)
{
	const struct other *one = a, *two = b;

	return one->now.number == two->now.number && uuid_equal(&one->listener, &two->listener);
}

struct listener_reports *listener_reports_new(struct dp *dp, const struct desired *desired)
{
	struct listener_reports *reports = g_new0(struct listener_reports, 1);

	reports->dp = dp;
	reports->desired = desired;
	reports->told = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	reports->ended = g_array_new(FALSE, TRUE, sizeof(struct ended));
	reports->others = g_hash_table_new_full(other_hash, other_equal, g_free, NULL);
	return reports;
}

void listener_reports_add(struct listener_reports *reports,
	void (*list)(listener_stats_fn each, void *each_data, void *data), void *data)
{
	reports->list = list;
	reports->list_data = data;
}

void listener_reports_free(struct listener_reports *reports)
{
	if (!reports)
		return;
	g_hash_table_unref(reports->told);
	g_array_unref(reports->ended);
	g_hash_table_unref(reports->others);
	g_free(reports);
}

void listener_reports_end(struct listener_reports *reports, const struct uuid *listener,
	const struct dp_listener_stats *last)
{
	struct ended ended = { *listener, *last };

	g_hash_table_remove(reports->told, GUINT_TO_POINTER(last->number));
	g_array_append_val(reports->ended, ended);
}

void listener_stats_each(
	struct dp *dp, const struct desired *desired, listener_stats_fn each, void *data)
{
	const struct load_balancer *balancer;
	struct dp_listener_stats stats;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, desired->load_balancers);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&balancer)) {
		for (guint i = 0; balancer->applied && i < balancer->applied->len; i++) {
			const struct applied_listener *listener =
				&g_array_index(balancer->applied, struct applied_listener, i);

			if (dp_listener_stats(dp, balancer->applied_vni, &listener->vip,
				    listener->proto, listener->port, &stats))
				each(&listener->id, &stats, data);
		}
	}
}

struct telling {
	struct listener_reports *reports;
	json_t *all;
	bool full;
};

static void tell(const struct telling *telling, const struct uuid *listener,
	const struct dp_listener_stats *stats, bool ended)
{
	char id[UUID_STRLEN];
	json_t *list = json_object_get(telling->all, uuid_format(listener, id)), *one;

	if (!list) {
		list = json_array();
		json_object_set_new(telling->all, id, list);
	}
	one = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "number", (json_int_t)stats->number,
		"active", (json_int_t)stats->active, "total", (json_int_t)stats->total, "bytes_in",
		(json_int_t)stats->bytes_in, "bytes_out", (json_int_t)stats->bytes_out, "errors",
		(json_int_t)stats->errors);
	if (ended)
		json_object_set_new(one, "ended", json_true());
	json_array_append_new(list, one);
}

static void tell_changed(
	const struct uuid *listener, const struct dp_listener_stats *stats, void *data)
{
	struct telling *telling = data;
	gpointer number = GUINT_TO_POINTER(stats->number);
	const struct dp_listener_stats *before =
		g_hash_table_lookup(telling->reports->told, number);

	if (!telling->full && before && !memcmp(before, stats, sizeof(*stats)))
		return;
	g_hash_table_replace(telling->reports->told, number, g_memdup2(stats, sizeof(*stats)));
	tell(telling, listener, stats, false);
}

static void note_other(
	const struct uuid *listener, const struct dp_listener_stats *stats, void *data)
{
	struct listener_reports *reports = data;
	struct other key = { .listener = *listener, .now = *stats };
	struct other *other = g_hash_table_lookup(reports->others, &key);

	if (!other) {
		other = g_memdup2(&key, sizeof(key));
		g_hash_table_add(reports->others, other);
	}
	other->told &= !memcmp(&other->now, stats, sizeof(*stats));
	other->now = *stats;
	other->there = true;
}

static void tell_others(struct listener_reports *reports, const struct telling *telling)
{
	struct other *other;
	GHashTableIter i;

	if (reports->list)
		reports->list(note_other, reports, reports->list_data);
	g_hash_table_iter_init(&i, reports->others);
	while (g_hash_table_iter_next(&i, (gpointer *)&other, NULL)) {
		struct ended ended = { other->listener, other->now };

		if (!other->there) {
			g_array_append_val(reports->ended, ended);
			g_hash_table_iter_remove(&i);
			continue;
		}
		if (telling->full || !other->told)
			tell(telling, &other->listener, &other->now, false);
		other->told = true;
		other->there = false;
	}
}

json_t *listener_reports_json(struct listener_reports *reports, bool full, s64 now_us)
{
	struct telling telling = { reports, NULL, full };

	if (!full && !reports->ended->len && now_us - reports->last_us < RATE_US)
		return NULL;
	reports->last_us = now_us;
	telling.all = json_object();
	listener_stats_each(reports->dp, reports->desired, tell_changed, &telling);
	tell_others(reports, &telling);
	for (guint i = 0; i < reports->ended->len; i++) {
		const struct ended *ended = &g_array_index(reports->ended, struct ended, i);

		tell(&telling, &ended->listener, &ended->last, true);
	}
	reports->n_told = reports->ended->len;
	return telling.all;
}

void listener_reports_told(struct listener_reports *reports)
{
	g_array_remove_range(reports->ended, 0, reports->n_told);
	reports->n_told = 0;
}
