/* SPDX-License-Identifier: Apache-2.0 */
/* The connections of the fake datapath: those that were put, per device. */
#include "agent/fake_datapath.h"

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

void fake_forget_connections(void)
{
	g_clear_pointer(&all, g_array_unref);
}
