/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "datapath/firewall.h"

/* In the map and here; without users when a former process left it and nobody has asked for it yet.
 */
struct entry {
	struct name name;
	u32 number, users;
};

struct names {
	GHashTable *by_name;   /* struct entry */
	GHashTable *by_number; /* the same, borrowed */
	u32 last;
};

/* Numbers of policies, rules and limits are places in arrays. */
static const struct {
	u32 max;
	const char *what;
} kinds[N_NAME_KINDS] = {
	[NAME_POLICY] = { EDGE_POLICIES_MAX, "policies" },
	[NAME_DOMAIN] = { UINT32_MAX, "domains" },
	[NAME_IDENTITY] = { UINT32_MAX, "identities" },
	[NAME_RULE] = { EDGE_RULES_MAX, "rules" },
	[NAME_LIMITS] = { EDGE_LIMITED_MAX, "limits of floating IPs and gateways" },
};

guint name_hash(gconstpointer name)
{
	guint hash;

	memcpy(&hash, ((const struct name *)name)->b, sizeof(hash));
	return hash;
}

gboolean name_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct name));
}

static struct name_key key_of(enum name_kind kind, const struct name *name)
{
	struct name_key key = { .kind = kind };

	memcpy(key.name, name->b, sizeof(key.name));
	return key;
}

static struct entry *add_entry(struct names *names, const struct name *name, u32 number)
{
	struct entry *entry = g_new0(struct entry, 1);

	entry->name = *name;
	entry->number = number;
	g_hash_table_insert(names->by_name, &entry->name, entry);
	g_hash_table_insert(names->by_number, GUINT_TO_POINTER(number), entry);
	return entry;
}

static void learn_name(struct dp *dp, const void *key, const void *value, void *data)
{
	const struct name_key *name = key;

	(void)data;
	if (name->kind < N_NAME_KINDS)
		add_entry(&dp->names[name->kind], (const struct name *)name->name,
			*(const u32 *)value);
}

void names_open(struct dp *dp)
{
	dp->names = g_new0(struct names, N_NAME_KINDS);
	for (int kind = 0; kind < N_NAME_KINDS; kind++) {
		dp->names[kind].by_name =
			g_hash_table_new_full(name_hash, name_equal, NULL, g_free);
		dp->names[kind].by_number = g_hash_table_new(NULL, NULL);
	}
	table_foreach(dp, TABLE_NAMES, learn_name, NULL);
}

void names_close(struct dp *dp)
{
	for (int kind = 0; dp->names && kind < N_NAME_KINDS; kind++) {
		g_hash_table_unref(dp->names[kind].by_number);
		g_hash_table_unref(dp->names[kind].by_name);
	}
	g_clear_pointer(&dp->names, g_free);
}

/* The one behind the last given out: a number that has just become free rests. 0: none is free. */
static u32 free_number(struct names *names, u32 limit)
{
	for (u32 tries = 0; tries < limit; tries++) {
		names->last = names->last + 1 < limit ? names->last + 1 : 1;
		if (!g_hash_table_contains(names->by_number, GUINT_TO_POINTER(names->last)))
			return names->last;
	}
	return 0;
}

static struct entry *make_entry(
	struct dp *dp, enum name_kind kind, const struct name *name, GError **error)
{
	struct name_key key = key_of(kind, name);
	u32 number = free_number(&dp->names[kind], kinds[kind].max);
	enum table_change change;

	if (!number) {
		weft_fail(error, TOO_LARGE,
			"Can't add to the edge switch: a host holds at most %u %s.",
			kinds[kind].max - 1, kinds[kind].what);
		return NULL;
	}
	if (!table_put(dp, TABLE_NAMES, &key, &number, &change, error))
		return NULL;
	if (kind == NAME_RULE)
		rule_hits_zero(dp, number);
	if (kind == NAME_LIMITS)
		limit_counts_zero(dp, number);
	return add_entry(&dp->names[kind], name, number);
}

bool name_take(
	struct dp *dp, enum name_kind kind, const struct name *name, u32 *ret, GError **error)
{
	struct entry *entry = g_hash_table_lookup(dp->names[kind].by_name, name);

	if (!entry)
		entry = make_entry(dp, kind, name, error);
	if (!entry)
		return false;
	entry->users++;
	*ret = entry->number;
	return true;
}

static bool forget(struct dp *dp, enum name_kind kind, struct entry *entry, GError **error)
{
	struct name_key key = key_of(kind, &entry->name);

	if ((kind == NAME_LIMITS && !limits_clear(dp, entry->number, error)) ||
		!table_delete(dp, TABLE_NAMES, &key, error))
		return false;
	g_hash_table_remove(dp->names[kind].by_number, GUINT_TO_POINTER(entry->number));
	g_hash_table_remove(dp->names[kind].by_name, &entry->name);
	return true;
}

void name_release(struct dp *dp, enum name_kind kind, const struct name *name)
{
	struct entry *entry = g_hash_table_lookup(dp->names[kind].by_name, name);

	g_assert(entry && entry->users);
	if (!--entry->users)
		forget(dp, kind, entry, NULL);
}

/* At the end of a sweep: what nobody uses. */
bool name_drop(struct dp *dp, const void *key, GError **error)
{
	const struct name_key *name = key;
	struct entry *entry =
		name->kind < N_NAME_KINDS
			? g_hash_table_lookup(dp->names[name->kind].by_name, name->name)
			: NULL;

	if (entry)
		return entry->users || forget(dp, name->kind, entry, error);
	return table_delete(dp, TABLE_NAMES, key, error);
}

bool name_number(struct dp *dp, enum name_kind kind, const struct name *name, u32 *ret)
{
	const struct entry *entry = g_hash_table_lookup(dp->names[kind].by_name, name);

	if (!entry)
		return false;
	*ret = entry->number;
	return true;
}

bool name_of(struct dp *dp, enum name_kind kind, u32 number, struct name *ret)
{
	const struct entry *entry =
		g_hash_table_lookup(dp->names[kind].by_number, GUINT_TO_POINTER(number));

	if (!entry)
		return false;
	*ret = entry->name;
	return true;
}
