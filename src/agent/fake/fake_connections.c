/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of the fake datapath: those that were put, per device. */
#include "agent/fake/fake_datapath.h"

struct kept {
	u32 ifindex;
	struct dp_connection connection;
};

static GArray *all; /* struct kept */

bool dp_connections_each(
	struct dp *dp, u32 ifindex, dp_connection_fn fn, void *data, GError **error)
{
	(void)dp;
	(void)error;
	for (guint i = 0; all && i < all->len; i++) {
		const struct kept *kept = &g_array_index(all, struct kept, i);

		if (kept->ifindex == ifindex)
			fn(&kept->connection, data);
	}
	return true;
}

bool dp_connection_put(
	struct dp *dp, u32 ifindex, const struct dp_connection *connection, GError **error)
{
	struct kept kept = { ifindex, *connection };

	(void)dp;
	(void)error;
	if (!all)
		all = g_array_new(FALSE, FALSE, sizeof(struct kept));
	g_array_append_val(all, kept);
	return true;
}

static GArray *translations; /* struct dp_translation */

void dp_translations_each(
	struct dp *dp, u64 router, const struct ip *guest, dp_translation_fn fn, void *data)
{
	(void)dp;
	for (guint i = 0; translations && i < translations->len; i++) {
		const struct dp_translation *t =
			&g_array_index(translations, struct dp_translation, i);

		if (t->router == router && !ip_compare(&t->guest, guest))
			fn(t, data);
	}
}

bool dp_translation_put(struct dp *dp, const struct dp_translation *translation, GError **error)
{
	(void)dp;
	(void)error;
	if (!translations)
		translations = g_array_new(FALSE, FALSE, sizeof(struct dp_translation));
	g_array_append_val(translations, *translation);
	return true;
}

void fake_forget_connections(void)
{
	g_clear_pointer(&all, g_array_unref);
	g_clear_pointer(&translations, g_array_unref);
}
