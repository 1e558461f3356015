/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policies of ports that others than the port's groups give it. The entry is there before the
 * port's flag says so, and goes after it.
 */
#include <string.h>

#include "datapath/firewall.h"

static void learn_tiers(struct dp *dp, const void *key, const void *value, void *data)
{
	(void)data;
	g_hash_table_insert(dp->firewall.tiers, GUINT_TO_POINTER(*(const u32 *)key),
		g_memdup2(value, sizeof(struct tiers)));
}

void tiers_open(struct dp *dp)
{
	dp->firewall.tiers = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	table_foreach(dp, TABLE_TIERS, learn_tiers, NULL);
}

bool tiers_drop(struct dp *dp, const void *key, GError **error)
{
	if (!g_hash_table_remove(dp->firewall.tiers, GUINT_TO_POINTER(*(const u32 *)key)))
		return true;
	return table_delete(dp, TABLE_TIERS, key, error);
}

/* The port's own policy stands behind the first @n_before. */
static bool make_tiers(
	struct dp *dp, const struct dp_tiers *wanted, u32 own, struct tiers *ret, GError **error)
{
	*ret = (struct tiers){ .own = own ? wanted->n_before : EDGE_TIERS_NONE, .open = !own };
	for (u8 i = 0; i <= wanted->n; i++) {
		if (own && i == wanted->n_before)
			ret->policies[ret->n++] = own;
		if (i < wanted->n && !firewall_policy_number(dp, wanted->policies[i],
					     &ret->policies[ret->n++], error))
			return false;
	}
	return true;
}

bool tiers_put(struct dp *dp, u32 port_id, const struct dp_tiers *wanted, u32 own,
	bool *ret_changed, GError **error)
{
	enum table_change change;
	struct tiers value;

	*ret_changed = false;
	if (!wanted->n)
		return true;
	if (wanted->n > DP_TIERS_MAX || wanted->n_before > wanted->n)
		return weft_fail(error, TOO_LARGE,
			"Can't give a port policies of %u tiers: it has at most %d.", wanted->n,
			DP_TIERS_MAX);
	if (!make_tiers(dp, wanted, own, &value, error) ||
		!table_put(dp, TABLE_TIERS, &port_id, &value, &change, error))
		return false;
	g_hash_table_insert(
		dp->firewall.tiers, GUINT_TO_POINTER(port_id), g_memdup2(&value, sizeof(value)));
	*ret_changed = change != TABLE_UNCHANGED;
	return true;
}

bool tiers_use(const struct dp *dp, u32 policy)
{
	GHashTableIter iter;
	gpointer data;

	g_hash_table_iter_init(&iter, dp->firewall.tiers);
	while (g_hash_table_iter_next(&iter, NULL, &data)) {
		const struct tiers *of_port = data;

		for (u8 i = 0; i < of_port->n; i++)
			if (of_port->policies[i] == policy)
				return true;
	}
	return false;
}
