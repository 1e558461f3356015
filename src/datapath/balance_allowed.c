/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use a listener (map allowed_sources): prefixes under the listener's number. To take them
 * away again they are kept by number here; after a restart that is learnt from the table. */
#include <string.h>

#include "datapath/internal.h"

static GArray *list_of(GHashTable *all, u32 id)
{
	GArray *list = g_hash_table_lookup(all, GUINT_TO_POINTER(id));

	if (!list) {
		list = g_array_new(FALSE, TRUE, sizeof(struct allowed_key));
		g_hash_table_insert(all, GUINT_TO_POINTER(id), list);
	}
	return list;
}

static GHashTable *allowed_of(struct dp *dp)
{
	GHashTableIter iter;
	gpointer bytes;

	if (dp->allowed_of)
		return dp->allowed_of;
	dp->allowed_of = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
	g_hash_table_iter_init(&iter, dp->copies[TABLE_LB_ALLOWED]);
	while (g_hash_table_iter_next(&iter, &bytes, NULL)) {
		const struct allowed_key *key = g_bytes_get_data(bytes, NULL);

		g_array_append_vals(list_of(dp->allowed_of, key->listener), key, 1);
	}
	return dp->allowed_of;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct allowed_key));
}

/* Each once, in order. */
static GArray *keys_of(const struct dp_listener *listener, u32 id)
{
	GArray *keys = g_array_new(FALSE, TRUE, sizeof(struct allowed_key));

	for (size_t i = 0; i < listener->n_allowed; i++) {
		const struct prefix *prefix = &listener->allowed[i];
		struct ip network = prefix_network(prefix);
		struct allowed_key key = { .listener = id, .addr = addr_from_ip(&network) };

		key.prefix_bits =
			ALLOWED_KEY_FIXED_BITS + prefix->len + (network.family == 4 ? 96u : 0u);
		g_array_append_val(keys, key);
	}
	g_array_sort(keys, compare_keys);
	for (guint i = keys->len; i-- > 1;)
		if (!compare_keys(&g_array_index(keys, struct allowed_key, i),
			    &g_array_index(keys, struct allowed_key, i - 1)))
			g_array_remove_index(keys, i);
	return keys;
}

bool allowed_put(struct dp *dp, const struct dp_listener *listener, u32 id, GError **error)
{
	GArray *keys = keys_of(listener, id);
	enum table_change change;
	u32 value = 1;
	bool ok = true;

	for (guint i = 0; ok && i < keys->len; i++)
		ok = table_put(dp, TABLE_LB_ALLOWED, &g_array_index(keys, struct allowed_key, i),
			&value, &change, error);
	g_hash_table_replace(allowed_of(dp), GUINT_TO_POINTER(id), keys);
	return ok;
}

bool allowed_is_there(struct dp *dp, const struct dp_listener *listener, u32 id)
{
	g_autoptr(GArray) keys = keys_of(listener, id);
	u32 value;

	for (guint i = 0; i < keys->len; i++)
		if (!table_get(dp, TABLE_LB_ALLOWED, &g_array_index(keys, struct allowed_key, i),
			    &value))
			return false;
	return list_of(allowed_of(dp), id)->len == keys->len;
}

bool allowed_remove(struct dp *dp, u32 id, GError **error)
{
	const GArray *keys = list_of(allowed_of(dp), id);

	for (guint i = 0; i < keys->len; i++)
		if (!table_delete(dp, TABLE_LB_ALLOWED, &g_array_index(keys, struct allowed_key, i),
			    error))
			return false;
	g_hash_table_remove(allowed_of(dp), GUINT_TO_POINTER(id));
	return true;
}

bool lb_allowed_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_LB_ALLOWED, key, error);
}
