/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity/lockout.h"

#include <glib.h>

struct failures {
	unsigned n;
	u64 last_us;
};

struct lockout {
	unsigned attempts;
	u64 duration_us;
	GHashTable *failures; /* of users that there are: id as text → struct failures */
};

struct lockout *lockout_new(unsigned attempts, u64 duration_us)
{
	struct lockout *lockout = g_new0(struct lockout, 1);

	lockout->attempts = attempts;
	lockout->duration_us = duration_us;
	lockout->failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return lockout;
}

void lockout_free(struct lockout *lockout)
{
	g_hash_table_destroy(lockout->failures);
	g_free(lockout);
}

bool lockout_holds(struct lockout *lockout, const struct uuid *user, u64 now_us)
{
	char id[UUID_STRLEN];
	const struct failures *failures =
		g_hash_table_lookup(lockout->failures, uuid_format(user, id));

	if (!failures || failures->n < lockout->attempts)
		return false;
	if (now_us < failures->last_us + lockout->duration_us)
		return true;
	g_hash_table_remove(lockout->failures, id);
	return false;
}

void lockout_failed(struct lockout *lockout, const struct uuid *user, u64 now_us)
{
	char id[UUID_STRLEN];
	struct failures *failures;

	/* Further tries do not make it longer: else who guesses keeps a user out for good. */
	if (!lockout->attempts || lockout_holds(lockout, user, now_us))
		return;
	failures = g_hash_table_lookup(lockout->failures, uuid_format(user, id));
	if (!failures) {
		failures = g_new0(struct failures, 1);
		g_hash_table_insert(lockout->failures, g_strdup(id), failures);
	}
	failures->n++;
	failures->last_us = now_us;
}

void lockout_end(struct lockout *lockout, const struct uuid *user)
{
	char id[UUID_STRLEN];

	g_hash_table_remove(lockout->failures, uuid_format(user, id));
}
