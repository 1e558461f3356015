/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durable change-sets. A store keeps objects (kind, id, JSON text) and the revision of each, and
 * numbers what it commits. It knows nothing of what the objects mean.
 *
 * The owner submits change-sets with consecutive revisions from one thread and never waits: a
 * thread of the store takes all that is queued, writes it in one transaction, syncs once, and
 * reports on the owner's main context up to which revision everything is durable. When a write
 * fails, nothing behind it is written until the owner, having undone what it held in memory, calls
 * store_reset(): so what is durable is always a prefix of what was submitted.
 */
#pragma once

#include "base/autoptr.h"
#include "base/error.h"
#include "base/uuid.h"

struct store;

/* The bottom of a change-set: data NULL deletes. */
struct store_change {
	const char *kind; /* static */
	struct uuid id;
	char *data; /* JSON text, g_free */
};

/* Called in order. Strings are borrowed for the call. False stops the load with @error. */
typedef bool (*store_load_fn)(const char *kind, const struct uuid *id, u64 revision,
	const char *data, GError **error, void *user);

/*
 * Called on the main context on which the store was opened. Without @error: all up to @revision is
 * durable. With it: all up to @revision is, nothing behind is, and nothing more will be until
 * store_reset(). Called once per failure.
 */
typedef void (*store_report_fn)(u64 revision, const GError *error, void *user);

/*
 * @url: "sqlite:PATH" or "memory:". Creates what doesn't exist. Errors name the file and say what
 * to do: UNAVAILABLE (locked by another process, no permission), STORE_CORRUPT, STORE_VERSION
 * (written by a newer weftd). Nothing is ever re-created silently.
 */
struct store *store_open(const char *url, GError **error);

/* Writes what is queued, then closes. Pending reports are not made. */
void store_close(struct store *store);
DEFINE_AUTOPTR(store, store_close)

/* Identity of the data, made when the store was created. */
const struct uuid *store_uuid(const struct store *store);

/* Everything there is, in order of first creation. Before the first submit. */
bool store_load(struct store *store, store_load_fn load, void *user, GError **error);

/* Last submitted revision; after opening, the last durable one. */
u64 store_revision(const struct store *store);

void store_on_report(struct store *store, store_report_fn report, void *user);

/* Queues one change-set (the array and its texts are taken over). @revision is the one after the
 * last submitted. */
void store_submit(struct store *store, u64 revision, struct store_change *changes, unsigned n);

/* After a failure was reported: forgets all that is queued; the next submit has the revision after
 * the last durable one. */
void store_reset(struct store *store);

/* For /metrics. */
struct store_stats {
	u64 commits; /* durable change-sets */
	u64 syncs;   /* transactions that carried them */
	u64 failures;
	bool failing;	  /* the last one did, and none is possible yet */
	u64 sync_us_last; /* duration of the last one */
	u64 sync_us_total;
	unsigned queued;
};
struct store_stats store_stats(struct store *store);
